//! Events that an operator's command leaves in the database for a running server.

use rusqlite::{Transaction, params};

use crate::accounts::{AccountId, Accounts, CharacterId};
use crate::error::StoreError;

/// A change by an operator to a person who may be online.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperatorEvent {
    /// The account has to go: its password was changed, or it is deleted.
    PutOut(AccountId),
    /// The account was banned.
    Banned(AccountId),
    /// The account became an administrator's, or is one no more.
    Admin(AccountId, bool),
    /// One of the account's characters has to go: it has another name or owner, or is deleted.
    CharacterPutOut(AccountId, CharacterId),
}

impl OperatorEvent {
    /// Keeps it for a running server.
    pub(crate) fn keep(self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let (kind, account, character) = match self {
            Self::PutOut(account) => ("put out", account, 0),
            Self::Banned(account) => ("banned", account, 0),
            Self::Admin(account, true) => ("admin", account, 0),
            Self::Admin(account, false) => ("not admin", account, 0),
            Self::CharacterPutOut(account, character) => ("character put out", account, character.0),
        };
        transaction
            .prepare_cached("INSERT INTO account_event (kind, account_id, character_id) VALUES (?, ?, ?)")?
            .execute(params![kind, account.0, character])
            .map(|_| ())
    }

    fn read(kind: &str, account: i64, character: i64) -> Option<Self> {
        let account = AccountId(account);
        Some(match kind {
            "put out" => Self::PutOut(account),
            "banned" => Self::Banned(account),
            "admin" => Self::Admin(account, true),
            "not admin" => Self::Admin(account, false),
            "character put out" => Self::CharacterPutOut(account, CharacterId(character)),
            _ => return None,
        })
    }
}

impl Accounts {
    /// The changes by operators since the last call, in their order. Cheap when there are none.
    ///
    /// # Errors
    /// The store failed.
    pub fn take_operator_events(&mut self) -> Result<Vec<OperatorEvent>, StoreError> {
        let any = self
            .connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM account_event)")
            .and_then(|mut statement| statement.query_row([], |row| row.get::<_, bool>(0)))
            .map_err(|error| self.failure(&error))?;
        if !any {
            return Ok(Vec::new());
        }
        let mut rows: Vec<(i64, Option<OperatorEvent>)> = self.in_transaction(|transaction| {
            transaction
                .prepare_cached(
                    "DELETE FROM account_event RETURNING event_id, kind, account_id, character_id",
                )?
                .query_map([], |row| {
                    let kind: String = row.get(1)?;
                    Ok((row.get(0)?, OperatorEvent::read(&kind, row.get(2)?, row.get(3)?)))
                })?
                .collect()
        })?;
        rows.sort_by_key(|(id, _)| *id);
        Ok(rows.into_iter().filter_map(|(_, event)| event).collect())
    }
}
