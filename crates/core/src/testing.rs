//! Runs the tests of scripts (docs/lua.md, `testing`): a machine for each test, and a network that is only played.
//!
//! The tests' file is loaded after `main.lua` in the same state. First its top level is run, then each
//! function in its global table `tests`, in the order of their names, each in a fresh world.

mod edge;

use std::collections::BTreeMap;

use fchatd_protocol::exchange::{ConnectionId, Departure, Input, Outputs};
use fchatd_protocol::json::read::Tape;
use fchatd_protocol::json::write::{self, Object};
use fchatd_script::engine::{Argument, Handle, ScriptError, Watchdog};
use fchatd_script::host::{Scripts, connection_handle};
use fchatd_script::tools::testing::{FUNCTIONS, PRELUDE, RUNNER};
use fchatd_world::settings::{Value as Setting, keys};
use fchatd_world::{Now, Settings};

pub use edge::PlainEdge;

use crate::{Beside, Core};

/// 2026-11-18T08:00:00Z, a Wednesday: the same for every run.
const START: i64 = 1_794_988_800_000;
/// Steps of time are a second long; for long times there are this many, and they are longer.
const STEPS_MAX: u64 = 1000;
/// The minimum time limit in seconds of a piece of a test: the speed of the machine is not tested.
const PATIENCE: f64 = 2.0;

/// How a test went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The test's name; empty for the file's top level.
    pub name: String,
    /// The failures, each with file and line; none when it passed.
    pub failures: Vec<String>,
}

/// Runs all tests of a file and gives `report` each result at once.
///
/// # Errors
/// When the scripts or the file can't be loaded.
pub fn run(
    settings: &Settings,
    scripts: &Scripts,
    file: &str,
    source: &str,
    watchdog: Option<&Watchdog>,
    mut report: impl FnMut(Report),
) -> Result<(), ScriptError> {
    let mut settings = settings.clone();
    for key in [keys::LUATIMEOUT, keys::LUAREPEATTIMEOUT] {
        let patience = settings.number(key).max(PATIENCE);
        // A limit that is longer than the setting allows stays as it is.
        let _ = settings.set(key.name(), Setting::Number(patience));
    }
    // Time stands still between two steps of a test.
    for key in ["command_rate", "login_pause"] {
        let _ = settings.set(key, Setting::Number(0.0));
    }
    let start = || Bench::new(&settings, scripts, file, source, watchdog);
    let mut first = start()?;
    let failures = first.run(None);
    let names = first.names()?;
    let loaded = failures.is_empty();
    if !loaded {
        report(Report {
            name: String::new(),
            failures,
        });
        return Ok(());
    }
    if names.is_empty() && first.has_tested {
        report(Report {
            name: String::new(),
            failures,
        });
    } else if names.is_empty() {
        let none = "there is no test in this file: it needs functions in the table `tests`, or a global function `runTests`";
        report(Report {
            name: String::new(),
            failures: vec![none.to_owned()],
        });
    }
    for name in &names {
        let mut bench = start()?;
        let mut failures = bench.run(None);
        if failures.is_empty() {
            failures = bench.run(Some(name));
        }
        report(Report {
            name: name.clone(),
            failures,
        });
    }
    Ok(())
}

/// A request of a test to its runner.
struct Wish {
    what: String,
    connection: Option<u64>,
    json: String,
    text: String,
}

/// The runner's answer.
enum Answer {
    Nothing,
    Number(f64),
    Handle(Handle),
    Truth(bool),
    Two(Handle, f64),
    Table(String),
    Wrong(String),
}

/// A machine and its played network.
struct Bench {
    core: Core,
    now: Now,
    outputs: Outputs,
    /// All connections that ever were, by the number under which scripts know them.
    handles: BTreeMap<Handle, ConnectionId>,
    received: BTreeMap<ConnectionId, Vec<String>>,
    edge: PlainEdge,
    wishes: Vec<Wish>,
    next: u32,
    /// The last test, or the file itself, has tested something.
    has_tested: bool,
}

impl Bench {
    fn new(
        settings: &Settings,
        scripts: &Scripts,
        file: &str,
        source: &str,
        watchdog: Option<&Watchdog>,
    ) -> Result<Self, ScriptError> {
        let now = Now {
            monotonic: 1_000_000,
            unix: START,
        };
        let mut core = Core::with_libraries(
            &Beside {
                libraries: &[FUNCTIONS],
                sources: &[PRELUDE, source],
            },
            settings.clone(),
            scripts,
            None,
            watchdog,
            now,
            [7; 32],
        )?;
        core.engine.load(&mut core.world, "testing", PRELUDE)?;
        // As a function it can run in the test's coroutine. It stands in the same line, so lines keep their numbers.
        let body = format!("testing.__file = function(...) {source}\nend");
        core.engine.load(&mut core.world, file, &body)?;
        core.world.outputs.clear();
        Ok(Self {
            core,
            now,
            outputs: Outputs::default(),
            handles: BTreeMap::new(),
            received: BTreeMap::new(),
            edge: PlainEdge::default(),
            wishes: Vec::new(),
            next: 0,
            has_tested: false,
        })
    }

