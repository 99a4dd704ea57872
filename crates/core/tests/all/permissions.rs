//! The table of rights on channels of all kinds: actors, actions and targets.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use crate::support::play::Play;

/// The actors, one to a column of the tables.
const ACTORS: [&str; 7] = [
    "Alice",     // an ordinary person
    "Mod",       // moderates the channel at hand
    "Boss",      // owns the channel at hand
    "Othermod",  // moderates another public channel
    "Superone",  // super moderator
    "Globalmod", // global moderator
    "Admin Ann", // administrator
];

/// The result for each actor: `yes`, or the number of the error.
#[rustfmt::skip]
const PUBLIC: &[(&str, [&str; 7])] = &[
    //                                       Alice  Mod    Boss   Other  Super  Global Admin
    (r#"CDS {C,"description":"x"}"#,        ["19",  "yes", "yes", "19",  "yes", "yes", "yes"]),
    (r#"CTO {C,"topic":"x"}"#,              ["19",  "yes", "yes", "19",  "yes", "yes", "yes"]),
    (r#"RMO {C,"mode":"both"}"#,            ["19",  "19",  "yes", "19",  "19",  "yes", "yes"]),
    (r#"RST {C,"status":"private"}"#,       ["19",  "19",  "1",   "19",  "19",  "1",   "1"]),
    (r#"CIU {C,"character":"Target"}"#,     ["47",  "47",  "47",  "47",  "47",  "47",  "47"]),
    (r#"COA {C,"character":"Target"}"#,     ["19",  "19",  "yes", "19",  "19",  "yes", "yes"]),
    (r#"COR {C,"character":"Target"}"#,     ["19",  "19",  "yes", "19",  "19",  "yes", "yes"]),
    (r#"CSO {C,"character":"Target"}"#,     ["19",  "19",  "yes", "19",  "19",  "yes", "yes"]),
    (r#"CKU {C,"character":"Target"}"#,     ["19",  "yes", "yes", "19",  "yes", "yes", "yes"]),
    (r#"CBU {C,"character":"Target"}"#,     ["19",  "yes", "yes", "19",  "yes", "yes", "yes"]),
    (r#"CTU {C,"character":"Target","length":5}"#, ["19", "yes", "yes", "19", "yes", "yes", "yes"]),
    (r#"CUB {C,"character":"Target"}"#,     ["19",  "42",  "42",  "19",  "42",  "42",  "42"]),
    (r#"CBL {C}"#,                          ["yes", "yes", "yes", "yes", "yes", "yes", "yes"]),
    (r#"COL {C}"#,                          ["yes", "yes", "yes", "yes", "yes", "yes", "yes"]),
    (r#"KIC {C}"#,                          ["19",  "19",  "yes", "19",  "19",  "19",  "yes"]),
];

#[rustfmt::skip]
const PRIVATE: &[(&str, [&str; 7])] = &[
    //                                       Alice  Mod    Boss   Other  Super  Global Admin
    (r#"CDS {C,"description":"x"}"#,        ["19",  "yes", "yes", "19",  "19",  "yes", "yes"]),
    (r#"CTO {C,"topic":"x"}"#,              ["19",  "yes", "yes", "19",  "19",  "yes", "yes"]),
    (r#"RMO {C,"mode":"both"}"#,            ["19",  "19",  "yes", "19",  "19",  "yes", "yes"]),
    (r#"RST {C,"status":"public"}"#,        ["19",  "19",  "yes", "19",  "19",  "yes", "yes"]),
    (r#"CIU {C,"character":"Target"}"#,     ["19",  "yes", "yes", "19",  "19",  "yes", "yes"]),
    (r#"COA {C,"character":"Target"}"#,     ["19",  "19",  "yes", "19",  "19",  "yes", "yes"]),
    (r#"CSO {C,"character":"Target"}"#,     ["19",  "19",  "yes", "19",  "19",  "yes", "yes"]),
    (r#"CKU {C,"character":"Target"}"#,     ["19",  "yes", "yes", "19",  "19",  "yes", "yes"]),
    (r#"CBU {C,"character":"Target"}"#,     ["19",  "yes", "yes", "19",  "19",  "yes", "yes"]),
    (r#"CTU {C,"character":"Target","length":5}"#, ["19", "yes", "yes", "19", "19", "yes", "yes"]),
    (r#"KIC {C}"#,                          ["19",  "19",  "yes", "19",  "19",  "19",  "yes"]),
];

/// Targets and actors of a kick (and a ban, and a timeout): a row for each target.
#[rustfmt::skip]
const TARGETS_PUBLIC: &[(&str, [&str; 7])] = &[
    //              Alice Mod    Boss   Other Super  Global Admin
    ("Target",     ["19", "yes", "yes", "19", "yes", "yes", "yes"]),
    ("Mod2",       ["19", "21",  "21",  "19", "21",  "21",  "21"]),
    ("Boss",       ["19", "21",  "21",  "19", "21",  "21",  "21"]),
    ("Othermod",   ["19", "21",  "21",  "19", "21",  "21",  "21"]),
    ("Superone",   ["19", "21",  "21",  "19", "21",  "21",  "21"]),
    ("Globalmod",  ["19", "21",  "21",  "19", "21",  "21",  "21"]),
    ("Admin Ann",  ["19", "21",  "21",  "19", "21",  "21",  "21"]),
];

#[rustfmt::skip]
const TARGETS_PRIVATE: &[(&str, [&str; 7])] = &[
    //              Alice Mod    Boss   Other Super Global Admin
    ("Target",     ["19", "yes", "yes", "19", "19", "yes", "yes"]),
    ("Mod2",       ["19", "yes", "yes", "19", "19", "yes", "yes"]),
    ("Boss",       ["19", "21",  "21",  "19", "19", "yes", "yes"]),
    ("Othermod",   ["19", "yes", "yes", "19", "19", "yes", "yes"]),
    ("Superone",   ["19", "yes", "yes", "19", "19", "yes", "yes"]),
    ("Globalmod",  ["19", "21",  "21",  "19", "19", "yes", "yes"]),
    ("Admin Ann",  ["19", "yes", "yes", "19", "19", "yes", "yes"]),
];

/// All people in one channel: the public Garden, or a private room, or one that was made open.
fn stage(kind: &str) -> (Play, String) {
    let mut site = crate::support::play::site();
    let garden = site
        .channels
        .iter_mut()
        .find(|channel| channel.head.name == "Garden")
        .unwrap();
    garden.head.owner = "Boss".into();
    let mut moderator = garden.moderators[0].clone();
    moderator.name = "Mod".into();
    garden.moderators = vec![moderator.clone()];
    moderator.name = "Mod2".into();
    garden.moderators.push(moderator.clone());
    moderator.name = "Othermod".into();
    site.channels[0].moderators = vec![moderator];
    let mut people = vec!["Target", "Mod2"];
    people.extend(ACTORS);
    let mut play = Play::on(&site, fchatd_world::Settings::default(), &people);
    let channel = if kind == "public" {
        "Garden".to_owned()
    } else {
        let frames = play.frames("Boss", r#"CCR {"channel":"Den"}"#, "Boss");
        let room = frames[0].1["channel"].as_str().unwrap().to_owned();
        for name in &people {
            play.say(
                "Boss",
                &format!(r#"CIU {{"channel":"{room}","character":"{name}"}}"#),
            );
        }
        for name in ["Mod", "Mod2"] {
            play.say(
                "Boss",
                &format!(r#"COA {{"channel":"{room}","character":"{name}"}}"#),
            );
        }
        room
    };
    for name in &people {
        play.say(name, &format!(r#"JCH {{"channel":"{channel}"}}"#));
    }
    if kind == "pubprivate" {
        play.say(
            "Boss",
            &format!(r#"RST {{"channel":"{channel}","status":"public"}}"#),
        );
    }
    play.heard();
    (play, channel)
}

/// A stage that is set anew when something was changed on it.
struct Stage {
    kind: &'static str,
    set: Option<(Play, String)>,
}

impl Stage {
    fn new(kind: &'static str) -> Self {
        Self { kind, set: None }
    }

    fn check(&mut self, actor: &str, command: &str, wanted: &str) {
        let kind = self.kind;
        let (mut play, channel) = self.set.take().unwrap_or_else(|| stage(kind));
        let text = command.replace("{C", &format!(r#"{{"channel":"{}""#, channel.to_lowercase()));
        let id = play.id(actor);
        play.chat.say(id, &text);
        let errors = play.chat.errors(id);
        let got = errors.first().map_or("yes".to_owned(), i64::to_string);
        assert_eq!(got, wanted, "{kind}: {actor} says {text}");
        if !errors.is_empty() {
            self.set = Some((play, channel));
        }
    }
}

#[test]
fn commands_on_a_public_channel() {
    let mut stage = Stage::new("public");
    for (command, row) in PUBLIC {
        for (actor, wanted) in ACTORS.iter().zip(row) {
            stage.check(actor, command, wanted);
        }
    }
}

#[test]
fn commands_on_a_private_room() {
    let mut stage = Stage::new("private");
    for (command, row) in PRIVATE {
        for (actor, wanted) in ACTORS.iter().zip(row) {
            stage.check(actor, command, wanted);
        }
    }
}

#[test]
fn commands_on_an_open_room() {
    let mut stage = Stage::new("pubprivate");
    for (command, row) in PRIVATE {
        for (actor, wanted) in ACTORS.iter().zip(row) {
            // Each member of an open room can invite others.
            let wanted = if command.starts_with("CIU") { "yes" } else { wanted };
            stage.check(actor, command, wanted);
        }
    }
}

#[test]
fn roles_are_safe_from_lower_ones() {
    let commands = [
        r#"CKU {C,"character":"T"}"#,
        r#"CBU {C,"character":"T"}"#,
        r#"CTU {C,"character":"T","length":5}"#,
    ];
    for (kind, table) in [
        ("public", TARGETS_PUBLIC),
        ("private", TARGETS_PRIVATE),
        ("pubprivate", TARGETS_PRIVATE),
    ] {
        let mut stage = Stage::new(kind);
        for (target, row) in table {
            for (actor, wanted) in ACTORS.iter().zip(row) {
                for command in commands {
                    let command = command.replace("\"T\"", &format!("\"{}\"", target.to_uppercase()));
                    stage.check(actor, &command, wanted);
                }
            }
        }
    }
}
