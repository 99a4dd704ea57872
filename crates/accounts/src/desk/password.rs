//! Hashing and verifying passwords with Argon2id. Passwords are normalised by NFKC before they are hashed, because one
//! keyboard sends the letter with its accent as one character and another one as two. A hash that an older program made
//! of the bytes as they came still verifies, and is to be replaced then.

use std::borrow::Cow;
use std::fmt;

use argon2::password_hash::phc::{Output, PasswordHash};
use argon2::password_hash::{Error, PasswordHasher as _};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use unicode_normalization::UnicodeNormalization;

use crate::error::AccountError;
use crate::secret::Secret;

/// The longest password that is hashed, in bytes.
pub(crate) const MAX_PASSWORD_BYTES: usize = 256;
const MIN_PASSWORD_CHARACTERS: usize = 8;
/// Memory that verifying a hash from elsewhere may take, in KiB.
const HASH_KIB_MAX: u32 = 256 * 1024;
/// Memory times passes of a hash from elsewhere: a few seconds.
const HASH_WORK_MAX: u64 = 4 * 256 * 1024;

/// The cost of hashing one password. The default is OWASP's advice for Argon2id: 19 MiB, two passes, one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordCost {
    /// Memory in KiB, at least eight per lane.
    pub memory_kib: u32,
    /// Passes over the memory, at least 1.
    pub passes: u32,
    /// Lanes, at least 1.
    pub lanes: u32,
}

impl PasswordCost {
    /// The cost with so many MiB of memory, and as many passes as OWASP advises for it: less memory is made up for by
    /// more passes. Below 7 MiB it gives no advice.
    #[must_use]
    pub fn with_memory(mebibytes: u32) -> Self {
        let passes = match mebibytes {
            46.. => 1,
            19.. => 2,
            12.. => 3,
            9.. => 4,
            _ => 5,
        };
        Self {
            memory_kib: mebibytes.saturating_mul(1024),
            passes,
            lanes: 1,
        }
    }
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

/// Whether a password is the account's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is another one, or there is no such account.
    Wrong,
    /// It is.
    Right {
        /// The stored hash was made in another way than new ones are, and should be replaced.
        outdated: bool,
    },
}

/// The memory in which passwords are checked. It is used again for the next one, because getting it anew from the system
/// costs a third as much as the check.
#[derive(Default)]
pub(crate) struct HashMemory(Vec<Block>);

impl HashMemory {
    /// Gives all of it back.
    pub(crate) fn free(&mut self) {
        self.0 = Vec::new();
    }

    fn of(&mut self, blocks: usize) -> &mut [Block] {
        // Memory for a hash that was made at a higher cost is not kept.
        if self.0.len() > blocks {
            self.0.truncate(blocks);
            self.0.shrink_to_fit();
        }
        self.0.resize(blocks, Block::default());
        &mut self.0
    }
}

impl fmt::Debug for HashMemory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HashMemory")
    }
}

/// Whether a hash is that of the password. The parameters in the hash are followed, and the comparison takes as long
/// for every difference.
fn matches(password: &str, hash: &PasswordHash, memory: &mut HashMemory) -> Result<bool, Error> {
    let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else {
        return Ok(false);
    };
    let algorithm = Algorithm::try_from(hash.algorithm.as_str())?;
    let version = hash.version.map_or(Ok(Version::default()), Version::try_from);
    let params = Params::try_from(hash)?;
    let argon2 = Argon2::new(algorithm, version.map_err(|_| Error::Version)?, params);
    let mut made = vec![0; expected.len()];
    let memory = memory.of(argon2.params().block_count());
    argon2
        .hash_password_into_with_memory(password.as_bytes(), salt, &mut made, memory)
        .map_err(|_| Error::Internal)?;
    // Compared in constant time.
    Ok(Output::new(&made)? == *expected)
}

/// See the module.
#[derive(Clone)]
pub(crate) struct PasswordHasher {
    argon2: Argon2<'static>,
    /// The hash that a password for an unknown account is compared with, to make both cases cost the same.
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
        hasher.nobody = hasher.hash(&crate::desk::ticket::new_ticket()?)?;
        Ok(hasher)
    }

    /// The hash, as a PHC string with its parameters and a random salt.
    pub(crate) fn hash(&self, password: &Secret) -> Result<String, AccountError> {
        match self
            .argon2
            .hash_password(normalised(password.reveal()).as_bytes())
        {
            Ok(hash) => Ok(hash.to_string()),
            Err(error) => {
                tracing::error!(%error, "a password could not be hashed");
                Err(AccountError::Failed(None))
            }
        }
    }

    /// Whether the password is the account's; `None` is an account that does not exist. Does the same work for both.
    pub(crate) fn verify(
        &self,
        password: &Secret,
        hash: Option<&str>,
        memory: &mut HashMemory,
    ) -> Result<Verdict, AccountError> {
        // An account without a password has an empty hash, and costs as much as an unknown account.
        let hash = hash.filter(|hash| !hash.is_empty());
        let known = hash.is_some();
        let hash = PasswordHash::new(hash.unwrap_or(&self.nobody)).map_err(|error| {
            tracing::error!(%error, "a stored password hash is damaged");
            AccountError::Failed(None)
        })?;
        let raw = password.reveal();
        let normal = normalised(raw);
        if self.matches(&normal, &hash, memory)? {
            return Ok(match known {
                true => Verdict::Right {
                    outdated: !self.is_current(&hash),
                },
                false => Verdict::Wrong,
            });
        }
        // The hash may be of the bytes as they came. For an account that does not exist it is compared, too.
        let right = *normal != *raw && self.matches(raw, &hash, memory)? && known;
        Ok(match right {
            true => Verdict::Right { outdated: true },
            false => Verdict::Wrong,
        })
    }

    fn matches(
        &self,
        password: &str,
        hash: &PasswordHash,
        memory: &mut HashMemory,
    ) -> Result<bool, AccountError> {
        matches(password, hash, memory).map_err(|error| {
            tracing::error!(%error, "a stored password hash cannot be verified");
            AccountError::Failed(None)
        })
    }

    /// Whether a hash was made at the cost of this hasher.
    fn is_current(&self, hash: &PasswordHash) -> bool {
        let own = self.argon2.params();
        hash.algorithm.as_str() == "argon2id"
            && Params::try_from(hash).is_ok_and(|params| {
                (params.m_cost(), params.t_cost(), params.p_cost())
                    == (own.m_cost(), own.t_cost(), own.p_cost())
            })
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

/// The one form of a password that can be typed in several.
pub(crate) fn normalised(password: &str) -> Cow<'_, str> {
    match password.is_ascii() {
        true => Cow::Borrowed(password),
        false => Cow::Owned(password.nfkc().collect()),
    }
}

