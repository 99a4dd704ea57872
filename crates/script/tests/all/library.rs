//! The part of Lua's library that scripts can use.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use fchatd_script::engine::{Arguments, Engine, Function, HostError, Options, Reply, ScriptError};

#[derive(Default)]
struct Host {
    log: Vec<String>,
}

fn log(host: &mut Host, arguments: &Arguments<'_>) -> Result<Reply, HostError> {
    host.log.push(arguments.text(1)?.into_owned());
    Ok(Reply::None)
}

static FUNCTIONS: &[Function<Host>] = &[Function {
    library: "u",
    name: "log",
    signature: "(text: string)",
    summary: "",
    run: log,
}];

fn run(source: &str) -> Result<Vec<String>, ScriptError> {
    let mut host = Host::default();
    let mut engine = Engine::new(&Options {
        functions: &[FUNCTIONS],
        ..Options::default()
    })?;
    engine.load(&mut host, "main.lua", source)?;
    Ok(host.log)
}

#[track_caller]
fn logs(source: &str, expected: &[&str]) {
    assert_eq!(run(source).unwrap(), expected, "{source}");
}

#[track_caller]
fn fails(source: &str, expected: &str) {
    let error = run(source).unwrap_err();
    assert!(error.message.contains(expected), "{source}: {error}");
}

#[test]
fn the_sandbox_has_no_way_out() {
    for name in [
        "io",
        "package",
        "debug",
        "ffi",
        "jit",
        "loadstring",
        "load",
        "loadfile",
        "dofile",
        "getfenv",
        "setfenv",
        "newproxy",
        "gcinfo",
        "module",
        "vector",
        "integer",
    ] {
        logs(&format!("u.log(type(_G['{name}']))"), &["nil"]);
    }
    logs("u.log(type(string.split) .. type(string.dump))", &["nilnil"]);
    logs(
        "u.log(tostring(pcall(function() getmetatable('').__index = nil end)))",
        &["false"],
    );
    logs(
        "u.log(type(collectgarbage('count')) .. collectgarbage('collect'))",
        &["number0"],
    );
    logs("u.log(type(math.random(5)) .. type(os))", &["numbernil"]);
}

#[test]
fn plain_find_keeps_its_meaning() {
    logs(
        "local function show(...) local t = {...} for i = 1, select('#', ...) do t[i] = tostring(t[i]) end u.log(table.concat(t, ' ')) end
         show(('hello world'):find('wor'))
         show(('hello world'):find('o', 6))
         show(('hello'):find('l', -2, true))
         show(('hello'):find('l', -1, true))
         show(('hello'):find('h', -100, true))
         show(('hello'):find('', 6))
         show(('hello'):find('', 7))
         show(('hello'):find('', 3))
         show(('a.b'):find('.', 1, true))
         show(('a.b'):find('(%.)'))
         show((''):find(''))
         show(('aXb'):find('x'))
         show(('a\\0b'):find('\\0b'))
         show(string.find(12345, 34))
         show(('aab'):rep(9000):find('aabaabc', 1, true))
         show((('aab'):rep(9000) .. 'aac'):find('aabaac', 3, true))",
        &[
            "7 9", "8 8", "4 4", "nil", "1 1", "6 5", "nil", "3 2", "2 2", "2 2 .", "1 0", "nil", "2 3", "3 4",
            "nil", "26998 27003",
        ],
    );
    fails("('x'):find()", "argument #2 to 'find'");
    fails("('x'):find({})", "argument #2 to 'find'");
}

#[test]
fn replaced_library_functions_work() {
    logs(
        "local t = {3, 1, 2} table.sort(t) u.log(table.concat(t)) table.sort(t, function(a, b) return a > b end) u.log(table.concat(t))",
        &["123", "321"],
    );
    fails("table.sort({1, 'a'})", "attempt to compare");
    logs(
        "u.log(table.concat(table.move({1, 2, 3}, 1, 3, 2))) u.log(table.find({'a', 'b'}, 'b'))",
        &["1123", "2"],
    );
    logs(
        "u.log(table.foreachi({1, 2, 3}, function(i, v) if v == 2 then return 'two' end end))",
        &["two"],
    );
    logs(
        "u.log(('%d %s'):format(3, 'x') .. math.max(1, 5, 2) .. ('x'):gsub('x', 'y') .. string.char(65))",
        &["3 x5yA"],
    );
}

#[test]
fn randomness_follows_the_seed() {
    let draw = |seed| {
        let mut host = Host::default();
        let options = Options {
            functions: &[FUNCTIONS],
            seed,
            ..Options::default()
        };
        let mut engine = Engine::new(&options).unwrap();
        engine
            .load(&mut host, "main.lua", "u.log(math.random(1e9))")
            .unwrap();
        host.log
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
}
