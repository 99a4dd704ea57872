//! The budget of commands: one token bucket for each account, for all commands together. The price of a command is
//! its cost: a basic weight, and the frames that it sent, by the number of recipients and by bytes. So a command
//! that a script adds has a price, too. A command that waits for a timer of its own (`msg_flood` and
//! the like) is slow already: its price is at most a quarter of the refill within that time.

use fchatd_protocol::command::Code;
use fchatd_protocol::command::nature::Nature;
use fchatd_protocol::exchange::Operation;
use serde::{Deserialize, Serialize};

use crate::allowance::MILLISECOND;
use crate::settings::Settings;
use crate::settings::keys;
use crate::world::{ConnectionKey, World};

/// Prices are in thousandths of a plain command.
const PLAIN: u64 = 1000;
/// So many recipients cost as much as a plain command.
const RECIPIENTS: u64 = 500;
/// So many bytes, counted for each recipient, cost as much as a plain command.
const BYTES: u64 = 65_536;
/// The greatest price of a command of a character with a role: a moderator of a large channel must not wait.
const STAFF_MOST: u64 = 5 * PLAIN;
/// The part of a timer, in nanoseconds for each second, that a command with that timer may cost.
const PACED_PART: f64 = 250_000_000.0;

/// The settings of the budget, in the units of [`crate::allowance`].
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Budget {
    /// The time in which a thousandth of a plain command comes back; 0 where there is no budget.
    each: u64,
    /// The time in which an empty bucket is full.
    size: u64,
}

impl Budget {
    pub(crate) fn of(settings: &Settings) -> Self {
        let rate = settings.number(keys::COMMAND_RATE);
        if rate <= 0.0 {
            return Self::default();
        }
        let each = (1e9 / rate / PLAIN as f64).max(1.0) as u64;
        Self {
            each,
            size: (settings.number(keys::COMMAND_BURST) * PLAIN as f64) as u64 * each,
        }
    }
}

/// Counters of the effects of limits, since the start.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitCounts {
    /// Commands that had to wait for the budget.
    pub commands_delayed: u64,
    /// Commands that were refused because too many waited.
    pub commands_refused: u64,
    /// Log-ins that had to wait.
    pub logins_delayed: u64,
    /// Log-ins that were refused because the account logs in too often.
    pub logins_refused: u64,
    /// Log-ins that were refused because their address has all its sessions (`max_per_ip`).
    pub addresses_full: u64,
    /// Rooms that were not made.
    pub rooms_refused: u64,
    /// Invitations that were not sent.
    pub invitations_refused: u64,
    /// Messages of absent people that were dropped in the end.
    pub messages_dropped: u64,
}

impl World {
    /// When the account behind a connection may do something again, in milliseconds; nothing when it may now.
    pub fn over_budget(&self, key: ConnectionKey) -> Option<u64> {
        if self.budget.each == 0 {
            return None;
        }
        let person = self.people.get(self.connections.get(key)?.person)?;
        let now = self.now.monotonic;
        let wait = person.commands.wait(now * MILLISECOND, self.budget.size);
        (wait > 0).then(|| now + wait.div_ceil(MILLISECOND))
    }

    /// The command at hand has ended: its account pays for it. `start` is the number of operations before it.
    pub fn charge(&mut self, key: ConnectionKey, code: Option<Code>, start: usize) {
        let each = self.budget.each;
        // A command that waits is paid for when its turn has come.
        if each == 0 || self.turn.is_postponed() {
            return;
        }
        let Some(connection) = self.connections.get(key) else {
            return;
        };
        let person = connection.person;
        let mut most = self.turn.pace().unwrap_or(u64::MAX).min(self.budget.size);
        if !connection.roles.is_empty() {
            most = most.min(STAFF_MOST * each);
        }
        if person == 0 || most == 0 {
            return;
        }
        let nature = code.map_or(Nature::PLAIN, |code| self.natures.of(code));
        let mut price = u64::from(nature.weight()) * PLAIN * each;
        if price < most {
            price += self.relayed(start) * each;
        }
        let now = self.now.monotonic * MILLISECOND;
        let commands = &mut self.people.of(person).commands;
        commands.take(now, price.min(most));
    }

    /// The price of the frames that were sent by the operations from `start` on.
    fn relayed(&self, start: usize) -> u64 {
        let (mut recipients, mut bytes) = (0, 0);
        for operation in self.outputs.operations.iter().skip(start) {
            let (count, frame) = match *operation {
                Operation::Send { frame, .. } => (1, frame),
                Operation::SendChannel { channel, frame, .. } => {
                    let members = self.channels.at(channel.0);
                    (members.map_or(0, |channel| channel.members.len()), frame)
                }
                Operation::SendEveryone { frame } => (self.user_list.len(), frame),
                _ => continue,
            };
            recipients += count as u64;
            bytes += count as u64 * u64::from(frame.end.saturating_sub(frame.start));
        }
        recipients * PLAIN / RECIPIENTS + bytes * PLAIN / BYTES
    }

    /// Counters of the effects of limits.
    pub fn limit_counts(&self) -> LimitCounts {
        self.limit_counts
    }

    /// To count something there.
    pub fn limit_counts_mut(&mut self) -> &mut LimitCounts {
        &mut self.limit_counts
    }

    /// Puts other settings in force and gives back those before.
    pub fn set_settings(&mut self, settings: Settings) -> Settings {
        self.budget = Budget::of(&settings);
        std::mem::replace(&mut self.settings, settings)
    }
}

/// The highest price of a command with a timer of so many seconds, in the units of [`crate::allowance`].
pub(crate) fn paced(seconds: f64) -> u64 {
    (seconds * PACED_PART) as u64
}
