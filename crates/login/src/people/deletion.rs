use fchatd_store::{AccountId, CharacterKey};

use super::name_digest;
use crate::desk::AccountDesk;
use crate::error::AccountError;
use crate::event::AccountEvent;
use crate::secret::Secret;

impl AccountDesk {
    /// Deletes an account and everything that belongs to it, for who knows its password.
    pub(crate) fn delete_account(&mut self, account: &str, password: &Secret) -> Result<(), AccountError> {
        let account = self.account_by_password(account, password)?;
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

    /// Deletes a character and everything that belongs to it, for who knows the password.
    pub(crate) fn delete_character(
        &mut self,
        account: &str,
        password: &Secret,
        name: &str,
    ) -> Result<(), AccountError> {
        let account = self.account_by_password(account, password)?.id;
        let character = self.own(account, &CharacterKey::Name(name.to_owned()))?;
        self.accounts
            .delete_character(character.id, name_digest(&character.name), None)?;
        self.tell(AccountEvent::CharacterDeleted(account, character.name));
        Ok(())
    }

    /// Sets a new password for who knows the old one, and gives a ticket, because all others end.
    pub(crate) fn change_password(
        &mut self,
        account: &str,
        password: &Secret,
        new: &Secret,
    ) -> Result<Secret, AccountError> {
        let account = self.welcome_account(account, password)?;
        self.set_password(&account.name, new)?;
        self.issue_ticket(account.id)
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
