//! Tokens of programs that administer the server over HTTP. The store keeps the digests of the tokens only.

use std::fmt;

use rusqlite::{OptionalExtension, Row, params};

use crate::accounts::{Accounts, is_constraint, seconds};
use crate::error::StoreError;

/// Tokens that are kept at most, those that are over included.
pub const ADMIN_TOKENS_MAX: usize = 64;

/// The SHA-256 of a token; the token itself is never kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AdminTokenDigest(pub [u8; 32]);

impl fmt::Debug for AdminTokenDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AdminTokenDigest")
    }
}

/// A token, without its secret. Times are Unix seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminToken {
    /// Its number: 1 and up, never used twice.
    pub id: i64,
    /// The operator's name for it. Two tokens never have the same, in any case.
    pub name: String,
    /// The words of its rights.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: u64,
    /// When it ends.
    pub expires_at: u64,
    /// When it was last used, to a minute; 0 before the first use.
    pub used_at: u64,
}

/// The reason for which a token is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdminTokenFault {
    /// Another token has its name.
    NameTaken,
    /// There are [`ADMIN_TOKENS_MAX`] already.
    TooMany,
}

const TOKEN: &str = "SELECT admin_token_id, name, scopes, created_at, expires_at, used_at FROM admin_token";

impl Accounts {
    /// Keeps a new token, and gives its number.
    ///
    /// # Errors
    /// The store failed. The inner result has the reason for which nothing was kept.
    pub fn add_admin_token(
        &mut self,
        digest: AdminTokenDigest,
        token: &AdminToken,
    ) -> Result<Result<i64, AdminTokenFault>, StoreError> {
        let scopes = token.scopes.join(",");
        self.in_transaction(|transaction| {
            let kept: i64 = transaction.query_row("SELECT COUNT(*) FROM admin_token", [], |row| row.get(0))?;
            if usize::try_from(kept).unwrap_or(usize::MAX) >= ADMIN_TOKENS_MAX {
                return Ok(Err(AdminTokenFault::TooMany));
            }
            let added = transaction.execute(
                "INSERT INTO admin_token (name, digest, scopes, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
                params![token.name, digest.0, scopes, seconds(token.created_at), seconds(token.expires_at)],
            );
            match added {
                Err(error) if is_constraint(&error) => Ok(Err(AdminTokenFault::NameTaken)),
                added => added.map(|_| Ok(transaction.last_insert_rowid())),
            }
        })
    }

    /// All tokens, also those that are over.
    ///
    /// # Errors
    /// The store failed.
    pub fn admin_tokens(&mut self) -> Result<Vec<AdminToken>, StoreError> {
        self.connection
            .prepare_cached(&format!("{TOKEN} ORDER BY admin_token_id"))
            .and_then(|mut statement| statement.query_map([], read)?.collect())
            .map_err(|error| self.failure(&error))
    }

    /// Revokes the token of that name; says whether there was one.
    ///
    /// # Errors
    /// The store failed.
    pub fn revoke_admin_token(&mut self, name: &str) -> Result<bool, StoreError> {
        self.in_transaction(|transaction| {
            Ok(transaction.execute("DELETE FROM admin_token WHERE name = ?", [name])? > 0)
        })
    }

    /// The token with this digest that is good at `now`, in Unix seconds.
    ///
    /// # Errors
    /// The store failed.
    pub fn find_admin_token(
        &mut self,
        digest: AdminTokenDigest,
        now: u64,
    ) -> Result<Option<AdminToken>, StoreError> {
        self.connection
            .prepare_cached(&format!("{TOKEN} WHERE digest = ? AND expires_at > ?"))
            .and_then(|mut statement| {
                statement
                    .query_row(params![digest.0, seconds(now)], read)
                    .optional()
            })
            .map_err(|error| self.failure(&error))
    }

    /// Notes a use of a token.
    ///
    /// # Errors
    /// The store failed.
    pub fn use_admin_token(&mut self, id: i64, now: u64) -> Result<(), StoreError> {
        self.in_transaction(|transaction| {
            let statement = "UPDATE admin_token SET used_at = ? WHERE admin_token_id = ?";
            transaction
                .execute(statement, params![seconds(now), id])
                .map(drop)
        })
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<AdminToken> {
    let time = |place: usize| {
        row.get::<_, i64>(place)
            .map(|time| u64::try_from(time).unwrap_or(0))
    };
    let scopes: String = row.get(2)?;
    Ok(AdminToken {
        id: row.get(0)?,
        name: row.get(1)?,
        scopes: scopes.split(',').map(str::to_owned).collect(),
        created_at: time(3)?,
        expires_at: time(4)?,
        used_at: time(5)?,
    })
}
