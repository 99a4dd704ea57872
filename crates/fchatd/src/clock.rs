//! The clock of the process, from which the core gets its time.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use fchatd_world::Now;

/// Gives the core the time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    started: Instant,
}

impl Clock {
    /// A clock that starts now.
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
        }
    }

    /// The time.
    pub(crate) fn now(&self) -> Now {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now {
            monotonic: self.started.elapsed().as_millis() as u64,
            unix: unix.as_millis() as i64,
        }
    }
}
