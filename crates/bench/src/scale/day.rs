//! A day of a site, as a simulation of events.
//!
//! All events are one stream with random pauses: the rates of all kinds add up to the rate of the stream, and
//! the share of a kind in it is its chance to be the next. So there is no queue of events. Log-ins and
//! log-offs change the people online and all happen. Of the other kinds the stream has a sample.

use crate::load::dice::Dice;
use crate::scale::Measure;
use crate::scale::designs::{Cost, DESIGNS, Design, Event, Reach, cost, known_rows};
use crate::scale::prices::{
    BUSIEST_SECONDS, COMMAND_NS, EDGE_CLIENTS, LARGE, LINE_SECONDS, MIDDLE, OPEN_SECONDS, PRIVATE_PERCENT,
    SESSION_SECONDS, STATUS_SECONDS, SWING, WINDOW_PERCENT, WINDOW_ROWS,
};
use crate::scale::town::Town;

const DAY_SECONDS: f64 = 86_400.0;
/// Half of the busiest hour, on both sides of the busiest time.
const HALF_HOUR: f64 = 1_800.0;

/// Sums over a period.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Period {
    /// Its length.
    pub seconds: f64,
    /// The sum of the time of all people online.
    pub online_seconds: f64,
    /// Events, in the order of [`Event::ALL`].
    pub events: [u64; 6],
    /// The costs of all events, by design.
    pub costs: [Cost; DESIGNS],
    /// The costs of log-ins alone, by design.
    pub log_ins: [Cost; DESIGNS],
    /// Log-ins that these costs stand for; the sample makes it a little different from the number of log-ins.
    pub log_ins_charged: u64,
    /// Rows that the clients of evaluated changes of status know, by design.
    pub known: [u64; DESIGNS],
    /// Evaluated changes of status.
    pub known_by: u64,
    /// Time of each shard of the split core.
    pub shard_ns: Vec<u64>,
}

impl Period {
    /// People online on average.
    #[must_use]
    pub fn online(&self) -> f64 {
        self.online_seconds / self.seconds.max(1.0)
    }
}

/// The result of a simulated day.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Day {
    /// The hour around the busiest time.
    pub busiest: Period,
    /// The whole day.
    pub whole: Period,
}

impl Day {
    /// Simulates a day.
    #[must_use]
    pub fn pass(town: &Town, how: &Measure) -> Self {
        let mut walk = Walk::new(town, how);
        let mut time = 0.0;
        while time < DAY_SECONDS {
            time = walk.step(time);
        }
        walk.day
    }
}

/// The people online at a time of the day, as a share of the busiest time.
fn share(time: f64) -> f64 {
    MIDDLE + SWING * phase(time).cos()
}

fn phase(time: f64) -> f64 {
    (time - BUSIEST_SECONDS) * std::f64::consts::TAU / DAY_SECONDS
}

/// Log-ins in a second that keep the people online on the curve.
fn log_in_rate(people: f64, time: f64) -> f64 {
    let slope = -SWING * phase(time).sin() * std::f64::consts::TAU / DAY_SECONDS;
    people * (share(time) / SESSION_SECONDS + slope).max(0.0)
}

struct Walk<'a> {
    town: &'a Town,
    dice: Dice,
    edges: u64,
    shards: u64,
    online: Vec<bool>,
    count: usize,
    /// Members online of each channel.
    members: Vec<u32>,
    /// The last event that met a person.
    met: Vec<u32>,
    meeting: u32,
    /// One of this many log-ins, changes of status, lines and opened channels is evaluated.
    one_of: [u64; 4],
    day: Day,
}

impl<'a> Walk<'a> {
    fn new(town: &'a Town, how: &Measure) -> Self {
        let seconds = town.people as f64 * MIDDLE * DAY_SECONDS;
        let samples = how.samples as f64;
        let one_of = [
            (SESSION_SECONDS, samples),
            (STATUS_SECONDS, samples),
            (LINE_SECONDS, 10.0 * samples),
            (OPEN_SECONDS, 10.0 * samples),
        ]
        .map(|(period, samples)| ((seconds / period / samples).ceil() as u64).max(1));
        let period = Period {
            shard_ns: vec![0; how.shards],
            ..Period::default()
        };
        let mut walk = Self {
            town,
            dice: Dice::new(how.seed),
            edges: town.people.div_ceil(EDGE_CLIENTS) as u64,
            shards: how.shards as u64,
            online: vec![false; town.accounts()],
            count: 0,
            members: vec![0; town.channels()],
            met: vec![0; town.accounts()],
            meeting: 0,
            one_of,
            day: Day {
                busiest: period.clone(),
                whole: period,
            },
        };
        while (walk.count as f64) < town.people as f64 * share(0.0) {
            let person = walk.anyone(false);
            walk.turn(person, true);
        }
        walk
    }

