//! An evening with all the neighbours that a chat can have: a Redis, a website that checks log-ins and is told of reports
//! and of moderation actions, a sender on the bridge, and two readers of the chat log. Each of them dies once and comes
//! back. In the end all records have to be those of the events.

mod bridge;
mod reader;
#[path = "../../webside/receiver.rs"]
#[allow(dead_code, reason = "it belongs to other tests, too")]
mod receiver;
#[path = "../../redis/server.rs"]
#[allow(dead_code, reason = "it belongs to other tests, too")]
mod redis;
mod story;
mod website;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use self::bridge::Bridge;
use self::reader::Reader;
use self::receiver::eventually;
use self::redis::{PASSWORD, Place, Redis};
use self::story::{Story, action, distinct};
use self::website::Website;
use crate::world::Evening;

const ROUNDS: u64 = 300;
/// The announcement when all is over: records are complete when they have it.
const END: &str = "good night, everybody";

#[test]
fn every_neighbour_knows_what_happened() {
    let place = Place::new();
    let mut redis = Some(place.start(&[]));
    let mut website = Website::open();
    let mut settings = website.settings();
    settings.extend([
        "enableredis=true".to_owned(),
        format!("redisport={}", place.port),
        format!("redispass={PASSWORD}"),
        "log_start=true".to_owned(),
        "log_socket_path=chat.sock".to_owned(),
        "saveinterval=3600".to_owned(),
        "maxconnections=500".to_owned(),
    ]);
    settings.extend(Bridge::settings());
    let known = website.known();
    let mut evening = Evening::begin_with(
        crate::variable("EVENING_SEED", 2),
        &settings,
        |account, name, answer| {
            known
                .lock()
                .unwrap()
                .insert((account.to_owned(), name.to_owned()), answer);
        },
    );
    let socket = evening.program.folder().join("chat.sock");
    let steady = Reader::open(&socket);
    let mut fickle = vec![Reader::open(&socket)];
    while !status(&mut evening, "chat log readers").starts_with("chat log readers: 2 now") {}
    let mut bridge = Bridge::open(evening.program.address);
    let mut story = Story::default();
    let mut known_before_redis_died = 0;
    for round in 0..ROUNDS {
        match round {
            40 => {
                known_before_redis_died = story::actions(&evening).len();
                redis = None;
            }
            80 => redis = Some(place.start(&[])),
            100 => {
                website.close();
                evening.website_is_away = true;
            }
            150 => {
                website.open_again();
                evening.website_is_away = false;
                story.website_is_back = true;
            }
            180 => fickle.last_mut().unwrap().close(),
            210 => fickle.push(Reader::open(&socket)),
            240 => bridge = Bridge::open(evening.program.address),
            _ => {}
        }
        bridge.tell_somebody(&mut evening);
        if round % 30 == 7 {
            bridge.throw_somebody_out(&mut evening);
        }
        let done = evening.round();
        story.note(&evening, &done);
        if round == 80 {
            let redis = redis.as_ref().unwrap();
            eventually("Redis knows again who is online", || {
                redis.online() == online(&evening)
            });
        }
    }
    say_good_night(&mut evening);

    let redis = redis.unwrap();
    await_ends(&redis, &website, &steady);
    assert_eq!(redis.online(), online(&evening));
    let actions = story::actions(&evening);
    check_actions(&actions);
    redis_has_the_newest(&redis, &actions, known_before_redis_died);
    website_was_told(&website, &actions);
    story.website_has_the_reports(&website);
    let lines = steady.lines();
    story.log_has_what_was_said(&lines);
    log_has_who_came_and_went(&lines, &evening);
    for reader in &fickle {
        let some = reader.lines();
        assert!(!some.is_empty());
        assert!(
            lines.windows(some.len()).any(|same| same == some),
            "it is a piece of what the other one read"
        );
    }
    bridge_was_counted(&mut evening, &bridge);
    drop(bridge);
    let log = evening.program.end();
    assert!(!log.contains("ERROR") && !log.contains("panicked"), "{log}");
    for secret in [PASSWORD, bridge::SECRET, website::SECRET] {
        assert!(!log.contains(secret), "{log}");
    }
}

fn online(evening: &Evening) -> Vec<String> {
    let online = evening.people.iter().filter(|person| person.is_online());
    let mut names: Vec<String> = online.map(|person| person.name.clone()).collect();
    names.sort();
    names
}

fn say_good_night(evening: &mut Evening) {
    if !evening.people[0].is_online() {
        evening.people[0].log_in(evening.program.address).unwrap();
    }
    evening.settle();
    evening.people[0].say(&format!("BRO {}", json!({ "message": END })));
    evening.settle();
}

