//! Scripts that try to take the process down or hold it up. Each must end soon, by itself or stopped, and leave
//! the engine usable.
#![allow(clippy::unwrap_used, clippy::panic, clippy::needless_pass_by_value)]

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use fchatd_script::engine::{
    Arguments, Engine, ErrorKind, Function, HostError, Limits, Options, Reply, Value, Watchdog,
};

struct Host {
    calls: u64,
}

fn name(host: &mut Host, arguments: &Arguments<'_>) -> Result<Reply, HostError> {
    host.calls += 1;
    if arguments.number(1)? == 7.0 {
        Ok("Ada".into())
    } else {
        Err("no such connection".into())
    }
}

fn big(_: &mut Host, _: &Arguments<'_>) -> Result<Reply, HostError> {
    Ok((0..100_000)
        .map(|index| Value::Owned(format!("member {index}")))
        .collect::<Value>()
        .into())
}

fn encode(_: &mut Host, arguments: &Arguments<'_>) -> Result<Reply, HostError> {
    let mut out = Vec::new();
    arguments.json(1, &mut out)?;
    Ok(String::from_utf8_lossy(&out).into_owned().into())
}

static FUNCTIONS: &[Function<Host>] = &[
    Function {
        library: "u",
        name: "getName",
        signature: "(con: Connection): string",
        summary: "",
        run: name,
    },
    Function {
        library: "u",
        name: "big",
        signature: "(): table",
        summary: "",
        run: big,
    },
    Function {
        library: "s",
        name: "toJSON",
        signature: "(value: table): string",
        summary: "",
        run: encode,
    },
];

const LIMITS: Limits = Limits {
    call: Duration::from_millis(100),
    repeat: Duration::from_millis(50),
    memory: 64 << 20,
};

fn engine() -> Engine<Host> {
    static WATCHDOG: OnceLock<Watchdog> = OnceLock::new();
    let watchdog = WATCHDOG.get_or_init(|| Watchdog::start().unwrap());
    Engine::new(&Options {
        functions: &[FUNCTIONS],
        limits: LIMITS,
        watchdog: Some(watchdog),
        ..Options::default()
    })
    .unwrap()
}

/// What must come of an attack.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Done,
    Time,
    Memory,
    Error,
    /// Any of these, depending on what bites first.
    Stopped,
}

use End::*;

