//! A rate limiter for keys of any type, with bounded memory. The account service's limits are in `service::guard`.

use std::collections::HashMap;
use std::hash::Hash;

/// Seconds of a day.
pub(crate) const DAY: u64 = 24 * 3600;

/// How often something may happen: `burst` times at once, and once more for every `seconds_each` that pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Times at once, at least 1.
    pub burst: u32,
    /// Seconds until one more is allowed, at least 1.
    pub seconds_each: u64,
}

impl Limit {
    /// `times` at once, which come back evenly in the course of a day.
    #[must_use]
    pub fn in_a_day(times: u32) -> Self {
        Self {
            burst: times.max(1),
            seconds_each: (DAY / u64::from(times.max(1))).max(1),
        }
    }
}

/// How often something that goes quickly may happen: `burst` times at once, and `per_second` times in each second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Times at once, at least 1.
    pub burst: u32,
    /// Times in each second, at least 1.
    pub per_second: u32,
}

/// Counts per key and says how long to wait. Holds at most `capacity` keys: when it is full, the key that is nearest
/// to being forgiven makes room.
#[derive(Debug)]
pub struct RateLimiter<K> {
    limit: Limit,
    /// How many of the limiter's own units are a second.
    units: u64,
    capacity: usize,
    /// When each key will have everything back, in units. A key with a time in the past is as good as not there.
    whole_at: HashMap<K, u64>,
}

impl<K: Eq + Hash + Clone> RateLimiter<K> {
    /// An empty limiter.
    #[must_use]
    pub fn new(limit: Limit, capacity: usize) -> Self {
        let mut limiter = Self {
            limit,
            units: 1,
            capacity: capacity.max(1),
            whole_at: HashMap::new(),
        };
        limiter.set_limit(limit);
        limiter
    }

    /// Puts another limit in force; earlier requests count on.
    pub fn set_limit(&mut self, limit: Limit) {
        self.limit = Limit {
            burst: limit.burst.max(1),
            seconds_each: limit.seconds_each.max(1),
        };
    }

    /// Puts another burst in force for a limiter that [`RateLimiter::paced`] made. Its pace stays: earlier requests were
    /// counted in it.
    pub fn set_pace(&mut self, pace: Pace) {
        self.set_limit(Limit {
            burst: pace.burst,
            seconds_each: 1,
        });
    }

    /// An empty limiter for something that may happen several times a second.
    #[must_use]
    pub fn paced(pace: Pace, capacity: usize) -> Self {
        let limit = Limit {
            burst: pace.burst,
            seconds_each: 1,
        };
        Self {
            units: u64::from(pace.per_second.max(1)),
            ..Self::new(limit, capacity)
        }
    }

    /// Takes one from the key's allowance at the time `now`: seconds of a clock that does not go back.
    ///
    /// # Errors
    /// Nothing is left: the seconds until there is.
    pub fn take(&mut self, key: &K, now: u64) -> Result<(), u64> {
        let now = now.saturating_mul(self.units);
        self.forget_future(key, now);
        let next = self.next(key, now)?;
        if !self.whole_at.contains_key(key) {
            self.make_room(now);
        }
        self.whole_at.insert(key.clone(), next);
        Ok(())
    }

    /// Takes one ahead of time, where it will be there in `patience` seconds at most: the seconds to wait for it.
    ///
    /// # Errors
    /// It takes longer: the seconds until one is there. Nothing was taken.
    pub fn reserve(&mut self, key: &K, now: u64, patience: u64) -> Result<u64, u64> {
        let now = now.saturating_mul(self.units);
        let patience = patience.saturating_mul(self.units);
        let all = self.whole();
        let latest = now.saturating_add(all);
        let whole_at = self.whole_at.get(key).copied().unwrap_or(0);
        let next = whole_at
            .max(now)
            .min(latest.saturating_add(patience))
            .saturating_add(self.limit.seconds_each);
        let wait = next.saturating_sub(latest);
        if wait > patience {
            return Err((wait - patience).div_ceil(self.units).max(1));
        }
        if !self.whole_at.contains_key(key) {
            self.make_room(now);
        }
        self.whole_at.insert(key.clone(), next);
        Ok(wait.div_ceil(self.units))
    }

