//! Commands that scripts declare: a talk command of a site is treated like `MSG`, by the script of
//! `docs/talk-commands.md`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail"
)]

use crate::support::whisper::{scripts_with, whisper};
use crate::support::{Simulation, answer};
use fchatd_core::Core;
use fchatd_protocol::exchange::{ConnectionId, Departure, Outputs, Request};
use fchatd_script::builtin;
use fchatd_world::Settings;
use serde_json::{Value, json};

/// The same without a declaration.
fn undeclared() -> String {
    let script = whisper();
    let lines = script.lines().filter(|line| !line.starts_with("s.declare("));
    lines.map(|line| format!("{line}\n")).collect()
}

fn settings(changed: &[(&str, &str)]) -> Settings {
    let mut settings = Settings::default();
    let usual = [("msg_flood", "0"), ("login_pause", "0"), ("takeover_limit", "0")];
    for (key, value) in usual.iter().chain(changed) {
        settings.set_from_text(key, value).unwrap();
    }
    settings
}

/// A chat with these rules, and Ada and Bob in one channel.
fn chat(source: &str, changed: &[(&str, &str)]) -> (Simulation, ConnectionId, ConnectionId) {
    let mut chat = Simulation::with(&scripts_with(source), settings(changed), None);
    chat.core.record_changes(true);
    chat.pass(0);
    let (ada, bob) = (enter(&mut chat, "Ada"), enter(&mut chat, "Bob"));
    chat.forget();
    (chat, ada, bob)
}

