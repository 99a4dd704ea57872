//! Rate limits by timers: when an owner did something last, to keep it from being done again too soon. Timers belong
//! to the character, or to its account, and outlive a connection ([`crate::people`]). A command that is refused in the
//! end does not count: its restarts are taken back.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::world::{ChannelKey, ConnectionKey, Restarted, World};

/// Timers of one owner that run at the same time. Scripts name timers as they like, so their number has a bound.
const TIMERS_MAX: usize = 64;

/// One owner's timers by name. Few per owner, so a list is quicker than a map and takes no room when unused.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Throttles {
    timers: Vec<Timer>,
}

/// See [`Throttles`]. Times are in milliseconds of [`crate::Now::monotonic`].
#[derive(Debug, Serialize, Deserialize)]
struct Timer {
    name: Box<str>,
    /// When it was restarted last, plus one, so that 0 can say "never".
    last: u64,
    /// When it has run out.
    until: u64,
}

impl Throttles {
    /// True while less than `seconds` have passed since the timer was restarted; otherwise restarts it at
    /// `now` (milliseconds) and gives in `previous` the argument of [`Throttles::restore`] that takes that back: the
    /// place of the timer and its time.
    #[expect(clippy::indexing_slicing, reason = "the place was found in this table")]
    pub fn check(
        &mut self,
        timer: &str,
        seconds: f64,
        now: u64,
        previous: &mut Option<(usize, u64)>,
    ) -> bool {
        *previous = None;
        let until = now.saturating_add((seconds * 1000.0) as u64);
        match self.timers.iter().position(|held| *held.name == *timer) {
            Some(place) => {
                let held = &mut self.timers[place];
                if held.last != 0 && ((now + 1).saturating_sub(held.last)) as f64 / 1000.0 < seconds {
                    return true;
                }
                held.until = until;
                *previous = Some((place, std::mem::replace(&mut held.last, now + 1)));
            }
            None => {
                let place = self.free_place(now);
                *previous = Some((place, 0));
                let new = Timer {
                    name: timer.into(),
                    last: now + 1,
                    until,
                };
                match self.timers.get_mut(place) {
                    Some(held) => *held = new,
                    None => self.timers.push(new),
                }
            }
        }
        false
    }

    /// Where a new timer goes: behind the others, or in the place of one that has run out. When all run, the one
    /// that ends first makes room.
    fn free_place(&self, now: u64) -> usize {
        if self.timers.len() < TIMERS_MAX {
            let over = self.timers.iter().position(|held| held.until < now);
            return over.unwrap_or(self.timers.len());
        }
        let first = self.timers.iter().enumerate().min_by_key(|(_, held)| held.until);
        first.map_or(0, |(place, _)| place)
    }

    /// When a timer of so many seconds has run out, in milliseconds.
    pub(crate) fn due(&self, timer: &str, seconds: f64) -> u64 {
        let timer = self.timers.iter().find(|held| *held.name == *timer);
        timer.map_or(0, |held| {
            held.last.saturating_sub(1) + (seconds * 1000.0).ceil() as u64
        })
    }

    /// Sets the timer back to its time before a [`Throttles::check`].
    pub fn restore(&mut self, (place, last): (usize, u64)) {
        if let Some(held) = self.timers.get_mut(place) {
            held.last = last;
        }
    }

    /// Forgets the timers that have run out. Then the time at which the last of the others runs out; 0 for none.
    pub(crate) fn retain_running(&mut self, now: u64) -> u64 {
        self.timers.retain(|held| held.last != 0 && held.until > now);
        self.ends_at()
    }

    /// When the last of the timers runs out; 0 for none.
    pub(crate) fn ends_at(&self) -> u64 {
        self.timers.iter().map(|held| held.until).max().unwrap_or(0)
    }

    /// Takes over the timers of the same owner that were kept while it was away. Those that run here already count.
    pub(crate) fn adopt(&mut self, kept: Self) {
        if self.timers.is_empty() {
            self.timers = kept.timers;
            return;
        }
        for timer in kept.timers {
            if let Some(held) = self.timers.iter_mut().find(|held| held.name == timer.name) {
                if held.until < timer.until {
                    *held = timer;
                }
            } else if self.timers.len() < TIMERS_MAX {
                self.timers.push(timer);
            }
        }
    }
}

