//! Counters of an attack, by name.

use std::collections::BTreeMap;

/// Numbers of messages sent, refusals, answers and disconnects.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Tally(pub BTreeMap<String, u64>);

impl Tally {
    /// Increments a counter.
    pub(crate) fn count(&mut self, what: &str) {
        self.add(what, 1);
    }

    /// Adds to a counter.
    pub(crate) fn add(&mut self, what: &str, more: u64) {
        if let Some(count) = self.0.get_mut(what) {
            *count += more;
        } else {
            self.0.insert(what.to_owned(), more);
        }
    }

    /// Adds all counters of another tally.
    pub(crate) fn add_all(&mut self, other: &Self) {
        for (what, count) in &other.0 {
            self.add(what, *count);
        }
    }
}