fn enter(chat: &mut Simulation, name: &str) -> ConnectionId {
    let connection = chat.open();
    let number = u32::from(name.as_bytes()[0]);
    chat.log_in_with(connection, name, &answer(number, number, name));
    chat.say(connection, r#"JCH {"channel":"Development"}"#);
    connection
}

fn say(chat: &mut Simulation, from: ConnectionId, to: &str, message: &str) {
    let payload = json!({"channel": "development", "character": to, "message": message});
    chat.say(from, &format!("XWH {payload}"));
}

/// The texts of the messages and whispers that a connection got since the last look, with their codes.
fn talk(chat: &mut Simulation, of: ConnectionId) -> Vec<String> {
    let heard = chat.take(of).into_iter();
    let heard = heard.filter(|(code, _)| code == "XWH" || code == "MSG" || code == "ERR");
    heard
        .map(|(code, value)| match &value["message"] {
            Value::String(message) if code != "ERR" => format!("{code} {message}"),
            _ => format!("ERR {}", value["number"]),
        })
        .collect()
}

#[test]
fn a_whisper_reaches_its_recipient_alone() {
    let (mut chat, ada, bob) = chat(&whisper(), &[]);
    let cem = enter(&mut chat, "Cem");
    chat.forget();
    say(&mut chat, ada, "bob", "for <you>");
    let expected = json!({"channel": "Development", "character": "Ada", "message": "for &lt;you&gt;"});
    assert_eq!(chat.take(bob), [("XWH".to_owned(), expected)]);
    assert_eq!(chat.take(cem), []);
    assert_eq!(chat.take(ada), []);
    chat.say(cem, r#"LCH {"channel":"Development"}"#);
    chat.forget();
    say(&mut chat, ada, "Cem", "gone");
    assert_eq!(talk(&mut chat, ada), ["ERR 49"]);
    say(&mut chat, cem, "Ada", "from outside");
    assert_eq!(talk(&mut chat, cem), ["ERR 45"]);
}

#[test]
fn whispers_and_messages_share_one_pace_and_keep_their_order() {
    let (mut chat, ada, bob) = chat(&whisper(), &[("msg_flood", "0.5")]);
    say(&mut chat, ada, "Bob", "1");
    say(&mut chat, ada, "Bob", "2");
    chat.say(ada, r#"MSG {"channel":"Development","message":"3"}"#);
    say(&mut chat, ada, "Bob", "4");
    chat.say(ada, r#"LCH {"channel":"Development"}"#);
    let mut heard = vec![talk(&mut chat, bob)];
    for _ in 0..4 {
        chat.pass(500);
        heard.push(talk(&mut chat, bob));
    }
    let expected: [&[&str]; 5] = [&["XWH 1"], &["XWH 2"], &["MSG 3"], &["XWH 4"], &[]];
    assert_eq!(heard, expected);
    assert_eq!(
        talk(&mut chat, ada),
        [""; 0],
        "leaving waited behind the last whisper"
    );
}

#[test]
fn too_many_whispers_are_refused_like_messages() {
    let (mut chat, ada, bob) = chat(&whisper(), &[("msg_flood", "10"), ("messages_waiting_max", "2")]);
    for number in 0..4 {
        say(&mut chat, ada, "Bob", &number.to_string());
    }
    assert_eq!(talk(&mut chat, ada), ["ERR 5"]);
    assert_eq!(talk(&mut chat, bob), ["XWH 0"]);
    let (mut chat, ada, _) = self::chat(&whisper(), &[("msg_flood", "10"), ("flood_mode", "reject")]);
    say(&mut chat, ada, "Bob", "1");
    say(&mut chat, ada, "Bob", "2");
    assert_eq!(talk(&mut chat, ada), ["ERR 5"]);
}

#[test]
fn a_whisper_is_held_for_a_character_whose_connection_broke() {
    for (source, expected) in [(whisper(), vec!["XWH held"]), (undeclared(), vec![])] {
        let (mut chat, ada, bob) = chat(&source, &[]);
        chat.end(bob, Departure::Lost);
        say(&mut chat, ada, "Bob", "held");
        assert_eq!(talk(&mut chat, ada), [""; 0]);
        let bob = enter(&mut chat, "Bob");
        assert_eq!(talk(&mut chat, bob), expected);
    }
}

#[test]
fn whispers_that_were_held_or_waited_outlive_the_process() {
    let (mut chat, ada, bob) = chat(&whisper(), &[("msg_flood", "2"), ("resume_grace", "600")]);
    chat.end(bob, Departure::Lost);
    say(&mut chat, ada, "Bob", "held");
    say(&mut chat, ada, "Bob", "waits");
    chat.pass(0);
    chat.crash(5);
    chat.pass(3000);
    chat.pass(3000);
    let bob = enter(&mut chat, "Bob");
    assert_eq!(talk(&mut chat, bob), ["XWH held", "XWH waits"]);
}

#[test]
fn a_whisper_does_not_wait_for_changes_of_others() {
    for (source, early, late) in [
        (whisper(), vec!["XWH now"], vec![]),
        (undeclared(), vec![], vec!["XWH now"]),
    ] {
        let (mut chat, ada, bob) = chat(&source, &[]);
        let cem = enter(&mut chat, "Cem");
        chat.say(cem, r#"CCR {"channel":"Room"}"#);
        assert!(chat.core.unsaved_commits() > 0);
        chat.forget();
        say(&mut chat, ada, "Bob", "now");
        assert_eq!(talk(&mut chat, bob), early);
        let last = chat.core.last_commit();
        chat.store(last);
        assert_eq!(talk(&mut chat, bob), late);
    }
}

#[test]
fn whispers_go_to_the_chat_log_and_those_of_a_hell_banned_character_nowhere() {
    let (mut chat, ada, bob) = chat(&whisper(), &[("log_start", "true")]);
    let kinds = |chat: &mut Simulation| {
        let requests = std::mem::take(&mut chat.requests).into_iter();
        let kinds = requests.filter_map(|request| match request {
            Request::Log(entry) => Some((entry.kind, entry.body.unwrap_or_default())),
            _ => None,
        });
        kinds.collect::<Vec<_>>()
    };
    kinds(&mut chat);
    say(&mut chat, ada, "Bob", "logged");
    assert_eq!(
        kinds(&mut chat),
        [("message_whisper".to_owned(), "logged".to_owned())]
    );
    chat.forget();
    let root = chat.open();
    let administrator = answer(1, 1, "Root").replace(r#""admin":"0""#, r#""admin":"1""#);
    chat.log_in_with(root, "Root", &administrator);
    chat.say(root, r#"HLB {"action":"add","character":"Ada"}"#);
    let last = chat.core.last_commit();
    chat.store(last);
    chat.forget();
    kinds(&mut chat);
    say(&mut chat, ada, "Bob", "nowhere");
    assert_eq!(chat.take(ada), [], "the sender is not told");
    assert_eq!(chat.take(bob), []);
    assert_eq!(kinds(&mut chat), []);
}

#[test]
fn wrong_declarations_are_refused_with_a_sentence() {
    for (declaration, sentence) in [
        (r#"s.declare("xwh", {})"#, "three capital letters"),
        (r#"s.declare("XWHI", {})"#, "three capital letters"),
        (r#"s.declare("XÄ", {})"#, "three capital letters"),
        (
            r#"s.declare("XWH", {tlak = true})"#,
            "held, ordered, keeps_names or weight",
        ),
        (r#"s.declare("XWH", {talk = 1})"#, "talk: true or false"),
        (r#"s.declare("XWH", {weight = 0})"#, "from 1 to 10"),
        (r#"s.declare("XWH", {weight = 2.5})"#, "from 1 to 10"),
        (r#"s.declare("XWH", {weight = 11})"#, "from 1 to 10"),
        (r#"s.declare("XWH", {talk = {}})"#, "a table of strings"),
        (r#"s.declare("XWH")"#, "table"),
        (r#"s.declare("MSG", {held = false})"#, "a command of the server"),
        (r#"s.declare("AOP", {talk = true})"#, "a command of the server"),
        (r#"s.declare("CCR", {weight = 1})"#, "a command of the server"),
        (
            "for n = 0, 64 do s.declare('X' .. string.char(65 + math.floor(n / 26), 65 + n % 26), {}) end",
            "64 commands at most",
        ),
    ] {
        let scripts = scripts_with(&format!("{declaration}\nreturn {{}}"));
        let now = fchatd_world::Now::default();
        let error = Core::new(Settings::default(), &scripts, None, None, now, [0; 32]).unwrap_err();
        assert!(
            error.message.contains(sentence),
            "{declaration}: {}",
            error.message
        );
        assert!(
            error.message.contains("whisper.lua:1"),
            "{declaration}: {}",
            error.message
        );
    }
}

#[test]
fn a_command_cannot_be_declared_while_people_are_served() {
    let source = format!(
        "{}\nfunction event.XDE() s.declare('XDE', {{ held = true }}) end",
        whisper().replace("return whisper", "")
    );
    let (mut chat, ada, _) = chat(&format!("{source}\nreturn {{}}"), &[]);
    chat.say(ada, "XDE");
    assert_eq!(chat.errors(ada), [-2]);
}

#[test]
fn natures_can_be_read_and_the_weight_of_a_known_command_raised() {
    let source = r#"
        s.declare("XWH", { held = true, weight = 3, keeps_names = true })
        s.declare("MSG", { weight = 4 })
        function event.XNA(con, args)
            local nature = s.getNature(args.code)
            nature.code = args.code
            u.send(con, "XNA", nature)
        end
        return {}"#;
    let (mut chat, ada, _) = chat(source, &[]);
    for (code, expected) in [
        (
            "XWH",
            json!({"talk": false, "held": true, "ordered": false, "keeps_names": true, "weight": 3, "known": false}),
        ),
        (
            "MSG",
            json!({"talk": true, "held": true, "ordered": true, "keeps_names": false, "weight": 4, "known": true}),
        ),
        (
            "XOT",
            json!({"talk": false, "held": false, "ordered": false, "keeps_names": false, "weight": 1, "known": false}),
        ),
    ] {
        chat.say(ada, &format!("XNA {}", json!({ "code": code })));
        let mut frames = chat.take(ada);
        let (_, mut nature) = frames.pop().unwrap();
        nature.as_object_mut().unwrap().remove("code");
        assert_eq!(nature, expected, "{code}");
    }
}

#[test]
fn declarations_end_when_the_scripts_are_read_again_and_stay_when_those_fail() {
    let held = |chat: &mut Simulation, ada: ConnectionId, bob: ConnectionId| {
        chat.end(bob, Departure::Lost);
        say(chat, ada, "Bob", "held");
        let bob = enter(chat, "Bob");
        (bob, talk(chat, bob))
    };
    let (mut chat, ada, bob) = chat(&whisper(), &[]);
    let failing = scripts_with("s.declare('XBA', { held = true })\nerror('no')");
    assert!(chat.core.rehearsal(false).run(failing).is_err());
    let (bob, heard) = held(&mut chat, ada, bob);
    assert_eq!(heard, ["XWH held"]);
    chat.replace_scripts(scripts_with(&undeclared()));
    let (bob, heard) = held(&mut chat, ada, bob);
    assert_eq!(heard, [""; 0]);
    chat.replace_scripts(scripts_with(&whisper()));
    let (_, heard) = held(&mut chat, ada, bob);
    assert_eq!(heard, ["XWH held"]);
}

/// Scripts that start in a rehearsal and fail afterwards leave the declarations of those before in force.
#[test]
fn scripts_that_fail_at_the_switch_take_no_declaration_away() {
    let (mut chat, ada, bob) = chat(&whisper(), &[]);
    // The number of people online is 0 in a rehearsal.
    let failing = scripts_with("s.declare('XBA', {})\nassert(s.getUserCount() == 0)\nreturn {}");
    let read = chat.core.rehearsal(false).run(failing).unwrap();
    let now = chat.now;
    chat.core
        .scripts_read(now, None, false, Ok(read), &mut Outputs::default());
    assert_eq!(chat.core.world().natures.declared().len(), 1);
    chat.end(bob, Departure::Lost);
    say(&mut chat, ada, "Bob", "held");
    let bob = enter(&mut chat, "Bob");
    assert_eq!(talk(&mut chat, bob), ["XWH held"]);
}

/// The settings that the scripts refuse leave no declaration behind.
#[test]
fn refused_settings_leave_no_declaration() {
    let source = r#"
        return { init = function()
            if s.getConfigString("version") == "bad" then
                s.declare("XBA", {})
                error("no")
            end
        end }"#;
    let (mut chat, ..) = chat(source, &[]);
    let refused = settings(&[("version", "bad")]);
    let now = chat.now;
    assert!(
        chat.core
            .configure(now, refused, &mut Outputs::default())
            .is_err()
    );
    assert_eq!(chat.core.world().natures.declared(), []);
}

#[test]
fn rules_on_trial_declare_nothing_for_others() {
    let mut chat = Simulation::with(&builtin::scripts(), settings(&[]), None);
    let root = chat.open();
    let administrator = answer(1, 1, "Root").replace(r#""admin":"0""#, r#""admin":"1""#);
    chat.log_in_with(root, "Root", &administrator);
    chat.forget();
    chat.say(root, r#"ZZZ {"command":"isolate"}"#);
    chat.read_scripts(&scripts_with(&whisper()));
    let answers = chat.take(root);
    let told = answers.iter().any(|(code, value)| {
        code == "ZZZ"
            && value["message"]
                .as_str()
                .unwrap()
                .contains("a fresh state of your own")
    });
    assert!(told, "{answers:?}");
    assert_eq!(chat.core.world().natures.declared(), []);
}

#[test]
fn a_machine_from_a_checkpoint_has_the_declarations() {
    let (mut chat, ..) = chat(&whisper(), &[]);
    let now = chat.now;
    let image = chat.core.checkpoint(now, &mut Outputs::default()).unwrap();
    assert_eq!(chat.core.world().natures.declared().len(), 1);
    let core = Core::from_checkpoint(&image, None, &mut Outputs::default()).unwrap();
    assert_eq!(
        core.world().natures.declared(),
        chat.core.world().natures.declared()
    );
}