    /// Takes one that cannot be refused any more: the key has less than nothing at most.
    pub fn count(&mut self, key: &K, now: u64) {
        // A key that has nothing left has nothing to lose.
        let _ = self.take(key, now);
    }

    /// Units until everything is back.
    fn whole(&self) -> u64 {
        self.limit
            .seconds_each
            .saturating_mul(u64::from(self.limit.burst))
    }

    /// Whether something is left, without taking it.
    ///
    /// # Errors
    /// Nothing is left: the seconds until there is.
    pub fn check(&self, key: &K, now: u64) -> Result<(), u64> {
        self.next(key, now.saturating_mul(self.units)).map(|_| ())
    }

    /// When a key has everything back that has nothing now; both in units.
    fn latest(&self, now: u64) -> u64 {
        now.saturating_add(self.whole())
    }

    /// Time counts from here on for a key with a time that lies further ahead than the limit can put it: the limit was
    /// lowered, or the clock has gone back after all. Without this the key would wait for that time to come again.
    fn forget_future(&mut self, key: &K, now: u64) {
        let latest = self.latest(now);
        if let Some(whole_at) = self.whole_at.get_mut(key) {
            *whole_at = latest.min(*whole_at);
        }
    }

    /// When the key would have everything back if it took one now; both in units.
    fn next(&self, key: &K, now: u64) -> Result<u64, u64> {
        let latest = self.latest(now);
        let whole_at = self.whole_at.get(key).copied().unwrap_or(0).max(now).min(latest);
        let next = whole_at.saturating_add(self.limit.seconds_each);
        if next > latest {
            return Err((next - latest).div_ceil(self.units));
        }
        Ok(next)
    }

    /// Gives one back: its request turned out to be harmless.
    pub fn give_back(&mut self, key: &K) {
        if let Some(whole_at) = self.whole_at.get_mut(key) {
            *whole_at = whole_at.saturating_sub(self.limit.seconds_each);
        }
    }

    /// Gives everything back to a key; says whether something was missing at the time `now`.
    pub fn forgive(&mut self, key: &K, now: u64) -> bool {
        let now = now.saturating_mul(self.units);
        self.whole_at.remove(key).is_some_and(|whole_at| whole_at > now)
    }

