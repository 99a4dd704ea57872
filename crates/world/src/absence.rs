//! Broken connections (setting `resume_grace`, docs/beyond.md): the character stays in its channels, lines for it are
//! held, and a new connection of the same character takes over.
//!
//! A character is *away* while it has no connection at all. When it is back, it is *apart* from the channels that
//! its client has not joined again: the world counts it as a member, the edge does not, since clients leave a
//! channel of which they hear before they have asked for it. Both have an [`Absence`], others pay nothing.

use std::collections::VecDeque;
use std::sync::Arc;

use fchatd_protocol::exchange::{Frame, Operation};
use fchatd_protocol::frame;
use serde::{Deserialize, Serialize};

use crate::connection::State;
use crate::sessions::{Heard, Part};
use crate::settings::key::of;
use crate::settings::{Key, keys};
use crate::world::{ChannelKey, ConnectionKey, World};

/// Maximum time for which an absent character stays online for its waiting messages.
const LINGER_SECONDS: f64 = 300.0;

/// The lines and channels that are kept for a character that is away or apart.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Absence {
    /// When it is over, in milliseconds of [`crate::Now::monotonic`].
    until: u64,
    /// The client is not expected back: the character goes when the messages that wait for it have been said.
    leaving: bool,
    /// Whether the connection broke, rather than being ended by its client.
    broke: bool,
    /// The channels that the client has yet to join again.
    apart: Vec<ChannelKey>,
    lines: VecDeque<Line>,
    bytes: usize,
    /// How many lines were dropped, and of which channel.
    lost: Vec<(Option<ChannelKey>, u64)>,
    /// The number of the last missed line before the absence began.
    since: u64,
}

/// A frame that came meanwhile; without a channel a private one.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    channel: Option<ChannelKey>,
    text: Arc<[u8]>,
}

impl Absence {
    /// The number of the last missed line before the absence began.
    pub(crate) fn since(&self) -> u64 {
        self.since
    }

    /// Holds a frame; the oldest go when there are more than `most` lines and bytes.
    fn hold(&mut self, channel: Option<ChannelKey>, text: Arc<[u8]>, most: (usize, usize)) {
        self.bytes += text.len();
        self.lines.push_back(Line { channel, text });
        while self.lines.len() > most.0 || self.bytes > most.1 {
            let Some(oldest) = self.lines.pop_front() else {
                return;
            };
            self.bytes -= oldest.text.len();
            match self.lost.iter_mut().find(|(of, _)| *of == oldest.channel) {
                Some((_, count)) => *count += 1,
                None => self.lost.push((oldest.channel, 1)),
            }
        }
    }

    /// Takes the held lines of a channel, or the private ones, and the number of dropped lines.
    fn take(&mut self, channel: Option<ChannelKey>) -> (Vec<Arc<[u8]>>, u64) {
        let mut lines = Vec::new();
        self.lines.retain_mut(|line| {
            let wanted = line.channel == channel;
            if wanted {
                lines.push(Arc::clone(&line.text));
            }
            !wanted
        });
        self.bytes -= lines.iter().map(|text| text.len()).sum::<usize>();
        let place = self.lost.iter().position(|(of, _)| *of == channel);
        let lost = place.map_or(0, |place| self.lost.swap_remove(place).1);
        (lines, lost)
    }
}

impl World {
    /// Whether a character is online without a connection.
    pub fn is_away(&self, key: ConnectionKey) -> bool {
        self.connections
            .get(key)
            .is_some_and(|connection| connection.away)
    }

    /// The characters that are away.
    pub fn away(&self) -> impl Iterator<Item = ConnectionKey> {
        self.absent.iter().copied().filter(|&key| self.is_away(key))
    }

    /// Whether a character is in a channel that its client has not joined again since it is back.
    pub fn is_apart(&self, channel: ChannelKey, key: ConnectionKey) -> bool {
        self.channels
            .get(channel)
            .is_some_and(|channel| channel.absent.contains(&key))
    }

