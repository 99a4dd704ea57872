//! Accounts and their characters: creation, look-up and passwords. Other data of an account is in `people`; changes by an
//! operator are in `operator`.

use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, TransactionBehavior, named_params, params};

use crate::error::{AccountsError, StoreError};
use crate::lookalike::{self, Conflict};
use crate::names::{AccountName, CharacterName, NameRight};
use crate::operator::OperatorEvent;
use crate::place::Place;
use crate::profile::Profile;
use crate::second_factor;

/// An account's number: 1 and up, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub i64);

/// A character's number: 1 and up, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CharacterId(pub i64);

/// An account, without its password hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// Its name as the owner wrote it.
    pub name: String,
    /// Whether its characters are administrators of the chat.
    pub admin: bool,
    /// Whether it may not enter at all.
    pub banned: bool,
    /// Until when it may not enter, in Unix seconds; 0 without a timeout.
    pub timeout_until: u64,
    /// Why it may not enter; empty where nothing was said.
    pub ban_reason: String,
    /// The character that clients offer first.
    pub default_character: Option<CharacterId>,
    /// When it was made, in Unix seconds.
    pub created_at: u64,
}

/// A character of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Character {
    /// Its number.
    pub id: CharacterId,
    /// The account it belongs to.
    pub account: AccountId,
    /// Its name in canonical case.
    pub name: String,
    /// The text of its profile.
    pub profile: Profile,
}

/// Accounts, characters and tickets, on a database connection of its own. Every change is on disk when the call
/// returns. Names are found in any case; times are Unix seconds.
#[derive(Debug)]
pub struct Accounts {
    pub(crate) connection: Connection,
    place: Place,
}

pub(crate) const ACCOUNT: &str = "SELECT account_id, name, admin, banned, timeout_until, default_character_id, password_hash, ban_reason, created_at FROM account";
const CHARACTER: &str = "SELECT character_id, account_id, name, gender, orientation, language_preference, \
                         furry_preference, role, position FROM character";

impl Accounts {
    pub(crate) fn new(connection: Connection, place: Place) -> Self {
        Self { connection, place }
    }

    pub(crate) fn failure(&self, error: &rusqlite::Error) -> StoreError {
        StoreError::from_sqlite(self.place.path(), error)
    }

    /// To be asked before each change.
    pub(crate) fn check_place(&self) -> Result<(), StoreError> {
        self.place.check()
    }

    /// Makes an account.
    ///
    /// # Errors
    /// [`AccountsError::AccountNameTaken`], or the store failed.
    pub fn create_account(
        &mut self,
        name: &AccountName,
        password_hash: &str,
        admin: bool,
        now: u64,
    ) -> Result<AccountId, AccountsError> {
        self.check_place()?;
        let statement = "INSERT INTO account (name, password_hash, admin, created_at) VALUES (?, ?, ?, ?)";
        let inserted = self.connection.execute(
            statement,
            params![name.as_str(), password_hash, admin, seconds(now)],
        );
        match inserted {
            Ok(_) => Ok(AccountId(self.connection.last_insert_rowid())),
            Err(error) if is_constraint(&error) => Err(AccountsError::AccountNameTaken),
            Err(error) => Err(self.failure(&error).into()),
        }
    }

    /// The account of that name, with its password hash.
    ///
    /// # Errors
    /// The store failed.
    pub fn find_account(&mut self, name: &str) -> Result<Option<(Account, String)>, StoreError> {
        self.connection
            .prepare_cached(&format!("{ACCOUNT} WHERE name = ?"))
            .and_then(|mut statement| {
                statement
                    .query_row([name], |row| Ok((read_account(row)?, row.get(6)?)))
                    .optional()
            })
            .map_err(|error| self.failure(&error))
    }

    /// The account of that number.
    ///
    /// # Errors
    /// The store failed.
    pub fn account(&mut self, id: AccountId) -> Result<Option<Account>, StoreError> {
        self.connection
            .prepare_cached(&format!("{ACCOUNT} WHERE account_id = ?"))
            .and_then(|mut statement| statement.query_row([id.0], read_account).optional())
            .map_err(|error| self.failure(&error))
    }

    /// All accounts, by name.
    ///
    /// # Errors
    /// The store failed.
    pub fn list_accounts(&mut self) -> Result<Vec<Account>, StoreError> {
        self.connection
            .prepare_cached(&format!("{ACCOUNT} ORDER BY name"))
            .and_then(|mut statement| statement.query_map([], read_account)?.collect())
            .map_err(|error| self.failure(&error))
    }

