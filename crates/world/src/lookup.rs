//! Finding the account behind a character's name, online or not. Where the accounts are ours, the account service is
//! asked, and the command that needs to know waits for the answer; elsewhere the characters that were online lately are
//! known, and no others.

use std::collections::{BTreeMap, BTreeSet};

use fchatd_protocol::exchange::Request;
use fchatd_protocol::json::read::{Node, Tape};
use fchatd_protocol::text::fold;
use serde::{Deserialize, Serialize};

use crate::roles::ADMIN;
use crate::world::{ConnectionKey, World};

/// So many questions to the account service may be open; beyond that people are known as far as the chat knows them.
const OPEN_MAX: usize = 256;
/// So many names stand in one question.
const NAMES_MAX: usize = 200;

/// A character, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Its name as it is spelled.
    pub name: String,
    /// Its account's number.
    pub account: i64,
    /// Its own number.
    pub character: i64,
    /// Its role, as far as no list of the chat has it: `admin`, also `super-cop` of a character seen lately.
    pub role: Option<Box<str>>,
}

/// The facts that are known of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// There is such a character.
    Known(Person),
    /// There may be one: it is unknown.
    Unknown,
    /// There is none.
    Nobody,
    /// The account service is asked; the command at hand is to be handled anew when it has answered.
    Asked,
}

/// A command that waits for an answer of the account service.
#[derive(Debug, Serialize, Deserialize)]
pub enum Lookup {
    /// A command that is to be handled anew.
    Command {
        /// The owner.
        connection: ConnectionKey,
        /// The whole message.
        text: String,
        /// The name that was asked for.
        name: String,
    },
    /// A check whether the owners of channels exist.
    Owners {
        /// Their names.
        names: Vec<String>,
    },
}

/// See the module.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Lookups {
    last: u64,
    open: BTreeMap<u64, Lookup>,
    /// Whether the command at hand can be handled anew.
    may_ask: bool,
    /// The name that the command at hand wants to know of.
    wanted: Option<String>,
    /// The answer of the account service for the command at hand: the name in lower case, and the character.
    answer: Option<(String, Answer)>,
}

#[derive(Debug, Serialize, Deserialize)]
enum Answer {
    Is(Person),
    Nobody,
    Failed,
}

impl World {
    /// The facts that are known of a name. Where the account service has to be asked, and the command at hand can wait, the
    /// result is [`Finding::Asked`].
    pub fn find_person(&mut self, name: &str) -> Finding {
        let folded = fold(name);
        if self.find_character(&folded).is_none() && self.has_accounts() {
            match &self.lookups.answer {
                Some((answered, Answer::Nobody)) if *answered == *folded => {
                    return if self.is_named(&folded) {
                        Finding::Unknown
                    } else {
                        Finding::Nobody
                    };
                }
                Some((answered, _)) if *answered == *folded => {}
                _ if self.lookups.may_ask && self.lookups.open.len() < OPEN_MAX => {
                    self.lookups.wanted = Some(name.to_owned());
                    self.refuse_command();
                    return Finding::Asked;
                }
                _ => {}
            }
        }
        self.person(&folded).map_or(Finding::Unknown, Finding::Known)
    }

    /// The character of a name, as far as it is known now.
    pub fn person(&self, name: &str) -> Option<Person> {
        let folded = fold(name);
        if let Some(connection) = self
            .find_character(&folded)
            .and_then(|key| self.connections.get(key))
        {
            return Some(Person {
                name: connection.name.to_string(),
                account: connection.account,
                character: connection.character,
                role: connection.has_role(ADMIN).then(|| ADMIN.into()),
            });
        }
        if let Some((answered, answer)) = &self.lookups.answer
            && *answered == *folded
        {
            match answer {
                Answer::Is(person) => return Some(person.clone()),
                Answer::Nobody => return None,
                Answer::Failed => {}
            }
        }
        self.acquaintances.get(&folded).map(|known| Person {
            name: known.name.to_string(),
            account: known.account,
            character: known.character,
            role: known.role.clone(),
        })
    }

    /// The account of a name, as far as it is known now.
    pub(crate) fn account_of(&self, name: &str) -> Option<i64> {
        let account = self.person(name)?.account;
        (account != 0).then_some(account)
    }

