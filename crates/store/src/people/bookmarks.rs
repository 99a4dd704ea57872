//! Bookmarks, memos and ignore lists of an account.

use rusqlite::params;

use super::{Someone, read_someone};
use crate::accounts::{AccountId, Accounts, CharacterId};
use crate::error::StoreError;

impl Accounts {
    /// The bookmarks of an account, by name.
    ///
    /// # Errors
    /// The store failed.
    pub fn bookmarks(&mut self, account: AccountId) -> Result<Vec<Someone>, StoreError> {
        self.rows(
            "SELECT c.character_id, c.account_id, c.name FROM bookmark b \
             JOIN character c ON c.character_id = b.character_id WHERE b.account_id = ? ORDER BY c.name",
            [account.0],
            read_someone,
        )
    }

    /// How many characters an account has bookmarked.
    ///
    /// # Errors
    /// The store failed.
    pub fn count_bookmarks(&mut self, account: AccountId) -> Result<u64, StoreError> {
        let count = self.optional(
            "SELECT count(*) FROM bookmark WHERE account_id = ?",
            [account.0],
            |row| row.get::<_, i64>(0),
        )?;
        Ok(count.map_or(0, super::unsigned))
    }

    /// Bookmarks a character; false when it was bookmarked already.
    ///
    /// # Errors
    /// There is no such account or character, or the store failed.
    pub fn add_bookmark(&mut self, account: AccountId, character: CharacterId) -> Result<bool, StoreError> {
        let statement =
            "INSERT INTO bookmark (account_id, character_id) VALUES (?, ?) ON CONFLICT DO NOTHING";
        Ok(self.change(statement, [account.0, character.0])? > 0)
    }

    /// Takes a bookmark away; false when there was none.
    ///
    /// # Errors
    /// The store failed.
    pub fn remove_bookmark(
        &mut self,
        account: AccountId,
        character: CharacterId,
    ) -> Result<bool, StoreError> {
        let statement = "DELETE FROM bookmark WHERE account_id = ? AND character_id = ?";
        Ok(self.change(statement, [account.0, character.0])? > 0)
    }

    /// An account's memo about a character.
    ///
    /// # Errors
    /// The store failed.
    pub fn memo(&mut self, account: AccountId, character: CharacterId) -> Result<Option<String>, StoreError> {
        self.optional(
            "SELECT note FROM memo WHERE account_id = ? AND character_id = ?",
            [account.0, character.0],
            |row| row.get(0),
        )
    }

    /// The memos of an account: names of characters with the text about each, by name.
    ///
    /// # Errors
    /// The store failed.
    pub fn memos(&mut self, account: AccountId) -> Result<Vec<(String, String)>, StoreError> {
        self.rows(
            "SELECT c.name, m.note FROM memo m JOIN character c ON c.character_id = m.character_id \
             WHERE m.account_id = ? ORDER BY c.name",
            [account.0],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
    }

    /// Keeps an account's memo about a character; an empty memo is none.
    ///
    /// # Errors
    /// There is no such account or character, or the store failed.
    pub fn set_memo(
        &mut self,
        account: AccountId,
        character: CharacterId,
        note: &str,
    ) -> Result<(), StoreError> {
        if note.is_empty() {
            let statement = "DELETE FROM memo WHERE account_id = ? AND character_id = ?";
            self.change(statement, [account.0, character.0])?;
        } else {
            let statement = "INSERT INTO memo (account_id, character_id, note) VALUES (?1, ?2, ?3) \
                             ON CONFLICT DO UPDATE SET note = ?3";
            self.change(statement, params![account.0, character.0, note])?;
        }
        Ok(())
    }

    /// Adds a name in lower case to an account's ignore list of at most `limit` names. Nothing when the list is
    /// full, false when the name stood there already.
    ///
    /// # Errors
    /// There is no such account, or the store failed.
    pub fn add_ignore(
        &mut self,
        account: AccountId,
        name: &str,
        limit: u32,
    ) -> Result<Option<bool>, StoreError> {
        self.in_transaction(|transaction| {
            let known = "SELECT EXISTS (SELECT 1 FROM ignored WHERE account_id = ? AND name = ?)";
            if transaction.query_row(known, params![account.0, name], |row| row.get(0))? {
                return Ok(Some(false));
            }
            let count = "SELECT count(*) FROM ignored WHERE account_id = ?";
            if transaction.query_row(count, [account.0], |row| row.get::<_, i64>(0))? >= i64::from(limit) {
                return Ok(None);
            }
            transaction.execute(
                "INSERT INTO ignored (account_id, name) VALUES (?, ?)",
                params![account.0, name],
            )?;
            Ok(Some(true))
        })
    }

    /// Removes a name in lower case from an account's ignore list; false when it did not stand there.
    ///
    /// # Errors
    /// The store failed.
    pub fn remove_ignore(&mut self, account: AccountId, name: &str) -> Result<bool, StoreError> {
        let statement = "DELETE FROM ignored WHERE account_id = ? AND name = ?";
        Ok(self.change(statement, params![account.0, name])? > 0)
    }
}
