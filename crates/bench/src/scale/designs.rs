//! The cost of one event under each design, as pure functions.
//!
//! Each design has everything of the one before it.

use crate::scale::prices::{
    BETWEEN_NS, COMMAND_NS, FLN, ICH_ROW, JCH, LINK_HEADER, LINK_NAME, MSG, NLN, PRI, RECIPIENT_NS, ROW,
    ROW_NS, STA, WINDOW_PERCENT, WINDOW_ROWS,
};

/// Number of designs.
pub const DESIGNS: usize = 5;

/// A design of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Design {
    /// Every change of presence goes to all people at once, as today.
    Full,
    /// Edges gather presence for 100 ms, and have the list of all people themselves.
    Gathered,
    /// A change goes to the members of the person's channels, to friends, and to open private tabs.
    Partial,
    /// Members of large channels are sent only to clients that have them on the screen.
    OnDemand,
    /// The core is split into shards.
    Split,
}

impl Design {
    /// All designs.
    pub const ALL: [Self; DESIGNS] = [
        Self::Full,
        Self::Gathered,
        Self::Partial,
        Self::OnDemand,
        Self::Split,
    ];

    /// The title of its column.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full, as today",
            Self::Gathered => "gathered",
            Self::Partial => "partial",
            Self::OnDemand => "on demand",
            Self::Split => "split",
        }
    }

    /// Whether all people hear of a change of presence.
    #[must_use]
    pub fn is_full(self) -> bool {
        matches!(self, Self::Full | Self::Gathered)
    }
}

/// The kind of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A log-in, and the joins of all channels of the person.
    LogIn,
    /// A log-off.
    LogOff,
    /// A change of status.
    Status,
    /// A line in a channel.
    Line,
    /// A private line.
    Private,
    /// A client brings another channel to the screen.
    Open,
}

impl Event {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::LogIn,
        Self::LogOff,
        Self::Status,
        Self::Line,
        Self::Private,
        Self::Open,
    ];
}

/// Numbers of people that one event concerns. None of them includes the person of the event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reach {
    /// All others online.
    pub others: u64,
    /// Channels of the person.
    pub channels: u64,
    /// Large channels of the person.
    pub large: u64,
    /// Members of the person's channels, counted in each channel.
    pub members: u64,
    /// The same without large channels.
    pub small_members: u64,
    /// Acquaintances online.
    pub acquaintances: u64,
    /// Members of any of the person's channels and acquaintances; each is counted once.
    pub watchers: u64,
    /// The same without large channels.
    pub small_watchers: u64,
    /// Members of large channels that have the person on their screen.
    pub windows: u64,
    /// Members of the channel of a line; 1 when the other side of a private line is online.
    pub audience: u64,
    /// Shards other than the person's own that the event concerns.
    pub shards: u64,
}

/// The cost of events under one design.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Commands that the core handles.
    pub commands: u64,
    /// Time of the core.
    pub core_ns: u64,
    /// Deliveries of `NLN`, `FLN` and `STA`.
    pub presence: u64,
    /// Deliveries of `JCH`.
    pub joins: u64,
    /// Deliveries of lines.
    pub talk: u64,
    /// Bytes of the lists of people that a client gets at its log-in, or on demand.
    pub list_bytes: u64,
    /// All bytes to clients.
    pub bytes: u64,
    /// Bytes between core and edges.
    pub link_bytes: u64,
    /// Messages between shards.
    pub between: u64,
}

impl Cost {
    /// Adds a cost that stands for several events.
    pub fn add(&mut self, other: &Self, weight: u64) {
        self.commands += weight * other.commands;
        self.core_ns += weight * other.core_ns;
        self.presence += weight * other.presence;
        self.joins += weight * other.joins;
        self.talk += weight * other.talk;
        self.list_bytes += weight * other.list_bytes;
        self.bytes += weight * other.bytes;
        self.link_bytes += weight * other.link_bytes;
        self.between += weight * other.between;
    }
}

