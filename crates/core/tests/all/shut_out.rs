//! Moderation that holds: against people that are offline, their other characters, raids, and roles that end.
#![expect(clippy::expect_used, reason = "a test may fail")]

use crate::support::play::{Play, site};
use fchatd_protocol::exchange::{Departure, Input, Request};
use fchatd_world::Settings;
use fchatd_world::settings::Value as Setting;
use serde_json::{Value, json};

/// The account service's answer to the question at hand.
fn answer(play: &mut Play, characters: &Value) -> Vec<String> {
    let place = play
        .chat
        .requests
        .iter()
        .position(|request| matches!(request, Request::FindCharacters { .. }))
        .expect("the account service is asked");
    let Request::FindCharacters { id, names } = play.chat.requests.remove(place) else {
        unreachable!()
    };
    let answer = json!({ "characters": characters }).to_string();
    play.chat.handle(Input::CharactersFound {
        id,
        answer: Some(&answer),
    });
    names
}

fn is_asked(play: &Play) -> bool {
    let asks = |request: &Request| matches!(request, Request::FindCharacters { .. });
    play.chat.requests.iter().any(asks)
}

/// A play with our own accounts and commits that are on disk at once.
fn with_accounts(people: &[&str]) -> Play {
    let mut play = Play::with(people);
    play.chat.core.record_changes(true);
    play.chat.store(u64::MAX);
    play
}

fn refusal(play: &mut Play, name: &str) -> Option<i64> {
    let frames = play.enter(name);
    let number = frames.iter().find(|(code, _)| code == "ERR");
    let number = number.and_then(|(_, value)| value["number"].as_i64());
    play.heard();
    number
}

