//! A scripted evening on the real program: fifty characters of all roles over real sockets, that talk, come and go,
//! open and close rooms, invite, kick, ban, report and confirm, at random. After each round all clients must
//! have the same picture of the world.
//!
//! `EVENING_ROUNDS=5000` makes it longer, `EVENING_SEED=7` another one.
#![expect(clippy::print_stderr, reason = "figures for the person who runs the test")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail"
)]

mod neighbours;
mod people;
mod random;
mod recording;
mod steps;
mod view;
mod world;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use serde_json::{Value, json};

use crate::people::ADMINISTRATORS;
use crate::world::Evening;

const ROUNDS: u64 = 600;
/// Rounds between two comparisons of a newcomer's lists with the others' view.
const ROUNDS_PER_VISIT: u64 = 50;

fn variable(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|value| value.parse().ok())
        .unwrap_or(otherwise)
}

#[test]
fn everybody_has_the_same_picture_of_the_evening() {
    let seed = variable("EVENING_SEED", 1);
    let mut evening = Evening::begin(seed);
    for round in 0..variable("EVENING_ROUNDS", ROUNDS) {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            evening.round();
            if round % ROUNDS_PER_VISIT == 0 {
                visit(&mut evening);
            }
        }));
        if let Err(panic) = outcome {
            eprintln!("this was round {round} of the evening with EVENING_SEED={seed}");
            resume_unwind(panic);
        }
    }
    assert_it_was_lively(&evening);
    end(evening);
}

/// An evening on which nothing happens proves nothing.
fn assert_it_was_lively(evening: &Evening) {
    let mut heard: BTreeMap<&str, u32> = BTreeMap::new();
    for (code, times) in evening.people.iter().flat_map(|person| &person.heard) {
        *heard.entry(code).or_default() += times;
    }
    eprintln!("{} rooms; heard: {heard:?}", evening.rooms.len());
    let wanted = [
        "MSG", "LRP", "PRI", "RLL", "TPN", "STA", "IGN", "CIU", "JCH", "LCH", "CKU", "CBU", "CTU", "COA",
        "COR", "CSO", "CDS", "RMO", "SFC", "AOP", "DOP", "BRO", "FLN", "FKS", "ERR 9", "ERR 31", "ERR 39",
        "ERR 40", "ERR 44", "ERR 48",
    ];
    let missing: Vec<_> = wanted
        .into_iter()
        .filter(|code| !heard.contains_key(code))
        .collect();
    assert!(missing.is_empty(), "this never happened: {missing:?}");
    assert!(evening.rooms.len() > 5, "{:?}", evening.rooms);
}

/// A person logs in anew and looks: the fresh lists must be the others' view.
fn visit(evening: &mut Evening) {
    let server = evening.program.address;
    let visitor = ADMINISTRATORS - 1;
    evening.people[visitor].log_in(server).unwrap();
    for question in ["CHA", "ORS", "UPT"] {
        // The visitor may have asked a moment ago, before the new log-in: then there is no answer for some seconds.
        while !evening.people[visitor].view.answers.contains_key(question) {
            evening.people[visitor].say(question);
            evening.settle();
        }
    }
    for channel in ["Frontpage", "Development", "Looking for RP", "Tavern", "Library"] {
        evening.people[visitor].say(&format!("JCH {}", json!({"channel": channel})));
    }
    for room in evening.rooms.clone() {
        evening.people[visitor].say(&format!("JCH {}", json!({"channel": room})));
    }
    evening.settle();
    evening.wait_for_lists();
    // The lists of the newcomer are compared with those of the others.
    evening.check();
    let answers = evening.people[visitor].view.answers.clone();
    let online = evening.people.iter().filter(|person| person.is_online()).count();
    assert_eq!(answers["UPT"]["users"], json!(online));
    assert_eq!(answers["CON"]["count"], json!(online));
    for list in ["CHA", "ORS"] {
        for channel in answers[list]["channels"].as_array().unwrap() {
            let name = channel["name"].as_str().unwrap();
            // The visitor came after it had asked.
            let others = evening.people.iter().enumerate().filter(|(number, person)| {
                *number != visitor && person.is_online() && person.view.channels.contains_key(name)
            });
            assert_eq!(channel["characters"], json!(others.count()), "{channel}");
        }
    }
}

