//! Finding the account behind the name of a character, for the moderators of the chat.

use serde_json::json;

use crate::desk::AccountDesk;
use crate::error::AccountError;

impl AccountDesk {
    /// The characters of these names that exist, of all accounts, as JSON: `{"characters": [{"name", "account",
    /// "character", "admin"}]}`.
    pub(crate) fn find_characters(&mut self, names: &[String]) -> Result<String, AccountError> {
        let mut found = Vec::new();
        for name in names {
            let Some(character) = self.accounts.character_named(name)? else {
                continue;
            };
            let account = self.accounts.account(character.account)?;
            found.push(json!({
                "name": character.name,
                "account": character.account.0,
                "character": character.id.0,
                "admin": account.is_some_and(|account| account.admin),
            }));
        }
        Ok(json!({ "characters": found }).to_string())
    }
}
