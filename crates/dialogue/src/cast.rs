//! The cast of a play: each listener's account and character, and the log-in answer for it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The listeners of a play, and the state of the site before the play begins.
#[derive(Debug, Clone, Default)]
pub struct Cast {
    members: BTreeMap<String, Member>,
    accounts: Vec<String>,
    /// Public channels in addition to those of a fresh site: name and mode.
    pub channels: Vec<(String, String)>,
    /// Owners of public channels: listener and channel.
    pub owners: Vec<(String, String)>,
    /// Moderators of public channels: listener and channel.
    pub moderators: Vec<(String, String)>,
}

/// One listener: a character with a connection.
#[derive(Debug, Clone)]
pub struct Member {
    /// The character.
    pub character: String,
    /// The account.
    pub account: String,
    /// Number that distinguishes the source addresses of connections.
    pub address: u8,
    /// Whether the character is on the list of global moderators.
    pub is_global: bool,
    /// Whether the log-in site fails for this listener.
    pub check_fails: bool,
    /// Additional fields of the log-in answer.
    pub brings: Value,
}

impl Cast {
    /// The listener of this name; created at its first mention.
    pub fn member(&mut self, name: &str) -> &mut Member {
        let address = (self.members.len() + 1) as u8;
        let account = format!("{name}'s account");
        self.account_number(&account);
        self.members.entry(name.to_owned()).or_insert_with(|| Member {
            character: name.to_owned(),
            account,
            address,
            is_global: false,
            check_fails: false,
            brings: json!({}),
        })
    }

    /// The listener of this name, if a play has mentioned it.
    pub fn find(&self, name: &str) -> Option<&Member> {
        self.members.get(name)
    }

    /// The listeners, with their names.
    pub fn members(&self) -> impl Iterator<Item = (&str, &Member)> {
        self.members.iter().map(|(name, member)| (name.as_str(), member))
    }

    fn account_number(&mut self, account: &str) -> usize {
        let place = self.accounts.iter().position(|known| known == account);
        place.unwrap_or_else(|| {
            self.accounts.push(account.to_owned());
            self.accounts.len() - 1
        }) + 1
    }

    /// The log-in site's answers: account, character, and the answer, which is `None` where the check fails.
    pub fn answers(&self) -> Vec<(String, String, Option<String>)> {
        let mut answers = Vec::new();
        for (number, member) in self.members.values().enumerate() {
            let account = self.accounts.iter().position(|known| *known == member.account);
            let mut answer = json!({
                "error": "",
                "account": {"account_id": account.map_or(0, |place| place + 1), "admin": "0", "banned": 0, "timeout": 0},
                "char": {"character_id": number + 1, "name": member.character},
                "permissions": 0,
            });
            merge(&mut answer, &member.brings);
            let answer = (!member.check_fails).then(|| answer.to_string());
            answers.push((member.account.clone(), member.character.clone(), answer));
        }
        answers
    }
}

/// Merges one JSON value over another; objects are merged field by field.
pub fn merge(under: &mut Value, over: &Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                merge(under.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over.clone(),
    }
}
