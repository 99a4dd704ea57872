//! Memory that scripts make the host allocate counts towards their limit, and the values that the host stores
//! for them are bounded.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

use std::net::IpAddr;

use fchatd_protocol::exchange::ConnectionId;
use fchatd_script::engine::{Argument, ErrorKind, Limits, ScriptError};
use fchatd_script::host::{self, MARK, Scripts, connection_handle};
use fchatd_world::settings::Value;
use fchatd_world::{ConnectionKey, Now, Settings, World};

const MEMORY: usize = 16 << 20;

fn world() -> (World, ConnectionKey) {
    let mut world = World::new(Settings::default(), Now::default(), [1; 32]);
    let id = ConnectionId {
        edge: 0,
        slot: 1,
        generation: 0,
    };
    let key = world.open(id, IpAddr::from([127, 0, 0, 1])).unwrap();
    assert!(world.identify(key, "Ada"));
    world.outputs.clear();
    (world, key)
}

/// Runs a function body with the connection as its argument, without a time limit.
fn run(world: &mut World, key: ConnectionKey, body: &str) -> Result<Option<f64>, ScriptError> {
    let scripts = Scripts {
        main: format!("{MARK}\nevent = {{}} function event.TRY(con)\n{body}\nend"),
        ..Scripts::default()
    };
    let limits = Limits {
        memory: MEMORY,
        ..Limits::default()
    };
    let mut engine = host::start(world, &host::compile(&scripts), limits, None, 3).expect("it starts");
    let arguments = [Argument::Handle(connection_handle(key))];
    engine.call(world, "event", "TRY", &arguments)
}

#[test]
fn frames_without_end_are_the_memory_of_the_script() {
    for body in [
        "while true do s.broadcast('SYS', {message = ('x'):rep(100)}) end",
        "while true do u.send(con, 'PIN') end",
        "while true do u.sendRaw(con, ('x'):rep(1000)) end",
        "while true do u.sendError(con, 5) end",
        "while true do s.sendUserList(con, 'LIS', 1) end",
        "local t = {a = 'x'} for i = 1, 30 do t = {a = t, b = t} end u.send(con, 'SYS', t)",
    ] {
        let (mut world, key) = world();
        let error = run(&mut world, key, body).unwrap_err();
        assert_eq!(error.kind, ErrorKind::MemoryLimit, "{body}: {error}");
        let bytes = world.outputs.bytes.len();
        assert!(bytes < 2 * MEMORY, "{body}: {bytes} bytes of frames");
    }
}

#[test]
fn a_script_that_catches_the_error_takes_no_more() {
    let (mut world, key) = world();
    run(
        &mut world,
        key,
        "local x = ('x'):rep(100000) for i = 1, 100000 do pcall(u.sendRaw, con, x) end return 1",
    )
    .unwrap();
    let bytes = world.outputs.bytes.len();
    assert!(bytes < 2 * MEMORY, "{bytes} bytes of frames");
}

#[test]
fn the_next_call_begins_anew() {
    let (mut world, key) = world();
    for _ in 0..10 {
        run(
            &mut world,
            key,
            "for i = 1, 100 do u.sendRaw(con, ('x'):rep(50000)) end",
        )
        .unwrap();
    }
}

#[test]
fn data_kept_with_a_connection_is_bounded() {
    for body in [
        "for i = 1, 1e6 do u.setMiscData(con, 'key' .. i, ('x'):rep(100)) end",
        "for i = 1, 1e6 do u.setInfoTags(con, {['tag' .. i] = ('x'):rep(100)}) end",
        "for i = 1, 1e6 do u.addRole(con, 'role' .. i) end",
        "u.setIgnores(con, table.create(1000, ('x'):rep(2000)))",
        "u.setKinks(con, table.create(200000, 7))",
        "u.setMiscData(con, 'key', ('x'):rep(600000))",
        "u.setMiscData(con, ('x'):rep(300), 'value')",
        "u.setStatus(con, 'online', ('x'):rep(600000))",
        "u.checkUpdateTimer(con, ('x'):rep(300), 1)",
        "u.addRole(con, ('x'):rep(300))",
    ] {
        let (mut world, key) = world();
        world
            .settings
            .set("luaconnectiondata", Value::Number(64.0))
            .expect("it is a setting");
        assert!(run(&mut world, key, body).is_err(), "{body}");
    }
}

#[test]
fn replaced_data_needs_no_room() {
    let (mut world, key) = world();
    let body = "for i = 1, 100 do
            u.setMiscData(con, 'key', ('x'):rep(60000))
            u.setFriends(con, table.create(100, ('x'):rep(2000)))
            u.setCustomKinks(con, {a = ('x'):rep(200000)})
        end return 1";
    // The values of one call fit, those of a hundred would not; each call is within the memory limit of a
    // call.
    for _ in 0..10 {
        let body = body.replace("100 do", "5 do");
        assert_eq!(run(&mut world, key, &body).unwrap(), Some(1.0));
    }
}
