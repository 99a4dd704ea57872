//! Changes of channels and rooms.

use serde_json::{Value, json};

use super::{Ground, Worker};
use crate::actor::{Actor, Gone};
use crate::facts::{self, Facts};

/// The characters that are banned from channels, each of an account of its own with the same name.
pub(crate) const NAMES: [&str; 5] = ["Nina", "Otto", "Pia", "Quin", "Rosa"];
/// Characters that become moderators. They are others, because moderators are protected from bans everywhere.
const MODERATORS: [&str; 5] = ["Anna", "Bert", "Carl", "Dora", "Emil"];
const ROOMS_MAX: usize = 4;
const CHANNELS_MAX: usize = 5;

fn join(actor: &mut Actor, channel: &str) -> Result<(), Gone> {
    let wanted = format!("JCH {}", json!({ "channel": channel }));
    actor.ask_for(&wanted, "CDS ", channel).map(drop)
}

/// Asks for a command that takes an object, and waits for an answer.
fn ask(actor: &mut Actor, code: &str, arguments: &Value, answer: &str, within: &str) -> Result<(), Gone> {
    actor
        .ask_for(&format!("{code} {arguments}"), answer, within)
        .map(drop)
}

/// `CDS`, `RMO` and `CTO`.
pub(super) fn describe(worker: &mut Worker, ground: &mut Ground) -> Result<(), Gone> {
    const PLACE: &str = "Plaza 0";
    let mut actor = ground.staff("Worker 0")?;
    join(&mut actor, PLACE)?;
    let fact = facts::channel(PLACE);
    let (mut mode, mut description) = {
        let value = worker.certain.get(&fact).expect("the channel is there");
        let (_, rest) = value.split_once(", ").unwrap();
        let (mode, rest) = rest.split_once(", ").unwrap();
        let (_, description) = rest.split_once(": ").unwrap();
        (mode.to_owned(), description.to_owned())
    };
    for count in 0.. {
        if ground.chance.below(4) == 0 {
            let line = format!("topic {count} of round {}", ground.round);
            let set = |facts: &mut Facts| drop(facts.insert(facts::topic(PLACE), line.clone()));
            let arguments = json!({"channel": PLACE, "topic": line});
            worker.change(set, || ask(&mut actor, "CTO", &arguments, "SYS ", &line))?;
            continue;
        }
        let describes = ground.chance.below(3) > 0;
        if describes {
            description = format!("description {count} of round {}", ground.round);
        } else {
            mode = ["chat", "ads", "both"][ground.chance.below(3)].to_owned();
        }
        let value = facts::head("public", &mode, "", PLACE, &description);
        let set = |facts: &mut Facts| drop(facts.insert(fact.clone(), value));
        worker.change(set, || {
            if describes {
                let arguments = json!({"channel": PLACE, "description": description});
                ask(&mut actor, "CDS", &arguments, "CDS ", &description)
            } else {
                let arguments = json!({"channel": PLACE, "mode": mode});
                ask(&mut actor, "RMO", &arguments, "RMO ", &mode)
            }
        })?;
    }
    Ok(())
}

/// `COA`, `COR` and `CSO`.
pub(super) fn appoint(worker: &mut Worker, ground: &mut Ground) -> Result<(), Gone> {
    const PLACE: &str = "Plaza 1";
    let mut actor = ground.staff("Worker 1")?;
    let _friend = ground.staff("Friend of 1")?;
    join(&mut actor, PLACE)?;
    let (fact, head) = (facts::moderators(PLACE), facts::channel(PLACE));
    let mut held: Vec<String> = words(worker.certain.get(&fact));
    let mut owner = "";
    loop {
        if ground.chance.below(5) == 0 {
            owner = if owner == "Worker 1" {
                "Friend of 1"
            } else {
                "Worker 1"
            };
            let value = facts::head("public", "both", owner, PLACE, "");
            worker.change(
                |facts| drop(facts.insert(head.clone(), value)),
                || {
                    let arguments = json!({"channel": PLACE, "character": owner});
                    ask(&mut actor, "CSO", &arguments, "CSO ", owner)
                },
            )?;
            continue;
        }
        let name = MODERATORS[ground.chance.below(MODERATORS.len())];
        let place = held.iter().position(|other| other == name);
        match place {
            Some(place) => drop(held.remove(place)),
            None => held.push(name.to_owned()),
        }
        let code = if place.is_some() { "COR" } else { "COA" };
        worker.change(
            |facts| set_words(facts, &fact, &held),
            || {
                let arguments = json!({"channel": PLACE, "character": name});
                ask(&mut actor, code, &arguments, code, name)
            },
        )?;
    }
}

/// `CBU`, `CTU` and `CUB`.
pub(super) fn ban(worker: &mut Worker, ground: &mut Ground) -> Result<(), Gone> {
    const PLACE: &str = "Plaza 2";
    let mut actor = ground.staff("Worker 2")?;
    join(&mut actor, PLACE)?;
    loop {
        let name = NAMES[ground.chance.below(NAMES.len())];
        let fact = facts::channel_ban(PLACE, name);
        if worker.certain.contains_key(&fact) {
            let arguments = json!({"channel": PLACE, "character": name});
            worker.change(
                |facts| drop(facts.remove(&fact)),
                || {
                    ask(
                        &mut actor,
                        "CUB",
                        &arguments,
                        "SYS ",
                        "has been removed from the channel ban list",
                    )
                },
            )?;
            continue;
        }
        let for_good = ground.chance.below(2) == 0;
        let (code, value, arguments) = if for_good {
            ("CBU", "for good", json!({"channel": PLACE, "character": name}))
        } else {
            (
                "CTU",
                "for a time",
                json!({"channel": PLACE, "character": name, "length": 60}),
            )
        };
        worker.change(
            |facts| drop(facts.insert(fact, value.to_owned())),
            || ask(&mut actor, code, &arguments, code, name),
        )?;
    }
}

