//! The core's questions and messages to the services beside it.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{ConnectionId, GateChange};
use crate::change::Commit;
use crate::session::SessionChange;

/// A question of the core to a service beside it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Ask the login provider; the answer comes as [`Input::LoginAnswer`](super::Input::LoginAnswer).
    CheckLogin {
        /// The connection that identifies.
        connection: ConnectionId,
        /// The address it comes from.
        address: IpAddr,
        /// The account's name.
        account: String,
        /// The ticket: secret.
        ticket: String,
        /// The character's name as typed.
        character: String,
        /// The name that the client gives itself.
        client_name: String,
        /// The client's version.
        client_version: String,
    },
    /// Ask the account service for characters by their names; the answer comes as
    /// [`Input::CharactersFound`](super::Input::CharactersFound). Asked only where the accounts are ours.
    FindCharacters {
        /// Names the request in its answer.
        id: u64,
        /// The names, in any case.
        names: Vec<String>,
    },
    /// Fetch something by HTTP for a script; the answer comes as [`Input::HttpAnswer`](super::Input::HttpAnswer).
    HttpGet {
        /// Names the request in its answer.
        id: u64,
        /// Requests with the same line are made one after another, so that they are answered in their order; 0 says
        /// that the request belongs to no line.
        line: u64,
        /// Where, as the script gave it.
        url: String,
    },
    /// Post a form by HTTP for a script; the answer comes as [`Input::HttpAnswer`](super::Input::HttpAnswer). It may hold secrets.
    HttpPost {
        /// Names the request in its answer.
        id: u64,
        /// As in [`Request::HttpGet`].
        line: u64,
        /// Where, as the script gave it.
        url: String,
        /// The fields of the form, in the order of their names.
        form: Vec<(String, String)>,
    },
    /// Save the state if `save` is set, then read configuration, bans and moderators again.
    Reload {
        /// Whether to save first.
        save: bool,
    },
    /// Read the scripts again and hand them to the core.
    ReadScripts {
        /// The administrator that asked and gets the result.
        connection: ConnectionId,
        /// Whether they are for this connection alone, to try them out.
        isolated: bool,
    },
    /// Tell an administrator the figures of the server: those of the core and those of all services.
    Status {
        /// The administrator's connection.
        connection: ConnectionId,
    },
    /// Start or stop a profile.
    Profile {
        /// The connection that asked.
        connection: ConnectionId,
        /// The object of the profile.
        kind: ProfileKind,
        /// Whether it starts.
        start: bool,
    },
    /// Save the state, tell everyone, stop.
    Halt,
    /// Check configuration and scripts, then do as for [`Request::Halt`] and run the program anew in the same process.
    Restart {
        /// The administrator that asked and gets the refusal.
        connection: ConnectionId,
    },
    /// An entry for the chat log (docs/chat-log.md).
    Log(Box<LogEntry>),
    /// An entry for the action log (docs/action-log.md).
    Action(Box<ActionEntry>),
    /// Keep this; when it is on disk, [`Input::Stored`] says so, and [`Input::Unsaved`] when that failed. Frames
    /// between two [`Operation::Await`](super::Operation::Await) wait for it.
    ///
    /// [`Input::Stored`]: super::Input::Stored
    /// [`Input::Unsaved`]: super::Input::Unsaved
    Commit(Box<Commit>),
    /// Keep this soon, for the next start. No frame waits for it, and no error is reported to a client.
    Sessions(Vec<SessionChange>),
    /// An ignore list has changed. It belongs to the account, for all of its characters.
    Ignores {
        /// The account's number.
        account: i64,
        /// The whole list, names in lower case.
        names: Vec<String>,
    },
    /// A character came online or is gone. Only sent when a neighbour needs it.
    Presence {
        /// Its name.
        name: String,
        /// Whether it is online now.
        online: bool,
    },
    /// The banned networks or the state of registration have changed.
    Gate(Box<GateChange>),
    /// The answers to these requests by HTTP are not needed any more, because their connection has gone.
    HttpCancel {
        /// The requests, in the order in which they were made.
        ids: Vec<u64>,
    },
}

/// The object of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ProfileKind {
    /// Where the process spends its processor time.
    Processor,
    /// The callers that asked for the memory in use.
    Heap,
}

/// One end of a line of the chat log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogParty {
    /// The character's name.
    pub character: String,
    /// Its number; nothing for a character that is not online.
    pub character_id: Option<i64>,
    /// Its account's number; nothing for a character that is not online.
    pub account_id: Option<i64>,
}

/// A line of the chat log (docs/chat-log.md).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// The kind of event, such as `message_private`.
    pub kind: String,
    /// The author.
    pub from: LogParty,
    /// The recipients.
    pub to: Option<LogParty>,
    /// Name and title of the channel it happened in.
    pub channel: Option<(String, String)>,
    /// The message.
    pub body: Option<String>,
    /// When, in Unix milliseconds.
    pub time: i64,
}

/// An entry of the action log (docs/action-log.md).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionEntry {
    /// The acting character.
    pub name: String,
    /// The command.
    pub code: String,
    /// Its arguments as JSON.
    pub arguments: String,
    /// When, in Unix seconds.
    pub time: i64,
    /// The target, as far as it is known.
    pub target: Option<LogParty>,
    /// The canonical name of the channel that it is about.
    pub channel: Option<String>,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            // Tickets, messages, and forms with their secrets never reach a log.
            Request::CheckLogin {
                connection,
                account,
                character,
                ..
            } => formatter
                .debug_struct("CheckLogin")
                .field("connection", connection)
                .field("account", account)
                .field("character", character)
                .finish_non_exhaustive(),
            Request::FindCharacters { id, names } => {
                write!(formatter, "FindCharacters({id}, {})", names.len())
            }
            Request::HttpGet { id, .. } => write!(formatter, "HttpGet({id})"),
            Request::HttpPost { id, .. } => write!(formatter, "HttpPost({id})"),
            Request::Reload { save } => write!(formatter, "Reload({save})"),
            Request::ReadScripts { connection, isolated } => {
                write!(formatter, "ReadScripts({connection:?}, isolated: {isolated})")
            }
            Request::Status { connection } => write!(formatter, "Status({connection:?})"),
            Request::Profile { kind, start, .. } => write!(formatter, "Profile({kind:?}, {start})"),
            Request::Halt => formatter.write_str("Halt"),
            Request::Restart { .. } => formatter.write_str("Restart"),
            Request::Log(entry) => write!(formatter, "Log({})", entry.kind),
            Request::Action(entry) => write!(formatter, "Action({} by {})", entry.code, entry.name),
            Request::Commit(commit) => write!(formatter, "Commit({})", commit.number),
            Request::Sessions(changes) => write!(formatter, "Sessions({})", changes.len()),
            Request::Ignores { account, .. } => write!(formatter, "Ignores({account})"),
            Request::Presence { name, online } => write!(formatter, "Presence({name}, {online})"),
            Request::Gate(change) => write!(formatter, "Gate({change:?})"),
            Request::HttpCancel { ids } => write!(formatter, "HttpCancel({ids:?})"),
        }
    }
}
