//! After a crash or a restart: rooms wait for their members, and people of before go on as if only their connection had
//! broken.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use crate::support::{Simulation, answer, chat};
use fchatd_protocol::exchange::{ConnectionId, Departure};
use serde_json::json;

/// A chat whose changes are recorded, with the settings as they are delivered, but for paces and these.
fn chat_with(settings: &[(&str, &str)]) -> Simulation {
    let paces = [("login_pause", "0"), ("room_flood", "0"), ("sta_flood", "0")];
    let mut chat = chat(&[&paces, settings].concat());
    chat.core.record_changes(true);
    chat.pass(0);
    chat
}

/// Logs a character in under a number, which is the account's and the character's.
fn log_in(chat: &mut Simulation, number: u32, name: &str) -> ConnectionId {
    let connection = chat.open();
    chat.log_in_with(connection, name, &answer(number, number, name));
    connection
}

fn say(chat: &mut Simulation, who: ConnectionId, code: &str, payload: &serde_json::Value) {
    chat.say(who, &format!("{code} {payload}"));
    let last = chat.core.last_commit();
    chat.store(last);
}

/// A private room of somebody's.
fn room(chat: &mut Simulation, who: ConnectionId) -> String {
    say(chat, who, "CCR", &json!({"channel": "Den"}));
    let frames = chat.take(who);
    let joined = frames.iter().find(|(code, _)| code == "JCH").unwrap();
    joined.1["channel"].as_str().unwrap().to_owned()
}

