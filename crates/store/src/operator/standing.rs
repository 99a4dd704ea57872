use rusqlite::{OptionalExtension, params};

use super::OperatorEvent;
use crate::accounts::{Account, AccountId, Accounts, seconds};
use crate::error::{AccountsError, StoreError};

/// What an operator wants to know of an account besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// When it was made, in Unix seconds.
    pub created_at: u64,
    /// Tickets that are good.
    pub tickets: u64,
    /// The character under whose name moderators have banned the account from the chat.
    pub banned_in_chat: Option<String>,
}

impl Accounts {
    /// Bans an account, for good or until a time (Unix seconds): its tickets end, and who is online has to go.
    ///
    /// # Errors
    /// [`AccountsError::NoSuchAccount`], or the store failed.
    pub fn ban(&mut self, account: AccountId, until: Option<u64>, reason: &str) -> Result<(), AccountsError> {
        let changed = self.in_transaction(|transaction| {
            let statement =
                "UPDATE account SET banned = ?, timeout_until = ?, ban_reason = ? WHERE account_id = ?";
            let values = params![until.is_none(), seconds(until.unwrap_or(0)), reason, account.0];
            let changed = transaction.execute(statement, values)?;
            transaction.execute("DELETE FROM ticket WHERE account_id = ?", [account.0])?;
            OperatorEvent::Banned(account).keep(transaction)?;
            Ok(changed)
        })?;
        found(changed)
    }

    /// Lets a banned account enter again.
    ///
    /// # Errors
    /// [`AccountsError::NoSuchAccount`], or the store failed.
    pub fn unban(&mut self, account: AccountId) -> Result<(), AccountsError> {
        let changed = self.in_transaction(|transaction| {
            let statement =
                "UPDATE account SET banned = 0, timeout_until = 0, ban_reason = '' WHERE account_id = ?";
            transaction.execute(statement, [account.0])
        })?;
        found(changed)
    }

    /// Makes an account an administrator's, or takes that away, also for who is online.
    ///
    /// # Errors
    /// [`AccountsError::NoSuchAccount`], or the store failed.
    pub fn set_admin(&mut self, account: AccountId, admin: bool) -> Result<(), AccountsError> {
        let changed = self.in_transaction(|transaction| {
            OperatorEvent::Admin(account, admin).keep(transaction)?;
            let statement = "UPDATE account SET admin = ? WHERE account_id = ?";
            transaction.execute(statement, params![admin, account.0])
        })?;
        found(changed)
    }

    /// What else there is to know at `now` (Unix seconds).
    ///
    /// # Errors
    /// The store failed.
    pub fn details(&mut self, account: &Account, now: u64) -> Result<Details, StoreError> {
        let details = || {
            let created: i64 = self.connection.query_row(
                "SELECT created_at FROM account WHERE account_id = ?",
                [account.id.0],
                |row| row.get(0),
            )?;
            let tickets: i64 = self.connection.query_row(
                "SELECT count(*) FROM ticket WHERE account_id = ? AND expires_at > ?",
                params![account.id.0, seconds(now)],
                |row| row.get(0),
            )?;
            let banned_in_chat = self
                .connection
                .query_row(
                    "SELECT character FROM account_ban WHERE account = ?",
                    [account.id.0],
                    |row| row.get(0),
                )
                .optional()?;
            Ok(Details {
                created_at: u64::try_from(created).unwrap_or(0),
                tickets: u64::try_from(tickets).unwrap_or(0),
                banned_in_chat,
            })
        };
        details().map_err(|error| self.failure(&error))
    }

    /// Rewrites the whole file, so that nothing is left of what was deleted. Others wait meanwhile. Gives whether the
    /// log could be emptied, too, which somebody who reads for long prevents.
    ///
    /// # Errors
    /// The store failed; what is deleted stays deleted.
    pub fn compact(&mut self) -> Result<bool, StoreError> {
        let busy: Result<bool, _> = self.connection.execute_batch("VACUUM").and_then(|()| {
            self.connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        });
        busy.map(|busy| !busy).map_err(|error| self.failure(&error))
    }
}

fn found(changed: usize) -> Result<(), AccountsError> {
    if changed == 0 {
        return Err(AccountsError::NoSuchAccount);
    }
    Ok(())
}
