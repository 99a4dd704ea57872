//! The result of a simulated day as a table with a column for each design.

use crate::report::figure::number;
use crate::report::table;
use crate::scale::day::{Day, Period};
use crate::scale::designs::{Cost, DESIGNS, Design};
use crate::scale::prices::{
    ACQUAINTANCES, ALONE_US, CONNECTION, EDGE_CLIENTS, GATHER_SECONDS, PERSON, RETURN_SECONDS, ROW,
    SHARED_US, WATCH, WINDOW_PERCENT, WINDOW_ROWS,
};
use crate::scale::town::Town;
use crate::scale::{Measure, names};

const MB: f64 = 1e6;

/// The figures of one design in the busiest hour.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Column {
    /// Deliveries of `NLN`, `FLN` and `STA` in a second.
    pub presence: f64,
    /// Deliveries of `JCH` in a second.
    pub joins: f64,
    /// Deliveries of lines in a second.
    pub talk: f64,
    /// Writes to sockets in a second, if nothing but [`Design::Gathered`] shares a write.
    pub writes: f64,
    /// Bytes to clients in a second.
    pub bytes: f64,
    /// Bytes of the lists at one log-in.
    pub list_bytes: f64,
    /// Rows in the memory of a client.
    pub known: f64,
    /// Bytes between core and edges in a second.
    pub link_bytes: f64,
    /// Messages between shards in a second.
    pub between: f64,
    /// Processors of the core; of the busiest shard.
    pub core: f64,
    /// Memory of the core; of one shard.
    pub core_memory: f64,
    /// Memory of an edge.
    pub edge_memory: f64,
}

impl Column {
    /// All deliveries in a second.
    #[must_use]
    pub fn deliveries(&self) -> f64 {
        self.presence + self.joins + self.talk
    }

    /// The least processors of all edges: each write has many deliveries.
    #[must_use]
    pub fn edges_at_least(&self) -> f64 {
        self.deliveries() * SHARED_US / 1e6
    }

    /// The most processors of all edges: each counted write has a price of its own.
    #[must_use]
    pub fn edges_at_most(&self) -> f64 {
        let shared = (self.deliveries() - self.writes).max(0.0);
        (self.writes * ALONE_US + shared * SHARED_US) / 1e6
    }
}

/// The result for one number of people.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// People online in the busiest hour, as wanted.
    pub people: usize,
    /// The same, as simulated.
    pub online: f64,
    /// Channels of the site.
    pub channels: usize,
    /// Number of edges.
    pub edges: usize,
    /// Number of shards.
    pub shards: usize,
    /// Log-ins, log-offs, changes of status, lines in channels, private lines and opened channels in a second
    /// of the busiest hour.
    pub events: [f64; 6],
    /// Log-ins of the whole day.
    pub log_ins_of_day: u64,
    /// Listeners of a line in a channel.
    pub audience: f64,
    /// The figures, by design.
    pub columns: [Column; DESIGNS],
}

impl Outcome {
    /// Draws the figures from a simulated day.
    #[must_use]
    pub fn new(town: &Town, day: &Day, how: &Measure) -> Self {
        let busiest = &day.busiest;
        let seconds = busiest.seconds.max(1.0);
        let events = busiest.events.map(|count| count as f64 / seconds);
        let mut columns = [Column::default(); DESIGNS];
        for (place, column) in columns.iter_mut().enumerate() {
            *column = figures(Design::ALL[place], place, busiest, how);
        }
        let lines = busiest.events[3].max(1) as f64;
        let private = busiest.events[4] as f64;
        // A private line has one listener where the other side is online, which is nearly always.
        let audience = ((busiest.costs[0].talk as f64 - private) / lines).max(0.0);
        Self {
            people: town.people,
            online: busiest.online(),
            channels: town.channels(),
            edges: town.people.div_ceil(EDGE_CLIENTS),
            shards: how.shards,
            events,
            log_ins_of_day: day.whole.events[0],
            audience,
            columns,
        }
    }