    /// Replaces the password hash, ends all tickets, devices, application passwords and reset links. `heard` is for a server in another process.
    ///
    /// # Errors
    /// [`AccountsError::NoSuchAccount`], or the store failed.
    pub fn set_password_hash(
        &mut self,
        account: AccountId,
        password_hash: &str,
        heard: Option<OperatorEvent>,
    ) -> Result<(), AccountsError> {
        let changed = self.in_transaction(|transaction| {
            if let Some(event) = heard {
                event.keep(transaction)?;
            }
            second_factor::end_access(transaction, account)?;
            let statement = "UPDATE account SET password_hash = ? WHERE account_id = ?";
            transaction.execute(statement, params![password_hash, account.0])
        })?;
        found_account(changed)
    }

    /// Replaces a password hash by another one of the same password; tickets stay good. Gives whether the old one was
    /// still in force.
    ///
    /// # Errors
    /// The store failed.
    pub fn upgrade_password_hash(
        &mut self,
        account: AccountId,
        old: &str,
        new: &str,
    ) -> Result<bool, StoreError> {
        let statement = "UPDATE account SET password_hash = ?3 WHERE account_id = ?1 AND password_hash = ?2";
        let changed = self.connection.execute(statement, params![account.0, old, new]);
        changed.map(|rows| rows > 0).map_err(|error| self.failure(&error))
    }

    /// The ignore list of an account: names in lower case, sorted.
    ///
    /// # Errors
    /// The store failed.
    pub fn ignores(&mut self, account: AccountId) -> Result<Vec<String>, StoreError> {
        self.connection
            .prepare_cached("SELECT name FROM ignored WHERE account_id = ? ORDER BY name")
            .and_then(|mut statement| statement.query_map([account.0], |row| row.get(0))?.collect())
            .map_err(|error| self.failure(&error))
    }

    /// Replaces the ignore list of an account; names in lower case.
    ///
    /// # Errors
    /// There is no such account, or the store failed; then the old list stays.
    pub fn set_ignores(&mut self, account: AccountId, names: &[String]) -> Result<(), StoreError> {
        self.replace_ignores(account, names)
            .map_err(|error| self.failure(&error))
    }

