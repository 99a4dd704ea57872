//! Every command of docs/protocol.md: its effect on success, and the order of its errors.

use crate::support::play::Play;
use serde_json::json;

#[test]
fn the_burst_brings_staff_into_their_room_and_shows_them_open_reports() {
    let mut play = Play::with(&["Alice"]);
    play.check(
        "Alice",
        r#"SFC {"action":"report","report":"help"}"#,
        "Alice: SYS",
    );
    let codes = |frames: Vec<crate::support::Frame>| {
        let after = frames.into_iter().skip_while(|(code, _)| code != "NLN").skip(1);
        after.map(|(code, _)| code).collect::<Vec<_>>().join(" ")
    };
    for name in ["Globalmod", "Superone", "Admin Ann"] {
        assert_eq!(codes(play.enter(name)), "SFC JCH COL ICH CDS", "{name}");
    }
    for name in ["Modder", "Staff Stan"] {
        assert_eq!(codes(play.enter(name)), "JCH COL ICH CDS", "{name}");
    }
    for name in ["Owner", "Bob"] {
        assert_eq!(codes(play.enter(name)), "", "{name}");
    }
    play.heard();
    play.check(
        "Bob",
        r#"JCH {"channel":"ADH-UBERAWESOMESTAFFROOM"}"#,
        "Bob: ERR 44",
    );
    for name in ["Globalmod", "Admin Ann"] {
        for status in ["public", "private"] {
            let text = format!(r#"RST {{"channel":"adh-uberawesomestaffroom","status":"{status}"}}"#);
            play.check(name, &text, &format!("{name}: ERR 19"));
        }
    }
    play.check(
        "Admin Ann",
        r#"KIC {"channel":"adh-uberawesomestaffroom"}"#,
        "Admin Ann: ERR 19",
    );
}

#[test]
fn information() {
    let mut play = Play::with(&["Alice", "Bob"]);
    play.check_all(
        "Alice",
        &[
            ("UPT", "Alice: UPT"),
            ("CHA", "Alice: CHA"),
            ("CHA", ""),
            ("ORS", "Alice: ORS"),
            ("FRL", "Alice: FRL"),
            ("AWC", "Alice: ERR -3"),
            ("VAR", "Alice: ERR 8"),
            ("PRO", "Alice: ERR 1"),
            (r#"PRO {"character":"Nobody"}"#, "Alice: ERR 6"),
            ("KIN", "Alice: ERR 1"),
            (r#"KIN {"character":"Nobody"}"#, "Alice: ERR 6"),
        ],
    );
    let profile = play.frames("Alice", r#"PRO {"character":"bob"}"#, "Alice");
    let keys: Vec<_> = profile
        .iter()
        .filter_map(|(_, value)| value["key"].as_str())
        .collect();
    let wanted = [
        "Age",
        "Dom/Sub Role",
        "Furry preference",
        "Gender",
        "Language preference",
        "Orientation",
        "Position",
    ];
    assert_eq!(keys, wanted);
    assert!(
        profile
            .iter()
            .all(|(code, value)| code == "PRD" && value["character"] == "Bob")
    );
    assert_eq!(profile[0].1["type"], "start");
    assert_eq!(profile.last().unwrap().1["type"], "end");
    play.check("Alice", r#"PRO {"character":"bob"}"#, "Alice: ERR 7");
    let kinks = play.frames("Alice", r#"KIN {"character":"BOB"}"#, "Alice");
    assert_eq!(
        kinks[1].1,
        json!({"type": "custom", "character": "Bob", "key": "Tea", "value": "Green"})
    );
    play.check("Alice", r#"KIN {"character":"bob"}"#, "Alice: ERR 13");
}

#[test]
fn search() {
    let mut play = Play::with(&["Alice", "Bob", "Carol", "Dave"]);
    play.say("Dave", r#"STA {"status":"busy"}"#);
    play.heard();
    let mut search = |text: &str, wanted: serde_json::Value| {
        play.chat.pass(5_000);
        let id = play.id("Alice");
        play.chat.say(id, text);
        let frames = play.chat.take(id);
        assert_eq!(frames.len(), 1, "{text}");
        let (_, value) = &frames[0];
        let got = value.get("characters").or(value.get("number")).unwrap();
        assert_eq!(got, &wanted, "{text}");
    };
    search(r#"FKS {"kinks":[]}"#, json!(["Bob", "Carol"]));
    search(r#"FKS {"kinks":[1,"2"]}"#, json!(["Bob", "Carol"]));
    search(r#"FKS {"kinks":[501]}"#, json!(["Bob"]));
    search(r#"FKS {"kinks":[501,502]}"#, json!(18));
    search(r#"FKS {"kinks":["x"]}"#, json!(18));
    search(r#"FKS {"kinks":[1.5,null]}"#, json!(["Bob", "Carol"]));
    search(
        r#"FKS {"kinks":[1],"genders":["Male","Female"]}"#,
        json!(["Bob", "Carol"]),
    );
    search(r#"FKS {"kinks":[1],"genders":["Male"]}"#, json!(18));
    search(r#"FKS {"kinks":[1],"genders":[]}"#, json!(18));
    search(
        r#"FKS {"kinks":[1],"roles":["None"],"positions":["Switch"]}"#,
        json!(["Bob", "Carol"]),
    );
    search(r#"FKS {"kinks":[1,2,3,4,5,6]}"#, json!(61));
    search("FKS", json!(1));
    search("FKS {", json!(1));
    search(r#"FKS {"kinks":5}"#, json!(1));
    play.check("Alice", r#"FKS {"kinks":[]}"#, "Alice: ERR 50");
    play.leave("Bob");
    play.heard();
    play.chat.pass(5_000);
    let found = play.frames("Alice", r#"FKS {"kinks":[1]}"#, "Alice");
    assert_eq!(found[0].1, json!({"characters": ["Carol"], "kinks": [1]}));
}

#[test]
fn too_many_results() {
    let mut play = Play::with(&["Alice"]);
    for number in 0..351 {
        play.enter(&format!("Found {number}"));
    }
    play.chat.forget();
    play.check("Alice", r#"FKS {"kinks":[]}"#, "Alice: ERR 72");
    play.leave("Found 0");
    play.chat.forget();
    play.chat.pass(5_000);
    let found = play.frames("Alice", r#"FKS {"kinks":[]}"#, "Alice");
    assert_eq!(found[0].1["characters"].as_array().unwrap().len(), 350);
}

#[test]
fn ignores_are_one_list_for_the_account() {
    let mut play = Play::with(&["Alice/7", "Alt/7", "Bob", "Globalmod"]);
    play.check_all(
        "Alice",
        &[
            (r#"IGN {"action":"list"}"#, "Alice: IGN"),
            (r#"IGN {"action":"add","character":"bob"}"#, "Alice, Alt: IGN"),
            (r#"IGN {"action":"add","character":"globalmod"}"#, "Alice: ERR 21"),
            (r#"IGN {"action":"add"}"#, "Alice: ERR 1"),
            (r#"IGN {"action":"junk","character":"x"}"#, "Alice: ERR 1"),
            (r#"IGN {"character":"x"}"#, "Alice: ERR 1"),
            (r#"IGN {"action":"notify","character":"Nobody"}"#, ""),
            (r#"IGN {"action":"notify","character":"bob"}"#, "Bob: ERR 20"),
            (r#"IGN {"action":"notify","character":"bob"}"#, ""),
        ],
    );
    let list = play.frames("Alt", r#"IGN {"action":"list"}"#, "Alt");
    assert_eq!(list[0].1["characters"], json!(["mallory", "bob"]));
    play.check(
        "Alt",
        r#"IGN {"action":"delete","character":"MALLORY"}"#,
        "Alice, Alt: IGN",
    );
    let burst = play.enter("Third/7");
    let init = burst.iter().find(|(code, _)| code == "IGN").unwrap();
    assert_eq!(
        init.1["characters"],
        json!(["bob"]),
        "a later log-in finds what is true now"
    );
    play.heard();
    let cleared = play.frames("Third", r#"IGN {"action":"delete","character":"*"}"#, "Alice");
    assert_eq!(cleared[0].1, json!({"action": "init", "characters": []}));
    for number in 0..300 {
        play.say_quickly(
            "Alice",
            &format!(r#"IGN {{"action":"add","character":"p{number}"}}"#),
        );
    }
    play.check(
        "Alt",
        r#"IGN {"action":"add","character":"one more"}"#,
        "Alt: ERR 64",
    );
}

#[test]
fn rolling() {
    let mut play = Play::in_garden(&["Alice", "Bob"]);
    play.enter("Carol");
    play.enter("Hell Hound");
    play.heard();
    let roll = |play: &mut Play, dice: &str| {
        let text = format!(r#"RLL {{"channel":"GARDEN","dice":"{dice}"}}"#);
        let frames = play.frames("Alice", &text, "Alice");
        let (code, value) = frames.into_iter().next().unwrap();
        (code, value)
    };
    for (dice, rolls, results, total, tail) in [
        ("5+5", json!(["5", "5"]), json!([5, 5]), 10, "5 + 5 = [b]10[/b]"),
        ("3-5", json!(["3", "-5"]), json!([3, -5]), -2, "3 - 5 = [b]-2[/b]"),
        (
            "-3+1",
            json!(["-3", "1"]),
            json!([-3, 1]),
            -2,
            " - 3 + 1 = [b]-2[/b]",
        ),
        ("5", json!(["5"]), json!([5]), 5, "[b]5[/b]"),
        ("-5", json!(["-5"]), json!([-5]), -5, "[b]-5[/b]"),
        ("0-0", json!(["0", "-0"]), json!([0, 0]), 0, "0 - 0 = [b]0[/b]"),
    ] {
        let (code, value) = roll(&mut play, dice);
        assert_eq!(code, "RLL", "{dice}");
        let message = format!("[user]Alice[/user] rolls {dice}: {tail}");
        let wanted = json!({"type": "dice", "channel": "Garden", "character": "Alice", "rolls": rolls,
            "results": results, "endresult": total, "message": message});
        assert_eq!(value, wanted);
    }
    for _ in 0..50 {
        let (_, value) = roll(&mut play, "2d6+1d500-3");
        let results: Vec<i64> = serde_json::from_value(value["results"].clone()).unwrap();
        assert!((2..=12).contains(&results[0]) && (1..=500).contains(&results[1]) && results[2] == -3);
        assert_eq!(value["endresult"], results.iter().sum::<i64>());
    }
    let twenty_one = ["1"; 21].join("+");
    for bad in [
        "",
        "+",
        "-",
        "--5",
        "x",
        "10d6",
        "1d501",
        "1d1",
        "10001",
        "1e5",
        "nan",
        "inf",
        "1d6&",
        "nand6",
        "2dinf",
        &twenty_one,
    ] {
        let text = format!(r#"RLL {{"channel":"garden","dice":"{bad}"}}"#);
        play.check("Alice", &text, "Alice: ERR 36");
    }
    play.check_all(
        "Alice",
        &[
            (r#"RLL {"dice":"1d6"}"#, "Alice: ERR 1"),
            (r#"RLL {"channel":"garden"}"#, "Alice: ERR 1"),
            (r#"RLL {"channel":"nowhere","dice":"1d6"}"#, "Alice: ERR 26"),
            (r#"RLL {"channel":"frontpage","dice":"1d6"}"#, "Alice: ERR -10"),
            (r#"RLL {"channel":"garden","dice":"bottle"}"#, "Alice: ERR -10"),
            (r#"RLL {"channel":"ads","dice":"1d6"}"#, "Alice: ERR 60"),
            (r#"RLL {"channel":"talk","dice":"1d6"}"#, "Alice: ERR 45"),
            (r#"RLL {"recipient":"nobody","dice":"1d6"}"#, "Alice: ERR 6"),
            (r#"RLL {"recipient":"bob","dice":"1d6"}"#, "Alice, Bob: RLL"),
            (r#"RLL {"recipient":"bob","dice":"bottle"}"#, "Alice, Bob: RLL"),
            (r#"RLL {"channel":"garden","dice":"1d6"}"#, "Alice, Bob: RLL"),
        ],
    );
    play.check(
        "Hell Hound",
        r#"RLL {"recipient":"bob","dice":"1d6"}"#,
        "Hell Hound: RLL",
    );
    // One more waits its turn, and so do five.
    for count in 1..=6 {
        let heard = play.say_quickly("Hell Hound", r#"RLL {"recipient":"bob","dice":"1d6"}"#);
        assert_eq!(heard, if count > 5 { "Hell Hound: ERR 5" } else { "" });
    }
}

#[test]
fn the_bottle_points_at_somebody_who_is_there() {
    let mut play = Play::with(&["Alice", "Bob", "Carol"]);
    let room = play.private_room("Alice", &["Bob"]);
    let spin = format!(r#"RLL {{"channel":"{}","dice":"bottle"}}"#, room.to_lowercase());
    let frames = play.frames("Alice", &spin, "Bob");
    let wanted = json!({"type": "bottle", "channel": room, "character": "Alice", "target": "Bob",
        "message": "[user]Alice[/user] spins the bottle: [user]Bob[/user]"});
    assert_eq!(frames, [("RLL".to_owned(), wanted)]);
    play.say("Bob", r#"STA {"status":"busy"}"#);
    play.heard();
    play.check("Alice", &spin, "Alice: SYS");
}

#[test]
fn joining_and_leaving() {
    let mut play = Play::with(&["Alice", "Bob", "Modder", "Globalmod"]);
    play.check_all(
        "Alice",
        &[
            ("JCH", "Alice: ERR 1"),
            (r#"JCH {"channel":"nowhere"}"#, "Alice: ERR 26"),
            (r#"JCH {"channel":"GARDEN"}"#, "Alice: JCH COL ICH CDS"),
            (r#"JCH {"channel":"garden"}"#, "Alice: ERR 28"),
            (r#"LCH {"channel":"nowhere"}"#, "Alice: LCH ERR 26"),
            (r#"LCH {"channel":"talk"}"#, "Alice: LCH"),
            (r#"LCH {"channel":"garden"}"#, "Alice: LCH"),
        ],
    );
    play.check("Modder", r#"CBU {"channel":"garden","character":"alice"}"#, "");
    play.check("Modder", r#"JCH {"channel":"garden"}"#, "Modder: JCH COL ICH CDS");
    play.check("Alice", r#"JCH {"channel":"garden"}"#, "Alice: ERR 48");
    let timeout = r#"CTU {"channel":"garden","character":"bob","length":30}"#;
    play.check("Modder", timeout, "Modder: CTU");
    let refused = play.frames("Bob", r#"JCH {"channel":"garden"}"#, "Bob");
    assert_eq!(refused[0].1["number"], 48);
    assert!(
        refused[0].1["message"]
            .as_str()
            .unwrap()
            .contains("30 minutes more"),
        "{refused:?}"
    );
    play.chat.pass(30 * 60 * 1000);
    play.heard();
    play.check(
        "Bob",
        r#"JCH {"channel":"garden"}"#,
        "Bob: JCH COL ICH CDS | Modder: JCH",
    );
    for number in 0..75 {
        play.say_quickly("Globalmod", &format!(r#"CCR {{"channel":"room {number}"}}"#));
        play.say_quickly("Alice", &format!(r#"CCR {{"channel":"room {number}"}}"#));
    }
    play.heard();
    play.check("Alice", r#"CCR {"channel":"one more"}"#, "Alice: ERR 73");
    play.check("Alice", r#"JCH {"channel":"talk"}"#, "Alice: ERR 73");
    play.check(
        "Globalmod",
        r#"JCH {"channel":"talk"}"#,
        "Globalmod: JCH COL ICH CDS",
    );
}

#[test]
fn typing_and_unknown() {
    let mut play = Play::with(&["Alice", "Bob"]);
    play.check_all(
        "Alice",
        &[
            (r#"TPN {"character":"bob","status":"typing"}"#, "Bob: TPN"),
            (r#"TPN {"character":"bob","status":"TYPING"}"#, ""),
            (r#"TPN {"character":"nobody","status":"typing"}"#, ""),
            (r#"TPN {"character":"bob"}"#, "Alice: ERR 1"),
            ("XYZ", "Alice: ERR 8"),
            ("XYZ {bad", "Alice: ERR 1"),
            ("xyz {}", "Alice: ERR 8"),
            ("UPT\t{}", "Alice: UPT"),
        ],
    );
}
