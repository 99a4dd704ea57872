//! `ZZZ`: the orders of an administrator, scripts that are read again, and rules that one connection tries out.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use crate::support::play::Play;
use fchatd_figures::{Sample, StatusText, faults};
use fchatd_protocol::exchange::{Input, ProfileKind, Request};
use fchatd_script::builtin;
use fchatd_script::host::Scripts;
use fchatd_world::Settings;
use fchatd_world::settings::Value as Setting;

const ANN: &str = "Admin Ann";

/// The rules of the server, with this at their end.
fn with(source: &str) -> Scripts {
    let mut scripts = builtin::scripts();
    scripts.main.push('\n');
    scripts.main.push_str(source);
    scripts
}

/// The rules of the server, and these beside them to be tried out.
fn trial(source: &str) -> Scripts {
    let mut scripts = builtin::scripts();
    scripts.modules.insert("main_test".into(), with(source).main);
    scripts
}

/// A person sends a debug command, the scripts that it asks for are read; gives the person's answers.
fn debug(play: &mut Play, name: &str, arguments: &str, scripts: &Scripts) -> String {
    play.chat.pass(1_000);
    play.heard();
    let id = play.id(name);
    play.chat.say(id, &format!("ZZZ {{{arguments}}}"));
    play.chat.read_scripts(scripts);
    let frames = play.chat.take(id);
    assert_eq!(play.heard(), "", "nobody else hears of it");
    let texts = frames.iter().map(|(_, value)| value["message"].as_str().unwrap());
    texts.collect::<Vec<_>>().join("\n")
}

