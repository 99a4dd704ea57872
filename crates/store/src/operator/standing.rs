//! The standing of an account: its ban, its administrator right, and details for operators.

use rusqlite::{OptionalExtension, params};

use super::OperatorEvent;
use crate::accounts::{Account, AccountId, Accounts, seconds};
use crate::error::{AccountsError, StoreError};
use crate::lookalike;
use crate::second_factor;

/// Further information about an account for an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// When it was made, in Unix seconds.
    pub created_at: u64,
    /// Tickets that are good.
    pub tickets: u64,
    /// Devices that stay signed in, also those whose time is over and that were not removed yet.
    pub devices: u64,
    /// Whether it has a second factor.
    pub second_factor: bool,
    /// The character by which moderators have banned the account from the chat.
    pub banned_in_chat: Option<String>,
}

/// How long the moderators of the chat keep an account out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChatBan {
    /// For good.
    ForGood,
    /// Until a time, in Unix seconds.
    Until(u64),
}

impl Accounts {
    /// Whether the moderators of the chat keep an account out at `now` (Unix seconds). As in the chat, that does not
    /// hold for administrators and for accounts with a global moderator.
    ///
    /// # Errors
    /// The store failed.
    pub fn chat_ban(&mut self, account: &Account, now: u64) -> Result<Option<ChatBan>, StoreError> {
        if account.admin {
            return Ok(None);
        }
        let id = account.id.0;
        let ban = if self
            .optional("SELECT 1 FROM account_ban WHERE account = ?", [id], |_| Ok(()))?
            .is_some()
        {
            ChatBan::ForGood
        } else {
            let statement = "SELECT ends_at FROM account_timeout WHERE account = ? AND ends_at > ?";
            let until = self.optional(statement, params![id, seconds(now)], |row| row.get::<_, i64>(0))?;
            match until {
                Some(until) => ChatBan::Until(u64::try_from(until).unwrap_or(0)),
                None => return Ok(None),
            }
        };
        let staff =
            "SELECT 1 FROM operator AS o JOIN character AS c ON c.name = o.name WHERE c.account_id = ?";
        let is_staff = self.optional(staff, [id], |_| Ok(()))?.is_some();
        Ok((!is_staff).then_some(ban))
    }

    /// Names that have a role in the chat and belong to no character: they cannot be registered.
    ///
    /// # Errors
    /// The store failed.
    pub fn unclaimed_roles(&mut self) -> Result<Vec<String>, StoreError> {
        lookalike::unclaimed_roles(&self.connection).map_err(|error| self.failure(&error))
    }

    /// Bans an account, for good or until a time (Unix seconds): its tickets, devices and application passwords end, and its characters online have to go.
    ///
    /// # Errors
    /// [`AccountsError::NoSuchAccount`], or the store failed.
    pub fn ban(&mut self, account: AccountId, until: Option<u64>, reason: &str) -> Result<(), AccountsError> {
        let changed = self.in_transaction(|transaction| {
            let statement =
                "UPDATE account SET banned = ?, timeout_until = ?, ban_reason = ? WHERE account_id = ?";
            let values = params![until.is_none(), seconds(until.unwrap_or(0)), reason, account.0];
            let changed = transaction.execute(statement, values)?;
            second_factor::end_access(transaction, account)?;
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

    /// Makes an account an administrator's, or takes that away, also for characters that are online.
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

    /// The further information at `now` (Unix seconds).
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
            let devices: i64 = self.connection.query_row(
                "SELECT count(*) FROM device WHERE account_id = ?",
                [account.id.0],
                |row| row.get(0),
            )?;
            let second_factor = self.connection.query_row(
                "SELECT EXISTS (SELECT 1 FROM second_factor WHERE account_id = ? AND is_confirmed = 1)",
                [account.id.0],
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
                devices: u64::try_from(devices).unwrap_or(0),
                second_factor,
                banned_in_chat,
            })
        };
        details().map_err(|error| self.failure(&error))
    }

    /// Rewrites the whole file, so that no deleted data is left in it. Other processes wait meanwhile. Gives whether the
    /// log could be emptied, too, which a process that reads for long prevents.
    ///
    /// # Errors
    /// The store failed; deleted data stays deleted.
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