    /// Lets one event happen, and returns the time after it.
    fn step(&mut self, time: f64) -> f64 {
        let count = self.count as f64;
        let [_, status, line, open] = self.one_of.map(|one_of| one_of as f64);
        let rates = [
            log_in_rate(self.town.people as f64, time),
            count / SESSION_SECONDS,
            count / STATUS_SECONDS / status,
            count / LINE_SECONDS / line,
            count / OPEN_SECONDS / open,
        ];
        let sum: f64 = rates.iter().sum();
        let pause = -self.chance().ln() / sum;
        let next = time + pause;
        self.let_pass(time, next.min(DAY_SECONDS));
        if next >= DAY_SECONDS {
            return next;
        }
        let busiest = (next - BUSIEST_SECONDS).abs() < HALF_HOUR;
        let mut ticket = self.chance() * sum;
        let mut kind = 0;
        while kind + 1 < rates.len() && ticket > rates[kind] {
            ticket -= rates[kind];
            kind += 1;
        }
        match kind {
            // When all accounts are online, none is left to log in.
            0 if self.count < self.town.accounts() => self.log_in(busiest),
            1 if self.count > 0 => self.log_off(busiest),
            2 if self.count > 0 => {
                let person = self.anyone(true);
                let reach = self.reach(person);
                self.known(&reach, busiest);
                self.happened(Event::Status, person, &reach, self.one_of[1], busiest);
            }
            3 if self.count > 0 => self.line(busiest),
            4 if self.count > 0 => {
                let person = self.anyone(true);
                let mut reach = self.channels_of(person);
                reach.others = self.count as u64 - 1;
                self.happened(Event::Open, person, &reach, self.one_of[3], busiest);
            }
            _ => {}
        }
        next
    }

    fn log_in(&mut self, busiest: bool) {
        let person = self.anyone(false);
        self.turn(person, true);
        self.count_event(Event::LogIn, 1, busiest);
        if self.dice.below(self.one_of[0] as usize) == 0 {
            let reach = self.reach(person);
            self.evaluate(Event::LogIn, person, &reach, self.one_of[0], busiest);
        }
    }

    fn log_off(&mut self, busiest: bool) {
        let person = self.anyone(true);
        self.count_event(Event::LogOff, 1, busiest);
        if self.dice.below(self.one_of[0] as usize) == 0 {
            let reach = self.reach(person);
            self.evaluate(Event::LogOff, person, &reach, self.one_of[0], busiest);
        }
        self.turn(person, false);
    }

    fn line(&mut self, busiest: bool) {
        let weight = self.one_of[2];
        let person = self.anyone(true);
        if self.dice.below(100) < PRIVATE_PERCENT {
            let mut others = self.town.acquaintances(person);
            let other = others.find(|&other| self.online[other as usize]);
            let apart = other.is_some_and(|other| self.shard(other) != self.shard(person));
            let reach = Reach {
                audience: u64::from(other.is_some()),
                shards: u64::from(apart),
                ..Reach::default()
            };
            self.happened(Event::Private, person, &reach, weight, busiest);
            return;
        }
        let Some(channel) = self.place_to_talk(person) else {
            return;
        };
        let reach = Reach {
            audience: u64::from(self.members[channel as usize]).saturating_sub(1),
            ..Reach::default()
        };
        self.count_event(Event::Line, weight, busiest);
        self.charge(Event::Line, &reach, weight, busiest);
        let shard = self.shard_of_channel(channel);
        self.work(shard, COMMAND_NS * weight, busiest);
    }

    /// A channel of the person. The chance of a channel falls with its size, since a person can read only so
    /// many lines: all channels get about the same number of lines from each of their members together.
    fn place_to_talk(&mut self, person: u32) -> Option<u32> {
        let town = self.town;
        let weight = |members: &[u32], channel: u32| 1.0 / f64::from(members[channel as usize].max(1));
        let channels = town.of_person(person);
        let sum: f64 = channels.iter().map(|&one| weight(&self.members, one)).sum();
        let mut ticket = self.chance() * sum;
        for &channel in channels {
            ticket -= weight(&self.members, channel);
            if ticket <= 0.0 {
                return Some(channel);
            }
        }
        channels.last().copied()
    }

    /// An account that is online, or one that is not.
    fn anyone(&mut self, online: bool) -> u32 {
        loop {
            let person = self.dice.below(self.online.len());
            if self.online[person] == online {
                return person as u32;
            }
        }
    }

    fn turn(&mut self, person: u32, online: bool) {
        self.online[person as usize] = online;
        if online {
            self.count += 1;
        } else {
            self.count -= 1;
        }
        for &channel in self.town.of_person(person) {
            let members = &mut self.members[channel as usize];
            *members = if online { *members + 1 } else { *members - 1 };
        }
    }

    /// The part of a reach that needs no look at the members.
    fn channels_of(&self, person: u32) -> Reach {
        let mut reach = Reach::default();
        for &channel in self.town.of_person(person) {
            let members = u64::from(self.members[channel as usize]).saturating_sub(1);
            reach.channels += 1;
            reach.members += members;
            if members >= LARGE {
                reach.large += 1;
            } else {
                reach.small_members += members;
            }
        }
        reach
    }

