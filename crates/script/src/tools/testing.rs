//! The library `testing` (docs/lua.md): its description and its Lua side. The crate `core` simulates the
//! network for it. The two sides communicate through [`FUNCTIONS`] and the functions whose names begin with
//! `__`.
//!
//! A test runs in a coroutine. A step that needs the network yields a request and waits. So a command under
//! test takes the same way as a client's command, with its own time limit.

use fchatd_protocol::exchange::{ConnectionId, Operation};
use fchatd_world::World;

use super::interface::Entry;
use crate::engine::{Arguments, Function, Handle, HostError, Reply};
use crate::host::Scripts;

/// The recipient of a test's requests. No edge has a connection with this id.
pub const RUNNER: ConnectionId = ConnectionId {
    edge: u16::MAX,
    slot: u32::MAX,
    generation: u32::MAX,
};

/// The only host function of the Lua side.
pub static FUNCTIONS: &[Function<World>] = &[Function {
    library: "testing",
    name: "__request",
    signature: "(what: string, con: any, text: string?, arguments: table?)",
    summary: "Sends a request to the runner: its kind, connection, arguments as JSON, and text, with a zero byte between them.",
    run: request,
}];

/// The Lua side, to be loaded into a state with [`FUNCTIONS`].
pub const PRELUDE: &str = include_str!("testing.lua");

const fn entry(name: &'static str, signature: &'static str, summary: &'static str) -> Entry {
    Entry {
        library: "testing",
        name,
        signature,
        summary,
    }
}

/// The functions for scripts. A + marks those that the classic server did not have.
pub static ENTRIES: &[Entry] = &[
    entry(
        "createConnection",
        "(name: string): Connection",
        "Puts a character online: account 1, character 2, without roles.",
    ),
    entry(
        "removeConnection",
        "(who: Connection|string)",
        "The character's client closes the connection.",
    ),
    entry(
        "killChannel",
        "(name: string)",
        "Ends a channel, if there is one of this name; each member gets LCH.",
    ),
    entry(
        "assert",
        "(actual: any, expected: any)",
        "Ends the test with an error unless the two are equal; tables are compared field by field.",
    ),
    entry(
        "runTests",
        "()",
        "Does nothing: all functions in the table `tests`, and the global function `runTests`, are run anyway, each in a fresh world.",
    ),
    entry(
        "expect",
        "(actual: any, expected: any, what: string?)",
        "+ Like assert, but the test goes on, so that one test can report several errors.",
    ),
    entry(
        "command",
        "(con: Connection, code: string, args: table?): number",
        "+ The client sends a command; the number of the last ERR that it got for it, or 0. When the script fails, so \
         does the test.",
    ),
    entry(
        "sent",
        "(con: Connection): {{code: string, args: any}}",
        "+ The frames that the client got since the last call. If the rest of a message is no JSON object, it is in `text`.",
    ),
    entry(
        "closed",
        "(con: Connection): boolean",
        "+ Whether the server has closed the connection.",
    ),
    entry(
        "advance",
        "(seconds: number)",
        "+ Lets time pass, including the server's timers.",
    ),
    entry(
        "logIn",
        "(answer: table): (Connection, number)",
        "+ Logs a client in; the login check gives this answer. Returns the number of the last ERR, or 0.",
    ),
];

macro_rules! own {
    ($($name:literal),*) => {
        /// Name and source of the modules of [`OWN_TESTS`].
        pub const OWN_MODULES: &[(&str, &str)] =
            &[$((concat!("tests/", $name), include_str!(concat!("../../../../script/tests/", $name, ".lua")))),*];
    };
}

/// The tests of the built-in rules.
pub const OWN_TESTS: &str = include_str!("../../../../script/tests.lua");

own!(
    "channels",
    "gate",
    "moderation",
    "play",
    "rights",
    "server",
    "talking"
);

/// Adds the modules of [`OWN_TESTS`] to scripts.
pub fn add_own_tests(scripts: &mut Scripts) {
    for &(name, source) in OWN_MODULES {
        scripts.modules.insert(name.to_owned(), source.to_owned());
    }
}

fn request(world: &mut World, arguments: &Arguments<'_>) -> Result<Reply, HostError> {
    let what = arguments.text(1)?;
    let connection = match arguments.handle(2) {
        Some(Handle(handle)) => handle.to_string(),
        None => String::new(),
    };
    let text = arguments.optional_text(3)?.unwrap_or_default();
    let mut json = Vec::new();
    if !arguments.is_nil(4) {
        arguments.json(4, &mut json)?;
    }
    let frame = world.outputs.raw_frame(|out| {
        for part in [what.as_bytes(), connection.as_bytes(), &json] {
            out.extend_from_slice(part);
            out.push(0);
        }
        out.extend_from_slice(text.as_bytes());
    });
    world.outputs.operations.push(Operation::Send {
        connection: RUNNER,
        frame,
    });
    Ok(Reply::None)
}
