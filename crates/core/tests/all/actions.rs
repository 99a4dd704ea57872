//! Every moderation command that succeeds is in the action log exactly once. A refused one is not.

use crate::support::play::Play;
use fchatd_protocol::exchange::{ActionEntry, Input, Operation, Outputs, Request, Undo};

/// The entries of the action log, such as `CBU by Owner -> Bob in Garden`.
fn deeds(play: &mut Play) -> String {
    let entries = play.chat.requests.drain(..).filter_map(|request| match request {
        Request::Action(entry) => Some(sentence(&entry)),
        _ => None,
    });
    entries.collect::<Vec<_>>().join(" | ")
}

fn sentence(entry: &ActionEntry) -> String {
    let ActionEntry { name, code, .. } = entry;
    let mut text = format!("{code} by {name}");
    if let Some(target) = &entry.target {
        text = format!("{text} -> {}", target.character);
        if let Some(account) = target.account_id.filter(|&account| account < 100) {
            text = format!("{text}/{account}");
        }
    }
    match &entry.channel {
        Some(channel) => format!("{text} in {channel}"),
        None => text,
    }
}

#[track_caller]
fn check(play: &mut Play, lines: &[(&str, &str, &str)]) {
    for &(name, text, wanted) in lines {
        play.chat.requests.clear();
        let heard = play.say(name, text);
        assert_eq!(deeds(play), wanted, "{name} said {text}; {heard}");
    }
}

