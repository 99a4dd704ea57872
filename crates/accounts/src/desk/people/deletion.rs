//! Changes to an account by its owner: deletion, password and default character.

use fchatd_store::{Account, AccountId, CharacterKey};

use crate::desk::AccountDesk;
use crate::desk::digest::name_digest;
use crate::error::AccountError;
use crate::event::{AccountEvent, KeptConnection};
use crate::secret::Secret;

impl AccountDesk {
    /// Deletes an account and everything that belongs to it; its password was entered.
    pub(crate) fn delete_account(&mut self, account: &Account) -> Result<(), AccountError> {
        let names: Vec<_> = self
            .accounts
            .list_characters(account.id)?
            .iter()
            .map(|character| name_digest(&character.name))
            .collect();
        self.accounts.delete_account(account.id, &names, None)?;
        self.tell(AccountEvent::Deleted(account.id));
        Ok(())
    }

    /// Deletes a character and everything that belongs to it; the password was entered.
    pub(crate) fn delete_character(&mut self, account: AccountId, name: &str) -> Result<(), AccountError> {
        let character = self.own(account, &CharacterKey::Name(name.to_owned()))?;
        self.accounts
            .delete_character(character.id, name_digest(&character.name), None)?;
        self.tell(AccountEvent::CharacterDeleted(account, character.name));
        Ok(())
    }

    /// Sets a new password; the old one was entered. Gives a ticket, because all others end. All connections of the
    /// account are closed, but for `kept`.
    pub(crate) fn change_password(
        &mut self,
        account: &Account,
        new: &Secret,
        kept: Option<KeptConnection>,
    ) -> Result<Secret, AccountError> {
        self.check_standing(account)?;
        self.set_password(&account.name, new)?;
        self.tell(AccountEvent::PasswordChanged(account.id, kept));
        self.issue_ticket(account.id, self.now())
    }

    pub(crate) fn set_default_character(
        &mut self,
        account: AccountId,
        name: &str,
    ) -> Result<(), AccountError> {
        let character = self.own(account, &CharacterKey::Name(name.to_owned()))?;
        Ok(self.accounts.set_default_character(account, character.id)?)
    }
}
