//! Rooms and their guests, moderators, bans and reports: the usual course, and the order of errors.

use crate::support::play::Play;
use serde_json::json;

#[test]
fn rooms_invitations_and_openness() {
    let mut play = Play::with(&["Alice", "Bob", "Carol", "Globalmod"]);
    let room = play.private_room("Alice", &[]);
    let command = |code: &str, rest: &str| format!(r#"{code} {{"channel":"{}"{rest}}}"#, room.to_lowercase());
    let invite = |who: &str| command("CIU", &format!(r#","character":"{who}""#));
    play.check("Bob", &invite("Carol"), "Bob: ERR 49");
    play.check_all(
        "Alice",
        &[
            (r#"CIU {"channel":"nowhere","character":"bob"}"#, "Alice: ERR 26"),
            (&invite("Nobody"), "Alice: ERR 6"),
            (&command("CIU", ""), "Alice: ERR 1"),
        ],
    );
    play.check("Bob", &command("JCH", ""), "Bob: ERR 44");
    let frames = play.frames("Alice", &invite("bob"), "Bob");
    assert_eq!(
        frames,
        [(
            "CIU".to_owned(),
            json!({"sender": "Alice", "title": "Den", "name": room})
        )]
    );
    play.check("Bob", &command("JCH", ""), "Alice: JCH | Bob: JCH COL ICH CDS");
    play.check("Bob", &invite("Carol"), "Bob: ERR 19");
    play.check(
        "Globalmod",
        &command("JCH", ""),
        "Alice, Bob: JCH | Globalmod: JCH COL ICH CDS",
    );
    play.check("Globalmod", &invite("Carol"), "Carol: CIU | Globalmod: SYS");
    play.check("Bob", &command("RST", r#","status":"public""#), "Bob: ERR 19");
    play.check("Alice", &command("RST", r#","status":"open""#), "Alice: ERR 1");
    play.check(
        "Alice",
        r#"RST {"channel":"nowhere","status":"public"}"#,
        "Alice: ERR 26",
    );
    play.check("Alice", &command("RST", r#","status":"public""#), "Alice: SYS");
    play.check("Bob", &invite("Carol"), "Bob: SYS | Carol: CIU");
    play.say("Alice", r#"JCH {"channel":"garden"}"#);
    play.heard();
    play.check(
        "Alice",
        r#"CIU {"channel":"garden","character":"bob"}"#,
        "Alice: ERR 47",
    );
    play.check(
        "Globalmod",
        r#"RST {"channel":"garden","status":"public"}"#,
        "Globalmod: ERR 1",
    );
    play.check("Alice", &command("RMO", r#","mode":"x""#), "Alice: ERR 1");
    play.check("Bob", &command("RMO", r#","mode":"ads""#), "Bob: ERR 19");
    play.check(
        "Alice",
        &command("RMO", r#","mode":"ADS""#),
        "Alice, Bob, Globalmod: RMO",
    );
    play.check("Alice", &command("COL", ""), "Alice: COL SYS");
    play.check("Alice", &command("CBL", ""), "Alice: SYS");
    play.check("Alice", r#"COL {"channel":"nowhere"}"#, "Alice: ERR 26");
    play.check("Alice", r#"CBL {"channel":"nowhere"}"#, "Alice: ERR 26");
    let long = format!(r#","description":"{}""#, "x".repeat(50_001));
    play.check("Bob", &command("CDS", &long), "Bob: ERR 75");
    play.check("Bob", &command("CDS", r#","description":"x""#), "Bob: ERR 19");
    play.check(
        "Alice",
        &command("CDS", r#","description":"x""#),
        "Alice, Bob, Globalmod: CDS",
    );
}

#[test]
fn moderators_and_owners() {
    let mut play = Play::in_garden(&["Alice", "Owner", "Modder"]);
    play.enter("Staff Stan");
    play.heard();
    play.check(
        "Modder",
        r#"COA {"channel":"garden","character":"alice"}"#,
        "Modder: ERR 19",
    );
    play.check(
        "Owner",
        r#"COA {"channel":"nowhere","character":"alice"}"#,
        "Owner: ERR 26",
    );
    play.check(
        "Owner",
        r#"COA {"channel":"garden","character":""}"#,
        "Owner: ERR 1",
    );
    play.check("Alice", "PCR", "Alice: ERR 19");
    let text = r#"COA {"channel":"GARDEN","character":"ALICE"}"#;
    let frames = play.frames("Owner", text, "Modder");
    assert_eq!(frames.len(), 3);
    let list = json!(["Owner", "Modder", "Alice", "Superone"]);
    assert_eq!(
        frames[1],
        ("COL".into(), json!({"channel": "Garden", "oplist": list}))
    );
    assert_eq!(
        frames[2],
        ("COA".into(), json!({"channel": "Garden", "character": "Alice"}))
    );
    play.check("Alice", "PCR", "Alice: SYS");
    play.check("Owner", text, "");
    play.check("Owner", r#"COR {"channel":"garden","character":"owner"}"#, "");
    let silent = r#"COR {"channel":"garden","character":"alice","silent":true}"#;
    play.check("Owner", silent, "Alice, Modder, Owner: COL COR");
    play.check("Owner", silent, "");
    play.check("Alice", "PCR", "Alice: ERR 19");
    play.check(
        "Modder",
        r#"COR {"channel":"garden","character":"modder"}"#,
        "Modder: ERR 19",
    );
    play.check(
        "Owner",
        r#"CSO {"channel":"garden","character":"Nobody"}"#,
        "Owner: ERR 6",
    );
    let give = r#"CSO {"channel":"garden","character":"alice"}"#;
    play.check("Owner", give, "Alice, Modder, Owner: SYS COL CSO COA");
    play.check("Owner", give, "Owner: ERR 19");
    play.check("Owner", r#"KIC {"channel":"garden"}"#, "Owner: ERR 19");
    play.check("Modder", "PCR", "Modder: SYS");
    play.check(
        "Alice",
        r#"KIC {"channel":"garden"}"#,
        "Alice: BRO LCH SYS | Modder: BRO LCH LCH | Owner: BRO LCH | Staff Stan: LCH",
    );
    play.check("Modder", "PCR", "Modder: ERR 19");
    play.check("Alice", r#"KIC {"channel":"garden"}"#, "Alice: ERR 26");
}

#[test]
fn kicks_bans_and_timeouts() {
    let mut play = Play::in_garden(&["Alice", "Bob", "Modder", "Owner"]);
    play.enter("Carol");
    play.heard();
    play.check_all(
        "Modder",
        &[
            (
                r#"CKU {"channel":"nowhere","character":"alice"}"#,
                "Modder: ERR 26",
            ),
            (
                r#"CKU {"channel":"garden","character":"nobody"}"#,
                "Modder: ERR 6",
            ),
            (
                r#"CKU {"channel":"garden","character":"carol"}"#,
                "Modder: ERR 49",
            ),
            (
                r#"CKU {"channel":"garden","character":"owner"}"#,
                "Modder: ERR 21",
            ),
            (
                r#"CTU {"channel":"garden","character":"alice","length":"x"}"#,
                "Modder: ERR 38",
            ),
            (
                r#"CTU {"channel":"garden","character":"alice","length":0.5}"#,
                "Modder: ERR 38",
            ),
            (
                r#"CTU {"channel":"garden","character":"alice","length":5256001}"#,
                "Modder: ERR 38",
            ),
            (
                r#"CTU {"channel":"garden","character":"alice","length":"0x10"}"#,
                "Modder: ERR 38",
            ),
            (
                r#"CTU {"channel":"nowhere","character":"alice","length":5}"#,
                "Modder: ERR 26",
            ),
            (
                r#"CBU {"channel":"garden","character":"owner"}"#,
                "Modder: ERR 21",
            ),
            (
                r#"CUB {"channel":"garden","character":"alice"}"#,
                "Modder: ERR 42",
            ),
        ],
    );
    for text in [
        r#"CKU {"channel":"garden","character":"bob"}"#,
        r#"CBU {"channel":"garden","character":"bob"}"#,
        r#"CTU {"channel":"garden","character":"bob","length":5}"#,
        r#"CUB {"channel":"garden","character":"bob"}"#,
    ] {
        play.check("Alice", text, "Alice: ERR 19");
    }
    let kicked = play.frames(
        "Modder",
        r#"CKU {"channel":"GARDEN","character":"ALICE"}"#,
        "Alice",
    );
    assert_eq!(
        kicked,
        [
            (
                "CKU".to_owned(),
                json!({"channel": "Garden", "operator": "Modder", "character": "Alice"})
            ),
            (
                "LCH".to_owned(),
                json!({"channel": "Garden", "character": "Alice"})
            ),
        ]
    );
    play.check(
        "Alice",
        r#"JCH {"channel":"garden"}"#,
        "Alice: JCH COL ICH CDS | Bob, Modder, Owner: JCH",
    );
    let ban = r#"CBU {"channel":"garden","character":"alice"}"#;
    play.check("Modder", ban, "Alice, Bob, Modder, Owner: CBU LCH");
    play.check("Modder", ban, "Modder: ERR 41");
    let timed = play.frames(
        "Modder",
        r#"CTU {"channel":"garden","character":"bob","length":"5"}"#,
        "Bob",
    );
    assert_eq!(timed[0].1["length"], 5);
    play.check(
        "Modder",
        r#"CUB {"channel":"garden","character":"BOB"}"#,
        "Modder: SYS",
    );
    play.check(
        "Modder",
        r#"CBU {"channel":"garden","character":"Offline"}"#,
        "Modder, Owner: CBU",
    );
    for number in 0..298 {
        play.say_quickly(
            "Modder",
            &format!(r#"CBU {{"channel":"garden","character":"b{number}"}}"#),
        );
    }
    play.heard();
    play.check(
        "Modder",
        r#"CBU {"channel":"garden","character":"more"}"#,
        "Modder: ERR 74",
    );
    play.enter("Globalmod");
    play.heard();
    play.check(
        "Globalmod",
        r#"CTU {"channel":"garden","character":"more","length":5}"#,
        "Globalmod: ERR 49",
    );
    play.check(
        "Globalmod",
        r#"CBU {"channel":"garden","character":"more"}"#,
        "Modder, Owner: CBU",
    );
}

#[test]
fn a_person_kicked_from_a_private_room_needs_a_new_invitation() {
    let mut play = Play::with(&["Alice", "Bob"]);
    let room = play.private_room("Alice", &["Bob"]);
    let command = |code: &str| format!(r#"{code} {{"channel":"{room}","character":"bob"}}"#);
    play.check("Alice", &command("CKU"), "Alice, Bob: CKU LCH");
    play.check("Bob", &format!(r#"JCH {{"channel":"{room}"}}"#), "Bob: ERR 44");
}

#[test]
fn administration() {
    let mut play = Play::with(&["Admin Ann", "Alice/7", "Alt/7", "Bob", "Globalmod"]);
    for (text, number) in [
        (r#"ACB {"character":"alice"}"#, 19),
        (r#"KIK {"character":"alice"}"#, 19),
        (r#"UNB {"character":"alice"}"#, 19),
        (r#"TMO {"character":"alice","time":5,"reason":"r"}"#, 19),
        (r#"AOP {"character":"alice"}"#, 10),
        (r#"DOP {"character":"alice"}"#, 10),
        (r#"RWD {"character":"alice"}"#, 10),
        (r#"BRO {"message":"x"}"#, 10),
        (r#"SCP {"action":"add","character":"x"}"#, 10),
        ("RLD", 10),
        (r#"ZZZ {"command":"help"}"#, 10),
        (r#"CRC {"channel":"new"}"#, 19),
        ("PCR", 19),
    ] {
        play.check("Bob", text, &format!("Bob: ERR {number}"));
    }
    play.check_all(
        "Globalmod",
        &[
            (r#"KIK {"character":"nobody"}"#, "Globalmod: ERR 6"),
            (r#"ACB {"character":"admin ann"}"#, "Globalmod: ERR 21"),
            (
                r#"TMO {"character":"globalmod","time":5,"reason":"r"}"#,
                "Globalmod: ERR 21",
            ),
            (
                r#"TMO {"character":"alice","time":0,"reason":"r"}"#,
                "Globalmod: ERR 38",
            ),
            (
                r#"TMO {"character":"alice","time":5256001,"reason":"r"}"#,
                "Globalmod: ERR 38",
            ),
            (r#"TMO {"character":"alice","time":5}"#, "Globalmod: ERR 1"),
            (r#"UNB {"character":"nobody"}"#, "Globalmod: SYS"),
            (r#"AOP {"character":"alice"}"#, "Globalmod: ERR 10"),
        ],
    );
    let everyone = "Admin Ann, Alice, Alt, Bob, Globalmod";
    play.check(
        "Admin Ann",
        r#"BRO {"message":"<hi>"}"#,
        &format!("{everyone}: BRO"),
    );
    play.check(
        "Admin Ann",
        r#"RWD {"character":"alice"}"#,
        &format!("{everyone}: STA"),
    );
    play.check("Admin Ann", r#"AOP {"character":"nobody"}"#, "Admin Ann: ERR 6");
    let all = "Admin Ann: AOP SYS | Alice, Alt, Bob, Globalmod: AOP";
    play.check("Admin Ann", r#"AOP {"character":"bob"}"#, all);
    play.check("Admin Ann", r#"AOP {"character":"bob"}"#, "Admin Ann: ERR 16");
    play.check("Bob", r#"UNB {"character":"nobody"}"#, "Bob: SYS");
    let frames = play.frames("Admin Ann", r#"DOP {"character":"BOB"}"#, "Alice");
    assert_eq!(frames, [("DOP".to_owned(), json!({"character": "Bob"}))]);
    play.check("Admin Ann", r#"DOP {"character":"bob"}"#, "Admin Ann: ERR 17");
    play.check("Bob", r#"UNB {"character":"nobody"}"#, "Bob: ERR 19");
    play.check("Admin Ann", r#"SCP {"action":"add"}"#, "Admin Ann: ERR 1");
    play.check(
        "Admin Ann",
        r#"SCP {"action":"x","character":"bob"}"#,
        "Admin Ann: ERR 1",
    );
    play.check("Admin Ann", r#"SCP {"action":"add","character":"bob"}"#, "");
    play.check("Bob", "PCR", "Bob: SYS");
    play.check("Admin Ann", r#"SCP {"action":"remove","character":"bob"}"#, "");
    play.check("Bob", "PCR", "Bob: ERR 19");
    play.check("Admin Ann", "RLD", "Admin Ann: SYS");
    play.check("Admin Ann", r#"RLD {"save":"yes"}"#, "Admin Ann: SYS SYS");
    play.check("Admin Ann", r#"CRC {"channel":"New"}"#, "Admin Ann: SYS");
    play.check("Admin Ann", r#"CRC {"channel":"new"}"#, "");
    play.check("Bob", r#"JCH {"channel":"new"}"#, "Bob: JCH COL ICH CDS");

    let heard = play.say("Globalmod", r#"KIK {"character":"bob"}"#);
    assert!(
        heard.contains("Bob: ERR 40") && heard.contains("Globalmod: SYS FLN"),
        "{heard}"
    );
    let bob = play.id("Bob");
    assert!(play.chat.edge.closed.contains(&bob));
}

#[test]
fn account_bans_and_timeouts_hold_for_all_characters() {
    let mut play = Play::with(&["Admin Ann", "Alice/7", "Alt/7", "Bob/8"]);
    let heard = play.say("Admin Ann", r#"ACB {"character":"alice"}"#);
    assert!(
        heard.contains("Alice: ERR 9") && heard.contains("Alt: ERR 9"),
        "{heard}"
    );
    let refused = |play: &mut Play, name: &str| {
        let frames = play.enter(name);
        assert_eq!(frames[0].1["number"], 9, "{name}: {frames:?}");
        assert_eq!(play.heard(), "", "nobody hears of {name}");
    };
    refused(&mut play, "Third/7");
    assert!(play.enter("Admin Alt/7").len() > 10, "administrators come in");
    assert!(play.enter("Globalmod/7").len() > 10, "global moderators come in");
    play.heard();
    play.check("Admin Ann", r#"UNB {"character":"alt"}"#, "Admin Ann: SYS");
    refused(&mut play, "Third/7");
    play.check("Admin Ann", r#"UNB {"character":"ALICE"}"#, "Admin Ann: SYS");
    assert!(play.enter("Third/7").len() > 10);
    play.heard();
    let text = r#"TMO {"character":"bob","time":"2.5","reason":"be nice"}"#;
    let frames = play.frames("Admin Ann", text, "Bob");
    assert_eq!(frames[0].1["number"], 39);
    assert!(frames[0].1["message"].as_str().unwrap().contains("be nice"));
    refused(&mut play, "Bobby/8");
    play.chat.pass(150_000);
    assert!(play.enter("Bobby/8").len() > 10, "the time is over");
}

#[test]
fn reports() {
    let mut play = Play::with(&["Admin Ann", "Alice", "Bob", "Globalmod", "Modder", "Superone"]);
    play.check_all(
        "Alice",
        &[
            ("SFC", "Alice: ERR 1"),
            (r#"SFC {"action":"report"}"#, "Alice: ERR 1"),
            (r#"SFC {"action":"confirm"}"#, "Alice: ERR 1"),
            (r#"SFC {"action":"x","report":"x"}"#, "Alice: ERR 1"),
            (r#"SFC {"action":"confirm","callid":"none"}"#, ""),
        ],
    );
    let text = r#"SFC {"action":"report","report":"bad <man>","tab":"garden","logid":42}"#;
    let frames = play.frames("Alice", text, "Modder");
    let call = frames[0].1["callid"].as_str().unwrap().to_owned();
    assert!(call.ends_with(":Alice"), "{call}");
    let wanted = json!({"action": "report", "callid": call, "report": "bad &lt;man&gt;", "character": "Alice",
        "timestamp": frames[0].1["timestamp"], "tab": "garden", "logid": 42});
    assert_eq!(frames[0].1, wanted);
    play.check("Alice", text, "Alice: ERR 54");
    for name in ["Admin Ann", "Globalmod", "Modder", "Superone"] {
        play.check(name, "PCR", &format!("{name}: SFC SYS"));
    }
    let confirm = format!(r#"SFC {{"action":"confirm","callid":"{call}"}}"#);
    play.check("Bob", &confirm, "Bob: ERR 19");
    play.check("Modder", &confirm, "Admin Ann, Globalmod, Modder, Superone: SFC");
    play.check("Modder", &confirm, "");
    let twice = r#"SFC {"action":"report","report":"one"}"#;
    let first = play.frames("Modder", twice, "Globalmod");
    play.chat.say(play.id("Modder"), twice);
    let id = play.id("Globalmod");
    let second = play.chat.take(id);
    assert_ne!(first[0].1["callid"], second[0].1["callid"]);
    assert_eq!(first[0].1["tab"], "Unknown Tab");
    assert!(first[0].1.get("logid").is_none());
}
