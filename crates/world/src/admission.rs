//! The pace of log-ins. Each log-in of a character costs a frame to all people online, so an account has a burst
//! of them, and then one each `login_pause`. A log-in that comes too early waits a while with the answer of its login
//! check; only when it would have to wait too long it is refused.

use crate::allowance::MILLISECOND;
use crate::connection::State;
use crate::settings::keys;
use crate::world::{ConnectionKey, World};

const SECOND: f64 = 1e9;
/// The fate of a log-in with a finished check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It goes on now.
    Now,
    /// It goes on at that time, in milliseconds of [`crate::Now::monotonic`].
    At(u64),
    /// It is refused; another one may come after so many seconds.
    Refused(u64),
}

impl World {
    /// The login check found out the account of a connection that wants in.
    pub fn pace_login(&mut self, account: i64) -> Admission {
        let pause = (self.settings.number(keys::LOGIN_PAUSE) * SECOND) as u64;
        // Without an account there is nothing to be held against.
        if pause == 0 || account == 0 {
            return Admission::Now;
        }
        // The bucket may owe one: the one that is granted while something is left.
        let size = pause.saturating_mul(self.settings.count(keys::LOGIN_BURST).saturating_sub(1) as u64);
        let longest = (self.settings.number(keys::LOGIN_WAIT_MAX) * SECOND) as u64;
        let now = self.now.monotonic;
        let logins = &mut self.people.of(account).logins;
        let wait = logins.wait(now * MILLISECOND, size);
        if wait > longest || (wait > 0 && self.queued >= self.settings.count(keys::LOGINS_WAITING_MAX)) {
            self.limit_counts.logins_refused += 1;
            return Admission::Refused(wait.saturating_sub(longest).div_ceil(1000 * MILLISECOND).max(1));
        }
        logins.take(now * MILLISECOND, pause);
        if wait == 0 {
            return Admission::Now;
        }
        self.limit_counts.logins_delayed += 1;
        Admission::At(now + wait.div_ceil(MILLISECOND))
    }

    /// Keeps the answer of a connection's login check until the log-in may go on.
    pub fn queue_login(&mut self, key: ConnectionKey, answer: &str, until: u64) {
        if let Some(connection) = self.connections.get_mut(key) {
            connection.answer = Some(answer.into());
            self.set_state(key, State::Queued { until });
            self.waiting.insert((until, key));
        }
    }

    /// The answer that was kept for a log-in, if that may go on now. It is as if it had come at this moment.
    pub fn take_queued_login(&mut self, key: ConnectionKey) -> Option<Box<str>> {
        let now = self.now.monotonic;
        let connection = self.connections.get_mut(key)?;
        let State::Queued { until } = connection.state else {
            return None;
        };
        if until > now {
            return None;
        }
        let answer = connection.answer.take();
        self.set_state(key, State::Identifying { since: now });
        answer
    }

    /// How many log-ins wait for their turn.
    pub fn queued_logins(&self) -> usize {
        self.queued
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;
    use crate::world::Now;

    #[test]
    fn a_burst_then_a_wait_then_a_refusal() {
        let mut settings = Settings::default();
        for (key, value) in [
            ("login_burst", "3"),
            ("login_pause", "5"),
            ("login_wait_max", "10"),
        ] {
            settings.set_from_text(key, value).unwrap();
        }
        let mut world = World::new(settings, Now::default(), [0; 32]);
        for _ in 0..3 {
            assert_eq!(world.pace_login(7), Admission::Now);
        }
        assert_eq!(world.pace_login(7), Admission::At(5000));
        assert_eq!(world.pace_login(7), Admission::At(10_000));
        assert_eq!(world.pace_login(7), Admission::Refused(5));
        assert_eq!(world.pace_login(8), Admission::Now, "others are not affected");
        world.now.monotonic = 5000;
        assert_eq!(
            world.pace_login(7),
            Admission::At(15_000),
            "a refusal costs nothing"
        );
        world.now.monotonic = 60_000;
        for _ in 0..3 {
            assert_eq!(world.pace_login(7), Admission::Now);
        }
    }
}
