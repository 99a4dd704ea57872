use std::fmt;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error, PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::error::AccountError;
use crate::secret::Secret;

/// The longest password that is hashed, in bytes.
pub(crate) const MAX_PASSWORD_BYTES: usize = 256;
const MIN_PASSWORD_CHARACTERS: usize = 8;
/// Memory that verifying a hash from elsewhere may take, in KiB.
const HASH_KIB_MAX: u32 = 256 * 1024;
/// Memory times passes of a hash from elsewhere: a few seconds.
const HASH_WORK_MAX: u64 = 4 * 256 * 1024;

/// What hashing one password costs. The default is OWASP's advice for Argon2id: 19 MiB, two passes, one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordCost {
    /// Memory in KiB, at least eight per lane.
    pub memory_kib: u32,
    /// Passes over the memory, at least 1.
    pub passes: u32,
    /// Lanes, at least 1.
    pub lanes: u32,
}

impl Default for PasswordCost {
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            passes: 2,
            lanes: 1,
        }
    }
}

/// Hashes and verifies passwords with Argon2id.
#[derive(Clone)]
pub(crate) struct PasswordHasher {
    argon2: Argon2<'static>,
    /// What a password for an account that does not exist is compared with, to make both cases cost the same.
    nobody: String,
}

impl PasswordHasher {
    /// Fails when the cost is outside what Argon2 allows.
    pub(crate) fn new(cost: PasswordCost) -> Result<Self, AccountError> {
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, None).map_err(|error| {
            tracing::error!(%error, ?cost, "this cost of hashing passwords is not possible");
            AccountError::Failed(None)
        })?;
        let mut hasher = Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            nobody: String::new(),
        };
        hasher.nobody = hasher.hash(&crate::ticket::new_ticket()?)?;
        Ok(hasher)
    }

    /// The hash, as a PHC string with its parameters and a random salt.
    pub(crate) fn hash(&self, password: &Secret) -> Result<String, AccountError> {
        match self.argon2.hash_password(password.reveal().as_bytes()) {
            Ok(hash) => Ok(hash.to_string()),
            Err(error) => {
                tracing::error!(%error, "a password could not be hashed");
                Err(AccountError::Failed(None))
            }
        }
    }

    /// Whether the password is the account's; `None` is an account that does not exist. Does the same work for both.
    pub(crate) fn verify(&self, password: &Secret, hash: Option<&str>) -> Result<bool, AccountError> {
        let known = hash.is_some();
        let hash = PasswordHash::new(hash.unwrap_or(&self.nobody)).map_err(|error| {
            tracing::error!(%error, "a stored password hash is damaged");
            AccountError::Failed(None)
        })?;
        match self.argon2.verify_password(password.reveal().as_bytes(), &hash) {
            Ok(()) => Ok(known),
            Err(Error::PasswordInvalid) => Ok(false),
            Err(error) => {
                tracing::error!(%error, "a stored password hash cannot be verified");
                Err(AccountError::Failed(None))
            }
        }
    }
}

#[cfg(test)]
impl PasswordHasher {
    /// A hasher that fails when it is asked about an account that does not exist, which shows that it was asked.
    pub(crate) fn that_knows_nobody(cost: PasswordCost) -> Self {
        Self {
            nobody: "damaged".to_owned(),
            ..Self::new(cost).unwrap()
        }
    }
}

impl fmt::Debug for PasswordHasher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PasswordHasher")
    }
}

/// Refuses passwords that are too short to be safe or too long to be hashed at will.
pub(crate) fn check_new_password(password: &Secret) -> Result<(), AccountError> {
    let password = password.reveal();
    if password.len() > MAX_PASSWORD_BYTES || password.chars().count() < MIN_PASSWORD_CHARACTERS {
        return Err(AccountError::PasswordLength);
    }
    Ok(())
}

