//! The sessions of people that are signed in on the website. They are bounded in number, for each account and for all, and
//! in time, and are in memory only. A session names the account and the password hash that was in force, so that another
//! password ends it.

use std::collections::HashMap;

use fchatd_store::{AccountId, TicketDigest};

use crate::desk::ticket::{digest, new_ticket};
use crate::error::AccountError;
use crate::secret::Secret;

/// A person that signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    /// The account.
    pub(crate) account: AccountId,
    /// Its name.
    pub(crate) name: String,
    /// The SHA-256 of its stored password hash.
    pub(crate) credential: [u8; 32],
}

/// The bounds of sessions; times are in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) per_account: usize,
    pub(super) all: usize,
    pub(super) idle: u64,
    pub(super) lifetime: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    /// By the SHA-256 of their tokens: so the time of a look-up tells nothing about tokens.
    entries: HashMap<[u8; 32], Entry>,
    /// Counts uses, for their order.
    uses: u64,
}

#[derive(Debug)]
struct Entry {
    session: Session,
    began: u64,
    used: u64,
    /// The number of the last use.
    order: u64,
}

impl Entry {
    fn is_over(&self, now: u64, bounds: Bounds) -> bool {
        now.saturating_sub(self.used) >= bounds.idle || now.saturating_sub(self.began) >= bounds.lifetime
    }
}

impl Sessions {
    pub(super) fn begin(
        &mut self,
        session: Session,
        now: u64,
        bounds: Bounds,
    ) -> Result<Secret, AccountError> {
        let token = new_ticket()?;
        self.make_room(bounds.per_account, |entry| {
            entry.session.account == session.account
        });
        if self.entries.len() >= bounds.all {
            self.entries.retain(|_, entry| !entry.is_over(now, bounds));
            self.make_room(bounds.all, |_| true);
        }
        self.uses += 1;
        let entry = Entry {
            session,
            began: now,
            used: now,
            order: self.uses,
        };
        self.entries.insert(key(&token), entry);
        Ok(token)
    }

    pub(super) fn find(&mut self, token: &Secret, now: u64, bounds: Bounds) -> Option<Session> {
        let key = key(token);
        let entry = self.entries.get_mut(&key)?;
        if entry.is_over(now, bounds) {
            self.entries.remove(&key);
            return None;
        }
        self.uses += 1;
        (entry.used, entry.order) = (now, self.uses);
        Some(entry.session.clone())
    }

    pub(super) fn end(&mut self, token: &Secret) {
        self.entries.remove(&key(token));
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
        if surplus > 0 {
            own.sort_unstable();
            for (_, key) in own.into_iter().take(surplus) {
                self.entries.remove(&key);
            }
        }
    }
}

fn key(token: &Secret) -> [u8; 32] {
    let TicketDigest(digest) = digest(token);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds {
        per_account: 2,
        all: 4,
        idle: 100,
        lifetime: 250,
    };

    fn of(account: i64) -> Session {
        Session {
            account: AccountId(account),
            name: "ada".to_owned(),
            credential: [0; 32],
        }
    }

    #[test]
    fn a_session_ends_when_it_is_not_used_and_in_any_case() {
        let mut sessions = Sessions::default();
        let token = sessions.begin(of(1), 1000, BOUNDS).unwrap();
        for now in [1000, 1099, 1198] {
            assert_eq!(sessions.find(&token, now, BOUNDS), Some(of(1)), "{now}");
        }
        assert_eq!(sessions.find(&token, 1250, BOUNDS), None, "the lifetime is over");
        let token = sessions.begin(of(1), 1000, BOUNDS).unwrap();
        assert_eq!(sessions.find(&token, 1100, BOUNDS), None, "it was not used");
        assert!(sessions.entries.is_empty());
        let token = sessions.begin(of(1), 1000, BOUNDS).unwrap();
        sessions.end(&token);
        assert_eq!(sessions.find(&token, 1000, BOUNDS), None);
        assert_eq!(sessions.find(&Secret::new("x"), 1000, BOUNDS), None);
    }

    #[test]
    fn the_least_recently_used_make_room() {
        let mut sessions = Sessions::default();
        let mut begin = |account| sessions.begin(of(account), 1000, BOUNDS).unwrap();
        let (first, second) = (begin(1), begin(1));
        assert!(sessions.find(&first, 1000, BOUNDS).is_some());
        let third = sessions.begin(of(1), 1000, BOUNDS).unwrap();
        assert!(
            sessions.find(&second, 1000, BOUNDS).is_none(),
            "two for an account"
        );
        for account in 2..100 {
            sessions.begin(of(account), 1000, BOUNDS).unwrap();
            assert!(sessions.entries.len() <= 4);
        }
        assert!(sessions.find(&first, 1000, BOUNDS).is_none());
        assert!(sessions.find(&third, 1000, BOUNDS).is_none());
    }
}
