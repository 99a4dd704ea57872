//! Changes about people: the staff, sanctions, reports, ignore lists and accounts.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::channels::{set_words, words};
use super::{Ground, Worker};
use crate::actor::{Actor, Gone};
use crate::site::post;

const NAMES: [&str; 4] = ["eve", "mallory", "trudy", "oscar"];
const CALLS_MAX: usize = 8;

/// `AOP`, `DOP` and `SCP`.
pub(super) fn promote(worker: &mut Worker, ground: &mut Ground) -> Result<(), Gone> {
    const HELPERS: [&str; 3] = ["Helper0", "Helper1", "Helper2"];
    let mut actor = ground.staff("Worker 5")?;
    let mut online = Vec::new();
    for helper in HELPERS {
        online.push(Actor::enter(ground.server, &ground.people, helper)?);
    }
    loop {
        let helper = HELPERS[ground.chance.below(HELPERS.len())];
        let global = ground.chance.below(2) == 0;
        let fact = if global { "operators" } else { "super operators" };
        let mut held = words(worker.certain.get(fact));
        let place = held.iter().position(|other| other == helper);
        match place {
            Some(place) => drop(held.remove(place)),
            None => held.push(helper.to_owned()),
        }
        worker.change(
            |facts| set_words(facts, fact, &held),
            || {
                let arguments = json!({ "character": helper });
                match (global, place) {
                    (true, None) => {
                        actor.ask_for(&format!("AOP {arguments}"), "SYS ", "is a global moderator now")
                    }
                    (true, Some(_)) => {
                        actor.ask_for(&format!("DOP {arguments}"), "SYS ", "is no global moderator")
                    }
                    (false, _) => {
                        let action = if place.is_none() { "add" } else { "remove" };
                        let arguments = json!({"action": action, "character": helper});
                        promote_quietly(&mut actor, &arguments)
                    }
                }
            },
        )?;
    }
}

/// `SCP` has no answer; but each later answer shows its effect.
fn promote_quietly(actor: &mut Actor, arguments: &Value) -> Result<Vec<String>, Gone> {
    let wanted = format!("SCP {arguments}");
    actor.tell(&wanted)?;
    actor.ask_for(r#"UNB {"character":"Nobody"}"#, "SYS ", "Nothing is recorded")
}

/// `ACB`, `TMO` and `UNB`. The account is locked out while it is kept out, and comes back after that.
pub(super) fn ban(worker: &mut Worker, ground: &mut Ground) -> Result<(), Gone> {
    let mut actor = ground.staff("Worker 6")?;
    loop {
        while let Some(fact) = worker.certain.keys().next().cloned() {
            let (_, name) = fact.split_once('/').unwrap();
            let wanted = format!("UNB {}", json!({ "character": name }));
            worker.change(
                |facts| drop(facts.remove(&fact)),
                || actor.ask_for(&wanted, "SYS ", "may come back"),
            )?;
        }
        let number = ground.chance.below(2);
        let name = format!("Target {number}");
        let _target = Actor::enter(ground.server, &ground.targets[number], &name)?;
        let (fact, wanted, answer) = if ground.chance.below(2) == 0 {
            let arguments = json!({ "character": name });
            ("ban", format!("ACB {arguments}"), "is banned from the server")
        } else {
            let arguments = json!({"character": name, "time": 30, "reason": "a test"});
            ("timeout", format!("TMO {arguments}"), "is timed out for")
        };
        worker.change(
            |facts| drop(facts.insert(format!("{fact}/{name}"), String::new())),
            || actor.ask_for(&wanted, "SYS ", answer),
        )?;
    }
}

/// `SFC`: reports and their confirmation.
pub(super) fn call(worker: &mut Worker, ground: &mut Ground) -> Result<(), Gone> {
    let mut actor = ground.staff("Worker 7")?;
    for count in 0.. {
        if worker.certain.len() < CALLS_MAX {
            let report = format!("report {count} of round {}", ground.round);
            let arguments = json!({"action": "report", "report": report, "tab": "Plaza 0"});
            worker.change(
                |facts| drop(facts.insert(format!("call/{report}"), "Plaza 0".to_owned())),
                || actor.ask_for(&format!("SFC {arguments}"), "SYS ", "have been alerted"),
            )?;
            continue;
        }
        let open = actor.ask_for("PCR", "SYS ", "These were the open reports")?;
        // An administrator hears of them at the log-in, and when they are made, too.
        let open: BTreeMap<String, Value> = open
            .iter()
            .filter_map(|text| serde_json::from_str(text.strip_prefix("SFC ")?).ok())
            .filter(|call: &Value| call["action"] == "report")
            .map(|call| (call["callid"].to_string(), call))
            .collect();
        let open: Vec<Value> = open.into_values().collect();
        assert_eq!(open.len(), worker.certain.len(), "{open:?}");
        let call = &open[ground.chance.below(open.len())];
        let fact = format!("call/{}", call["report"].as_str().unwrap());
        let confirm = format!("SFC {}", json!({"action": "confirm", "callid": call["callid"]}));
        worker.change(
            |facts| drop(facts.remove(&fact)),
            || {
                // The confirming moderator hears nothing of it; but the next list is without the call.
                actor.tell(&confirm)?;
                actor.ask_for("PCR", "SYS ", "These were the open reports")
            },
        )?;
    }
    Ok(())
}

/// `IGN`.
pub(super) fn ignore(worker: &mut Worker, ground: &mut Ground) -> Result<(), Gone> {
    const FACT: &str = "ignores/ignorer";
    let mut actor = Actor::enter(ground.server, &ground.ignorer, "Iggy")?;
    loop {
        let name = NAMES[ground.chance.below(NAMES.len())];
        let mut held = words(worker.certain.get(FACT));
        let (action, answer, name) = if ground.chance.below(8) == 0 {
            held.clear();
            ("delete", "\"init\"", "*")
        } else if held.iter().any(|other| other == name) {
            held.retain(|other| other != name);
            ("delete", "\"delete\"", name)
        } else {
            held.push(name.to_owned());
            ("add", "\"add\"", name)
        };
        held.sort();
        let arguments = json!({"action": action, "character": name});
        worker.change(
            |facts| set_words(facts, FACT, &held),
            || actor.ask_for(&format!("IGN {arguments}"), "IGN ", answer),
        )?;
    }
}

/// New accounts and characters.
pub(super) fn register(worker: &mut Worker, ground: &mut Ground) -> Result<(), Gone> {
    const PASSWORD: (&str, &str) = ("password", "correct horse battery");
    let ask = |path: &str, form: &[(&str, &str)]| {
        let answer = post(ground.server, path, form).ok_or(Gone)?;
        assert_eq!(answer["error"], "", "{path} {form:?}");
        Ok(answer)
    };
    for count in 0.. {
        let account = format!("new{}x{count}", ground.round);
        let fact = format!("account/{account}");
        let named = ("account", account.as_str());
        worker.change(
            |facts| drop(facts.insert(fact.clone(), String::new())),
            || ask("/api/register", &[named, PASSWORD]),
        )?;
        let answer = ask("/json/getApiTicket.php", &[named, PASSWORD])?;
        let ticket = ("ticket", answer["ticket"].as_str().unwrap());
        let name = format!("New{}x{count}", ground.round);
        let form = [named, ticket, ("name", &name), ("gender", "None")];
        worker.change(
            |facts| drop(facts.insert(fact, name.clone())),
            || ask("/api/character-create", &form),
        )?;
    }
    Ok(())
}
