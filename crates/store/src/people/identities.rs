//! The identities by which people sign in through an identity provider (OpenID Connect), and accounts without a password.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::unsigned;
use crate::accounts::{Account, AccountId, Accounts, is_constraint, seconds};
use crate::error::{AccountsError, StoreError};
use crate::names::AccountName;
use crate::operator::{InvitationDigest, use_invitation};

/// The number of a linked identity: 1 and up, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdentityId(pub i64);

/// An identity that is linked with an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedIdentity {
    /// Its number.
    pub id: IdentityId,
    /// The identity provider.
    pub issuer: String,
    /// A text by which the person recognises it.
    pub label: String,
    /// When it was linked, in Unix seconds.
    pub created_at: u64,
    /// When it was last used to sign in, in Unix seconds.
    pub used_at: u64,
}

/// An identity that is to be linked. The pair of issuer and subject is unique.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIdentity {
    /// The identity provider.
    pub issuer: String,
    /// The person's identifier at the provider.
    pub subject: String,
    /// A text by which the person recognises it.
    pub label: String,
}

/// The outcome of adding a way to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linking {
    /// It is added, or was there already.
    Done,
    /// It belongs to another account.
    Taken,
    /// The account has as many as it may have.
    Full,
}

/// The outcome of removing a way to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlinking {
    /// It is removed.
    Done,
    /// The account has none of this number.
    Unknown,
    /// It is the only way to sign in to the account.
    Last,
}

impl Accounts {
    /// The account with which an identity is linked.
    ///
    /// # Errors
    /// The store failed.
    pub fn account_of_identity(
        &mut self,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<Account>, StoreError> {
        let found = self.optional(
            "SELECT account_id FROM identity WHERE issuer = ? AND subject = ?",
            [issuer, subject],
            |row| row.get(0),
        )?;
        match found {
            Some(id) => self.account(AccountId(id)),
            None => Ok(None),
        }
    }

    /// Notes that an identity was used, with its label of today.
    ///
    /// # Errors
    /// The store failed.
    pub fn identity_used(&mut self, identity: &NewIdentity, now: u64) -> Result<(), StoreError> {
        self.change(
            "UPDATE identity SET used_at = ?3, label = ?4 WHERE issuer = ?1 AND subject = ?2",
            params![identity.issuer, identity.subject, seconds(now), identity.label],
        )
        .map(|_| ())
    }

    /// The identities of an account, oldest first.
    ///
    /// # Errors
    /// The store failed.
    pub fn identities(&mut self, account: AccountId) -> Result<Vec<LinkedIdentity>, StoreError> {
        self.rows(
            "SELECT identity_id, issuer, label, created_at, used_at FROM identity WHERE account_id = ? \
             ORDER BY identity_id",
            [account.0],
            read_identity,
        )
    }

    /// Links an identity with an account that has fewer than `limit` of them.
    ///
    /// # Errors
    /// The store failed.
    pub fn link_identity(
        &mut self,
        account: AccountId,
        identity: &NewIdentity,
        limit: u32,
        now: u64,
    ) -> Result<Linking, StoreError> {
        self.in_transaction(|transaction| {
            let owner: Option<i64> = transaction
                .query_row(
                    "SELECT account_id FROM identity WHERE issuer = ? AND subject = ?",
                    [&identity.issuer, &identity.subject],
                    |row| row.get(0),
                )
                .optional()?;
            match owner {
                Some(owner) if owner == account.0 => return Ok(Linking::Done),
                Some(_) => return Ok(Linking::Taken),
                None => {}
            }
            let count = "SELECT count(*) FROM identity WHERE account_id = ?";
            if transaction.query_row(count, [account.0], |row| row.get::<_, i64>(0))? >= i64::from(limit) {
                return Ok(Linking::Full);
            }
            insert_identity(transaction, account, identity, now)?;
            Ok(Linking::Done)
        })
    }

    /// Removes an identity from an account, unless the account could not be entered any more.
    ///
    /// # Errors
    /// The store failed.
    pub fn unlink_identity(
        &mut self,
        account: AccountId,
        identity: IdentityId,
    ) -> Result<Unlinking, StoreError> {
        self.remove_sign_in(account, "identity", identity.0)
    }

    /// Removes a row of `table` from an account, unless it is the last way to sign in.
    pub(super) fn remove_sign_in(
        &mut self,
        account: AccountId,
        table: &str,
        number: i64,
    ) -> Result<Unlinking, StoreError> {
        self.in_transaction(|transaction| {
            let owned =
                format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE {table}_id = ? AND account_id = ?)");
            if !transaction.query_row(&owned, [number, account.0], |row| row.get(0))? {
                return Ok(Unlinking::Unknown);
            }
            let others = "SELECT (SELECT count(*) FROM identity WHERE account_id = ?1) + \
                          (SELECT count(*) FROM passkey WHERE account_id = ?1) + \
                          (SELECT password_hash != '' FROM account WHERE account_id = ?1)";
            if transaction.query_row(others, [account.0], |row| row.get::<_, i64>(0))? <= 1 {
                return Ok(Unlinking::Last);
            }
            transaction.execute(&format!("DELETE FROM {table} WHERE {table}_id = ?"), [number])?;
            Ok(Unlinking::Done)
        })
    }

