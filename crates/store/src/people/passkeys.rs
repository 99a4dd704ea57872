//! Passkeys: the public keys by which people sign in with an authenticator (WebAuthn). Signatures are checked elsewhere.

use rusqlite::{OptionalExtension, Row, params};

use super::identities::{Linking, Unlinking};
use super::unsigned;
use crate::accounts::{AccountId, Accounts, seconds};
use crate::error::StoreError;

/// The number of a passkey: 1 and up, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasskeyId(pub i64);

/// A passkey of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// Its number.
    pub id: PasskeyId,
    /// Its account.
    pub account: AccountId,
    /// The name that its owner has given it.
    pub name: String,
    /// When it was made, in Unix seconds.
    pub created_at: u64,
    /// When it was last used, in Unix seconds.
    pub used_at: u64,
    /// The key itself.
    pub key: PasskeyKey,
}

/// The parts of a passkey that a check of a signature needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyKey {
    /// The identifier that the authenticator has given it: 1 to 1023 bytes.
    pub credential: Vec<u8>,
    /// The random name of the account for authenticators.
    pub user_handle: [u8; 32],
    /// The method of signing, by its number in the registry of COSE.
    pub algorithm: i64,
    /// The public key, in the form of COSE.
    pub public_key: Vec<u8>,
    /// The counter of signatures at the last use; 0 where the authenticator has none.
    pub sign_count: u32,
}

const PASSKEY: &str = "SELECT passkey_id, account_id, name, created_at, used_at, credential, user_handle, algorithm, \
                       public_key, sign_count FROM passkey";

impl Accounts {
    /// The passkeys of an account, oldest first.
    ///
    /// # Errors
    /// The store failed.
    pub fn passkeys(&mut self, account: AccountId) -> Result<Vec<Passkey>, StoreError> {
        let statement = format!("{PASSKEY} WHERE account_id = ? ORDER BY passkey_id");
        self.rows(&statement, [account.0], read_passkey)
    }

    /// The passkey with this identifier, of any account.
    ///
    /// # Errors
    /// The store failed.
    pub fn passkey(&mut self, credential: &[u8]) -> Result<Option<Passkey>, StoreError> {
        let statement = format!("{PASSKEY} WHERE credential = ?");
        self.optional(&statement, [credential], read_passkey)
    }

    /// Adds a passkey to an account that has fewer than `limit` of them.
    ///
    /// # Errors
    /// The store failed.
    pub fn add_passkey(
        &mut self,
        account: AccountId,
        name: &str,
        key: &PasskeyKey,
        limit: u32,
        now: u64,
    ) -> Result<Linking, StoreError> {
        self.in_transaction(|transaction| {
            let owner: Option<i64> = transaction
                .query_row(
                    "SELECT account_id FROM passkey WHERE credential = ?",
                    [&key.credential],
                    |row| row.get(0),
                )
                .optional()?;
            // An authenticator never makes the same identifier twice, so a second one is not from it.
            if owner.is_some() {
                return Ok(Linking::Taken);
            }
            let count = "SELECT count(*) FROM passkey WHERE account_id = ?";
            if transaction.query_row(count, [account.0], |row| row.get::<_, i64>(0))? >= i64::from(limit) {
                return Ok(Linking::Full);
            }
            transaction.execute(
                "INSERT INTO passkey (account_id, credential, user_handle, algorithm, public_key, sign_count, name, \
                 created_at, used_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)",
                params![
                    account.0,
                    key.credential,
                    key.user_handle,
                    key.algorithm,
                    key.public_key,
                    key.sign_count,
                    name,
                    seconds(now)
                ],
            )?;
            Ok(Linking::Done)
        })
    }

    /// Notes a use of a passkey with its counter. Gives false when the counter is not higher than that of an earlier use,
    /// which another request may have noted meanwhile.
    ///
    /// # Errors
    /// The store failed.
    pub fn passkey_used(
        &mut self,
        passkey: PasskeyId,
        sign_count: u32,
        now: u64,
    ) -> Result<bool, StoreError> {
        let changed = self.change(
            "UPDATE passkey SET used_at = ?3, sign_count = ?2 WHERE passkey_id = ?1 AND (sign_count < ?2 OR \
             (sign_count = 0 AND ?2 = 0))",
            params![passkey.0, sign_count, seconds(now)],
        )?;
        Ok(changed > 0)
    }

    /// Gives a passkey of an account another name; says whether there is one of this number.
    ///
    /// # Errors
    /// The store failed.
    pub fn rename_passkey(
        &mut self,
        account: AccountId,
        passkey: PasskeyId,
        name: &str,
    ) -> Result<bool, StoreError> {
        let changed = self.change(
            "UPDATE passkey SET name = ? WHERE passkey_id = ? AND account_id = ?",
            params![name, passkey.0, account.0],
        )?;
        Ok(changed > 0)
    }

    /// Removes a passkey from an account, unless the account could not be entered any more.
    ///
    /// # Errors
    /// The store failed.
    pub fn remove_passkey(
        &mut self,
        account: AccountId,
        passkey: PasskeyId,
    ) -> Result<Unlinking, StoreError> {
        self.remove_sign_in(account, "passkey", passkey.0)
    }
}

fn read_passkey(row: &Row<'_>) -> rusqlite::Result<Passkey> {
    Ok(Passkey {
        id: PasskeyId(row.get(0)?),
        account: AccountId(row.get(1)?),
        name: row.get(2)?,
        created_at: unsigned(row.get(3)?),
        used_at: unsigned(row.get(4)?),
        key: PasskeyKey {
            credential: row.get(5)?,
            user_handle: row.get(6)?,
            algorithm: row.get(7)?,
            public_key: row.get(8)?,
            sign_count: row.get(9)?,
        },
    })
}