/// From the table of section 2 of the design, and those found since.
const ATTACKS: &[(&str, End, &str)] = &[
    ("while", Time, "while true do end"),
    (
        "trace",
        Time,
        "local n = 0 while true do n = n + 1 if n % 3 == 0 then n = n * 2 % 1000 end end",
    ),
    ("fornum", Time, "local n = 0 for i = 1, 1e18 do n = n + i end"),
    ("repeat", Time, "repeat until false"),
    ("rep1e9", Memory, "return ('x'):rep(1e9)"),
    ("rep_huge", Error, "return ('xxxx'):rep(2^31 - 1)"),
    ("rep_empty", Done, "for i = 1, 10 do local _ = (''):rep(2^53) end"),
    (
        "pattern",
        Time,
        "return (('a'):rep(60)):find(('a*'):rep(30) .. 'b')",
    ),
    (
        "plainfind",
        Done,
        "return (('a'):rep(4e6)):find(('a'):rep(2e6) .. 'b', 1, true)",
    ),
    (
        "plainfind_nospecials",
        Done,
        "return (('a'):rep(4e6)):find(('a'):rep(2e6) .. 'b')",
    ),
    (
        "recurse",
        Stopped,
        "local function f(n) return 1 + f(n + 1) end return f(1)",
    ),
    (
        "tailrec",
        Stopped,
        "local function f(n) return f(n + 1) end return f(1)",
    ),
    (
        "cstackrec",
        Error,
        "local function f(x) return (('x'):gsub('.', f)) end return f('x')",
    ),
    (
        "pcallrec",
        Stopped,
        "local function f() return pcall(f) end f() while true do end",
    ),
    (
        "sortrec",
        Stopped,
        "local function f(a, b) table.sort({3, 2, 1}, f) return a < b end f(1, 2)",
    ),
    (
        "tinsert",
        Stopped,
        "local t = {} while true do table.insert(t, 'x') end",
    ),
    ("concat2g", Stopped, "local s = 'x' while true do s = s .. s end"),
    (
        "tconcat",
        Stopped,
        "local t = {} for i = 1, 1e9 do t[i] = 'xxxxxxxxxxxxxxxx' end return table.concat(t)",
    ),
    (
        "pcall",
        Time,
        "while true do pcall(function() while true do end end) end",
    ),
    (
        "pcallmem",
        Stopped,
        "while true do pcall(function() local s = 'x' while true do s = s .. s end end) end",
    ),
    (
        "xpcall",
        Time,
        "while true do xpcall(function() while true do end end, function() while true do end end) end",
    ),
    (
        "coro",
        Time,
        "while true do coroutine.wrap(function() while true do end end)() end",
    ),
    (
        "coro_pcall",
        Time,
        "while true do pcall(coroutine.wrap(function() while true do pcall(error) end end)) end",
    ),
    (
        "coro_many",
        Stopped,
        "local t = {} while true do t[#t + 1] = coroutine.create(print) end",
    ),
    (
        "coro_nest",
        Stopped,
        "local function f() return coroutine.wrap(f)() end f()",
    ),
    (
        "sort",
        Stopped,
        "local t = {} for i = 1, 3e5 do t[i] = i * 7919 % 300007 end while true do table.sort(t, function(a, b) return a < b end) end",
    ),
    (
        "sort_bad",
        Stopped,
        "local t = {} for i = 1, 3e5 do t[i] = i end while true do table.sort(t, function(a, b) return true end) end",
    ),
    (
        "sort_c",
        Time,
        "local t = table.create(2e6, 1) while true do table.sort(t) end",
    ),
    (
        "sort_num",
        Stopped,
        "local t = {} for i = 1, 3e6 do t[i] = i * 7919 % 3000017 end table.sort(t)",
    ),
    (
        "sort_strings",
        Time,
        "local p = ('x'):rep(1.5e7) local a, b = p .. 'a', p .. 'b' local t = {} for i = 1, 1e5 do t[i] = i % 2 == 0 and a or b end table.sort(t)",
    ),
    (
        "sort_c_comparison",
        Stopped,
        "local t = {} for i = 1, 1e5 do t[i] = 2e7 end table.sort(t, string.rep)",
    ),
    (
        "foreachi",
        Stopped,
        "table.foreachi(table.create(1e5, 2e7), function(_, n) local _ = ('x'):rep(n) end)",
    ),
    (
        "foreach",
        Stopped,
        "table.foreach(table.create(1e5, 2e7), function(_, n) local _ = ('x'):rep(n) end)",
    ),
    ("tmove", Time, "table.move({}, 1, 2^31 - 2, 2)"),
    ("tmove2", Time, "table.move({1}, 1, 1e9, 2, {})"),
    (
        "tfind_eq",
        Stopped,
        "local m = {__eq = table.clone} local a = setmetatable(table.create(1e6, 1), m) local t = {} for i = 1, 1e6 do t[i] = setmetatable({}, m) end table.find(t, a)",
    ),
    ("unpack", Error, "return unpack({}, 1, 1e8)"),
    (
        "unpack_wide",
        Done,
        "return select('#', unpack({}, 1, 9e5), unpack({}, 1, 9e5))",
    ),
    (
        "gsubbig",
        Stopped,
        "return (('x'):rep(1e6):gsub('', ('y'):rep(100)))",
    ),
    ("gsub_quad", Time, "return (('a'):rep(1e6):gsub('a*b', ''))"),
    (
        "gsub_rep",
        Stopped,
        "return (('a'):rep(1e6):gsub('a', function() return ('x'):rep(1e7):sub(1, 1) end))",
    ),
    ("gmatch", Time, "for _ in (('a'):rep(1e6)):gmatch('a-b') do end"),
    (
        "set",
        Error,
        "return (('a'):rep(1e7)):find('[' .. ('b'):rep(1e5) .. 'a]*c')",
    ),
    (
        "set_short",
        Stopped,
        "return (('a'):rep(1e5)):find('[' .. ('b'):rep(1e3) .. 'a]*c')",
    ),
    ("balance", Time, "return (('('):rep(1e6)):find('%b()')"),
    (
        "frontier",
        Stopped,
        "return (('a'):rep(1e5)):find('%f[' .. ('b'):rep(1e3) .. ']')",
    ),
    (
        "gcloop",
        Done,
        "for i = 1, 10 do setmetatable({}, {__gc = function() while true do end end}) end collectgarbage()",
    ),
    (
        "tostring_err",
        Time,
        "local o = setmetatable({}, {__tostring = function() while true do end end}) error(tostring(o))",
    ),
    (
        "error_object",
        Error,
        "error(setmetatable({}, {__tostring = function() while true do end end}))",
    ),
    (
        "on_error",
        Time,
        "on_error = function() while true do end end error('x')",
    ),
    (
        "on_error_fails",
        Error,
        "on_error = function(message) error(message) end error('x')",
    ),
    (
        "format",
        Error,
        "local o = setmetatable(table.create(1e6, ''), {__tostring = table.concat}) return string.format(('%s'):rep(8000), unpack(table.create(8000, o)))",
    ),
    (
        "format_numbers",
        Error,
        "return string.format(('%d'):rep(8000), unpack(table.create(8000, ('1'):rep(1e7))))",
    ),
    (
        "max",
        Error,
        "return math.max(unpack(table.create(8000, ('1'):rep(1e7))))",
    ),
    (
        "band",
        Error,
        "return bit32.band(unpack(table.create(8000, ('1'):rep(1e7))))",
    ),
    ("number", Done, "return tonumber(('1'):rep(2e7)) + ('1'):rep(2e7)"),
    ("create", Memory, "return table.create(6e7)"),
    ("create_loop", Stopped, "while true do table.create(1e6, 1) end"),
    ("buffer", Memory, "return buffer.create(1e9)"),
    (
        "reverse",
        Stopped,
        "local s = ('x'):rep(2e7) while true do s:reverse() end",
    ),
    ("byte", Stopped, "while true do (('x'):rep(1e5)):byte(1, -1) end"),
    (
        "pack",
        Stopped,
        "while true do string.pack('s4', ('x'):rep(1e7)) end",
    ),
    ("pack_wide", Error, "return string.pack('c2147483647', '')"),
    ("utf8", Stopped, "while true do utf8.len(('x'):rep(1e7)) end"),
    (
        "index_chain",
        Stopped,
        "local t = {} for i = 1, 1e6 do t = setmetatable({}, {__index = t}) end return t.x",
    ),
    (
        "index_self",
        Error,
        "local t = {} t.__index = t setmetatable(t, t) return t.x.y",
    ),
    (
        "newindex",
        Stopped,
        "local t = setmetatable({}, {__newindex = function(t, k, v) t[k] = v end}) t.x = 1",
    ),
    (
        "globals_index",
        Stopped,
        "setmetatable(_G, {__index = function(_, k) while true do end end}) return nothing",
    ),
    ("close", Error, "coroutine.close(coroutine.running())"),
    ("host_loop", Time, "while true do u.getName(7) end"),
    ("host_pcall", Time, "while true do pcall(u.getName, 8) end"),
    (
        "host_gsub",
        Stopped,
        "return (('x'):rep(1e7):gsub('.', toJSON or s.toJSON))",
    ),
    (
        "host_sort",
        Stopped,
        "table.sort(table.create(1e6, 7), u.getName)",
    ),
    (
        "host_big",
        Stopped,
        "local t = {} while true do t[#t + 1] = u.big() end",
    ),
    (
        "host_json_deep",
        Error,
        "local t = {} for i = 1, 100 do t = {a = t} end return s.toJSON(t)",
    ),
    ("host_json_self", Error, "local t = {} t.t = t return s.toJSON(t)"),
    (
        "host_json_wide",
        Stopped,
        "local t = {array_a = table.create(1e6, 'xxxxxxxxxx')} while true do s.toJSON(t) end",
    ),
];

