//! Import of accounts and characters from another site, in one transaction.

use rusqlite::{Connection, ToSql, TransactionBehavior, params};

use crate::accounts::{Accounts, seconds};
use crate::error::StoreError;
use crate::names::{AccountName, CharacterName};
use crate::people::NameDigest;

/// Pages that are kept in memory meanwhile, negative for KiB: pages that do not fit have to be written twice.
const CACHE_KIB: i64 = -256 * 1024;

/// An account to be taken over, with everything checked that can be checked without the database.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Its name.
    pub name: AccountName,
    /// The hash of its password, as a PHC string.
    pub password_hash: String,
    /// Whether its characters are administrators of the chat.
    pub admin: bool,
    /// Whether it may not enter.
    pub banned: bool,
    /// Its characters; the first one becomes the default.
    pub characters: Vec<NewCharacter>,
}

/// A character to be taken over.
#[derive(Debug, Clone)]
pub struct NewCharacter {
    /// Its name.
    pub name: CharacterName,
    /// The SHA-256 of the name, under which a deleted character's would be kept.
    pub digest: NameDigest,
    /// Its gender, if it is known.
    pub gender: Option<String>,
}

/// The fate of the entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Import {
    /// None is made: only look for obstacles.
    Try,
    /// All of them are made, or none.
    AllOrNothing,
    /// The possible ones are made.
    SkipStrange,
}

/// An obstacle to an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportFault {
    /// Which entry, from 0.
    pub entry: usize,
    /// The obstacle, as a phrase.
    pub fault: String,
}

impl Accounts {
    /// Makes many accounts in one transaction; gives the obstacles to some of them. With
    /// [`Import::AllOrNothing`] nothing was made when there is anything.
    ///
    /// # Errors
    /// The store failed; then nothing was made.
    pub fn import(
        &mut self,
        entries: &[NewAccount],
        how: Import,
        now: u64,
    ) -> Result<Vec<ImportFault>, StoreError> {
        // Only looking must not keep other processes from writing.
        let behavior = match how {
            Import::Try => TransactionBehavior::Deferred,
            Import::AllOrNothing | Import::SkipStrange => TransactionBehavior::Immediate,
        };
        let done = self
            .connection
            .pragma_update(None, "cache_size", CACHE_KIB)
            .and_then(|()| self.connection.transaction_with_behavior(behavior))
            .and_then(|transaction| {
                let mut faults = Vec::new();
                for (entry, account) in entries.iter().enumerate() {
                    match fault(&transaction, account)? {
                        Some(fault) => faults.push(ImportFault { entry, fault }),
                        None if how == Import::Try => {}
                        None => insert(&transaction, account, now)?,
                    }
                }
                if how == Import::SkipStrange || (how == Import::AllOrNothing && faults.is_empty()) {
                    transaction.commit()?;
                }
                Ok(faults)
            });
        done.map_err(|error| self.failure(&error))
    }
}

/// The obstacles to an account. Looked up before anything is inserted, because taking back half an entry is slow, and
/// all other writers wait for the end of the transaction.
fn fault(connection: &Connection, account: &NewAccount) -> rusqlite::Result<Option<String>> {
    let found = |statement: &str, value: &dyn ToSql| -> rusqlite::Result<bool> {
        connection.prepare_cached(statement)?.exists([value])
    };
    let name = account.name.as_str();
    if found("SELECT 1 FROM account WHERE name = ?", &name)? {
        return Ok(Some(format!("the account name {name:?} is already taken")));
    }
    for (place, character) in account.characters.iter().enumerate() {
        let name = character.name.as_str();
        let same = |other: &NewCharacter| other.name.as_str().eq_ignore_ascii_case(name);
        if account.characters.iter().take(place).any(same)
            || found("SELECT 1 FROM character WHERE name = ?", &name)?
        {
            return Ok(Some(format!("the character name {name:?} is already taken")));
        }
        if found("SELECT 1 FROM retired_name WHERE digest = ?", &character.digest.0)? {
            return Ok(Some(format!(
                "the character name {name:?} was a deleted character's; \"fchatd character add\" can give it"
            )));
        }
    }
    Ok(None)
}

/// Inserts one account with its characters.
fn insert(connection: &Connection, account: &NewAccount, now: u64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO account (name, password_hash, admin, banned, created_at) VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![
            account.name.as_str(),
            account.password_hash,
            account.admin,
            account.banned,
            seconds(now)
        ])?;
    let id = connection.last_insert_rowid();
    let mut default = None;
    for character in &account.characters {
        connection
            .prepare_cached(
                "INSERT INTO character (account_id, name, gender, created_at) VALUES (?, ?, ?, ?)",
            )?
            .execute(params![
                id,
                character.name.as_str(),
                character.gender,
                seconds(now)
            ])?;
        default.get_or_insert_with(|| connection.last_insert_rowid());
    }
    connection
        .prepare_cached("UPDATE account SET default_character_id = ? WHERE account_id = ?")?
        .execute(params![default, id])?;
    Ok(())
}
