//! `tools::check`: finds errors, and never reports correct code.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeMap;
use std::path::Path;

use fchatd_script::host::{MARK, Scripts};
use fchatd_script::tools::check::{check, compile};
use proptest::prelude::*;

fn scripts(main: &str, modules: &[(&str, &str)]) -> Scripts {
    Scripts {
        // The mark has a line of its own, which the tests do not count.
        main: format!("{MARK}\n{main}"),
        modules: modules
            .iter()
            .map(|(name, source)| ((*name).into(), (*source).into()))
            .collect(),
    }
}

fn found(main: &str) -> Vec<String> {
    let mut findings = check(&scripts(main, &[]));
    for finding in findings.iter_mut().filter(|finding| finding.file == "main.lua") {
        finding.line -= 1;
    }
    findings.iter().map(ToString::to_string).collect()
}

#[test]
fn misspelt_names_are_found_with_file_line_and_what_was_meant() {
    for (source, expected) in [
        (
            "print(u.getNmae(1))",
            "main.lua:1: there is no u.getNmae; did you mean u.getName?",
        ),
        (
            "\n\nreturn const.FERR_NOSUCH",
            "main.lua:3: there is no const.FERR_NOSUCH",
        ),
        (
            "return const.FERR_CHANEL_NOT_FOUND",
            "main.lua:1: there is no const.FERR_CHANEL_NOT_FOUND; did you mean const.FERR_CHANNEL_NOT_FOUND?",
        ),
        (
            "function evnt.MSG(con, args) end",
            "main.lua:1: the global 'evnt' is not defined; did you mean event?",
        ),
        (
            "local function f()\n  return mesage\nend\nmessage = f()",
            "main.lua:2: the global 'mesage' is not defined; did you mean message?",
        ),
        (
            "x = string.fnid('a', 'b')",
            "main.lua:1: there is no string.fnid; did you mean string.find?",
        ),
        (
            "x = math['flor'](2)",
            "main.lua:1: there is no math.flor; did you mean math.floor?",
        ),
        (
            "x = io.open('a')",
            "main.lua:1: 'io' is not available to scripts; they have no files, processes or network",
        ),
        (
            "local send = u.sned",
            "main.lua:1: there is no u.sned; did you mean u.send?",
        ),
        (
            "local users = u\nusers.clsoe(1)",
            "main.lua:2: there is no u.clsoe; did you mean u.close?",
        ),
        (
            "print(`hi {u.getNam(1)}`)",
            "main.lua:1: there is no u.getNam; did you mean u.getName?",
        ),
        (
            "do local x = 1 end print(x)",
            "main.lua:1: the global 'x' is not defined",
        ),
        (
            "for i = 1, 2 do end print(i)",
            "main.lua:1: the global 'i' is not defined",
        ),
        ("local x = x", "main.lua:1: the global 'x' is not defined"),
        (
            "repeat local x = 1 until x print(x)",
            "main.lua:1: the global 'x' is not defined",
        ),
        (
            "local function f(a) end print(a)",
            "main.lua:1: the global 'a' is not defined",
        ),
        ("u.send(con, 'X')", "main.lua:1: the global 'con' is not defined"),
        (
            "return require('comon')",
            "main.lua:1: there is no module 'comon'",
        ),
        (
            "event.MSG = nil return event.MGS(1)",
            "main.lua:1: there is no event.MGS; did you mean event.MSG?",
        ),
        (
            "function event.ident_calback() end",
            "main.lua:1: hint: no command or event calls event.ident_calback; did you mean event.ident_callback?",
        ),
        (
            "function event.MSG()\n count = 1\n return count\nend",
            "main.lua:2: hint: 'count' is used in this function only, but is a global; write 'local' before it",
        ),
        (
            "LIMIT = 1 function event.MSG() limt = 2 return LIMIT end",
            "main.lua:1: hint: the global 'limt' is assigned here and used nowhere; did you mean LIMIT?",
        ),
        (
            "testing.sent(1)",
            "main.lua:1: the library 'testing' exists only under `fchatd test`, in the files of the tests",
        ),
        ("x = string.split", "main.lua:1: there is no string.split"),
        (
            "if a.b.c == 1 then end",
            "main.lua:1: the global 'a' is not defined",
        ),
        (
            "x = not_there:method()",
            "main.lua:1: the global 'not_there' is not defined",
        ),
        (
            "x = [==[\n]]\n]==] .. y",
            "main.lua:3: the global 'y' is not defined",
        ),
        ("--[[\n\n]] y()", "main.lua:3: the global 'y' is not defined"),
        ("x = 'a\\\nb' y()", "main.lua:2: the global 'y' is not defined"),
    ] {
        let found = found(source);
        assert!(
            found.iter().any(|finding| finding.starts_with(expected)),
            "{source:?}\nexpected {expected:?}\ngot {found:#?}"
        );
    }
}

