//! Commands that wait their turn: messages that came too early (`flood_mode`), and commands of an account that is
//! over its budget.
//!
//! The order in which a client says things is kept among its messages. Leaving a channel waits behind them, since a
//! message to a channel that one has left would be refused, and coming into a channel waits behind leaving one.
//! `TPN` to oneself waits behind them as well: clients send it as a mark behind a command, and take the answers before the
//! mark for those of the command. Everything else goes on at once, unless the budget holds it back: then everything waits.

use fchatd_protocol::command::{self, Code};
use fchatd_protocol::error;
use fchatd_world::{ConnectionKey, Reason};

use crate::Core;
use crate::commit::Cause;

const MESSAGES: [Code; 4] = [
    Code::new(b"MSG"),
    Code::new(b"PRI"),
    Code::new(b"LRP"),
    Code::new(b"RLL"),
];
const LEAVE: Code = Code::new(b"LCH");
const JOIN: Code = Code::new(b"JCH");
const TYPING: Code = Code::new(b"TPN");

const TOO_MANY_COMMANDS: &str =
    "You are sending commands too quickly. Wait a moment and send this one again.";

impl Core {
    /// Whether a command waits behind what waits already, or until the account may send something again (`over`);
    /// whoever says too much is told.
    pub(crate) fn waits(
        &mut self,
        key: ConnectionKey,
        code: Option<Code>,
        text: &str,
        over: Option<u64>,
    ) -> bool {
        let is_message = code.is_some_and(|code| MESSAGES.contains(&code));
        if is_message && (over.is_some() || self.world.is_waiting(key)) {
            if !self.world.wait(key, text, Reason::Message, over.unwrap_or(0)) {
                self.world.send_error(key, error::THROTTLE_MESSAGE, None);
            }
            return true;
        }
        if over.is_some() || self.world.holds_all(key) {
            if self.world.wait(key, text, Reason::Budget, over.unwrap_or(0)) {
                self.world.limit_counts_mut().commands_delayed += 1;
            } else {
                self.world.limit_counts_mut().commands_refused += 1;
                self.world
                    .send_error(key, error::THROTTLE_MESSAGE, Some(TOO_MANY_COMMANDS));
            }
            return true;
        }
        match code {
            Some(LEAVE) => self.world.wait_behind(key, text),
            Some(JOIN) => self.world.has_waiting(key, LEAVE.as_str()) && self.world.wait_behind(key, text),
            Some(TYPING) => self.is_to_oneself(key, text) && self.world.wait_behind(key, text),
            _ => false,
        }
    }

    /// Whether the character that a command names is the sender.
    fn is_to_oneself(&mut self, key: ConnectionKey, text: &str) -> bool {
        let payload = command::split(text).map_or("", |message| message.payload);
        self.tape.parse(payload).is_ok()
            && self.world.connection(key).is_some_and(|sender| {
                let named = self.tape.text("character");
                named.is_some_and(|named| named.eq_ignore_ascii_case(&sender.name))
            })
    }

    /// Lets the command at hand wait where the script has postponed it.
    pub(crate) fn keep_postponed(&mut self, key: ConnectionKey, text: &str) {
        if let Some(due) = self.world.take_postponed()
            && !self.world.wait(key, text, Reason::Message, due)
        {
            self.world.send_error(key, error::THROTTLE_MESSAGE, None);
        }
    }

    /// When [`fchatd_protocol::exchange::Input::Tick`] should come at the latest, in milliseconds of
    /// [`fchatd_world::Now::monotonic`]; nothing when once in a second is enough.
    pub fn next_due(&self) -> Option<u64> {
        self.world.next_due()
    }

    /// Handles the commands and log-ins that are due. Each of them is an action of its sender, not of time:
    /// its changes are committed for themselves.
    pub(crate) fn release_waiting(&mut self) {
        for key in self.world.due() {
            if let Some(answer) = self.world.take_queued_login(key) {
                let start = self.world.outputs.operations.len();
                let id = self.world.connection(key).map(|connection| connection.id);
                self.let_in(key, &answer);
                self.commit(start, || Cause::Deed(id));
                continue;
            }
            self.release_commands(key);
            if self.world.is_leaving(key) && !self.world.is_waiting(key) {
                self.leave(key);
            }
        }
        self.world.begin_turn();
    }

    fn release_commands(&mut self, key: ConnectionKey) {
        loop {
            if let Some(due) = self.world.over_budget(key) {
                return self.world.put_off(key, due);
            }
            let Some(text) = self.world.take_waiting(key) else {
                return;
            };
            let now = self.world.now.monotonic;
            let start = self.world.outputs.operations.len();
            let id = self.world.connection(key).map(|connection| connection.id);
            self.command(key, &text);
            self.commit(start, || Cause::of_command(id, &text));
            // It waits again: the next has to, too.
            if self.world.next_due_of(key).is_some_and(|due| due > now) {
                return;
            }
        }
    }
}