    /// The tests that the file has defined, sorted.
    fn names(&mut self) -> Result<Vec<String>, ScriptError> {
        self.script("__names", &[])?;
        let mut names: Vec<String> = self.wishes.drain(..).map(|wish| wish.text).collect();
        names.sort_unstable();
        Ok(names)
    }

    /// Runs a test to its end, or the file itself, and gives the failures.
    fn run(&mut self, name: Option<&str>) -> Vec<String> {
        let mut failures = Vec::new();
        let mut step = self.script("__start", &[name.map_or(Argument::Nil, Argument::Text)]);
        loop {
            if let Err(failure) = step {
                failures.push(failure.message);
                return failures;
            }
            self.after_script(&mut failures);
            let mut asked = None;
            for wish in std::mem::take(&mut self.wishes) {
                match wish.what.as_str() {
                    "mismatch" => failures.push(wish.text),
                    "failed" => {
                        failures.push(wish.text);
                        return failures;
                    }
                    "done" => return failures,
                    "tested" => {
                        self.has_tested = true;
                        return failures;
                    }
                    _ => asked = Some(wish),
                }
            }
            let Some(wish) = asked else {
                failures.push("the test has stopped without an end".into());
                return failures;
            };
            let answer = self.grant(&wish);
            let answer = match self.core.failure.take() {
                Some(failure) => Answer::Wrong(format!("the script failed: {}", failure.message)),
                None => answer,
            };
            step = self.answer(answer);
        }
    }

    /// The script may have done something itself, such as closing a connection.
    fn after_script(&mut self, failures: &mut Vec<String>) {
        self.core.settle();
        self.carry_out();
        if let Some(failure) = self.core.failure.take() {
            failures.push(format!("the script failed: {}", failure.message));
        }
    }