    /// Whether an account has a password.
    ///
    /// # Errors
    /// The store failed.
    pub fn has_password(&mut self, account: AccountId) -> Result<bool, StoreError> {
        let statement = "SELECT password_hash != '' FROM account WHERE account_id = ?";
        Ok(self
            .optional(statement, [account.0], |row| row.get(0))?
            .unwrap_or(false))
    }

    /// Makes an account without a password that is entered by an identity, with an invitation where one is needed. All of it
    /// happens, or nothing.
    ///
    /// # Errors
    /// [`AccountsError::NotInvited`], [`AccountsError::AccountNameTaken`], or the store failed.
    pub fn create_account_of_identity(
        &mut self,
        name: &AccountName,
        identity: &NewIdentity,
        invitation: Option<InvitationDigest>,
        now: u64,
    ) -> Result<Linking, AccountsError> {
        self.check_place()?;
        let made = self
            .connection
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .and_then(|transaction| {
                let made = insert_account(&transaction, name, identity, invitation, now)?;
                // Dropped without a commit, the use of the invitation is taken back.
                if matches!(made, Ok(Linking::Done)) {
                    transaction.commit()?;
                }
                Ok(made)
            });
        made.map_err(|error| AccountsError::Store(self.failure(&error)))?
    }
}

fn insert_account(
    transaction: &Transaction<'_>,
    name: &AccountName,
    identity: &NewIdentity,
    invitation: Option<InvitationDigest>,
    now: u64,
) -> rusqlite::Result<Result<Linking, AccountsError>> {
    if let Some(digest) = invitation
        && !use_invitation(transaction, digest, now)?
    {
        return Ok(Err(AccountsError::NotInvited));
    }
    let statement = "INSERT INTO account (name, password_hash, admin, created_at) VALUES (?, '', 0, ?)";
    match transaction.execute(statement, params![name.as_str(), seconds(now)]) {
        Ok(_) => {}
        Err(error) if is_constraint(&error) => return Ok(Err(AccountsError::AccountNameTaken)),
        Err(error) => return Err(error),
    }
    let account = AccountId(transaction.last_insert_rowid());
    match insert_identity(transaction, account, identity, now) {
        Ok(()) => Ok(Ok(Linking::Done)),
        Err(error) if is_constraint(&error) => Ok(Ok(Linking::Taken)),
        Err(error) => Err(error),
    }
}

fn insert_identity(
    transaction: &Transaction<'_>,
    account: AccountId,
    identity: &NewIdentity,
    now: u64,
) -> rusqlite::Result<()> {
    transaction
        .execute(
            "INSERT INTO identity (account_id, issuer, subject, label, created_at, used_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
            params![
                account.0,
                identity.issuer,
                identity.subject,
                identity.label,
                seconds(now)
            ],
        )
        .map(|_| ())
}

fn read_identity(row: &Row<'_>) -> rusqlite::Result<LinkedIdentity> {
    Ok(LinkedIdentity {
        id: IdentityId(row.get(0)?),
        issuer: row.get(1)?,
        label: row.get(2)?,
        created_at: unsigned(row.get(3)?),
        used_at: unsigned(row.get(4)?),
    })
}
