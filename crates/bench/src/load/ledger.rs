//! Who has heard what: losses, doubles and broken order, found by the numbers in the messages.

use std::collections::HashSet;

/// What one arrival was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// For the first time.
    New,
    /// For the first time, but after a later one of the same speaker.
    Late,
    /// Not for the first time.
    Double,
    /// Of a speaker whom this listener does not listen to.
    Strange,
}

/// The books of all listeners.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Each listener's first place in `next`.
    first: Vec<usize>,
    /// For each listener and speaker the number that comes next.
    next: Vec<u32>,
    /// What was skipped: place and number. Empty unless something goes wrong.
    missing: HashSet<(usize, u32)>,
    /// Messages that arrived, each counted once for each listener.
    pub heard: u64,
    /// Messages that arrived after a later one of the same speaker.
    pub late: u64,
    /// Messages that arrived again.
    pub doubled: u64,
    /// Messages that should not have arrived.
    pub strange: u64,
}

impl Ledger {
    /// Adds the next listener, with the number of those whom it can hear.
    pub fn listener(&mut self, speakers: usize) {
        self.first.push(self.next.len());
        self.next.resize(self.next.len() + speakers, 0);
    }

    /// Books an arrival.
    pub fn book(&mut self, listener: usize, slot: u32, sequence: u32) -> Arrival {
        let Some(&first) = self.first.get(listener) else {
            self.strange += 1;
            return Arrival::Strange;
        };
        let end = self.first.get(listener + 1).copied().unwrap_or(self.next.len());
        let place = first + slot as usize;
        if place >= end {
            self.strange += 1;
            return Arrival::Strange;
        }
        let Some(next) = self.next.get_mut(place) else {
            return Arrival::Strange;
        };
        if sequence == *next {
            *next += 1;
            self.heard += 1;
            return Arrival::New;
        }
        self.irregular(place, sequence)
    }

    #[cold]
    fn irregular(&mut self, place: usize, sequence: u32) -> Arrival {
        let Some(next) = self.next.get_mut(place) else {
            return Arrival::Strange;
        };
        if sequence > *next {
            self.missing
                .extend((*next..sequence).map(|number| (place, number)));
            *next = sequence + 1;
            self.heard += 1;
            Arrival::New
        } else if self.missing.remove(&(place, sequence)) {
            self.heard += 1;
            self.late += 1;
            Arrival::Late
        } else {
            self.doubled += 1;
            Arrival::Double
        }
    }

    /// How many messages are known to be missing, because a later one has arrived.
    #[must_use]
    pub fn gaps(&self) -> u64 {
        self.missing.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against the plain model: a set of what was heard, and the greatest number.
        #[test]
        fn it_counts_like_a_set(arrivals in proptest::collection::vec((0_usize..2, 0_u32..2, 0_u32..12), 0..60)) {
            let mut ledger = Ledger::default();
            ledger.listener(2);
            ledger.listener(2);
            let mut seen = HashSet::new();
            let mut late = 0;
            for (listener, slot, sequence) in &arrivals {
                let later = seen.iter().any(|(l, s, q)| l == listener && s == slot && q > sequence);
                let new = seen.insert((*listener, *slot, *sequence));
                late += u64::from(new && later);
                let expected = match (new, later) {
                    (true, false) => Arrival::New,
                    (true, true) => Arrival::Late,
                    (false, _) => Arrival::Double,
                };
                prop_assert_eq!(ledger.book(*listener, *slot, *sequence), expected);
            }
            prop_assert_eq!(ledger.heard, seen.len() as u64);
            prop_assert_eq!(ledger.late, late);
            prop_assert_eq!(ledger.doubled, (arrivals.len() - seen.len()) as u64);
            let highest: u64 = (0..2_usize).flat_map(|l| (0..2_u32).map(move |s| (l, s)))
                .map(|(l, s)| seen.iter().filter(|(a, b, _)| *a == l && *b == s).map(|(_, _, q)| u64::from(*q) + 1).max().unwrap_or(0))
                .sum();
            prop_assert_eq!(ledger.gaps(), highest - seen.len() as u64);
        }
    }

    #[test]
    fn who_is_not_listened_to_is_strange() {
        let mut ledger = Ledger::default();
        ledger.listener(1);
        assert_eq!(ledger.book(0, 1, 0), Arrival::Strange);
        assert_eq!(ledger.book(1, 0, 0), Arrival::Strange);
        assert_eq!((ledger.heard, ledger.strange), (0, 2));
    }
}
