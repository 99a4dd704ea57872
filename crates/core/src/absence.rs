//! Characters with a broken connection: the closes that count as a break, and the end of the absence.

use fchatd_protocol::exchange::Departure;
use fchatd_world::ConnectionKey;
use fchatd_world::settings::key::of;
use fchatd_world::settings::{Key, keys};

use crate::Core;

/// Whether a connection broke rather than ended on purpose, so that its client will try to come back.
pub(crate) fn is_break(departure: Departure) -> bool {
    match departure {
        Departure::Lost
        | Departure::Silent
        | Departure::SlowReader
        | Departure::GoingAway
        | Departure::Moved => true,
        Departure::Goodbye | Departure::Violation | Departure::Closed => false,
    }
}

/// The setting with the grace period of a character after such an end.
pub(crate) fn grace(departure: Departure) -> Key<of::Number> {
    match departure {
        Departure::GoingAway => keys::RELOAD_GRACE,
        _ => keys::RESUME_GRACE,
    }
}

impl Core {
    /// Logs off the characters that did not come back in time, and removes their kept lines.
    pub(crate) fn end_absences(&mut self) {
        for key in self.world.overdue() {
            // Messages that wait are said all the same.
            if !self.world.linger(key, true) {
                self.world.drop_messages(key);
                self.leave(key);
            }
        }
        self.world.part_overdue();
        self.world.end_kept_rooms();
    }

    /// Logs a character off that is away.
    pub(crate) fn leave(&mut self, key: ConnectionKey) {
        if self.world.has_broken(key) {
            self.world.keep_rooms(key);
        }
        self.see_off(key);
        self.forget(key);
    }

    /// Removes a character that was made to depart while away: it has no socket with an end that would do so.
    pub(crate) fn forget_if_away(&mut self, key: ConnectionKey) {
        if self.world.is_away(key) {
            self.forget(key);
        }
    }

    /// Removes a connection that has no socket any more.
    pub(crate) fn forget(&mut self, key: ConnectionKey) {
        self.isolated.remove(&key);
        self.world.remove(key);
    }
}
