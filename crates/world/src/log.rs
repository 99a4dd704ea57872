//! What goes to the chat log and the action log (page 6): plain data for whoever writes them.

use fchatd_protocol::exchange::{ActionEntry, LogEntry, LogParty, Request};

use crate::connection::Connection;
use crate::world::{ChannelKey, ConnectionKey, World};

/// Bytes of log entries that the inputs of one call may make; what is beyond is lost, with a line in the log.
const BYTES_MAX: usize = 4 << 20;

/// Something for the chat log.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// Its type, such as `message_private`.
    pub kind: &'a str,
    /// Who did it.
    pub from: ConnectionKey,
    /// Where.
    pub channel: Option<ChannelKey>,
    /// To whom: somebody online, or a name.
    pub to: Option<Result<ConnectionKey, &'a str>>,
    /// What was said.
    pub body: Option<&'a str>,
}

fn party(connection: &Connection) -> LogParty {
    LogParty {
        character: connection.name.to_string(),
        character_id: Some(connection.character),
        account_id: Some(connection.account),
    }
}

impl World {
    /// Something for the chat log; nothing happens while that is off.
    pub fn log_said(&mut self, said: Said<'_>) {
        if !self.chat_log || !self.room_in_log(said.body.map_or(0, str::len)) {
            return;
        }
        let Some(from) = self.connections.get(said.from) else {
            return;
        };
        let to = said.to.and_then(|to| match to {
            Ok(key) => self.connections.get(key).map(party),
            Err(name) => Some(LogParty {
                character: name.to_owned(),
                ..LogParty::default()
            }),
        });
        let channel = said
            .channel
            .and_then(|key| self.channels.get(key))
            .map(|channel| (channel.name.to_string(), channel.title.to_string()));
        let entry = LogEntry {
            kind: said.kind.to_owned(),
            from: party(from),
            to,
            channel,
            body: said.body.map(str::to_owned),
            time: self.now.unix,
        };
        self.outputs.requests.push(Request::Log(Box::new(entry)));
    }

    /// Something for the action log.
    pub fn log_action(&mut self, key: ConnectionKey, code: &str, arguments: String) {
        if !self.room_in_log(arguments.len()) {
            return;
        }
        let Some(connection) = self.connections.get(key) else {
            return;
        };
        let entry = ActionEntry {
            name: connection.name.to_string(),
            code: code.to_owned(),
            arguments,
            time: self.unix_seconds(),
        };
        self.outputs.requests.push(Request::Action(Box::new(entry)));
    }

    /// An input begins: its log entries have their full room.
    pub fn begin_input(&mut self) {
        self.logged = 0;
        self.web_calls.begin_input();
        // Only left over where the input before has panicked.
        self.isolated = None;
    }

    fn room_in_log(&mut self, bytes: usize) -> bool {
        // An entry is some hundred bytes beside its text.
        self.logged += bytes + 300;
        self.logged <= BYTES_MAX
    }
}
