//! The time for the account service: the machine's clock, which can be set, and the time that limits are counted in,
//! which only goes forward.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Time between two looks at a clock that only goes forward, from an arbitrary beginning. Larger than any wait, so
/// that a time before the beginning never has to be written down.
const BEGINNING: u64 = 1 << 32;

/// Where the account service takes the time from, in seconds. Tests give it a time of their own.
#[derive(Clone)]
pub struct Clock {
    unix: Source,
    steady: Source,
}

type Source = Arc<dyn Fn() -> u64 + Send + Sync>;

impl Clock {
    /// A clock that asks the given function for the time in Unix seconds. When the function goes back, as a clock that
    /// is set back does, [`Clock::steady`] stands still for that step.
    pub fn new(seconds: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        let unix: Source = Arc::new(seconds);
        let source = Arc::clone(&unix);
        let state = Mutex::new((source(), BEGINNING));
        let steady = move || {
            let now = source();
            let (before, steady) = &mut *state.lock().unwrap_or_else(PoisonError::into_inner);
            *steady = steady.saturating_add(now.saturating_sub(*before));
            *before = now;
            *steady
        };
        Self {
            unix,
            steady: Arc::new(steady),
        }
    }

    /// The machine's clocks.
    #[must_use]
    pub fn system() -> Self {
        let began = Instant::now();
        Self {
            unix: Arc::new(|| {
                SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .map_or(0, |since| since.as_secs())
            }),
            steady: Arc::new(move || BEGINNING + began.elapsed().as_secs()),
        }
    }

    /// The time in Unix seconds: for stored and shown times. It can go back.
    #[must_use]
    pub fn now(&self) -> u64 {
        (self.unix)()
    }

    /// Seconds since an arbitrary moment before the start, which never go back: for rate limits.
    #[must_use]
    pub fn steady(&self) -> u64 {
        (self.steady)()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Clock")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn limits_have_a_time_that_never_goes_back() {
        let time = Arc::new(AtomicU64::new(1_000_000));
        let read = Arc::clone(&time);
        let clock = Clock::new(move || read.load(Ordering::Relaxed));
        let began = clock.steady();
        for (unix, passed) in [
            (1_000_010, 10),
            (10, 10),
            (15, 15),
            (0, 15),
            (2_000_000, 2_000_015),
        ] {
            time.store(unix, Ordering::Relaxed);
            assert_eq!(clock.now(), unix);
            assert_eq!(clock.steady() - began, passed);
        }
    }
}
