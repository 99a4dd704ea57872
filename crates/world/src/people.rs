//! The memory of rate limits about a person: an account, with all its characters. It is kept for as long as it matters,
//! so that a new connection does not reset a limit. The number of people is bounded; people without a limit in
//! force are forgotten first.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::allowance::{Allowance, MILLISECOND};
use crate::invitations::Pending;
use crate::settings::keys;
use crate::throttle::Throttles;
use crate::world::{ConnectionKey, Map, World};

/// Of so many the first look for people to forget is taken; the next one when twice as many are left.
const SWEEP_FIRST: usize = 1024;
/// Characters of one account with timers that are kept while they are offline.
const CHARACTERS_MAX: usize = 32;

/// Names a person: the number of the account, or for a character without an account a number made of its name.
pub(crate) type PersonId = i64;

/// See the module.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Person {
    /// Characters online.
    online: u32,
    /// For all commands together: see [`crate::budget`].
    pub(crate) commands: Allowance,
    /// For log-ins: see [`crate::admission`].
    pub(crate) logins: Allowance,
    /// For making rooms: see [`crate::rooms`].
    pub(crate) rooms_made: Allowance,
    /// Rooms that the person made and that are still there.
    pub(crate) rooms: u32,
    /// Timers that all characters share.
    pub(crate) timers: Throttles,
    /// Timers of characters that are offline.
    characters: Vec<(Arc<str>, Throttles)>,
    /// Invitations that were sent a short time ago.
    pub(crate) invitations: Vec<Pending>,
}

impl Person {
    /// Forgets ended timers. Gives the time until which the rest matters, in milliseconds; 0 for nothing.
    fn tidy(&mut self, now: u64) -> u64 {
        self.characters
            .retain_mut(|(_, timers)| timers.retain_running(now) > now);
        self.invitations.retain(|pending| pending.until > now);
        let kept = self.characters.iter_mut();
        let timers = kept.map(|(_, timers)| timers.retain_running(now)).max();
        let invitations = self.invitations.iter().map(|pending| pending.until).max();
        let buckets = [self.commands, self.logins, self.rooms_made];
        let full_at = buckets.map(|bucket| bucket.full_at().div_ceil(MILLISECOND));
        let ends = full_at.into_iter().chain(timers).chain(invitations);
        let until = ends.max().unwrap_or(0).max(self.timers.retain_running(now));
        if self.online > 0 || self.rooms > 0 {
            u64::MAX
        } else if until > now {
            until
        } else {
            0
        }
    }

    fn keep_timers(&mut self, folded: Arc<str>, timers: Throttles) {
        if self.characters.len() >= CHARACTERS_MAX {
            let ends = self.characters.iter().map(|(_, timers)| timers.ends_at());
            let first = ends.enumerate().min_by_key(|&(_, ends_at)| ends_at);
            if let Some((place, _)) = first {
                self.characters.swap_remove(place);
            }
        }
        match self.characters.iter_mut().find(|(name, _)| *name == folded) {
            Some((_, kept)) => kept.adopt(timers),
            None => self.characters.push((folded, timers)),
        }
    }

    fn take_timers(&mut self, folded: &str) -> Option<Throttles> {
        let place = self.characters.iter().position(|(name, _)| **name == *folded)?;
        Some(self.characters.swap_remove(place).1)
    }
}

/// All people that limits have something to say about.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct People {
    known: Map<PersonId, Person>,
    /// From this number of people on, those without a limit in force are forgotten.
    sweep_at: usize,
}

impl People {
    /// A person. New ones have all their allowances.
    pub(crate) fn of(&mut self, person: PersonId) -> &mut Person {
        self.known.entry(person).or_default()
    }

    /// A person that is known.
    pub(crate) fn get(&self, person: PersonId) -> Option<&Person> {
        self.known.get(&person)
    }

    /// How many are known.
    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }

    /// Forgets people without a limit in force, and of the others as many as are too many: first those with the earliest end of their
    /// limits, until `most` are left. So a crowd of newcomers does not wash out the used-up limits of a person.
    pub(crate) fn sweep(&mut self, now: u64, most: usize) {
        let step = (most / 16).max(1);
        let mut ends = Vec::new();
        self.known.retain(|&id, person| {
            let until = person.tidy(now);
            if (1..u64::MAX).contains(&until) {
                ends.push((until, id));
            }
            until > 0
        });
        if ends.len() > most {
            // A few more than needed, so that the next newcomer does not cause the same work.
            let spare = ends.len() - most + step;
            ends.sort_unstable();
            for (_, id) in ends.into_iter().take(spare) {
                self.known.remove(&id);
            }
        }
        let known = self.known.len();
        self.sweep_at = (2 * known).max(SWEEP_FIRST).min(most).max(known + step);
    }

    fn is_due_for_sweep(&self) -> bool {
        self.known.len() >= self.sweep_at.max(SWEEP_FIRST)
    }
}

