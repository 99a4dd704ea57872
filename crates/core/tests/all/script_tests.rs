//! The runner of script tests: their functions, their view, and the report of their failures.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use fchatd_core::testing::{Report, run};
use fchatd_script::builtin;
use fchatd_script::engine::Watchdog;
use fchatd_script::host::Scripts;
use fchatd_script::tools::testing::{OWN_TESTS, add_own_tests};
use fchatd_world::Settings;

const MAIN: &str = r#"
event = {}
function event.MSG(con, args)
    if args.message == nil then
        return const.FERR_BAD_SYNTAX
    end
    if u.checkUpdateTimer(con, "msg", 5) then
        return const.FERR_THROTTLE_MESSAGE
    end
    local found, chan = c.getChannel(args.channel)
    c.sendAll(chan, "MSG", { message = args.message, array_list = args.array_list })
    return const.FERR_OK
end
function event.BAD(con, args)
    local nothing = nil
    return nothing.field
end
function event.KIK(con, args)
    local _, target = u.getConnection(args.character)
    u.sendError(target, const.FERR_KICKED)
    u.close(target)
    return const.FERR_OK
end
function event.pre_disconnect(con)
    s.broadcast("SYS", { message = u.getName(con) .. " goes" })
end
"#;

fn reports(main: &str, tests: &str) -> Vec<Report> {
    let scripts = Scripts {
        main: main.into(),
        ..Scripts::default()
    };
    let mut reports = Vec::new();
    let result = run(
        &Settings::default(),
        &scripts,
        "tests.lua",
        tests,
        None,
        |report| {
            reports.push(report);
        },
    );
    result.unwrap();
    reports
}

fn passes(tests: &str) {
    let reports = reports(MAIN, tests);
    assert!(!reports.is_empty());
    for report in reports {
        assert!(report.failures.is_empty(), "{report:?}");
    }
}

fn failures(tests: &str) -> Vec<String> {
    reports(MAIN, tests)
        .into_iter()
        .flat_map(|report| report.failures)
        .collect()
}

#[test]
fn a_test_sees_what_clients_see() {
    passes(
        r#"
        tests = {}
        function tests.talk()
            local ada, bob = testing.createConnection("Ada"), testing.createConnection("Bob")
            local account, character = u.getAccountCharacterIDs(ada)
            testing.assert({ account, character }, { 1, 2 })
            local room = c.createChannel("Room")
            c.join(room, ada)
            c.join(room, bob)
            testing.assert(testing.sent(bob), {})
            testing.assert(testing.command(ada, "MSG", { channel = "room" }), const.FERR_BAD_SYNTAX)
            testing.assert(testing.command(ada, "MSG", { channel = "room", message = "hi", array_list = { 1, "2" } }), 0)
            testing.assert(testing.sent(bob), { { code = "MSG", args = { message = "hi", array_list = { 1, "2" } } } })
            testing.assert(testing.sent(bob), {})
            testing.assert(testing.command(ada, "MSG", { channel = "room", message = "hi" }), const.FERR_THROTTLE_MESSAGE)
            testing.advance(6)
            testing.assert(testing.command(ada, "MSG", { channel = "room", message = "hi" }), const.FERR_OK)
            testing.assert(testing.command(ada, "XXX"), const.FERR_UNKNOWN_COMMAND)
            testing.killChannel("ROOM")
            local sent = testing.sent(bob)
            testing.assert(sent[#sent].code, "LCH")
        end
        function tests.leaving()
            local ada, bob = testing.createConnection("Ada"), testing.createConnection("Bob")
            testing.sent(ada)
            testing.removeConnection("bob")
            testing.assert(testing.sent(ada)[1], { code = "SYS", args = { message = "Bob goes" } })
            testing.assert(u.getConnection("bob"), false)
            bob = testing.createConnection("Bob")
            testing.removeConnection(bob)
            testing.assert(u.getConnection("bob"), false)
        end
        function tests.kicked()
            local ada, bob = testing.createConnection("Ada"), testing.createConnection("Bob")
            testing.assert(testing.command(ada, "KIK", { character = "bob" }), 0)
            testing.assert(testing.closed(bob), true)
            testing.assert(testing.closed(ada), false)
            testing.assert(testing.sent(bob)[1].args.number, const.FERR_KICKED)
            testing.assert(pcall(testing.command, bob, "KIK", { character = "ada" }), false)
        end
        function tests.time()
            local before = s.getTime()
            testing.advance(100000)
            testing.assert(s.getTime() - before, 100000)
        end
        "#,
    );
}

#[test]
fn each_test_has_a_fresh_world() {
    passes(
        "tests = {}
        count = 0
        function tests.one() count = count + 1 testing.assert(count, 1) testing.createConnection('Ada') end
        function tests.two() count = count + 1 testing.assert(count, 1) testing.createConnection('Ada') end",
    );
}

#[test]
fn a_file_may_test_while_it_is_loaded() {
    passes(
        "local ada = testing.createConnection('Ada') testing.assert(testing.command(ada, 'XXX'), 8) testing.runTests()",
    );
    let reports = reports(MAIN, "\ntesting.assert(1, 2)\ntests = { never = function() end }");
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0].failures, ["tests.lua:2: expected 2, got 1"]);
}

