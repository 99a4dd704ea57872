//! The chat as a pure machine: inputs go in one after another, outputs come out. It never waits and never
//! touches a socket, a clock, a disk or a thread; time and randomness are given to it. So a test drives it
//! without sockets, and the same inputs give the same bytes.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod absence;
mod bridge;
mod calls;
mod commit;
mod configuration;
mod debug;
mod dispatch;
mod ending;
mod error_context;
mod fields;
mod figures;
mod gate;
mod login;
mod people;
mod probation;
pub mod record;
mod rehearsal;
mod search;
pub mod testing;
mod trial;
mod undo;
mod waiting;

pub use figures::tables as figure_tables;
pub use rehearsal::{Rehearsal, Rehearsed};

use absence::{grace, is_break};
use std::collections::HashMap;

use commit::{Cause, Commits};
use fchatd_protocol::address::AddressGroup;
use fchatd_protocol::exchange::{ConnectionId, Departure, Input, Outputs};
use fchatd_protocol::json::read::Tape;
use fchatd_script::engine::{Engine, Function, ScriptError, Watchdog};
use fchatd_script::host::{self, Scripts};
use fchatd_world::settings::keys;
use fchatd_world::snapshot::Snapshot;
use fchatd_world::{ConnectionKey, Mode, Now, Settings, World};
use fields::Bounds;

use probation::{Conduct, Probation};
use trial::Trial;

/// The public channels of a site that is started for the first time: name, mode, description.
pub const FIRST_CHANNELS: &[(&str, Mode, &str)] = &[
    (
        "Frontpage",
        Mode::Both,
        "Welcome! This is the place to arrive, to look around and to ask.",
    ),
    (
        "Development",
        Mode::Both,
        "About this server, its clients and its bots.",
    ),
    (
        "Looking for RP",
        Mode::Ads,
        "Ads of people who look for somebody to play with. Answer them in private.",
    ),
];

/// Gives a world in which there is no channel those of a fresh site.
fn furnish(world: &mut World) {
    if world.channel_count() == 0 {
        for &(name, mode, description) in FIRST_CHANNELS {
            world.create_public(name, mode, description);
        }
    }
}

/// The machine. See the crate.
#[derive(Debug)]
pub struct Core {
    world: World,
    engine: Engine<World>,
    /// The states of administrators that try out other rules.
    isolated: HashMap<ConnectionKey, Trial>,
    watchdog: Option<Watchdog>,
    /// The source of the common state.
    scripts: Rehearsed,
    /// Scripts that were read again lately, until they have shown that they work.
    probation: Option<Box<Probation>>,
    conduct: Conduct,
    tape: Tape,
    /// The last failure of a script, for tests of scripts to look at.
    failure: Option<ScriptError>,
    housekept: u64,
    commits: Commits,
    /// The bounds of fields, by the settings in force.
    bounds: Bounds,
    /// Addresses of which the log has said that they have all their sessions. Only the log depends on it, so no image has it.
    full_addresses: Vec<AddressGroup>,
}

/// Libraries and sources that scripts get beside the usual.
#[derive(Debug, Default)]
pub(crate) struct Beside<'a> {
    /// Further libraries.
    pub(crate) libraries: &'a [&'static [Function<World>]],
    /// Sources that will be loaded into the same state.
    pub(crate) sources: &'a [&'a str],
}

impl Core {
    /// A machine with the durable state and no people in it; with the public channels of a fresh site, where no channel
    /// lasted. `seed` is all its randomness. Without a watchdog scripts have no time limit.
    ///
    /// # Errors
    /// When the scripts do not compile or fail while they start.
    pub fn new(
        settings: Settings,
        scripts: &Scripts,
        snapshot: Option<&Snapshot>,
        watchdog: Option<&Watchdog>,
        now: Now,
        seed: [u8; 32],
    ) -> Result<Self, ScriptError> {
        Self::with_libraries(
            &Beside::default(),
            settings,
            scripts,
            snapshot,
            watchdog,
            now,
            seed,
        )
    }

    /// As [`Core::new`], with something more for the scripts.
    pub(crate) fn with_libraries(
        beside: &Beside<'_>,
        settings: Settings,
        scripts: &Scripts,
        snapshot: Option<&Snapshot>,
        watchdog: Option<&Watchdog>,
        now: Now,
        seed: [u8; 32],
    ) -> Result<Self, ScriptError> {
        let mut world = World::new(settings, now, seed);
        if let Some(snapshot) = snapshot {
            world.restore(snapshot, !scripts.are_classic());
        }
        furnish(&mut world);
        let seed = script_seed(&mut world);
        let program = host::compile_with(beside.libraries, scripts, beside.sources);
        let limits = host::limits(&world.settings);
        let engine = host::start_with(beside.libraries, &mut world, &program, limits, watchdog, seed)?;
        world.outputs.clear();
        Ok(Self {
            bounds: Bounds::of(&world.settings),
            world,
            engine,
            isolated: HashMap::new(),
            watchdog: watchdog.cloned(),
            scripts: Rehearsed::of(scripts.clone(), program),
            probation: None,
            conduct: Conduct::default(),
            tape: Tape::new(),
            failure: None,
            housekept: now.monotonic,
            commits: Commits::default(),
            full_addresses: Vec::new(),
        })
    }

