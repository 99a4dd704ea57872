//! All clients of a crowd, on one thread and one `epoll`: events, timers, the chat, and counters. The steps
//! of one client from its ticket into the channels are in [`way`].

mod way;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};

use crate::Error;
use crate::crowd::home;
use crate::crowd::person::{Person, Stage};
use crate::crowd::report::Outcome;
use crate::crowd::talk::Talk;
use crate::load::frame;
use crate::server::Site;
use crate::siege::tally::Tally;

const READ_AT_ONCE: usize = 1 << 18;
/// Maximum number of clients that connect at the same time before the event.
const ARRIVALS_AT_ONCE: usize = 64;

/// The behaviour of the crowd.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// Channels of each client.
    pub(crate) rooms: usize,
    /// Number of channels.
    pub(crate) channels: usize,
    /// The length of a second in the retry delays.
    pub(crate) second: f64,
    /// Chat lines a second.
    pub(crate) lines: f64,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Party {
    poll: Poll,
    events: Events,
    buffer: Vec<u8>,
    site: Site,
    begun: Instant,
    people: Vec<Person>,
    plan: Plan,
    /// Timers: due time in microseconds, client, and the client's epoch.
    timers: BinaryHeap<Reverse<(u64, usize, u32)>>,
    speaker: usize,
    /// The time of the event, once it has begun.
    event: Option<u64>,
    /// Number of clients that are in all their channels, and of clients that the event disconnected.
    back: usize,
    cut: usize,
    refused: u64,
    first_refusal: Option<String>,
    retries: Tally,
    pub(crate) talk: Talk,
}

impl Party {
    /// Clients that are not connected yet.
    pub(crate) fn new(site: &Site, count: usize, plan: Plan) -> Result<Self, Error> {
        let people = (0..count).map(|number| {
            let (account, character) = home::person(number);
            Person::new(account, character, address(number))
        });
        Ok(Self {
            poll: Poll::new().map_err(|error| Error::because("epoll", error))?,
            events: Events::with_capacity(4096),
            buffer: vec![0; READ_AT_ONCE],
            site: site.clone(),
            begun: Instant::now(),
            people: people.collect(),
            plan,
            timers: BinaryHeap::new(),
            speaker: 0,
            event: None,
            back: 0,
            cut: 0,
            refused: 0,
            first_refusal: None,
            retries: Tally::default(),
            talk: Talk::new(0.0, 0),
        })
    }

    /// Microseconds since the start.
    pub(crate) fn now(&self) -> u64 {
        self.begun.elapsed().as_micros() as u64
    }

    /// Connects all clients, some at the same time, and starts the chat.
    pub(crate) fn bring_in(&mut self, patience: Duration) -> Result<(), Error> {
        let mut next = 0;
        while self.back < self.people.len() {
            while next < self.people.len() && next - self.back < ARRIVALS_AT_ONCE {
                self.attempt(next)?;
                next += 1;
            }
            self.turn()?;
            if self.refused > 0 || self.begun.elapsed() > patience {
                return Err(Error::new(format!(
                    "{} of {} people have come in; the first refusal: {}; retries: {:?}",
                    self.back,
                    self.people.len(),
                    self.first_refusal.as_deref().unwrap_or("none"),
                    self.retries.0
                )));
            }
        }
        self.talk = Talk::new(self.plan.lines, self.now());
        Ok(())
    }

    /// Runs for `time`.
    pub(crate) fn pass(&mut self, time: Duration) -> Result<(), Error> {
        let begun = Instant::now();
        while begun.elapsed() < time {
            self.turn()?;
        }
        Ok(())
    }

    /// Clears the counters and measurements.
    pub(crate) fn clear(&mut self) {
        self.talk.clear();
        self.retries = Tally::default();
    }

    /// Starts the count of returns.
    pub(crate) fn begin_event(&mut self) {
        self.event = Some(self.now());
        self.cut = 0;
        for person in &mut self.people {
            person.was_cut = false;
        }
    }

    /// Whether the event has disconnected all clients, and each is back or was refused for good.
    pub(crate) fn is_complete(&self) -> bool {
        self.cut == self.people.len() && self.back + self.refused as usize >= self.people.len()
    }