#[test]
fn tests_run_in_the_order_of_their_names() {
    let names: Vec<_> = reports(MAIN, "tests = { b = function() end, a = function() end, c = 1 }")
        .into_iter()
        .map(|report| report.name)
        .collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn failures_name_file_and_line_and_what_was_expected() {
    for (body, expected) in [
        (
            "testing.assert({ a = 1 }, { a = 2 })",
            "tests.lua:2: expected {a = 2}, got {a = 1}",
        ),
        ("testing.assert('1', 1)", "tests.lua:2: expected 1, got \"1\""),
        ("error('own')", "tests.lua:2: own"),
        (
            "local x = nil; x.y = 1",
            "tests.lua:2: attempt to index nil with 'y'",
        ),
        (
            "testing.createConnection()",
            "tests.lua:2: testing.createConnection needs a name",
        ),
        (
            "testing.command(1, 'MSG')",
            "tests.lua:2: a connection of testing.createConnection expected",
        ),
        (
            "testing.sent({})",
            "tests.lua:2: a connection of testing.createConnection expected",
        ),
        (
            "testing.command(testing.createConnection('Ada'), 'BAD')",
            "tests.lua:2: the script failed: main.lua:",
        ),
        (
            "local _, message = coroutine.resume(coroutine.create(function() testing.advance(1) end)) error(message, 0)",
            "tests.lua:2: testing.advance can't be called inside a coroutine of your own",
        ),
        ("coroutine.yield()", "the test yields by itself"),
    ] {
        let tests = format!("tests = {{}} function tests.one()\n{body}\nend");
        let failures = failures(&tests);
        assert_eq!(failures.len(), 1, "{body}: {failures:?}");
        assert!(failures[0].starts_with(expected), "{body}: {failures:?}");
    }
}

#[test]
fn expectations_let_the_test_go_on() {
    assert_eq!(
        failures(
            "tests = {} function tests.one()\ntesting.expect(1, 2, 'first')\ntesting.expect(3, 3)\ntesting.expect(4, 5)\nend"
        ),
        [
            "tests.lua:2: first: expected 2, got 1",
            "tests.lua:4: expected 5, got 4"
        ]
    );
}

#[test]
fn a_test_without_end_is_stopped() {
    let watchdog = Watchdog::start().unwrap();
    let mut failures = Vec::new();
    let scripts = Scripts::default();
    run(
        &Settings::default(),
        &scripts,
        "tests.lua",
        "tests = {} function tests.one() while true do end end",
        Some(&watchdog),
        |report| failures.extend(report.failures),
    )
    .unwrap();
    assert_eq!(failures.len(), 1);
}

#[test]
fn a_file_that_is_no_lua_is_refused() {
    let failure = run(
        &Settings::default(),
        &Scripts::default(),
        "tests.lua",
        "x = = 1",
        None,
        |_| {},
    )
    .unwrap_err();
    assert!(failure.message.starts_with("tests.lua:1:"), "{}", failure.message);
}

#[test]
fn the_built_in_scripts_pass_their_own_tests() {
    let mut scripts = builtin::scripts();
    add_own_tests(&mut scripts);
    let mut reports = Vec::new();
    run(
        &Settings::default(),
        &scripts,
        "tests.lua",
        OWN_TESTS,
        None,
        |report| {
            reports.push(report);
        },
    )
    .unwrap();
    assert!(reports.len() > 50, "the tests are found");
    let failures: Vec<_> = reports.into_iter().flat_map(|report| report.failures).collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn a_log_in_can_be_tried() {
    let mut reports = Vec::new();
    let tests = r#"
        tests = {}
        function tests.let_in()
            local answer = {
                account = { account_id = 7 }, char = { character_id = 9, name = "Ada" },
                array_friends = {}, array_ignores = {}, array_kinks = {},
            }
            local con, number = testing.logIn(answer)
            testing.assert(number, 0)
            testing.assert(u.getName(con), "Ada")
            testing.assert(testing.sent(con)[1], { code = "IDN", args = { character = "Ada" } })
        end
        function tests.refused()
            local con, number = testing.logIn({ error = "no" })
            testing.assert(number, const.FERR_IDENT_FAILED)
            testing.assert(testing.closed(con), true)
        end
    "#;
    run(
        &Settings::default(),
        &builtin::scripts(),
        "tests.lua",
        tests,
        None,
        |report| {
            reports.push(report);
        },
    )
    .unwrap();
    assert_eq!(reports.len(), 2);
    let failures: Vec<_> = reports.into_iter().flat_map(|report| report.failures).collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

/// The instructions of the reference's introduction work.
#[test]
fn the_examples_of_the_documentation_work() {
    let page = include_str!("../../../../docs/lua.md");
    let examples: Vec<&str> = page
        .split("```lua\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert_eq!(examples.len(), 2);
    let mut scripts = builtin::scripts();
    scripts.main.push_str(examples[0]);
    let mut reports = Vec::new();
    run(
        &Settings::default(),
        &scripts,
        "tests.lua",
        examples[1],
        None,
        |report| {
            reports.push(report);
        },
    )
    .unwrap();
    assert_eq!(reports.len(), 1);
    assert!(reports[0].failures.is_empty(), "{reports:#?}");
    let mut reports = Vec::new();
    run(
        &Settings::default(),
        &builtin::scripts(),
        "tests.lua",
        examples[1],
        None,
        |report| {
            reports.push(report);
        },
    )
    .unwrap();
    assert_eq!(reports[0].failures.len(), 1, "without the change the test fails");
}
