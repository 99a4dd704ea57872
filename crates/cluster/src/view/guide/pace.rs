//! When the engine is asked, and when it counts as away. Nothing in here decides about leadership.

use std::hash::{Hash, Hasher};

use super::GuideEvent;

/// Pause between two readings while nothing is wanted, in milliseconds.
const POLL: u64 = 1_000;
/// Shortest and longest pause after a failure, in milliseconds.
const PAUSES: (u64, u64) = (100, 500);
/// Failures in a row that are counted.
const FAILURES: u8 = 4;
/// Refusals in a row, without any other writer, that are no coincidence.
const REFUSALS: u8 = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Reading,
    Writing,
}

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pace {
    due: u64,
    /// Questions in a row that were not answered; swaps in a row that were not carried out, as far as is known.
    failed: u8,
    unwritten: u8,
    trouble: Option<Trouble>,
}

/// A model checker, which knows states by their hashes, takes guides that differ only in their pace for one.
impl Hash for Pace {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl Pace {
    pub(super) fn is_due(&self, now: u64) -> bool {
        now >= self.due
    }

    /// Something new is wanted: the next question is due at once, unless a pause after a failure runs.
    pub(super) fn hurry(&mut self) {
        if self.failed == 0 && self.unwritten == 0 {
            self.due = 0;
        }
    }

    pub(super) fn read_failed(&mut self, reason: String, now: u64, events: &mut Vec<GuideEvent>) {
        self.failed = FAILURES.min(self.failed + 1);
        self.due = now.saturating_add(pause(self.failed));
        self.complain(Trouble::Reading, reason, events);
    }

    /// The engine says that the record had another revision. The next reading tells which.
    pub(super) fn swap_refused(&mut self, events: &mut Vec<GuideEvent>) {
        self.unwritten = FAILURES.min(self.unwritten + 1);
        self.due = 0;
        if self.unwritten >= REFUSALS {
            let reason = "the engine refuses to change the record, although no other core has changed it";
            self.complain(Trouble::Writing, reason.to_owned(), events);
        }
    }

    pub(super) fn swap_unknown(&mut self, reason: String, events: &mut Vec<GuideEvent>) {
        self.unwritten = FAILURES.min(self.unwritten + 1);
        self.due = 0;
        self.complain(Trouble::Writing, reason, events);
    }

    fn complain(&mut self, trouble: Trouble, reason: String, events: &mut Vec<GuideEvent>) {
        if self.trouble.is_none() {
            self.trouble = Some(trouble);
            events.push(GuideEvent::Away(reason));
        }
    }

    /// The engine has answered a reading. That does not prove that it can write.
    pub(super) fn has_read(&mut self, events: &mut Vec<GuideEvent>) {
        self.failed = 0;
        if self.trouble == Some(Trouble::Reading) {
            self.trouble = None;
            events.push(GuideEvent::Back);
        }
    }

    /// The engine has answered, but too late to be of use.
    pub(super) fn ask_again(&mut self, events: &mut Vec<GuideEvent>) {
        self.has_read(events);
        self.due = 0;
    }

    /// No swap of this core is open any more.
    pub(super) fn swap_settled(&mut self, events: &mut Vec<GuideEvent>) {
        self.unwritten = 0;
        if self.trouble.take().is_some() {
            events.push(GuideEvent::Back);
        }
    }

    /// Decides when to ask again, after an answer that says how the record is.
    pub(super) fn after_read(&mut self, is_moved: bool, is_wanting: bool, now: u64) {
        self.due = match (is_wanting, is_moved || self.unwritten == 0) {
            (false, _) => now.saturating_add(POLL),
            (true, true) => 0,
            (true, false) => now.saturating_add(pause(self.unwritten)),
        };
    }
}

fn pause(failures: u8) -> u64 {
    let (shortest, longest) = PAUSES;
    (shortest << failures.saturating_sub(1).min(8)).min(longest)
}
