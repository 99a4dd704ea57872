//! Remembers passwords that were right a short while ago. Thousands of clients come back at once after a break, and this
//! saves the second Argon2.
//!
//! Why this is safe: an entry is an HMAC of the password with a key and a salt that exist in the memory of this process
//! only. It is never written, it ends after ten minutes, and it holds for one account from one address group. The
//! account's stored hash belongs to it, so that another password ends it at once. A password that does not match an entry
//! counts as wrong before anything else happens, and a limit on wrong passwords is looked at before, so an attacker gains no
//! guess. Only a reader of this process's memory could
//! try passwords against an entry, and it could read the passwords themselves when they come in.

use std::collections::HashMap;
use std::fmt;
use std::mem;

use fchatd_protocol::address::AddressGroup;
use fchatd_store::AccountId;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::desk::password::normalised;
use crate::error::AccountError;
use crate::secret::Secret;

/// How long an entry is good, in seconds.
const LIFETIME: u64 = 10 * 60;
/// Entries that are kept.
const CAPACITY: usize = 10_000;

/// See the module. The older half of the entries is dropped when the newer one is full.
pub(crate) struct Recent {
    key: [u8; 32],
    newer: HashMap<(AccountId, AddressGroup), Entry>,
    older: HashMap<(AccountId, AddressGroup), Entry>,
}

struct Entry {
    salt: [u8; 16],
    tag: [u8; 32],
    /// The SHA-256 of the account's stored hash.
    hash: [u8; 32],
    since: u64,
}

/// The result of looking a password up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Knowledge {
    /// It was right a short while ago.
    Right,
    /// Another one was.
    Wrong,
    /// Nothing.
    Nothing,
}

impl Recent {
    /// An empty one.
    pub(crate) fn new() -> Result<Self, AccountError> {
        let mut key = [0; 32];
        fill(&mut key)?;
        Ok(Self {
            key,
            newer: HashMap::new(),
            older: HashMap::new(),
        })
    }

    /// Remembers a right password of an account with this hash in the store.
    pub(crate) fn remember(
        &mut self,
        account: AccountId,
        group: AddressGroup,
        hash: &str,
        password: &Secret,
        now: u64,
    ) -> Result<(), AccountError> {
        let mut salt = [0; 16];
        fill(&mut salt)?;
        let Some(mac) = self.mac(&salt, password) else {
            return Ok(());
        };
        let entry = Entry {
            salt,
            tag: mac.finalize().into_bytes().into(),
            hash: Sha256::digest(hash).into(),
            since: now,
        };
        if self.newer.len() >= CAPACITY / 2 {
            self.older = mem::take(&mut self.newer);
        }
        self.newer.insert((account, group), entry);
        Ok(())
    }

    /// Whether the password is the one that was right a short while ago, where the account's stored hash is the same.
    pub(crate) fn look_up(
        &self,
        account: AccountId,
        group: AddressGroup,
        hash: &str,
        password: &Secret,
        now: u64,
    ) -> Knowledge {
        let key = (account, group);
        let Some(entry) = self.newer.get(&key).or_else(|| self.older.get(&key)) else {
            return Knowledge::Nothing;
        };
        // Also not when the clock was set back.
        let is_fresh = now.checked_sub(entry.since).is_some_and(|age| age < LIFETIME);
        if !is_fresh || <[u8; 32]>::from(Sha256::digest(hash)) != entry.hash {
            return Knowledge::Nothing;
        }
        match self
            .mac(&entry.salt, password)
            .map(|mac| mac.verify_slice(&entry.tag))
        {
            Some(Ok(())) => Knowledge::Right,
            Some(Err(_)) => Knowledge::Wrong,
            None => Knowledge::Nothing,
        }
    }

    fn mac(&self, salt: &[u8; 16], password: &Secret) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(salt);
        mac.update(normalised(password.reveal()).as_bytes());
        Some(mac)
    }
}

fn fill(bytes: &mut [u8]) -> Result<(), AccountError> {
    getrandom::fill(bytes).map_err(|error| {
        tracing::error!(%error, "the system gives no random numbers");
        AccountError::Failed(None)
    })
}

impl fmt::Debug for Recent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Recent")
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn a_password_is_known_where_when_and_as_long_as_it_was_right() {
        let group = |last: u8| AddressGroup::from(IpAddr::from([192, 0, 2, last]));
        let (ada, bob) = (AccountId(1), AccountId(2));
        let (right, wrong) = (Secret::new("correct horse"), Secret::new("correct horsf"));
        let mut recent = Recent::new().unwrap();
        assert_eq!(
            recent.look_up(ada, group(1), "hash", &right, 1000),
            Knowledge::Nothing
        );
        recent.remember(ada, group(1), "hash", &right, 1000).unwrap();
        let knows =
            |account, last, hash, password, now| recent.look_up(account, group(last), hash, password, now);
        assert_eq!(
            knows(ada, 1, "hash", &right, 1000 + LIFETIME - 1),
            Knowledge::Right
        );
        assert_eq!(knows(ada, 1, "hash", &wrong, 1000), Knowledge::Wrong);
        for (account, last, hash, now) in [
            (ada, 1, "hash of another password", 1000),
            (ada, 2, "hash", 1000),
            (bob, 1, "hash", 1000),
            (ada, 1, "hash", 1000 + LIFETIME),
            // The clock was set back.
            (ada, 1, "hash", 999),
        ] {
            assert_eq!(knows(account, last, hash, &right, now), Knowledge::Nothing);
        }
    }

    #[test]
    fn the_number_of_entries_is_bounded() {
        let group = AddressGroup::from(IpAddr::from([192, 0, 2, 1]));
        let mut recent = Recent::new().unwrap();
        let password = Secret::new("correct horse");
        for number in 0..CAPACITY as i64 + 10 {
            recent
                .remember(AccountId(number), group, "hash", &password, 5)
                .unwrap();
        }
        assert!(recent.newer.len() + recent.older.len() <= CAPACITY);
        let latest = recent.look_up(AccountId(CAPACITY as i64 + 9), group, "hash", &password, 5);
        assert_eq!(latest, Knowledge::Right);
    }
}
