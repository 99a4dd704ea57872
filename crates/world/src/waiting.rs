//! Messages that came too early and wait their turn (page 8, `flood_mode`). The order in which a client said them is
//! kept; what they mean is decided when it is their turn.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::world::{ConnectionKey, World};

/// Messages that wait for one connection.
const MESSAGES_MAX: usize = 5;
/// Commands that wait behind them to keep their order; more are carried out at once.
const OTHERS_MAX: usize = 100;
/// Connections for which something is handled at once: when more is due, others have their turn between.
const RELEASED_MAX: usize = 64;
/// Bytes that wait for one connection: five private messages of the usual greatest length.
const BYTES_MAX: usize = 256 * 1024;

/// What waits for one connection; there is something.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Waiting {
    /// When the first is to be tried again, in milliseconds of [`crate::Now::monotonic`].
    due: u64,
    queue: VecDeque<Box<str>>,
    messages: usize,
    bytes: usize,
}

/// The turn of the command at hand, as far as waiting goes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Turn {
    /// It has waited already.
    waited: bool,
    /// The script wants it to wait until then.
    until: Option<u64>,
    /// Whoever said it goes, so that nothing can wait any longer.
    last: bool,
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
        self.connections
            .get(key)
            .and_then(|connection| connection.waiting.as_ref())
            .is_some_and(|waiting| waiting.queue.iter().any(|text| text.starts_with(code)))
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
            .is_some_and(|waiting| waiting.messages >= MESSAGES_MAX);
        if is_full && !self.turn.waited {
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

    /// Lets a message wait behind those that wait already, or until `due` if it is the first. False when too much
    /// waits.
    pub fn wait(&mut self, key: ConnectionKey, text: &str, due: u64) -> bool {
        let waited = self.turn.waited;
        let Some(connection) = self.connections.get_mut(key) else {
            return false;
        };
        let before = connection.waiting.as_ref().map(|waiting| waiting.due);
        let waiting = connection.waiting.get_or_insert_with(|| {
            Box::new(Waiting {
                due,
                queue: VecDeque::new(),
                messages: 0,
                bytes: 0,
            })
        });
        let fits = waiting.messages < MESSAGES_MAX && waiting.bytes + text.len() <= BYTES_MAX;
        if fits || waited {
            waiting.messages += 1;
            waiting.bytes += text.len();
            if waited {
                waiting.due = due;
                waiting.queue.push_front(text.into());
            } else {
                waiting.queue.push_back(text.into());
            }
        }
        let due = waiting.due;
        if waiting.queue.is_empty() {
            connection.waiting = None;
        } else if before != Some(due) {
            if let Some(before) = before {
                self.waiting.remove(&(before, key));
            }
            self.waiting.insert((due, key));
        }
        fits || waited
    }

    /// Lets a command that is no message wait behind the messages. False when nothing waits, or too much.
    pub fn wait_behind(&mut self, key: ConnectionKey, text: &str) -> bool {
        let Some(waiting) = self
            .connections
            .get_mut(key)
            .and_then(|connection| connection.waiting.as_mut())
        else {
            return false;
        };
        let others = waiting.queue.len() - waiting.messages.min(waiting.queue.len());
        if others >= OTHERS_MAX || waiting.bytes + text.len() > BYTES_MAX {
            return false;
        }
        waiting.bytes += text.len();
        waiting.queue.push_back(text.into());
        true
    }

    /// The connections for which something is due, those first for which it has been due longest; not too many.
    pub fn due(&self) -> Vec<ConnectionKey> {
        let due = self.waiting.iter();
        let due = due.take_while(|(due, _)| *due <= self.now.monotonic);
        due.take(RELEASED_MAX).map(|(_, key)| *key).collect()
    }

    /// When the next message is due, in milliseconds of [`crate::Now::monotonic`].
    pub fn next_due(&self) -> Option<u64> {
        self.waiting.first().map(|(due, _)| *due)
    }

    /// When what waits for a connection is due.
    pub fn next_due_of(&self, key: ConnectionKey) -> Option<u64> {
        let waiting = self.connections.get(key)?.waiting.as_ref()?;
        Some(waiting.due)
    }

    /// Takes what has waited longest for a connection; `is_message` tells of a text whether it is a message. With
    /// `last` nothing can wait any longer, and no timer counts for it.
    pub fn take_waiting(
        &mut self,
        key: ConnectionKey,
        last: bool,
        is_message: impl Fn(&str) -> bool,
    ) -> Option<Box<str>> {
        self.turn = Turn {
            waited: true,
            until: None,
            last,
        };
        let connection = self.connections.get_mut(key)?;
        let waiting = connection.waiting.as_mut()?;
        let text = waiting.queue.pop_front();
        if let Some(text) = &text {
            waiting.messages -= usize::from(is_message(text));
            waiting.bytes -= text.len();
        }
        if waiting.queue.is_empty() {
            self.forget_waiting(key);
        }
        text
    }

    /// Whether no timer counts for the command at hand.
    pub(crate) fn is_last_word(&self) -> bool {
        self.turn.last
    }

    /// Nothing waits for a connection any more.
    pub(crate) fn forget_waiting(&mut self, key: ConnectionKey) {
        if let Some(connection) = self.connections.get_mut(key)
            && let Some(waiting) = connection.waiting.take()
        {
            self.waiting.remove(&(waiting.due, key));
        }
    }
}