/// All people are let in again, then all go; an empty world is left.
fn end(mut evening: Evening) {
    let server = evening.program.address;
    let observer = 0;
    if !evening.people[observer].is_online() {
        evening.people[observer].log_in(server).unwrap();
    }
    let names: Vec<String> = evening.people.iter().map(|person| person.name.clone()).collect();
    for name in &names {
        evening.people[observer].say(&format!("UNB {}", json!({"character": name})));
    }
    evening.settle();
    for person in evening.people.iter_mut().filter(|person| !person.is_online()) {
        person.log_in(server).unwrap();
    }
    evening.settle();
    evening.check();
    confirm_everything(&mut evening, observer);
    for number in (0..names.len()).filter(|number| *number != observer) {
        let person = &mut evening.people[number];
        if number % 2 == 0 {
            let channels: Vec<String> = person.view.channels.keys().cloned().collect();
            for channel in channels {
                person.say(&format!("LCH {}", json!({"channel": channel})));
            }
        }
        if let Some(mut socket) = person.socket.take() {
            socket.close().unwrap();
        }
    }
    // All lists are fresh for the last one.
    evening.people[observer].socket.take().unwrap().close().unwrap();
    evening.people[observer].log_in(server).unwrap();
    for question in ["CHA", "ORS", "UPT"] {
        evening.people[observer].say(question);
    }
    evening.settle();
    let view = &evening.people[observer].view;
    assert_eq!(view.online.keys().collect::<Vec<_>>(), [&names[observer]]);
    assert_eq!(view.answers["UPT"]["users"], json!(1));
    assert_eq!(view.answers["UPT"]["maxusers"], json!(names.len()));
    let channels = |list: &str| view.answers[list]["channels"].as_array().unwrap().clone();
    let (public, open) = (channels("CHA"), channels("ORS"));
    assert_eq!(public.len(), 5, "{public:?}");
    assert!(
        public
            .iter()
            .chain(&open)
            .all(|channel| channel["characters"] == 0),
        "{public:?} {open:?}"
    );
    // A room is gone, or it is an open one that lasts a while, or the staff's.
    let open: Vec<&str> = open
        .iter()
        .map(|channel| channel["name"].as_str().unwrap())
        .collect();
    let gone: Vec<String> = evening
        .rooms
        .iter()
        .filter(|room| !open.contains(&room.as_str()))
        .cloned()
        .collect();
    let gone: Vec<String> = gone
        .into_iter()
        .filter(|room| room != "ADH-UBERAWESOMESTAFFROOM")
        .collect();
    assert!(!gone.is_empty(), "no room was ever closed");
    evening.people[observer].view.errors.clear();
    for room in &gone {
        evening.people[observer].say(&format!("JCH {}", json!({"channel": room})));
    }
    evening.settle();
    assert_eq!(evening.people[observer].view.errors, vec![26; gone.len()]);
    evening.program.kill();
    recording::assert_it_replays(evening.program.folder());
    let log = evening.program.end();
    assert!(!log.contains("ERROR") && !log.contains("panicked"), "{log}");
}

/// The administrator confirms all reports, which come in pages; then none is open.
fn confirm_everything(evening: &mut Evening, observer: usize) {
    loop {
        evening.people[observer].view.calls.clear();
        evening.people[observer].say("PCR");
        evening.settle();
        let calls = std::mem::take(&mut evening.people[observer].view.calls);
        if calls.is_empty() {
            break;
        }
        for call in &calls {
            evening.people[observer].say(&format!(
                "SFC {}",
                Value::from_iter([("action", "confirm"), ("callid", call)])
            ));
        }
    }
    evening.people[observer].view.errors.clear();
    evening.people[observer].say("PCR");
    evening.settle();
    assert_eq!(evening.people[observer].view.calls, [""; 0]);
    assert_eq!(evening.people[observer].view.errors, [0_i64; 0]);
}
