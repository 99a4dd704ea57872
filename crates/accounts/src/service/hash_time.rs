//! The usual processor time of checking a password, as the server measures it. The cost depends on the machine and on the
//! setting `password_memory`. The elapsed time is not used: the threads that hash have a low priority, so it says more about
//! other work on the machine at the moment of the measurement than about hashing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Microseconds that are assumed while nothing was measured.
const ASSUMED: u64 = 25_000;
/// A measurement counts one part in so many of the average.
const WEIGHT: u64 = 8;

/// The processor time that the current thread has used so far.
pub(crate) fn of_this_thread() -> Duration {
    // The kernel gives neither negative seconds nor negative nanoseconds here.
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct HashTime {
    /// Microseconds; 0 while nothing was measured.
    average: AtomicU64,
}

impl HashTime {
    /// Adds a measurement: the processor time of one check. Two measurements at the same moment may count as one.
    pub(crate) fn note(&self, time: Duration) {
        let time = u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
        let before = self.average.load(Ordering::Relaxed);
        let after = match before {
            0 => time,
            before => before - before / WEIGHT + time / WEIGHT,
        };
        self.average.store(after.max(1), Ordering::Relaxed);
    }

    /// The average of the last ones.
    pub(crate) fn usual(&self) -> Duration {
        match self.average.load(Ordering::Relaxed) {
            0 => Duration::from_micros(ASSUMED),
            average => Duration::from_micros(average),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_average_follows_what_is_measured() {
        let time = HashTime::default();
        assert_eq!(time.usual(), Duration::from_micros(ASSUMED));
        time.note(Duration::from_millis(80));
        assert_eq!(time.usual(), Duration::from_millis(80));
        for _ in 0..100 {
            time.note(Duration::from_millis(8));
        }
        assert!(time.usual() < Duration::from_millis(9), "{:?}", time.usual());
    }
}