    fn make_room(&mut self, now: u64) {
        if self.whole_at.len() < self.capacity {
            return;
        }
        self.whole_at.retain(|_, whole_at| *whole_at > now);
        if self.whole_at.len() < self.capacity {
            return;
        }
        // A walk over all keys, but only while more addresses than that misbehave at the same time.
        let nearest = self
            .whole_at
            .iter()
            .min_by_key(|(_, whole_at)| **whole_at)
            .map(|(key, _)| key.clone());
        if let Some(key) = nearest {
            self.whole_at.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit {
        burst: 3,
        seconds_each: 10,
    };

    #[test]
    fn a_burst_then_one_at_a_time() {
        let mut limiter = RateLimiter::new(LIMIT, 10);
        for _ in 0..3 {
            assert_eq!(limiter.take(&"a", 1000), Ok(()));
        }
        assert_eq!(limiter.take(&"a", 1000), Err(10));
        assert_eq!(limiter.take(&"a", 1007), Err(3), "a refusal costs nothing");
        assert_eq!(limiter.take(&"b", 1007), Ok(()), "others are not affected");
        assert_eq!(limiter.take(&"a", 1010), Ok(()));
        assert_eq!(limiter.take(&"a", 1010), Err(10));
        for _ in 0..3 {
            assert_eq!(limiter.take(&"a", 5000), Ok(()), "all is forgiven in the end");
        }
        assert!(limiter.take(&"a", 5000).is_err());
    }

    #[test]
    fn fast_paces_are_counted_in_parts_of_a_second() {
        let pace = Pace {
            burst: 5,
            per_second: 2,
        };
        let mut limiter = RateLimiter::paced(pace, 10);
        for _ in 0..5 {
            assert_eq!(limiter.take(&"a", 1000), Ok(()));
        }
        assert_eq!(limiter.check(&"a", 1000), Err(1));
        for second in 1001..1100 {
            assert_eq!(limiter.check(&"a", second), Ok(()), "asking takes nothing");
            assert_eq!(limiter.take(&"a", second), Ok(()));
            assert_eq!(limiter.take(&"a", second), Ok(()));
            assert_eq!(limiter.take(&"a", second), Err(1));
        }
    }

    #[test]
    fn a_short_wait_is_offered() {
        let mut limiter = RateLimiter::new(LIMIT, 10);
        for _ in 0..3 {
            assert_eq!(limiter.reserve(&"a", 1000, 25), Ok(0));
        }
        assert_eq!(limiter.reserve(&"a", 1000, 25), Ok(10));
        assert_eq!(limiter.reserve(&"a", 1000, 25), Ok(20));
        assert_eq!(limiter.reserve(&"a", 1000, 25), Err(5), "a refusal takes nothing");
        assert_eq!(limiter.reserve(&"a", 1005, 25), Ok(25));
        assert_eq!(
            limiter.reserve(&"a", 0, 25),
            Err(10),
            "a clock that was set back is survived"
        );
        assert_eq!(limiter.reserve(&"a", 2000, 25), Ok(0));
    }

    #[test]
    fn a_place_that_is_given_back_can_be_taken_again() {
        let mut limiter = RateLimiter::new(LIMIT, 10);
        for _ in 0..100 {
            assert_eq!(limiter.take(&"a", 1000), Ok(()));
            limiter.give_back(&"a");
        }
        limiter.give_back(&"a");
        limiter.give_back(&"nobody");
        for _ in 0..3 {
            assert_eq!(limiter.take(&"a", 1000), Ok(()));
        }
        assert!(
            limiter.take(&"a", 1000).is_err(),
            "giving back too much gives no credit"
        );
    }

    #[test]
    fn another_limit_counts_what_was_taken() {
        let mut limiter = RateLimiter::new(LIMIT, 10);
        assert_eq!(limiter.take(&"a", 1000), Ok(()));
        limiter.set_limit(Limit { burst: 1, ..LIMIT });
        assert_eq!(limiter.take(&"a", 1000), Err(10));
        limiter.set_limit(Limit { burst: 2, ..LIMIT });
        assert_eq!(limiter.take(&"a", 1000), Ok(()));
    }

    #[test]
    fn a_clock_that_goes_back_is_survived() {
        let mut limiter = RateLimiter::new(LIMIT, 10);
        for _ in 0..3 {
            assert_eq!(limiter.take(&"a", 1000), Ok(()));
        }
        assert_eq!(limiter.take(&"a", 0), Err(10));
        assert_eq!(limiter.take(&"a", 9), Err(1), "time counts from the step back on");
        assert_eq!(limiter.take(&"a", 10), Ok(()));
        assert_eq!(limiter.take(&"a", u64::MAX), Ok(()));
    }

    #[test]
    fn the_number_of_keys_is_bounded_and_the_worst_stay() {
        let mut limiter = RateLimiter::new(LIMIT, 4);
        for _ in 0..3 {
            assert_eq!(limiter.take(&0, 1000), Ok(()));
        }
        for key in 1..1000 {
            assert_eq!(limiter.take(&key, 1000), Ok(()));
            assert!(limiter.whole_at.len() <= 4);
        }
        assert_eq!(
            limiter.take(&0, 1000),
            Err(10),
            "others do not push out who has nothing left"
        );
        assert_eq!(limiter.take(&5000, 9000), Ok(()));
        assert_eq!(limiter.whole_at.len(), 1, "the forgiven are forgotten first");
    }
}
