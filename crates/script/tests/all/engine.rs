//! Tests of the engine through its public interface.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::collections::BTreeMap;
use std::sync::Arc;

use fchatd_protocol::json::read::Tape;
use fchatd_script::engine::{
    Argument, Arguments, Engine, ErrorKind, Function, HostError, Kind, Limits, Options, Reply, ScriptError,
    Value,
};

struct Host {
    log: Vec<String>,
    shared: Arc<str>,
}

impl Default for Host {
    fn default() -> Self {
        Self {
            log: Vec::new(),
            shared: Arc::from("shared"),
        }
    }
}

fn log(host: &mut Host, arguments: &Arguments<'_>) -> Result<Reply, HostError> {
    host.log.push(arguments.text(1)?.into_owned());
    Ok(Reply::None)
}

fn values(_: &mut Host, _: &Arguments<'_>) -> Result<Reply, HostError> {
    Ok(Reply::Many(vec![
        Value::Nil,
        true.into(),
        1.5.into(),
        "static".into(),
        Value::Text(Arc::from("shared")),
        String::from("owned").into(),
        ["a", "b"].into_iter().collect(),
        Value::Map(vec![
            ("x".into(), 1.0.into()),
            ("list".into(), Value::List(vec![false.into()])),
        ]),
        Value::Json(Box::new(Tape::of(r#"{"k":[1,2]}"#).unwrap())),
    ]))
}

fn pair(_: &mut Host, arguments: &Arguments<'_>) -> Result<Reply, HostError> {
    let found = arguments.text(1)? == "ada";
    Ok(if found { (true, 7.0).into() } else { false.into() })
}

fn optional(host: &mut Host, arguments: &Arguments<'_>) -> Result<Reply, HostError> {
    host.log.push(format!(
        "{:?} {:?} {:?} {}",
        arguments.optional_text(1)?,
        arguments.optional_number(2)?,
        arguments.optional_boolean(3)?,
        arguments.count()
    ));
    Ok(Reply::None)
}

fn lists(host: &mut Host, arguments: &Arguments<'_>) -> Result<Reply, HostError> {
    let mut entries = arguments.entries(3)?;
    entries.sort();
    host.log.push(format!(
        "{:?} {:?} {entries:?}",
        arguments.text_list(1)?,
        arguments.number_list(2)?
    ));
    Ok(Reply::None)
}

fn kinds(host: &mut Host, arguments: &Arguments<'_>) -> Result<Reply, HostError> {
    let kinds: Vec<Kind> = (0..=arguments.count() + 1)
        .map(|index| arguments.kind(index))
        .collect();
    host.log.push(format!("{kinds:?}"));
    Ok(Reply::None)
}

fn panics(_: &mut Host, _: &Arguments<'_>) -> Result<Reply, HostError> {
    panic!("on purpose")
}

/// A reply of megabytes.
fn heavy(host: &mut Host, _: &Arguments<'_>) -> Result<Reply, HostError> {
    let numbers = (0..20_000).map(|index| Value::Owned(format!("{index:0>100}")));
    Ok(numbers
        .chain([Value::Text(Arc::clone(&host.shared))])
        .collect::<Value>()
        .into())
}

const fn function(
    name: &'static str,
    run: fn(&mut Host, &Arguments<'_>) -> Result<Reply, HostError>,
) -> Function<Host> {
    Function {
        library: "u",
        name,
        signature: "(...any): ...any",
        summary: "",
        run,
    }
}

static FUNCTIONS: &[Function<Host>] = &[
    function("log", log),
    function("values", values),
    function("getConnection", pair),
    function("optional", optional),
    function("lists", lists),
    function("kinds", kinds),
    function("panics", panics),
    function("heavy", heavy),
];

fn engine_with(modules: &BTreeMap<String, String>) -> Engine<Host> {
    Engine::new(&Options {
        functions: &[FUNCTIONS],
        constants: &[("const", "FERR_OK", 0.0), ("const", "FERR_SYNTAX", 1.0)],
        modules,
        seed: 42,
        ..Options::default()
    })
    .unwrap()
}

fn engine() -> Engine<Host> {
    engine_with(&BTreeMap::new())
}

/// Runs a main chunk and returns its log lines.
fn run(source: &str) -> Result<Vec<String>, ScriptError> {
    let mut host = Host::default();
    engine().load(&mut host, "main.lua", source)?;
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
fn calls_and_results() {
    let mut engine = engine();
    let mut host = Host::default();
    let source = "
        event = {}
        function event.MSG(con, args) u.log(con .. args.character .. #args.array_ids) return const.FERR_SYNTAX end
        function event.TXT(text) return text end
        httpcb = {done = function(con, status, body, extras) u.log(tostring(con) .. status .. body .. extras.x) end}
        function chat_init() event.NEW = function() return 9 end end";
    engine.load(&mut host, "main.lua", source).unwrap();
    let tape = Tape::of(r#"{"character":"Ada","ids":[1,2,3],"nothing":null}"#).unwrap();
    assert_eq!(
        engine
            .call(
                &mut host,
                "event",
                "MSG",
                &[Argument::Number(5.0), Argument::Json(&tape)]
            )
            .unwrap(),
        Some(1.0)
    );
    assert_eq!(
        engine
            .call(&mut host, "event", "TXT", &[Argument::Text("5")])
            .unwrap(),
        None
    );
    let extras = Tape::of(r#"{"x":"!"}"#).unwrap();
    let arguments = [
        Argument::Nil,
        Argument::Number(200.0),
        Argument::Text("body"),
        Argument::Json(&extras),
    ];
    assert_eq!(
        engine.call(&mut host, "httpcb", "done", &arguments).unwrap(),
        None
    );
    assert_eq!(host.log, ["5Ada3", "nil200body!"]);

    assert!(!engine.has("event", "NEW"));
    assert_eq!(
        engine.call(&mut host, "event", "NEW", &[]).unwrap_err().kind,
        ErrorKind::Missing
    );
    assert_eq!(
        engine.call(&mut host, "rtb", "NEW", &[]).unwrap_err().kind,
        ErrorKind::Missing
    );
    engine.call_global(&mut host, "chat_init").unwrap();
    assert!(engine.has("event", "NEW") && engine.has("", "chat_init") && !engine.has("rtb", "X"));
    assert_eq!(engine.call(&mut host, "event", "NEW", &[]).unwrap(), Some(9.0));
}

#[test]
fn values_reach_lua() {
    logs(
        "local n, t, x, a, b, c, l, m, j = u.values()
         u.log(tostring(n) .. tostring(t) .. x .. a .. b .. c .. #l .. l[1] .. l[2])
         u.log(m.x .. tostring(m.list[1]) .. j.array_k[2])
         u.log(select('#', u.getConnection('eve')) .. select('#', u.getConnection('ada')))",
        &["niltrue1.5staticsharedowned2ab", "1false2", "12"],
    );
}

#[test]
fn arguments_are_read_as_lua_would() {
    logs(
        "u.log(3) u.log(2.5) u.log('x') u.log(2^53) u.log('\\255') u.log(1/0) u.log('a\\0b')",
        &["3", "2.5", "x", "9007199254740992", "\u{fffd}", "inf", "a\0b"],
    );
    logs(
        "u.optional() u.optional(nil, '0x10', nil) u.optional('a', 2, false)",
        &[
            "None None None 0",
            "None Some(16.0) None 3",
            "Some(\"a\") Some(2.0) Some(false) 3",
        ],
    );
    logs(
        "u.lists({'a', 5}, {1, '2'}, {k = 'v', n = 3, [4] = true})",
        &[r#"["a", "5"] [1.0, 2.0] [("4", "true"), ("k", "v"), ("n", "3")]"#],
    );
    logs(
        "u.kinds(nil, true, 1, 'x', {}, print, coroutine.create(print))",
        &["[Absent, Nil, Boolean, Number, Text, Table, Function, Other, Absent]"],
    );
    logs("coroutine.wrap(function() u.log('inside') end)()", &["inside"]);
}

#[test]
fn bad_arguments_are_errors_with_position() {
    fails(
        "\nu.log(nil)",
        "main.lua:2: bad argument #1 to 'log' (string expected, got nil)",
    );
    fails("u.log()", "(string expected, got no value)");
    fails("u.log({})", "(string expected, got table)");
    fails(
        "u.optional('a', 'b')",
        "bad argument #2 to 'optional' (number expected, got string)",
    );
    fails("u.optional('a', 2, 3)", "(boolean expected, got number)");
    fails("u.lists('a', {}, {})", "(table expected, got string)");
    fails("u.lists({1, {}}, {}, {})", "string expected at position 2");
    fails("u.lists({}, {print}, {})", "number expected at position 1");
    fails("u.lists({}, {}, {[print] = 1})", "table of strings expected");
    fails("u.lists({}, {}, {x = {}})", "table of strings expected");
    fails("u.getNmae(1)", "attempt to call a nil value");
}

#[test]
fn errors_have_message_and_traceback() {
    let error =
        run("function inner() error('wrong') end\nfunction outer() inner() end\nouter()").unwrap_err();
    assert_eq!(error.kind, ErrorKind::Runtime);
    assert_eq!(error.message, "main.lua:1: wrong");
    assert!(
        error.traceback.contains("main.lua:2 in outer"),
        "{}",
        error.traceback
    );
    let error = run("x = = 1").unwrap_err();
    assert_eq!(error.kind, ErrorKind::Syntax);
    assert!(error.message.starts_with("main.lua:1: "), "{error}");
    assert_eq!(
        run("error({})").unwrap_err().message,
        "the script raised a table value as an error"
    );
    assert_eq!(
        run("error()").unwrap_err().message,
        "the script raised a nil value as an error"
    );
}

#[test]
fn a_panic_becomes_an_error() {
    fails("u.panics()", "main.lua:1: the server failed inside of 'panics'");
    logs("u.log(tostring(pcall(u.panics)))", &["false"]);
}

#[test]
fn scripts_may_override() {
    logs(
        "local p = print function print(x) u.log('p' .. x) end print(1)",
        &["p1"],
    );
    logs(
        "function use() print('x') end function print(x) u.log('first ' .. x) end use() _G.print = u.log use()
         local continue, const = 1, const for export = 1, 2 do if export == 1 then continue end u.log(export) end",
        &["first x", "x", "2"],
    );
    logs("function error(x) u.log('e' .. x) end error('!')", &["e!"]);
    logs(
        "function string:split(s) local out = {} for part in self:gmatch('[^' .. s .. ']+') do out[#out + 1] = part end return out end
         u.log(#('a,b,,c'):split(','))",
        &["3"],
    );
    logs(
        "function use() return const.MSG_MAX + const.FERR_SYNTAX end
         const.MSG_MAX = 4096 u.log(use()) const.MSG_MAX = 5 const.FERR_SYNTAX = 10 u.log(use())",
        &["4097", "15"],
    );
    let error = run("function on_error(message) return 'seen: ' .. message end error('x')").unwrap_err();
    assert_eq!(error.message, "seen: main.lua:1: x");
}

#[test]
fn modules() {
    let modules: BTreeMap<String, String> = [
        (
            "channels",
            "u.log('loading') return {name = 'channels', rules = require('rules/text')}",
        ),
        ("rules/text", "return 'text'"),
        ("nothing", "marker = 1"),
        ("loop", "return require('loop')"),
        ("broken", "x = = 1"),
        ("fails", "error('on purpose')"),
        ("shared", "return function() return counter, handlers.a end"),
    ]
    .into_iter()
    .map(|(name, source)| (name.to_owned(), source.to_owned()))
    .collect();
    let mut host = Host::default();
    let mut engine = engine_with(&modules);
    engine
        .load(
            &mut host,
            "main.lua",
            "local c = require('channels') u.log(c.name .. c.rules) u.log(tostring(require('channels') == c))
             u.log(tostring(require('nothing')) .. marker)",
        )
        .unwrap();
    let source = "counter = 1 handlers = {a = 1} local read = require('shared')
        counter = 2 handlers = {a = 2} u.log(table.concat({read()}))";
    engine.load(&mut host, "main.lua", source).unwrap();
    assert_eq!(
        host.log.pop().as_deref(),
        Some("22"),
        "globals of other chunks are not frozen"
    );
    assert_eq!(host.log, ["loading", "channelstext", "true", "true1"]);
    for (name, message) in [
        ("loop", "module 'loop' requires itself"),
        ("broken", "broken.lua:1: "),
        ("fails", "fails.lua:1: on purpose"),
        ("../secret", "there is no module '../secret'"),
    ] {
        let error = engine
            .load(&mut host, "main.lua", &format!("require('{name}')"))
            .unwrap_err();
        assert!(error.message.contains(message), "{error}");
    }
}

/// The limit is reached at every possible allocation of a reply once; the reply's memory must be freed each
/// time.
#[test]
fn replies_under_a_memory_limit() {
    let (mut refused, mut done) = (0, 0);
    for step in 0..60 {
        let limits = Limits {
            memory: 150_000 + step * 60_000,
            ..Limits::default()
        };
        let Ok(mut engine) = Engine::new(&Options {
            functions: &[FUNCTIONS],
            limits,
            ..Options::default()
        }) else {
            continue;
        };
        let mut host = Host::default();
        let source = "function go() kept = u.heavy() return #kept end function ok() return 1 end";
        if engine.load(&mut host, "main.lua", source).is_err() {
            continue;
        }
        match engine.call_global(&mut host, "go") {
            Ok(result) => {
                assert_eq!(result, Some(20_001.0));
                done += 1;
            }
            Err(error) => {
                assert_eq!(error.kind, ErrorKind::MemoryLimit, "{error}");
                refused += 1;
                assert_eq!(engine.call_global(&mut host, "ok").unwrap(), Some(1.0));
            }
        }
        assert_eq!(Arc::strong_count(&host.shared), 1, "a reply was not freed");
    }
    assert!(refused > 10 && done > 0, "refused {refused}, done {done}");
}