    /// The connection of a character has broken: the character stays for as long as the setting `grace` says, which is
    /// `resume_grace` or `reload_grace`. False, and nothing done, where one of these is 0 or the connection was about to be
    /// closed anyway.
    pub fn go_away(&mut self, key: ConnectionKey, grace: Key<of::Number>) -> bool {
        if self.settings.number(keys::RESUME_GRACE) <= 0.0 {
            return false;
        }
        let grace = self.settings.number(grace);
        let Some(connection) = self.connections.get_mut(key) else {
            return false;
        };
        if grace <= 0.0 || !connection.is_identified() || connection.closing || connection.away {
            return false;
        }
        self.lose_socket(key);
        self.begin_absence(key, grace, true);
        true
    }

    /// The connection of a character has ended for good, but messages wait for it that are not due yet: the character
    /// stays until they have been said, so that their pace is kept and moderators can still stop them. False, and
    /// nothing done, where no message waits or the connection was about to be closed anyway.
    pub fn linger(&mut self, key: ConnectionKey, broke: bool) -> bool {
        let Some(connection) = self.connections.get(key) else {
            return false;
        };
        let (was_away, closing) = (connection.away, connection.closing);
        if !connection.is_identified() || closing || self.is_leaving(key) || !self.keep_messages(key) {
            return false;
        }
        if !was_away {
            self.lose_socket(key);
        }
        self.begin_absence(key, LINGER_SECONDS, broke);
        let connection = self.connections.get_mut(key);
        if let Some(absence) = connection.and_then(|connection| connection.absence.as_mut()) {
            absence.leaving = true;
        }
        true
    }

    /// Whether a character is online only for the messages that wait for it.
    pub fn is_leaving(&self, key: ConnectionKey) -> bool {
        self.absence_of(key).is_some_and(|absence| absence.leaving)
    }

    /// Whether the connection of a character that is away broke, rather than being ended by its client.
    pub fn has_broken(&self, key: ConnectionKey) -> bool {
        self.absence_of(key).is_some_and(|absence| absence.broke)
    }

    fn absence_of(&self, key: ConnectionKey) -> Option<&Absence> {
        self.connections.get(key)?.absence.as_deref()
    }

