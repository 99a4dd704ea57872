//! Freshness protection of the real-time bridge: times and signatures of messages are remembered for a minute.

use std::collections::HashMap;

/// Maximum difference between a message's time and the server's clock, in seconds, in either direction.
pub(crate) const WINDOW_SECONDS: u64 = 60;
/// Maximum number of remembered messages. Only a sender with the secret gets this far, so it limits memory,
/// not attackers.
const REMEMBERED_MAX: usize = 65_536;

/// The reason why an authentic message is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stale {
    /// Too old, or from before the start: replays of those cannot be detected.
    Old,
    /// From the future.
    Early,
    /// A replay.
    Seen,
    /// No more messages can be remembered.
    Full,
}

/// Remembers the messages of the last minute.
#[derive(Debug)]
pub(crate) struct Freshness {
    /// Messages from before this time are refused unseen, because they may have been forgotten. It falls only
    /// when the server's clock is set back by more than the window, and then to that very moment, as at a
    /// start. Otherwise one wrong hour of the clock would cause the refusal of every message until that hour
    /// comes.
    floor: u64,
    /// The last known time of the server's clock.
    now: u64,
    /// Signatures, each with its message's time.
    seen: HashMap<[u8; 32], u64>,
}

impl Freshness {
    /// Messages from before `started` (Unix seconds) will be refused.
    pub(crate) fn new(started: u64) -> Self {
        Self {
            floor: started,
            now: started,
            seen: HashMap::new(),
        }
    }

    /// Accepts a message with this signature and time once, at the moment `now` (Unix seconds).
    pub(crate) fn take(&mut self, signature: [u8; 32], time: u64, now: u64) -> Result<(), Stale> {
        if now.saturating_add(WINDOW_SECONDS) < self.now {
            tracing::warn!(
                "the clock was set back by {} seconds; the real-time bridge takes messages from this moment on",
                self.now - now
            );
            self.floor = now;
        }
        self.now = now;
        self.floor = self.floor.max(now.saturating_sub(WINDOW_SECONDS));
        if time < self.floor {
            return Err(Stale::Old);
        }
        if time > now.saturating_add(WINDOW_SECONDS) {
            return Err(Stale::Early);
        }
        if self.seen.contains_key(&signature) {
            return Err(Stale::Seen);
        }
        if self.seen.len() >= REMEMBERED_MAX {
            // Times outside the window were recorded before the clock was set back.
            let times = self.floor..=now.saturating_add(WINDOW_SECONDS);
            self.seen.retain(|_, time| times.contains(time));
            if self.seen.len() >= REMEMBERED_MAX {
                return Err(Stale::Full);
            }
        }
        self.seen.insert(signature, time);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(number: u32) -> [u8; 32] {
        let mut signature = [0; 32];
        signature[..4].copy_from_slice(&number.to_be_bytes());
        signature
    }

    #[test]
    fn once_and_within_a_minute() {
        let mut freshness = Freshness::new(1000);
        assert_eq!(freshness.take(signature(1), 1000, 1000), Ok(()));
        assert_eq!(freshness.take(signature(1), 1000, 1000), Err(Stale::Seen));
        assert_eq!(freshness.take(signature(1), 1000, 1060), Err(Stale::Seen));
        assert_eq!(freshness.take(signature(1), 1000, 1061), Err(Stale::Old));
        assert_eq!(freshness.take(signature(2), 1121, 1061), Ok(()));
        assert_eq!(freshness.take(signature(3), 1122, 1061), Err(Stale::Early));
        assert_eq!(freshness.take(signature(4), 999, 1000), Err(Stale::Old));
    }

    #[test]
    fn nothing_from_before_the_start() {
        let mut freshness = Freshness::new(1000);
        assert_eq!(freshness.take(signature(1), 999, 1000), Err(Stale::Old));
        assert_eq!(freshness.take(signature(2), 1000, 1000), Ok(()));
    }

    #[test]
    fn a_clock_that_is_set_back_and_forth_refuses_old_messages_and_takes_new_ones() {
        let mut freshness = Freshness::new(1000);
        assert_eq!(freshness.take(signature(1), 1000, 1000), Ok(()));
        assert_eq!(freshness.take(signature(2), 90_000, 90_000), Ok(()));
        assert_eq!(
            freshness.take(signature(3), 89_960, 89_960),
            Ok(()),
            "a small step back changes nothing"
        );
        assert_eq!(freshness.take(signature(4), 1999, 2000), Err(Stale::Old));
        assert_eq!(
            freshness.take(signature(1), 1000, 2000),
            Err(Stale::Old),
            "seen before the step"
        );
        assert_eq!(freshness.take(signature(5), 2000, 2000), Ok(()));
        assert_eq!(freshness.take(signature(5), 2000, 2001), Err(Stale::Seen));
        assert_eq!(
            freshness.take(signature(2), 90_000, 90_000),
            Err(Stale::Seen),
            "forth again"
        );
        assert_eq!(freshness.take(signature(6), 90_001, 90_000), Ok(()));
    }

    #[test]
    fn memory_is_bounded_and_comes_back() {
        let mut freshness = Freshness::new(0);
        for number in 0..REMEMBERED_MAX as u32 {
            assert_eq!(freshness.take(signature(number), 100, 100), Ok(()));
        }
        assert_eq!(freshness.take(signature(u32::MAX), 100, 100), Err(Stale::Full));
        assert_eq!(freshness.take(signature(u32::MAX), 161, 161), Ok(()));
        assert_eq!(freshness.seen.len(), 1);
    }
}
