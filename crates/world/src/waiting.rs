//! Commands that wait their turn: messages that came too early (`flood_mode`), and all commands of an account that
//! is over its budget ([`crate::budget`]). The order in which a client said them is kept; their meaning is decided when
//! it is their turn.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::budget::paced;
use crate::people::PersonId;
use crate::sessions::Part;
use crate::settings::Settings;
use crate::settings::keys;
use crate::world::{ConnectionKey, World};

/// Connections for which something is handled at once: when more is due, others have their turn between.
const RELEASED_MAX: usize = 64;
/// The reason why a command waits, which decides how later commands are handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// It is talk: all talk of a client stays in order.
    Message,
    /// It has to come after the talk before it.
    Behind,
    /// The account is over its budget: everything else waits behind it.
    Budget,
}

/// Commands that wait for one connection; there is at least one.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Waiting {
    /// When the first is to be tried again, in milliseconds of [`crate::Now::monotonic`].
    due: u64,
    queue: VecDeque<(Reason, Box<str>)>,
    /// How many of them are talk.
    messages: usize,
    /// How many of them wait for the budget.
    held: usize,
    bytes: usize,
}

impl Waiting {
    fn new(due: u64) -> Self {
        Self {
            due,
            queue: VecDeque::new(),
            messages: 0,
            held: 0,
            bytes: 0,
        }
    }

    /// The messages, in their order.
    pub(crate) fn said(&self) -> Vec<String> {
        let messages = self.queue.iter().filter(|(reason, _)| *reason == Reason::Message);
        messages.map(|(_, text)| text.to_string()).collect()
    }

    fn fits(&self, reason: Reason, text: &str, settings: &Settings) -> bool {
        let fits = match reason {
            Reason::Message => self.messages < settings.count(keys::MESSAGES_WAITING_MAX),
            Reason::Behind | Reason::Budget => {
                self.queue.len() - self.messages < settings.count(keys::COMMANDS_WAITING_MAX)
            }
        };
        fits && self.bytes + text.len() <= settings.count(keys::WAITING_BYTES_MAX)
    }

    fn count(&mut self, reason: Reason, text: &str) {
        self.messages += usize::from(reason == Reason::Message);
        self.held += usize::from(reason == Reason::Budget);
        self.bytes += text.len();
    }

    fn discount(&mut self, reason: Reason, text: &str) {
        self.messages -= usize::from(reason == Reason::Message);
        self.held -= usize::from(reason == Reason::Budget);
        self.bytes -= text.len();
    }
}

/// The turn of the command at hand.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Turn {
    /// It has waited already.
    waited: Option<Reason>,
    /// The script wants it to wait until then.
    until: Option<u64>,
    /// The most that it may cost because it restarted a timer of its own: see [`crate::budget`].
    pace: Option<u64>,
}

impl Turn {
    /// The command restarted a timer of so many seconds.
    pub(crate) fn set_pace(&mut self, seconds: f64) {
        self.pace = self.pace.max(Some(paced(seconds)));
    }

    pub(crate) fn pace(self) -> Option<u64> {
        self.pace
    }

    pub(crate) fn is_postponed(self) -> bool {
        self.until.is_some()
    }
}

/// Commands that waited for a connection that its character has given up for another one.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Legacy {
    person: PersonId,
    folded: Arc<str>,
    waiting: Box<Waiting>,
}

impl World {
    /// Whether something waits for a connection.
    pub fn is_waiting(&self, key: ConnectionKey) -> bool {
        self.connections
            .get(key)
            .is_some_and(|connection| connection.waiting.is_some())
    }

    /// Whether a command with this code waits for a connection.
    pub fn has_waiting(&self, key: ConnectionKey, code: &str) -> bool {
        self.waiting_of(key)
            .is_some_and(|waiting| waiting.queue.iter().any(|(_, text)| text.starts_with(code)))
    }

    /// Whether commands wait for a connection that were held back for the budget, so that all others wait, too.
    pub fn holds_all(&self, key: ConnectionKey) -> bool {
        self.waiting_of(key).is_some_and(|waiting| waiting.held > 0)
    }

    fn waiting_of(&self, key: ConnectionKey) -> Option<&Waiting> {
        self.connections.get(key)?.waiting.as_deref()
    }

    /// A command that is handled for the first time begins.
    pub fn begin_turn(&mut self) {
        self.turn = Turn::default();
    }

    /// The script wants the command at hand to be handled when a timer has run out. False when too much waits
    /// already.
    pub fn postpone(&mut self, key: ConnectionKey, timer: &str, seconds: f64) -> bool {
        let Some(connection) = self.connections.get(key) else {
            return false;
        };
        let is_full = connection
            .waiting
            .as_ref()
            .is_some_and(|waiting| waiting.messages >= self.settings.count(keys::MESSAGES_WAITING_MAX));
        if is_full && self.turn.waited.is_none() {
            return false;
        }
        let due = connection
            .throttles
            .due(timer, seconds)
            .max(self.now.monotonic + 1);
        self.turn.until = Some(due);
        true
    }

    /// When the command at hand is to be handled, if the script has postponed it.
    pub fn take_postponed(&mut self) -> Option<u64> {
        self.turn.until.take()
    }