#[test]
fn attacks_end_within_a_second() {
    let mut failures = Vec::new();
    for &(name, expected, source) in ATTACKS {
        let mut engine = engine();
        let mut host = Host { calls: 0 };
        let source =
            format!("event = {{}} function event.ATT() {source}\nend function event.OK() return 5 end");
        engine
            .load(&mut host, name, &source)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let start = Instant::now();
        let result = engine.call(&mut host, "event", "ATT", &[]);
        let took = start.elapsed();
        let end = match &result {
            Ok(_) => Done,
            Err(error) => match error.kind {
                ErrorKind::TimeLimit => Time,
                ErrorKind::MemoryLimit => Memory,
                _ => Error,
            },
        };
        let fits = end == expected || (expected == Stopped && end != Done);
        if !fits || took > Duration::from_secs(1) {
            failures.push(format!(
                "{name}: {end:?} instead of {expected:?} after {took:?}: {result:?}"
            ));
        }
        engine.new_turn();
        match engine.call(&mut host, "event", "OK", &[]) {
            Ok(Some(5.0)) => {}
            other => failures.push(format!("{name}: unusable afterwards: {other:?}")),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// One engine survives them all, one after the other.
#[test]
fn an_engine_survives_many_attacks() {
    let mut engine = engine();
    let mut host = Host { calls: 0 };
    for (name, _, source) in ATTACKS
        .iter()
        .filter(|attack| matches!(attack.1, Time | Memory))
        .take(20)
    {
        let source = format!("event = {{ATT = function() {source}\nend, OK = function() return 5 end}}");
        engine.load(&mut host, name, &source).unwrap();
        assert!(engine.call(&mut host, "event", "ATT", &[]).is_err(), "{name}");
        assert_eq!(
            engine.call(&mut host, "event", "OK", &[]).unwrap(),
            Some(5.0),
            "{name}"
        );
    }
}

/// Collecting with a full state, where the collector's own allocations would be refused.
#[test]
fn a_full_state_can_be_collected() {
    let mut engine = engine();
    let mut host = Host { calls: 0 };
    let source = "kept = {} for i = 1, 2e5 do kept[i] = i .. 'x' end kept = {}
        while true do kept[#kept + 1] = buffer.create(1000) end";
    let error = engine.load(&mut host, "main.lua", source).unwrap_err();
    assert_ne!(error.kind, ErrorKind::Runtime, "{error}");
    engine.collect();
    assert!(engine.memory() > 1 << 20);
    engine.load(&mut host, "main.lua", "kept = nil").unwrap();
    engine.collect();
    assert!(engine.memory() < 1 << 20, "{} bytes", engine.memory());
}

#[test]
fn a_main_chunk_is_limited_too() {
    let error = engine()
        .load(&mut Host { calls: 0 }, "main.lua", "while true do end")
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::TimeLimit);
    assert!(error.message.starts_with("main.lua:1: "), "{error}");
}

#[test]
fn after_a_time_out_the_rest_of_the_turn_gets_less() {
    let mut engine = engine();
    let mut host = Host { calls: 0 };
    engine
        .load(
            &mut host,
            "main.lua",
            "function loop() while true do u.getName(7) end end",
        )
        .unwrap();
    let mut calls = || {
        let before = host.calls;
        assert_eq!(
            engine.call_global(&mut host, "loop").unwrap_err().kind,
            ErrorKind::TimeLimit
        );
        host.calls - before
    };
    assert!(calls() > 0);
    assert!(calls() > 0);
    engine.new_turn();
    assert!(
        !engine
            .call_global(&mut host, "loop")
            .unwrap_err()
            .traceback
            .is_empty()
    );
}

/// What has no limit may take longer than the limit.
#[test]
fn a_call_without_limit() {
    let mut engine = engine();
    let mut host = Host { calls: 0 };
    engine
        .load(
            &mut host,
            "main.lua",
            "function work() for i = 1, 100000000 do end return 1 end",
        )
        .unwrap();
    assert_eq!(
        engine.call_unlimited(&mut host, "", "work", &[]).unwrap(),
        Some(1.0)
    );
}