/// The person behind a character: its account. Scripts may let characters in without one; these are persons of their
/// own.
fn person_id(account: i64, folded: &str) -> PersonId {
    if account != 0 || folded.is_empty() {
        return account;
    }
    // FNV-1a: the same in each run, which the hash of a map need not be.
    let hash = folded.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    -((hash >> 11) as i64) - 1
}

impl World {
    /// The person behind an identified connection; nothing before its log-in was let through.
    pub(crate) fn person_of(&self, key: ConnectionKey) -> Option<PersonId> {
        let person = self.connections.get(key)?.person;
        (person != 0).then_some(person)
    }

    /// The log-in of a character was accepted: its remembered limits count on, and its waiting messages on a
    /// connection that it has just given up keep waiting.
    pub fn know_person(&mut self, key: ConnectionKey) {
        let now = self.now.monotonic;
        let Some(connection) = self
            .connections
            .get_mut(key)
            .filter(|connection| connection.is_identified() && connection.person == 0)
        else {
            return;
        };
        connection.person = person_id(connection.account, &connection.folded);
        if self.people.is_due_for_sweep() {
            self.people
                .sweep(now, self.settings.count(keys::PEOPLE_REMEMBERED_MAX));
        }
        let person = self.people.of(connection.person);
        person.online += 1;
        if let Some(kept) = person.take_timers(&connection.folded) {
            connection.throttles.adopt(kept);
        }
        self.inherit_waiting(key);
    }

    /// A character goes offline: its limits are kept for as long as they matter.
    pub(crate) fn forget_person(&mut self, key: ConnectionKey) {
        let now = self.now.monotonic;
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        let id = std::mem::take(&mut connection.person);
        let mut timers = std::mem::take(&mut connection.throttles);
        let folded = Arc::clone(&connection.folded);
        if id == 0 {
            return;
        }
        if let Entry::Occupied(mut entry) = self.people.known.entry(id) {
            let person = entry.get_mut();
            person.online = person.online.saturating_sub(1);
            if timers.retain_running(now) > 0 {
                person.keep_timers(folded, timers);
            }
        }
    }

    /// How many people limits have something to say about.
    pub fn people_count(&self) -> usize {
        self.people.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_forgotten_when_nothing_runs_any_more() {
        let mut people = People::default();
        people.of(1).commands.take(0, 5000 * MILLISECOND);
        people.of(2).rooms = 1;
        people.of(3).online = 1;
        people.of(4);
        people.sweep(4999, 1000);
        assert_eq!(people.len(), 3);
        people.sweep(5000, 1000);
        assert_eq!(people.len(), 2);
        assert!(people.get(1).is_none());
    }

    #[test]
    fn a_crowd_does_not_wash_out_whom_limits_hold_longest() {
        let mut people = People::default();
        people.of(1).commands.take(0, 1_000_000 * MILLISECOND);
        people.of(2).online = 1;
        for id in 0..5000 {
            people.of(1000 + id).commands.take(0, 10 * MILLISECOND);
        }
        people.sweep(1, 4000);
        assert!(people.len() <= 4000);
        assert!(people.get(1).is_some() && people.get(2).is_some());
    }

    #[test]
    fn timers_of_offline_characters_are_bounded() {
        let mut person = Person::default();
        let mut previous = None;
        for number in 0..100 {
            let mut timers = Throttles::default();
            let seconds = if number == 0 { 1000.0 } else { 1.0 };
            timers.check("sta", seconds, 0, &mut previous);
            person.keep_timers(Arc::from(format!("{number}")), timers);
        }
        assert_eq!(person.characters.len(), CHARACTERS_MAX);
        assert!(person.take_timers("0").is_some(), "the longest stays");
        assert!(person.take_timers("0").is_none());
    }

    #[test]
    fn characters_without_an_account_are_told_apart() {
        assert_eq!(person_id(7, "ada"), 7);
        assert_ne!(person_id(0, "ada"), person_id(0, "bob"));
        assert!(person_id(0, "ada") < 0);
    }
}
