//! The messages between edges and core. They are plain data with a version: in one process they cross a
//! function call or a queue, and a transport between machines can carry them as they are.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Changes whenever the meaning of a message here changes; both sides of a transport must agree on it.
pub const VERSION: u16 = 2;

/// Names one connection for as long as the process of its edge lives: no two connections ever share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ConnectionId {
    /// Which edge holds the socket.
    pub edge: u16,
    /// The edge's slot, used again after a connection has gone.
    pub slot: u32,
    /// Tells the users of one slot apart.
    pub generation: u32,
}

/// Names a channel towards the edges. Given by the core, used again after [`Operation::CloseChannel`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChannelId(pub u32);

/// Why a socket ended, as the edge saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Departure {
    /// The client sent a WebSocket close frame.
    Goodbye,
    /// The stream ended or broke without one.
    Lost,
    /// Nothing came for the time allowed.
    Silent,
    /// Its outbox grew over the limit.
    SlowReader,
    /// It broke the WebSocket protocol.
    Violation,
    /// The server closed it.
    Closed,
}

/// One input of the core.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Input<'a> {
    /// A WebSocket connection finished its handshake.
    Opened {
        /// The new connection.
        connection: ConnectionId,
        /// Where it comes from, after trusted proxies.
        address: IpAddr,
    },
    /// A text message arrived.
    Message {
        /// Whose.
        connection: ConnectionId,
        /// The whole message, at most [`crate::limits::CLIENT_MESSAGE_BYTES_MAX`].
        text: &'a str,
    },
    /// A connection is gone. It is the last input that names it.
    Closed {
        /// Which one.
        connection: ConnectionId,
        /// Why.
        departure: Departure,
    },
    /// The login provider answered a [`Request::CheckLogin`].
    LoginAnswer {
        /// Who asked.
        connection: ConnectionId,
        /// The JSON text of page 4, or nothing when the provider failed.
        answer: Option<&'a str>,
    },
    /// A message of the real-time bridge arrived and its signature was good (page 6).
    Bridge {
        /// Its three letters, such as `KIK`.
        code: &'a str,
        /// Its JSON.
        payload: &'a str,
    },
    /// A [`Request::HttpGet`] or [`Request::HttpPost`] ended.
    HttpAnswer {
        /// The number of the request.
        id: u64,
        /// The status, 0 when there was no answer at all.
        status: u16,
        /// The body.
        body: &'a str,
    },
    /// Time has passed; comes at least once per second.
    Tick,
}

/// The inputs that an edge has gathered in one turn, in their order.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    text: String,
    items: Vec<Item>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Item {
    Opened {
        connection: ConnectionId,
        address: IpAddr,
    },
    Message {
        connection: ConnectionId,
        start: usize,
        end: usize,
    },
    Closed {
        connection: ConnectionId,
        departure: Departure,
    },
    LoginAnswer {
        connection: ConnectionId,
        answer: Option<(usize, usize)>,
    },
    Bridge {
        code: (usize, usize),
        payload: (usize, usize),
    },
    HttpAnswer {
        id: u64,
        status: u16,
        body: (usize, usize),
    },
    Tick,
}

impl Inputs {
    /// Adds an input; its text is copied.
    pub fn push(&mut self, input: Input<'_>) {
        let mut keep = |text: &str| {
            let start = self.text.len();
            self.text.push_str(text);
            (start, self.text.len())
        };
        let item = match input {
            Input::Opened { connection, address } => Item::Opened { connection, address },
            Input::Message { connection, text } => {
                let (start, end) = keep(text);
                Item::Message {
                    connection,
                    start,
                    end,
                }
            }
            Input::Closed {
                connection,
                departure,
            } => Item::Closed {
                connection,
                departure,
            },
            Input::LoginAnswer { connection, answer } => Item::LoginAnswer {
                connection,
                answer: answer.map(keep),
            },
            Input::Bridge { code, payload } => Item::Bridge {
                code: keep(code),
                payload: keep(payload),
            },
            Input::HttpAnswer { id, status, body } => Item::HttpAnswer {
                id,
                status,
                body: keep(body),
            },
            Input::Tick => Item::Tick,
        };
        self.items.push(item);
    }

