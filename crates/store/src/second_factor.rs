//! The second factor of accounts: the secret of an authenticator app, recovery codes, application passwords; and links that reset a
//! password. Codes and links are kept as digests. Their making and the check of a code are the business of the account service.

use std::fmt;

use rusqlite::{OptionalExtension, Transaction, params};

use crate::accounts::{AccountId, Accounts, seconds};
use crate::error::StoreError;
use crate::operator::{self, OperatorCode};
use crate::rows::{Reader, table};

/// The secret of an authenticator app, in bytes. Its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct FactorSecret(pub [u8; 20]);

impl fmt::Debug for FactorSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FactorSecret")
    }
}

/// A second factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondFactor {
    /// The secret of the app.
    pub secret: FactorSecret,
    /// Whether a code of the app was entered. Before that the factor does not count.
    pub is_confirmed: bool,
    /// When it was begun, in Unix seconds.
    pub created_at: u64,
}

/// An application password's number: 1 and up, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ApplicationId(pub i64);

/// An application password, without the password. Times are Unix seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Its number.
    pub id: ApplicationId,
    /// The name that its owner gave it.
    pub name: String,
    /// When it was made.
    pub created_at: u64,
    /// When it was last used; 0 for never.
    pub used_at: u64,
}

/// A digest (SHA-256) of a code, a password or a link.
type Digest = [u8; 32];

