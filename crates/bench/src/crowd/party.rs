//! All people of a crowd, on one thread and one `epoll`: attempts, timers, what is read and what is said.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use memchr::memmem;
use mio::{Events, Interest, Poll, Token};
use serde_json::json;

use crate::Error;
use crate::crowd::home;
use crate::crowd::http::{self, Verdict};
use crate::crowd::person::{Io, Person, Stage};
use crate::crowd::report::Outcome;
use crate::crowd::talk::Talk;
use crate::load::client::connect;
use crate::load::frame;
use crate::load::hearing::{number_after, text_after};
use crate::load::people::Identity;
use crate::server::Site;
use crate::siege::tally::Tally;

const READ_AT_ONCE: usize = 1 << 18;
/// Microseconds between two `JCH` of a person.
const JOIN_PAUSE: u64 = 100_000;
/// People who are on their way in at once before the event.
const ARRIVALS_AT_ONCE: usize = 64;
/// After these errors the official client does not come back by itself.
const FINAL_ERRORS: [i32; 5] = [9, 30, 31, 39, 40];

/// The habits of the crowd.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// Channels of each person.
    pub(crate) rooms: usize,
    /// All channels.
    pub(crate) channels: usize,
    /// The length of a second on the ladder of pauses.
    pub(crate) second: f64,
    /// Lines in a second.
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
    /// When something is due for a person, in microseconds; the number is the person's epoch.
    timers: BinaryHeap<Reverse<(u64, usize, u32)>>,
    speaker: usize,
    /// The time of the event, while there is one.
    event: Option<u64>,
    /// People who are in all their channels, and who were cut off by the event.
    back: usize,
    cut: usize,
    refused: u64,
    first_refusal: Option<String>,
    retries: Tally,
    pub(crate) talk: Talk,
}

impl Party {
    /// People outside.
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

    /// Microseconds since the beginning.
    pub(crate) fn now(&self) -> u64 {
        self.begun.elapsed().as_micros() as u64
    }

    /// Lets everybody in, some at once, and begins the talk.
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

    /// Goes on for a while.
    pub(crate) fn pass(&mut self, time: Duration) -> Result<(), Error> {
        let begun = Instant::now();
        while begun.elapsed() < time {
            self.turn()?;
        }
        Ok(())
    }

    /// Forgets what was counted and measured.
    pub(crate) fn clear(&mut self) {
        self.talk.clear();
        self.retries = Tally::default();
    }

    /// From now on returns are counted.
    pub(crate) fn begin_event(&mut self) {
        self.event = Some(self.now());
        self.cut = 0;
        for person in &mut self.people {
            person.was_cut = false;
        }
    }

    /// Whether everybody was cut off by the event, and has come back or been refused for good.
    pub(crate) fn is_complete(&self) -> bool {
        self.cut == self.people.len() && self.back + self.refused as usize >= self.people.len()
    }

    /// The seconds from the event, or from the beginning, to the last return.
    pub(crate) fn last_back(&self) -> f64 {
        let last = self.people.iter().map(|person| person.back_at).max().unwrap_or(0);
        seconds(last, self.event.unwrap_or(0))
    }

    /// Writes what was counted into the outcome.
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

