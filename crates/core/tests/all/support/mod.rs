//! A world of clients without sockets: an edge's work on the core's outputs, as plainly as possible.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail"
)]

pub(crate) mod kept;
pub(crate) mod play;
pub(crate) mod whisper;

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use fchatd_core::Core;
use fchatd_core::testing::PlainEdge;
use fchatd_protocol::change::Commit;
use fchatd_protocol::exchange::{ConnectionId, Departure, Input, Outputs, Request};
use fchatd_script::builtin;
use fchatd_script::engine::Watchdog;
use fchatd_script::host::Scripts;
use fchatd_world::snapshot::Snapshot;
use fchatd_world::{Now, Settings};
use serde_json::Value;

/// A frame as a test reads it: the command and its JSON.
pub(crate) type Frame = (String, Value);

/// See the module.
pub(crate) struct Simulation {
    pub(crate) core: Core,
    pub(crate) now: Now,
    /// The frames of each connection that have not been looked at.
    pub(crate) received: BTreeMap<ConnectionId, Vec<Frame>>,
    /// The receivers of channels, and the connections that the core has closed.
    pub(crate) edge: PlainEdge,
    /// Requests of the core without an answer.
    pub(crate) requests: Vec<Request>,
    scripts: Scripts,
    outputs: Outputs,
    next: u32,
    stored: u64,
    kept: kept::Kept,
    /// The frames of each connection behind one that waits, with the commit that each waits for.
    held: BTreeMap<ConnectionId, VecDeque<(u64, Vec<u8>)>>,
    /// All bytes that the core ever gave, to compare two runs.
    pub(crate) transcript: Vec<u8>,
}

#[allow(dead_code, reason = "each test uses a part")]
impl Simulation {
    pub(crate) fn new() -> Self {
        Self::with(&builtin::scripts(), Settings::default(), None)
    }

    pub(crate) fn with(scripts: &Scripts, settings: Settings, snapshot: Option<&Snapshot>) -> Self {
        Self::watched(scripts, settings, snapshot, None)
    }

    /// As [`Simulation::with`]; with a watchdog scripts have time limits.
    pub(crate) fn watched(
        scripts: &Scripts,
        settings: Settings,
        snapshot: Option<&Snapshot>,
        watchdog: Option<&Watchdog>,
    ) -> Self {
        let now = Now {
            monotonic: 0,
            unix: 1_795_000_000_000,
        };
        let core = Core::new(settings, scripts, snapshot, watchdog, now, [7; 32]).expect("the script starts");
        Self {
            core,
            now,
            received: BTreeMap::new(),
            edge: PlainEdge::default(),
            requests: Vec::new(),
            scripts: scripts.clone(),
            outputs: Outputs::default(),
            next: 0,
            stored: 0,
            kept: kept::Kept::default(),
            held: BTreeMap::new(),
            transcript: Vec::new(),
        }
    }

    /// The process dies, `seconds` pass, and another one starts with the kept state; all connections are gone.
    pub(crate) fn crash(&mut self, seconds: u64) {
        let mut snapshot = self.core.snapshot();
        snapshot.sessions = self.kept.sessions();
        let settings = self.core.world().settings.clone();
        self.now.monotonic = 0;
        self.now.unix += seconds as i64 * 1000;
        let core = Core::new(settings, &self.scripts, Some(&snapshot), None, self.now, [9; 32]);
        self.core = core.expect("the script starts");
        self.core.record_changes(true);
        self.edge = PlainEdge::default();
        self.received.clear();
        self.held.clear();
        self.requests.clear();
        self.stored = 0;
    }

    pub(crate) fn handle(&mut self, input: Input<'_>) {
        self.core.handle(self.now, input, &mut self.outputs);
        self.carry_out();
    }

    /// All commits up to this one are on disk.
    pub(crate) fn store(&mut self, commit: u64) {
        self.stored = commit;
        for (connection, mut held) in std::mem::take(&mut self.held) {
            while let Some((_, bytes)) = held.pop_front_if(|&mut (waits, _)| waits <= commit) {
                self.receive(connection, &bytes);
            }
            if !held.is_empty() {
                self.held.insert(connection, held);
            }
        }
        self.handle(Input::Stored { commit });
    }

    /// The commits that the core asked for since the last look.
    pub(crate) fn commits(&mut self) -> Vec<Commit> {
        let (commits, others) = std::mem::take(&mut self.requests)
            .into_iter()
            .partition(|request| matches!(request, Request::Commit(_)));
        self.requests = others;
        let commit = |request| match request {
            Request::Commit(commit) => Some(*commit),
            _ => None,
        };
        Vec::into_iter(commits).filter_map(commit).collect()
    }

    pub(crate) fn pass(&mut self, milliseconds: u64) {
        self.now.monotonic += milliseconds;
        self.now.unix += milliseconds as i64;
        self.handle(Input::Tick);
    }

    /// Opens a connection from an address of its own.
    pub(crate) fn open(&mut self) -> ConnectionId {
        let number = self.next;
        let [_, second, third, fourth] = number.to_be_bytes();
        self.open_from([10, second, third, fourth].into())
    }

    pub(crate) fn open_from(&mut self, address: IpAddr) -> ConnectionId {
        let connection = ConnectionId {
            edge: 0,
            slot: self.next,
            generation: 0,
        };
        self.next += 1;
        self.handle(Input::Opened { connection, address });
        connection
    }

    pub(crate) fn say(&mut self, connection: ConnectionId, text: &str) {
        self.handle(Input::Message { connection, text });
    }

