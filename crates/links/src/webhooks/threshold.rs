//! Decides when a user count crosses a configured bound, for the webhooks of the user count. It sends nothing itself.

/// Watches a number of users and reports when it crosses a limit. It reports at most once a minute, so that a
/// number that oscillates around the limit causes no flood.
#[derive(Debug, Clone, Copy)]
pub struct Threshold {
    bound: usize,
    over: bool,
    /// The side of the limit at the last evaluation; at the start, the side that is not reported.
    beyond: bool,
    changed: Option<u64>,
}

/// Minimum interval between two changes, in milliseconds.
const PAUSE: u64 = 60_000;

impl Threshold {
    /// Reports when the number becomes greater than `bound`.
    #[must_use]
    pub fn over(bound: usize) -> Self {
        Self {
            bound,
            over: true,
            beyond: false,
            changed: None,
        }
    }

    /// Reports when the number becomes less than `bound`, after it has been at least that.
    #[must_use]
    pub fn under(bound: usize) -> Self {
        Self {
            over: false,
            // A server that has just started is empty; that is not reported.
            beyond: true,
            ..Self::over(bound)
        }
    }

    /// Evaluates the number at a moment in milliseconds; returns whether to report it.
    pub fn look(&mut self, number: usize, now: u64) -> bool {
        let beyond = if self.over {
            number > self.bound
        } else {
            number < self.bound
        };
        let rests = self
            .changed
            .is_some_and(|changed| now.saturating_sub(changed) < PAUSE);
        if beyond == self.beyond || (rests && beyond) {
            return false;
        }
        self.beyond = beyond;
        if beyond {
            self.changed = Some(now);
        }
        beyond
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(mut threshold: Threshold, numbers: &[(u64, usize)]) -> Vec<u64> {
        let told = numbers
            .iter()
            .filter(|(second, number)| threshold.look(*number, second * 1000));
        told.map(|(second, _)| *second).collect()
    }

    #[test]
    fn crossing_a_bound_is_told_and_staying_beyond_it_is_not() {
        let numbers = [(0, 0), (1, 5), (2, 6), (3, 7), (70, 9), (71, 5), (72, 6)];
        assert_eq!(told(Threshold::over(5), &numbers), [2, 72]);
        let numbers = [(0, 0), (1, 4), (2, 5), (3, 9), (4, 4), (5, 0), (70, 5), (71, 4)];
        assert_eq!(told(Threshold::under(5), &numbers), [4, 71]);
    }

    #[test]
    fn to_and_fro_is_told_once_a_minute() {
        let numbers: Vec<(u64, usize)> = (0..=130)
            .map(|second| (second, 5 + second as usize % 2))
            .collect();
        assert_eq!(told(Threshold::over(5), &numbers), [1, 61, 121]);
    }

    #[test]
    fn a_threshold_that_holds_after_the_minute_is_told_then() {
        let numbers = [(0, 6), (1, 5), (2, 6), (30, 6), (61, 6), (62, 6)];
        assert_eq!(told(Threshold::over(5), &numbers), [0, 61]);
    }
}
