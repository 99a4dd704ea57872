//! The messages of the load: rooms are created and joined, and every message has a stamp.

use std::ops::Range;
use std::time::Duration;

use crate::Error;
use crate::load::crowd::{Crowd, Room};
use crate::load::dice::Dice;
use crate::load::hearing::Kind;
use crate::load::stamp::Stamp;

const PATIENCE: Duration = Duration::from_secs(20);
/// The text that fills up messages.
const FILLING: &[u8] = b" the quick brown fox jumps over the lazy dog and comes back again";

impl Crowd {
    /// Creates rooms and distributes users over them in turn; users below `counted` are listeners. The first
    /// `speakers` members of a room may speak in it.
    ///
    /// # Errors
    /// The server creates no room, or a user can't join.
    pub fn settle(
        &mut self,
        people: Range<usize>,
        rooms: usize,
        speakers: usize,
        existing: Option<&str>,
    ) -> Result<(), Error> {
        let rooms = rooms.min(people.len()).max(1);
        let places: Vec<usize> = (0..people.len()).map(|number| number % rooms).collect();
        self.assign(people.start, &places, rooms, Some(speakers));
        self.name_rooms(people.start, rooms, existing)?;
        self.join(people)
    }

    /// The same with rooms of these sizes, in which all members may speak. The first member of each room is
    /// among the first users.
    ///
    /// # Errors
    /// As above.
    pub fn settle_in(&mut self, people: Range<usize>, sizes: &[usize]) -> Result<(), Error> {
        let mut places: Vec<usize> = (0..sizes.len()).collect();
        for (room, size) in sizes.iter().enumerate() {
            places.resize(places.len() + size.saturating_sub(1), room);
        }
        self.assign(people.start, &places, sizes.len(), None);
        self.name_rooms(people.start, sizes.len(), None)?;
        self.join(people)
    }

    /// Assigns users from `start` on to rooms. Without a number of speakers, all members of a room are
    /// speakers.
    fn assign(&mut self, start: usize, places: &[usize], rooms: usize, speakers: Option<usize>) {
        let first = self.rooms.len();
        self.rooms.resize(first + rooms, Room::default());
        let mut members = vec![0_u32; rooms];
        for (index, place) in (start..).zip(places) {
            let counted = index < self.counted;
            if let (Some(client), Some(room), Some(members)) = (
                self.clients.get_mut(index),
                self.rooms.get_mut(first + place),
                members.get_mut(*place),
            ) {
                client.room = first + place;
                client.slot = *members;
                *members += 1;
                room.listeners += u64::from(counted);
            }
        }
        for place in places.iter().take(self.counted.saturating_sub(start)) {
            let speakers = speakers.unwrap_or(members.get(*place).map_or(0, |members| *members as usize));
            self.hearing.of_mut(Kind::Channel).ledger.listener(speakers);
        }
    }

    fn name_rooms(&mut self, start: usize, rooms: usize, existing: Option<&str>) -> Result<(), Error> {
        let first = self.rooms.len() - rooms;
        if let Some(name) = existing {
            let name = serde_json::Value::from(name).to_string().into_bytes();
            if let (Some(room), Some(name)) = (self.rooms.get_mut(first), name.get(1..name.len() - 1)) {
                room.name = name.to_vec();
            }
            return Ok(());
        }
        if !self.hearing.full {
            // On a minimal server every requested room exists. The names have the length of real room names,
            // so that the messages have the usual length.
            for (number, room) in self.rooms.iter_mut().enumerate().skip(first) {
                room.name = format!("ADH-{number:020x}").into_bytes();
            }
            return Ok(());
        }
        // The founder is the first member. Any user may create a room and open it, so this needs no rights.
        let founders = start..start + rooms;
        for index in founders.clone() {
            if let Some(client) = self.clients.get_mut(index) {
                client.founding = true;
            }
            self.say(index, format!("CCR {{\"channel\":\"Bench {index}\"}}").as_bytes());
        }
        let founded = self.until(PATIENCE, |crowd| {
            Ok(crowd.rooms.iter().all(|room| !room.name.is_empty()) && crowd.all_joined(founders.clone()))
        })?;
        if !founded {
            return Err(self.complaint("the rooms could not be created"));
        }
        let mut told = 0;
        for index in founders.clone() {
            told += self.clients.get(index).map_or(0, |client| client.told);
            let Some(name) = self
                .clients
                .get(index)
                .and_then(|client| self.rooms.get(client.room))
            else {
                break;
            };
            let command = [
                b"RST {\"channel\":\"",
                &name.name[..],
                b"\",\"status\":\"public\"}",
            ]
            .concat();
            self.say(index, &command);
        }
        let opened = self.until(PATIENCE, |crowd| {
            let now: u32 = crowd
                .clients
                .iter()
                .skip(founders.start)
                .take(rooms)
                .map(|client| client.told)
                .sum();
            Ok(now >= told + rooms as u32)
        })?;
        if opened {
            Ok(())
        } else {
            Err(self.complaint("the rooms could not be opened"))
        }
    }

