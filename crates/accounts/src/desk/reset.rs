//! Links with which a person sets a new password once, made by an operator.

use fchatd_store::AccountId;

use crate::desk::AccountDesk;
use crate::desk::password::check_new_password;
use crate::desk::ticket::{digest, new_ticket};
use crate::error::AccountError;
use crate::event::AccountEvent;
use crate::secret::Secret;

/// Seconds for which a link is good.
const LIFETIME: u64 = 24 * 3600;

impl AccountDesk {
    /// Makes a link for the account of that name: the secret part of its address, which cannot be found out later. It is good for a
    /// day and for one password; an earlier one ends. A running server writes it into the action log.
    ///
    /// # Errors
    /// No such account, or the store failed.
    pub fn reset_link(&mut self, account: &str) -> Result<Secret, AccountError> {
        let account = self.named_account(account)?;
        let token = new_ticket()?;
        let now = self.now();
        let end = now.saturating_add(LIFETIME);
        self.accounts
            .set_reset_link(account.id, digest(&token).0, end, now)?;
        Ok(token)
    }

    /// Whether a link is good.
    pub(crate) fn knows_link(&mut self, token: &Secret) -> Result<bool, AccountError> {
        let (digest, now) = (digest(token).0, self.now());
        Ok(self.accounts.account_of_reset_link(digest, now)?.is_some())
    }

    /// Sets the password of the account of a link, which ends. Everything that let the account in ends, too; a second factor stays.
    /// Gives the account's name.
    ///
    /// # Errors
    /// [`AccountError::LinkOver`], the password breaks a rule, or the store failed.
    pub(crate) fn reset_by_link(
        &mut self,
        token: &Secret,
        password: &Secret,
    ) -> Result<String, AccountError> {
        let (digest, now) = (digest(token).0, self.now());
        let account: AccountId = self
            .accounts
            .account_of_reset_link(digest, now)?
            .ok_or(AccountError::LinkOver)?;
        // A password that is refused must not use the link up.
        check_new_password(password)?;
        let hash = self.hash(password)?;
        let account = self.accounts.account(account)?.ok_or(AccountError::LinkOver)?;
        if !self.accounts.use_reset_link(digest, now)? {
            return Err(AccountError::LinkOver);
        }
        self.accounts.set_password_hash(account.id, &hash, None)?;
        self.live.spare.end(account.id);
        self.tell(AccountEvent::PasswordChanged(account.id, None));
        Ok(account.name)
    }
}