#[test]
fn a_character_that_has_gone_is_banned_with_the_whole_account() {
    let mut play = Play::with(&["Globalmod", "Alice/7", "Alt/7", "Bob/8"]);
    play.leave("Alice");
    play.heard();
    let heard = play.say("Globalmod", r#"ACB {"character":"ALICE"}"#);
    assert_eq!(heard, "Alt: ERR 9 | Bob: FLN | Globalmod: SYS FLN");
    assert_eq!(refusal(&mut play, "Third/7"), Some(9));
    play.check("Globalmod", r#"UNB {"character":"alice"}"#, "Globalmod: SYS");
    assert_eq!(refusal(&mut play, "Third/7"), None);
    play.leave("Bob");
    play.heard();
    let text = r#"TMO {"character":"bob","time":5,"reason":"r"}"#;
    play.check("Globalmod", text, "Globalmod: SYS");
    assert_eq!(refusal(&mut play, "Bobby/8"), Some(9));
    play.chat.pass(301_000);
    assert_eq!(refusal(&mut play, "Bobby/8"), None);
}

#[test]
fn a_name_that_nobody_knows_is_banned_at_its_next_log_in() {
    let mut play = Play::with(&["Globalmod", "Friend/50", "Bob"]);
    play.check("Globalmod", r#"ACB {"character":"stranger"}"#, "Globalmod: SYS");
    let snapshot = play.chat.core.snapshot();
    assert_eq!(snapshot.name_sanctions[0].name, "stranger");
    assert_eq!(play.enter("Stranger/50")[0].1["number"], 9);
    let heard = play.heard();
    assert!(heard.contains("Friend: ERR 9"), "{heard}");
    assert_eq!(refusal(&mut play, "Another/50"), Some(9));
    let snapshot = play.chat.core.snapshot();
    assert_eq!(snapshot.name_sanctions, [], "the ban is one of the account now");
    assert_eq!(snapshot.bans[0].account, 50);
    play.check("Globalmod", r#"UNB {"character":"Stranger"}"#, "Globalmod: SYS");
    assert_eq!(refusal(&mut play, "Stranger/50"), None);
    play.check("Globalmod", r#"ACB {"character":"later"}"#, "Globalmod: SYS");
    play.check("Globalmod", r#"UNB {"character":"LATER"}"#, "Globalmod: SYS");
    assert_eq!(refusal(&mut play, "Later/51"), None);
}

#[test]
fn bans_by_name_survive_a_restart() {
    let mut play = Play::with(&["Globalmod", "Admin Ann"]);
    play.say("Globalmod", r#"ACB {"character":"one"}"#);
    play.say("Globalmod", r#"TMO {"character":"two","time":90,"reason":"r"}"#);
    play.say("Admin Ann", r#"HLB {"character":"three","action":"add"}"#);
    let mut later = Play::on(&play.chat.core.snapshot(), Settings::default(), &["Bob"]);
    assert_eq!(refusal(&mut later, "One/1"), Some(9));
    assert_eq!(refusal(&mut later, "Two/2"), Some(9));
    assert_eq!(refusal(&mut later, "Three/3"), None);
    later.check("Three", r#"PRI {"recipient":"Bob","message":"hi"}"#, "");
    assert_eq!(later.chat.core.snapshot().hellbans[0].account, 3);
}

#[test]
fn the_staff_is_protected_when_it_is_offline() {
    let mut play = Play::in_garden(&["Modder", "Globalmod", "Admin Ann", "Superone"]);
    play.leave("Admin Ann");
    play.leave("Superone");
    play.heard();
    for name in ["owner", "superone", "nobody", "admin ann"] {
        let text = format!(r#"CBU {{"channel":"garden","character":"{name}"}}"#);
        play.check("Modder", &text, "Modder: ERR 21");
    }
    play.leave("Globalmod");
    play.enter("Second Ann");
    play.leave("Modder");
    play.enter("Admin Two");
    play.heard();
    for code in ["ACB", "TMO"] {
        for name in ["globalmod", "admin ann"] {
            let text = format!(r#"{code} {{"character":"{name}","time":5,"reason":"r"}}"#);
            play.check("Admin Two", &text, "Admin Two: ERR 21");
        }
    }
}

#[test]
fn the_account_service_is_asked_for_people_who_are_offline() {
    let mut play = with_accounts(&["Globalmod", "Alt/7", "Bob"]);
    let ban = r#"ACB {"character":"far away"}"#;
    play.check("Globalmod", ban, "");
    assert_eq!(answer(&mut play, &json!([])), ["far away"]);
    assert_eq!(play.heard(), "Globalmod: ERR 6");
    play.check("Globalmod", ban, "");
    answer(
        &mut play,
        &json!([{"name": "Far Away", "account": 9, "character": 90, "admin": true}]),
    );
    assert_eq!(play.heard(), "Globalmod: ERR 21");
    play.check("Globalmod", ban, "");
    answer(
        &mut play,
        &json!([{"name": "Far Away", "account": 7, "character": 90, "admin": false}]),
    );
    assert_eq!(play.heard(), "Alt: ERR 9 | Bob: FLN | Globalmod: SYS FLN");
    let bans = play.chat.core.snapshot().bans;
    assert_eq!((bans[0].account, &*bans[0].character), (7, "Far Away"));
    // A character of which the state knows only the name is no typing mistake.
    play.check(
        "Globalmod",
        r#"CBU {"channel":"garden","character":"Roommod"}"#,
        "",
    );
    answer(&mut play, &json!([]));
    assert_eq!(play.heard(), "");
    play.check(
        "Globalmod",
        r#"CBU {"channel":"garden","character":"Roommod"}"#,
        "",
    );
    answer(&mut play, &json!([]));
    assert_eq!(play.heard(), "Globalmod: ERR 41");
}

#[test]
fn a_ban_is_not_lost_when_its_moderator_goes_or_the_account_service_fails() {
    let mut play = with_accounts(&["Globalmod"]);
    play.check("Globalmod", r#"ACB {"character":"away"}"#, "");
    assert!(is_asked(&play));
    let id = play.id("Globalmod");
    play.chat.end(id, Departure::Lost);
    assert_eq!(play.chat.core.snapshot().name_sanctions[0].name, "away");
    let mut play = with_accounts(&["Globalmod"]);
    play.say("Globalmod", r#"ACB {"character":"away"}"#);
    play.chat.handle(Input::CharactersFound { id: 1, answer: None });
    assert_eq!(play.heard(), "Globalmod: SYS");
    assert_eq!(play.chat.core.snapshot().name_sanctions.len(), 1);
}

#[test]
fn a_channel_ban_holds_for_the_account_and_names_nobody_else() {
    let mut play = Play::in_garden(&["Modder", "Bob/7", "Alt/7", "Cyd/8"]);
    play.enter("Third/7");
    play.heard();
    let ban = r#"CBU {"channel":"garden","character":"bob"}"#;
    let cyd = play.id("Cyd");
    play.chat.pass(1_000);
    play.chat.say(play.id("Modder"), ban);
    let frames = play.chat.take(cyd);
    let codes: Vec<_> = frames.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(codes, ["CBU", "LCH", "LCH"]);
    assert_eq!(frames[0].1["character"], "Bob");
    assert_eq!(frames[2].1, json!({"channel": "Garden", "character": "Alt"}));
    play.heard();
    for name in ["Bob", "Alt", "Third"] {
        let text = r#"JCH {"channel":"garden"}"#;
        play.check(name, text, &format!("{name}: ERR 48"));
    }
    let list = play.frames("Cyd", r#"CBL {"channel":"garden"}"#, "Cyd");
    assert!(!list[0].1.to_string().contains("Alt"), "{list:?}");
    play.say("Modder", r#"CUB {"channel":"garden","character":"Bob"}"#);
    play.check(
        "Alt",
        r#"JCH {"channel":"garden"}"#,
        "Alt: JCH COL ICH CDS | Cyd, Modder: JCH",
    );
}

#[test]
fn a_channel_ban_by_name_holds_for_the_account_once_that_is_known() {
    let mut play = Play::in_garden(&["Modder", "Alt/7"]);
    play.check(
        "Modder",
        r#"CBU {"channel":"garden","character":"Bob"}"#,
        "Alt, Modder: CBU",
    );
    play.enter("Bob/7");
    assert_eq!(play.heard(), "Alt: LCH ERR 48 NLN | Modder: LCH NLN");
    play.check("Alt", r#"JCH {"channel":"garden"}"#, "Alt: ERR 48");
    let snapshot = play.chat.core.snapshot();
    let garden = snapshot
        .channels
        .iter()
        .find(|channel| channel.head.name == "Garden");
    assert_eq!(garden.unwrap().bans[0].account, 7);
}

#[test]
fn channel_bans_can_be_for_characters_alone() {
    let mut settings = Settings::default();
    settings
        .set("channel_ban_accounts", Setting::Boolean(false))
        .unwrap();
    let mut play = Play::on(&site(), settings, &["Modder", "Bob/7", "Alt/7"]);
    for name in ["Modder", "Bob", "Alt"] {
        play.say(name, r#"JCH {"channel":"garden"}"#);
    }
    play.heard();
    let ban = r#"CBU {"channel":"garden","character":"bob"}"#;
    play.check("Modder", ban, "Alt, Bob, Modder: CBU LCH");
}

#[test]
fn moderators_do_not_lose_their_channel_to_a_ban_of_another_character() {
    let mut play = Play::in_garden(&["Owner", "Modder/7", "Bob/7"]);
    play.check(
        "Owner",
        r#"CBU {"channel":"garden","character":"bob"}"#,
        "Bob, Modder, Owner: CBU LCH",
    );
    play.say("Modder", r#"LCH {"channel":"garden"}"#);
    let heard = play.say("Modder", r#"JCH {"channel":"garden"}"#);
    assert!(heard.contains("Modder: JCH"), "{heard}");
}

#[test]
fn invitations_end_with_a_ban() {
    let mut play = Play::with(&["Globalmod", "Alice", "Bob/7", "Alt/7"]);
    let room = play.private_room("Alice", &[]);
    let say = |code: &str, name: &str| format!(r#"{code} {{"channel":"{room}","character":"{name}"}}"#);
    for name in ["Bob", "Alt"] {
        play.say("Alice", &say("CIU", name));
    }
    play.say("Alice", &say("CBU", "Bob"));
    play.say("Alice", &say("CUB", "Bob"));
    for name in ["Bob", "Alt"] {
        let join = format!(r#"JCH {{"channel":"{room}"}}"#);
        play.check(name, &join, &format!("{name}: ERR 44"));
        play.say("Alice", &say("CIU", name));
    }
    play.say("Globalmod", r#"TMO {"character":"bob","time":1,"reason":"r"}"#);
    play.chat.pass(61_000);
    play.enter("Alt/7");
    play.heard();
    play.check("Alt", &format!(r#"JCH {{"channel":"{room}"}}"#), "Alt: ERR 44");
}

#[test]
fn a_raid_stands_before_a_locked_door() {
    let raiders: Vec<String> = (0..50)
        .map(|number| format!("Raider{number}/{}", 900 + number))
        .collect();
    let mut play = Play::in_garden(&["Modder", "Alice"]);
    for raider in &raiders {
        play.enter(raider);
    }
    play.heard();
    let lock = |status: &str| format!(r#"CLK {{"channel":"garden","status":"{status}"}}"#);
    play.check("Alice", &lock("locked"), "Alice: ERR 19");
    play.check("Modder", &lock("x"), "Modder: ERR 1");
    play.check("Modder", &lock("locked"), "Modder: SYS");
    let join = r#"JCH {"channel":"garden"}"#;
    for raider in &raiders {
        let name = raider.split('/').next().unwrap();
        let heard = play.say_quickly(name, join);
        assert_eq!(heard, format!("{name}: ERR 44"));
    }
    // Moderators bring people in.
    let invite = r#"CIU {"channel":"garden","character":"Raider0"}"#;
    play.check("Alice", invite, "Alice: ERR 19");
    play.check("Modder", invite, "Modder: SYS | Raider0: CIU");
    play.check("Raider0", join, "Alice, Modder: JCH | Raider0: JCH COL ICH CDS");
    // It survives a restart, and moderators are told.
    let snapshot = play.chat.core.snapshot();
    let mut later = Play::on(&snapshot, Settings::default(), &["Modder", "Bob"]);
    later.check("Modder", join, "Modder: JCH COL ICH CDS SYS");
    later.check("Bob", join, "Bob: ERR 44");
    later.check("Modder", &lock("open"), "Modder: SYS");
    later.check("Bob", join, "Bob: JCH COL ICH CDS | Modder: JCH");
}

#[test]
fn slow_mode_lets_a_raid_in_one_by_one() {
    let raiders: Vec<String> = (0..50)
        .map(|number| format!("Raider{number}/{}", 900 + number))
        .collect();
    let mut play = Play::in_garden(&["Modder", "Globalmod"]);
    for raider in &raiders {
        play.enter(raider);
    }
    play.heard();
    let slow = |seconds: &str| format!(r#"CSL {{"channel":"garden","seconds":{seconds}}}"#);
    for bad in ["-1", "3601", "0.5", "\"x\""] {
        play.check("Modder", &slow(bad), "Modder: ERR 1");
    }
    play.check("Modder", &slow("30"), "Modder: SYS");
    let join = r#"JCH {"channel":"garden"}"#;
    let mut come = 0;
    for raider in &raiders {
        let name = raider.split('/').next().unwrap();
        come += usize::from(!play.say(name, join).contains("ERR 44"));
    }
    assert_eq!(come, 2, "fifty seconds have passed");
    play.say("Globalmod", r#"LCH {"channel":"garden"}"#);
    let heard = play.say_quickly("Globalmod", join);
    assert!(
        heard.contains("Globalmod: JCH"),
        "the staff does not wait: {heard}"
    );
    let frames = play.frames("Raider49", join, "Raider49");
    assert!(frames[0].1["message"].as_str().unwrap().contains("Try again in"));
    play.check("Modder", &slow("0"), "Modder: SYS");
    for name in ["Raider48", "Raider49"] {
        assert!(!play.say_quickly(name, join).contains("ERR"));
    }
}

#[test]
fn a_lost_role_ends_the_place_in_the_staff_room_at_once() {
    let mut play = Play::with(&[
        "Admin Ann",
        "Globalmod",
        "Superone",
        "Modder",
        "Staff Stan",
        "Alice",
    ]);
    let members = |play: &mut Play| {
        play.say(
            "Staff Stan",
            r#"MSG {"channel":"ADH-UBERAWESOMESTAFFROOM","message":"x"}"#,
        )
    };
    assert_eq!(members(&mut play), "Admin Ann, Globalmod, Modder, Superone: MSG");
    let heard = play.say("Admin Ann", r#"DOP {"character":"globalmod"}"#);
    assert!(
        heard.contains("Globalmod: DOP LCH") || heard.contains("DOP LCH"),
        "{heard}"
    );
    assert_eq!(members(&mut play), "Admin Ann, Modder, Superone: MSG");
    play.say("Admin Ann", r#"SCP {"action":"remove","character":"superone"}"#);
    assert_eq!(members(&mut play), "Admin Ann, Modder: MSG");
    play.say("Admin Ann", r#"COR {"channel":"garden","character":"modder"}"#);
    assert_eq!(members(&mut play), "Admin Ann: MSG");
    let join = r#"JCH {"channel":"ADH-UBERAWESOMESTAFFROOM"}"#;
    for name in ["Globalmod", "Superone", "Modder"] {
        play.check(name, join, &format!("{name}: ERR 44"));
    }
    // An administrator's rights can end by the website or the operator.
    let account = play.id("Admin Ann").slot + 100;
    let mut becomes_admin = |admin: bool| {
        play.chat.handle(Input::Bridge {
            code: "ADM",
            payload: &format!(r#"{{"a":{account},"admin":{admin}}}"#),
        });
        play.heard()
    };
    let everybody_else = "Alice, Globalmod, Modder, Superone";
    assert_eq!(
        becomes_admin(false),
        format!("Admin Ann, Staff Stan: DOP LCH | {everybody_else}: DOP")
    );
    assert_eq!(becomes_admin(false), "");
    assert_eq!(
        becomes_admin(true),
        "Admin Ann, Alice, Globalmod, Modder, Staff Stan, Superone: AOP"
    );
    assert_eq!(becomes_admin(true), "", "everybody knows");
}

#[test]
fn a_channel_goes_to_an_heir() {
    let mut play = with_accounts(&["Modder", "Alice"]);
    play.say("Modder", r#"JCH {"channel":"garden"}"#);
    play.heard();
    play.chat.handle(Input::Bridge {
        code: "CDL",
        payload: r#"{"a":999,"n":"Owner"}"#,
    });
    play.chat.store(u64::MAX);
    assert_eq!(play.heard(), "Modder: SYS COL CSO COA");
    let owner = |play: &Play, name: &str| {
        let channels = play.chat.core.snapshot().channels;
        channels
            .into_iter()
            .find(|channel| channel.head.name == name)
            .unwrap()
            .head
            .owner
    };
    assert_eq!(owner(&play, "Garden"), "Modder");
    // An operator's deletion names no heir: the account service is asked, and asked again for the heirs.
    play.chat.handle(Input::Bridge {
        code: "CDL",
        payload: r#"{"a":999,"n":"12345"}"#,
    });
    let asked = answer(
        &mut play,
        &json!([{"name": "Roomowner", "account": 5, "character": 5}]),
    );
    assert!(asked.contains(&"Modder".to_owned()), "{asked:?}");
    play.chat.store(u64::MAX);
    assert_eq!(play.heard(), "Modder: SYS COL");
    assert_eq!(owner(&play, "Garden"), "", "the staff has it");
    assert_eq!(owner(&play, "ADH-0123456789abcdef0123"), "Roomowner");
}

#[test]
fn phrases_are_found_wherever_they_are_said() {
    let mut settings = Settings::default();
    let phrases = Setting::List(vec!["buy gold".to_owned()]);
    settings.set("blacklist_phrases", phrases).unwrap();
    let mut play = Play::on(&site(), settings, &["Alice", "Modder"]);
    for name in ["Alice", "Modder"] {
        play.say(name, r#"JCH {"channel":"garden"}"#);
    }
    play.heard();
    for phrase in [
        "buy gold",
        "BUY GOLD",
        "b[b]uy g[/b]old",
        "bu\u{200b}y go\u{301}ld",
        "ｂｕｙ gold",
    ] {
        for text in [
            json!({"channel": "garden", "message": phrase}),
            json!({"recipient": "Alice", "message": phrase}),
        ] {
            let code = if text["channel"].is_null() { "PRI" } else { "MSG" };
            play.check("Modder", &format!("{code} {text}"), "");
            if code == "MSG" {
                play.chat.pass(600_000);
                play.check("Modder", &format!("LRP {text}"), "");
            }
        }
        play.chat.pass(60_000);
        let status = json!({"status": "busy", "statusmsg": phrase});
        let frames = play.frames("Modder", &format!("STA {status}"), "Modder");
        assert_eq!(
            frames.last().unwrap().1["statusmsg"],
            phrase,
            "its author sees it"
        );
        play.chat.pass(60_000);
        let frames = play.frames("Modder", &format!("STA {status}"), "Alice");
        assert_eq!(frames[0].1["statusmsg"], "");
        let description = json!({"channel": "garden", "description": phrase});
        play.check("Modder", &format!("CDS {description}"), "Modder: CDS");
        let room = json!({ "channel": phrase });
        play.check("Modder", &format!("CCR {room}"), "Modder: ERR 67");
    }
}
