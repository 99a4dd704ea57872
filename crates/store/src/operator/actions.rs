//! Actions of operators on the command line that belong into the action log. A running server takes them from here; without
//! one they wait for the next start.

use rusqlite::{Transaction, params};

use crate::accounts::{AccountId, Accounts, seconds};
use crate::error::StoreError;

/// A kind of action, as the action log names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperatorCode {
    /// A link that resets the password was made.
    ResetLink,
    /// The second factor was removed.
    SecondFactorRemoved,
}

impl OperatorCode {
    /// The three letters in the action log.
    #[must_use]
    pub fn letters(self) -> &'static str {
        match self {
            Self::ResetLink => "RSL",
            Self::SecondFactorRemoved => "SFR",
        }
    }
}

/// An action of an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorAction {
    /// The three letters in the action log.
    pub code: String,
    /// The name of the account.
    pub account: String,
    /// When, in Unix seconds.
    pub made_at: u64,
}

impl Accounts {
    /// The actions of operators since the last call, in their order. Cheap when there are none.
    ///
    /// # Errors
    /// The store failed.
    pub fn take_operator_actions(&mut self) -> Result<Vec<OperatorAction>, StoreError> {
        let any = self.optional("SELECT 1 FROM operator_action LIMIT 1", [], |_| Ok(()))?;
        if any.is_none() {
            return Ok(Vec::new());
        }
        let mut rows: Vec<(i64, OperatorAction)> = self.in_transaction(|transaction| {
            transaction
                .prepare_cached("DELETE FROM operator_action RETURNING action_id, code, account, made_at")?
                .query_map([], |row| {
                    let action = OperatorAction {
                        code: row.get(1)?,
                        account: row.get(2)?,
                        made_at: u64::try_from(row.get::<_, i64>(3)?).unwrap_or(0),
                    };
                    Ok((row.get(0)?, action))
                })?
                .collect()
        })?;
        rows.sort_by_key(|(id, _)| *id);
        Ok(rows.into_iter().map(|(_, action)| action).collect())
    }
}

/// Keeps an action for the action log, in the transaction of the change itself.
pub(crate) fn keep(
    transaction: &Transaction<'_>,
    code: OperatorCode,
    account: AccountId,
    now: u64,
) -> rusqlite::Result<()> {
    let statement = "INSERT INTO operator_action (code, account, made_at) SELECT ?1, name, ?3 FROM account WHERE account_id = ?2";
    transaction
        .execute(statement, params![code.letters(), account.0, seconds(now)])
        .map(|_| ())
}