    /// The connections and channels, to look at.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Whether the core tells of each character that comes online or goes, by
    /// [`Request::Presence`](fchatd_protocol::exchange::Request::Presence). To be set before a recording begins.
    pub fn tell_presence(&mut self, wanted: bool) {
        self.world.tells_presence = wanted;
    }

    /// The watchdog over the scripts.
    pub fn watchdog(&self) -> Option<&Watchdog> {
        self.watchdog.as_ref()
    }

    /// The bytes of the common rules, and those of all isolated ones.
    pub fn script_memory(&self) -> (usize, usize) {
        let isolated = self.isolated.values().map(Trial::memory).sum();
        (self.engine.memory(), isolated)
    }

    /// A new turn of the loop that drives the machine begins: scripts have their full time again.
    pub fn turn(&mut self) {
        self.engine.new_turn();
    }

    /// Changes whenever [`Core::snapshot`] would say something new: time to save.
    pub fn revision(&self) -> u64 {
        self.world.revision()
    }

    /// The durable state of the world, to be kept.
    pub fn snapshot(&self) -> Snapshot {
        self.world.snapshot()
    }

    /// Calls a function with the machine, which appends its outputs to `outputs`.
    fn outside_input<T>(&mut self, now: Now, outputs: &mut Outputs, work: impl FnOnce(&mut Self) -> T) -> T {
        self.world.now = now;
        self.world.begin_input();
        std::mem::swap(&mut self.world.outputs, outputs);
        let start = self.world.outputs.operations.len();
        let result = work(self);
        self.review_scripts();
        self.settle();
        self.commit(start, |_| Cause::Deed(None));
        std::mem::swap(&mut self.world.outputs, outputs);
        result
    }

    /// Handles one input and appends its outputs to `outputs`.
    pub fn handle(&mut self, now: Now, input: Input<'_>, outputs: &mut Outputs) {
        self.world.now = now;
        self.world.begin_input();
        std::mem::swap(&mut self.world.outputs, outputs);
        let start = self.world.outputs.operations.len();
        match input {
            Input::Opened { connection, address } => {
                match self.world.open(connection, address) {
                    // Its network may have been banned while it shook hands.
                    Some(key) if self.world.refuse_banned(key) => self.settle(),
                    Some(_) => {}
                    None => tracing::error!("a connection was turned away: no more can be kept"),
                }
            }
            Input::Message { connection, text } => self.message(connection, text),
            Input::LoginAnswer { connection, answer } => self.login_answer(connection, answer),
            Input::Closed {
                connection,
                departure,
            } => self.closed(connection, departure),
            Input::Bridge { code, payload } => self.bridge(code, payload),
            Input::HttpAnswer { id, status, body } => self.http_answer(id, status, body),
            Input::CharactersFound { id, answer } => self.characters_found(id, answer),
            Input::Stored { commit } => self.stored(commit),
            Input::Unsaved { connection, commit } => self.unsaved(connection, commit),
            Input::Notice { to, text } => self.notice(to, text),
            Input::Tick => self.tick(),
        }
        if self.probation.is_some() {
            self.review_scripts();
            self.settle();
        }
        self.commit(start, |natures| Cause::of(natures, &input));
        std::mem::swap(&mut self.world.outputs, outputs);
    }

    fn closed(&mut self, id: ConnectionId, departure: Departure) {
        let Some(key) = self.world.find_id(id) else { return };
        self.handle_unanswered(key);
        if let Some(connection) = self
            .world
            .connection(key)
            .filter(|connection| connection.is_identified())
        {
            tracing::debug!(character = %connection.name, ?departure, "the connection ends");
            let broke = is_break(departure);
            if broke && self.world.go_away(key, grace(departure)) {
                return self.settle();
            }
            // A connection that the server closes has said enough.
            if departure != Departure::Closed && self.world.linger(key, broke) {
                return self.settle();
            }
            if broke {
                self.world.keep_rooms(key);
            }
            self.see_off(key);
        }
        self.settle();
        self.isolated.remove(&key);
        self.world.remove(key);
    }

    fn tick(&mut self) {
        self.time_out_logins();
        self.release_waiting();
        self.end_absences();
        self.world.send_due_lists();
        self.world.send_call_pages();
        self.world.keep_sessions();
        let interval = (self.world.settings.number(keys::SAVEINTERVAL) * 1000.0) as u64;
        if self.world.now.monotonic.saturating_sub(self.housekept) >= interval {
            self.housekept = self.world.now.monotonic;
            self.world.housekeep();
            self.world.check_owners();
        }
        self.settle();
    }
}

/// Where the random numbers of a script's state start.
fn script_seed(world: &mut World) -> u64 {
    (u64::from(world.incident()) << 32) | u64::from(world.incident())
}