#[test]
fn correct_scripts_are_not_blamed() {
    for source in [
        "",
        "event = {} function event.MSG(con, args) return const.FERR_OK end",
        "event = { MSG = function(con, args) return event.PRI(con, args) end, PRI = function() if 1 then end end }",
        "function chat_init() LIMIT = s.getConfigDouble('msg_max') end function event.MSG() return LIMIT end",
        "const.MY = 1 function event.MSG() return const.MY end",
        "function string:split(sep) return self end x = string.split('a', 'b') y = ('a'):split('b')",
        "function string.trim(t) return t end print(string.trim(' a '))",
        "string.lines = function() end string.lines()",
        "oldprint = print function print(x) oldprint(x) end",
        "local error_old = error error = function(t) error_old(t) end",
        "if os then print(os.time()) end",
        "local clock = os and os.clock",
        "if type(io) == 'table' then io.write('x') end",
        "if u.newFunction ~= nil then u.newFunction() end",
        "for _, name in ipairs({'a', 'b'}) do _G[name] = 1 end print(a, b)",
        "_G.made = 1 print(made)",
        "print(_G.whatever)",
        "rawset(_G, 'made', 1) print(made)",
        "setmetatable(u, {__index = function() end}) u.anything()",
        "for key, value in pairs({}) do const[key] = value end print(const.ANY)",
        "local function extend(t) t.more = 1 end extend(s) print(s.more)",
        "local library = u library.mine = 1 print(u.mine)",
        "x = { u = 1, [1] = 2, con = 3; 'four' } print(x.con)",
        "local a, b: number, c: string? = 1, 2, 'x' print(a, b, c)",
        "type Point = { x: number, y: number } local p: Point = { x = 1, y = 2 } print(p.x)",
        "export type T<A> = (A) -> (A?, ...string) local function f<B>(x: B, ...: any): (B, number) return x, 1 end f(1)",
        "local x = if true then 1 elseif false then 2 else 3 print(x)",
        "local n = 0 n += 1 n ..= 'x' while n do if n then continue end break end",
        "local continue = 1 continue = 2 print(continue)",
        "local type = type local t = type(1) print(t)",
        "local s2 = `a {1 + 2} b {`c {3}`} {({1})[1]}` print(s2, `plain`)",
        "print(0x1F, 0b1010_1010, 1e-5, 1_000.5, .5, 3.)",
        "print(\"\\\"\", '\\'', \"\\z   \n  x\", [[long]], [=[ ]] ]=])",
        "local t = {} t.a = {} t.a.b = function(self) end function t.a.b(x) end function t.a:c() return self end",
        "local f = function(...) return select('#', ...), ... end f{1} f'x' f[[y]]",
        "return (function() end)(), #'a', -1, not true, 2^3",
        "local x = 5 :: number local y = (x :: any) :: string print(y)",
        "local t = setmetatable({}, {}) t:method(1):again(2).field[3].more = 4",
        "goto_ = 1 print(goto_)",
        "repeat local done = true until done",
        "a, b = 1, 2 print(a, b)",
        "local function outer() local x, inner function inner() x = 1 end inner() end outer()",
        "do local function recursive() return recursive() end recursive() end",
        "local fact fact = function(n) return n == 0 and 1 or n * fact(n - 1) end print(fact(3))",
        "httpcb.done = function(con, status, body) end http.get('done', 'http://x', nil, {})",
        "function rtb.ABC(args) end",
        "function event.helper() end function event.MSG() return event.helper() end",
        "for k, v in next, {} do print(k, v) end",
        "x = x or {} print(x)",
        "function on_error(message) return message end",
        "local reg = {} reg[u.getName] = true print(reg)",
        "@native local function quick() end quick()",
    ] {
        let compiled = compile(&scripts(source, &[]));
        assert!(compiled.is_empty(), "{source:?} is no Luau: {compiled:?}");
        let found = found(source);
        assert!(found.is_empty(), "{source:?}\nwas blamed: {found:#?}");
    }
}