    /// The socket of a character is gone, and the character stays.
    fn lose_socket(&mut self, key: ConnectionKey) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        connection.away = true;
        let id = connection.id;
        self.by_id.remove(&id);
        self.outputs
            .operations
            .push(Operation::Departed { connection: id });
    }

    /// The character behind `key` goes on over the connection `fresh`, which gets its old socket, if that is still
    /// there. Others notice nothing. The client hears frames for all people from now on, and the channels when it
    /// has joined them again ([`World::rejoin`]). False, and nothing done, where `resume_grace` is switched off or one
    /// of the two is not in the state for it.
    pub fn resume(&mut self, fresh: ConnectionKey, key: ConnectionKey) -> bool {
        let grace = self.settings.number(keys::RESUME_GRACE);
        let waits = |state| matches!(state, State::Connected | State::Identifying { .. });
        let fresh_one = self
            .connections
            .get(fresh)
            .filter(|connection| !connection.closing && waits(connection.state))
            .map(|connection| (connection.id, connection.address));
        let old_one = self
            .connections
            .get(key)
            .filter(|connection| !connection.closing && connection.is_identified())
            .map(|connection| (connection.id, connection.address, connection.away));
        let (Some((id, address)), Some((old_id, old_address, was_away))) = (fresh_one, old_one) else {
            return false;
        };
        if grace <= 0.0 {
            return false;
        }
        self.set_state(fresh, State::Departed);
        if let Some(connection) = self.connections.get_mut(fresh) {
            connection.id = old_id;
            connection.address = old_address;
            connection.away = was_away;
        }
        if let Some(connection) = self.connections.get_mut(key) {
            connection.id = id;
            connection.address = address;
            connection.away = false;
        }
        self.by_id.insert(id, key);
        self.leave_address(old_address);
        self.enter_address(address);
        if was_away {
            self.spent.push(fresh);
        } else {
            self.by_id.insert(old_id, fresh);
            self.outputs
                .operations
                .push(Operation::Departed { connection: old_id });
        }
        self.forget_command(fresh);
        self.begin_absence(key, grace, true);
        self.outputs
            .operations
            .push(Operation::Identified { connection: id });
        true
    }

    pub(crate) fn begin_absence(&mut self, key: ConnectionKey, seconds: f64, broke: bool) {
        let until = self.now.monotonic + (seconds * 1000.0) as u64;
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        let channels = connection.channels.clone();
        let is_new = connection.absence.is_none();
        let absence = connection.absence.get_or_insert_default();
        // Of the channels that the client had joined again, it misses all lines from now on.
        let heard: Vec<ChannelKey> = match is_new {
            true => Vec::new(),
            false => channels
                .iter()
                .copied()
                .filter(|key| !absence.apart.contains(key))
                .collect(),
        };
        if is_new {
            absence.since = self.sessions.number_absence();
        }
        let since = absence.since;
        absence.until = until;
        absence.leaving = false;
        absence.broke = broke;
        absence.apart.clone_from(&channels);
        for channel in channels {
            if let Some(channel) = self.channels.get_mut(channel)
                && !channel.absent.contains(&key)
            {
                channel.absent.push(key);
            }
        }
        if !self.absent.contains(&key) {
            self.absent.push(key);
        }
        for channel in heard {
            let line = self.sessions.last_line();
            self.mark_seat(channel, key, Heard { absence: since, line });
        }
        self.mark_session(key, Part::Head);
    }

    /// The number of the last missed line before a character was away.
    pub(crate) fn missed_since(&self, key: ConnectionKey) -> Option<u64> {
        self.absence_of(key).map(Absence::since)
    }

    /// A character that is away was away in an earlier process, too.
    pub(crate) fn set_missed_since(&mut self, key: ConnectionKey, since: Option<u64>) {
        if let Some(since) = since
            && let Some(connection) = self.connections.get_mut(key)
            && let Some(absence) = &mut connection.absence
        {
            absence.since = since;
        }
    }

    /// Holds a line that was held in an earlier process.
    pub(crate) fn hold_again(&mut self, key: ConnectionKey, channel: Option<ChannelKey>, text: &Arc<[u8]>) {
        let most = self.held_most();
        if let Some(connection) = self.connections.get_mut(key)
            && let Some(absence) = &mut connection.absence
        {
            absence.hold(channel, Arc::clone(text), most);
        }
    }

    /// The lines and bytes that are held for one character.
    fn held_most(&self) -> (usize, usize) {
        (
            self.settings.count(keys::RESUME_LINES_MAX),
            self.settings.count(keys::RESUME_BYTES_MAX),
        )
    }

    /// The lines that are held for all characters that are away or apart, and their bytes; lines of a channel are held once for all
    /// of them, and counted for each.
    pub fn held_lines(&self) -> (usize, usize) {
        let absences = self
            .absent
            .iter()
            .filter_map(|&key| self.connections.get(key)?.absence.as_ref());
        absences.fold((0, 0), |(lines, bytes), absence| {
            (lines + absence.lines.len(), bytes + absence.bytes)
        })
    }

    /// Holds a frame for a character that is away.
    pub(crate) fn hold_private(&mut self, key: ConnectionKey, frame: Frame) {
        let most = self.held_most();
        let text = self.outputs.bytes_of(frame);
        if self.natures.of_frame(text).is_held()
            && let Some(connection) = self.connections.get_mut(key)
            && let Some(absence) = &mut connection.absence
        {
            absence.hold(None, Arc::from(text), most);
            self.sessions.line(None, &connection.folded, text);
        }
    }

    /// Holds a frame for those members of a channel that can't get it.
    pub(crate) fn hold_in_channel(
        &mut self,
        channel: ChannelKey,
        except: Option<ConnectionKey>,
        frame: Frame,
    ) {
        let text = self.outputs.bytes_of(frame);
        // Everything else is told anew when the client joins.
        if !self.natures.of_frame(text).is_held() {
            return;
        }
        let Some(place) = self.channels.get(channel) else {
            return;
        };
        let sender = except.and_then(|key| self.connections.get(key));
        let sender = sender.map_or("", |connection| &*connection.folded);
        self.sessions.line(Some(sender), &place.folded, text);
        let text: Arc<[u8]> = Arc::from(text);
        let most = self.held_most();
        for &key in place.absent.iter().filter(|&&key| Some(key) != except) {
            if let Some(connection) = self.connections.get_mut(key)
                && let Some(absence) = &mut connection.absence
            {
                absence.hold(Some(channel), Arc::clone(&text), most);
            }
        }
    }

    /// The client of a character that is apart from a channel joins it again: it hears the channel from now on. False
    /// where it was not apart. The held lines are sent by [`World::send_held`].
    pub fn rejoin(&mut self, channel: ChannelKey, key: ConnectionKey) -> bool {
        if self.is_away(key) || !self.is_apart(channel, key) {
            return false;
        }
        let (Some(place), Some(connection)) = (self.channels.get_mut(channel), self.connections.get_mut(key))
        else {
            return false;
        };
        place.absent.retain(|&other| other != key);
        if let Some(absence) = &mut connection.absence {
            absence.apart.retain(|&other| other != channel);
        }
        self.outputs.operations.push(Operation::Join {
            channel: place.id,
            connection: connection.id,
        });
        if let Some(absence) = self.missed_since(key) {
            let line = u64::MAX;
            self.mark_seat(channel, key, Heard { absence, line });
        }
        true
    }

    /// Sends the held lines of a channel, or without one the private ones, and a note where lines were dropped.
    pub fn send_held(&mut self, key: ConnectionKey, channel: Option<ChannelKey>) {
        let Some(connection) = self
            .connections
            .get_mut(key)
            .filter(|connection| !connection.away)
        else {
            return;
        };
        let Some(absence) = &mut connection.absence else {
            return;
        };
        let (lines, lost) = absence.take(channel);
        if channel.is_none() {
            self.sessions.lines_taken(&connection.folded);
        }
        let is_over = absence.apart.is_empty() && absence.lines.is_empty();
        if lost > 0 {
            let name = channel
                .and_then(|key| self.channels.get(key))
                .map(|channel| channel.name.clone());
            let message = format!("While you were away, {lost} more came than could be kept for you.");
            self.send(key, |out| {
                let object = frame::open(out, "SYS").text("message", &message);
                match name {
                    Some(name) => object.text("channel", &name).close(),
                    None => object.close(),
                };
            });
        }
        for text in lines {
            self.send(key, |out| out.extend_from_slice(&text));
        }
        if is_over {
            self.end_absence(key);
        }
    }

    /// Nothing more is held for a character.
    pub(crate) fn end_absence(&mut self, key: ConnectionKey) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        if connection.absence.take().is_some() {
            self.absent.retain(|&other| other != key);
            self.mark_session(key, Part::Head);
        }
    }

    /// A character is no longer in a channel: nothing of it is held.
    pub(crate) fn forget_apart(&mut self, channel: ChannelKey, key: ConnectionKey) {
        if let Some(connection) = self.connections.get_mut(key)
            && let Some(absence) = &mut connection.absence
        {
            absence.apart.retain(|&other| other != channel);
            absence.take(Some(channel));
        }
    }

    /// The characters that have been away for too long.
    pub fn overdue(&self) -> Vec<ConnectionKey> {
        self.away().filter(|&key| self.is_over(key)).collect()
    }

    fn is_over(&self, key: ConnectionKey) -> bool {
        self.connections
            .get(key)
            .and_then(|connection| connection.absence.as_ref())
            .is_some_and(|absence| absence.until <= self.now.monotonic)
    }

    /// Takes characters that are back and have not joined their channels again in time out of these channels, for all to see.
    pub fn part_overdue(&mut self) {
        if self.absent.is_empty() {
            return;
        }
        let late: Vec<_> = self
            .absent
            .iter()
            .copied()
            .filter(|&key| !self.is_away(key) && self.is_over(key))
            .collect();
        for key in late {
            let Some(connection) = self.connections.get_mut(key) else {
                continue;
            };
            let name = Arc::clone(&connection.name);
            let apart = connection
                .absence
                .as_mut()
                .map(|absence| std::mem::take(&mut absence.apart));
            for channel in apart.unwrap_or_default() {
                self.keep_room(channel);
                self.part(channel, key);
                let Some(place) = self.channels.get(channel) else {
                    continue;
                };
                let place = Arc::clone(&place.name);
                let frame = self.outputs.frame(|out| frame::left(out, &place, &name));
                self.send_channel_frame(channel, None, frame);
            }
            self.end_absence(key);
        }
    }

    /// Connections of which nothing is left but their place in the world; they are to be removed.
    pub fn take_spent(&mut self) -> Vec<ConnectionKey> {
        std::mem::take(&mut self.spent)
    }
}