    /// The result as text: the events, and a table.
    #[must_use]
    pub fn table(&self) -> String {
        type Value = fn(&Outcome, usize, &Column) -> String;
        let rows: [(&str, Value); 17] = [
            ("presence, deliveries/s", |_, _, one| round(one.presence)),
            ("joins of channels, deliveries/s", |_, _, one| round(one.joins)),
            ("talk, deliveries/s", |_, _, one| round(one.talk)),
            ("all deliveries/s", |_, _, one| round(one.deliveries())),
            ("writes/s, at most", |_, _, one| round(one.writes)),
            ("to all clients, MB/s", |_, _, one| round(one.bytes / MB)),
            ("to one client, bytes/s", |all, _, one| {
                round(one.bytes / all.online)
            }),
            ("lists at a log-in, KB", |_, _, one| round(one.list_bytes / 1e3)),
            ("people in a client's memory", |_, _, one| round(one.known)),
            ("all log in again within 10 min, MB/s", |all, _, one| {
                round(all.online * one.list_bytes / RETURN_SECONDS / MB)
            }),
            ("core to edges, MB/s", |_, _, one| round(one.link_bytes / MB)),
            ("core (busiest shard), % of a thread", |_, _, one| {
                round(100.0 * one.core)
            }),
            ("edges, processors at least", |_, _, one| {
                round(one.edges_at_least())
            }),
            ("edges, processors at most", |_, _, one| {
                round(one.edges_at_most())
            }),
            ("memory of the core (of a shard), MB", |_, _, one| {
                round(one.core_memory / MB)
            }),
            ("memory of an edge, MB", |_, _, one| round(one.edge_memory / MB)),
            ("messages between shards/s", |_, _, one| round(one.between)),
        ];
        let mut head = vec![format!("{} online", number(self.people as f64, 0))];
        head.extend(names().map(str::to_owned));
        let mut lines = vec![head];
        lines.extend(rows.iter().map(|(title, value)| {
            let cells = self.columns.iter().enumerate();
            let cells = cells.map(|(place, column)| value(self, place, column));
            std::iter::once((*title).to_owned()).chain(cells).collect()
        }));
        let [log_ins, log_offs, statuses, in_channels, private, opened] = self.events;
        format!(
            "{} people online in the busiest hour, {} channels, {} edges, {} shards. In a second: {} log-ins, \
             {} log-offs, {} changes of status, {} lines in channels (each to {} people), {} private lines, {} \
             opened channels. In the day: {} log-ins.\n\n{}",
            number(self.online, 0),
            number(self.channels as f64, 0),
            self.edges,
            self.shards,
            round(log_ins),
            round(log_offs),
            round(statuses),
            round(in_channels),
            round(self.audience),
            round(private),
            round(opened),
            number(self.log_ins_of_day as f64, 0),
            table::markdown(&lines)
        )
    }
}

fn figures(design: Design, place: usize, busiest: &Period, how: &Measure) -> Column {
    let seconds = busiest.seconds.max(1.0);
    let online = busiest.online();
    let cost: &Cost = &busiest.costs[place];
    let a_second = |sum: u64| sum as f64 / seconds;
    let news = a_second(cost.presence + cost.joins);
    let log_ins = busiest.log_ins_charged.max(1) as f64;
    let known = busiest.known[place] as f64 / busiest.known_by.max(1) as f64;
    let shards = if design == Design::Split {
        how.shards as f64
    } else {
        1.0
    };
    let core_ns = if design == Design::Split {
        busiest.shard_ns.iter().copied().max().unwrap_or(0)
    } else {
        cost.core_ns
    };
    // The core keeps the encoded list of all people, or an index of the watchers of each.
    let person = PERSON as f64
        + match design {
            Design::Full | Design::Gathered => ROW as f64,
            Design::Partial => (WATCH * ACQUAINTANCES as u64) as f64,
            Design::OnDemand | Design::Split => {
                (WATCH * (ACQUAINTANCES as u64 + WINDOW_ROWS * WINDOW_PERCENT / 100)) as f64
            }
        };
    let list_of_edge = if design == Design::Gathered {
        online * ROW as f64
    } else {
        0.0
    };
    Column {
        presence: a_second(cost.presence),
        joins: a_second(cost.joins),
        talk: a_second(cost.talk),
        writes: a_second(cost.talk)
            + if design == Design::Full {
                news
            } else {
                gathered(news / online.max(1.0)) * online
            },
        bytes: a_second(cost.bytes),
        list_bytes: busiest.log_ins[place].list_bytes as f64 / log_ins,
        known,
        link_bytes: a_second(cost.link_bytes),
        between: a_second(cost.between),
        core: a_second(core_ns) / 1e9,
        core_memory: online * person / shards,
        edge_memory: online.min(EDGE_CLIENTS as f64) * CONNECTION as f64 + list_of_edge,
    }
}

/// Writes to one connection in a second, if its frames come at random at this rate and are gathered.
#[must_use]
pub fn gathered(rate: f64) -> f64 {
    // The first frame opens a window; the next frame after its end opens another one.
    rate / (1.0 + rate * GATHER_SECONDS)
}

/// A number with two or three digits that mean something.
fn round(value: f64) -> String {
    let decimals = match value.abs() {
        small if small < 0.000_5 => 0,
        small if small < 0.1 => 3,
        small if small < 1.0 => 2,
        small if small < 10.0 => 1,
        _ => 0,
    };
    let step = 10_f64.powf((value.abs().max(1.0).log10().floor() - 2.0).max(0.0));
    if step > 1.0 {
        number((value / step).round() * step, 0)
    } else {
        number(value, decimals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_has_at_most_ten_gathered_writes_in_a_second() {
        assert!(gathered(0.01) <= 0.01);
        assert!((gathered(0.01) - 0.01).abs() < 0.000_1);
        assert!(gathered(1e9) <= 1.0 / GATHER_SECONDS);
        assert!(gathered(1e9) > 0.99 / GATHER_SECONDS);
    }

    #[test]
    fn numbers_have_three_digits() {
        assert_eq!(round(0.0), "0");
        assert_eq!(round(0.0251), "0.025");
        assert_eq!(round(0.123), "0.12");
        assert_eq!(round(4.56), "4.6");
        assert_eq!(round(123.4), "123");
        assert_eq!(round(83_456.0), "83,500");
        assert_eq!(round(834_567_000.0), "835,000,000");
    }
}
