//! Messages that came too early and wait their turn (page 8, `flood_mode`).
//!
//! The order in which a client says things is kept among its messages. Leaving a channel waits behind them, since a
//! message to a channel that one has left would be refused, and coming into a channel waits behind leaving one.
//! Everything else goes on at once.

use fchatd_protocol::command::{self, Code};
use fchatd_protocol::error;
use fchatd_world::ConnectionKey;

use crate::Core;

const MESSAGES: [Code; 4] = [
    Code::new(b"MSG"),
    Code::new(b"PRI"),
    Code::new(b"LRP"),
    Code::new(b"RLL"),
];
const LEAVE: Code = Code::new(b"LCH");
const JOIN: Code = Code::new(b"JCH");

fn is_message(text: &str) -> bool {
    command::split(text).is_ok_and(|message| message.code.is_some_and(|code| MESSAGES.contains(&code)))
}

impl Core {
    /// Whether a command waits behind what waits already; whoever says too much is told.
    pub(crate) fn waits(&mut self, key: ConnectionKey, code: Option<Code>, text: &str) -> bool {
        match code {
            Some(code) if MESSAGES.contains(&code) => {
                if !self.world.wait(key, text, 0) {
                    self.world.send_error(key, error::THROTTLE_MESSAGE, None);
                }
                true
            }
            Some(LEAVE) => self.world.wait_behind(key, text),
            Some(JOIN) => self.world.has_waiting(key, LEAVE.as_str()) && self.world.wait_behind(key, text),
            _ => false,
        }
    }

    /// Lets the command at hand wait where the script has postponed it.
    pub(crate) fn keep_postponed(&mut self, key: ConnectionKey, text: &str) {
        if let Some(due) = self.world.take_postponed()
            && !self.world.wait(key, text, due)
        {
            self.world.send_error(key, error::THROTTLE_MESSAGE, None);
        }
    }

    /// When [`fchatd_protocol::exchange::Input::Tick`] should come at the latest, in milliseconds of
    /// [`fchatd_world::Now::monotonic`]; nothing when once in a second is enough.
    pub fn next_due(&self) -> Option<u64> {
        self.world.next_due()
    }

    /// Handles the messages whose turn has come.
    pub(crate) fn release_waiting(&mut self) {
        for key in self.world.due() {
            while let Some(text) = self.world.take_waiting(key, false, is_message) {
                let before = self.world.now.monotonic;
                self.command(key, &text);
                // It waits again: the next has to, too.
                if self.world.next_due_of(key).is_some_and(|due| due > before) {
                    break;
                }
            }
        }
        self.world.begin_turn();
    }

    /// Handles everything that waits for a connection that has said goodbye: what was said is not lost.
    pub(crate) fn release_last(&mut self, key: ConnectionKey) {
        while let Some(text) = self.world.take_waiting(key, true, is_message) {
            self.command(key, &text);
        }
        self.world.begin_turn();
    }
}