/// Waits until the records of all neighbours have the end.
fn await_ends(redis: &Redis, website: &Website, reader: &Reader) {
    let has_end = |lines: &[String]| lines.iter().any(|line| line.contains(END));
    eventually("Redis has the end", || has_end(&redis.list("chat.adminlog")));
    eventually("the website has the end", || has_end(&website.bodies("/hooks")));
    eventually("the website knows that many have come", || {
        website
            .bodies("/hooks")
            .iter()
            .any(|body| body.contains("users_over"))
    });
    eventually("the log has the end", || {
        let lines = reader.lines();
        lines
            .iter()
            .any(|line| line["body"].as_str().is_some_and(|body| body.contains(END)))
    });
}

/// An evening without actions of many kinds proves nothing; and they are numbered without a gap.
fn check_actions(actions: &[Value]) {
    let numbers: Vec<u64> = actions
        .iter()
        .map(|action| action["id"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (1..=actions.len() as u64).collect::<Vec<_>>());
    let kinds: BTreeSet<&str> = actions
        .iter()
        .map(|action| action["type"].as_str().unwrap())
        .collect();
    for kind in ["BRO", "AOP", "CRC", "COA", "SCP", "SFC", "KIK"] {
        assert!(kinds.contains(kind), "no {kind} in {kinds:?}");
    }
    assert!(
        actions.iter().any(|action| action["name"] == "(website)"),
        "the bridge has thrown somebody out"
    );
}

/// It was empty when it came back, and got all that was on its way then and all later events, in order.
fn redis_has_the_newest(redis: &Redis, actions: &[Value], known_before: usize) {
    let mut lines = redis.list("chat.adminlog");
    lines.reverse();
    let had: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let had: Vec<Value> = distinct(had.iter().map(action));
    let all: Vec<Value> = distinct(actions.iter().map(action));
    assert!(all.ends_with(&had), "Redis: {had:?}\nactions: {all:?}");
    let missed: Vec<Value> = distinct(actions[..known_before].iter().map(action));
    assert!(
        all.len() - had.len() <= missed.len(),
        "what was done while it was away is not missing"
    );
}

/// Each action once, in order, though perhaps told more than once; reports too, and that many have come.
fn website_was_told(website: &Website, actions: &[Value]) {
    let mut told: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for hook in website.hooks() {
        if seen.insert(hook["id"].as_str().unwrap().to_owned()) {
            told.entry(hook["event"].as_str().unwrap().to_owned())
                .or_default()
                .push(hook);
        }
    }
    let all: Vec<Value> = actions.iter().map(action).collect();
    assert_eq!(told["action"].iter().map(action).collect::<Vec<_>>(), all);
    let reports: Vec<Value> = all
        .iter()
        .filter(|action| action["type"] == "SFC" && action["args"]["action"] == "report")
        .cloned()
        .collect();
    assert!(!reports.is_empty());
    assert_eq!(told["report"].iter().map(action).collect::<Vec<_>>(), reports);
    assert!(
        told["users_over"]
            .iter()
            .all(|hook| hook["users"].as_u64() > Some(20))
    );
}

/// Each newcomer is online or has gone.
fn log_has_who_came_and_went(lines: &[Value], evening: &Evening) {
    let mut here: BTreeMap<&str, i64> = BTreeMap::new();
    for line in lines {
        let step = match line["message_type"].as_str().unwrap() {
            "connect" => 1,
            "disconnect" => -1,
            _ => continue,
        };
        *here.entry(line["from_character"].as_str().unwrap()).or_default() += step;
    }
    for person in &evening.people {
        // The reader came when all people were there.
        let change = i64::from(person.is_online()) - 1;
        assert_eq!(
            here.get(&*person.name).copied().unwrap_or(0),
            change,
            "{}",
            person.name
        );
    }
}

fn bridge_was_counted(evening: &mut Evening, bridge: &Bridge) {
    let line = status(evening, "real-time bridge");
    let (taken, refused) = (
        format!("{} taken", bridge.taken()),
        format!("{} refused", bridge.refused()),
    );
    assert!(
        line.contains(&taken) && line.contains(&refused),
        "{line}: {taken}, {refused}"
    );
}

/// A line of the server's status for the first administrator, which is online.
fn status(evening: &mut Evening, name: &str) -> String {
    let socket = evening.people[0].socket.as_mut().unwrap();
    socket.say(r#"ZZZ {"command":"status"}"#).unwrap();
    let is_status = |text: &str| text.starts_with("ZZZ ");
    socket.await_text(is_status).unwrap();
    let at = socket.heard.iter().position(|text| is_status(text)).unwrap();
    let status = socket.heard.remove(at).unwrap();
    let start = format!("{name}: ");
    let line = status.split("\\n").find(|line| line.starts_with(&start));
    line.unwrap_or_else(|| panic!("{status}")).to_owned()
}
