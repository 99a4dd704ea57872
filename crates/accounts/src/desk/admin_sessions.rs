//! The sessions of the administration page. They are in memory only, bounded in number and in time, and each knows when its
//! password was entered last: a change needs a fresh password.

use std::collections::HashMap;

use crate::desk::ticket::{digest, new_ticket};
use crate::error::AccountError;
use crate::secret::Secret;
use crate::service::operator::AdminSession;

/// Sessions at most; the least recently used makes room for a new one.
const SESSIONS_MAX: usize = 64;
/// Sessions of one account at most.
const PER_ACCOUNT: usize = 8;
/// Seconds after which a session ends in any case.
const LIFETIME: u64 = 12 * 3600;

/// An administrator with a session, as one request finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The administrator.
    pub session: AdminSession,
    /// Seconds since its password was entered.
    pub age: u64,
}

/// The sessions. All times are seconds of a clock that does not go back.
#[derive(Debug, Default)]
pub struct AdminSessions {
    /// By the SHA-256 of their tokens: so the time of a look-up tells nothing about tokens.
    entries: HashMap<[u8; 32], Entry>,
    /// Counts uses, for their order.
    uses: u64,
}

#[derive(Debug)]
struct Entry {
    session: AdminSession,
    began: u64,
    confirmed: u64,
    used: u64,
    order: u64,
}

impl AdminSessions {
    /// Begins a session with a password that was right; gives its token.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn begin(&mut self, session: AdminSession, now: u64) -> Result<Secret, AccountError> {
        let token = new_ticket()?;
        let name = session.name().to_owned();
        self.make_room(PER_ACCOUNT, |entry| entry.session.name() == name);
        self.make_room(SESSIONS_MAX, |_| true);
        self.uses += 1;
        let entry = Entry {
            session,
            began: now,
            confirmed: now,
            used: now,
            order: self.uses,
        };
        self.entries.insert(digest(&token).0, entry);
        Ok(token)
    }

    /// The session with this token, which counts as a use of it. It ends `idle` seconds after its last use.
    pub fn find(&mut self, token: &Secret, now: u64, idle: u64) -> Option<Signed> {
        let key = digest(token).0;
        let entry = self.entries.get_mut(&key)?;
        if now.saturating_sub(entry.used) >= idle || now.saturating_sub(entry.began) >= LIFETIME {
            self.entries.remove(&key);
            return None;
        }
        self.uses += 1;
        (entry.used, entry.order) = (now, self.uses);
        Some(Signed {
            session: entry.session.clone(),
            age: now.saturating_sub(entry.confirmed),
        })
    }

    /// The password was entered again.
    pub fn confirm(&mut self, token: &Secret, session: AdminSession, now: u64) {
        if let Some(entry) = self.entries.get_mut(&digest(token).0)
            && entry.session.name() == session.name()
        {
            (entry.session, entry.confirmed) = (session, now);
        }
    }

    /// Ends a session.
    pub fn end(&mut self, token: &Secret) {
        self.entries.remove(&digest(token).0);
    }

    /// Ends the least recently used of some sessions, until one more fits.
    fn make_room(&mut self, most: usize, counts: impl Fn(&Entry) -> bool) {
        let mut own: Vec<_> = self
            .entries
            .iter()
            .filter(|(_, entry)| counts(entry))
            .map(|(key, entry)| (entry.order, *key))
            .collect();
        let surplus = (own.len() + 1).saturating_sub(most);
        own.sort_unstable();
        for (_, key) in own.into_iter().take(surplus) {
            self.entries.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> AdminSession {
        AdminSession::for_tests(name)
    }

    #[test]
    fn a_session_knows_when_its_password_was_entered() {
        let mut sessions = AdminSessions::default();
        let token = sessions.begin(of("ada"), 100).unwrap();
        assert_eq!(sessions.find(&token, 160, 100).map(|signed| signed.age), Some(60));
        sessions.confirm(&token, of("eve"), 170);
        assert_eq!(
            sessions.find(&token, 180, 100).map(|signed| signed.age),
            Some(80),
            "of another account"
        );
        sessions.confirm(&token, of("ada"), 190);
        assert_eq!(sessions.find(&token, 200, 100).map(|signed| signed.age), Some(10));
        sessions.end(&token);
        assert_eq!(sessions.find(&token, 200, 100), None);
    }

    #[test]
    fn a_session_ends_unused_and_in_any_case() {
        let mut sessions = AdminSessions::default();
        let token = sessions.begin(of("ada"), 0).unwrap();
        assert!(sessions.find(&token, 99, 100).is_some());
        assert!(sessions.find(&token, 199, 100).is_none());
        let token = sessions.begin(of("ada"), 0).unwrap();
        let mut now = 0;
        while sessions.find(&token, now, 3600).is_some() {
            now += 1800;
        }
        assert_eq!(now, LIFETIME);
        assert!(sessions.entries.is_empty());
    }

    #[test]
    fn sessions_are_bounded_in_number() {
        let mut sessions = AdminSessions::default();
        let first = sessions.begin(of("ada"), 0).unwrap();
        for _ in 0..PER_ACCOUNT {
            sessions.begin(of("ada"), 0).unwrap();
        }
        assert_eq!(sessions.entries.len(), PER_ACCOUNT);
        assert!(sessions.find(&first, 0, 100).is_none());
        for number in 0..2 * SESSIONS_MAX {
            sessions.begin(of(&number.to_string()), 0).unwrap();
        }
        assert_eq!(sessions.entries.len(), SESSIONS_MAX);
    }
}
