//! Invitations to register an account. The store keeps the digests of their codes only.

use std::fmt;

use rusqlite::{Transaction, params};

use crate::accounts::{AccountId, Accounts, is_constraint, seconds};
use crate::error::{AccountsError, StoreError};
use crate::names::AccountName;

/// An invitation's number: 1 and up, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvitationId(pub i64);

/// The SHA-256 of an invitation's code; the code itself is never kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct InvitationDigest(pub [u8; 32]);

impl fmt::Debug for InvitationDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("InvitationDigest")
    }
}

/// An invitation to make accounts, without its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its number.
    pub id: InvitationId,
    /// How many accounts can still be made with it.
    pub uses_left: u32,
    /// When it ends, in Unix seconds; 0 when it does not.
    pub expires_at: u64,
    /// The operator's note about the invited person.
    pub note: String,
}

const GOOD: &str = "digest = ?1 AND uses_left > 0 AND (expires_at = 0 OR expires_at > ?2)";

impl Accounts {
    /// Keeps an invitation.
    ///
    /// # Errors
    /// The store failed.
    pub fn add_invitation(
        &mut self,
        digest: InvitationDigest,
        uses: u32,
        expires_at: u64,
        note: &str,
        now: u64,
    ) -> Result<InvitationId, StoreError> {
        self.in_transaction(|transaction| {
            transaction.execute(
                "INSERT INTO invitation (digest, uses_left, expires_at, note, created_at) VALUES (?, ?, ?, ?, ?)",
                params![digest.0, uses, seconds(expires_at), note, seconds(now)],
            )?;
            Ok(InvitationId(transaction.last_insert_rowid()))
        })
    }

    /// All invitations, also those that are over.
    ///
    /// # Errors
    /// The store failed.
    pub fn invitations(&mut self) -> Result<Vec<Invitation>, StoreError> {
        let query =
            "SELECT invitation_id, uses_left, expires_at, note FROM invitation ORDER BY invitation_id";
        self.connection
            .prepare_cached(query)
            .and_then(|mut statement| {
                let rows = statement.query_map([], |row| {
                    Ok(Invitation {
                        id: InvitationId(row.get(0)?),
                        uses_left: row.get(1)?,
                        expires_at: u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0),
                        note: row.get(3)?,
                    })
                })?;
                rows.collect()
            })
            .map_err(|error| self.failure(&error))
    }

    /// Takes an invitation back; says whether there was one of that number.
    ///
    /// # Errors
    /// The store failed.
    pub fn revoke_invitation(&mut self, invitation: InvitationId) -> Result<bool, StoreError> {
        self.in_transaction(|transaction| {
            let statement = "DELETE FROM invitation WHERE invitation_id = ?";
            Ok(transaction.execute(statement, [invitation.0])? > 0)
        })
    }

    /// Whether an account can be made with the code at `now` (Unix seconds).
    ///
    /// # Errors
    /// The store failed.
    pub fn is_invited(&mut self, digest: InvitationDigest, now: u64) -> Result<bool, StoreError> {
        let query = format!("SELECT 1 FROM invitation WHERE {GOOD}");
        let found = self.optional(&query, params![digest.0, seconds(now)], |_| Ok(()))?;
        Ok(found.is_some())
    }

    /// Makes an account with an invitation's code: both happen or neither, so that two people cannot both have the
    /// last use.
    ///
    /// # Errors
    /// [`AccountsError::NotInvited`], [`AccountsError::AccountNameTaken`], or the store failed.
    pub fn create_invited_account(
        &mut self,
        digest: InvitationDigest,
        name: &AccountName,
        password_hash: &str,
        now: u64,
    ) -> Result<AccountId, AccountsError> {
        let made = self
            .connection
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .and_then(|transaction| {
                let made = with_invitation(&transaction, digest, name, password_hash, now)?;
                // Dropped without a commit, the use of the code is taken back.
                if made.is_ok() {
                    transaction.commit()?;
                }
                Ok(made)
            });
        made.map_err(|error| AccountsError::Store(self.failure(&error)))?
    }
}

/// Uses an invitation's code up by one; says whether it was good.
pub(crate) fn use_invitation(
    transaction: &Transaction<'_>,
    digest: InvitationDigest,
    now: u64,
) -> rusqlite::Result<bool> {
    let used = transaction.execute(
        &format!("UPDATE invitation SET uses_left = uses_left - 1 WHERE {GOOD}"),
        params![digest.0, seconds(now)],
    )?;
    Ok(used > 0)
}

fn with_invitation(
    transaction: &Transaction<'_>,
    digest: InvitationDigest,
    name: &AccountName,
    password_hash: &str,
    now: u64,
) -> rusqlite::Result<Result<AccountId, AccountsError>> {
    if !use_invitation(transaction, digest, now)? {
        return Ok(Err(AccountsError::NotInvited));
    }
    let statement = "INSERT INTO account (name, password_hash, admin, created_at) VALUES (?, ?, 0, ?)";
    match transaction.execute(statement, params![name.as_str(), password_hash, seconds(now)]) {
        Ok(_) => Ok(Ok(AccountId(transaction.last_insert_rowid()))),
        Err(error) if is_constraint(&error) => Ok(Err(AccountsError::AccountNameTaken)),
        Err(error) => Err(error),
    }
}
