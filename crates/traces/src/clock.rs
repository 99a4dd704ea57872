//! From the monotonic clock, by which spans are measured, to the time of day, which OTLP wants.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The machine's clock has been set when the two clocks have moved apart by more than this.
const APART: Duration = Duration::from_millis(100);

/// One moment on both clocks. It is kept while the clocks agree, so that spans of one trace keep their order in all batches.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    instant: Instant,
    unix: Duration,
}

impl Moment {
    /// This moment.
    pub(crate) fn now() -> Self {
        Self {
            instant: Instant::now(),
            unix: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
        }
    }

    /// The moment by which times are to be told from `now` on.
    pub(crate) fn kept(self, now: Self) -> Self {
        let expected = self.unix_of(now.instant);
        if expected.abs_diff(now.unix) > APART {
            now
        } else {
            self
        }
    }

    /// An instant as time since the epoch.
    pub(crate) fn unix_of(self, instant: Instant) -> Duration {
        match instant.checked_duration_since(self.instant) {
            Some(later) => self.unix.saturating_add(later),
            None => self.unix.saturating_sub(self.instant.duration_since(instant)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_before_and_after_have_their_time_and_a_clock_that_was_set_is_followed() {
        let begun = Moment {
            instant: Instant::now() + Duration::from_secs(100),
            unix: Duration::from_secs(1000),
        };
        let at = |seconds| begun.instant + Duration::from_secs(seconds) - Duration::from_secs(10);
        assert_eq!(begun.unix_of(at(0)), Duration::from_secs(990));
        assert_eq!(begun.unix_of(at(30)), Duration::from_secs(1020));
        let now = |unix| Moment {
            instant: at(20),
            unix: Duration::from_millis(unix),
        };
        assert_eq!(begun.kept(now(1_010_050)).unix, begun.unix);
        assert_eq!(begun.kept(now(9_000_000)).unix, Duration::from_secs(9000));
        assert_eq!(begun.kept(now(1_000)).unix, Duration::from_secs(1));
    }
}