/// The cost of an event under a design, with that number of edges.
#[must_use]
pub fn cost(design: Design, event: Event, reach: &Reach, edges: u64) -> Cost {
    let mut cost = match event {
        Event::LogIn => log_in(design, reach, edges),
        Event::LogOff => presence(design, FLN, heard_by(design, reach), edges),
        Event::Status => presence(design, STA, heard_by(design, reach) + 1, edges),
        Event::Line => talk(MSG, reach.audience, edges),
        Event::Private => talk(PRI, reach.audience, edges),
        Event::Open => open(design, reach),
    };
    if design == Design::Split {
        cost.between = reach.shards;
        // The sender and the receiver both have work.
        cost.core_ns += 2 * BETWEEN_NS * reach.shards;
    }
    cost
}

/// The number of others that hear of a change of status or of a log-off.
#[must_use]
pub fn heard_by(design: Design, reach: &Reach) -> u64 {
    match design {
        Design::Full | Design::Gathered => reach.others,
        Design::Partial => reach.watchers,
        Design::OnDemand | Design::Split => reach.small_watchers + reach.windows,
    }
}

/// Rows of the list of people that a client has in its memory.
#[must_use]
pub fn known_rows(design: Design, reach: &Reach) -> u64 {
    1 + match design {
        Design::Full | Design::Gathered => reach.others,
        Design::Partial => reach.watchers,
        Design::OnDemand | Design::Split => reach.small_watchers + window_rows(reach),
    }
}

/// The number of edges that have at least one of that many recipients, on average.
#[must_use]
pub fn edges_of(recipients: u64, edges: u64) -> u64 {
    if edges <= 1 {
        return edges.min(recipients);
    }
    let all = edges as f64;
    let recipients_of_all = i32::try_from(recipients).unwrap_or(i32::MAX);
    let without = (1.0 - 1.0 / all).powi(recipients_of_all);
    ((all * (1.0 - without)).round() as u64).min(recipients)
}

/// One frame about a person to `heard` clients.
fn presence(design: Design, frame: u64, heard: u64, edges: u64) -> Cost {
    let (concerned, named) = if design.is_full() {
        (edges, 0)
    } else {
        (edges_of(heard, edges), heard)
    };
    Cost {
        commands: 1,
        core_ns: COMMAND_NS + RECIPIENT_NS * named,
        presence: heard,
        bytes: frame * heard,
        link_bytes: concerned * (frame + LINK_HEADER) + LINK_NAME * named,
        ..Cost::default()
    }
}

fn talk(frame: u64, heard: u64, edges: u64) -> Cost {
    Cost {
        commands: 1,
        core_ns: COMMAND_NS,
        talk: heard,
        bytes: frame * heard,
        link_bytes: edges_of(heard, edges) * (frame + LINK_HEADER + LINK_NAME),
        ..Cost::default()
    }
}

fn log_in(design: Design, reach: &Reach, edges: u64) -> Cost {
    let own = reach.channels;
    // The rows of the list of people, the rows and bytes of the lists of members, and the JCH of others.
    let (people, members, row, joins, join) = match design {
        Design::Full | Design::Gathered => (reach.others + 1, reach.members, ICH_ROW, reach.members, JCH),
        // The frames have to introduce people that the client does not know.
        Design::Partial => (
            reach.acquaintances + 1,
            reach.members,
            ROW,
            reach.members,
            JCH + ROW,
        ),
        Design::OnDemand | Design::Split => (
            reach.acquaintances + 1,
            reach.small_members + window_rows(reach),
            ROW,
            reach.small_members + reach.windows,
            JCH + ROW,
        ),
    };
    let news = if design.is_full() {
        reach.others + 1
    } else {
        reach.acquaintances + 1
    };
    let mut cost = presence(design, NLN, news, edges);
    let list_bytes = people * ROW + (members + own) * row;
    cost.joins = joins + own;
    cost.list_bytes = list_bytes;
    cost.bytes += list_bytes + (joins + own) * join;
    // Clients with partial presence name their private tabs with one more command.
    cost.commands += own + u64::from(!design.is_full());
    // With gathered presence the edge has the list of all people and needs only its name.
    let copied_people = if design == Design::Gathered { 0 } else { people };
    cost.core_ns = COMMAND_NS * cost.commands + ROW_NS * (copied_people + members + own);
    let mut per_channel = 1;
    if let Some(mean) = joins.checked_div(own) {
        per_channel += mean;
    }
    cost.link_bytes += copied_people * ROW
        + (members + own) * row
        + own * edges_of(per_channel, edges) * (join + LINK_HEADER + LINK_NAME);
    if !design.is_full() {
        cost.core_ns += RECIPIENT_NS * (news + reach.windows);
    }
    cost
}

