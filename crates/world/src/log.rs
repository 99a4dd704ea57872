//! Entries of the chat log and the action log, as plain data for their writers.

use std::borrow::Cow;

use fchatd_protocol::exchange::{ActionEntry, LogEntry, LogParty, Request};
use fchatd_protocol::json::read::{Node, Tape};
use fchatd_protocol::json::write::Object;
use fchatd_protocol::text::{cut, fold};

use crate::connection::Connection;
use crate::world::{ChannelKey, ConnectionKey, World};

/// Bytes of log entries that the inputs of one call may make; further entries are lost, with a line in the log.
const BYTES_MAX: usize = 4 << 20;

/// Arguments of an action that are kept as they are, in bytes.
const ARGUMENTS_BYTES_MAX: usize = 64 * 1024;
/// How many of larger ones are kept, and the bytes of each.
const ARGUMENTS_MAX: usize = 32;
const CUT_BYTES: usize = 1000;

/// The chat log's entries about a hell-banned character: other entries have not happened for others.
const PRESENCE: [&str; 4] = ["connect", "disconnect", "channel_join", "channel_leave"];

/// A person in an entry of a log.
#[derive(Debug, Clone, Copy)]
pub enum Party<'a> {
    /// A character that is online.
    Online(ConnectionKey),
    /// A name.
    Named(&'a str),
}

/// Something for the chat log.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// Its type, such as `message_private`.
    pub kind: &'a str,
    /// The author.
    pub from: ConnectionKey,
    /// Where.
    pub channel: Option<ChannelKey>,
    /// The recipient: a character online, or a name.
    pub to: Option<Party<'a>>,
    /// The text.
    pub body: Option<&'a str>,
}

/// Something for the action log.
#[derive(Debug)]
pub struct Deed<'a> {
    /// The author: a character online, or the name of a person outside the chat.
    pub by: Party<'a>,
    /// The command.
    pub code: &'a str,
    /// Its arguments as JSON.
    pub arguments: String,
    /// The target, where the arguments do not name it: a character online, or a name.
    pub target: Option<Party<'a>>,
}

/// The arguments of an action, with long texts cut where they are large as a whole.
fn shortened(arguments: String) -> String {
    if arguments.len() <= ARGUMENTS_BYTES_MAX {
        return arguments;
    }
    let tape = Tape::of(&arguments).unwrap_or_default();
    let mut json = Vec::new();
    let mut object = Object::open(&mut json);
    if let Node::Object(members) = tape.root() {
        for (key, value) in members.take(ARGUMENTS_MAX) {
            if let Some(text) = value.text() {
                object = object.text(cut(key, CUT_BYTES), cut(&text, CUT_BYTES));
            }
        }
    }
    object.close();
    String::from_utf8(json).unwrap_or_default()
}

fn party_online(connection: &Connection) -> LogParty {
    LogParty {
        character: connection.name.to_string(),
        character_id: Some(connection.character),
        account_id: Some(connection.account),
    }
}

impl World {
    /// Something for the chat log; nothing happens while that is off.
    pub fn log_said(&mut self, said: Said<'_>) {
        if self.is_muted() && !PRESENCE.contains(&said.kind) {
            return;
        }
        if !self.chat_log || !self.room_in_log(said.body.map_or(0, str::len)) {
            return;
        }
        let Some(from) = self.connections.get(said.from) else {
            return;
        };
        let to = said.to.and_then(|to| self.party_of(to));
        let channel = said
            .channel
            .and_then(|key| self.channels.get(key))
            .map(|channel| (channel.name.to_string(), channel.title.to_string()));
        let entry = LogEntry {
            kind: said.kind.to_owned(),
            from: party_online(from),
            to,
            channel,
            body: said.body.map(str::to_owned),
            time: self.now.unix,
        };
        self.outputs.requests.push(Request::Log(Box::new(entry)));
    }

    /// An entry for the action log. Its target and place are known from `character` and `channel` of its
    /// arguments, where they are not given.
    pub fn log_action(&mut self, deed: Deed<'_>) {
        if self.is_muted() {
            return;
        }
        let deed = Deed {
            arguments: shortened(deed.arguments),
            ..deed
        };
        if !self.room_in_log(deed.arguments.len()) {
            return;
        }
        let name = match deed.by {
            Party::Online(key) => match self.connections.get(key) {
                Some(connection) => connection.name.to_string(),
                None => return,
            },
            Party::Named(name) => name.to_owned(),
        };
        let arguments = Tape::of(&deed.arguments).unwrap_or_default();
        let text = |key| arguments.text(key).map(Cow::into_owned);
        let named = text("character");
        let target = deed.target.or(named.as_deref().map(Party::Named));
        let target = target.and_then(|target| self.party_of(target));
        // A website knows accounts by their numbers.
        let account = arguments
            .number("a")
            .filter(|_| matches!(deed.by, Party::Named(_)));
        let target = match (target, account) {
            (target, Some(account)) => Some(LogParty {
                account_id: Some(account as i64),
                character_id: None,
                ..target.unwrap_or_default()
            }),
            (target, None) => target,
        };
        let channel = text("channel").map(|channel| {
            let found = self.find_channel(&fold(&channel));
            let found = found.and_then(|key| self.channels.get(key));
            found.map_or(channel, |found| found.name.to_string())
        });
        let entry = ActionEntry {
            name,
            code: deed.code.to_owned(),
            arguments: deed.arguments,
            time: self.unix_seconds(),
            target,
            channel,
        };
        self.outputs.requests.push(Request::Action(Box::new(entry)));
        self.marks.acted();
    }

    /// A character, with numbers where it is online.
    fn party_of(&self, party: Party<'_>) -> Option<LogParty> {
        let (key, name) = match party {
            Party::Online(key) => (Some(key), None),
            Party::Named(name) => (self.find_character(&fold(name)), Some(name)),
        };
        let online = key.and_then(|key| self.connections.get(key)).map(party_online);
        online.or_else(|| {
            let name = name?;
            let person = self.person(name).filter(|person| person.account != 0);
            Some(person.map_or_else(
                || LogParty {
                    character: name.to_owned(),
                    ..LogParty::default()
                },
                |person| LogParty {
                    character: person.name,
                    character_id: Some(person.character).filter(|&id| id != 0),
                    account_id: Some(person.account),
                },
            ))
        })
    }

    /// An input begins: its log entries have their full room.
    pub fn begin_input(&mut self) {
        self.logged = 0;
        self.web_calls.begin_input();
        self.legacy = None;
        // Only left over where the input before has panicked.
        self.isolated = None;
        self.natures.may_declare = false;
        self.muted = None;
    }

    fn room_in_log(&mut self, bytes: usize) -> bool {
        // An entry is some hundred bytes beside its text.
        self.logged += bytes + 300;
        self.logged <= BYTES_MAX
    }
}
