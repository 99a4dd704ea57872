//! The interface of scripts: the functions of the libraries `u`, `c`, `s` and `http` and the numbers of `const`
//! (docs/lua.md).
//! The tables here are the only list of the interface: the engine registers functions from them, and
//! documentation and checks are generated from them.

mod absence;
mod admitted;
mod authority;
mod channels;
mod connections;
mod gate;
mod http;
mod kept;
mod natures;
mod os;
mod server;
mod staff;
mod talk;

use std::collections::BTreeMap;
use std::time::Duration;

use fchatd_protocol::error;
use fchatd_protocol::exchange::Frame;
use fchatd_world::arena::{GENERATION_MAX, INDEX_MAX, Key};
use fchatd_world::settings::keys;
use fchatd_world::{Channel, ChannelKey, Connection, ConnectionKey, Settings, World};

use crate::engine::{
    Arguments, Engine, Function, Handle, HostError, Limits, Manner, Options, Program, ScriptError, Watchdog,
};
use crate::tools::replaced;

/// Every function, one table for each library.
pub static LIBRARIES: &[&[Function<World>]] = &[
    connections::FUNCTIONS,
    absence::FUNCTIONS,
    channels::FUNCTIONS,
    talk::FUNCTIONS,
    server::FUNCTIONS,
    natures::FUNCTIONS,
    authority::FUNCTIONS,
    gate::FUNCTIONS,
    staff::FUNCTIONS,
    http::FUNCTIONS,
    os::FUNCTIONS,
];

/// The scripts of a server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scripts {
    /// The source of `main.lua`.
    pub main: String,
    /// The modules for `require`: name without `.lua`, and source.
    pub modules: BTreeMap<String, String>,
}

impl Scripts {
    /// Whether they were written for the classic server: `main.lua` has no [`MARK`] in its first comments.
    pub fn are_classic(&self) -> bool {
        let lines = self.main.lines().map(str::trim);
        let mut comments = lines.take_while(|line| line.is_empty() || line.starts_with("--"));
        !comments.any(|line| line == MARK)
    }

    /// The variant of the scripts for testing other rules: `main_test.lua` becomes the main chunk, if it
    /// exists.
    #[must_use]
    pub fn on_trial(mut self) -> Self {
        if let Some(main) = self.modules.remove(TRIAL) {
            self.main = main;
        }
        self
    }
}

/// The line that marks scripts as written for this server. They get errors for mistakes that the classic
/// server ignored.
pub const MARK: &str = "--!fchatd";

/// The module with rules under test for one connection.
const TRIAL: &str = "main_test";

/// Compiles scripts. It needs no world, so any thread can do it. Errors in the scripts are reported by
/// [`start`].
pub fn compile(scripts: &Scripts) -> Program {
    compile_with(&[], scripts, &[])
}