    fn all_joined(&self, people: Range<usize>) -> bool {
        self.clients
            .get(people)
            .is_some_and(|clients| clients.iter().all(|client| client.joined))
    }

    /// Lets users join their rooms, some hundred at a time.
    ///
    /// # Errors
    /// A user has not joined in time.
    pub fn join(&mut self, people: Range<usize>) -> Result<(), Error> {
        let mut asked = people.start;
        let mut waiting = people.start;
        let all = self.until(PATIENCE, |crowd| {
            while crowd.clients.get(waiting).is_some_and(|client| client.joined) && waiting < people.end {
                waiting += 1;
            }
            while asked < people.end.min(waiting + 200) {
                if crowd.clients.get(asked).is_some_and(|client| !client.joined) {
                    crowd.ask_to_join(asked);
                }
                asked += 1;
            }
            Ok(waiting >= people.end)
        })?;
        if all {
            Ok(())
        } else {
            Err(self.complaint("some users have not joined their room"))
        }
    }

    /// Requests to join a client's own room.
    pub fn ask_to_join(&mut self, index: usize) {
        let Some(room) = self
            .clients
            .get(index)
            .and_then(|client| self.rooms.get(client.room))
        else {
            return;
        };
        let command = [b"JCH {\"channel\":\"", &room.name[..], b"\"}"].concat();
        self.say(index, &command);
    }

    pub(crate) fn complaint(&self, what: &str) -> Error {
        Error::because(
            format!(
                "{what} ({} users logged in, {} in a room)",
                self.present, self.joined
            ),
            self.hearing
                .first_error
                .as_deref()
                .unwrap_or("the server says nothing"),
        )
    }

    /// Composes a message. Its length is random, like that of chat messages, but determined by speaker and number, so
    /// that every server gets the same bytes.
    fn stamp(&mut self, kind: Kind, speaker: usize, slot: u32, intended: u64, size: usize) {
        let Some(client) = self.clients.get_mut(speaker) else {
            return;
        };
        let [channel, private, status] = &mut client.said;
        let said = match kind {
            Kind::Channel => channel,
            Kind::Private => private,
            Kind::Status => status,
        };
        let sequence = *said;
        *said += 1;
        let mut dice = Dice::new((speaker as u64) << 32 | u64::from(sequence));
        let length = size / 2 + dice.below(size + 1);
        let start = self.scratch.len();
        Stamp {
            slot,
            sequence,
            intended,
        }
        .write(&mut self.scratch);
        while let Some(missing) = length
            .checked_sub(self.scratch.len() - start)
            .filter(|missing| *missing > 0)
        {
            self.scratch.extend(FILLING.iter().take(missing));
        }
    }

    fn send_scratch(&mut self, speaker: usize) {
        self.scratch.extend_from_slice(b"\"}");
        let command = std::mem::take(&mut self.scratch);
        self.say(speaker, &command);
        self.scratch = command;
    }

    /// Sends a message of about `size` bytes to the speaker's room.
    pub fn speak(&mut self, speaker: usize, intended: u64, size: usize) {
        let Some(client) = self.clients.get(speaker) else {
            return;
        };
        let Some(room) = self.rooms.get(client.room) else {
            return;
        };
        self.scratch.clear();
        self.scratch.extend_from_slice(b"MSG {\"channel\":\"");
        self.scratch.extend_from_slice(&room.name);
        self.scratch.extend_from_slice(b"\",\"message\":\"");
        if speaker < self.counted {
            self.due += room.listeners.saturating_sub(1);
        }
        self.stamp(Kind::Channel, speaker, client.slot, intended, size);
        self.send_scratch(speaker);
    }

    /// Makes these users listeners for private messages from one speaker each.
    pub fn expect_whispers(&mut self, people: Range<usize>) {
        for _ in people {
            self.hearing.of_mut(Kind::Private).ledger.listener(1);
        }
    }

    /// Sends a private message to a listener that gets private messages only from this speaker.
    pub fn whisper(&mut self, speaker: usize, to: usize, intended: u64, size: usize) {
        let Some(listener) = self.clients.get(to) else {
            return;
        };
        self.scratch.clear();
        self.scratch.extend_from_slice(b"PRI {\"recipient\":\"");
        self.scratch
            .extend_from_slice(listener.identity.character.as_bytes());
        self.scratch.extend_from_slice(b"\",\"message\":\"");
        self.due += 1;
        self.stamp(Kind::Private, speaker, 0, intended, size);
        self.send_scratch(speaker);
    }

    /// Makes the first `people` users listeners for each other's changes of status.
    pub fn expect_announcements(&mut self, people: usize) {
        for _ in 0..people {
            self.hearing.of_mut(Kind::Status).ledger.listener(people);
        }
    }

    /// Changes the status of one of these users.
    pub fn announce(&mut self, speaker: usize, intended: u64) {
        self.scratch.clear();
        self.scratch
            .extend_from_slice(b"STA {\"status\":\"looking\",\"statusmsg\":\"");
        self.due += self.counted as u64;
        self.stamp(Kind::Status, speaker, speaker as u32, intended, 0);
        self.send_scratch(speaker);
    }
}
