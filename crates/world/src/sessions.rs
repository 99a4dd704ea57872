//! The sessions, kept for the next start: marks of changes, and the changes for a store. How a world
//! takes it over is in [`crate::comeback`].
//!
//! This is apart from [`crate::changes`] because no frame waits for it: a crash may cost the last second of it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use fchatd_protocol::session::{HeldLine, Seat, SessionChange, SessionHead, SessionProfile, Sessions};
use serde::{Deserialize, Serialize};

use crate::connection::Connection;
use crate::world::{ChannelKey, ConnectionKey, World};

/// Lines that are kept for all characters that miss some, and their bytes. The oldest go first; memory holds them on for each
/// character up to `resume_lines_max` and `resume_bytes_max`.
const LINES_MAX: usize = 20_000;
const LINE_BYTES_MAX: usize = 16 << 20;
/// How often a store is told that the process lives, in seconds.
const ALIVE_SECONDS: i64 = 60;

/// The parts of a connection's character that a store has, and those that have changed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Saved {
    /// The store has it, as far as the changes go that were told.
    pub(crate) kept: bool,
    head: bool,
    profile: bool,
    waiting: bool,
}

/// Marks since the last changes that were told.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct SessionMarks {
    recording: bool,
    /// Characters with a mark in [`Saved`]; each once.
    changed: Vec<ConnectionKey>,
    gone: Vec<Arc<str>>,
    /// Characters and channels (names in lower case) that have come together or apart, with the lines that the character has heard
    /// there.
    seats: BTreeMap<(Arc<str>, Arc<str>), Heard>,
    told: Vec<SessionChange>,
    /// The number of the last line.
    last_line: u64,
    /// The numbers of the lines that are kept, and their bytes.
    lines: VecDeque<(u64, usize)>,
    line_bytes: usize,
    /// When it was told last that the process lives, in Unix seconds.
    alive: i64,
}

/// The lines that a character has heard in a channel: see [`Seat`].
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Heard {
    /// The absence for which it counts, by its [`SessionHead::missed_since`].
    pub(crate) absence: u64,
    /// The number of the last line.
    pub(crate) line: u64,
}

/// A part of a kept session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Head,
    Profile,
    Waiting,
}

impl SessionMarks {
    /// From now on changes are marked.
    pub(crate) fn record(&mut self) {
        self.recording = true;
    }

    /// The number of the last missed line.
    pub(crate) fn last_line(&self) -> u64 {
        self.last_line
    }

    /// The number by which an absence that begins now is known; no other one has it.
    pub(crate) fn number_absence(&mut self) -> u64 {
        self.last_line += 1;
        self.last_line
    }

    /// Lines that a store has from an earlier process. Numbers go on where that one ended, also where its lines are gone.
    pub(crate) fn take_over(&mut self, sessions: &Sessions) {
        for line in &sessions.lines {
            self.last_line = self.last_line.max(line.number);
            self.count(line.number, line.text.len());
        }
        let absences = sessions
            .people
            .iter()
            .filter_map(|record| record.head.missed_since);
        self.last_line = absences.fold(self.last_line, u64::max);
    }

    fn count(&mut self, number: u64, bytes: usize) {
        self.lines.push_back((number, bytes));
        self.line_bytes += bytes;
    }

    /// A character that a store may have is not online any more.
    pub(crate) fn gone(&mut self, folded: &Arc<str>) {
        self.gone.push(Arc::clone(folded));
        self.seats.retain(|(session, _), _| session != folded);
    }

    /// A character has come into a channel, or has gone from it.
    fn seat(&mut self, folded: &Arc<str>, channel: &Arc<str>, heard: Heard) {
        self.seats
            .insert((Arc::clone(folded), Arc::clone(channel)), heard);
    }

    /// A character misses a line, which is to a channel where there is a `sender` (empty for none that is in it).
    pub(crate) fn line(&mut self, sender: Option<&str>, to: &str, text: &[u8]) {
        self.last_line += 1;
        let Some(text) = std::str::from_utf8(text).ok().filter(|_| self.recording) else {
            return;
        };
        let number = self.last_line;
        self.count(number, text.len());
        self.told.push(SessionChange::Line(HeldLine {
            number,
            in_channel: sender.is_some(),
            to: to.to_owned(),
            sender: sender.unwrap_or_default().to_owned(),
            text: text.to_owned(),
        }));
        while self.lines.len() > LINES_MAX || self.line_bytes > LINE_BYTES_MAX {
            let Some(&(oldest, _)) = self.lines.front() else {
                return;
            };
            self.forget_lines(oldest);
        }
    }

    /// A character has had the private lines that it missed.
    pub(crate) fn lines_taken(&mut self, folded: &str) {
        if self.recording && !self.lines.is_empty() {
            self.told.push(SessionChange::LinesTaken {
                session: folded.to_owned(),
                up_to: self.last_line,
            });
        }
    }

    /// The lines up to this one are not missed any more.
    fn forget_lines(&mut self, up_to: u64) {
        let before = self.lines.len();
        while let Some(&(number, bytes)) = self.lines.front()
            && number <= up_to
        {
            self.lines.pop_front();
            self.line_bytes -= bytes;
        }
        if self.lines.len() < before && self.recording {
            self.told.push(SessionChange::LinesGone { up_to });
        }
    }

