//! Deletion of characters and accounts, and names that stay reserved after it.

use std::fmt;

use rusqlite::{OptionalExtension, params};

use super::notes::forget_notes;
use crate::accounts::{AccountId, Accounts, CharacterId};
use crate::error::StoreError;
use crate::operator::OperatorEvent;

/// The SHA-256 of a character's name in lower case.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NameDigest(pub [u8; 32]);

impl fmt::Debug for NameDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("NameDigest")
    }
}

impl Accounts {
    /// Whether a name was a deleted character's that this account may not have.
    ///
    /// # Errors
    /// The store failed.
    pub fn is_retired(&mut self, name: NameDigest, account: AccountId) -> Result<bool, StoreError> {
        let retired = self.optional(
            "SELECT account_id IS NOT ?2 FROM retired_name WHERE digest = ?1",
            params![name.0, account.0],
            |row| row.get(0),
        )?;
        Ok(retired.unwrap_or(false))
    }

    /// Whether a name was one of this account's own, before it was deleted or renamed.
    ///
    /// # Errors
    /// The store failed.
    pub fn was_own_name(&mut self, name: NameDigest, account: AccountId) -> Result<bool, StoreError> {
        let own = self.optional(
            "SELECT 1 FROM retired_name WHERE digest = ?1 AND account_id = ?2",
            params![name.0, account.0],
            |_| Ok(()),
        )?;
        Ok(own.is_some())
    }

    /// Makes the name of a deleted character free again.
    ///
    /// # Errors
    /// The store failed.
    pub fn release_name(&mut self, name: NameDigest) -> Result<(), StoreError> {
        self.change("DELETE FROM retired_name WHERE digest = ?", params![name.0])
            .map(|_| ())
    }

    /// Deletes a character and everything that belongs to it. Notes that others have got from it, or sent to it, stay in
    /// the boxes of the others, without its name. Its name can be had again by the same account only.
    /// Another of the account's characters becomes the default where it was this one. `heard` is for a server in
    /// another process.
    ///
    /// # Errors
    /// The store failed.
    pub fn delete_character(
        &mut self,
        character: CharacterId,
        name: NameDigest,
        heard: Option<OperatorEvent>,
    ) -> Result<bool, StoreError> {
        self.forget_thoroughly()?;
        let deleted = self.in_transaction(|transaction| {
            forget_notes(transaction, "SELECT ?1", character.0)?;
            let account: Option<i64> = transaction
                .query_row(
                    "DELETE FROM character WHERE character_id = ? RETURNING account_id",
                    [character.0],
                    |row| row.get(0),
                )
                .optional()?;
            let Some(account) = account else { return Ok(false) };
            if let Some(event) = heard {
                event.keep(transaction)?;
            }
            transaction.execute(
                "INSERT OR REPLACE INTO retired_name (digest, account_id) VALUES (?, ?)",
                params![name.0, account],
            )?;
            transaction.execute(
                "UPDATE account SET default_character_id = (SELECT min(character_id) FROM character \
                 WHERE account_id = ?1) WHERE account_id = ?1 AND default_character_id IS NULL",
                [account],
            )?;
            Ok(true)
        })?;
        self.empty_log();
        Ok(deleted)
    }

    /// Deletes an account, its characters with the given names, and all their data. `heard` is for a
    /// server in another process.
    ///
    /// # Errors
    /// The store failed.
    pub fn delete_account(
        &mut self,
        account: AccountId,
        names: &[NameDigest],
        heard: Option<OperatorEvent>,
    ) -> Result<bool, StoreError> {
        self.forget_thoroughly()?;
        let deleted = self.in_transaction(|transaction| {
            for name in names {
                transaction.execute(
                    "INSERT OR REPLACE INTO retired_name (digest, account_id) VALUES (?, NULL)",
                    params![name.0],
                )?;
            }
            if let Some(event) = heard {
                event.keep(transaction)?;
            }
            let characters = "SELECT character_id FROM character WHERE account_id = ?1";
            forget_notes(transaction, characters, account.0)?;
            // First the characters: the account refers to one of them.
            transaction.execute("DELETE FROM character WHERE account_id = ?", [account.0])?;
            Ok(transaction.execute("DELETE FROM account WHERE account_id = ?", [account.0])? > 0)
        })?;
        self.empty_log();
        Ok(deleted)
    }

    /// Deleted data is overwritten in the file, too.
    pub(super) fn forget_thoroughly(&self) -> Result<(), StoreError> {
        self.connection
            .pragma_update(None, "secure_delete", true)
            .map_err(|error| self.failure(&error))
    }

    /// Older versions of pages wait in the database's log. While others read it, it stays until it is written over.
    fn empty_log(&self) {
        let _ = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }
}
