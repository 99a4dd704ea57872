//! Characters as an operator changes them: renaming, moves and deletion.

use fchatd_store::{Character, CharacterName, NameRight, OperatorEvent};

use crate::desk::AccountDesk;
use crate::desk::digest::name_digest;
use crate::error::AccountError;

impl AccountDesk {
    /// Gives a character another name, and puts it out where it is online. Its old name stays free for its own account
    /// only.
    ///
    /// # Errors
    /// There is no such character, the name breaks a rule, is taken, looks like another one, is reserved or has a role
    /// in the chat, or the store failed.
    pub fn rename_character(&mut self, name: &str, new: &str) -> Result<(), AccountError> {
        let character = self.named_character(name)?;
        let new = CharacterName::parse(new)?;
        let right = match new.as_str().eq_ignore_ascii_case(&character.name) {
            true => NameRight::Granted,
            false => self.right_to(character.account, new.as_str())?,
        };
        let digests = (name_digest(&character.name), name_digest(new.as_str()));
        Ok(self
            .accounts
            .rename_character(&character, &new, digests.0, digests.1, right)?)
    }

    /// Gives a character to another account, and puts it out where it is online.
    ///
    /// # Errors
    /// There is no such character or account, the account is full, or the store failed.
    pub fn move_character(&mut self, name: &str, account: &str) -> Result<(), AccountError> {
        let character = self.named_character(name)?;
        let account = self.named_account(account)?;
        let limit = self.live.quotas().characters;
        Ok(self.accounts.move_character(&character, account.id, limit)?)
    }

    /// Deletes a character with everything that belongs to it, and puts it out where it is online. Traces in the
    /// file's unused parts go with [`AccountDesk::compact`].
    ///
    /// # Errors
    /// There is no such character, or the store failed.
    pub fn delete_character_named(&mut self, name: &str) -> Result<(), AccountError> {
        let character = self.named_character(name)?;
        let heard = OperatorEvent::CharacterPutOut(character.account, character.id);
        self.accounts
            .delete_character(character.id, name_digest(&character.name), Some(heard))?;
        Ok(())
    }

    fn named_character(&mut self, name: &str) -> Result<Character, AccountError> {
        self.accounts
            .character_named(name.trim())?
            .ok_or(AccountError::UnknownCharacter)
    }
}