    #[inline]
    fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.gone.is_empty() && self.seats.is_empty() && self.told.is_empty()
    }
}

impl World {
    /// Whether there is something in [`World::take_session_changes`].
    #[inline]
    pub fn have_sessions_changed(&self) -> bool {
        !self.sessions.is_empty()
    }

    /// Marks a part of a character as different from the store's.
    pub(crate) fn mark_session(&mut self, key: ConnectionKey, part: Part) {
        if !self.sessions.recording {
            return;
        }
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        let saved = &mut connection.saved;
        if !(saved.head || saved.profile || saved.waiting) {
            self.sessions.changed.push(key);
        }
        match part {
            Part::Head => saved.head = true,
            Part::Profile => saved.profile = true,
            Part::Waiting => saved.waiting = true,
        }
    }

    /// The changes of the people online, in an order in which they can be made.
    pub fn take_session_changes(&mut self) -> Vec<SessionChange> {
        let marks = &mut self.sessions;
        let mut changes: Vec<_> = std::mem::take(&mut marks.gone)
            .into_iter()
            .map(|folded| SessionChange::Gone {
                session: folded.to_string(),
            })
            .collect();
        for key in std::mem::take(&mut marks.changed) {
            let Some(connection) = self.connections.get_mut(key) else {
                continue;
            };
            let is_new = !connection.saved.kept;
            let saved = std::mem::take(&mut connection.saved);
            if connection.is_identified() {
                connection.saved.kept = true;
                describe(connection, saved, is_new, &mut changes);
            } else {
                connection.saved.kept = saved.kept;
            }
        }
        for ((session, channel), heard) in std::mem::take(&mut marks.seats) {
            let member = self.by_name.get(&session);
            let place = self.channel_names.get(&channel);
            let place = place.and_then(|&key| self.channels.get(key));
            let is_in = place
                .zip(member)
                .is_some_and(|(place, &member)| place.has_member(member));
            let (session, channel) = (session.to_string(), channel.to_string());
            changes.push(if is_in {
                let seat = Seat {
                    channel,
                    absence: heard.absence,
                    heard: heard.line,
                };
                SessionChange::Seat { session, seat }
            } else {
                SessionChange::Left { session, channel }
            });
        }
        changes.append(&mut self.sessions.told);
        changes
    }

    /// Once in a second: a store hears now and then that the process lives, and the lines that are not missed any more.
    pub fn keep_sessions(&mut self) {
        if !self.sessions.recording {
            return;
        }
        let time = self.unix_seconds();
        if time.abs_diff(self.sessions.alive) >= ALIVE_SECONDS.unsigned_abs() {
            self.sessions.alive = time;
            self.sessions.told.push(SessionChange::Alive { time });
        }
        if !self.sessions.lines.is_empty() {
            let absences = self.absent.iter().filter_map(|&key| self.missed_since(key));
            let up_to = absences.min().unwrap_or(self.sessions.last_line);
            self.sessions.forget_lines(up_to);
        }
    }

    /// A character has come into a channel, has gone from it, or hears it again.
    pub(crate) fn mark_seat(&mut self, channel: ChannelKey, key: ConnectionKey, heard: Heard) {
        if self.sessions.recording {
            self.mark_seat_always(channel, key, heard);
        }
    }

    /// As [`World::mark_seat`], also before changes are marked: a store is told later.
    pub(crate) fn mark_seat_always(&mut self, channel: ChannelKey, key: ConnectionKey, heard: Heard) {
        if let (Some(place), Some(connection)) = (self.channels.get(channel), self.connections.get(key)) {
            self.sessions.seat(&connection.folded, &place.folded, heard);
        }
    }
}

/// The changes of a character: all of it when it is new, else the changed parts.
fn describe(connection: &Connection, saved: Saved, is_new: bool, changes: &mut Vec<SessionChange>) {
    let session = || connection.folded.to_string();
    if saved.head || is_new {
        changes.push(SessionChange::Here(head(connection)));
    }
    if saved.profile || is_new {
        changes.push(SessionChange::Profile {
            session: session(),
            profile: profile(connection),
        });
    }
    if saved.waiting || is_new && connection.waiting.is_some() {
        let waiting = connection.waiting.as_ref();
        changes.push(SessionChange::Waiting {
            session: session(),
            commands: waiting.map_or_else(Vec::new, |waiting| waiting.said()),
        });
    }
}

fn head(connection: &Connection) -> SessionHead {
    SessionHead {
        name: connection.name.to_string(),
        account: connection.account,
        character: connection.character,
        gender: connection.gender.to_string(),
        status: connection.status.to_string(),
        status_message: connection.status_message.to_string(),
        roles: connection.roles.iter().map(ToString::to_string).collect(),
        hellbanned: connection.hellbanned,
        missed_since: connection.absence.as_ref().map(|absence| absence.since()),
    }
}

fn profile(connection: &Connection) -> SessionProfile {
    let profile = &connection.profile;
    SessionProfile {
        friends: profile.friends.clone(),
        ignores: profile.ignores.clone(),
        kinks: profile.kinks.iter().map(|&kink| kink as i64).collect(),
        custom_kinks: profile.custom_kinks.clone(),
        info_tags: profile.info_tags.clone(),
        misc: profile.misc.clone(),
    }
}