fn reload(play: &mut Play, scripts: &Scripts) -> String {
    debug(play, ANN, r#""command":"reload","arg":"yes""#, scripts)
}

fn isolate(play: &mut Play, name: &str, scripts: &Scripts) -> String {
    debug(play, name, r#""command":"isolate""#, scripts)
}

/// The lines of the status text that an administrator gets, without the lines of the services.
fn status(play: &mut Play, name: &str) -> Vec<(String, String)> {
    play.chat.requests.clear();
    play.check(name, r#"ZZZ {"command":"status"}"#, "");
    let connection = play.id(name);
    assert_eq!(play.chat.requests.pop(), Some(Request::Status { connection }));
    let mut text = StatusText::default();
    play.chat.core.figures(Some(connection), &mut text);
    let text = text.finish();
    let lines = text.lines().filter_map(|line| line.split_once(": "));
    lines
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn settings(values: &[(&str, f64)]) -> Settings {
    let mut settings = Settings::default();
    for &(key, value) in values {
        settings.set(key, Setting::Number(value)).unwrap();
    }
    settings
}

#[test]
fn every_debug_command_is_answered() {
    let mut play = Play::with(&[ANN, "Alice"]);
    let zzz = |rest: &str| format!(r#"ZZZ {{"command":{rest}}}"#);
    for (rest, wanted) in [
        (r#""help""#, "Admin Ann: ZZZ"),
        (r#""status""#, ""),
        (r#""junk""#, "Admin Ann: ZZZ"),
        (r#""deisolate""#, "Admin Ann: ZZZ"),
        (r#""reload""#, "Admin Ann: ERR 1"),
        (r#""reload","arg":"no""#, "Admin Ann: ZZZ"),
        ("5", "Admin Ann: ERR 1"),
        (r#""profile-start""#, ""),
        (r#""heap-stop""#, ""),
        (r#""logger-start""#, "Admin Ann: ZZZ"),
        (r#""logger-stop""#, "Admin Ann: ZZZ"),
        (r#""restart""#, "Admin Ann: ZZZ"),
        (r#""halt""#, "Admin Ann: ZZZ"),
    ] {
        play.check(ANN, &zzz(rest), wanted);
    }
    let connection = play.id(ANN);
    let profiles = play.chat.requests.iter().filter_map(|request| match request {
        Request::Profile {
            connection: who,
            kind,
            start,
        } if *who == connection => Some((*kind, *start)),
        _ => None,
    });
    assert_eq!(
        profiles.collect::<Vec<_>>(),
        [(ProfileKind::Processor, true), (ProfileKind::Heap, false)]
    );
    assert!(play.chat.requests.contains(&Request::Restart { connection }));
    assert!(play.chat.requests.contains(&Request::Halt));
    play.check(ANN, "ZZZ", "Admin Ann: ERR 1");
    play.check(ANN, "ZZZ {", "Admin Ann: ERR 1");
    play.check("Alice", "ZZZ {", "Alice: ERR 10");
    let told = debug(&mut play, ANN, "", &Scripts::default());
    assert!(told.contains(r#"{"command":"help"}"#), "{told}");
    let told = debug(&mut play, ANN, r#""command":"relaod""#, &Scripts::default());
    assert!(told.contains("relaod") && told.contains("reload: "), "{told}");
}

#[test]
fn notices_are_for_everyone_or_for_one_administrator() {
    let mut play = Play::with(&[ANN, "Alice"]);
    let to = Some(play.id(ANN));
    let text = "rules.lua:3: <bad>";
    play.chat.handle(Input::Notice { to, text });
    play.chat.handle(Input::Notice { to: None, text });
    let heard = play.heard();
    assert_eq!(heard, "Admin Ann: ZZZ BRO | Alice: BRO");
}

#[test]
fn status_has_the_vital_figures() {
    let mut play = Play::with(&[ANN, "Alice"]);
    let lines = status(&mut play, ANN);
    let channels = play.chat.core.world().channel_count();
    let rooms = play.chat.core.world().room_count();
    let value = |name: &str| {
        let line = lines.iter().find(|(line, _)| line == name);
        line.unwrap_or_else(|| panic!("{name} is missing")).1.as_str()
    };
    assert_eq!(value("your rules"), "everybody's");
    assert_eq!(value("characters"), "2 online, 2 at most so far");
    assert!(value("connections").starts_with("2, 0 of them waiting"));
    assert_eq!(
        value("channels"),
        format!("{channels} in all ({} public, {rooms} rooms)", channels - rooms)
    );
    assert!(value("up").ends_with("s"), "{}", value("up"));
    assert!(value("scripts").contains(", 0 isolated, 4 isolated at most; so far 0 calls out of time"));
    assert_eq!(value("state"), "nothing is kept");
    assert_eq!(value("chat log"), "off");
}

#[test]
fn each_figure_of_the_chat_is_described_and_put_once() {
    let play = Play::with(&[ANN]);
    let tables: Vec<_> = fchatd_core::figure_tables().collect();
    assert_eq!(faults(&tables), Vec::<String>::new());
    let mut samples: Vec<Sample> = Vec::new();
    play.chat.core.figures(None, &mut samples);
    let put: Vec<_> = samples
        .iter()
        .map(|sample| (sample.figure.name, sample.label))
        .collect();
    let listings: Vec<_> = tables.iter().flat_map(|table| table.list()).collect();
    let described = listings.iter().flat_map(|listing| {
        let has_label = listing.figure.label.is_some();
        let series = listing.series.iter();
        series.map(move |&(label, _)| (listing.figure.name, has_label.then_some(label)))
    });
    assert_eq!(put, described.collect::<Vec<_>>());
    assert!(put.contains(&("fchatd_channels", Some("room"))));
}

#[test]
fn after_any_error_the_old_rules_stay() {
    let mut play = Play::watched(
        settings(&[("luatimeout", 2.0), ("luarepeattimeout", 2.0), ("luamemory", 8.0)]),
        &[ANN, "Alice"],
    );
    let good = with("function event.UPT() return 8 end");
    assert!(reload(&mut play, &good).contains("fresh state"));
    play.check("Alice", "UPT", "Alice: ERR 8");
    let channels = status(&mut play, ANN)[3].clone();

    let mut broken_module = with("require('broken')");
    broken_module
        .modules
        .insert("broken".into(), "\n\nlocal = 5".into());
    let line = good.main.lines().count();
    let at = |message: &str| format!("main.lua:{line}: {message}");
    let eat = "local eaten = {} while true do eaten[#eaten + 1] = ('x'):rep(1000) .. #eaten end";
    for (scripts, message) in [
        (with("this is no Lua"), at("")),
        (broken_module, "broken.lua:3: ".into()),
        (with("error('at load')"), at("at load")),
        (with("u.nothing()"), at("")),
        (with("require('nowhere')"), "nowhere".into()),
        (
            with("function chat_init() error('in chat_init') end"),
            at("in chat_init"),
        ),
        (with("while true do end"), "took too long".into()),
        (
            with("function chat_init() while true do end end"),
            "took too long".into(),
        ),
        (with(eat), "not enough memory".into()),
        (
            with(&format!("function chat_init() {eat} end")),
            "not enough memory".into(),
        ),
        // Effects before the failure must not be left behind.
        (
            with(
                "function chat_init() c.createChannel('Half Done') s.broadcast('SYS', {}) s.addOp('Eve') error('late') end",
            ),
            at("late"),
        ),
    ] {
        let told = reload(&mut play, &scripts);
        assert!(told.contains("nothing has changed"), "{told}");
        assert!(told.contains(&message), "{message:?} is not told: {told}");
        play.check("Alice", "UPT", "Alice: ERR 8");
    }
    let told = reload(
        &mut play,
        &with("function deep() error('x') end function chat_init() deep() end"),
    );
    assert!(
        told.contains("in deep") && told.contains("in chat_init"),
        "no traceback: {told}"
    );
    assert_eq!(status(&mut play, ANN)[3], channels);
    play.check("Alice", r#"JCH {"channel":"half done"}"#, "Alice: ERR 26");
    assert_eq!(play.chat.core.snapshot().operators, ["Globalmod"]);

    assert!(reload(&mut play, &builtin::scripts()).contains("fresh state"));
    play.check("Alice", "UPT", "Alice: UPT");
}

#[test]
fn scripts_start_beside_the_real_channels() {
    let mut play = Play::with(&[ANN, "Alice"]);
    let told = reload(
        &mut play,
        &with(
            "function chat_init() local found = c.getChannel('garden') if not found then error('no garden') end end",
        ),
    );
    assert!(told.contains("fresh state"), "{told}");
}

#[test]
fn a_reload_goes_on_when_who_asked_for_it_has_gone() {
    let mut play = Play::with(&[ANN, "Alice"]);
    play.check(ANN, r#"ZZZ {"command":"reload","arg":"yes"}"#, "");
    play.leave(ANN);
    play.chat.read_scripts(&with("function event.UPT() return 8 end"));
    play.heard();
    play.check("Alice", "UPT", "Alice: ERR 8");
}

#[test]
fn isolated_rules_are_for_one_connection() {
    let mut play = Play::with(&[ANN, "Alice", "Admin Bea"]);
    let told = isolate(
        &mut play,
        ANN,
        &trial("function deep() error('right here') end function event.UPT() deep() end"),
    );
    assert!(told.contains("state of your own"), "{told}");
    let frames = play.frames(ANN, "UPT", ANN);
    assert_eq!(frames[0].1["number"], -2);
    let text = frames[0].1["message"].as_str().unwrap();
    assert!(text.contains("right here") && text.contains("in deep"), "{text}");
    play.check("Alice", "UPT", "Alice: UPT");
    play.check("Admin Bea", "UPT", "Admin Bea: UPT");
    assert!(status(&mut play, ANN)[0].1.starts_with("your own"));
    assert_eq!(status(&mut play, "Admin Bea")[0].1, "everybody's");
    assert!(isolate(&mut play, ANN, &trial("")).contains("already"));

    // The common rules are read again by another administrator, and those on trial stay.
    let told = debug(
        &mut play,
        "Admin Bea",
        r#""command":"reload","arg":"yes""#,
        &with("function event.UPT() return 8 end"),
    );
    assert!(told.contains("fresh state"), "{told}");
    play.check(ANN, "UPT", "Admin Ann: ERR -2");
    play.check("Alice", "UPT", "Alice: ERR 8");

    // Without "yes" it is one's own.
    let again = trial("function event.UPT() return 9 end");
    let told = debug(&mut play, ANN, r#""command":"reload""#, &again);
    assert!(told.contains("of your own"), "{told}");
    play.check(ANN, "UPT", "Admin Ann: ERR 9");
    let told = debug(&mut play, ANN, r#""command":"reload""#, &trial("error('x')"));
    assert!(told.contains("nothing has changed"), "{told}");
    play.check(ANN, "UPT", "Admin Ann: ERR 9");

    let told = debug(&mut play, ANN, r#""command":"deisolate""#, &Scripts::default());
    assert!(told.contains("again"), "{told}");
    play.check(ANN, "UPT", "Admin Ann: ERR 8");
}

#[test]
fn isolated_rules_end_with_their_connection_and_with_the_right_to_have_them() {
    let mut play = Play::with(&[ANN, "Admin Bea"]);
    isolate(&mut play, ANN, &trial("function event.UPT() return 9 end"));
    assert!(
        status(&mut play, "Admin Bea")[5]
            .1
            .contains(" 1 isolated, 4 isolated at most")
    );
    play.leave(ANN);
    play.heard();
    assert!(status(&mut play, "Admin Bea")[5].1.contains(" 0 isolated, "));

    isolate(
        &mut play,
        "Admin Bea",
        &trial("function event.UPT(con) u.setAdmin(con, false) return 9 end"),
    );
    play.check("Admin Bea", "UPT", "Admin Bea: ERR 9 DOP LCH");
    play.check("Admin Bea", "UPT", "Admin Bea: UPT");
}

#[test]
fn isolated_states_are_few() {
    let mut play = Play::watched(
        settings(&[("isolatedmax", 2.0)]),
        &[ANN, "Admin Bea", "Admin Cat"],
    );
    isolate(&mut play, ANN, &trial(""));
    isolate(&mut play, "Admin Bea", &trial(""));
    let told = isolate(&mut play, "Admin Cat", &trial(""));
    assert!(told.contains("isolatedmax"), "{told}");
    debug(&mut play, ANN, r#""command":"deisolate""#, &Scripts::default());
    let told = isolate(&mut play, "Admin Cat", &trial(""));
    assert!(told.contains("state of your own"), "{told}");

    // Asked for when there was room, and there is none any more.
    play.leave("Admin Cat");
    play.enter("Admin Cat");
    play.heard();
    for name in [ANN, "Admin Cat"] {
        play.check(name, r#"ZZZ {"command":"isolate"}"#, "");
    }
    play.chat.read_scripts(&trial(""));
    assert_eq!(play.heard(), "Admin Ann, Admin Cat: ZZZ");
    assert!(
        status(&mut play, ANN)[5]
            .1
            .contains(" 2 isolated, 2 isolated at most")
    );
}

#[test]
fn isolated_rules_that_loop_or_eat_hurt_only_who_tries_them() {
    let mut play = Play::watched(
        settings(&[
            ("isolatedtimeout", 0.5),
            ("isolatedmemory", 8.0),
            ("luatimeout", 5.0),
        ]),
        &[ANN, "Alice"],
    );
    let told = isolate(
        &mut play,
        ANN,
        &trial(
            "function event.UPT() while true do end end
             function event.PCR() local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end end
             function event.ORS() return 9 end",
        ),
    );
    assert!(told.contains("state of your own"), "{told}");
    let message = |play: &mut Play, text: &str| {
        let id = play.id(ANN);
        play.chat.say(id, text);
        play.chat.take(id)[0].1["message"].as_str().unwrap().to_owned()
    };
    for _ in 0..3 {
        let told = message(&mut play, "PCR");
        assert!(told.contains("not enough memory"), "{told}");
        play.check(ANN, "ORS", "Admin Ann: ERR 9");
        play.check("Alice", "UPT", "Alice: UPT");
    }
    let told = message(&mut play, "UPT");
    assert!(told.contains("took too long and was stopped"), "{told}");
    // They do not run at all for a while, so that other people are not kept waiting again and again.
    for command in ["UPT", "ORS"] {
        let told = message(&mut play, command);
        assert!(told.contains("rest for 2 seconds"), "{told}");
    }
    assert_eq!(play.say_quickly("Alice", "UPT"), "Alice: UPT");
    assert!(
        status(&mut play, ANN)[0].1.starts_with("your own"),
        "the debug command is not theirs"
    );
    play.chat.pass(2_000);
    play.check(ANN, "ORS", "Admin Ann: ERR 9");
    message(&mut play, "UPT");
    debug(&mut play, ANN, r#""command":"deisolate""#, &Scripts::default());
    play.check(ANN, "UPT", "Admin Ann: UPT");
}

#[test]
fn events_that_are_not_commands_reach_the_rules_they_belong_to() {
    let mut play = Play::with(&[ANN, "Alice", "Bob"]);
    let common = with(
        "function event.ORS(con) http.get('back', 'http://site/', con) end
         function httpcb.back(con) return 8 end
         function rtb.XYZ() s.broadcast('SYS', { message = 'common' }) end
         function event.pre_disconnect() s.broadcast('SYS', { message = 'bye' }) end",
    );
    assert!(reload(&mut play, &common).contains("fresh state"));
    let mut own = common.clone();
    own.modules.insert(
        "main_test".into(),
        format!(
            "{}
             function httpcb.back(con) return 9 end
             function rtb.XYZ() s.broadcast('BRO', {{}}) end
             function event.pre_disconnect() s.broadcast('BRO', {{}}) end",
            common.main
        ),
    );
    isolate(&mut play, ANN, &own);
    let asked = |play: &mut Play, name: &str| {
        play.chat.requests.clear();
        play.check(name, "ORS", "");
        match play.chat.requests.pop() {
            Some(Request::HttpGet { id, .. }) => id,
            other => panic!("{other:?}"),
        }
    };
    let answer = |play: &mut Play, id: u64| {
        play.chat.handle(Input::HttpAnswer {
            id,
            status: 200,
            body: "x",
        });
        play.heard()
    };
    let (hers, his) = (asked(&mut play, ANN), asked(&mut play, "Bob"));
    assert_eq!(answer(&mut play, his), "Bob: ERR 8");
    assert_eq!(answer(&mut play, hers), "Admin Ann: ERR 9");
    // The website's messages, ticks and farewells go to the common rules.
    play.chat.handle(Input::Bridge {
        code: "XYZ",
        payload: "{}",
    });
    assert_eq!(play.heard(), "Admin Ann, Alice, Bob: SYS");
    play.leave("Bob");
    assert_eq!(play.heard(), "Admin Ann, Alice: SYS FLN");
    // An answer for rules that have been ended meanwhile is nobody's.
    let late = asked(&mut play, ANN);
    debug(&mut play, ANN, r#""command":"deisolate""#, &Scripts::default());
    assert_eq!(answer(&mut play, late), "");
    play.leave(ANN);
    assert_eq!(play.heard(), "Alice: SYS FLN");
}