impl World {
    /// True while less than `seconds` have passed since this character's timer was restarted; otherwise
    /// restarts it.
    pub fn throttle(&mut self, key: ConnectionKey, timer: &str, seconds: f64) -> bool {
        let now = self.now.monotonic;
        let Some(connection) = self.connections.get_mut(key) else {
            return false;
        };
        let mut previous = None;
        let throttled = connection.throttles.check(timer, seconds, now, &mut previous);
        if let Some(previous) = previous {
            self.turn.set_pace(seconds);
            self.restarted.push(Restarted::Timer {
                connection: key,
                previous,
            });
        }
        throttled
    }

    /// As [`World::throttle`], with one timer for all characters of the account.
    pub fn throttle_account(&mut self, key: ConnectionKey, timer: &str, seconds: f64) -> bool {
        let now = self.now.monotonic;
        let Some(person) = self.person_of(key) else {
            return self.throttle(key, timer, seconds);
        };
        let mut previous = None;
        let timers = &mut self.people.of(person).timers;
        let throttled = timers.check(timer, seconds, now, &mut previous);
        if let Some(previous) = previous {
            self.turn.set_pace(seconds);
            self.restarted.push(Restarted::AccountTimer { person, previous });
        }
        throttled
    }

    pub(crate) fn remember_ad(&mut self, channel: ChannelKey, folded: Arc<str>, previous: Option<u64>) {
        self.restarted.push(Restarted::Ad {
            channel,
            folded,
            previous,
        });
    }

    /// The restarts so far count.
    pub fn keep_throttles(&mut self) {
        self.restarted.clear();
    }

    /// The restarts since the last [`World::keep_throttles`] do not count.
    pub fn restore_throttles(&mut self) {
        for restarted in std::mem::take(&mut self.restarted).into_iter().rev() {
            match restarted {
                Restarted::Timer { connection, previous } => {
                    if let Some(connection) = self.connections.get_mut(connection) {
                        connection.throttles.restore(previous);
                    }
                }
                Restarted::AccountTimer { person, previous } => {
                    self.people.of(person).timers.restore(previous);
                }
                Restarted::Ad {
                    channel,
                    folded,
                    previous,
                } => {
                    let Some(channel) = self.channels.get_mut(channel) else {
                        continue;
                    };
                    match previous {
                        Some(time) => channel.ads.insert(folded, time),
                        None => channel.ads.remove(&folded),
                    };
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throttles_and_takes_back() {
        let mut throttles = Throttles::default();
        let mut previous = None;
        assert!(!throttles.check("msg", 0.5, 0, &mut previous));
        assert!(throttles.check("msg", 0.5, 499, &mut previous));
        assert!(!throttles.check("msg", 0.5, 500, &mut previous));
        throttles.restore(previous.unwrap());
        assert!(!throttles.check("msg", 0.5, 501, &mut previous));
        assert!(!throttles.check("msg", 0.0, 501, &mut previous));
    }

    #[test]
    fn timers_of_many_names_are_bounded_and_those_that_run_longest_stay() {
        let mut throttles = Throttles::default();
        let mut previous = None;
        assert!(!throttles.check("long", 1000.0, 0, &mut previous));
        for number in 0..1000 {
            assert!(!throttles.check(&format!("short {number}"), 1.0, 0, &mut previous));
        }
        assert_eq!(throttles.timers.len(), TIMERS_MAX);
        assert!(throttles.check("long", 1000.0, 999_999, &mut previous));
        assert!(!throttles.check("another", 1.0, 5000, &mut previous));
        assert_eq!(throttles.retain_running(5000), 1_000_000);
        assert_eq!(throttles.timers.len(), 2, "the others have run out");
    }

    #[test]
    fn kept_timers_run_on() {
        let mut kept = Throttles::default();
        let mut previous = None;
        kept.check("sta", 5.0, 0, &mut previous);
        kept.check("msg", 0.5, 0, &mut previous);
        let mut fresh = Throttles::default();
        fresh.check("msg", 0.5, 1000, &mut previous);
        fresh.adopt(kept);
        assert!(fresh.check("sta", 5.0, 4999, &mut previous));
        assert!(
            fresh.check("msg", 0.5, 1499, &mut previous),
            "the later one counts"
        );
    }
}