/// A page of the list of members, for a large channel.
fn open(design: Design, reach: &Reach) -> Cost {
    let on_demand = matches!(design, Design::OnDemand | Design::Split);
    // The channel on the screen is any of the person's channels, so the mean of several events counts: the
    // rows of all large channels are divided by all channels.
    let Some(rows) = (reach.large * WINDOW_ROWS).checked_div(reach.channels) else {
        return Cost::default();
    };
    if !on_demand {
        return Cost::default();
    }
    Cost {
        commands: 1,
        core_ns: COMMAND_NS + ROW_NS * rows,
        list_bytes: rows * ROW,
        bytes: rows * ROW,
        link_bytes: rows * ROW + LINK_HEADER,
        ..Cost::default()
    }
}

fn window_rows(reach: &Reach) -> u64 {
    reach.large * WINDOW_ROWS * WINDOW_PERCENT / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach() -> Reach {
        Reach {
            others: 9_999,
            channels: 3,
            large: 1,
            members: 1_050,
            small_members: 50,
            acquaintances: 9,
            watchers: 1_020,
            small_watchers: 55,
            windows: 12,
            audience: 40,
            shards: 2,
        }
    }

    #[test]
    fn full_presence_is_the_closed_formula() {
        // N people, each with a log-in, a log-off and a status while all others are there: N hear of the
        // first and the last, N - 1 of the log-off.
        for people in [1_u64, 10, 10_000] {
            let reach = Reach {
                others: people - 1,
                ..Reach::default()
            };
            let mut sum = Cost::default();
            for event in [Event::LogIn, Event::LogOff, Event::Status] {
                sum.add(&cost(Design::Full, event, &reach, 4), people);
            }
            assert_eq!(sum.presence, people * (3 * people - 1));
            assert_eq!(
                sum.bytes - sum.list_bytes,
                people * (people * (NLN + STA) + (people - 1) * FLN)
            );
        }
    }

    #[test]
    fn each_design_costs_at_most_what_the_one_before_it_costs() {
        let reach = reach();
        for event in Event::ALL {
            let costs = Design::ALL.map(|design| cost(design, event, &reach, 3));
            for pair in costs.windows(2) {
                assert!(pair[1].presence <= pair[0].presence, "{event:?} {pair:?}");
                assert!(pair[1].joins <= pair[0].joins, "{event:?} {pair:?}");
                assert_eq!(pair[1].talk, pair[0].talk, "{event:?}");
            }
        }
    }

    #[test]
    fn a_log_in_sends_lists_by_design() {
        let reach = reach();
        let list = |design| cost(design, Event::LogIn, &reach, 1).list_bytes;
        assert_eq!(list(Design::Full), 10_000 * ROW + 1_053 * ICH_ROW);
        assert_eq!(list(Design::Gathered), list(Design::Full));
        assert_eq!(list(Design::Partial), (10 + 1_053) * ROW);
        assert_eq!(list(Design::OnDemand), (10 + 50 + 12 + 3) * ROW);
        let link = |design| cost(design, Event::LogIn, &reach, 1).link_bytes;
        assert_eq!(link(Design::Full) - link(Design::Gathered), 10_000 * ROW);
    }

    #[test]
    fn only_shards_send_messages_to_each_other() {
        for event in Event::ALL {
            assert_eq!(cost(Design::OnDemand, event, &reach(), 3).between, 0);
            assert_eq!(cost(Design::Split, event, &reach(), 3).between, 2);
        }
    }

    #[test]
    fn recipients_are_on_some_of_the_edges() {
        assert_eq!(edges_of(0, 20), 0);
        assert_eq!(edges_of(1, 20), 1);
        assert_eq!(edges_of(5, 1), 1);
        assert_eq!(edges_of(20, 20), 13);
        assert_eq!(edges_of(10_000, 20), 20);
    }
}
