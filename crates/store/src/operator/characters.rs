//! Characters as an operator changes them: look-up, renaming, and moves to another account.

use rusqlite::params;

use super::OperatorEvent;
use crate::accounts::{AccountId, Accounts, Character, is_constraint, name_fault};
use crate::error::{AccountsError, StoreError};
use crate::names::{CharacterName, NameRight};
use crate::people::NameDigest;

impl Accounts {
    /// The character of that name, of any account.
    ///
    /// # Errors
    /// The store failed.
    pub fn character_named(&mut self, name: &str) -> Result<Option<Character>, StoreError> {
        let owner = self.optional(
            "SELECT account_id FROM character WHERE name = ?",
            params![name],
            |row| row.get(0),
        )?;
        match owner {
            Some(owner) => self.find_character(AccountId(owner), name),
            None => Ok(None),
        }
    }

    /// Gives a character another name; `right` says who gives it. No other character can have the old one, unless only its case
    /// changes.
    ///
    /// # Errors
    /// The name is taken, looks like another one or has a role, there is no such character, or the store failed.
    pub fn rename_character(
        &mut self,
        character: &Character,
        name: &CharacterName,
        old: NameDigest,
        new: NameDigest,
        right: NameRight,
    ) -> Result<(), AccountsError> {
        self.in_transaction(|transaction| {
            if let Some(fault) = name_fault(transaction, name, character.account, right)? {
                return Ok(Err(fault));
            }
            let statement = "UPDATE character SET name = ? WHERE character_id = ?";
            let renamed = transaction.execute(statement, params![name.as_str(), character.id.0]);
            if renamed.as_ref().is_err_and(is_constraint) {
                return Ok(Err(AccountsError::CharacterNameTaken));
            }
            if renamed? == 0 {
                return Ok(Err(AccountsError::NoSuchCharacter));
            }
            transaction.execute("DELETE FROM retired_name WHERE digest = ?", params![new.0])?;
            if old != new {
                transaction.execute(
                    "INSERT OR REPLACE INTO retired_name (digest, account_id) VALUES (?, ?)",
                    params![old.0, character.account.0],
                )?;
            }
            OperatorEvent::CharacterPutOut(character.account, character.id).keep(transaction)?;
            Ok(Ok(()))
        })?
    }

    /// Gives a character to another account, which may have at most `limit` of them.
    ///
    /// # Errors
    /// The account is full or there is none, there is no such character, or the store failed.
    pub fn move_character(
        &mut self,
        character: &Character,
        to: AccountId,
        limit: u32,
    ) -> Result<(), AccountsError> {
        let (from, id) = (character.account, character.id);
        self.in_transaction(|transaction| {
            let exists = "SELECT EXISTS (SELECT 1 FROM account WHERE account_id = ?)";
            if !transaction.query_row(exists, [to.0], |row| row.get::<_, bool>(0))? {
                return Ok(Err(AccountsError::NoSuchAccount));
            }
            let count = "SELECT count(*) FROM character WHERE account_id = ? AND character_id <> ?";
            let count: i64 = transaction.query_row(count, [to.0, id.0], |row| row.get(0))?;
            if count >= i64::from(limit) {
                return Ok(Err(AccountsError::TooManyCharacters { limit }));
            }
            let statement = "UPDATE character SET account_id = ? WHERE character_id = ? AND account_id = ?";
            if transaction.execute(statement, [to.0, id.0, from.0])? == 0 {
                return Ok(Err(AccountsError::NoSuchCharacter));
            }
            transaction.execute(
                "UPDATE account SET default_character_id = (SELECT min(character_id) FROM character \
                 WHERE character.account_id = account.account_id) \
                 WHERE (account_id = ?1 AND default_character_id = ?3) \
                 OR (account_id = ?2 AND default_character_id IS NULL)",
                [from.0, to.0, id.0],
            )?;
            OperatorEvent::CharacterPutOut(from, id).keep(transaction)?;
            Ok(Ok(()))
        })?
    }
}
