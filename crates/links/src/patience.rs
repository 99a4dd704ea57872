//! A limit for repeated log lines: a burst, then one line at a time. Suppressed lines are counted and reported with the
//! next line.

use std::time::{Duration, Instant};

/// Number of lines in a burst.
const BURST: u32 = 10;
/// Interval after which one more line is allowed.
const REFILL: Duration = Duration::from_secs(6);

/// Decides whether a line may be written, and counts the suppressed ones.
#[derive(Debug)]
pub(crate) struct Patience {
    left: u32,
    refilled: Instant,
    suppressed: u64,
}

impl Patience {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            left: BURST,
            refilled: now,
            suppressed: 0,
        }
    }

    /// Whether to write a line at the moment `now`: if so, the number of suppressed lines before it.
    pub(crate) fn line(&mut self, now: Instant) -> Option<u64> {
        let passed = now.saturating_duration_since(self.refilled).as_millis() / REFILL.as_millis();
        let earned = u32::try_from(passed).unwrap_or(BURST).min(BURST);
        if earned > 0 {
            self.left = (self.left + earned).min(BURST);
            self.refilled = now;
        }
        if self.left == 0 {
            self.suppressed += 1;
            return None;
        }
        self.left -= 1;
        Some(std::mem::take(&mut self.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_and_then_slowly() {
        let start = Instant::now();
        let mut patience = Patience::new(start);
        for _ in 0..BURST {
            assert_eq!(patience.line(start), Some(0));
        }
        for _ in 0..1000 {
            assert_eq!(patience.line(start), None);
        }
        assert_eq!(patience.line(start + REFILL), Some(1000));
        assert_eq!(patience.line(start + REFILL), None);
        let later = start + REFILL * 1_000_000;
        for number in 0..BURST {
            assert_eq!(patience.line(later), Some(u64::from(number == 0)));
        }
        assert_eq!(patience.line(later), None);
    }
}
