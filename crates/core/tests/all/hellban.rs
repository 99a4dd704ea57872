//! Hell-bans: nothing reaches others, in any way, and the ban lasts.

use crate::support::play::Play;
use fchatd_protocol::exchange::{Departure, Request};

#[test]
fn nothing_of_a_hell_banned_person_reaches_others() {
    let mut play = Play::in_garden(&["Hell Hound", "Witness", "Hell Owner"]);
    play.enter("Admin Ann");
    play.heard();
    let room = play.private_room("Hell Hound", &[]);
    play.say(
        "Admin Ann",
        r#"CSO {"channel":"garden","character":"Hell Owner"}"#,
    );
    play.heard();
    let before = play.chat.core.snapshot();
    let list = |play: &mut Play, code: &str| play.frames("Witness", code, "Witness");
    let public = list(&mut play, "CHA");
    let commands = [
        r#"MSG {"channel":"garden","message":"x"}"#,
        r#"LRP {"channel":"garden","message":"x"}"#,
        r#"PRI {"recipient":"Witness","message":"x"}"#,
        r#"TPN {"character":"Witness","status":"typing"}"#,
        r#"RLL {"channel":"garden","dice":"1d6"}"#,
        r#"RLL {"recipient":"Witness","dice":"1d6"}"#,
        r#"RLL {"recipient":"Witness","dice":"bottle"}"#,
        r#"STA {"status":"looking","statusmsg":"x"}"#,
        r#"IGN {"action":"notify","character":"Witness"}"#,
        r#"IGN {"action":"add","character":"Witness"}"#,
        r#"CIU {"channel":"{R}","character":"Witness"}"#,
        r#"RST {"channel":"{R}","status":"public"}"#,
        r#"RST {"channel":"{R}","status":"private"}"#,
        r#"CCR {"channel":"New"}"#,
        r#"CDS {"channel":"garden","description":"x"}"#,
        r#"CTO {"channel":"garden","topic":"x"}"#,
        r#"RMO {"channel":"garden","mode":"ads"}"#,
        r#"COA {"channel":"garden","character":"Witness"}"#,
        r#"COR {"channel":"garden","character":"Modder"}"#,
        r#"CSO {"channel":"garden","character":"Witness"}"#,
        r#"CKU {"channel":"garden","character":"Witness"}"#,
        r#"CBU {"channel":"garden","character":"Witness"}"#,
        r#"CTU {"channel":"garden","character":"Witness","length":5}"#,
        r#"CUB {"channel":"garden","character":"Witness"}"#,
        r#"CLK {"channel":"garden","status":"locked"}"#,
        r#"CSL {"channel":"garden","seconds":30}"#,
        r#"KIC {"channel":"garden"}"#,
        r#"SFC {"action":"report","report":"x","character":"Witness","tab":"garden"}"#,
        r#"PRO {"character":"Witness"}"#,
        r#"KIN {"character":"Witness"}"#,
        r#"FKS {"kinks":[1]}"#,
        "FRL",
        "PCR",
        r#"COL {"channel":"garden"}"#,
    ];
    for who in ["Hell Hound", "Hell Owner"] {
        for command in commands {
            let heard = play.say(who, &command.replace("{R}", &room));
            play.chat.pass(60_000);
            let later = play.heard();
            let others = |heard: &str| {
                heard
                    .split(" | ")
                    .any(|part| part.contains("Witness") || part.contains("Ann") || part.contains(','))
            };
            assert!(
                !others(&heard) && !others(&later),
                "{who} {command}: {heard}; {later}"
            );
        }
    }
    let mut after = play.chat.core.snapshot();
    // A room that they have made meanwhile is theirs alone.
    after.channels.retain(|channel| {
        before
            .channels
            .iter()
            .any(|one| one.head.name == channel.head.name)
    });
    for channel in &mut after.channels {
        channel.head.peak = before
            .channels
            .iter()
            .find(|one| one.head.name == channel.head.name)
            .unwrap()
            .head
            .peak;
    }
    assert_eq!(after, before);
    assert_eq!(list(&mut play, "CHA"), public);
    let actions = play.chat.requests.iter();
    let by_hell =
        |request: &&Request| matches!(request, Request::Action(entry) if entry.name.starts_with("Hell"));
    assert_eq!(actions.filter(by_hell).count(), 0);
    // They see the usual frames, and their coming and going is seen.
    play.check(
        "Hell Hound",
        r#"RLL {"channel":"garden","dice":"1d6"}"#,
        "Hell Hound: RLL",
    );
    play.check(
        "Hell Hound",
        r#"LCH {"channel":"garden"}"#,
        "Hell Hound, Hell Owner, Witness: LCH",
    );
    let seen = play.enter("Newcomer");
    let shown = seen
        .iter()
        .filter(|(code, _)| code == "LIS")
        .any(|(_, list)| list.to_string().contains("looking"));
    assert!(!shown, "the status is not in the list");
}

#[test]
fn a_hell_ban_of_ours_holds_for_the_account_until_it_is_lifted() {
    let mut play = Play::with(&["Admin Ann", "Globalmod", "Bob/7", "Alt/7", "Eve"]);
    let add = r#"HLB {"character":"bob","action":"add"}"#;
    play.check("Globalmod", add, "Globalmod: ERR 10");
    play.check(
        "Admin Ann",
        r#"HLB {"character":"globalmod","action":"add"}"#,
        "Admin Ann: ERR 21",
    );
    play.check("Admin Ann", r#"HLB {"character":"bob"}"#, "Admin Ann: ERR 1");
    play.check("Admin Ann", add, "Admin Ann: SYS");
    let hi = r#"PRI {"recipient":"Eve","message":"hi"}"#;
    play.check("Bob", hi, "");
    play.check("Alt", hi, "");
    play.leave("Bob");
    play.enter("Bob/7");
    play.heard();
    play.check("Bob", hi, "");
    // A connection that breaks and comes back changes nothing.
    let id = play.id("Alt");
    play.chat.end(id, Departure::Lost);
    play.enter("Alt/7");
    play.heard();
    play.check("Alt", hi, "");
    play.check(
        "Admin Ann",
        r#"HLB {"character":"Bob","action":"remove"}"#,
        "Admin Ann: SYS",
    );
    play.check("Alt", hi, "Eve: PRI");
}
