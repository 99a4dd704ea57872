//! Decides when a user count crosses a configured bound, for the webhooks of the user count. It sends nothing itself.

/// A number of people that is looked at often, and told when it goes over or under a bound. At most once a minute, so that
/// a number that goes to and fro around the bound is not a flood.
#[derive(Debug, Clone, Copy)]
pub struct Threshold {
    bound: usize,
    over: bool,
    /// On which side the number was when it was last looked at in earnest; at the start on the side that is not told.
    beyond: bool,
    changed: Option<u64>,
}

/// In milliseconds.
const PAUSE: u64 = 60_000;

impl Threshold {
    /// Tells when the number becomes greater than `bound`.
    #[must_use]
    pub fn over(bound: usize) -> Self {
        Self {
            bound,
            over: true,
            beyond: false,
            changed: None,
        }
    }

    /// Tells when the number becomes less than `bound`, once it has not been.
    #[must_use]
    pub fn under(bound: usize) -> Self {
        Self {
            over: false,
            // A server that has just started is empty, and that is no news.
            beyond: true,
            ..Self::over(bound)
        }
    }

    /// The number at a moment in milliseconds; whether that is to be told.
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
    fn what_still_holds_after_the_minute_is_told_then() {
        let numbers = [(0, 6), (1, 5), (2, 6), (30, 6), (61, 6), (62, 6)];
        assert_eq!(told(Threshold::over(5), &numbers), [0, 61]);
    }
}