    /// Lets a command wait behind those that wait already, or until `due` if it is the first. One that has waited
    /// before is the first again. False when too much waits.
    pub fn wait(&mut self, key: ConnectionKey, text: &str, reason: Reason, due: u64) -> bool {
        let waited = self.turn.waited;
        let Some(connection) = self.connections.get_mut(key) else {
            return false;
        };
        let before = connection.waiting.as_ref().map(|waiting| waiting.due);
        let waiting = connection
            .waiting
            .get_or_insert_with(|| Box::new(Waiting::new(due)));
        let fits = waited.is_some() || waiting.fits(reason, text, &self.settings);
        if fits {
            waiting.count(reason, text);
            if waited.is_some() {
                waiting.due = due;
                waiting.queue.push_front((reason, text.into()));
            } else {
                waiting.queue.push_back((reason, text.into()));
            }
        }
        let due = waiting.due;
        if waiting.queue.is_empty() {
            connection.waiting = None;
        } else if before != Some(due) {
            self.set_due(key, before, due);
        }
        if fits && reason == Reason::Message {
            self.mark_session(key, Part::Waiting);
        }
        fits
    }

    /// Lets a command that is no message wait behind the messages. False when nothing waits, or too much.
    pub fn wait_behind(&mut self, key: ConnectionKey, text: &str) -> bool {
        self.is_waiting(key) && self.wait(key, text, Reason::Behind, 0)
    }

    /// Puts off the commands that wait for a connection until that time.
    pub fn put_off(&mut self, key: ConnectionKey, due: u64) {
        if let Some(connection) = self.connections.get_mut(key)
            && let Some(waiting) = &mut connection.waiting
        {
            let before = std::mem::replace(&mut waiting.due, due);
            self.set_due(key, Some(before), due);
        }
    }

    fn set_due(&mut self, key: ConnectionKey, before: Option<u64>, due: u64) {
        if let Some(before) = before {
            self.waiting.remove(&(before, key));
        }
        self.waiting.insert((due, key));
    }

    /// The connections for which something is due, those first for which it has been due longest; not too many.
    pub fn due(&self) -> Vec<ConnectionKey> {
        let due = self.waiting.iter();
        let due = due.take_while(|(due, _)| *due <= self.now.monotonic);
        due.take(RELEASED_MAX).map(|(_, key)| *key).collect()
    }

    /// When the next command or log-in is due, in milliseconds of [`crate::Now::monotonic`].
    pub fn next_due(&self) -> Option<u64> {
        self.waiting.first().map(|(due, _)| *due)
    }

    /// The time at which the first waiting command of a connection is due.
    pub fn next_due_of(&self, key: ConnectionKey) -> Option<u64> {
        Some(self.waiting_of(key)?.due)
    }

    /// Takes the oldest waiting command of a connection: its turn begins.
    pub fn take_waiting(&mut self, key: ConnectionKey) -> Option<Box<str>> {
        let connection = self.connections.get_mut(key)?;
        let waiting = connection.waiting.as_mut()?;
        let (reason, text) = waiting.queue.pop_front()?;
        waiting.discount(reason, &text);
        if waiting.queue.is_empty() {
            self.forget_waiting(key);
        } else if reason == Reason::Message {
            self.mark_session(key, Part::Waiting);
        }
        self.turn = Turn {
            waited: Some(reason),
            ..Turn::default()
        };
        Some(text)
    }

    /// Whether messages wait for a connection. Commands behind the last of them are forgotten: it has no meaning for
    /// an absent character.
    pub(crate) fn keep_messages(&mut self, key: ConnectionKey) -> bool {
        let Some(waiting) = self
            .connections
            .get_mut(key)
            .and_then(|connection| connection.waiting.as_mut())
        else {
            return false;
        };
        while let Some((reason, text)) = waiting
            .queue
            .pop_back_if(|(reason, _)| *reason != Reason::Message)
        {
            waiting.discount(reason, &text);
        }
        if waiting.queue.is_empty() {
            self.forget_waiting(key);
            return false;
        }
        true
    }

    /// The messages that wait for a connection have waited too long: they are dropped, and counted.
    pub fn drop_messages(&mut self, key: ConnectionKey) {
        if let Some(waiting) = self.forget_waiting(key) {
            self.limit_counts.messages_dropped += waiting.messages as u64;
        }
    }

    /// Removes all waiting commands of a connection, and gives them.
    pub(crate) fn forget_waiting(&mut self, key: ConnectionKey) -> Option<Box<Waiting>> {
        let waiting = self.connections.get_mut(key)?.waiting.take()?;
        self.waiting.remove(&(waiting.due, key));
        self.mark_session(key, Part::Waiting);
        Some(waiting)
    }

    /// The character gives up its connection for another one: its waiting commands go on with it, if that one is let in within
    /// the same input.
    pub(crate) fn leave_waiting(&mut self, key: ConnectionKey) {
        let Some(person) = self.person_of(key).filter(|_| self.keep_messages(key)) else {
            return;
        };
        if let Some(waiting) = self.forget_waiting(key)
            && let Some(connection) = self.connections.get(key)
        {
            self.legacy = Some(Legacy {
                person,
                folded: Arc::clone(&connection.folded),
                waiting,
            });
        }
    }

    /// See [`World::leave_waiting`].
    pub(crate) fn inherit_waiting(&mut self, key: ConnectionKey) {
        let Some(legacy) = self.legacy.take() else { return };
        if let Some(connection) = self.connections.get_mut(key)
            && connection.person == legacy.person
            && connection.folded == legacy.folded
            && connection.waiting.is_none()
        {
            let due = legacy.waiting.due;
            connection.waiting = Some(legacy.waiting);
            self.set_due(key, None, due);
            self.mark_session(key, Part::Waiting);
        }
    }

    /// How many commands wait, and for how many connections.
    pub fn waiting_counts(&self) -> (usize, usize) {
        let queues = self
            .waiting
            .iter()
            .filter_map(|(_, key)| Some(self.waiting_of(*key)?.queue.len()));
        queues.fold((0, 0), |(commands, connections), length| {
            (commands + length, connections + 1)
        })
    }
}