impl Accounts {
    /// The second factor of an account, also one that is not confirmed.
    ///
    /// # Errors
    /// The store failed.
    pub fn second_factor(&mut self, account: AccountId) -> Result<Option<SecondFactor>, StoreError> {
        let query = "SELECT secret, is_confirmed, created_at FROM second_factor WHERE account_id = ?";
        self.optional(query, [account.0], |row| {
            Ok(SecondFactor {
                secret: FactorSecret(row.get(0)?),
                is_confirmed: row.get(1)?,
                created_at: u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0),
            })
        })
    }

    /// Keeps a secret that is to be confirmed, in the place of an earlier one that was not. Gives whether it was kept: a
    /// confirmed one stays.
    ///
    /// # Errors
    /// The store failed.
    pub fn begin_second_factor(
        &mut self,
        account: AccountId,
        secret: &FactorSecret,
        now: u64,
    ) -> Result<bool, StoreError> {
        let statement = "INSERT INTO second_factor (account_id, secret, is_confirmed, last_step, created_at) \
                         VALUES (?1, ?2, 0, 0, ?3) ON CONFLICT (account_id) DO UPDATE SET secret = ?2, last_step = 0, \
                         created_at = ?3 WHERE is_confirmed = 0";
        Ok(self.change(statement, params![account.0, secret.0, seconds(now)])? > 0)
    }

    /// Puts a second factor in force, with its recovery codes. Gives whether there was one to be confirmed.
    ///
    /// # Errors
    /// The store failed.
    pub fn confirm_second_factor(
        &mut self,
        account: AccountId,
        recovery: &[Digest],
    ) -> Result<bool, StoreError> {
        self.in_transaction(|transaction| {
            let statement =
                "UPDATE second_factor SET is_confirmed = 1 WHERE account_id = ? AND is_confirmed = 0";
            let changed = transaction.execute(statement, [account.0])? > 0;
            if changed {
                replace_recovery(transaction, account, recovery)?;
            }
            Ok(changed)
        })
    }

    /// Uses up the code of a time step. Gives whether it was not used, nor one of a later step.
    ///
    /// # Errors
    /// The store failed.
    pub fn use_step(&mut self, account: AccountId, step: i64) -> Result<bool, StoreError> {
        let statement = "UPDATE second_factor SET last_step = ?2 WHERE account_id = ?1 AND last_step < ?2";
        Ok(self.change(statement, params![account.0, step])? > 0)
    }

    /// Uses up a recovery code. Gives whether there was one.
    ///
    /// # Errors
    /// The store failed.
    pub fn use_recovery_code(&mut self, account: AccountId, digest: Digest) -> Result<bool, StoreError> {
        let statement = "DELETE FROM recovery_code WHERE account_id = ? AND digest = ?";
        Ok(self.change(statement, params![account.0, digest])? > 0)
    }

    /// Replaces all recovery codes of an account.
    ///
    /// # Errors
    /// The store failed.
    pub fn set_recovery_codes(&mut self, account: AccountId, codes: &[Digest]) -> Result<(), StoreError> {
        self.in_transaction(|transaction| replace_recovery(transaction, account, codes))
    }

    /// The number of recovery codes that are left.
    ///
    /// # Errors
    /// The store failed.
    pub fn recovery_codes(&mut self, account: AccountId) -> Result<u32, StoreError> {
        let query = "SELECT count(*) FROM recovery_code WHERE account_id = ?";
        Ok(self.optional(query, [account.0], |row| row.get(0))?.unwrap_or(0))
    }

    /// Removes the second factor of an account, its recovery codes and its application passwords with their tickets. Gives whether there was one in force. `by_operator` is the time (Unix seconds) for the action log, where an operator did it.
    ///
    /// # Errors
    /// The store failed.
    pub fn remove_second_factor(
        &mut self,
        account: AccountId,
        by_operator: Option<u64>,
    ) -> Result<bool, StoreError> {
        self.in_transaction(|transaction| {
            let query = "SELECT is_confirmed FROM second_factor WHERE account_id = ?";
            let had = transaction
                .query_row(query, [account.0], |row| row.get(0))
                .optional()?;
            for statement in [
                "DELETE FROM second_factor WHERE account_id = ?",
                "DELETE FROM recovery_code WHERE account_id = ?",
                "DELETE FROM application_password WHERE account_id = ?",
            ] {
                transaction.execute(statement, [account.0])?;
            }
            let had = had.unwrap_or(false);
            if let Some(now) = by_operator.filter(|_| had) {
                operator::keep(transaction, OperatorCode::SecondFactorRemoved, account, now)?;
            }
            Ok(had)
        })
    }

    /// Keeps an application password; `None` where the account has `most` of them.
    ///
    /// # Errors
    /// The store failed.
    pub fn add_application(
        &mut self,
        account: AccountId,
        digest: Digest,
        name: &str,
        most: u32,
        now: u64,
    ) -> Result<Option<ApplicationId>, StoreError> {
        self.in_transaction(|transaction| {
            let query = "SELECT count(*) FROM application_password WHERE account_id = ?";
            if transaction.query_row(query, [account.0], |row| row.get::<_, u32>(0))? >= most {
                return Ok(None);
            }
            transaction.execute(
                "INSERT INTO application_password (account_id, digest, name, created_at, used_at) VALUES (?, ?, ?, ?, 0)",
                params![account.0, digest, name, seconds(now)],
            )?;
            Ok(Some(ApplicationId(transaction.last_insert_rowid())))
        })
    }

    /// The application password with this digest, which counts as used at `now` (Unix seconds).
    ///
    /// # Errors
    /// The store failed.
    pub fn use_application(
        &mut self,
        account: AccountId,
        digest: Digest,
        now: u64,
    ) -> Result<Option<ApplicationId>, StoreError> {
        let query = "SELECT application_id FROM application_password WHERE account_id = ? AND digest = ?";
        let found = self.optional(query, params![account.0, digest], |row| row.get(0))?;
        if let Some(id) = found {
            let statement = "UPDATE application_password SET used_at = ?2 WHERE application_id = ?1";
            self.change(statement, params![id, seconds(now)])?;
        }
        Ok(found.map(ApplicationId))
    }

    /// The application passwords of an account, in the order of their making.
    ///
    /// # Errors
    /// The store failed.
    pub fn applications(&mut self, account: AccountId) -> Result<Vec<Application>, StoreError> {
        let query = "SELECT application_id, name, created_at, used_at FROM application_password WHERE account_id = ? \
                     ORDER BY application_id";
        self.connection
            .prepare_cached(query)
            .and_then(|mut statement| {
                let rows = statement.query_map([account.0], |row| {
                    Ok(Application {
                        id: ApplicationId(row.get(0)?),
                        name: row.get(1)?,
                        created_at: u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0),
                        used_at: u64::try_from(row.get::<_, i64>(3)?).unwrap_or(0),
                    })
                })?;
                rows.collect()
            })
            .map_err(|error| self.failure(&error))
    }

    /// Removes an application password of an account, with the tickets that it got. Gives whether there was one.
    ///
    /// # Errors
    /// The store failed.
    pub fn remove_application(
        &mut self,
        account: AccountId,
        application: ApplicationId,
    ) -> Result<bool, StoreError> {
        let statement = "DELETE FROM application_password WHERE account_id = ? AND application_id = ?";
        Ok(self.change(statement, params![account.0, application.0])? > 0)
    }

    /// Keeps the digest of a link that resets the password of an account until `expires_at` (Unix seconds). An earlier one ends. `now` (Unix
    /// seconds) is the time for the action log.
    ///
    /// # Errors
    /// The store failed.
    pub fn set_reset_link(
        &mut self,
        account: AccountId,
        digest: Digest,
        expires_at: u64,
        now: u64,
    ) -> Result<(), StoreError> {
        let statement = "INSERT OR REPLACE INTO reset_link (account_id, digest, expires_at) VALUES (?, ?, ?)";
        self.in_transaction(|transaction| {
            transaction.execute(statement, params![account.0, digest, seconds(expires_at)])?;
            operator::keep(transaction, OperatorCode::ResetLink, account, now)
        })
    }

    /// The account whose password a link resets at `now` (Unix seconds).
    ///
    /// # Errors
    /// The store failed.
    pub fn account_of_reset_link(
        &mut self,
        digest: Digest,
        now: u64,
    ) -> Result<Option<AccountId>, StoreError> {
        let query = "SELECT account_id FROM reset_link WHERE digest = ? AND expires_at > ?";
        let found = self.optional(query, params![digest, seconds(now)], |row| row.get(0))?;
        Ok(found.map(AccountId))
    }

    /// Uses up a link: only one of two requests gets it. Gives whether it was there.
    ///
    /// # Errors
    /// The store failed.
    pub fn use_reset_link(&mut self, digest: Digest, now: u64) -> Result<bool, StoreError> {
        let statement = "DELETE FROM reset_link WHERE digest = ? AND expires_at > ?";
        Ok(self.change(statement, params![digest, seconds(now)])? > 0)
    }
}