/// Refuses hashes from elsewhere that could not be verified, or would keep a thread busy for too long.
pub(crate) fn check_hash(hash: &Secret) -> Result<(), String> {
    let unfit = "the password_hash has to be one of Argon2, such as $argon2id$v=19$m=19456,t=2,p=1$salt$hash";
    let hash = PasswordHash::new(hash.reveal()).map_err(|_| unfit.to_owned())?;
    let known = matches!(hash.algorithm.as_str(), "argon2id" | "argon2i" | "argon2d");
    let params = Params::try_from(&hash)
        .ok()
        .filter(|_| known && hash.hash.is_some() && hash.salt.is_some());
    let Some(params) = params else {
        return Err(unfit.to_owned());
    };
    if params.m_cost() > HASH_KIB_MAX
        || u64::from(params.m_cost()) * u64::from(params.t_cost()) > HASH_WORK_MAX
    {
        return Err("checking its password_hash would cost too much memory or time".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: PasswordCost = PasswordCost {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };

    #[test]
    fn hashes_are_argon2id_with_a_salt_and_verify() {
        let hasher = PasswordHasher::new(PasswordCost::default()).unwrap();
        let password = Secret::new("correct horse");
        let hash = hasher.hash(&password).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(hash, hasher.hash(&password).unwrap());
        assert!(hasher.verify(&password, Some(&hash)).unwrap());
        assert!(!hasher.verify(&Secret::new("correct horsf"), Some(&hash)).unwrap());
    }

    #[test]
    fn nobody_is_compared_at_full_cost_and_never_matches() {
        let hasher = PasswordHasher::new(CHEAP).unwrap();
        assert!(
            hasher.nobody.starts_with("$argon2id$v=19$m=8,t=1,p=1$"),
            "{}",
            hasher.nobody
        );
        assert!(!hasher.verify(&Secret::new("x"), None).unwrap());
    }

    #[test]
    fn a_hash_made_at_another_cost_still_verifies() {
        let password = Secret::new("correct horse");
        let old = PasswordHasher::new(CHEAP).unwrap().hash(&password).unwrap();
        let dearer = PasswordCost {
            memory_kib: 16,
            passes: 2,
            lanes: 1,
        };
        assert!(
            PasswordHasher::new(dearer)
                .unwrap()
                .verify(&password, Some(&old))
                .unwrap()
        );
    }

    #[test]
    fn impossible_costs_and_damaged_hashes_are_errors() {
        assert!(
            PasswordHasher::new(PasswordCost {
                memory_kib: 0,
                passes: 0,
                lanes: 0
            })
            .is_err()
        );
        let hasher = PasswordHasher::new(CHEAP).unwrap();
        assert!(hasher.verify(&Secret::new("x"), Some("$argon2id$half")).is_err());
    }

    #[test]
    fn hashes_from_elsewhere_are_looked_at() {
        let good = PasswordHasher::new(CHEAP)
            .unwrap()
            .hash(&Secret::new("correct horse"))
            .unwrap();
        check_hash(&Secret::new(good.as_str())).unwrap();
        let (head, _) = good.rsplit_once('$').unwrap();
        for strange in [
            "",
            "5f4dcc3b5aa765d61d8327deb882cf99",
            "$2b$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234",
            head,
            &good.replace("argon2id", "scrypt"),
            &good.replace("m=8", "m=4000000"),
            &good.replace("t=1", "t=4000000"),
        ] {
            assert!(check_hash(&Secret::new(strange)).is_err(), "{strange}");
        }
    }

    #[test]
    fn new_passwords_have_bounds() {
        for (password, fine) in [
            ("1234567".to_owned(), false),
            ("12345678".to_owned(), true),
            ("ä".repeat(8), true),
        ] {
            assert_eq!(check_new_password(&Secret::new(password)).is_ok(), fine);
        }
        assert!(check_new_password(&Secret::new("x".repeat(256))).is_ok());
        assert!(check_new_password(&Secret::new("x".repeat(257))).is_err());
    }
}