    /// Whether the durable state names a character, such as an imported moderator without an account.
    fn is_named(&self, folded: &str) -> bool {
        self.operators.contains(folded)
            || self.super_operators.contains(folded)
            || self
                .channels()
                .any(|(_, channel)| channel.is_moderator(folded) || channel.bans.contains_key(folded))
    }

    /// A command begins that can be handled anew; or it has ended.
    pub fn set_may_ask(&mut self, may_ask: bool) {
        self.lookups.may_ask = may_ask;
    }

    /// Keeps the command at hand for an answer of the account service, where the script has asked for it.
    pub fn keep_for_answer(&mut self, connection: ConnectionKey, text: &str) {
        if let Some(name) = self.lookups.wanted.take() {
            let lookup = Lookup::Command {
                connection,
                text: text.to_owned(),
                name: name.clone(),
            };
            self.look_up(lookup, vec![name]);
        }
    }

    /// Asks the account service which owners of channels exist; nothing happens where the accounts are not ours.
    pub fn check_owners(&mut self) {
        if !self.has_accounts() {
            return;
        }
        let mut names = BTreeSet::new();
        for (_, channel) in self.channels() {
            if !channel.owner.is_empty() {
                names.insert(channel.owner.to_string());
            }
        }
        let names: Vec<_> = names.into_iter().collect();
        for names in names.chunks(NAMES_MAX) {
            if self.lookups.open.len() < OPEN_MAX {
                let names = names.to_vec();
                self.look_up(Lookup::Owners { names: names.clone() }, names);
            }
        }
    }

    fn look_up(&mut self, lookup: Lookup, names: Vec<String>) {
        self.lookups.last += 1;
        let id = self.lookups.last;
        self.lookups.open.insert(id, lookup);
        self.outputs.requests.push(Request::FindCharacters { id, names });
    }

    /// Takes the command that waits for an answer.
    pub fn take_lookup(&mut self, id: u64) -> Option<Lookup> {
        self.lookups.open.remove(&id)
    }

    /// The commands of a connection that wait for an answer, in their order; they wait no more.
    pub fn take_lookups_of(&mut self, key: ConnectionKey) -> Vec<Lookup> {
        if self.lookups.open.is_empty() {
            return Vec::new();
        }
        let is_its =
            |lookup: &Lookup| matches!(lookup, Lookup::Command { connection, .. } if *connection == key);
        let open = self.lookups.open.iter();
        let ids: Vec<_> = open
            .filter(|(_, lookup)| is_its(lookup))
            .map(|(&id, _)| id)
            .collect();
        ids.into_iter().filter_map(|id| self.take_lookup(id)).collect()
    }

    /// Sets the account service's answer about a name, for the command that is handled anew now; nothing
    /// says that it has failed.
    pub fn answer_lookup(&mut self, name: &str, found: Option<&Tape>) {
        let folded = fold(name).into_owned();
        let answer = match found {
            None => Answer::Failed,
            Some(found) => persons(found)
                .into_iter()
                .find(|person| fold(&person.name) == folded)
                .map_or(Answer::Nobody, Answer::Is),
        };
        if matches!(answer, Answer::Nobody) {
            self.acquaintances.forget(&folded);
        }
        self.lookups.answer = Some((folded, answer));
    }

    /// The command that was handled anew has ended.
    pub fn end_lookup(&mut self) {
        self.lookups.answer = None;
    }
}

/// The characters of an answer of the account service.
pub fn persons(answer: &Tape) -> Vec<Person> {
    let Some(Node::Array(elements)) = answer.get("characters") else {
        return Vec::new();
    };
    let number = |node: Node<'_>, key: &str| match node.get(key) {
        Some(Node::Number(number)) => number as i64,
        _ => 0,
    };
    elements
        .filter_map(|node| {
            Some(Person {
                name: node.get("name")?.text()?.into_owned(),
                account: number(node, "account"),
                character: number(node, "character"),
                role: matches!(node.get("admin"), Some(Node::Boolean(true))).then(|| ADMIN.into()),
            })
        })
        .collect()
}