/// Like [`compile`], with libraries in addition to [`LIBRARIES`], for a state that loads further sources
/// later.
pub fn compile_with(
    libraries: &[&'static [Function<World>]],
    scripts: &Scripts,
    further: &[&str],
) -> Program {
    let functions = [LIBRARIES, libraries].concat();
    let sources = scripts.modules.values().chain([&scripts.main]);
    let sources = sources.map(String::as_str).chain(further.iter().copied());
    let manner = Manner {
        classic: scripts.are_classic(),
        replaced: replaced(sources),
    };
    Program::compile(&functions, "main.lua", &scripts.main, &scripts.modules, &manner)
}

/// The resource limits of the main rules. A disabled time limit is infinite, so that the watchdog exists when
/// the setting changes.
pub fn limits(settings: &Settings) -> Limits {
    let is_limited = settings.flag(keys::LUAENABLETIMEOUT);
    let time = |limit| if is_limited { limit } else { Duration::MAX };
    Limits {
        call: time(settings.seconds(keys::LUATIMEOUT)),
        repeat: time(settings.seconds(keys::LUAREPEATTIMEOUT)),
        memory: settings.count(keys::LUAMEMORY) << 20,
    }
}

/// The resource limits of the rules of an isolated connection. Their time limit is always in force.
pub fn trial_limits(settings: &Settings) -> Limits {
    Limits {
        call: settings.seconds(keys::ISOLATEDTIMEOUT),
        repeat: settings.seconds(keys::ISOLATEDTIMEOUT),
        memory: settings.count(keys::ISOLATEDMEMORY) << 20,
    }
}

/// Creates an engine, loads a program and calls its `chat_init`.
///
/// # Errors
/// It does not compile or fails during start-up; the text names file and line. Earlier changes to the world
/// are not undone.
pub fn start(
    world: &mut World,
    program: &Program,
    limits: Limits,
    watchdog: Option<&Watchdog>,
    seed: u64,
) -> Result<Engine<World>, ScriptError> {
    start_with(&[], world, program, limits, watchdog, seed)
}

/// Like [`start`], with libraries in addition to [`LIBRARIES`].
///
/// # Errors
/// As [`start`].
pub fn start_with(
    libraries: &[&'static [Function<World>]],
    world: &mut World,
    program: &Program,
    limits: Limits,
    watchdog: Option<&Watchdog>,
    seed: u64,
) -> Result<Engine<World>, ScriptError> {
    let names: Vec<String> = error::ALL
        .iter()
        .map(|(name, ..)| format!("FERR_{name}"))
        .collect();
    let numbers = names.iter().zip(error::ALL);
    let constants: Vec<_> = numbers
        .map(|(name, &(_, number, _))| ("const", name.as_str(), f64::from(number)))
        .collect();
    let options = Options {
        functions: &[LIBRARIES, libraries].concat(),
        constants: &constants,
        limits,
        watchdog,
        seed,
        held: World::held_for_scripts,
        ..Options::default()
    };
    let mut engine = Engine::of(program, &options)?;
    // Scripts of the classic server expect these tables and fill them.
    engine.load(world, "host", "event = {} rtb = {} httpcb = {}")?;
    world.natures.may_declare = true;
    let loaded = engine.run_main(world, program);
    world.natures.may_declare = false;
    loaded?;
    initialise(&mut engine, world)?;
    Ok(engine)
}

/// Calls `chat_init`, where scripts have one.
///
/// # Errors
/// When it fails.
pub fn initialise(engine: &mut Engine<World>, world: &mut World) -> Result<(), ScriptError> {
    if !engine.has("", "chat_init") {
        return Ok(());
    }
    world.natures.may_declare = true;
    let result = engine.call_global(world, "chat_init");
    world.natures.may_declare = false;
    result.map(|_| ())
}

/// A handle consists of kind, generation and index, from the highest bits down. It is valid only while its
/// object exists.
const KIND_BITS: u32 = 46;
const GENERATION_BITS: u32 = 24;
const CONNECTION: u64 = 1;
const CHANNEL: u64 = 2;

fn handle(kind: u64, index: u32, generation: u32) -> Handle {
    Handle(kind << KIND_BITS | u64::from(generation) << GENERATION_BITS | u64::from(index))
}

fn parts(Handle(bits): Handle, kind: u64) -> Option<(u32, u32)> {
    if bits >> KIND_BITS != kind {
        return None;
    }
    let index = (bits & u64::from(INDEX_MAX)) as u32;
    let generation = (bits >> GENERATION_BITS) as u32 & GENERATION_MAX;
    Some((index, generation))
}

/// The script handle of a connection.
pub fn connection_handle(key: ConnectionKey) -> Handle {
    handle(CONNECTION, key.index, key.generation)
}

/// The script handle of a channel.
pub fn channel_handle(key: ChannelKey) -> Handle {
    handle(CHANNEL, key.index, key.generation)
}

/// The connection of a handle argument.
fn connection<'w>(
    world: &'w World,
    arguments: &Arguments<'_>,
    index: usize,
) -> Result<(ConnectionKey, &'w Connection), HostError> {
    let key = arguments
        .handle(index)
        .and_then(|handle| parts(handle, CONNECTION));
    let found = key.map(|(index, generation)| Key::new(index, generation));
    found
        .and_then(|key| world.connection(key).map(|connection| (key, connection)))
        .ok_or_else(|| arguments.bad(index, "a connection expected"))
}

/// The channel of a handle argument.
fn channel<'w>(
    world: &'w World,
    arguments: &Arguments<'_>,
    index: usize,
) -> Result<(ChannelKey, &'w Channel), HostError> {
    let key = arguments.handle(index).and_then(|handle| parts(handle, CHANNEL));
    let found = key.map(|(index, generation)| Key::new(index, generation));
    found
        .and_then(|key| world.channel(key).map(|channel| (key, channel)))
        .ok_or_else(|| arguments.bad(index, "a channel expected"))
}

/// The name in an argument: that of a connection, or a text.
fn name(world: &World, arguments: &Arguments<'_>, index: usize) -> Result<String, HostError> {
    match connection(world, arguments, index) {
        Ok((_, connection)) => Ok(connection.name.to_string()),
        Err(_) => Ok(arguments.text(index)?.into_owned()),
    }
}

/// Encodes `CODE {table}`: the code is argument `index`, the table is the next one and may be missing.
fn frame(world: &mut World, arguments: &Arguments<'_>, index: usize) -> Result<Frame, HostError> {
    let code = arguments.text(index)?;
    let table = index + 1;
    let start = world.outputs.bytes.len();
    let mut result = Ok(());
    let frame = world.outputs.frame(|out| {
        out.extend_from_slice(code.as_bytes());
        if !arguments.is_nil(table) {
            out.push(b' ');
            result = arguments.json(table, out);
        }
    });
    if let Err(error) = result {
        world.outputs.bytes.truncate(start);
        return Err(error);
    }
    Ok(frame)
}

/// Encodes a complete message that a script composed.
fn raw_frame(world: &mut World, arguments: &Arguments<'_>, index: usize) -> Result<Frame, HostError> {
    let text = arguments.text(index)?;
    Ok(world
        .outputs
        .raw_frame(|out| out.extend_from_slice(text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_come_back() {
        for (index, generation) in [(0, 0), (INDEX_MAX, GENERATION_MAX), (7, 4_000_000)] {
            let number = handle(CHANNEL, index, generation);
            assert_eq!(parts(number, CHANNEL), Some((index, generation)));
            assert_eq!(parts(number, CONNECTION), None);
        }
        for nonsense in [0, 1, u64::MAX, 1 << 63] {
            assert_eq!(parts(Handle(nonsense), CONNECTION), None);
        }
    }
}