#[test]
fn in_channels() {
    let people = [
        "Admin Ann",
        "Owner",
        "Modder",
        "Superone",
        "Alice",
        "One/11",
        "Two/12",
        "Three/13",
    ];
    let mut play = Play::with(&people);
    for name in ["Owner", "Modder", "Superone", "Alice", "One", "Two", "Three"] {
        check(&mut play, &[(name, r#"JCH {"channel":"garden"}"#, "")]);
    }
    check(
        &mut play,
        &[
            ("Alice", r#"CKU {"channel":"garden","character":"one"}"#, ""),
            ("Modder", r#"CKU {"channel":"garden","character":"owner"}"#, ""),
            (
                "Modder",
                r#"CKU {"channel":"garden","character":"one"}"#,
                "CKU by Modder -> One/11 in Garden",
            ),
            ("Modder", r#"CKU {"channel":"garden","character":"one"}"#, ""),
            ("Alice", r#"CBU {"channel":"garden","character":"two"}"#, ""),
            (
                "Superone",
                r#"CBU {"channel":"GARDEN","character":"two"}"#,
                "CBU by Superone -> Two/12 in Garden",
            ),
            ("Superone", r#"CBU {"channel":"garden","character":"two"}"#, ""),
            (
                "Owner",
                r#"CBU {"channel":"garden","character":"Away"}"#,
                "CBU by Owner -> Away in Garden",
            ),
            (
                "Owner",
                r#"CTU {"channel":"garden","character":"three","length":5256001}"#,
                "",
            ),
            (
                "Owner",
                r#"CTU {"channel":"garden","character":"three","length":"5"}"#,
                "CTU by Owner -> Three/13 in Garden",
            ),
            ("Alice", r#"CUB {"channel":"garden","character":"two"}"#, ""),
            (
                "Owner",
                r#"CUB {"channel":"garden","character":"two"}"#,
                "CUB by Owner -> Two/12 in Garden",
            ),
            ("Owner", r#"CUB {"channel":"garden","character":"two"}"#, ""),
            ("Modder", r#"COA {"channel":"garden","character":"two"}"#, ""),
            (
                "Owner",
                r#"COA {"channel":"garden","character":"two"}"#,
                "COA by Owner -> Two/12 in Garden",
            ),
            ("Owner", r#"COA {"channel":"garden","character":"two"}"#, ""),
            (
                "Owner",
                r#"COR {"channel":"garden","character":"two"}"#,
                "COR by Owner -> Two/12 in Garden",
            ),
            ("Owner", r#"COR {"channel":"garden","character":"two"}"#, ""),
            ("Alice", r#"CDS {"channel":"garden","description":"x"}"#, ""),
            (
                "Modder",
                r#"CDS {"channel":"garden","description":"x"}"#,
                "CDS by Modder in Garden",
            ),
            (
                "Admin Ann",
                r#"CDS {"channel":"garden","description":"y"}"#,
                "CDS by Admin Ann in Garden",
            ),
            ("Alice", r#"CTO {"channel":"garden","topic":"x"}"#, ""),
            (
                "Modder",
                r#"CTO {"channel":"garden","topic":"x"}"#,
                "CTO by Modder in Garden",
            ),
            ("Admin Ann", r#"CTO {"channel":"garden","topic":"x"}"#, ""),
            ("Modder", r#"RMO {"channel":"garden","mode":"chat"}"#, ""),
            ("Owner", r#"RMO {"channel":"garden","mode":"loud"}"#, ""),
            (
                "Owner",
                r#"RMO {"channel":"garden","mode":"chat"}"#,
                "RMO by Owner in Garden",
            ),
            ("Owner", r#"RST {"channel":"garden","status":"private"}"#, ""),
            ("Modder", r#"CSO {"channel":"garden","character":"modder"}"#, ""),
            (
                "Owner",
                r#"CSO {"channel":"garden","character":"Nobody There"}"#,
                "",
            ),
            (
                "Owner",
                r#"CSO {"channel":"garden","character":"alice"}"#,
                "CSO by Owner -> Alice in Garden",
            ),
            ("Owner", r#"CRC {"channel":"Attic"}"#, ""),
            (
                "Admin Ann",
                r#"CRC {"channel":"Attic"}"#,
                "CRC by Admin Ann in Attic",
            ),
            ("Admin Ann", r#"CRC {"channel":"attic"}"#, ""),
            ("Modder", r#"KIC {"channel":"attic"}"#, ""),
            (
                "Admin Ann",
                r#"KIC {"channel":"attic"}"#,
                "KIC by Admin Ann in Attic",
            ),
            ("Admin Ann", r#"KIC {"channel":"attic"}"#, ""),
            // Events in a room are the business of its members.
            ("Alice", r#"CCR {"channel":"Mine"}"#, ""),
        ],
    );
    let room = play.private_room("Owner", &["One"]);
    for text in [
        format!(r#"CDS {{"channel":"{room}","description":"x"}}"#),
        format!(r#"RST {{"channel":"{room}","status":"public"}}"#),
        format!(r#"CBU {{"channel":"{room}","character":"one"}}"#),
    ] {
        check(&mut play, &[("Owner", &text, "")]);
    }
}

#[test]
fn on_the_whole_server() {
    let people = [
        "Admin Ann",
        "Globalmod",
        "Superone",
        "Alice",
        "One/11",
        "Two/12",
        "Three/13",
        "Four/14",
        "Five/14",
    ];
    let mut play = Play::with(&people);
    check(
        &mut play,
        &[
            ("Superone", r#"ACB {"character":"one"}"#, ""),
            ("Globalmod", r#"ACB {"character":"admin ann"}"#, ""),
            (
                "Globalmod",
                r#"ACB {"character":"Away"}"#,
                "ACB by Globalmod -> Away",
            ),
            (
                "Globalmod",
                r#"ACB {"character":"one"}"#,
                "ACB by Globalmod -> One/11",
            ),
            (
                "Globalmod",
                r#"TMO {"character":"two","time":5256001,"reason":"r"}"#,
                "",
            ),
            (
                "Globalmod",
                r#"TMO {"character":"two","time":5,"reason":"r"}"#,
                "TMO by Globalmod -> Two/12",
            ),
            ("Alice", r#"UNB {"character":"one"}"#, ""),
            (
                "Globalmod",
                r#"UNB {"character":"ONE"}"#,
                "UNB by Globalmod -> One/11",
            ),
            ("Globalmod", r#"UNB {"character":"one"}"#, ""),
            ("Alice", r#"KIK {"character":"three"}"#, ""),
            (
                "Globalmod",
                r#"KIK {"character":"three"}"#,
                "KIK by Globalmod -> Three/13",
            ),
            ("Globalmod", r#"KIK {"character":"Away"}"#, ""),
            ("Globalmod", r#"AOP {"character":"alice"}"#, ""),
            (
                "Admin Ann",
                r#"AOP {"character":"alice"}"#,
                "AOP by Admin Ann -> Alice",
            ),
            ("Admin Ann", r#"AOP {"character":"alice"}"#, ""),
            (
                "Admin Ann",
                r#"DOP {"character":"alice"}"#,
                "DOP by Admin Ann -> Alice",
            ),
            ("Admin Ann", r#"DOP {"character":"alice"}"#, ""),
            ("Globalmod", r#"SCP {"action":"add","character":"alice"}"#, ""),
            ("Admin Ann", r#"SCP {"action":"sub","character":"alice"}"#, ""),
            (
                "Admin Ann",
                r#"SCP {"action":"add","character":"alice"}"#,
                "SCP by Admin Ann -> Alice",
            ),
            (
                "Admin Ann",
                r#"SCP {"action":"remove","character":"alice"}"#,
                "SCP by Admin Ann -> Alice",
            ),
            ("Globalmod", r#"RWD {"character":"alice"}"#, ""),
            (
                "Admin Ann",
                r#"RWD {"character":"alice"}"#,
                "RWD by Admin Ann -> Alice",
            ),
            ("Globalmod", r#"BRO {"message":"x"}"#, ""),
            ("Admin Ann", r#"BRO {"message":"x"}"#, "BRO by Admin Ann"),
            ("Globalmod", "RLD", ""),
            ("Admin Ann", "RLD", "RLD by Admin Ann"),
            (
                "Alice",
                r#"SFC {"action":"report","report":"help","tab":"Garden"}"#,
                "SFC by Alice",
            ),
            (
                "Alice",
                r#"SFC {"action":"report","report":"help","tab":"Garden"}"#,
                "",
            ),
            ("Globalmod", r#"SFC {"action":"confirm","callid":"nothing"}"#, ""),
            ("Globalmod", "PCR", ""),
            ("Globalmod", r#"ZZZ {"command":"logger-start"}"#, ""),
            ("Admin Ann", r#"ZZZ {"command":"status"}"#, ""),
            ("Admin Ann", r#"ZZZ {"command":"reload"}"#, ""),
            (
                "Admin Ann",
                r#"ZZZ {"command":"reload","arg":"yes"}"#,
                "ZZZ by Admin Ann",
            ),
            (
                "Admin Ann",
                r#"ZZZ {"command":"logger-start"}"#,
                "ZZZ by Admin Ann",
            ),
            (
                "Admin Ann",
                r#"ZZZ {"command":"logger-stop"}"#,
                "ZZZ by Admin Ann",
            ),
            ("Admin Ann", r#"ZZZ {"command":"restart"}"#, "ZZZ by Admin Ann"),
            ("Admin Ann", r#"ZZZ {"command":"halt"}"#, "ZZZ by Admin Ann"),
            ("Admin Ann", "AWC", ""),
        ],
    );
    let call = play.chat.core.world().staff_calls[0].id.clone();
    let confirm = format!(r#"SFC {{"action":"confirm","callid":"{call}"}}"#);
    check(
        &mut play,
        &[
            ("Four", &confirm, ""),
            ("Superone", &confirm, "SFC by Superone"),
            ("Superone", &confirm, ""),
        ],
    );
    for (code, payload, wanted) in [
        ("HLB", r#"{"a":14}"#, "HLB by (website) -> Four, Five/14"),
        ("HLB", r#"{"b":14}"#, ""),
        ("RTB", r#"{"a":14,"c":"{}"}"#, ""),
        ("KIK", r#"{"a":14}"#, "KIK by (website) -> Four, Five/14"),
        ("KIK", r#"{"a":77}"#, "KIK by (website) -> /77"),
    ] {
        play.chat.handle(Input::Bridge { code, payload });
        assert_eq!(deeds(&mut play), wanted, "{code} {payload}");
    }
}

#[test]
fn a_report_is_about_the_reported_character() {
    let mut play = Play::with(&["Globalmod", "Superone", "Three/13"]);
    let report =
        r#"SFC {"action":"report","report":"Reporting user: [user]three[/user] | rude","tab":"Garden"}"#;
    check(
        &mut play,
        &[("Globalmod", report, "SFC by Globalmod -> Three/13")],
    );
    let call = play.chat.core.world().staff_calls[0].id.clone();
    let confirm = format!(r#"SFC {{"action":"confirm","callid":"{call}"}}"#);
    check(
        &mut play,
        &[("Superone", &confirm, "SFC by Superone -> Three/13")],
    );
}

#[test]
fn the_answer_to_an_action_waits_for_the_disk() {
    let mut play = Play::with(&["Admin Ann", "Alice"]);
    play.chat.core.record_changes(false);
    play.chat.requests.clear();
    // Changes nothing that lasts.
    let heard = play.say("Admin Ann", r#"BRO {"message":"x"}"#);
    assert_eq!(heard, "", "it is not on disk yet");
    let commits = play.chat.commits();
    assert_eq!(commits.len(), 1);
    assert_eq!((commits[0].number, commits[0].changes.len()), (1, 0));
    play.chat.store(1);
    assert_eq!(play.heard(), "Admin Ann, Alice: BRO");
}

#[test]
fn bans_and_timeouts_can_be_undone() {
    let mut play = Play::with(&["Admin Ann", "Globalmod", "Owner", "One/11", "Two/12"]);
    for (name, text) in [
        ("Owner", r#"JCH {"channel":"garden"}"#),
        ("Admin Ann", r#"ACB {"character":"one"}"#),
        ("Admin Ann", r#"TMO {"character":"two","time":5,"reason":"r"}"#),
        ("Owner", r#"CBU {"channel":"garden","character":"three"}"#),
        (
            "Owner",
            r#"CTU {"channel":"garden","character":"four","length":5}"#,
        ),
    ] {
        play.say(name, text);
    }
    play.chat.core.record_changes(false);
    play.chat.requests.clear();
    for (number, (code, character, channel)) in [
        ("ACB", "one", None),
        ("TMO", "Two", None),
        ("CBU", "THREE", Some("garden")),
        ("CTU", "four", Some("Garden")),
    ]
    .into_iter()
    .enumerate()
    {
        let undo = Undo {
            id: number as u64,
            code: code.to_owned(),
            character: character.to_owned(),
            channel: channel.map(str::to_owned),
        };
        for wanted in [true, false] {
            let mut outputs = Outputs::default();
            let now = play.chat.now;
            assert_eq!(
                play.chat.core.undo(now, &undo, Undo::OPERATOR, &mut outputs),
                wanted,
                "{code}"
            );
            let waits = matches!(outputs.operations.first(), Some(Operation::Await { .. }));
            let acted = outputs.requests.iter().any(
                |request| matches!(request, Request::Action(entry) if entry.arguments == undo.arguments()),
            );
            assert_eq!(
                (acted, waits),
                (wanted, wanted),
                "{code}: the global moderators hear of it"
            );
        }
    }
    let snapshot = play.chat.core.snapshot();
    assert!(snapshot.bans.is_empty() && snapshot.timeouts.is_empty());
    assert!(snapshot.channels.iter().all(|channel| channel.bans.is_empty()));
}