    /// Seconds from the event, or from the start, to the last return.
    pub(crate) fn last_back(&self) -> f64 {
        let last = self.people.iter().map(|person| person.back_at).max().unwrap_or(0);
        seconds(last, self.event.unwrap_or(0))
    }

    /// Writes the counters into the outcome.
    pub(crate) fn account(&self, outcome: &mut Outcome) {
        let event = self.event.unwrap_or(0);
        let back = self
            .people
            .iter()
            .filter(|person| person.was_cut && person.stage == Stage::Back);
        let mut times: Vec<u64> = back.clone().map(|person| person.back_at).collect();
        times.sort_unstable();
        let share = |share: f64| {
            let place = (times.len() as f64 * share).ceil() as usize;
            times
                .get(place.saturating_sub(1))
                .map_or(0.0, |time| seconds(*time, event))
        };
        outcome.back = times.len();
        (outcome.half_seconds, outcome.most_seconds) = (share(0.5), share(0.99));
        outcome.last_seconds = share(1.0);
        let identified = back.map(|person| person.identified_at).max().unwrap_or(0);
        outcome.last_identified_seconds = seconds(identified, event);
        outcome.refused = self.refused;
        outcome.first_refusal.clone_from(&self.first_refusal);
        outcome.retries = self.retries.clone();
    }

    /// Handles socket events and due timers.
    pub(crate) fn turn(&mut self) -> Result<(), Error> {
        let now = self.now();
        let timer = self.timers.peek().map_or(u64::MAX, |Reverse((due, ..))| *due);
        let due = timer.min(self.talk.due());
        let wait = Duration::from_micros(due.saturating_sub(now)).min(Duration::from_millis(50));
        let mut events = std::mem::replace(&mut self.events, Events::with_capacity(0));
        // An interrupted poll counts as a poll without events.
        if self.poll.poll(&mut events, Some(wait)).is_ok() {
            for event in &events {
                let Token(number) = event.token();
                if event.is_writable() {
                    self.flush(number)?;
                }
                if event.is_readable() || event.is_error() {
                    self.read(number)?;
                }
                self.speak();
            }
        }
        self.events = events;
        self.do_what_is_due()?;
        self.speak();
        Ok(())
    }

    fn do_what_is_due(&mut self) -> Result<(), Error> {
        let now = self.now();
        while let Some(Reverse((due, number, epoch))) = self.timers.peek().copied() {
            if due > now {
                break;
            }
            self.timers.pop();
            let Some(person) = self.people.get(number).filter(|person| person.epoch == epoch) else {
                continue;
            };
            match person.stage {
                Stage::Waiting => self.attempt(number)?,
                Stage::Joining => self.ask_for_room(number)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn schedule(&mut self, number: usize, after: u64) {
        let due = self.now() + after;
        if let Some(person) = self.people.get(number) {
            self.timers.push(Reverse((due, number, person.epoch)));
        }
    }

    /// Sends a line when one is due and a client may speak.
    fn speak(&mut self) {
        let now = self.now();
        while let Some(intended) = self.talk.take(now) {
            for _ in 0..self.people.len() {
                self.speaker = (self.speaker + 1) % self.people.len();
                let (number, room) = (self.speaker, self.room(self.speaker, 0));
                let speaks = self.people.get_mut(number).filter(|person| {
                    person.stage == Stage::Back
                        && person.out.is_empty()
                        && Talk::may_speak(person.spoke_at, now)
                });
                if let Some(person) = speaks {
                    person.spoke_at = now;
                    let line = self.talk.line(&room, intended, now);
                    frame::write_text(line.as_bytes(), &mut person.out);
                    // A broken connection is detected at the next read.
                    person.flush();
                    break;
                }
            }
        }
    }

    /// The n-th channel of a client.
    fn room(&self, number: usize, place: usize) -> String {
        home::channel(
            (number + place * (self.plan.channels / self.plan.rooms.max(1)).max(1)) % self.plan.channels,
        )
    }
}

fn seconds(time: u64, since: u64) -> f64 {
    time.saturating_sub(since) as f64 / 1e6
}

/// Each client has its own address.
fn address(number: usize) -> Ipv4Addr {
    let [_, _, high, low] = (number as u32 + 1).to_be_bytes();
    Ipv4Addr::new(127, 20, high, low)
}
