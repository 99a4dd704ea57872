//! The chat without sockets: clients log in, join, talk and leave, and a thousand of them at once.

use crate::support::{Simulation, answer};
use fchatd_protocol::exchange::{Departure, Input};
use fchatd_world::Settings;
use fchatd_world::settings::Value as Setting;
use serde_json::json;

fn codes(frames: &[crate::support::Frame]) -> Vec<&str> {
    frames.iter().map(|(code, _)| code.as_str()).collect()
}

#[test]
fn two_clients_log_in_join_talk_and_leave() {
    let mut chat = Simulation::new();
    let ada = chat.log_in("Ada");
    let burst = chat.take(ada);
    let mut wanted = vec!["IDN"];
    wanted.extend(["VAR"; 9]);
    wanted.extend(["HLO", "CON", "FRL", "IGN", "ADL", "LIS", "NLN"]);
    assert_eq!(codes(&burst), wanted);
    let variables: Vec<_> = burst[1..10]
        .iter()
        .map(|(_, value)| value["variable"].as_str().unwrap())
        .collect();
    let order =
        "chat_max priv_max lfrp_max cds_max lfrp_flood msg_flood sta_flood permissions icon_blacklist";
    assert_eq!(variables.join(" "), order);
    assert_eq!(burst[11].1, json!({"count": 1}));
    assert_eq!(
        burst[15].1,
        json!({"characters": [["Ada", "Female", "online", ""]]})
    );
    assert_eq!(
        burst[16].1,
        json!({"identity": "Ada", "status": "online", "gender": "Female"})
    );

    let bob = chat.log_in("Bob");
    assert_eq!(chat.codes(ada), ["NLN"]);
    let nln: Vec<_> = chat
        .take(bob)
        .into_iter()
        .filter(|(code, _)| code == "NLN")
        .collect();
    assert_eq!(nln.len(), 1, "the own NLN comes once, and no other");

    chat.say(ada, r#"JCH {"channel":"development"}"#);
    let joined = chat.take(ada);
    assert_eq!(codes(&joined), ["JCH", "COL", "ICH", "CDS"]);
    let jch = json!({"channel": "Development", "character": {"identity": "Ada"}, "title": "Development"});
    assert_eq!(joined[0].1, jch);
    assert_eq!(joined[1].1, json!({"channel": "Development", "oplist": [""]}));
    assert_eq!(
        joined[2].1,
        json!({"channel": "Development", "mode": "both", "users": [{"identity": "Ada"}]})
    );
    chat.say(bob, r#"JCH {"channel":"Development"}"#);
    assert_eq!(chat.codes(bob), ["JCH", "COL", "ICH", "CDS"]);
    assert_eq!(chat.codes(ada), ["JCH"]);

    chat.say(ada, r#"MSG {"channel":"DEVELOPMENT","message":"a < b & \"c\""}"#);
    assert_eq!(chat.take(ada), [], "what one says oneself does not come back");
    let message = json!({"channel": "Development", "character": "Ada", "message": "a &lt; b &amp; \"c\""});
    assert_eq!(chat.take(bob), [("MSG".to_owned(), message)]);

    chat.say(bob, r#"PRI {"recipient":"aDa","message":"hi"}"#);
    let private = json!({"character": "Bob", "message": "hi", "recipient": "Ada"});
    assert_eq!(chat.take(ada), [("PRI".to_owned(), private)]);

    chat.say(ada, r#"LCH {"channel":"development"}"#);
    let left = (
        "LCH".to_owned(),
        json!({"channel": "Development", "character": "Ada"}),
    );
    assert_eq!(chat.take(ada), std::slice::from_ref(&left));
    assert_eq!(chat.take(bob), [left]);

    chat.go(bob);
    assert_eq!(chat.take(ada), [("FLN".to_owned(), json!({"character": "Bob"}))]);
    chat.go(ada);
    assert_eq!(chat.core.world().user_count(), 0);
    assert_eq!(chat.core.world().connection_count(), 0);
}

#[test]
fn a_thousand_clients_talk_and_go() {
    let mut settings = Settings::default();
    settings.set("msg_flood", Setting::Number(0.0)).unwrap();
    settings.set("loginslots", Setting::Number(1000.0)).unwrap();
    let mut chat = Simulation::with(&fchatd_script::builtin::scripts(), settings, None);
    let clients: Vec<_> = (0..1000)
        .map(|number| chat.log_in(&format!("Client {number}")))
        .collect();
    let last = chat.take(clients[999]);
    let rows: usize = last
        .iter()
        .filter(|(code, _)| code == "LIS")
        .map(|(_, value)| value["characters"].as_array().unwrap().len())
        .sum();
    assert_eq!(rows, 1000);
    assert!(
        last.iter().filter(|(code, _)| code == "LIS").count() >= 10,
        "100 rows to a frame"
    );

    for &client in &clients[..200] {
        chat.say(client, r#"JCH {"channel":"Frontpage"}"#);
    }
    chat.forget();
    for (number, &client) in clients[..200].iter().enumerate() {
        chat.say(
            client,
            &format!(r#"MSG {{"channel":"Frontpage","message":"number {number}"}}"#),
        );
    }
    for (number, &client) in clients[..200].iter().enumerate() {
        let heard: Vec<_> = chat
            .take(client)
            .into_iter()
            .map(|(_, value)| value["message"].as_str().unwrap().to_owned())
            .collect();
        let wanted: Vec<_> = (0..200)
            .filter(|&other| other != number)
            .map(|other| format!("number {other}"))
            .collect();
        assert_eq!(heard, wanted, "everyone hears everyone else in one order");
    }
    // Every other one goes: the lists stay right.
    for &client in clients.iter().step_by(2) {
        chat.go(client);
    }
    chat.forget();
    let newcomer = chat.log_in("Newcomer");
    let listed: Vec<_> = chat
        .take(newcomer)
        .into_iter()
        .filter(|(code, _)| code == "LIS")
        .flat_map(|(_, value)| value["characters"].as_array().unwrap().clone())
        .map(|row| row[0].as_str().unwrap().to_owned())
        .collect();
    let mut wanted: Vec<_> = (0..1000)
        .skip(1)
        .step_by(2)
        .map(|number| format!("Client {number}"))
        .collect();
    wanted.push("Newcomer".into());
    let (mut listed, mut wanted) = (listed, wanted);
    listed.sort();
    wanted.sort();
    assert_eq!(listed, wanted);
    for &client in clients.iter().skip(1).step_by(2).chain([&newcomer]) {
        chat.go(client);
    }
    assert_eq!(chat.core.world().connection_count(), 0);
    assert_eq!(
        chat.core
            .world()
            .channels()
            .filter(|(_, channel)| !channel.members.is_empty())
            .count(),
        0
    );
}

#[test]
fn the_same_inputs_give_the_same_bytes() {
    let run = || {
        let mut chat = Simulation::new();
        let ada = chat.log_in("Ada");
        let bob = chat.log_in("Bob");
        chat.say(ada, r#"CCR {"channel":"A room"}"#);
        chat.pass(700);
        chat.say(bob, r#"STA {"status":"looking","statusmsg":"for <fun>"}"#);
        chat.say(bob, "CHA");
        chat.go(ada);
        chat.transcript
    };
    assert_eq!(run(), run());
}

#[test]
fn messages_that_are_due_at_once_are_let_go_in_portions() {
    let mut chat = Simulation::new();
    let bob = chat.log_in("Bob");
    let people: Vec<_> = (0..150)
        .map(|number| chat.log_in(&format!("Person {number}")))
        .collect();
    chat.pass(1_000);
    chat.forget();
    for &person in &people {
        chat.say(person, r#"PRI {"recipient":"Bob","message":"first"}"#);
        chat.say(person, r#"PRI {"recipient":"Bob","message":"second"}"#);
    }
    assert_eq!(chat.codes(bob).len(), 150, "the second ones wait");
    chat.now.monotonic += 1_000;
    let mut portions = Vec::new();
    while chat.core.next_due().is_some_and(|due| due <= chat.now.monotonic) {
        chat.handle(Input::Tick);
        portions.push(chat.codes(bob).len());
    }
    assert_eq!(portions, [64, 64, 22]);
}

#[test]
fn refused_commands_do_not_count_as_messages() {
    let mut settings = Settings::default();
    settings.set_from_text("flood_mode", "reject").unwrap();
    let mut chat = Simulation::with(&fchatd_script::builtin::scripts(), settings, None);
    let ada = chat.log_in("Ada");
    let bob = chat.log_in("Bob");
    chat.forget();
    chat.say(ada, r#"PRI {"recipient":"Nobody","message":"hi"}"#);
    assert_eq!(chat.errors(ada), [6]);
    chat.say(ada, r#"PRI {"recipient":"Bob","message":"hi"}"#);
    assert_eq!(chat.codes(bob), ["PRI"]);
    chat.say(ada, r#"PRI {"recipient":"Bob","message":"again"}"#);
    assert_eq!(chat.errors(ada), [5]);
    chat.pass(500);
    chat.say(ada, r#"PRI {"recipient":"Bob","message":"again"}"#);
    assert_eq!(chat.codes(bob), ["PRI"]);
}

#[test]
fn commands_before_the_log_in_are_refused() {
    let mut chat = Simulation::new();
    let stranger = chat.open();
    chat.say(stranger, "PIN");
    chat.say(stranger, "QQQ");
    chat.say(stranger, "VAR");
    assert_eq!(chat.errors(stranger), [8, 8]);
    assert!(!chat.edge.closed.contains(&stranger));
    chat.say(stranger, r#"MSG {"channel":"Frontpage","message":"hi"}"#);
    assert_eq!(chat.errors(stranger), [3]);
    assert!(chat.edge.closed.contains(&stranger));
    chat.say(stranger, "QQQ");
    assert_eq!(chat.take(stranger), [], "nothing is taken any more");

    let short = chat.open();
    chat.say(short, "ab");
    assert!(chat.edge.closed.contains(&short));
}

#[test]
fn log_ins_that_are_refused() {
    let idn = |method: &str| {
        format!(
            r#"IDN {{"method":"{method}","account":"a","ticket":"t","character":"Ada","cname":"c","cversion":"1"}}"#
        )
    };
    let mut chat = Simulation::new();
    let cases = [
        ("IDN {".to_owned(), 1),
        ("IDN".to_owned(), 1),
        (r#"IDN {"method":"ticket","account":"a"}"#.to_owned(), 1),
        (idn("password"), 33),
    ];
    for (text, number) in cases {
        let client = chat.open();
        chat.say(client, &text);
        assert_eq!(chat.errors(client), [number], "{text}");
        assert!(chat.edge.closed.contains(&client));
    }

    let ada = chat.log_in("Ada");
    chat.forget();
    let bob = chat.open();
    let refused = |answer: &str, number: i64, chat: &mut Simulation| {
        let client = chat.open();
        chat.log_in_with(client, "Eve", answer);
        assert_eq!(chat.errors(client), [number], "{answer}");
        assert!(chat.edge.closed.contains(&client));
        assert_eq!(chat.take(ada), [], "nobody hears of it");
    };
    refused(r#"{"error":"Invalid ticket."}"#, 4, &mut chat);
    refused("{}", 4, &mut chat);
    refused("[]", -1, &mut chat);
    refused("not json", -1, &mut chat);
    refused(&answer(0, 5, "Eve"), 4, &mut chat);
    refused(&answer(5, 0, "Eve"), 4, &mut chat);
    refused(
        &answer(5, 5, "Eve").replace(r#""banned":0"#, r#""banned":"1""#),
        9,
        &mut chat,
    );
    refused(
        &answer(5, 5, "Ada").replace(r#""timeout":0"#, r#""timeout":5"#),
        9,
        &mut chat,
    );

    chat.say(bob, &idn("ticket"));
    chat.say(bob, &idn("ticket"));
    assert_eq!(chat.errors(bob), [11]);
    assert!(!chat.edge.closed.contains(&bob));
    chat.pass(29_000);
    assert_eq!(chat.take(bob), []);
    chat.pass(1_500);
    assert_eq!(chat.errors(bob), [-4]);
    chat.handle(Input::LoginAnswer {
        connection: bob,
        answer: Some(&answer(9, 9, "Bob")),
    });
    assert_eq!(
        chat.core.world().user_count(),
        1,
        "an answer that comes too late is not heard"
    );
}

#[test]
fn the_same_character_again_takes_the_place() {
    let mut chat = Simulation::new();
    let bob = chat.log_in("Bob");
    let old = chat.log_in("Ada");
    chat.say(old, r#"JCH {"channel":"Development"}"#);
    chat.forget();
    let new = chat.open();
    let number = old.slot + 1;
    chat.log_in_with(new, "Ada", &answer(number, number, "Ada"));
    assert_eq!(chat.errors(old), [31]);
    assert!(chat.edge.closed.contains(&old));
    assert_eq!(chat.codes(bob), [""; 0], "nobody sees anything of it");
    assert!(
        !chat.codes(new).contains(&"FLN".to_owned()),
        "the newcomer hears nothing of it"
    );
    chat.go(old);
    assert_eq!(chat.take(bob), [], "the old socket's end is no news");
    chat.say(new, r#"PRI {"recipient":"Bob","message":"here"}"#);
    assert_eq!(chat.codes(bob), ["PRI"]);
}

/// Only an end that was not intended is a break.
#[test]
fn departures_that_count_as_a_break() {
    for (departure, is_seen) in [
        (Departure::Lost, false),
        (Departure::Silent, false),
        (Departure::SlowReader, false),
        (Departure::Moved, false),
        (Departure::Goodbye, true),
        (Departure::Violation, true),
        (Departure::Closed, true),
    ] {
        let mut chat = Simulation::new();
        let bob = chat.log_in("Bob");
        let ada = chat.log_in("Ada");
        chat.forget();
        chat.end(ada, departure);
        let seen: &[&str] = if is_seen { &["FLN"] } else { &[] };
        assert_eq!(chat.codes(bob), seen, "{departure:?}");
        assert_eq!(chat.core.world().user_count(), if is_seen { 1 } else { 2 });
        for _ in 0..61 {
            chat.pass(1000);
        }
        assert_eq!(
            chat.codes(bob),
            if is_seen { &[][..] } else { &["FLN"] },
            "{departure:?}"
        );
        assert_eq!(chat.core.world().connection_count(), 1);
    }
}

#[test]
fn too_many_from_one_address() {
    let mut chat = Simulation::new();
    let address = [192, 0, 2, 1].into();
    for number in 1..=3 {
        let client = chat.open_from(address);
        chat.log_in_with(client, "x", &answer(number, number, &format!("Same {number}")));
    }
    let fourth = chat.open_from(address);
    chat.log_in_with(fourth, "x", &answer(4, 4, "Same 4"));
    assert_eq!(chat.errors(fourth), [30]);
    let again = chat.open_from(address);
    chat.log_in_with(again, "x", &answer(3, 3, "Same 3"));
    assert!(
        chat.codes(again).contains(&"NLN".to_owned()),
        "one's own place is free"
    );
}

#[test]
fn rooms_are_private_and_go_with_their_last_member() {
    let mut chat = Simulation::new();
    let ada = chat.log_in("Ada");
    let bob = chat.log_in("Bob");
    chat.forget();
    for title in ["", &"x".repeat(65)] {
        chat.say(ada, &format!(r#"CCR {{"channel":"{title}"}}"#));
        assert_eq!(chat.errors(ada), [67]);
    }
    chat.say(ada, r#"CCR {"channel":"Tea & <cake>"}"#);
    let frames = chat.take(ada);
    assert_eq!(codes(&frames), ["JCH", "COL", "ICH", "CDS"]);
    let room = frames[0].1["channel"].as_str().unwrap().to_owned();
    assert!(room.starts_with("ADH-") && room.len() == 24, "{room}");
    assert_eq!(frames[0].1["title"], "Tea &amp; &lt;cake&gt;");
    assert_eq!(frames[1].1["oplist"], json!(["Ada"]));
    let join = format!(r#"JCH {{"channel":"{}"}}"#, room.to_lowercase());
    chat.say(bob, &join);
    assert_eq!(chat.errors(bob), [44]);
    chat.say(ada, &join);
    assert_eq!(chat.errors(ada), [28]);
    chat.say(ada, &format!(r#"LCH {{"channel":"{room}"}}"#));
    assert_eq!(chat.codes(ada), ["LCH"]);
    chat.say(ada, &join);
    assert_eq!(chat.errors(ada), [26], "the empty room is gone");
    assert_eq!(
        chat.core.world().channel_count(),
        4,
        "three public ones and the staff room"
    );
}

#[test]
fn a_failing_script_is_one_error_with_an_incident_number() {
    let mut scripts = fchatd_script::builtin::scripts();
    scripts
        .main
        .push_str("\nfunction event.TPN(con, args) error('secret details') end");
    let mut chat = Simulation::with(&scripts, Settings::default(), None);
    let ada = chat.log_in("Ada");
    chat.forget();
    chat.say(ada, "TPN");
    let frames = chat.take(ada);
    assert_eq!(frames.len(), 1);
    assert_eq!(frames[0].1["number"], -2);
    let text = frames[0].1["message"].as_str().unwrap();
    assert!(text.contains("Incident") && !text.contains("secret"), "{text}");
    chat.say(ada, "CHA");
    assert_eq!(chat.codes(ada), ["CHA"]);
}
