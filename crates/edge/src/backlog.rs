//! The queue of unsent bytes of one socket. Bytes wait because the socket is full, or because a commit is not
//! on disk yet.

use std::collections::VecDeque;

use crate::budget::Charge;

/// The memory that a backlog takes beside its lists, in bytes.
const OVERHEAD: usize = 256;
/// Allocations up to this size, in bytes, are kept while bytes wait.
const KEEP: usize = 16 * 1024;

/// Bytes to send, in order. A write does not move the rest to the front: an offset marks the start.
#[derive(Debug)]
pub(crate) struct Backlog {
    bytes: Vec<u8>,
    sent: usize,
    barriers: VecDeque<Barrier>,
    charge: Charge,
}

/// Bytes from this position on wait for a commit.
#[derive(Debug, Clone, Copy)]
struct Barrier {
    /// An index of `bytes`.
    from: usize,
    commit: u64,
}

impl Backlog {
    /// An empty backlog. Its memory is charged to `charge`.
    pub(crate) fn new(charge: Charge) -> Self {
        Self {
            bytes: Vec::new(),
            sent: 0,
            barriers: VecDeque::new(),
            charge,
        }
    }

    /// Adds bytes at the end.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if self.sent > self.bytes.len() / 2 {
            self.bytes.drain(..self.sent);
            for barrier in &mut self.barriers {
                barrier.from -= self.sent;
            }
            self.sent = 0;
            if self.bytes.capacity() / 4 > self.bytes.len().max(KEEP) {
                self.bytes.shrink_to(self.bytes.len() * 2);
            }
        }
        self.bytes.extend_from_slice(bytes);
        let barriers = self.barriers.capacity() * size_of::<Barrier>();
        self.charge.set(self.bytes.capacity() + barriers + OVERHEAD);
    }

    /// Appends bytes that wait for a commit. Later bytes wait behind them.
    pub(crate) fn push_waiting(&mut self, bytes: &[u8], commit: u64) {
        // An earlier barrier with a later commit covers these bytes.
        if self.barriers.back().is_none_or(|last| last.commit < commit) {
            let from = self.bytes.len();
            self.barriers.push_back(Barrier { from, commit });
        }
        self.push(bytes);
    }

    /// All commits up to this one are on disk.
    pub(crate) fn stored(&mut self, commit: u64) {
        while self
            .barriers
            .front()
            .is_some_and(|barrier| barrier.commit <= commit)
        {
            self.barriers.pop_front();
        }
    }

    /// Removes the bytes that wait for a commit.
    pub(crate) fn forget_waiting(&mut self) {
        if let Some(barrier) = self.barriers.front() {
            self.bytes.truncate(barrier.from.max(self.sent));
            self.barriers.clear();
        }
    }

    /// Whether any bytes wait for a commit.
    pub(crate) fn waits(&self) -> bool {
        !self.barriers.is_empty()
    }

    /// The bytes that may be sent now.
    pub(crate) fn bytes(&self) -> &[u8] {
        let end = self
            .barriers
            .front()
            .map_or(self.bytes.len(), |barrier| barrier.from);
        self.bytes.get(self.sent..end).unwrap_or_default()
    }

    /// Removes `count` bytes that have been sent.
    pub(crate) fn advance(&mut self, count: usize) {
        self.sent = (self.sent + count).min(self.bytes.len());
    }

    /// Number of queued bytes, whether they may be sent or not.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// Memory weight of the queue in bytes: frames and barriers.
    pub(crate) fn weight(&self) -> usize {
        self.len() + self.barriers.len() * size_of::<Barrier>()
    }

    /// Whether the queue is empty.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