    /// The inputs in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = Input<'_>> {
        let text = |start: usize, end: usize| self.text.get(start..end).unwrap_or("");
        self.items.iter().map(move |item| match *item {
            Item::Opened { connection, address } => Input::Opened { connection, address },
            Item::Message {
                connection,
                start,
                end,
            } => Input::Message {
                connection,
                text: text(start, end),
            },
            Item::Closed {
                connection,
                departure,
            } => Input::Closed {
                connection,
                departure,
            },
            Item::LoginAnswer { connection, answer } => Input::LoginAnswer {
                connection,
                answer: answer.map(|(start, end)| text(start, end)),
            },
            Item::Bridge { code, payload } => Input::Bridge {
                code: text(code.0, code.1),
                payload: text(payload.0, payload.1),
            },
            Item::HttpAnswer { id, status, body } => Input::HttpAnswer {
                id,
                status,
                body: text(body.0, body.1),
            },
            Item::Tick => Input::Tick,
        })
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many inputs there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// How many bytes of text the inputs hold.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Forgets all inputs and keeps the memory for the next turn, but not much more than usual turns need.
    pub fn clear(&mut self) {
        const KEEP: usize = 1 << 20;
        self.text.clear();
        self.text.shrink_to(KEEP);
        self.items.clear();
        self.items.shrink_to(KEEP / size_of::<Item>());
    }
}

/// A frame's place in [`Outputs::bytes`]: the message without a WebSocket header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Where it starts.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
}

/// One thing the core tells the edges to do. They are carried out in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operation {
    /// To one connection.
    Send {
        /// The recipient.
        connection: ConnectionId,
        /// What it gets.
        frame: Frame,
    },
    /// To the members of a channel.
    SendChannel {
        /// The channel.
        channel: ChannelId,
        /// A member that does not get it.
        except: Option<ConnectionId>,
        /// What the others get.
        frame: Frame,
    },
    /// To every identified connection.
    SendEveryone {
        /// What they get.
        frame: Frame,
    },
    /// The connection is identified: it hears what goes to everyone, and gets its `PIN`s.
    Identified {
        /// Which one.
        connection: ConnectionId,
    },
    /// The connection is in no channel any more and no longer hears what goes to everyone; its socket stays
    /// until it is closed.
    Departed {
        /// Which one.
        connection: ConnectionId,
    },
    /// The connection hears the channel from now on.
    Join {
        /// The channel.
        channel: ChannelId,
        /// The new member.
        connection: ConnectionId,
    },
    /// The connection does not hear the channel any more.
    Leave {
        /// The channel.
        channel: ChannelId,
        /// The former member.
        connection: ConnectionId,
    },
    /// The channel is gone, and its id free.
    CloseChannel {
        /// Which one.
        channel: ChannelId,
    },
    /// Nothing more is read from the connection; what is queued is delivered, then it is closed.
    Close {
        /// Which one.
        connection: ConnectionId,
        /// How long the socket stays, so that the last frames arrive.
        delay_milliseconds: u32,
    },
}

/// A question of the core to a service beside it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Ask the login provider; the answer comes as [`Input::LoginAnswer`].
    CheckLogin {
        /// Who wants in.
        connection: ConnectionId,
        /// The address it comes from.
        address: IpAddr,
        /// The account's name.
        account: String,
        /// The ticket: secret.
        ticket: String,
        /// The character's name as typed.
        character: String,
        /// What the client calls itself.
        client_name: String,
        /// The client's version.
        client_version: String,
    },
    /// Fetch something by HTTP for a script; the answer comes as [`Input::HttpAnswer`].
    HttpGet {
        /// Names the request in its answer.
        id: u64,
        /// Where, as the script gave it.
        url: String,
    },
    /// Post a form by HTTP for a script; the answer comes as [`Input::HttpAnswer`]. It may hold secrets.
    HttpPost {
        /// Names the request in its answer.
        id: u64,
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
        /// The administrator who asked, and is told how it went.
        connection: ConnectionId,
        /// Whether they are for this connection alone, to try them out.
        isolated: bool,
    },
    /// Start or stop the CPU profile.
    Profile {
        /// Who asked.
        connection: ConnectionId,
        /// Whether it starts.
        start: bool,
    },
    /// Save the state, tell everyone, stop.
    Halt,
    /// Something for the chat log (page 6).
    Log(Box<LogEntry>),
    /// Something for the action log (page 6).
    Action(Box<ActionEntry>),
    /// An ignore list has changed; it belongs to the account (page 6).
    Ignores {
        /// The account's number.
        account: i64,
        /// The whole list, names in lower case.
        names: Vec<String>,
    },
}

/// One end of a line of the chat log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogParty {
    /// The character's name.
    pub character: String,
    /// Its number; nothing for somebody who is not online.
    pub character_id: Option<i64>,
    /// Its account's number; nothing for somebody who is not online.
    pub account_id: Option<i64>,
}

/// A line of the chat log (page 6).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// What kind of event, such as `message_private`.
    pub kind: String,
    /// Who did it.
    pub from: LogParty,
    /// To whom.
    pub to: Option<LogParty>,
    /// Name and title of the channel it happened in.
    pub channel: Option<(String, String)>,
    /// What was said.
    pub body: Option<String>,
    /// When, in Unix milliseconds.
    pub time: i64,
}

