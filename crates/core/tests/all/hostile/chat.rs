//! The chat with a naive edge around it that checks every output against its own knowledge.

use std::collections::{BTreeMap, BTreeSet};

use fchatd_core::Core;
use fchatd_protocol::error;
use fchatd_protocol::exchange::{ChannelId, ConnectionId, Departure, Input, Operation, Outputs, Request};
use fchatd_protocol::name;
use fchatd_script::builtin;
use fchatd_world::{Now, Settings};

use super::steps::{PEOPLE, ROOM, SEATS, Step};
use crate::support::play;

/// A chat, and the knowledge of edges and people about it.
pub(crate) struct Chat {
    core: Core,
    now: Now,
    outputs: Outputs,
    seats: [Option<ConnectionId>; SEATS as usize],
    opened: u32,
    /// Sockets that have not ended.
    pub(crate) open: BTreeSet<ConnectionId>,
    /// The socket that is ending at this moment: its last command may still be answered.
    ending: Option<ConnectionId>,
    everyone: BTreeSet<ConnectionId>,
    channels: BTreeMap<ChannelId, BTreeSet<ConnectionId>>,
}

impl Chat {
    pub(crate) fn new() -> Self {
        let now = Now {
            monotonic: 0,
            unix: 1_795_000_000_000,
        };
        let site = play::site();
        let core = Core::new(
            Settings::default(),
            &builtin::scripts(),
            Some(&site),
            None,
            now,
            [7; 32],
        )
        .unwrap();
        let mut chat = Self {
            core,
            now,
            outputs: Outputs::default(),
            seats: [None; SEATS as usize],
            opened: 0,
            open: BTreeSet::new(),
            ending: None,
            everyone: BTreeSet::new(),
            channels: BTreeMap::new(),
        };
        // All people are there already, and in rooms.
        for seat in 0..SEATS {
            chat.carry_out(&Step::LogIn(seat));
            chat.carry_out(&Step::Say(seat, r#"JCH {"channel":"garden"}"#.to_owned()));
            chat.carry_out(&Step::Say(seat, format!(r#"JCH {{"channel":"{ROOM}"}}"#)));
        }
        chat
    }

    pub(crate) fn carry_out(&mut self, step: &Step) {
        match step {
            Step::Open(seat) => {
                self.open(*seat);
            }
            Step::Say(seat, text) => {
                if self.seats[usize::from(*seat)].is_none() {
                    self.carry_out(&Step::LogIn(*seat));
                }
                let connection = self.open(*seat);
                self.handle(Input::Message { connection, text });
            }
            Step::Close(seat) => {
                if let Some(connection) = self.seats[usize::from(*seat)].take() {
                    self.close(connection, Departure::Goodbye);
                }
            }
            Step::Break(seat) => {
                if let Some(connection) = self.seats[usize::from(*seat)].take() {
                    self.close(connection, Departure::Lost);
                }
            }
            Step::LogIn(seat) => {
                let connection = self.identify(*seat);
                let name = PEOPLE[usize::from(*seat)];
                let answer = crate::support::answer(u32::from(*seat) + 1, u32::from(*seat) + 1, name);
                let admin = u8::from(name.starts_with("Admin"));
                let answer = answer.replace(r#""admin":"0""#, &format!(r#""admin":"{admin}""#));
                self.handle(Input::LoginAnswer {
                    connection,
                    answer: Some(&answer),
                });
            }
            Step::Answer(seat, answer) => {
                let connection = self.identify(*seat);
                self.handle(Input::LoginAnswer {
                    connection,
                    answer: answer.as_deref(),
                });
            }
            Step::Bridge(code, payload) => self.handle(Input::Bridge { code, payload }),
            Step::Web(id, status, body) => self.handle(Input::HttpAnswer {
                id: *id,
                status: *status,
                body,
            }),
            Step::Pass(milliseconds) => {
                self.now.monotonic += milliseconds;
                self.now.unix += *milliseconds as i64;
                self.handle(Input::Tick);
            }
        }
    }

    fn identify(&mut self, seat: u8) -> ConnectionId {
        let connection = self.open(seat);
        self.handle(Input::Message {
            connection,
            text: r#"IDN {"method":"ticket","account":"a","ticket":"t","character":"x","cname":"c","cversion":"1"}"#,
        });
        connection
    }

    pub(crate) fn open(&mut self, seat: u8) -> ConnectionId {
        if let Some(connection) = self.seats[usize::from(seat)] {
            return connection;
        }
        self.opened += 1;
        let connection = ConnectionId {
            edge: 0,
            slot: u32::from(seat),
            generation: self.opened,
        };
        self.seats[usize::from(seat)] = Some(connection);
        self.open.insert(connection);
        self.handle(Input::Opened {
            connection,
            address: [10, 0, 0, seat].into(),
        });
        connection
    }

    fn close(&mut self, connection: ConnectionId, departure: Departure) {
        self.open.remove(&connection);
        self.ending = Some(connection);
        self.handle(Input::Closed {
            connection,
            departure,
        });
        self.ending = None;
    }

    pub(crate) fn handle(&mut self, input: Input<'_>) {
        self.core.turn();
        self.core.handle(self.now, input, &mut self.outputs);
        let outputs = std::mem::take(&mut self.outputs);
        let closing = self.follow(&outputs, matches!(input, Input::LoginAnswer { .. }));
        self.check();
        for connection in closing {
            // The socket ends some time after the core said so; here it does at once.
            for seat in &mut self.seats {
                seat.take_if(|held| *held == connection);
            }
            self.close(connection, Departure::Closed);
        }
    }

    /// Does an edge's work, and checks every frame; the result is the connections to close.
    fn follow(&mut self, outputs: &Outputs, broken: bool) -> Vec<ConnectionId> {
        let mut closing = Vec::new();
        for operation in &outputs.operations {
            match *operation {
                Operation::Send { connection, frame } => {
                    self.is_open(connection, operation);
                    check_frame(outputs.bytes_of(frame), broken);
                }
                Operation::SendChannel { frame, .. } | Operation::SendEveryone { frame } => {
                    check_frame(outputs.bytes_of(frame), broken);
                }
                Operation::Identified { connection } => {
                    self.is_open(connection, operation);
                    assert!(
                        self.everyone.insert(connection),
                        "{connection:?} identifies twice"
                    );
                }
                Operation::Departed { connection } => {
                    assert!(
                        self.everyone.remove(&connection),
                        "{connection:?} departs and was not there"
                    );
                    self.channels.values_mut().for_each(|members| {
                        members.remove(&connection);
                    });
                }
                Operation::Join { channel, connection } => {
                    self.is_open(connection, operation);
                    let new = self.channels.entry(channel).or_default().insert(connection);
                    assert!(new, "{connection:?} joins {channel:?} twice");
                }
                Operation::Leave { channel, connection } => {
                    let known = self.channels.entry(channel).or_default().remove(&connection);
                    assert!(known, "{connection:?} leaves {channel:?} and was not in it");
                }
                Operation::CloseChannel { channel } => {
                    self.channels.remove(&channel);
                }
                Operation::Await { .. } => {}
                Operation::Close { connection, .. } => {
                    self.is_open(connection, operation);
                    closing.push(connection);
                }
            }
        }
        for request in &outputs.requests {
            if let Request::CheckLogin { connection, .. } = request {
                assert!(self.open.contains(connection), "{request:?} for nobody");
            }
        }
        closing
    }

    fn is_open(&self, connection: ConnectionId, operation: &Operation) {
        assert!(
            self.open.contains(&connection) || self.ending == Some(connection),
            "{operation:?} for a connection that has gone"
        );
    }

    /// All people are where the edges believe they are, seen from all sides.
    fn check(&self) {
        let world = self.core.world();
        let away: Vec<_> = world.away().collect();
        assert_eq!(world.connection_count(), self.open.len() + away.len());
        assert_eq!(world.user_count(), self.everyone.len() + away.len());
        let mut memberships = 0;
        for (key, channel) in world.channels() {
            let missing = |member| world.is_away(member) || world.is_apart(key, member);
            let absent = channel.members.iter().filter(|&&member| missing(member)).count();
            let members: BTreeSet<_> = channel
                .members
                .iter()
                .filter(|&&member| !missing(member))
                .map(|&member| {
                    let member = world.connection(member).expect("members are connected");
                    assert!(
                        member.is_identified(),
                        "{} is in {} and not online",
                        member.name,
                        channel.name
                    );
                    assert!(
                        member.channels.contains(&key),
                        "{} does not know of {}",
                        member.name,
                        channel.name
                    );
                    member.id
                })
                .collect();
            assert_eq!(
                members.len() + absent,
                channel.members.len(),
                "somebody is twice in {}",
                channel.name
            );
            memberships += channel.members.len();
            let believed = self.channels.get(&channel.id).cloned().unwrap_or_default();
            assert_eq!(
                believed, members,
                "edges and core disagree about {}",
                channel.name
            );
        }
        for key in away {
            let connection = world.connection(key).expect("who is away is known");
            memberships -= connection.channels.len();
            assert!(connection.is_identified() && world.find_id(connection.id).is_none());
            assert_eq!(world.find_character(&connection.folded), Some(key));
        }
        for &id in &self.open {
            let key = world.find_id(id).expect("who is connected is known");
            let connection = world.connection(key).expect("who is known is there");
            memberships -= connection.channels.len();
            assert_eq!(
                connection.is_identified(),
                self.everyone.contains(&id),
                "{}",
                connection.name
            );
            if connection.is_identified() {
                assert_eq!(world.find_character(&connection.folded), Some(key));
            }
        }
        assert_eq!(
            memberships, 0,
            "somebody believes to be in a channel that does not know it"
        );
    }

    /// All people go; nothing must be left of them.
    pub(crate) fn end(mut self) {
        for connection in self.open.clone() {
            if self.open.contains(&connection) {
                self.close(connection, Departure::Goodbye);
            }
        }
        // An absent character goes after its grace period, and so do rooms.
        for _ in 0..2 {
            self.carry_out(&Step::Pass(600_000));
        }
        let world = self.core.world();
        assert_eq!(
            (
                world.connection_count(),
                world.user_count(),
                world.identifying_count()
            ),
            (0, 0, 0)
        );
        assert!(world.channels().all(|(_, channel)| channel.members.is_empty()));
        for seat in 0..SEATS {
            assert_eq!(world.count_from([10, 0, 0, seat].into()), 0);
        }
        for role in ["admin", "global", "cop", "super-cop"] {
            assert!(world.holders(role).is_empty(), "somebody still is {role}");
        }
    }
}

/// `broken` says that a login provider has just sent nonsense, which is the server's fault.
fn check_frame(bytes: &[u8], broken: bool) {
    let text = std::str::from_utf8(bytes).expect("frames are UTF-8");
    let shown: String = text.chars().take(300).collect();
    let (code, payload) = text.split_at_checked(3).expect("frames have a code");
    assert!(
        code.bytes().all(|byte| byte.is_ascii_uppercase()),
        "{shown:?} has no code"
    );
    // The website's messages to a user are handed on as they stand.
    if payload.is_empty() || code == "RTB" {
        return;
    }
    let payload = payload
        .strip_prefix(' ')
        .unwrap_or_else(|| panic!("{shown:?} has no space"));
    let value: serde_json::Value =
        serde_json::from_str(payload).unwrap_or_else(|fault| panic!("{shown:?} is no JSON: {fault}"));
    assert!(value.is_object(), "{shown:?} is no object");
    assert!(!shown.contains(['<', '>']), "{shown:?} has markup");
    let names = ["character", "operator", "sender", "recipient", "identity"];
    let names = names.iter().filter_map(|key| value[key].as_str());
    let lists = ["oplist", "characters", "ops"];
    let lists = lists.iter().filter_map(|key| value[key].as_array()).flatten();
    for name in names.chain(lists.filter_map(serde_json::Value::as_str)) {
        assert!(is_relayable(name, code), "{shown:?} has a name that is none");
    }
    if code == "ERR" {
        let number = value["number"].as_i64().expect("errors have a number");
        assert!(!shown.contains("Incident"), "a script failed: {shown}");
        let fault = [error::FATAL_INTERNAL, error::LUA, error::UNKNOWN]
            .iter()
            .any(|&fault| i64::from(fault) == number);
        assert!(broken || !fault, "the server failed: {shown}");
        assert!(
            error::ALL.iter().any(|&(_, known, _)| i64::from(known) == number),
            "{shown} is no error of the protocol"
        );
    }
}

/// Whether a name may stand in a frame; an empty one stands for no character. An error repeats names for its sender alone.
fn is_relayable(name: &str, code: &str) -> bool {
    code == "ERR" || name.is_empty() || name::is_shaped(name)
}