    /// Handles what has happened and what is due.
    pub(crate) fn turn(&mut self) -> Result<(), Error> {
        let now = self.now();
        let timer = self.timers.peek().map_or(u64::MAX, |Reverse((due, ..))| *due);
        let due = timer.min(self.talk.due());
        let wait = Duration::from_micros(due.saturating_sub(now)).min(Duration::from_millis(50));
        let mut events = std::mem::replace(&mut self.events, Events::with_capacity(0));
        // An interruption is as good as nothing that happened.
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

    /// Says a line where one is due and somebody may speak.
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
                    // A broken connection shows when it is read.
                    person.flush();
                    break;
                }
            }
        }
    }

    /// The n-th channel of a person.
    fn room(&self, number: usize, place: usize) -> String {
        home::channel(
            (number + place * (self.plan.channels / self.plan.rooms.max(1)).max(1)) % self.plan.channels,
        )
    }

    /// Begins an attempt: a ticket first.
    fn attempt(&mut self, number: usize) -> Result<(), Error> {
        let server = self.site.address;
        let Some(person) = self.people.get_mut(number) else {
            return Ok(());
        };
        person.stage = Stage::Ticket;
        person.epoch += 1;
        let request = http::request(
            server,
            "/json/getApiTicket.php",
            &[
                ("account", &person.account),
                ("password", home::password()),
                ("no_friends", "true"),
                ("no_bookmarks", "true"),
                ("new_character_list", "true"),
            ],
        );
        self.open(number, request.as_bytes())
    }

    fn open(&mut self, number: usize, first: &[u8]) -> Result<(), Error> {
        let (site, registry) = (&self.site, self.poll.registry());
        let Some(person) = self.people.get_mut(number) else {
            return Ok(());
        };
        let Ok(mut stream) = connect(site.address, number, false, Some(person.from)) else {
            return self.fail(number, "no connection");
        };
        registry
            .register(
                &mut stream,
                Token(number),
                Interest::READABLE | Interest::WRITABLE,
            )
            .map_err(|error| Error::because("epoll", error))?;
        person.carry.clear();
        person.out.clear();
        person.out.extend_from_slice(first);
        person.stream = Some(stream);
        self.flush(number)
    }

    fn hang_up(&mut self, number: usize) {
        if let Some(person) = self.people.get_mut(number) {
            if let Some(mut stream) = person.stream.take() {
                let _ = self.poll.registry().deregister(&mut stream);
            }
            person.carry = Vec::new();
            person.out = Vec::new();
        }
    }

    /// The connection is over.
    fn over(&mut self, number: usize) -> Result<(), Error> {
        let kind = match self.people.get(number).map(|person| person.stage) {
            Some(Stage::Ticket | Stage::Bookmarks | Stage::Friends) => "network error over HTTP",
            Some(Stage::Shaking) => "no WebSocket",
            Some(Stage::Identifying) => "closed before the log-in",
            Some(Stage::Joining | Stage::Back) => return self.cut(number),
            _ => return Ok(()),
        };
        self.fail(number, kind)
    }

    /// A connection to the chat has ended: the person comes back by the first step of the ladder.
    fn cut(&mut self, number: usize) -> Result<(), Error> {
        let is_event = self.event.is_some();
        if let Some(person) = self.people.get_mut(number) {
            if person.stage == Stage::Back {
                self.back -= 1;
            }
            person.rung = 0;
            if is_event && !person.was_cut {
                person.was_cut = true;
                self.cut += 1;
            } else {
                self.retries.count("cut off again");
            }
        }
        self.wait(number)
    }

    /// An attempt has failed: the next one follows after the next pause of the ladder.
    fn fail(&mut self, number: usize, kind: &str) -> Result<(), Error> {
        self.retries.count(kind);
        self.wait(number)
    }

    fn wait(&mut self, number: usize) -> Result<(), Error> {
        self.hang_up(number);
        let Some(person) = self.people.get_mut(number) else {
            return Ok(());
        };
        person.stage = Stage::Waiting;
        person.epoch += 1;
        let pause = person.pause() * self.plan.second;
        self.schedule(number, (pause * 1e6) as u64);
        Ok(())
    }

    /// A refusal that the official client takes for final.
    fn refuse(&mut self, number: usize, words: String) {
        self.hang_up(number);
        self.refused += 1;
        self.first_refusal.get_or_insert(words);
        if let Some(person) = self.people.get_mut(number) {
            person.stage = Stage::Refused;
            person.epoch += 1;
        }
    }

    fn flush(&mut self, number: usize) -> Result<(), Error> {
        let person = self.people.get_mut(number);
        if person.is_some_and(|person| person.flush() == Io::Over) {
            return self.over(number);
        }
        Ok(())
    }

    fn say(&mut self, number: usize, command: &str) -> Result<(), Error> {
        if let Some(person) = self.people.get_mut(number) {
            frame::write_text(command.as_bytes(), &mut person.out);
        }
        self.flush(number)
    }

    fn read(&mut self, number: usize) -> Result<(), Error> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut result = Ok(());
        while let Some(person) = self.people.get_mut(number) {
            let epoch = person.epoch;
            match person.read(&mut buffer) {
                Io::Later => break,
                Io::Over => {
                    result = self.over(number);
                    break;
                }
                Io::Some(count) => {
                    result = self.take(number, buffer.get(..count).unwrap_or_default());
                    let is_same = self
                        .people
                        .get(number)
                        .is_some_and(|person| person.epoch == epoch);
                    if result.is_err() || !is_same {
                        break;
                    }
                }
            }
        }
        self.buffer = buffer;
        result
    }

    /// Handles what was read, with what was left of before.
    fn take(&mut self, number: usize, bytes: &[u8]) -> Result<(), Error> {
        let Some(person) = self.people.get_mut(number) else {
            return Ok(());
        };
        let mut carry = std::mem::take(&mut person.carry);
        let all = if carry.is_empty() {
            bytes
        } else {
            carry.extend_from_slice(bytes);
            &carry
        };
        let stage = person.stage;
        let used = match stage {
            Stage::Ticket | Stage::Bookmarks | Stage::Friends => match http::read(all) {
                // The next request goes out when the answer is whole, so nothing follows it.
                Some(answer) => return self.answered(number, stage, &answer),
                None => 0,
            },
            Stage::Shaking => self.shaken(number, all)?,
            _ => 0,
        };
        let used = used + self.frames(number, all.get(used..).unwrap_or_default())?;
        let rest = all.get(used..).unwrap_or_default();
        if let Some(person) = self
            .people
            .get_mut(number)
            .filter(|person| person.stream.is_some())
        {
            person.carry = rest.to_vec();
        }
        Ok(())
    }

    fn answered(&mut self, number: usize, stage: Stage, answer: &http::Answer) -> Result<(), Error> {
        let value = match http::judge(answer) {
            Verdict::Done(value) => value,
            Verdict::Refused(words) => {
                self.refuse(number, words);
                return Ok(());
            }
            Verdict::Later(kind) => return self.fail(number, &kind),
        };
        let server = self.site.address;
        let Some(person) = self.people.get_mut(number) else {
            return Ok(());
        };
        if stage == Stage::Ticket {
            person.ticket = value["ticket"].as_str().unwrap_or_default().to_owned();
        }
        let (next, path) = match stage {
            Stage::Ticket => (Stage::Bookmarks, "/json/api/bookmark-list.php"),
            Stage::Bookmarks => (Stage::Friends, "/json/api/friend-list.php"),
            _ => {
                self.hang_up(number);
                if let Some(person) = self.people.get_mut(number) {
                    person.stage = Stage::Shaking;
                    person.epoch += 1;
                }
                let upgrade = self.site.upgrade.clone();
                return self.open(number, upgrade.as_bytes());
            }
        };
        person.stage = next;
        let fields = [
            ("account", person.account.as_str()),
            ("ticket", person.ticket.as_str()),
        ];
        let request = http::request(server, path, &fields);
        person.out.extend_from_slice(request.as_bytes());
        self.flush(number)
    }

    /// Reads the answer to the request for a WebSocket; returns its length, which is nothing while it is not whole.
    fn shaken(&mut self, number: usize, bytes: &[u8]) -> Result<usize, Error> {
        let Some(end) = memmem::find(bytes, b"\r\n\r\n") else {
            return Ok(0);
        };
        if !bytes.starts_with(b"HTTP/1.1 101") {
            let status = String::from_utf8_lossy(bytes.get(9..12).unwrap_or_default()).into_owned();
            self.fail(number, &format!("HTTP {status} for a WebSocket"))?;
            return Ok(bytes.len());
        }
        if let Some(person) = self.people.get_mut(number) {
            person.stage = Stage::Identifying;
            let identity = Identity {
                account: person.account.clone(),
                character: person.character.clone(),
                ticket: person.ticket.clone(),
            };
            self.say(number, &identity.command())?;
        }
        Ok(end + 4)
    }

    /// Handles the frames that are whole; returns their length.
    fn frames(&mut self, number: usize, bytes: &[u8]) -> Result<usize, Error> {
        // One look at the clock for all that one read brought.
        let (now, mut used) = (self.now(), 0);
        let in_chat = |stage| matches!(stage, Stage::Identifying | Stage::Joining | Stage::Back);
        while self
            .people
            .get(number)
            .is_some_and(|person| in_chat(person.stage))
        {
            let Some((kind, payload, size)) = bytes.get(used..).and_then(frame::read) else {
                break;
            };
            used += size;
            match kind {
                frame::Kind::Text => self.text(number, payload, now)?,
                frame::Kind::Close => {
                    self.over(number)?;
                    return Ok(bytes.len());
                }
                frame::Kind::Ping => {
                    if let Some(person) = self.people.get_mut(number) {
                        person.out.extend_from_slice(&frame::PONG);
                    }
                    self.flush(number)?;
                }
                frame::Kind::Other => {}
            }
        }
        Ok(used)
    }

    #[inline]
    fn text(&mut self, number: usize, payload: &[u8], now: u64) -> Result<(), Error> {
        match payload.get(..3) {
            Some(b"MSG") => {
                self.talk.hear(payload, now);
                Ok(())
            }
            Some(b"NLN" | b"ICH" | b"ERR" | b"PIN") => self.news(number, payload, now),
            _ => Ok(()),
        }
    }

    fn news(&mut self, number: usize, payload: &[u8], now: u64) -> Result<(), Error> {
        let Some(person) = self.people.get_mut(number) else {
            return Ok(());
        };
        match payload.get(..3) {
            Some(b"PIN") => self.say(number, "PIN"),
            Some(b"NLN") if person.stage == Stage::Identifying => {
                if text_after(payload, b"\"identity\":") != Some(person.character.as_bytes()) {
                    return Ok(());
                }
                person.stage = Stage::Joining;
                person.identified_at = now;
                (person.rung, person.asked, person.joined) = (0, 0, 0);
                self.say(number, r#"STA {"status":"looking","statusmsg":"back again"}"#)?;
                if self.plan.rooms == 0 {
                    return self.is_back(number, now);
                }
                self.ask_for_room(number)
            }
            Some(b"ICH") if person.stage == Stage::Joining => {
                person.joined += 1;
                if person.joined == self.plan.rooms {
                    return self.is_back(number, now);
                }
                Ok(())
            }
            Some(b"ERR") => {
                let code = number_after(payload, b"\"number\":").unwrap_or(0.0) as i32;
                if person.stage == Stage::Identifying && FINAL_ERRORS.contains(&code) {
                    self.refuse(number, String::from_utf8_lossy(payload).into_owned());
                    return Ok(());
                }
                self.retries.count(&format!("ERR {code}"));
                if person.stage == Stage::Identifying {
                    return self.wait(number);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn is_back(&mut self, number: usize, now: u64) -> Result<(), Error> {
        if let Some(person) = self.people.get_mut(number).filter(|person| person.is_present()) {
            person.stage = Stage::Back;
            person.back_at = now;
            self.back += 1;
        }
        Ok(())
    }

    /// Asks for the next channel, and for the one after it in a moment.
    fn ask_for_room(&mut self, number: usize) -> Result<(), Error> {
        let Some(person) = self.people.get_mut(number) else {
            return Ok(());
        };
        let place = person.asked;
        if place >= self.plan.rooms {
            return Ok(());
        }
        person.asked += 1;
        let command = json!({ "channel": self.room(number, place) });
        self.say(number, &format!("JCH {command}"))?;
        self.schedule(number, JOIN_PAUSE);
        Ok(())
    }
}

fn seconds(time: u64, since: u64) -> f64 {
    time.saturating_sub(since) as f64 / 1e6
}

/// Each person has an address of its own.
fn address(number: usize) -> Ipv4Addr {
    let [_, _, high, low] = (number as u32 + 1).to_be_bytes();
    Ipv4Addr::new(127, 20, high, low)
}