/// `CCR`, `RST`, `LCH` and `KIC`: a room lasts as soon as it is open, with its moderators and bans.
pub(super) fn open_rooms(worker: &mut Worker, ground: &mut Ground) -> Result<(), Gone> {
    const OWNER: &str = "Worker 3";
    let mut actor = ground.staff(OWNER)?;
    // Rooms of an earlier round are there, and have no members.
    let mut inside: Vec<String> = Vec::new();
    for count in 0.. {
        let rooms: Vec<String> = worker
            .certain
            .keys()
            .filter_map(|fact| fact.strip_prefix("channel/")?.strip_suffix("/head"))
            .map(str::to_owned)
            .collect();
        if rooms.len() < ROOMS_MAX {
            let title = format!("Room {count} of round {}", ground.round);
            let room = make_room(&mut actor, &title)?;
            let open = |facts: &mut Facts| {
                let description = "A description";
                let head = facts::head("pubprivate", "both", OWNER, &title, description);
                facts.insert(facts::channel(&room), head);
                facts.insert(facts::moderators(&room), "Anna".to_owned());
                facts.insert(facts::channel_ban(&room, "Otto"), "for good".to_owned());
            };
            let arguments = json!({"channel": room, "status": "public"});
            worker.change(open, || {
                ask(&mut actor, "RST", &arguments, "SYS ", "[b]public[/b]")
            })?;
            inside.push(room);
            continue;
        }
        let room = &rooms[ground.chance.below(rooms.len())];
        let begin = format!("channel/{room}/");
        let close = |facts: &mut Facts| facts.retain(|fact, _| !fact.starts_with(&begin));
        let way = if inside.contains(room) {
            ground.chance.below(3)
        } else {
            0
        };
        let about = json!({ "channel": room });
        match way {
            0 => worker.change(close, || ask(&mut actor, "KIC", &about, "SYS ", "is gone"))?,
            // No other person is in it, and there were never five: it goes.
            1 => worker.change(close, || ask(&mut actor, "LCH", &about, "LCH ", room))?,
            _ => {
                let arguments = json!({"channel": room, "status": "private"});
                worker.change(close, || {
                    ask(&mut actor, "RST", &arguments, "SYS ", "invited only")
                })?;
                ask(&mut actor, "KIC", &about, "SYS ", "is gone")?;
            }
        }
    }
    Ok(())
}

/// A private room with a description, a moderator and a ban.
fn make_room(actor: &mut Actor, title: &str) -> Result<String, Gone> {
    let wanted = format!("CCR {}", json!({ "channel": title }));
    // A member of the staff comes into another room, too.
    let is_it = |text: &str| text.starts_with("JCH ") && text.contains(title);
    let heard = actor.ask(&wanted, is_it)?;
    let joined = heard
        .iter()
        .find(|text| is_it(text))
        .and_then(|text| text.strip_prefix("JCH "));
    let joined: Value = serde_json::from_str(joined.expect("the own JCH")).unwrap();
    let room = joined["channel"].as_str().unwrap().to_owned();
    let arguments = json!({"channel": room, "description": "A description"});
    ask(actor, "CDS", &arguments, "CDS ", "A description")?;
    let arguments = json!({"channel": room, "character": "Anna"});
    ask(actor, "COA", &arguments, "COA ", "Anna")?;
    let arguments = json!({"channel": room, "character": "Otto"});
    ask(actor, "CBU", &arguments, "CBU ", "Otto")?;
    Ok(room)
}

/// `CRC` and `KIC`.
pub(super) fn make(worker: &mut Worker, ground: &mut Ground) -> Result<(), Gone> {
    let mut actor = ground.staff("Worker 4")?;
    for count in 0.. {
        if worker.certain.len() < CHANNELS_MAX {
            let name = format!("Made {count} in {}", ground.round);
            let head = facts::head("public", "both", "", &name, "");
            let arguments = json!({ "channel": name });
            worker.change(
                |facts| drop(facts.insert(facts::channel(&name), head)),
                || ask(&mut actor, "CRC", &arguments, "SYS ", "has been made"),
            )?;
        } else {
            let place = ground.chance.below(worker.certain.len());
            let fact = worker.certain.keys().nth(place).unwrap().clone();
            let name = fact.split('/').nth(1).unwrap();
            let arguments = json!({ "channel": name });
            worker.change(
                |facts| drop(facts.remove(&fact)),
                || ask(&mut actor, "KIC", &arguments, "SYS ", "is gone"),
            )?;
        }
    }
    Ok(())
}

/// A list of words that is a fact, or empty and none.
pub(super) fn words(value: Option<&String>) -> Vec<String> {
    value
        .map(|value| value.split(' ').map(str::to_owned).collect())
        .unwrap_or_default()
}

/// The other way.
pub(super) fn set_words(facts: &mut Facts, fact: &str, words: &[String]) {
    if words.is_empty() {
        facts.remove(fact);
    } else {
        facts.insert(fact.to_owned(), words.join(" "));
    }
}
