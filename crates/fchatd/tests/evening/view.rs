//! One client's view of the world, from nothing but the frames that it has heard.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::people::SUPER_MODERATORS;

/// A person's row in user lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Presence {
    pub(crate) gender: String,
    pub(crate) status: String,
    pub(crate) message: String,
}

/// A channel that the client is in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Channel {
    pub(crate) title: String,
    pub(crate) members: BTreeSet<String>,
    pub(crate) moderators: Vec<String>,
    pub(crate) description: String,
    pub(crate) mode: String,
    /// A change of the moderators was told, and the COL with it comes later: many changes are told together.
    pub(crate) is_list_late: bool,
}

impl Channel {
    /// The channel as far as two people must see the same of it: moderators only when no member waits for their list.
    pub(crate) fn comparable(&self, other: &Self) -> Self {
        let mut channel = self.clone();
        if self.is_list_late || other.is_list_late {
            channel.moderators.clear();
        }
        channel.is_list_late = false;
        channel
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct View {
    own: String,
    /// Nothing of this person reaches others, which therefore may be where this person has removed them.
    is_silenced: bool,
    pub(crate) is_in: bool,
    pub(crate) online: BTreeMap<String, Presence>,
    pub(crate) channels: BTreeMap<String, Channel>,
    /// The channel with a JCH and without a CDS yet.
    joining: Option<String>,
    pub(crate) operators: BTreeSet<String>,
    pub(crate) ignores: BTreeSet<String>,
    pub(crate) errors: Vec<i64>,
    /// Texts of messages and ads that were heard: channel or nothing, sender, text.
    pub(crate) messages: Vec<(String, String, String)>,
    pub(crate) calls: Vec<String>,
    /// The website's numbers of the logs of reports that were confirmed since the last look.
    pub(crate) confirmed: Vec<i64>,
    /// The website's answers for this client since the last look.
    pub(crate) news: Vec<String>,
    /// Channels with moderators that this client has asked for since the last look.
    pub(crate) asked: BTreeSet<String>,
    /// Whether the client has logged in since the last look.
    pub(crate) is_fresh: bool,
    /// Channels that this client has left since the last look.
    pub(crate) left: BTreeSet<String>,
    pub(crate) answers: BTreeMap<String, Value>,
    pub(crate) invitations: BTreeSet<String>,
}

fn text(value: &Value, key: &str) -> String {
    value[key]
        .as_str()
        .unwrap_or_else(|| panic!("{key} is missing in {value}"))
        .to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    let list = value.as_array().unwrap_or_else(|| panic!("{value} is no list"));
    list.iter()
        .map(|entry| entry.as_str().unwrap_or_else(|| panic!("{value}")).to_owned())
        .collect()
}

impl View {
    pub(crate) fn new(own: &str, is_silenced: bool) -> Self {
        Self {
            own: own.to_owned(),
            is_silenced,
            is_fresh: true,
            ..Self::default()
        }
    }

    /// Takes a frame; panics when it contradicts the client's view.
    pub(crate) fn hear(&mut self, frame: &str) {
        let (code, json) = frame.split_once(' ').unwrap_or((frame, "{}"));
        let value: Value = serde_json::from_str(json).unwrap_or_else(|error| panic!("{frame}: {error}"));
        assert!(value.is_object(), "{frame}");
        if let (Some(joining), Some(channel)) = (&self.joining, value["channel"].as_str()) {
            let belongs = matches!(code, "COL" | "ICH" | "CDS");
            assert!(belongs || channel != joining, "{frame} comes between JCH and CDS");
        }
        match code {
            "ERR" => {
                let number = value["number"].as_i64().unwrap();
                assert!(!matches!(number, -1 | -2), "{frame}");
                self.errors.push(number);
            }
            "LIS" | "NLN" | "FLN" | "STA" => self.hear_of_presence(code, &value, frame),
            "ADL" => self.operators = texts(&value["ops"]).into_iter().collect(),
            "AOP" => assert!(self.operators.insert(text(&value, "character")), "{frame}"),
            "DOP" => assert!(self.operators.remove(&text(&value, "character")), "{frame}"),
            "IGN" => self.hear_of_ignores(&value),
            "JCH" | "LCH" | "ICH" | "COL" | "CDS" | "RMO" | "COA" | "COR" | "CSO" | "CKU" | "CBU" | "CTU" => {
                self.hear_of_channel(code, &value, frame);
            }
            "MSG" | "LRP" => {
                let (channel, sender) = (text(&value, "channel"), text(&value, "character"));
                let is_silenced = self.is_silenced;
                let members = &self.channel(&channel, frame).members;
                assert!(
                    members.contains(&sender) || is_silenced,
                    "{frame}: the sender is not in there"
                );
                assert_ne!(sender, self.own, "{frame}: an echo");
                self.messages.push((channel, sender, text(&value, "message")));
            }
            "PRI" => {
                assert_eq!(text(&value, "recipient"), self.own, "{frame}");
                let sender = self.somebody(&value, "character", frame);
                self.messages
                    .push((String::new(), sender, text(&value, "message")));
            }
            "RLL" => self.hear_dice(&value, frame),
            "TPN" => {
                self.somebody(&value, "character", frame);
            }
            "SFC" if value["action"] == "report" => self.calls.push(text(&value, "callid")),
            "SFC" if value["action"] == "confirm" => self.confirmed.push(value["logid"].as_i64().unwrap()),
            "RTB" => self.news.push(text(&value, "news")),
            "CIU" => {
                self.invitations.insert(text(&value, "name"));
            }
            "CHA" | "ORS" | "UPT" | "CON" => {
                self.answers.insert(code.to_owned(), value);
            }
            "IDN" | "VAR" | "HLO" | "FRL" | "SYS" | "SFC" | "BRO" | "PRD" | "KID" | "FKS" | "PIN" => {}
            _ => panic!("{frame}: nobody knows this command"),
        }
    }

    fn somebody(&self, value: &Value, key: &str, frame: &str) -> String {
        let name = text(value, key);
        assert!(
            self.online.contains_key(&name),
            "{frame}: {name} is not online as far as {} knows",
            self.own
        );
        name
    }

    fn channel(&mut self, name: &str, frame: &str) -> &mut Channel {
        let own = &self.own;
        self.channels
            .get_mut(name)
            .unwrap_or_else(|| panic!("{frame}: {own} is not in there"))
    }

    fn hear_of_presence(&mut self, code: &str, value: &Value, frame: &str) {
        match code {
            "LIS" => {
                for row in value["characters"].as_array().unwrap() {
                    let [name, gender, status, message] = &texts(row)[..] else {
                        panic!("{frame}")
                    };
                    let presence = Presence {
                        gender: gender.clone(),
                        status: status.clone(),
                        message: message.clone(),
                    };
                    assert!(
                        self.online.insert(name.clone(), presence).is_none(),
                        "{name} twice in LIS"
                    );
                }
            }
            "NLN" => {
                let name = text(value, "identity");
                let presence = Presence {
                    gender: text(value, "gender"),
                    status: text(value, "status"),
                    message: String::new(),
                };
                let before = self.online.insert(name.clone(), presence);
                if name == self.own {
                    assert!(!self.is_in && before.is_some(), "{frame}");
                    self.is_in = true;
                } else {
                    assert!(
                        self.is_in && before.is_none(),
                        "{frame}: it was online before, or the own NLN is due"
                    );
                }
            }
            "FLN" => {
                let name = self.somebody(value, "character", frame);
                self.online.remove(&name);
                for channel in self.channels.values_mut() {
                    channel.members.remove(&name);
                }
            }
            _ => {
                let name = self.somebody(value, "character", frame);
                let presence = self.online.get_mut(&name).unwrap();
                presence.status = text(value, "status");
                presence.message = text(value, "statusmsg");
            }
        }
    }

    fn hear_of_ignores(&mut self, value: &Value) {
        match text(value, "action").as_str() {
            "init" => self.ignores = texts(&value["characters"]).into_iter().collect(),
            "list" => assert_eq!(self.ignores, texts(&value["characters"]).into_iter().collect()),
            "add" => {
                self.ignores.insert(text(value, "character").to_lowercase());
            }
            "delete" => {
                self.ignores.remove(&text(value, "character").to_lowercase());
            }
            _ => panic!("{value}"),
        }
    }

    fn hear_of_channel(&mut self, code: &str, value: &Value, frame: &str) {
        let name = text(value, "channel");
        match code {
            "JCH" => {
                let who = text(&value["character"], "identity");
                assert!(self.online.contains_key(&who), "{frame}: not online");
                let title = text(value, "title");
                if who == self.own {
                    let new = Channel {
                        title,
                        ..Channel::default()
                    };
                    assert!(
                        self.channels.insert(name.clone(), new).is_none(),
                        "{frame}: in there already"
                    );
                    self.joining = Some(name);
                } else {
                    assert!(
                        self.channel(&name, frame).members.insert(who),
                        "{frame}: in there already"
                    );
                }
            }
            "LCH" => {
                let who = text(value, "character");
                if who == self.own {
                    // Also the answer to a client that wants to leave a channel that it is not in.
                    if self.channels.remove(&name).is_some() {
                        self.left.insert(name);
                    }
                } else {
                    let is_silenced = self.is_silenced;
                    assert!(
                        self.channel(&name, frame).members.remove(&who) || is_silenced,
                        "{frame}: not in there"
                    );
                }
            }
            "ICH" => {
                assert_eq!(self.joining.as_ref(), Some(&name), "{frame}");
                let users = value["users"].as_array().unwrap().iter();
                let members: BTreeSet<String> = users.map(|user| text(user, "identity")).collect();
                assert!(members.contains(&self.own), "{frame}");
                let channel = self.channel(&name, frame);
                channel.mode = text(value, "mode");
                channel.members = members;
            }
            // The asking person may have been put out of the channel before the answer.
            "COL" if self.asked.contains(&name) && !self.channels.contains_key(&name) => {}
            "COL" => {
                let channel = self.channel(&name, frame);
                channel.moderators = texts(&value["oplist"]);
                channel.is_list_late = false;
            }
            "CDS" => {
                self.channel(&name, frame).description = text(value, "description");
                if self.joining.as_ref() == Some(&name) {
                    self.joining = None;
                }
            }
            "RMO" => self.channel(&name, frame).mode = text(value, "mode"),
            "COA" => {
                let who = text(value, "character");
                let channel = self.channel(&name, frame);
                channel.is_list_late |= !channel.moderators.contains(&who);
            }
            "COR" => {
                let who = text(value, "character");
                let channel = self.channel(&name, frame);
                // Super moderators stay in the lists of all public channels.
                let stays = SUPER_MODERATORS.contains(&who.as_str());
                channel.is_list_late |= channel.moderators.contains(&who) && !stays;
            }
            "CSO" => {
                let who = text(value, "character");
                let channel = self.channel(&name, frame);
                channel.is_list_late |= channel.moderators.first() != Some(&who);
            }
            _ => {
                text(value, "operator");
                text(value, "character");
                self.channel(&name, frame);
            }
        }
    }

    fn hear_dice(&mut self, value: &Value, frame: &str) {
        let sender = text(value, "character");
        if let Some(channel) = value["channel"].as_str() {
            let is_silenced = self.is_silenced;
            let members = &self.channel(channel, frame).members;
            assert!(members.contains(&sender) || is_silenced, "{frame}");
        } else {
            let recipient = text(value, "recipient");
            assert!(sender == self.own || recipient == self.own, "{frame}");
        }
        if value["type"] == "dice" {
            let results = value["results"].as_array().unwrap();
            let total: i64 = results.iter().map(|result| result.as_i64().unwrap()).sum();
            assert_eq!(value["endresult"].as_i64(), Some(total), "{frame}");
            assert_eq!(texts(&value["rolls"]).len(), results.len(), "{frame}");
        } else {
            let target = text(value, "target");
            assert!(self.online.contains_key(&target), "{frame}");
        }
    }
}
