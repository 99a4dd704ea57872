//! The clock of the process, from which the core gets its time.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use fchatd_world::Now;

/// Gives the core the time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    started: Instant,
    /// Milliseconds of another clock at the start.
    ahead: u64,
    /// No earlier time of day is given.
    unix_min: i64,
}

impl Clock {
    /// A clock that starts now.
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            ahead: 0,
            unix_min: 0,
        }
    }

    /// A clock that goes on where another one has stopped.
    pub(crate) fn after(now: Now) -> Self {
        Self {
            ahead: now.monotonic,
            unix_min: now.unix,
            ..Self::new()
        }
    }

    /// The time.
    pub(crate) fn now(&self) -> Now {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now {
            monotonic: self.ahead + self.started.elapsed().as_millis() as u64,
            unix: self.unix_min.max(unix.as_millis() as i64),
        }
    }
}
