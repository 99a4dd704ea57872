//! The state machine of one core: it changes the record in the engine only where the rules of the view allow that, and says what
//! came of it.

use super::{Answer, Ask, Record};

/// What a core wants. A new wish takes the place of the last one; a question that is under way ends first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Nothing: only know the record. It is read again each `poll` milliseconds.
    Watch,
    /// As leader: name this core as standby. **Outputs wait for the standby already.**
    Protect(String),
    /// As leader: name no standby any more. Until it is granted, the standby may take over at any time.
    Alone,
    /// As standby: lead. **This core acknowledges nothing more to the leader before it wishes this.**
    Lead,
    /// After a start: lead from the disk, where the rules allow it. The time that the rules ask for has passed.
    LeadFromDisk,
    /// An operator: lead, whatever the record says.
    Force,
}

/// News for the core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GuideEvent {
    /// The wish is fulfilled: this record of this core holds.
    Granted(Record),
    /// The wish can't be fulfilled any more: another record holds. A leader that is not named in it as leader steps down; a
    /// standby that wanted to lead drops its state and joins again.
    Refused(Record, String),
    /// Another record was seen than before (by reading).
    Changed(Record),
    /// The engine shows an older record than this core has seen. Nothing is changed any more until an operator decides: the
    /// highest number that was seen, the number that the engine shows.
    Forgot(u64, u64),
    /// The engine does not answer, with the reason. Said once until it is back.
    Away(String),
    /// The engine answers again.
    Back,
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Guide {
    node: String,
}

impl Guide {
    /// A core of this name, with its address for other nodes, the number of the highest view that it has seen (from its disk),
    /// and a random number from which the numbers of its writes are made.
    #[must_use]
    pub fn new(node: &str, address: &str, highest: u64, random: u64) -> Self {
        let _ = (address, highest, random);
        Self { node: node.to_owned() }
    }

    /// Changes the wish. `Protect` and `Alone` count for the view with this number, in which this core leads; `Lead` for the one
    /// that names it as standby; the others for any.
    pub fn want(&mut self, _wish: Wish, _epoch: u64) {
        unimplemented!()
    }

    /// The next question for the engine, if one is due.
    pub fn next_ask(&mut self, _now: u64) -> Option<Ask> {
        unimplemented!()
    }

    /// The engine has answered the question that was under way; also when a time-out has ended it.
    pub fn answered(&mut self, _answer: Answer, _now: u64, _events: &mut Vec<GuideEvent>) {
        unimplemented!()
    }

    /// The last record that was read or written.
    #[must_use]
    pub fn record(&self) -> Option<&Record> {
        unimplemented!()
    }

    /// Whether a write that names another core as standby may still come true. While that is so, orders wait.
    #[must_use]
    pub fn may_name_another(&self) -> bool {
        unimplemented!()
    }

    /// The highest number of a view that was seen. It has to stand on the disk before this core acts upon it.
    #[must_use]
    pub fn highest(&self) -> u64 {
        unimplemented!()
    }
}
