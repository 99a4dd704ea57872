//! All that people keep with their accounts: pages of characters, friends, bookmarks, memos, notes, pictures, reports.

mod bookmarks;
mod deletion;
mod friends;
mod identities;
mod notes;
mod pages;
mod passkeys;
mod pictures;
mod reports;

use rusqlite::{OptionalExtension, Params, Row};

pub use deletion::NameDigest;
pub use friends::{FriendLink, FriendOutcome, FriendRequestLink};
pub use identities::{IdentityId, LinkedIdentity, Linking, NewIdentity, Unlinking};
pub use notes::{NewNote, Note, NoteBounds, NoteBox, NoteHead, NoteId, NoteOutcome};
pub use pages::{Choice, CustomKink, Page, PageHead, PageSettings};
pub use passkeys::{Passkey, PasskeyId, PasskeyKey};
pub use pictures::Picture;
pub use reports::{Report, ReportId};

use crate::accounts::{AccountId, Accounts, CharacterId};
use crate::error::StoreError;

/// A character as others know it: its account, its number and its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Someone {
    /// Its number.
    pub id: CharacterId,
    /// The account it belongs to; never told to others.
    pub account: AccountId,
    /// Its name in canonical case.
    pub name: String,
}

/// How a character is named in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CharacterKey {
    /// By its number.
    Id(CharacterId),
    /// By its name, in any case.
    Name(String),
}

const SOMEONE: &str = "SELECT character_id, account_id, name FROM character";

impl Accounts {
    /// The character of that number or name, of any account.
    ///
    /// # Errors
    /// The store failed.
    pub fn find_someone(&mut self, key: &CharacterKey) -> Result<Option<Someone>, StoreError> {
        match key {
            CharacterKey::Id(id) => {
                self.optional(&format!("{SOMEONE} WHERE character_id = ?"), [id.0], read_someone)
            }
            CharacterKey::Name(name) => {
                self.optional(&format!("{SOMEONE} WHERE name = ?"), [name], read_someone)
            }
        }
    }

    pub(crate) fn rows<T, P: Params>(
        &self,
        statement: &str,
        parameters: P,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.connection
            .prepare_cached(statement)
            .and_then(|mut statement| statement.query_map(parameters, read)?.collect())
            .map_err(|error| self.failure(&error))
    }

    pub(crate) fn optional<T, P: Params>(
        &self,
        statement: &str,
        parameters: P,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        self.connection
            .prepare_cached(statement)
            .and_then(|mut statement| statement.query_row(parameters, read).optional())
            .map_err(|error| self.failure(&error))
    }

    pub(crate) fn change<P: Params>(&self, statement: &str, parameters: P) -> Result<usize, StoreError> {
        self.check_place()?;
        self.connection
            .prepare_cached(statement)
            .and_then(|mut statement| statement.execute(parameters))
            .map_err(|error| self.failure(&error))
    }
}

fn read_someone(row: &Row<'_>) -> rusqlite::Result<Someone> {
    read_someone_at(row, 0)
}

fn read_someone_at(row: &Row<'_>, first: usize) -> rusqlite::Result<Someone> {
    Ok(Someone {
        id: CharacterId(row.get(first)?),
        account: AccountId(row.get(first + 1)?),
        name: row.get(first + 2)?,
    })
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