#[test]
fn those_who_were_online_go_on_and_nobody_sees_anything() {
    let mut chat = chat_with(&[("msg_flood", "0")]);
    let ada = log_in(&mut chat, 1, "Ada");
    let bob = log_in(&mut chat, 2, "Bob");
    for who in [ada, bob] {
        say(&mut chat, who, "JCH", &json!({"channel": "Development"}));
    }
    say(
        &mut chat,
        ada,
        "STA",
        &json!({"status": "busy", "statusmsg": "at <work>"}),
    );
    chat.crash(5);
    assert_eq!(chat.core.world().user_count(), 2);

    let bob = log_in(&mut chat, 2, "Bob");
    let frames = chat.take(bob);
    let rows: Vec<_> = frames.iter().filter(|(code, _)| code == "LIS").collect();
    let text = serde_json::to_string(&rows.iter().map(|(_, row)| row).collect::<Vec<_>>()).unwrap();
    assert!(
        text.contains(r#"["Ada","Female","busy","at &lt;work&gt;"]"#),
        "{text}"
    );
    say(&mut chat, bob, "JCH", &json!({"channel": "development"}));
    let users = |frames: &[(String, serde_json::Value)]| {
        let list = frames.iter().find(|(code, _)| code == "ICH").unwrap();
        list.1["users"].as_array().unwrap().len()
    };
    assert_eq!(users(&chat.take(bob)), 2, "both are in it still");
    say(
        &mut chat,
        bob,
        "MSG",
        &json!({"channel": "Development", "message": "for Ada"}),
    );
    say(
        &mut chat,
        bob,
        "PRI",
        &json!({"recipient": "Ada", "message": "for Ada alone"}),
    );
    assert!(chat.errors(bob).is_empty());

    let ada = log_in(&mut chat, 1, "Ada");
    let frames = chat.take(ada);
    let status = frames.iter().rfind(|(code, _)| code == "STA").unwrap();
    assert_eq!(status.1["status"], "busy");
    assert!(
        frames
            .iter()
            .any(|(code, value)| code == "PRI" && value["message"] == "for Ada alone")
    );
    say(&mut chat, ada, "JCH", &json!({"channel": "development"}));
    let codes = chat.codes(ada);
    assert_eq!(codes, ["JCH", "COL", "ICH", "CDS", "MSG"]);
    assert_eq!(chat.codes(bob), [""; 0], "nobody sees anything of it");
}

#[test]
fn a_character_that_does_not_return_in_time_logs_off_for_all() {
    let mut chat = chat_with(&[]);
    let ada = log_in(&mut chat, 1, "Ada");
    log_in(&mut chat, 2, "Bob");
    let _ = ada;
    chat.crash(5);
    let bob = log_in(&mut chat, 2, "Bob");
    say(&mut chat, bob, "JCH", &json!({"channel": "Development"}));
    chat.forget();
    chat.pass(59_000);
    assert_eq!(chat.codes(bob), [""; 0]);
    chat.pass(2000);
    assert_eq!(chat.codes(bob), ["FLN"]);
    chat.crash(5);
    assert_eq!(chat.core.world().user_count(), 1, "who has gone stays away");
}

#[test]
fn rooms_are_as_they_were() {
    let mut chat = chat_with(&[("resume_grace", "0")]);
    let ada = log_in(&mut chat, 1, "Ada");
    let bob = log_in(&mut chat, 2, "Bob");
    let room = room(&mut chat, ada);
    for (code, payload) in [
        ("CDS", json!({"channel": room, "description": "A den"})),
        ("CTO", json!({"channel": room, "topic": "Dark & warm"})),
        ("CIU", json!({"channel": room, "character": "Bob"})),
        ("RMO", json!({"channel": room, "mode": "chat"})),
    ] {
        say(&mut chat, ada, code, &payload);
    }
    say(&mut chat, bob, "JCH", &json!({"channel": room}));
    say(
        &mut chat,
        ada,
        "COA",
        &json!({"channel": room, "character": "Bob"}),
    );
    log_in(&mut chat, 3, "Eve");
    say(
        &mut chat,
        ada,
        "CIU",
        &json!({"channel": room, "character": "Eve"}),
    );
    say(
        &mut chat,
        ada,
        "CBU",
        &json!({"channel": room, "character": "Eve"}),
    );
    chat.crash(5);
    assert_eq!(
        chat.core.world().user_count(),
        0,
        "nobody is kept without `resume_grace`"
    );

    let eve = log_in(&mut chat, 3, "Eve");
    say(&mut chat, eve, "JCH", &json!({"channel": room}));
    assert_eq!(chat.errors(eve), [48], "banned");
    let dot = log_in(&mut chat, 4, "Dot");
    say(&mut chat, dot, "JCH", &json!({"channel": room}));
    assert_eq!(chat.errors(dot), [44], "not invited");
    let bob = log_in(&mut chat, 2, "Bob");
    say(&mut chat, bob, "JCH", &json!({"channel": room}));
    let frames = chat.take(bob);
    let of = |code: &str| &frames.iter().find(|(found, _)| found == code).unwrap().1;
    assert_eq!(of("JCH")["title"], "Den");
    assert_eq!(of("COL")["oplist"], json!(["Ada", "Bob"]));
    assert_eq!(of("CDS")["description"], "A den");
    assert_eq!(of("ICH")["mode"], "chat");
    assert_eq!(of("ICH")["topic"], "Dark &amp; warm");
    chat.pass(400_000);
    assert!(
        chat.core.world().find_channel(&room).is_some(),
        "somebody is in it"
    );
}

#[test]
fn a_room_to_which_nobody_comes_back_goes() {
    let mut chat = chat_with(&[("resume_grace", "0")]);
    let ada = log_in(&mut chat, 1, "Ada");
    let room = room(&mut chat, ada);
    chat.crash(5);
    chat.pass(299_000);
    assert!(chat.core.world().find_channel(&room).is_some());
    chat.pass(2000);
    assert!(chat.core.world().find_channel(&room).is_none());
}

#[test]
fn the_classic_way_is_that_nothing_of_it_lasts() {
    let mut chat = chat_with(&[("compat", "classic")]);
    let ada = log_in(&mut chat, 1, "Ada");
    let room = room(&mut chat, ada);
    chat.crash(1);
    assert!(chat.core.world().find_channel(&room).is_none());
    assert_eq!(chat.core.world().user_count(), 0);
}

#[test]
fn messages_whose_time_had_not_come_are_said_after_the_start() {
    let mut chat = chat_with(&[]);
    let ada = log_in(&mut chat, 1, "Ada");
    let bob = log_in(&mut chat, 2, "Bob");
    for who in [ada, bob] {
        say(&mut chat, who, "JCH", &json!({"channel": "Development"}));
    }
    for number in 1..=3 {
        let message = number.to_string();
        say(
            &mut chat,
            ada,
            "MSG",
            &json!({"channel": "Development", "message": message}),
        );
    }
    let heard = |chat: &mut Simulation, who| -> Vec<String> {
        let frames = chat.take(who);
        let said = frames.into_iter().filter(|(code, _)| code == "MSG");
        said.map(|(_, value)| value["message"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(heard(&mut chat, bob), ["1"]);
    chat.crash(1);
    let bob = log_in(&mut chat, 2, "Bob");
    say(&mut chat, bob, "JCH", &json!({"channel": "Development"}));
    for _ in 0..8 {
        chat.pass(1000);
    }
    assert_eq!(heard(&mut chat, bob), ["2", "3"]);
    // Said once: another crash does not bring them again.
    chat.crash(1);
    let bob = log_in(&mut chat, 2, "Bob");
    say(&mut chat, bob, "JCH", &json!({"channel": "Development"}));
    chat.pass(5000);
    assert_eq!(heard(&mut chat, bob), [""; 0]);
}

#[test]
fn after_a_long_outage_and_after_a_ban_nobody_is_expected_back() {
    let mut chat = chat_with(&[]);
    log_in(&mut chat, 1, "Ada");
    chat.crash(3 * 3600);
    assert_eq!(chat.core.world().user_count(), 0);
    // Nor at the next start, which comes soon.
    chat.pass(1000);
    chat.crash(1);
    assert_eq!(chat.core.world().user_count(), 0);
}

#[test]
fn after_a_restart_goodbyes_are_gone_and_away_characters_are_away() {
    let mut chat = chat_with(&[]);
    let ada = log_in(&mut chat, 1, "Ada");
    let bob = log_in(&mut chat, 2, "Bob");
    let cem = log_in(&mut chat, 3, "Cem");
    for who in [ada, bob, cem] {
        say(&mut chat, who, "JCH", &json!({"channel": "Development"}));
    }
    chat.end(ada, Departure::Goodbye);
    chat.end(bob, Departure::Lost);
    say(
        &mut chat,
        cem,
        "MSG",
        &json!({"channel": "Development", "message": "held"}),
    );
    say(&mut chat, cem, "LCH", &json!({"channel": "Development"}));
    chat.crash(5);
    let online: Vec<_> = chat
        .core
        .world()
        .online_names()
        .map(ToString::to_string)
        .collect();
    assert_eq!(online, ["Bob", "Cem"]);
    let bob = log_in(&mut chat, 2, "Bob");
    say(&mut chat, bob, "JCH", &json!({"channel": "Development"}));
    let frames = chat.take(bob);
    assert!(
        frames
            .iter()
            .any(|(code, value)| code == "MSG" && value["message"] == "held")
    );
    let list = &frames.iter().find(|(code, _)| code == "ICH").unwrap().1;
    assert_eq!(list["users"], json!([{"identity": "Bob"}]));
}