    /// The client says goodbye.
    pub(crate) fn go(&mut self, connection: ConnectionId) {
        self.end(connection, Departure::Goodbye);
    }

    pub(crate) fn end(&mut self, connection: ConnectionId, departure: Departure) {
        self.handle(Input::Closed {
            connection,
            departure,
        });
        self.received.remove(&connection);
    }

    /// Sends `IDN` and answers the login check with `answer`.
    pub(crate) fn log_in_with(&mut self, connection: ConnectionId, character: &str, answer: &str) {
        self.say(
            connection,
            &format!(
                r#"IDN {{"method":"ticket","account":"a","ticket":"t","character":"{character}","cname":"test","cversion":"1"}}"#
            ),
        );
        assert!(
            matches!(self.requests.pop(), Some(Request::CheckLogin { .. })),
            "the login check is asked"
        );
        self.handle(Input::LoginAnswer {
            connection,
            answer: Some(answer),
        });
    }

    /// A character online, on an account of its own.
    pub(crate) fn log_in(&mut self, character: &str) -> ConnectionId {
        let connection = self.open();
        let number = connection.slot + 1;
        let answer = answer(number, number, character);
        self.log_in_with(connection, character, &answer);
        connection
    }

    /// Makes these the common scripts.
    pub(crate) fn replace_scripts(&mut self, scripts: Scripts) {
        let read = self.core.rehearsal(false).run(scripts).expect("they start");
        self.core
            .scripts_read(self.now, None, false, Ok(read), &mut self.outputs);
        self.carry_out();
    }

    /// Gives the scripts to the connection that asked for them.
    pub(crate) fn read_scripts(&mut self, scripts: &Scripts) {
        for request in std::mem::take(&mut self.requests) {
            match request {
                Request::ReadScripts { connection, isolated } => {
                    let read = self.core.rehearsal(isolated).run(scripts.clone());
                    let read = read.map_err(|error| error.with_traceback());
                    self.core
                        .scripts_read(self.now, Some(connection), isolated, read, &mut self.outputs);
                    self.carry_out();
                }
                other => self.requests.push(other),
            }
        }
    }

    /// The frames of a connection since the last look.
    pub(crate) fn take(&mut self, connection: ConnectionId) -> Vec<Frame> {
        self.received.remove(&connection).unwrap_or_default()
    }

    /// The commands of a connection's frames since the last look.
    pub(crate) fn codes(&mut self, connection: ConnectionId) -> Vec<String> {
        self.take(connection).into_iter().map(|(code, _)| code).collect()
    }

    /// The numbers of the errors a connection got since the last look.
    pub(crate) fn errors(&mut self, connection: ConnectionId) -> Vec<i64> {
        let errors = self
            .take(connection)
            .into_iter()
            .filter(|(code, _)| code == "ERR");
        errors
            .map(|(_, value)| value["number"].as_i64().unwrap())
            .collect()
    }

    pub(crate) fn forget(&mut self) {
        self.received.clear();
    }

    fn carry_out(&mut self) {
        let outputs = std::mem::take(&mut self.outputs);
        self.transcript.extend_from_slice(&outputs.bytes);
        let mut edge = std::mem::take(&mut self.edge);
        edge.carry_out(&outputs, |connection, frame, commit| {
            self.deliver(connection, frame, commit);
        });
        self.edge = edge;
        for request in outputs.requests {
            match request {
                Request::Sessions(changes) => {
                    for change in changes {
                        self.kept.change(change);
                    }
                }
                other => self.requests.push(other),
            }
        }
    }

    fn deliver(&mut self, connection: ConnectionId, bytes: &[u8], commit: u64) {
        let waits = if commit > self.stored { commit } else { 0 };
        if waits > 0 || self.held.contains_key(&connection) {
            let held = self.held.entry(connection).or_default();
            held.push_back((waits, bytes.to_vec()));
        } else {
            self.receive(connection, bytes);
        }
    }

    fn receive(&mut self, connection: ConnectionId, bytes: &[u8]) {
        let text = std::str::from_utf8(bytes).expect("frames are UTF-8");
        let (code, json) = text.split_once(' ').unwrap_or((text, "{}"));
        let value = serde_json::from_str(json).unwrap_or_else(|error| panic!("{text}: {error}"));
        self.received
            .entry(connection)
            .or_default()
            .push((code.to_owned(), value));
    }
}

/// The answer of a login check.
pub(crate) fn answer(account: u32, character: u32, name: &str) -> String {
    format!(
        r#"{{"error":"","account":{{"account_id":{account},"admin":"0","banned":0,"timeout":0}},
            "char":{{"character_id":{character},"name":"{name}"}},"permissions":0,
            "select":{{"Gender":"Female"}},"friends":[],"ignores":[],"kinks":[1,2]}}"#
    )
}

/// With the settings as they are delivered, but for these.
#[allow(dead_code, reason = "each test uses a part")]
pub(crate) fn chat(settings: &[(&str, &str)]) -> Simulation {
    let mut wanted = Settings::default();
    for (key, value) in settings {
        wanted.set_from_text(key, value).unwrap();
    }
    Simulation::with(&builtin::scripts(), wanted, None)
}

/// Logs a character in on an account; the connection, also where the log-in waits or was refused.
#[allow(dead_code, reason = "each test uses a part")]
pub(crate) fn enter(chat: &mut Simulation, account: u32, name: &str) -> ConnectionId {
    let connection = chat.open();
    let character = account * 1000 + u32::from(name.as_bytes()[name.len() - 1]);
    chat.log_in_with(connection, name, &answer(account, character, name));
    connection
}
