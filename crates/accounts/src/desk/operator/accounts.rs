//! Accounts as an operator changes them: bans, passwords and deletion.

use fchatd_store::{Account, Details, OperatorEvent};

use crate::desk::AccountDesk;
use crate::desk::digest::name_digest;
use crate::error::AccountError;
use crate::secret::Secret;

impl AccountDesk {
    /// The accounts with this text in their name or in the name of one of their characters, in the order of their names. They begin after
    /// the account named `after`; at most `count` of them. On demand, only those that an operator has banned.
    ///
    /// # Errors
    /// The store failed.
    pub fn search_accounts(
        &mut self,
        text: &str,
        after: &str,
        only_banned: bool,
        count: usize,
    ) -> Result<Vec<Account>, AccountError> {
        let banned_at = only_banned.then(|| self.now());
        Ok(self
            .accounts
            .search_accounts(text.trim(), after, banned_at, count)?)
    }

    /// The account of that name, and the further information for an operator.
    ///
    /// # Errors
    /// No such account, or the store failed.
    pub fn details(&mut self, account: &str) -> Result<(Account, Details), AccountError> {
        let account = self.named_account(account)?;
        let details = self.accounts.details(&account, self.now())?;
        Ok((account, details))
    }

    /// Bans an account, for good or for some seconds. Its tickets end, and its characters online are removed.
    ///
    /// # Errors
    /// No such account, or the store failed.
    pub fn ban(&mut self, account: &str, seconds: Option<u64>, reason: &str) -> Result<(), AccountError> {
        let account = self.named_account(account)?;
        let until = seconds.map(|seconds| self.now().saturating_add(seconds));
        Ok(self.accounts.ban(account.id, until, reason)?)
    }

    /// Lets a banned account enter again.
    ///
    /// # Errors
    /// No such account, or the store failed.
    pub fn unban(&mut self, account: &str) -> Result<(), AccountError> {
        let account = self.named_account(account)?;
        Ok(self.accounts.unban(account.id)?)
    }

    /// Sets a new password for another person: beside the effects of [`AccountDesk::set_password`], characters online are removed.
    ///
    /// # Errors
    /// As there.
    pub fn reset_password(&mut self, account: &str, password: &Secret) -> Result<(), AccountError> {
        let (id, hash) = self.new_password(account, password)?;
        let heard = OperatorEvent::PutOut(id);
        Ok(self.accounts.set_password_hash(id, &hash, Some(heard))?)
    }

    /// Deletes an account with all its data; its characters online are removed. Gives how many characters it
    /// had. Traces in the file's unused parts go with [`AccountDesk::compact`].
    ///
    /// # Errors
    /// No such account, or the store failed.
    pub fn delete_account_of(&mut self, account: &str) -> Result<usize, AccountError> {
        let account = self.named_account(account)?;
        let characters = self.accounts.list_characters(account.id)?;
        let names: Vec<_> = characters
            .iter()
            .map(|character| name_digest(&character.name))
            .collect();
        let heard = OperatorEvent::PutOut(account.id);
        self.accounts.delete_account(account.id, &names, Some(heard))?;
        Ok(characters.len())
    }

    /// Rewrites the database file, so that no deleted data is left in it. Gives whether its log is empty, too.
    ///
    /// # Errors
    /// The store failed; deleted data stays deleted.
    pub fn compact(&mut self) -> Result<bool, AccountError> {
        Ok(self.accounts.compact()?)
    }
}
