//! The inputs of the core.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::ConnectionId;

/// Why a socket ended, as the edge saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Departure {
    /// The client sent a WebSocket close frame.
    Goodbye,
    /// It sent one with the code 1001: a browser reloads the page, leaves it or closes its tab.
    GoingAway,
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
    /// The edge asked its client to connect again elsewhere: the edge is drained, or its core was away too long.
    Moved,
}

/// One input of the core.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
        /// The connection that it belongs to.
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
    /// The login provider answered a [`Request::CheckLogin`](super::Request::CheckLogin).
    LoginAnswer {
        /// The connection that asked.
        connection: ConnectionId,
        /// The login provider's JSON answer, or nothing when the provider failed.
        #[serde(borrow)]
        answer: Option<&'a str>,
    },
    /// A message of the real-time bridge arrived, with a valid signature (docs/bridge.md).
    Bridge {
        /// Its three letters, such as `KIK`.
        code: &'a str,
        /// Its JSON.
        payload: &'a str,
    },
    /// A [`Request::HttpGet`](super::Request::HttpGet) or [`Request::HttpPost`](super::Request::HttpPost) ended.
    HttpAnswer {
        /// The number of the request.
        id: u64,
        /// The status, 0 when there was no answer at all.
        status: u16,
        /// The body.
        body: &'a str,
    },
    /// The account service answered a [`Request::FindCharacters`](super::Request::FindCharacters).
    CharactersFound {
        /// The number of the request.
        id: u64,
        /// A JSON object `{"characters": [{"name", "account", "character", "admin"}]}` with those of the names that
        /// exist, or nothing when the account service failed.
        #[serde(borrow)]
        answer: Option<&'a str>,
    },
    /// All commits up to this one are on disk.
    Stored {
        /// Its number.
        commit: u64,
    },
    /// A commit could not be kept for now. The frames that wait for it and for those before it go out nevertheless;
    /// when it is on disk after all, [`Input::Stored`] says so.
    Unsaved {
        /// The connection that made the change and gets the error.
        connection: Option<ConnectionId>,
        /// Its number.
        commit: u64,
    },
    /// A message from the operator of the server.
    Notice {
        /// The administrator that gets it (as the answer to a debug command); nothing for all people.
        to: Option<ConnectionId>,
        /// Plain text.
        text: &'a str,
    },
    /// Time has passed; comes at least once per second.
    Tick,
}

/// The place of an input of an edge in the life of its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// [`Input::Opened`].
    Opened,
    /// [`Input::Message`].
    Message,
    /// [`Input::Closed`].
    Closed,
}

/// The weight of an input beside its text, in bytes: about the memory that its existence takes. Without it an input
/// without text would cost a queue nothing.
pub const INPUT_WEIGHT: usize = 64;

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
    CharactersFound {
        id: u64,
        answer: Option<(usize, usize)>,
    },
    Stored {
        commit: u64,
    },
    Unsaved {
        connection: Option<ConnectionId>,
        commit: u64,
    },
    Notice {
        to: Option<ConnectionId>,
        text: (usize, usize),
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
            Input::CharactersFound { id, answer } => Item::CharactersFound {
                id,
                answer: answer.map(keep),
            },
            Input::Stored { commit } => Item::Stored { commit },
            Input::Unsaved { connection, commit } => Item::Unsaved { connection, commit },
            Input::Notice { to, text } => Item::Notice { to, text: keep(text) },
            Input::Tick => Item::Tick,
        };
        self.items.push(item);
    }

    /// The inputs in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = Input<'_>> {
        self.iter_from(0)
    }

    /// As [`Inputs::iter`], without the first `start` inputs.
    pub fn iter_from(&self, start: usize) -> impl Iterator<Item = Input<'_>> {
        let text = |start: usize, end: usize| self.text.get(start..end).unwrap_or("");
        let items = self.items.get(start..).unwrap_or_default();
        items.iter().map(move |item| match *item {
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
            Item::CharactersFound { id, answer } => Input::CharactersFound {
                id,
                answer: answer.map(|(start, end)| text(start, end)),
            },
            Item::Stored { commit } => Input::Stored { commit },
            Item::Unsaved { connection, commit } => Input::Unsaved { connection, commit },
            Item::Notice { to, text: said } => Input::Notice {
                to,
                text: text(said.0, said.1),
            },
            Item::Tick => Input::Tick,
        })
    }

    /// Keeps the inputs that an edge may have, and drops all others. `admit` gets the connection of each and whether the
    /// input opens it, continues it or ends it; it may rename the connection, and says whether the input stays.
    pub fn retain_of_edge(&mut self, mut admit: impl FnMut(&mut ConnectionId, Stage) -> bool) {
        self.items.retain_mut(|item| match item {
            Item::Opened { connection, .. } => admit(connection, Stage::Opened),
            Item::Message { connection, .. } => admit(connection, Stage::Message),
            Item::Closed { connection, .. } => admit(connection, Stage::Closed),
            _ => false,
        });
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

    /// The weight of all inputs, in bytes: their text, and [`INPUT_WEIGHT`] for each. Bounds of queues are in this
    /// unit.
    pub fn weight(&self) -> usize {
        self.bytes() + self.len() * INPUT_WEIGHT
    }

    /// Forgets all inputs and keeps the memory for the next turn, but not much more than usual turns need.
    pub fn clear(&mut self) {
        const KEEP: usize = 256 << 10;
        self.text.clear();
        self.text.shrink_to(KEEP);
        self.items.clear();
        self.items.shrink_to(KEEP / size_of::<Item>());
    }

    /// Gives back the memory that neither the inputs nor a few more need.
    pub fn trim(&mut self) {
        const KEEP: usize = 16 << 10;
        self.text.shrink_to(KEEP);
        self.items.shrink_to(KEEP / size_of::<Item>());
    }
}
