//! Remembering when something was done last, to keep it from being done again too soon. A command that is
//! refused in the end does not count: its restarts are taken back.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::world::{ChannelKey, ConnectionKey, Restarted, World};

/// One owner's timers by name. Few per owner, so a list is quicker than a map and takes no room when unused.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Throttles {
    timers: Vec<(Box<str>, u64)>,
}

impl Throttles {
    /// True while less than `seconds` have passed since the timer was restarted; otherwise restarts it at
    /// `now` (milliseconds) and tells in `previous` what to give [`Throttles::restore`] to take that back: the
    /// place of the timer and its time.
    pub fn check(
        &mut self,
        timer: &str,
        seconds: f64,
        now: u64,
        previous: &mut Option<(usize, u64)>,
    ) -> bool {
        *previous = None;
        match self.timers.iter().position(|(name, _)| **name == *timer) {
            Some(place) => {
                let last = &mut self.timers[place].1;
                // `last` is a time plus one, so that 0 can say "never".
                if *last != 0 && ((now + 1).saturating_sub(*last)) as f64 / 1000.0 < seconds {
                    return true;
                }
                *previous = Some((place, std::mem::replace(last, now + 1)));
            }
            None => {
                *previous = Some((self.timers.len(), 0));
                self.timers.push((timer.into(), now + 1));
            }
        }
        false
    }

    /// When a timer of so many seconds has run out, in milliseconds.
    pub(crate) fn due(&self, timer: &str, seconds: f64) -> u64 {
        let timer = self.timers.iter().find(|(name, _)| **name == *timer);
        timer.map_or(0, |(_, last)| {
            last.saturating_sub(1) + (seconds * 1000.0).ceil() as u64
        })
    }

    /// Sets the timer back to what it was before a [`Throttles::check`].
    pub fn restore(&mut self, (place, time): (usize, u64)) {
        if let Some((_, last)) = self.timers.get_mut(place) {
            *last = time;
        }
    }
}

impl World {
    /// True while less than `seconds` have passed since this connection's timer was restarted; otherwise
    /// restarts it.
    pub fn throttle(&mut self, key: ConnectionKey, timer: &str, seconds: f64) -> bool {
        let now = self.now.monotonic;
        if self.is_last_word() {
            return false;
        }
        let Some(connection) = self.connections.get_mut(key) else {
            return false;
        };
        let mut previous = None;
        let throttled = connection.throttles.check(timer, seconds, now, &mut previous);
        if let Some(previous) = previous {
            self.restarted.push(Restarted::Timer {
                connection: key,
                previous,
            });
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

    /// What was restarted so far counts.
    pub fn keep_throttles(&mut self) {
        self.restarted.clear();
    }

    /// What was restarted since the last [`World::keep_throttles`] does not count.
    pub fn restore_throttles(&mut self) {
        for restarted in std::mem::take(&mut self.restarted).into_iter().rev() {
            match restarted {
                Restarted::Timer { connection, previous } => {
                    if let Some(connection) = self.connections.get_mut(connection) {
                        connection.throttles.restore(previous);
                    }
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
}
