//! Commands that wait their turn: messages that came too early (`flood_mode`), and commands of an account that is
//! over its budget.
//!
//! The order in which a client says things is kept among its messages. Leaving a channel waits behind them, since a
//! message to a channel that one has left would be refused, and coming into a channel waits behind leaving one.
//! `TPN` to oneself waits behind them as well: clients send it as a mark behind a command, and take the answers before the
//! mark for those of the command. Everything else goes on at once, unless the budget holds it back: then everything waits.
//! The table of commands has the rule for each command ([`Order`]).

use fchatd_protocol::command::nature::Order;
use fchatd_protocol::command::{self, Code};
use fchatd_protocol::error;
use fchatd_world::{ConnectionKey, Reason};

use crate::Core;
use crate::commit::Cause;

const LEAVE: Code = Code::new(b"LCH");

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
        let order = code.map_or(Order::Free, |code| self.world.natures.of(code).order());
        if order == Order::Message && (over.is_some() || self.world.is_waiting(key)) {
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
        let goes_behind = match order {
            Order::Free | Order::Message => false,
            Order::Behind => true,
            Order::BehindLeave => self.world.has_waiting(key, LEAVE.as_str()),
            Order::BehindToSelf => self.is_to_oneself(key, text),
        };
        goes_behind && self.world.wait_behind(key, text)
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
                self.commit(start, |_| Cause::Deed(id));
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
            self.commit(start, |natures| Cause::of_command(natures, id, &text));
            // It waits again: the next has to, too.
            if self.world.next_due_of(key).is_some_and(|due| due > now) {
                return;
            }
        }
    }
}