    fn script(&mut self, name: &str, arguments: &[Argument<'_>]) -> Result<(), ScriptError> {
        self.core.turn();
        self.core.world.now = self.now;
        let result = self
            .core
            .engine
            .call(&mut self.core.world, "testing", name, arguments);
        self.carry_out();
        result.map(drop)
    }

    fn answer(&mut self, answer: Answer) -> Result<(), ScriptError> {
        let fine = Argument::Boolean(true);
        match answer {
            Answer::Nothing => self.script("__resume", &[fine]),
            Answer::Number(number) => self.script("__resume", &[fine, Argument::Number(number)]),
            Answer::Handle(handle) => self.script("__resume", &[fine, Argument::Handle(handle)]),
            Answer::Truth(truth) => self.script("__resume", &[fine, Argument::Boolean(truth)]),
            Answer::Two(first, second) => self.script(
                "__resume",
                &[fine, Argument::Handle(first), Argument::Number(second)],
            ),
            Answer::Table(json) => {
                let mut tape = Tape::new();
                // Made by this module; a text that is no JSON reads as an empty table.
                let _ = tape.parse(&json);
                self.script("__resume", &[fine, Argument::Json(&tape)])
            }
            Answer::Wrong(message) => {
                self.script("__resume", &[Argument::Boolean(false), Argument::Text(&message)])
            }
        }
    }

    /// Carries out a test's request.
    fn grant(&mut self, wish: &Wish) -> Answer {
        let connection = wish
            .connection
            .and_then(|handle| self.handles.get(&Handle(handle)).copied());
        match (wish.what.as_str(), connection) {
            ("open", _) => self.open(&wish.text),
            ("kill", _) => self.kill(&wish.text),
            ("advance", _) => self.advance(&wish.text),
            ("login", _) => self.log_in(&wish.json),
            (_, None) => Answer::Wrong("a connection of testing.createConnection expected".into()),
            ("lost", Some(connection)) => {
                self.handle(Input::Closed {
                    connection,
                    departure: Departure::Goodbye,
                });
                Answer::Nothing
            }
            ("command", Some(connection)) => {
                if self.edge.closed.contains(&connection) {
                    return Answer::Wrong(
                        "the server has closed this connection, it can't send commands".into(),
                    );
                }
                let text = if wish.json.is_empty() {
                    wish.text.clone()
                } else {
                    format!("{} {}", wish.text, wish.json)
                };
                Answer::Number(self.say(connection, &text))
            }
            ("sent", Some(connection)) => {
                let frames = self.received.remove(&connection).unwrap_or_default();
                Answer::Table(listing(&frames))
            }
            ("closed", Some(connection)) => Answer::Truth(self.edge.closed.contains(&connection)),
            (other, _) => Answer::Wrong(format!("testing knows no {other}")),
        }
    }

    fn connect(&mut self) -> ConnectionId {
        let connection = ConnectionId {
            edge: 0,
            slot: self.next,
            generation: 0,
        };
        let [_, second, third, fourth] = self.next.to_be_bytes();
        self.next += 1;
        self.handle(Input::Opened {
            connection,
            address: [10, second, third, fourth].into(),
        });
        if let Some(key) = self.core.world.find_id(connection) {
            self.handles.insert(connection_handle(key), connection);
        }
        connection
    }

    fn handle_of(&self, connection: ConnectionId) -> Handle {
        let key = self.core.world.find_id(connection);
        key.map_or(Handle(0), connection_handle)
    }

    fn open(&mut self, name: &str) -> Answer {
        let connection = self.connect();
        let Some(key) = self.core.world.find_id(connection) else {
            return Answer::Wrong("no more connections can be kept".into());
        };
        if !self.core.world.identify(key, name) {
            return Answer::Wrong(format!(
                "{name:?} can't be put online: it is empty, or online already"
            ));
        }
        self.core.world.set_account(key, 1);
        if let Some(connection) = self.core.world.connection_mut(key) {
            connection.character = 2;
        }
        self.carry_out();
        Answer::Handle(connection_handle(key))
    }

    fn kill(&mut self, name: &str) -> Answer {
        if let Some(key) = self.core.world.find_channel(name) {
            self.core.world.destroy_channel(key);
            self.carry_out();
        }
        Answer::Nothing
    }

    fn advance(&mut self, seconds: &str) -> Answer {
        let Some(seconds) = seconds.parse::<f64>().ok().filter(|seconds| *seconds >= 0.0) else {
            return Answer::Wrong("a number of seconds expected".into());
        };
        let milliseconds = (seconds * 1000.0) as u64;
        let steps = milliseconds.div_ceil(1000).clamp(1, STEPS_MAX);
        let start = self.now;
        for step in 1..=steps {
            let passed = milliseconds * step / steps;
            self.now = Now {
                monotonic: start.monotonic + passed,
                unix: start.unix + passed as i64,
            };
            self.handle(Input::Tick);
        }
        Answer::Nothing
    }

    fn log_in(&mut self, answer: &str) -> Answer {
        let connection = self.connect();
        let question = r#"IDN {"method":"ticket","account":"test","ticket":"test","character":"test","cname":"test","cversion":"1"}"#;
        let before = self.say(connection, question);
        if before != 0.0 {
            return Answer::Two(self.handle_of(connection), before);
        }
        self.handle(Input::LoginAnswer {
            connection,
            answer: Some(answer),
        });
        // The character may have gone on where an earlier connection of its broke off.
        let handle = self.handle_of(connection);
        self.handles.insert(handle, connection);
        Answer::Two(handle, self.error_after(connection, 0))
    }

    /// Lets a client say something; the number of the last error that it got for it, or 0.
    fn say(&mut self, connection: ConnectionId, text: &str) -> f64 {
        let before = self.received.get(&connection).map_or(0, Vec::len);
        self.handle(Input::Message { connection, text });
        self.error_after(connection, before)
    }

    fn error_after(&self, connection: ConnectionId, before: usize) -> f64 {
        let frames = self.received.get(&connection).map_or(&[][..], Vec::as_slice);
        let errors = frames.iter().skip(before).rev().filter_map(|frame| {
            let tape = Tape::of(frame.strip_prefix("ERR ")?).ok()?;
            tape.number("number")
        });
        errors.into_iter().next().unwrap_or(0.0)
    }

    fn handle(&mut self, input: Input<'_>) {
        self.core.turn();
        self.core.handle(self.now, input, &mut self.outputs);
        self.deliver_all();
    }

    /// Delivers the frames of changes to the world beside an input.
    fn carry_out(&mut self) {
        std::mem::swap(&mut self.core.world.outputs, &mut self.outputs);
        self.deliver_all();
        std::mem::swap(&mut self.core.world.outputs, &mut self.outputs);
    }

    fn deliver_all(&mut self) {
        let outputs = std::mem::take(&mut self.outputs);
        let (received, wishes) = (&mut self.received, &mut self.wishes);
        self.edge.carry_out(&outputs, |connection, frame, _| {
            if connection == RUNNER {
                wishes.extend(wish(frame));
            } else {
                let text = String::from_utf8_lossy(frame).into_owned();
                received.entry(connection).or_default().push(text);
            }
        });
    }
}

/// Takes a request of the test apart.
fn wish(bytes: &[u8]) -> Option<Wish> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut parts = text.splitn(4, '\0');
    let what = parts.next()?.to_owned();
    let connection = parts.next()?.parse().ok();
    let json = parts.next()?.to_owned();
    let text = parts.next()?.to_owned();
    Some(Wish {
        what,
        connection,
        json,
        text,
    })
}

/// Frames as a table for the test.
fn listing(frames: &[String]) -> String {
    let mut out = br#"{"list":["#.to_vec();
    for (index, frame) in frames.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let (code, rest) = frame.split_once(' ').unwrap_or((frame, ""));
        let object = Tape::of(rest).is_ok_and(|tape| tape.is_object());
        let mut row = Object::open(&mut out).text("code", code);
        if object {
            row.key("args").extend_from_slice(rest.as_bytes());
        } else if !rest.is_empty() {
            write::string(row.key("text"), rest);
        }
        row.close();
    }
    out.extend_from_slice(b"]}");
    String::from_utf8(out).unwrap_or_default()
}
