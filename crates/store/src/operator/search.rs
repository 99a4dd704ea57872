//! The search for accounts by parts of names.

use rusqlite::params;

use crate::accounts::{ACCOUNT, Account, Accounts, read_account, seconds};
use crate::error::StoreError;

impl Accounts {
    /// The accounts with this text in their name or in the name of one of their characters, without regard to ASCII case, in
    /// the order of their names. They begin after the account named `after`; at most `count` of them. With a time, in Unix
    /// seconds, only those that are banned then.
    ///
    /// # Errors
    /// The store failed.
    pub fn search_accounts(
        &mut self,
        text: &str,
        after: &str,
        banned_at: Option<u64>,
        count: usize,
    ) -> Result<Vec<Account>, StoreError> {
        let query = format!(
            "{ACCOUNT} WHERE name > ?1 AND (name LIKE ?2 ESCAPE '\\' OR account_id IN \
             (SELECT account_id FROM character WHERE name LIKE ?2 ESCAPE '\\')) AND \
             (?4 < 0 OR banned OR timeout_until > ?4) ORDER BY name LIMIT ?3"
        );
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.connection
            .prepare_cached(&query)
            .and_then(|mut statement| {
                statement
                    .query_map(
                        params![after, pattern(text), count, banned_at.map_or(-1, seconds)],
                        read_account,
                    )?
                    .collect()
            })
            .map_err(|error| self.failure(&error))
    }
}

/// The pattern of `LIKE` for texts that contain this one.
fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn signs_with_a_meaning_stand_for_themselves() {
        assert_eq!(pattern("a_b%c\\"), "%a\\_b\\%c\\\\%");
        assert_eq!(pattern(""), "%%");
    }
}