    /// The reach of an event of a person that is online.
    fn reach(&mut self, person: u32) -> Reach {
        let town = self.town;
        let mut reach = self.channels_of(person);
        reach.others = self.count as u64 - 1;
        self.meeting += 1;
        self.met[person as usize] = self.meeting;
        let own = self.shard(person);
        let mut shards = 1_u64 << own;
        for other in town.acquaintances(person) {
            if self.meet(other) {
                reach.acquaintances += 1;
                shards |= 1 << self.shard(other);
            }
        }
        let channels = town.of_person(person);
        let is_small =
            |members: &[u32], channel: u32| u64::from(members[channel as usize]).saturating_sub(1) < LARGE;
        reach.small_watchers = reach.acquaintances;
        for &channel in channels {
            shards |= 1 << self.shard_of_channel(channel);
            if is_small(&self.members, channel) {
                let members = town.of_channel(channel).iter();
                reach.small_watchers += members.filter(|&&other| self.meet(other)).count() as u64;
            }
        }
        reach.watchers = reach.small_watchers;
        for &channel in channels {
            if !is_small(&self.members, channel) {
                let members = town.of_channel(channel).iter();
                reach.watchers += members.filter(|&&other| self.meet(other)).count() as u64;
            }
        }
        // A member with a window shows WINDOW_ROWS of all members, so a person is in that many windows.
        let windows = reach.large * WINDOW_ROWS * WINDOW_PERCENT / 100;
        reach.windows = windows.min(reach.watchers - reach.small_watchers);
        reach.shards = u64::from((shards & !(1 << own)).count_ones());
        reach
    }

    /// Whether a person is online and is met for the first time in this event.
    fn meet(&mut self, person: u32) -> bool {
        let met = &mut self.met[person as usize];
        let first = *met != self.meeting && self.online[person as usize];
        *met = self.meeting;
        first
    }

    /// The shard of a person's home.
    fn shard(&self, person: u32) -> u32 {
        Dice::new(u64::from(person) ^ 0x686f_6d65).below(self.shards as usize) as u32
    }

    fn shard_of_channel(&self, channel: u32) -> u32 {
        Dice::new(u64::from(channel) ^ 0x0072_6f6f_6d00).below(self.shards as usize) as u32
    }

    /// A number above 0, up to 1.
    fn chance(&mut self) -> f64 {
        const STEPS: usize = 1 << 53;
        (self.dice.below(STEPS) + 1) as f64 / STEPS as f64
    }

    fn let_pass(&mut self, from: f64, until: f64) {
        let online = self.count as f64;
        let busiest_from = from.max(BUSIEST_SECONDS - HALF_HOUR);
        let busiest = until.min(BUSIEST_SECONDS + HALF_HOUR) - busiest_from;
        for (period, seconds) in [
            (&mut self.day.whole, until - from),
            (&mut self.day.busiest, busiest.max(0.0)),
        ] {
            period.seconds += seconds;
            period.online_seconds += seconds * online;
        }
    }

    fn happened(&mut self, event: Event, person: u32, reach: &Reach, weight: u64, busiest: bool) {
        self.count_event(event, weight, busiest);
        self.evaluate(event, person, reach, weight, busiest);
    }

    /// Charges an event to all designs, and to the shards of the split core.
    fn evaluate(&mut self, event: Event, person: u32, reach: &Reach, weight: u64, busiest: bool) {
        self.charge(event, reach, weight, busiest);
        let mut home = cost(Design::Split, event, reach, self.edges).core_ns;
        if event == Event::LogIn {
            // Each channel's shard handles the join.
            for &channel in self.town.of_person(person) {
                home -= COMMAND_NS;
                let shard = self.shard_of_channel(channel);
                self.work(shard, COMMAND_NS * weight, busiest);
            }
        }
        let shard = self.shard(person);
        self.work(shard, home * weight, busiest);
    }

    fn charge(&mut self, event: Event, reach: &Reach, weight: u64, busiest: bool) {
        if event == Event::LogIn {
            self.each_period(busiest, |period| period.log_ins_charged += weight);
        }
        for (place, design) in Design::ALL.into_iter().enumerate() {
            let cost = cost(design, event, reach, self.edges);
            self.each_period(busiest, |period| {
                period.costs[place].add(&cost, weight);
                if event == Event::LogIn {
                    period.log_ins[place].add(&cost, weight);
                }
            });
        }
    }

    fn known(&mut self, reach: &Reach, busiest: bool) {
        let rows = Design::ALL.map(|design| known_rows(design, reach));
        self.each_period(busiest, |period| {
            period.known_by += 1;
            for (sum, rows) in period.known.iter_mut().zip(rows) {
                *sum += rows;
            }
        });
    }

    fn count_event(&mut self, event: Event, weight: u64, busiest: bool) {
        self.each_period(busiest, |period| period.events[event as usize] += weight);
    }

    fn work(&mut self, shard: u32, nanoseconds: u64, busiest: bool) {
        self.each_period(busiest, |period| period.shard_ns[shard as usize] += nanoseconds);
    }

    fn each_period(&mut self, busiest: bool, mut change: impl FnMut(&mut Period)) {
        change(&mut self.day.whole);
        if busiest {
            change(&mut self.day.busiest);
        }
    }
}

#[cfg(test)]
mod tests;
