//! The chat as a pure machine: inputs go in one after another, outputs come out. It never waits and never
//! touches a socket, a clock, a disk or a thread; time and randomness are given to it. So a test drives it
//! without sockets, and the same inputs give the same bytes.
#![forbid(unsafe_code)]

mod dispatch;
mod login;

use fchatd_protocol::exchange::{ConnectionId, Departure, Input, Outputs};
use fchatd_protocol::json::read::Tape;
use fchatd_script::engine::{Engine, ScriptError, Watchdog};
use fchatd_script::host::{self, Scripts};
use fchatd_world::{Mode, Now, Settings, World};

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

/// The machine. See the crate.
#[derive(Debug)]
pub struct Core {
    world: World,
    engine: Engine<World>,
    tape: Tape,
    housekept: u64,
}

impl Core {
    /// A machine with the public channels of a fresh site and nobody in it. `seed` is all its randomness.
    /// Without a watchdog scripts have no time limit.
    ///
    /// # Errors
    /// When the scripts do not compile or fail while they start.
    pub fn new(
        settings: Settings,
        scripts: &Scripts,
        watchdog: Option<&Watchdog>,
        now: Now,
        seed: [u8; 32],
    ) -> Result<Self, ScriptError> {
        let mut world = World::new(settings, now, seed);
        for &(name, mode, description) in FIRST_CHANNELS {
            world.create_public(name, mode, description);
        }
        let seed = (u64::from(world.incident()) << 32) | u64::from(world.incident());
        let engine = host::start(&mut world, scripts, watchdog, seed)?;
        world.outputs.clear();
        Ok(Self {
            world,
            engine,
            tape: Tape::new(),
            housekept: now.monotonic,
        })
    }

    /// Who is connected and which channels there are, to look at.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// A new turn of the loop that drives the machine begins: scripts have their full time again.
    pub fn turn(&mut self) {
        self.engine.new_turn();
    }

    /// Handles one input and appends what is to be done to `outputs`.
    pub fn handle(&mut self, now: Now, input: Input<'_>, outputs: &mut Outputs) {
        self.world.now = now;
        std::mem::swap(&mut self.world.outputs, outputs);
        match input {
            Input::Opened { connection, address } => {
                if self.world.open(connection, address).is_none() {
                    tracing::error!("a connection was turned away: no more can be kept");
                }
            }
            Input::Message { connection, text } => self.message(connection, text),
            Input::LoginAnswer { connection, answer } => self.login_answer(connection, answer),
            Input::Closed {
                connection,
                departure,
            } => self.closed(connection, departure),
            Input::Tick => self.tick(),
        }
        std::mem::swap(&mut self.world.outputs, outputs);
    }

    fn closed(&mut self, id: ConnectionId, departure: Departure) {
        let Some(key) = self.world.find_id(id) else { return };
        if let Some(connection) = self
            .world
            .connection(key)
            .filter(|connection| connection.is_identified())
        {
            tracing::debug!(character = %connection.name, ?departure, "went offline");
            self.farewell(key);
            self.world.depart(key);
        }
        self.settle();
        self.world.remove(key);
    }

    fn tick(&mut self) {
        self.time_out_logins();
        let interval = (self.world.settings.number("saveinterval") * 1000.0) as u64;
        if self.world.now.monotonic.saturating_sub(self.housekept) >= interval {
            self.housekept = self.world.now.monotonic;
            self.world.housekeep();
        }
        self.settle();
    }
}
