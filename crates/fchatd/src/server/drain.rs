//! The time over which connections are closed at the end of a run, so that all returning people find room in the queue of passwords.
//! The closing itself is in `edge::drain`.

use std::collections::HashSet;
use std::time::Duration;

use fchatd_accounts::{LoginCheck, LoginProvider};
use fchatd_protocol::exchange::ConnectionId;
use fchatd_world::World;
use fchatd_world::settings::keys;

/// The name by which our page identifies (`cname`). It comes back with a ticket, which costs no hashing.
const PAGE: &str = "fchatd page";
/// Closes are no farther apart than this without need, so that few connections need not the whole `drain_time`.
const PACE_MAX: Duration = Duration::from_millis(10);
/// The greatest time at a restart. Connections of returning people wait in the listening socket until the new program
/// accepts them, so longer closes would not spread their arrival: they would only delay it.
const RESTART_SPREAD: Duration = Duration::from_secs(1);

/// The sessions that come back without a password check.
#[derive(Debug, Default)]
pub(crate) struct TicketSessions(HashSet<ConnectionId>);

impl TicketSessions {
    /// A connection asks to be let in.
    pub(crate) fn asked(&mut self, connection: ConnectionId, check: &LoginCheck) {
        if check.client_name == PAGE {
            self.0.insert(connection);
        }
    }

    /// The connection is gone.
    pub(crate) fn gone(&mut self, connection: ConnectionId) {
        self.0.remove(&connection);
    }
}

/// The ground on which the time of a drain is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Drain {
    /// People online.
    people: usize,
    /// `drain_time`.
    least: Duration,
    /// `drain_time_max`.
    greatest: Duration,
    /// The time in which the passwords of all returning people with one are checked.
    checking: Duration,
    /// How long a password may wait for its turn.
    patience: Duration,
}

impl Drain {
    /// For the people of a world, some of which have these sessions.
    pub(crate) fn new(world: &World, provider: &LoginProvider, sessions: &TicketSessions) -> Self {
        let (settings, people) = (&world.settings, world.user_count());
        let (checking, patience) = match provider.accounts() {
            Some(service) => {
                let passwords = people.saturating_sub(sessions.0.len());
                (service.time_for(passwords), service.patience())
            }
            // No password is checked here.
            None => (Duration::ZERO, Duration::ZERO),
        };
        Self {
            people,
            least: settings.seconds(keys::DRAIN_TIME),
            greatest: settings.seconds(keys::DRAIN_TIME_MAX),
            checking,
            patience,
        }
    }

    /// The time when the server stops: at least `drain_time` where many people are online, and longer where the queue of
    /// the returning people would be longer than `password_patience`.
    pub(crate) fn at_a_stop(self) -> Duration {
        if self.least.is_zero() {
            return Duration::ZERO;
        }
        let excess = self.checking.saturating_sub(self.patience);
        self.least.min(self.few()).max(excess.min(self.greatest))
    }

    /// The time when the program takes its own place.
    pub(crate) fn at_a_restart(self) -> Duration {
        self.least.min(self.few()).min(RESTART_SPREAD)
    }

    /// The time in which few connections are closed at the usual pace.
    fn few(self) -> Duration {
        PACE_MAX.saturating_mul(u32::try_from(self.people).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(people: u32, milliseconds: u64) -> Drain {
        Drain {
            people: people as usize,
            least: Duration::from_secs(5),
            greatest: Duration::from_secs(60),
            checking: Duration::from_millis(milliseconds) * people,
            patience: Duration::from_secs(45),
        }
    }

    #[test]
    fn the_time_grows_with_people_and_with_the_cost_of_their_passwords() {
        let stop = |people, milliseconds| drain(people, milliseconds).at_a_stop().as_millis();
        assert_eq!(stop(10, 13), 100, "few");
        assert_eq!(stop(2000, 13), 5000, "the line holds all of them");
        assert_eq!(stop(4000, 13), 7000, "seven seconds more than the line holds");
        assert_eq!(stop(2000, 50), 55_000, "a slow machine");
        assert_eq!(stop(100_000, 13), 60_000, "the greatest");
        assert_eq!(stop(100_000, 0), 5000, "nobody needs a check");
        let restart = |people, milliseconds| drain(people, milliseconds).at_a_restart().as_millis();
        assert_eq!(
            (restart(50, 13), restart(2000, 13), restart(4000, 13)),
            (500, 1000, 1000)
        );
        let at_once = Drain {
            least: Duration::ZERO,
            ..drain(100_000, 13)
        };
        assert_eq!(
            (at_once.at_a_stop(), at_once.at_a_restart()),
            (Duration::ZERO, Duration::ZERO)
        );
    }
}