/// An entry of the action log (page 6).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionEntry {
    /// Who acted.
    pub name: String,
    /// The command.
    pub code: String,
    /// Its arguments as JSON.
    pub arguments: String,
    /// When, in Unix seconds.
    pub time: i64,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            // Tickets, what people say, and forms with their secrets never reach a log.
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
            Request::HttpGet { id, .. } => write!(formatter, "HttpGet({id})"),
            Request::HttpPost { id, .. } => write!(formatter, "HttpPost({id})"),
            Request::Reload { save } => write!(formatter, "Reload({save})"),
            Request::ReadScripts { connection, isolated } => {
                write!(formatter, "ReadScripts({connection:?}, isolated: {isolated})")
            }
            Request::Profile { start, .. } => write!(formatter, "Profile({start})"),
            Request::Halt => formatter.write_str("Halt"),
            Request::Log(entry) => write!(formatter, "Log({})", entry.kind),
            Request::Action(entry) => write!(formatter, "Action({} by {})", entry.code, entry.name),
            Request::Ignores { account, .. } => write!(formatter, "Ignores({account})"),
        }
    }
}

/// What the core wants done after some inputs: one buffer of frames, and what to do with them.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    /// All frames, one after another.
    pub bytes: Vec<u8>,
    /// For the edges, in order.
    pub operations: Vec<Operation>,
    /// For the services.
    pub requests: Vec<Request>,
}

impl Outputs {
    /// Appends a frame that `encode` writes.
    pub fn frame(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> Frame {
        let start = self.bytes.len() as u32;
        encode(&mut self.bytes);
        Frame {
            start,
            end: self.bytes.len() as u32,
        }
    }

    /// The bytes of a frame.
    pub fn bytes_of(&self, frame: Frame) -> &[u8] {
        self.bytes
            .get(frame.start as usize..frame.end as usize)
            .unwrap_or_default()
    }

    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty() && self.requests.is_empty()
    }

    /// Forgets everything and keeps the memory for the next turn, but not what a rare burst has needed.
    pub fn clear(&mut self) {
        const KEEP: usize = 4 << 20;
        self.bytes.clear();
        self.bytes.shrink_to(KEEP);
        self.operations.clear();
        self.operations.shrink_to(KEEP / size_of::<Operation>());
        self.requests.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_serialisation() {
        let connection = ConnectionId {
            edge: 1,
            slot: 2,
            generation: 3,
        };
        let mut inputs = Inputs::default();
        inputs.push(Input::Opened {
            connection,
            address: IpAddr::from([127, 0, 0, 1]),
        });
        inputs.push(Input::Message {
            connection,
            text: "PIN",
        });
        inputs.push(Input::LoginAnswer {
            connection,
            answer: Some("{}"),
        });
        inputs.push(Input::LoginAnswer {
            connection,
            answer: None,
        });
        inputs.push(Input::Bridge {
            code: "KIK",
            payload: r#"{"a":1}"#,
        });
        inputs.push(Input::HttpAnswer {
            id: 7,
            status: 200,
            body: "ok",
        });
        inputs.push(Input::Tick);
        inputs.push(Input::Closed {
            connection,
            departure: Departure::Goodbye,
        });
        let copy: Inputs = serde_json::from_str(&serde_json::to_string(&inputs).unwrap()).unwrap();
        assert_eq!(copy, inputs);
        let texts: Vec<_> = copy.iter().collect();
        assert_eq!(
            texts[1],
            Input::Message {
                connection,
                text: "PIN"
            }
        );
        assert_eq!(
            texts[2],
            Input::LoginAnswer {
                connection,
                answer: Some("{}")
            }
        );
        assert_eq!(
            texts[4],
            Input::Bridge {
                code: "KIK",
                payload: r#"{"a":1}"#
            }
        );
        assert_eq!(
            texts[5],
            Input::HttpAnswer {
                id: 7,
                status: 200,
                body: "ok"
            }
        );

        let mut outputs = Outputs::default();
        let frame = outputs.frame(|out| out.extend_from_slice(b"PIN"));
        outputs.operations.push(Operation::SendEveryone { frame });
        let copy: Outputs = serde_json::from_str(&serde_json::to_string(&outputs).unwrap()).unwrap();
        assert_eq!(copy, outputs);
        assert_eq!(copy.bytes_of(frame), b"PIN");
    }

    #[test]
    fn a_ticket_is_never_printed() {
        let request = Request::CheckLogin {
            connection: ConnectionId {
                edge: 0,
                slot: 0,
                generation: 0,
            },
            address: IpAddr::from([127, 0, 0, 1]),
            account: "ada".into(),
            ticket: "secret-ticket".into(),
            character: "Ada".into(),
            client_name: String::new(),
            client_version: String::new(),
        };
        assert!(!format!("{request:?}").contains("secret-ticket"));
    }
}
