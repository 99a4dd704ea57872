//! The deliveries of each listener. Losses, duplicates and broken order are found by the numbers in the
//! messages.

use std::collections::HashSet;

/// The classification of one delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// The first delivery of a message.
    New,
    /// The first delivery, but after a later message of the same speaker.
    Late,
    /// A repeated delivery.
    Double,
    /// A delivery from a speaker that this listener should not hear.
    Strange,
}

/// The deliveries of all listeners.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Each listener's first index in `next`.
    first: Vec<usize>,
    /// The expected next number for each listener and speaker.
    next: Vec<u32>,
    /// Skipped messages: index and number. Empty unless there are faults.
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
    /// Adds the next listener, with its number of speakers.
    pub fn listener(&mut self, speakers: usize) {
        self.first.push(self.next.len());
        self.next.resize(self.next.len() + speakers, 0);
    }

    /// Records a delivery.
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

    /// Number of messages that are known to be missing, because a later one has arrived.
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
        /// Compares with a simple model: a set of delivered messages, and the largest number.
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
    fn an_unknown_speaker_is_strange() {
        let mut ledger = Ledger::default();
        ledger.listener(1);
        assert_eq!(ledger.book(0, 1, 0), Arrival::Strange);
        assert_eq!(ledger.book(1, 0, 0), Arrival::Strange);
        assert_eq!((ledger.heard, ledger.strange), (0, 2));
    }
}
