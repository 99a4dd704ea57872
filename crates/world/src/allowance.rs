//! A token bucket: something may be used up quickly for a while, and then only as fast as it comes back. One number
//! holds its whole state.

use serde::{Deserialize, Serialize};

/// Nanoseconds in a millisecond: times here are finer than those of [`crate::Now`].
pub(crate) const MILLISECOND: u64 = 1_000_000;

/// The content of a bucket, told by the time at which it is full again. All times are in nanoseconds of the
/// monotonic clock. The size of the bucket and the price of a use are times, too: those in which they come back.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Allowance {
    full_at: u64,
}

impl Allowance {
    /// How long to wait until something is left in a bucket of this size; 0 for not at all.
    pub(crate) fn wait(self, now: u64, size: u64) -> u64 {
        self.full_at.saturating_sub(size).saturating_sub(now)
    }

    /// Uses up so much. The bucket may owe some of it afterwards.
    pub(crate) fn take(&mut self, now: u64, price: u64) {
        self.full_at = self.full_at.max(now).saturating_add(price);
    }

    /// When it is full again.
    pub(crate) fn full_at(self) -> u64 {
        self.full_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_as_fast_as_it_comes_back() {
        let (size, price) = (30, 10);
        let mut bucket = Allowance::default();
        for _ in 0..4 {
            assert_eq!(bucket.wait(1000, size), 0);
            bucket.take(1000, price);
        }
        assert_eq!(bucket.wait(1000, size), 10, "the last use was on credit");
        assert_eq!(bucket.wait(1009, size), 1);
        assert_eq!(bucket.wait(1010, size), 0);
        bucket.take(1010, price);
        assert_eq!(bucket.wait(1010, size), 10);
        assert_eq!(bucket.wait(5000, size), 0, "all is forgiven in the end");
        assert_eq!(bucket.full_at(), 1050);
    }
}