    fn replace_ignores(&mut self, account: AccountId, names: &[String]) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        transaction.execute("DELETE FROM ignored WHERE account_id = ?", [account.0])?;
        for name in names {
            transaction
                .prepare_cached("INSERT OR IGNORE INTO ignored (account_id, name) VALUES (?, ?)")?
                .execute(params![account.0, name])?;
        }
        transaction.commit()
    }

    /// Makes a character; the first one of an account becomes its default. `limit` is the most that an account may
    /// have, and `right` says from which side the name comes.
    ///
    /// # Errors
    /// The name is taken, looks like another one or has a role, the account is full or does not exist, or the store failed.
    pub fn create_character(
        &mut self,
        account: AccountId,
        name: &CharacterName,
        profile: &Profile,
        limit: u32,
        now: u64,
        right: NameRight,
    ) -> Result<CharacterId, AccountsError> {
        self.in_transaction(|transaction| {
            let exists = "SELECT EXISTS (SELECT 1 FROM account WHERE account_id = ?)";
            if !transaction.query_row(exists, [account.0], |row| row.get::<_, bool>(0))? {
                return Ok(Err(AccountsError::NoSuchAccount));
            }
            let count = "SELECT count(*) FROM character WHERE account_id = ?";
            if transaction.query_row(count, [account.0], |row| row.get::<_, i64>(0))? >= i64::from(limit) {
                return Ok(Err(AccountsError::TooManyCharacters { limit }));
            }
            if let Some(fault) = name_fault(transaction, name, account, right)? {
                return Ok(Err(fault));
            }
            let inserted = transaction.execute(
                "INSERT INTO character (account_id, name, gender, orientation, language_preference, \
                 furry_preference, role, position, created_at) VALUES (:account, :name, :gender, :orientation, \
                 :language, :furry, :role, :position, :now)",
                named_params! {
                    ":account": account.0,
                    ":name": name.as_str(),
                    ":gender": profile.gender,
                    ":orientation": profile.orientation,
                    ":language": profile.language_preference,
                    ":furry": profile.furry_preference,
                    ":role": profile.role,
                    ":position": profile.position,
                    ":now": seconds(now),
                },
            );
            match inserted {
                Err(error) if is_constraint(&error) => return Ok(Err(AccountsError::CharacterNameTaken)),
                inserted => inserted?,
            };
            let character = transaction.last_insert_rowid();
            let statement = "UPDATE account SET default_character_id = ? WHERE account_id = ? AND \
                             default_character_id IS NULL";
            transaction.execute(statement, [character, account.0])?;
            Ok(Ok(CharacterId(character)))
        })?
    }

    /// The account's character of that name.
    ///
    /// # Errors
    /// The store failed.
    pub fn find_character(
        &mut self,
        account: AccountId,
        name: &str,
    ) -> Result<Option<Character>, StoreError> {
        self.connection
            .prepare_cached(&format!("{CHARACTER} WHERE name = ? AND account_id = ?"))
            .and_then(|mut statement| {
                statement
                    .query_row(params![name, account.0], read_character)
                    .optional()
            })
            .map_err(|error| self.failure(&error))
    }

    /// An account's characters, by name.
    ///
    /// # Errors
    /// The store failed.
    pub fn list_characters(&mut self, account: AccountId) -> Result<Vec<Character>, StoreError> {
        self.connection
            .prepare_cached(&format!("{CHARACTER} WHERE account_id = ? ORDER BY name"))
            .and_then(|mut statement| statement.query_map([account.0], read_character)?.collect())
            .map_err(|error| self.failure(&error))
    }

    /// Makes one of the account's characters the one that clients offer first.
    ///
    /// # Errors
    /// [`AccountsError::NoSuchCharacter`], or the store failed.
    pub fn set_default_character(
        &mut self,
        account: AccountId,
        character: CharacterId,
    ) -> Result<(), AccountsError> {
        self.check_place()?;
        let statement = "UPDATE account SET default_character_id = ?1 WHERE account_id = ?2 AND EXISTS (SELECT 1 \
                         FROM character WHERE character_id = ?1 AND account_id = ?2)";
        let changed = self.connection.execute(statement, [character.0, account.0]);
        match changed.map_err(|error| self.failure(&error))? {
            0 => Err(AccountsError::NoSuchCharacter),
            _ => Ok(()),
        }
    }

    /// Runs `work` in one transaction. It is committed also when `work` gives a refusal inside its `Ok`; a refusal
    /// must therefore come before the first change.
    pub(crate) fn in_transaction<T>(
        &mut self,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        self.check_place()?;
        let done = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .and_then(|transaction| {
                let value = work(&transaction)?;
                transaction.commit()?;
                Ok(value)
            });
        done.map_err(|error| self.failure(&error))
    }
}

/// The reason why a name cannot be given to a character of an account with this right, if there is one.
pub(crate) fn name_fault(
    transaction: &rusqlite::Transaction<'_>,
    name: &CharacterName,
    account: AccountId,
    right: NameRight,
) -> rusqlite::Result<Option<AccountsError>> {
    if right == NameRight::Granted {
        return Ok(None);
    }
    let conflict = lookalike::conflict(transaction, name.as_str(), account)?;
    Ok(conflict.map(|conflict| match conflict {
        Conflict::Taken => AccountsError::CharacterNameTaken,
        Conflict::LooksTaken => AccountsError::CharacterNameLooksTaken,
        Conflict::HasRole => AccountsError::CharacterNameHasRole,
    }))
}

pub(crate) fn seconds(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}

pub(crate) fn is_constraint(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
}

fn found_account(changed: usize) -> Result<(), AccountsError> {
    if changed == 0 {
        Err(AccountsError::NoSuchAccount)
    } else {
        Ok(())
    }
}

pub(crate) fn read_account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        id: AccountId(row.get(0)?),
        name: row.get(1)?,
        admin: row.get(2)?,
        banned: row.get(3)?,
        timeout_until: u64::try_from(row.get::<_, i64>(4)?).unwrap_or(0),
        default_character: row.get::<_, Option<i64>>(5)?.map(CharacterId),
        ban_reason: row.get(7)?,
        created_at: u64::try_from(row.get::<_, i64>(8)?).unwrap_or(0),
    })
}

pub(crate) fn read_character(row: &Row<'_>) -> rusqlite::Result<Character> {
    Ok(Character {
        id: CharacterId(row.get(0)?),
        account: AccountId(row.get(1)?),
        name: row.get(2)?,
        profile: Profile {
            gender: row.get(3)?,
            orientation: row.get(4)?,
            language_preference: row.get(5)?,
            furry_preference: row.get(6)?,
            role: row.get(7)?,
            position: row.get(8)?,
        },
    })
}
