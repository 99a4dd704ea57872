//! Who plays: what each listener is called, and what the login check says about its character.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Everybody of a play, and what is there before it begins.
#[derive(Debug, Clone, Default)]
pub struct Cast {
    members: BTreeMap<String, Member>,
    accounts: Vec<String>,
    /// Public channels besides those of a fresh site: name and mode.
    pub channels: Vec<(String, String)>,
    /// Owners of public channels: who, and the channel.
    pub owners: Vec<(String, String)>,
    /// Moderators of public channels: who, and the channel.
    pub moderators: Vec<(String, String)>,
}

/// One listener: somebody at a connection.
#[derive(Debug, Clone)]
pub struct Member {
    /// The character.
    pub character: String,
    /// The account.
    pub account: String,
    /// Distinguishes the addresses that connections come from.
    pub address: u8,
    /// Whether the character is on the list of global moderators.
    pub is_global: bool,
    /// Whether the site that checks log-ins fails for this one.
    pub check_fails: bool,
    /// Members of the login answer beside the usual ones.
    pub brings: Value,
}

impl Cast {
    /// The listener of this name; it comes into being when it is named.
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

    /// The listener of this name, if it has been named.
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

    /// What the login check answers for each character: account, character, and the answer, which is nothing where
    /// the check fails.
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

/// Lays one JSON value over another; objects are merged.
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