/// Every snippet above is analysed to its end: an error after it is found.
#[test]
fn snippets_are_followed_to_their_end() {
    for source in [
        "local x = if true then 1 elseif false then 2 else 3",
        "type Point = { x: number, y: number } local p: Point = { x = 1, y = 2 }",
        "export type T<A> = (A) -> (A?, ...string) local function f<B>(x: B, ...: any): (B, number) return x, 1 end",
        "local s2 = `a {1 + 2} b {`c {3}`} {({1})[1]}`",
        "local n = 0x1F + 1e-5 + .5 n ..= 1 ..2",
        "local t = { [1] = 2, a = function() return 1 end; 'x' }",
        "local function f(): string? return nil end",
        "local f: <T>(T) -> T",
        "local t: typeof(print), v: {[string]: {number}} & any",
        "while true do if true then continue end break end",
    ] {
        let found = found(&format!("{source}\nundefined_name()"));
        assert_eq!(found.len(), 1, "{source:?}: {found:#?}");
        assert!(found[0].contains("undefined_name"), "{found:?}");
    }
}

#[test]
fn all_files_are_seen_together() {
    let main = "local common = require('common') print(SHARED, common, missing)";
    let modules = [
        ("common", "SHARED = 1\nprint(u.getNaem)"),
        ("rules/dice", "return SHARED"),
    ];
    let found: Vec<_> = check(&scripts(main, &modules))
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        found,
        [
            "common.lua:2: there is no u.getNaem; did you mean u.getName?",
            "main.lua:2: the global 'missing' is not defined",
        ]
    );
    let tests = [("tests", "tests = {} function tests.one() testing.asert(1, 1) end")];
    let found: Vec<_> = check(&scripts("", &tests))
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        found,
        ["tests.lua:1: there is no testing.asert; did you mean testing.assert?"]
    );
}

#[test]
fn a_file_that_does_not_compile_is_named_with_its_line() {
    let scripts = scripts("x = 1", &[("broken", "local a = 1\nlocal = 2")]);
    let found = compile(&scripts);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].file.as_str(), found[0].line),
        ("broken.lua", 2),
        "{found:?}"
    );
    assert!(
        check(&scripts).is_empty(),
        "nothing is claimed where a file can't be followed"
    );
}

fn collect(folder: &Path, prefix: &str, modules: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), modules);
        } else if let Some(name) = name.strip_suffix(".lua") {
            modules.insert(format!("{prefix}{name}"), std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn the_rules_that_the_program_brings_along_are_fine() {
    let mut modules = BTreeMap::new();
    collect(
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../script")),
        "",
        &mut modules,
    );
    assert!(modules.contains_key("tests/rights"));
    let main = modules.remove("main").unwrap();
    let scripts = Scripts { main, modules };
    for findings in [compile(&scripts), check(&scripts)] {
        let findings: Vec<_> = findings.iter().map(ToString::to_string).collect();
        assert!(findings.is_empty(), "{findings:#?}");
    }
    // They are analysed completely: an error in the middle of one is found.
    let mut scripts = scripts;
    scripts
        .main
        .push_str("\nfunction event.XYZ(con) return u.getNmae(con) end\n");
    assert_eq!(check(&scripts).len(), 1);
}

proptest! {
    #[test]
    fn no_source_makes_it_panic(source in "[ -~\n]{0,200}") {
        let _ = check(&scripts(&source, &[]));
        let _ = compile(&scripts(&source, &[]));
    }

    #[test]
    fn no_tokens_make_it_panic(words in prop::collection::vec(
        prop::sample::select(vec![
            "local ", "function ", "if ", "then ", "else ", "elseif ", "end ", "for ", "in ", "do ", "while ", "repeat ",
            "until ", "return ", "x ", "u", ".", ":", "(", ")", "{", "}", "[", "]", "=", ",", "'s'", "`a{", "}`", "1 ",
            "type ", "<", ">", "->", "|", "?", "...", "--[[", "]]", "\n", "not ", "and ", "or ", "::", "@",
        ]), 0..60)
    ) {
        let _ = check(&scripts(&words.concat(), &[]));
    }

    /// In any surroundings, an undefined name is found, and a local one is not reported.
    #[test]
    fn scopes_hold_at_any_depth(wraps in prop::collection::vec(0..6_usize, 0..20)) {
        let wrap = |inner: &str| wraps.iter().fold(inner.to_owned(), |inner, kind| match kind {
            0 => format!("do {inner} end"),
            1 => format!("if true then {inner} else {inner} end"),
            2 => format!("while true do {inner} break end"),
            3 => format!("for i = 1, 2 do {inner} end"),
            4 => format!("local function f(a) {inner} end"),
            _ => format!("repeat {inner} until true"),
        });
        if wraps.iter().filter(|kind| **kind == 1).count() > 8 {
            return Ok(());
        }
        let good = format!("local name = 1 {}", wrap("print(name)"));
        prop_assert!(found(&good).is_empty(), "{}", good);
        let bad = format!("{} local name = 1", wrap("print(name)"));
        prop_assert!(!found(&bad).is_empty(), "{}", bad);
    }
}