/// Refuses passwords that are too short to be safe or too long to be hashed at will.
pub(crate) fn check_new_password(password: &Secret) -> Result<(), AccountError> {
    let password = password.reveal();
    let characters = normalised(password).chars().count();
    if password.len() > MAX_PASSWORD_BYTES || characters < MIN_PASSWORD_CHARACTERS {
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

    const CURRENT: Verdict = Verdict::Right { outdated: false };

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
        assert_eq!(
            hasher
                .verify(&password, Some(&hash), &mut HashMemory::default())
                .unwrap(),
            CURRENT
        );
        let wrong = hasher.verify(
            &Secret::new("correct horsf"),
            Some(&hash),
            &mut HashMemory::default(),
        );
        assert_eq!(wrong.unwrap(), Verdict::Wrong);
    }

    #[test]
    fn nobody_is_compared_at_full_cost_and_never_matches() {
        let hasher = PasswordHasher::new(CHEAP).unwrap();
        assert!(
            hasher.nobody.starts_with("$argon2id$v=19$m=8,t=1,p=1$"),
            "{}",
            hasher.nobody
        );
        assert_eq!(
            hasher
                .verify(&Secret::new("x"), None, &mut HashMemory::default())
                .unwrap(),
            Verdict::Wrong
        );
    }

    #[test]
    fn a_hash_made_at_another_cost_still_verifies_and_is_to_be_replaced() {
        let password = Secret::new("correct horse");
        let old = PasswordHasher::new(CHEAP).unwrap().hash(&password).unwrap();
        let dearer = PasswordCost {
            memory_kib: 16,
            passes: 2,
            lanes: 1,
        };
        let verdict =
            PasswordHasher::new(dearer)
                .unwrap()
                .verify(&password, Some(&old), &mut HashMemory::default());
        assert_eq!(verdict.unwrap(), Verdict::Right { outdated: true });
    }

    #[test]
    fn one_password_typed_on_several_keyboards_is_one_password() {
        let hasher = PasswordHasher::new(CHEAP).unwrap();
        let composed = Secret::new("p\u{e4}ssw\u{f6}rter");
        let decomposed = Secret::new("pa\u{308}sswo\u{308}rter");
        let wide = Secret::new("p\u{e4}ssw\u{f6}rte\u{ff52}");
        let hash = hasher.hash(&decomposed).unwrap();
        for password in [&composed, &decomposed, &wide] {
            assert_eq!(
                hasher
                    .verify(password, Some(&hash), &mut HashMemory::default())
                    .unwrap(),
                CURRENT
            );
        }
        let other = hasher.verify(
            &Secret::new("passworter"),
            Some(&hash),
            &mut HashMemory::default(),
        );
        assert_eq!(other.unwrap(), Verdict::Wrong);
    }

    #[test]
    fn a_hash_of_the_bytes_as_they_came_still_verifies_and_is_to_be_replaced() {
        let hasher = PasswordHasher::new(CHEAP).unwrap();
        let decomposed = Secret::new("pa\u{308}sswo\u{308}rter");
        let old = hasher
            .argon2
            .hash_password(decomposed.reveal().as_bytes())
            .unwrap()
            .to_string();
        let verdict = hasher
            .verify(&decomposed, Some(&old), &mut HashMemory::default())
            .unwrap();
        assert_eq!(verdict, Verdict::Right { outdated: true });
        assert_eq!(
            hasher
                .verify(&decomposed, None, &mut HashMemory::default())
                .unwrap(),
            Verdict::Wrong
        );
    }

    #[test]
    fn less_memory_means_more_passes() {
        for (memory, passes) in [(7, 5), (9, 4), (12, 3), (19, 2), (46, 1), (1024, 1)] {
            let cost = PasswordCost::with_memory(memory);
            assert_eq!((cost.memory_kib, cost.passes), (memory * 1024, passes));
        }
        assert_eq!(PasswordCost::with_memory(19), PasswordCost::default());
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
        assert!(
            hasher
                .verify(
                    &Secret::new("x"),
                    Some("$argon2id$half"),
                    &mut HashMemory::default()
                )
                .is_err()
        );
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
