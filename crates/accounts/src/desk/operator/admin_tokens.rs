//! Tokens of programs that administer the server over HTTP: creation, look-up, list and revocation.

use std::fmt;

use fchatd_store::{ADMIN_TOKENS_MAX, AdminToken, AdminTokenDigest, AdminTokenFault};

use crate::desk::AccountDesk;
use crate::desk::ticket::{digest, new_ticket};
use crate::error::AccountError;
use crate::secret::Secret;

/// The start of every token, by which scanners for leaked secrets find one.
const PREFIX: &str = "fchatd_admin_";
/// The longest name of a token, in characters.
const NAME_MAX: usize = 64;
/// Seconds after which another use of a token is noted.
const USE_NOTED: u64 = 60;

/// A right of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdminScope {
    /// Reading: figures, people online, accounts, bans, channels, the action log, settings, scripts, the log.
    Read,
    /// Changes of accounts, invitations and registration.
    Accounts,
    /// Bans, undoing, reports with their texts.
    Moderation,
    /// Settings and scripts.
    Settings,
    /// A backup, which has everything in it.
    Backup,
}

impl AdminScope {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Read,
        Self::Accounts,
        Self::Moderation,
        Self::Settings,
        Self::Backup,
    ];

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Accounts => "accounts",
            Self::Moderation => "moderation",
            Self::Settings => "settings",
            Self::Backup => "backup",
        }
    }

    /// The scope with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.word() == word)
    }
}

impl fmt::Display for AdminScope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

impl AccountDesk {
    /// Makes a token with these rights for some seconds. Gives its number and the token, which cannot be found out later.
    ///
    /// # Errors
    /// The name is empty, too long or in use, there is no right, there are too many tokens, or the store failed.
    pub fn add_admin_token(
        &mut self,
        name: &str,
        scopes: &[AdminScope],
        seconds: u64,
    ) -> Result<(i64, Secret), AccountError> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
            let told = format!("the name of a token must have 1 to {NAME_MAX} characters, in one line");
            return Err(AccountError::Refused(told));
        }
        let words = AdminScope::ALL.into_iter().filter(|scope| scopes.contains(scope));
        let words: Vec<String> = words.map(|scope| scope.word().to_owned()).collect();
        if words.is_empty() {
            return Err(AccountError::Refused(
                "a token needs at least one scope".to_owned(),
            ));
        }
        let token = Secret::new(format!("{PREFIX}{}", new_ticket()?.reveal()));
        let now = self.now();
        let kept = AdminToken {
            id: 0,
            name: name.to_owned(),
            scopes: words,
            created_at: now,
            expires_at: now.saturating_add(seconds),
            used_at: 0,
        };
        match self.accounts.add_admin_token(token_digest(&token), &kept)? {
            Ok(id) => Ok((id, token)),
            Err(AdminTokenFault::NameTaken) => Err(AccountError::Refused(format!(
                "there is a token named {name} already: revoke it first, or choose another name"
            ))),
            Err(AdminTokenFault::TooMany) => Err(AccountError::Refused(format!(
                "there are {ADMIN_TOKENS_MAX} tokens already: revoke those that are not needed any more"
            ))),
        }
    }

    /// All tokens, also those that are over.
    ///
    /// # Errors
    /// The store failed.
    pub fn admin_tokens(&mut self) -> Result<Vec<AdminToken>, AccountError> {
        Ok(self.accounts.admin_tokens()?)
    }

    /// Revokes the token of that name; says whether there was one.
    ///
    /// # Errors
    /// The store failed.
    pub fn revoke_admin_token(&mut self, name: &str) -> Result<bool, AccountError> {
        Ok(self.accounts.revoke_admin_token(name.trim())?)
    }

    /// The rights of a token, which counts as a use of it; `None` where it is not good.
    ///
    /// # Errors
    /// The store failed.
    pub fn admin_token(&mut self, token: &Secret) -> Result<Option<AdminToken>, AccountError> {
        let now = self.now();
        let found = self.accounts.find_admin_token(token_digest(token), now)?;
        if let Some(found) = &found
            && now.saturating_sub(found.used_at) >= USE_NOTED
        {
            self.accounts.use_admin_token(found.id, now)?;
        }
        Ok(found)
    }
}

fn token_digest(token: &Secret) -> AdminTokenDigest {
    AdminTokenDigest(digest(token).0)
}
