//! One connection and the character behind it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use fchatd_protocol::exchange::ConnectionId;
use serde::{Deserialize, Serialize};

use crate::absence::Absence;
use crate::people::PersonId;
use crate::sessions::Saved;
use crate::throttle::Throttles;
use crate::waiting::Waiting;
use crate::world::ChannelKey;

/// The state of a connection, from the open socket to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// No log-in yet.
    Connected,
    /// The login check runs.
    Identifying {
        /// When it began, in milliseconds of [`crate::Now::monotonic`].
        since: u64,
    },
    /// The login check was answered, and the log-in waits for its turn: see [`crate::Admission`].
    Queued {
        /// When that is, in milliseconds of [`crate::Now::monotonic`].
        until: u64,
    },
    /// A character is online through it.
    Identified,
    /// It takes no part any more; only its socket is still there.
    Departed,
}

/// One connection. The name and all that follows is set while it identifies.
#[derive(Debug, Serialize, Deserialize)]
pub struct Connection {
    /// The number that the edges use for it.
    pub id: ConnectionId,
    /// Where it comes from.
    pub address: IpAddr,
    /// Where it is in its life.
    pub state: State,
    /// The character's canonical name, empty before identification.
    pub name: Arc<str>,
    /// The name in lower case, under which it is found.
    pub folded: Arc<str>,
    /// The account's number, 0 before identification.
    pub account: i64,
    /// The character's number, 0 before identification.
    pub character: i64,
    /// As the login check gave it.
    pub gender: Arc<str>,
    /// One of online, looking, busy, dnd, idle, away, crown.
    pub status: Arc<str>,
    /// The text beside the status, escaped.
    pub status_message: Arc<str>,
    /// The channels it is in.
    pub channels: Vec<ChannelKey>,
    /// Names of its roles, such as `admin`.
    pub roles: Vec<Box<str>>,
    /// The times of its last actions, by kind.
    pub throttles: Throttles,
    /// Rarely needed data.
    pub profile: Box<Profile>,
    /// Whether nothing of it reaches others.
    pub(crate) hellbanned: bool,
    /// Whether it is online without a connection.
    pub(crate) away: bool,
    /// The lines that are kept for it while it is away, and until it has joined its channels again.
    pub(crate) absence: Option<Box<Absence>>,
    /// Its early commands.
    pub(crate) waiting: Option<Box<Waiting>>,
    /// The answer of its login check, while the log-in waits for its turn.
    pub(crate) answer: Option<Box<str>>,
    /// The person with its limits; 0 before its log-in was accepted.
    pub(crate) person: PersonId,
    /// Commands that it sent before its log-in.
    pub(crate) early_commands: u32,
    /// The script asked for its end; carried out when the script's call has ended.
    pub(crate) closing: bool,
    /// The parts of the character that a store has.
    pub(crate) saved: Saved,
    /// Whether the search index knows its kinks and tags.
    pub(crate) searchable: bool,
    /// Its place in the user list, while it is in it.
    pub(crate) list_position: usize,
}

/// The login check's answer about a character, and the data that a script keeps with it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Profile {
    /// Names of the account's friends.
    pub friends: Vec<String>,
    /// The ignore list of the account: names in lower case.
    pub ignores: Vec<String>,
    /// Whether `ignores` was set at all: setting it for the first time is no change to tell anyone of.
    pub(crate) ignores_known: bool,
    /// Numbers of kinks.
    pub kinks: Vec<f64>,
    /// Kinks of the character's own making.
    pub custom_kinks: BTreeMap<String, String>,
    /// Gender, age and the like.
    pub info_tags: BTreeMap<String, String>,
    /// The data that a script keeps here.
    pub misc: BTreeMap<String, String>,
}

impl Connection {
    pub(crate) fn new(id: ConnectionId, address: IpAddr) -> Self {
        let empty: Arc<str> = Arc::from("");
        Self {
            id,
            address,
            state: State::Connected,
            name: empty.clone(),
            folded: empty.clone(),
            account: 0,
            character: 0,
            gender: Arc::from("None"),
            status: Arc::from("online"),
            status_message: empty,
            channels: Vec::new(),
            roles: Vec::new(),
            throttles: Throttles::default(),
            profile: Box::default(),
            hellbanned: false,
            away: false,
            absence: None,
            waiting: None,
            answer: None,
            person: 0,
            early_commands: 0,
            closing: false,
            saved: Saved::default(),
            searchable: false,
            list_position: usize::MAX,
        }
    }

    /// Whether a character is online through it.
    pub fn is_identified(&self) -> bool {
        self.state == State::Identified
    }

    /// Whether it has a role.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|held| **held == *role)
    }

    /// Whether its account ignores a character.
    pub fn ignores(&self, other: &Self) -> bool {
        self.profile.ignores.iter().any(|name| **name == *other.folded)
    }

    pub(crate) fn add_role(&mut self, role: &str) {
        if !self.has_role(role) {
            self.roles.push(role.into());
        }
    }

    pub(crate) fn remove_role(&mut self, role: &str) {
        self.roles.retain(|held| **held != *role);
    }
}