/// Ends everything that let an account in beside its password: tickets, devices, application passwords and a reset link. The
/// second factor stays.
pub(crate) fn end_access(transaction: &Transaction<'_>, account: AccountId) -> rusqlite::Result<()> {
    for statement in [
        "DELETE FROM ticket WHERE account_id = ?",
        "DELETE FROM device WHERE account_id = ?",
        "DELETE FROM application_password WHERE account_id = ?",
        "DELETE FROM reset_link WHERE account_id = ?",
    ] {
        transaction.execute(statement, [account.0])?;
    }
    Ok(())
}

fn replace_recovery(
    transaction: &Transaction<'_>,
    account: AccountId,
    codes: &[Digest],
) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM recovery_code WHERE account_id = ?", [account.0])?;
    for code in codes {
        transaction.execute(
            "INSERT INTO recovery_code (account_id, digest) VALUES (?, ?)",
            params![account.0, code],
        )?;
    }
    Ok(())
}

/// Checks the rows of second factors, application passwords and reset links.
pub(crate) fn inspect(reader: &mut Reader<'_>) -> rusqlite::Result<()> {
    reader.rows(table("second_factor", &["account_id"]), |row| {
        row.key("account_id", |id: &i64| format!("second factor of account {id}"));
        let _: ([u8; 20], bool) = (row.get("secret"), row.get("is_confirmed"));
        row.at_least("last_step", 0);
        row.at_least("created_at", 0);
    })?;
    reader.rows(table("recovery_code", &["account_id", "digest"]), |row| {
        row.key("account_id", |id: &i64| format!("recovery code of account {id}"));
        let _: [u8; 32] = row.get("digest");
    })?;
    reader.rows(table("application_password", &["application_id"]), |row| {
        row.key("application_id", |id: &i64| format!("application password {id}"));
        let _: ([u8; 32], String) = (row.get("digest"), row.get("name"));
        row.at_least("created_at", 0);
        row.at_least("used_at", 0);
    })?;
    reader.rows(table("reset_link", &["account_id"]), |row| {
        row.key("account_id", |id: &i64| format!("reset link of account {id}"));
        let _: [u8; 32] = row.get("digest");
        row.at_least("expires_at", 0);
    })?;
    Ok(())
}
