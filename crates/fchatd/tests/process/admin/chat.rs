//! The chat: banned networks, measures of moderators and undoing them, the action log, reports and channels.

use serde_json::{Value, json};

use super::{Caller, Scene};
use crate::websocket::WebSocket;

fn log_in(scene: &Scene, name: &str) -> WebSocket {
    let form = format!("account={name}&password=correct+horse+battery");
    let answer = scene.server.post("/json/getApiTicket.php", &form);
    WebSocket::log_in(&scene.server, name, answer["ticket"].as_str().unwrap())
}

#[test]
fn networks_are_banned_and_let_in_again() {
    let scene = Scene::start(&[]);
    let boss = scene.boss();
    let add = |network: &str| json!({ "network": network, "seconds": 3600, "reason": "flood" });
    scene
        .post(&boss, "bans/networks/add", &add("203.0.113.7"))
        .assert_done("banned for 60 minutes");
    let entry = scene.last_action();
    assert_eq!(
        (entry["type"].as_str(), entry["name"].as_str()),
        (Some("NBN"), Some("(admin boss)"))
    );
    let listed = scene.get(&boss, "bans/networks").body;
    assert_eq!(
        (&listed["total"], &listed["bans"][0]["by"]),
        (&json!(1), &json!("(admin boss)"))
    );
    assert_eq!(
        scene.get(&boss, "bans/networks?network=198.51.100.0/24").body["total"],
        0
    );
    scene
        .post(&boss, "bans/networks/add", &add("127.0.0.1"))
        .assert_refused(409, "refused");
    scene
        .post(&boss, "bans/networks/add", &add("here"))
        .assert_refused(400, "field");
    // As undone from the action log, and as lifted.
    scene
        .post(&boss, "actions/undo", &json!({ "id": entry["id"] }))
        .assert_done("is undone");
    assert_eq!(scene.last_action()["type"], "UNDO");
    scene
        .post(&boss, "actions/undo", &json!({ "id": entry["id"] }))
        .assert_refused(409, "refused");
    scene
        .post(&boss, "actions/undo", &json!({ "id": 9999 }))
        .assert_refused(409, "refused");
    let lift = json!({ "network": "203.0.113.7" });
    scene
        .post(&boss, "bans/networks/lift", &lift)
        .assert_refused(409, "refused");
    scene
        .post(&boss, "bans/networks/add", &add("203.0.113.7"))
        .assert_done("banned");
    scene
        .post(&boss, "bans/networks/lift", &lift)
        .assert_done("not banned any more");
}

/// Waits until a list has so many rows.
fn await_total(scene: &Scene, caller: &Caller, path: &str, total: u64) -> Value {
    let begun = std::time::Instant::now();
    loop {
        let list = scene.get(caller, path).body;
        if list["total"] == total {
            return list;
        }
        assert!(begun.elapsed() < crate::site::PATIENCE, "{list}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn measures_of_moderators_are_listed_undone_and_lifted() {
    let scene = Scene::start(&[]);
    let boss = scene.boss();
    let mut moderator = log_in(&scene, "boss");
    let _ada = log_in(&scene, "ada");
    moderator.say(r#"TMO {"character":"ada","time":30,"reason":"rude"}"#);
    let listed = await_total(&scene, &boss, "bans/chat", 1);
    let ban = &listed["bans"][0];
    assert_eq!(
        (&ban["kind"], &ban["character"]),
        (&json!("timeout"), &json!("ada"))
    );
    assert_eq!(scene.get(&boss, "bans/chat?search=bob").body["bans"], json!([]));
    let actions = scene.get(&boss, "actions?against=ADA").body;
    let timeout = &actions["actions"][0];
    let told = (&timeout["code"], &timeout["by"], &timeout["undoable"]);
    assert_eq!(told, (&json!("TMO"), &json!("boss"), &json!(true)));
    let id = json!({ "id": timeout["id"] });
    scene
        .post(&boss, "actions/undo", &id)
        .assert_done("is undone: TMO of ada");
    await_total(&scene, &boss, "bans/chat", 0);
    let _ada = log_in(&scene, "ada");

    moderator.say(r#"ACB {"character":"ada"}"#);
    await_total(&scene, &boss, "bans/chat", 1);
    let lift = |kind: &str| json!({ "character": "ada", "kind": kind });
    let lift_it = |kind: &str| scene.post(&boss, "bans/chat/lift", &lift(kind));
    lift_it("timeout").assert_refused(409, "refused");
    lift_it("all").assert_refused(400, "field");
    lift_it("ban").assert_done("is lifted");
    let mut told = moderator.await_text("SYS ");
    while !told.contains("The operator has lifted ACB") {
        told = moderator.await_text("SYS ");
    }
    let entry = scene.last_action();
    assert_eq!(
        (entry["type"].as_str(), entry["args"].get("id")),
        (Some("UNDO"), None)
    );
}

#[test]
fn the_action_log_has_pages() {
    let scene = Scene::start(&[]);
    let program = scene.token("program", "read,moderation");
    for number in 1..=5 {
        let ban = json!({ "network": format!("203.0.113.{number}") });
        scene
            .post(&program, "bans/networks/add", &ban)
            .assert_done("banned");
    }
    let mut found = Vec::new();
    let mut place = "actions?limit=2".to_owned();
    loop {
        let page = scene.get(&program, &place).body;
        let rows = page["actions"].as_array().unwrap().clone();
        found.extend(rows.iter().map(|row| row["id"].as_u64().unwrap()));
        match page["next"].as_u64() {
            Some(next) => place = format!("actions?limit=2&before={next}"),
            None => break,
        }
    }
    assert_eq!(found, [5, 4, 3, 2, 1]);
    let by = scene.get(&program, "actions?by=(TOKEN%20program)&code=nbn").body;
    assert_eq!(by["actions"].as_array().unwrap().len(), 5);
    assert_eq!(scene.get(&program, "actions?code=ACB").body["actions"], json!([]));
}

#[test]
fn reports_are_read_and_dropped() {
    let scene = Scene::start(&[]);
    let boss = scene.boss();
    let mut ada = log_in(&scene, "ada");
    ada.say(r#"SFC {"action":"report","report":"Reporting user: [user]bob[/user] | <spam>","tab":"Tea"}"#);
    ada.await_text("SYS ");
    let reports = scene.get(&boss, "reports").body;
    let report = &reports["reports"][0];
    assert_eq!(
        (&report["character"], &report["reported"]),
        (&json!("ada"), &json!("bob"))
    );
    let id = json!({ "id": report["id"] });
    scene.post(&boss, "reports/drop", &id).assert_done("is dropped");
    assert_eq!(scene.last_action()["name"], "(admin boss)");
    scene
        .post(&boss, "reports/drop", &id)
        .assert_refused(404, "missing");
    assert_eq!(scene.get(&boss, "reports").body["reports"], json!([]));
}

#[test]
fn channels_are_shown_and_their_bans_lifted() {
    let scene = Scene::start(&[]);
    let boss = scene.boss();
    let mut owner = log_in(&scene, "boss");
    let _ada = log_in(&scene, "ada");
    owner.say(r#"CCR {"channel":"Tea <room>"}"#);
    // An administrator is in the room of the staff, too.
    let joined = loop {
        let joined = owner.await_text("JCH ");
        let joined: Value = serde_json::from_str(joined.strip_prefix("JCH ").unwrap()).unwrap();
        if joined["title"].as_str().unwrap().starts_with("Tea") {
            break joined;
        }
    };
    let name = joined["channel"].as_str().unwrap();
    owner.say(&format!("CBU {}", json!({ "channel": name, "character": "ada" })));
    let begun = std::time::Instant::now();
    let shown = loop {
        let shown = scene.get(&boss, &format!("channel?channel={name}")).body;
        if shown["bans"] == 1 {
            break shown;
        }
        assert!(begun.elapsed() < crate::site::PATIENCE, "{shown}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    assert_eq!(shown["people"], json!(["boss"]));
    assert_eq!(shown["ban_list"][0]["character"], "ada");
    let listed = scene.get(&boss, "channels?search=TEA%20%3Cr").body;
    let first = &listed["channels"][0];
    assert_eq!((&first["name"], &first["owner"]), (&json!(name), &json!("boss")));
    let lift = |character: &str| json!({ "channel": name, "character": character });
    let lift_it = |character: &str| scene.post(&boss, "channels/unban", &lift(character));
    lift_it("somebody").assert_refused(409, "refused");
    lift_it("ADA").assert_done("is lifted");
    assert_eq!(
        scene.get(&boss, &format!("channel?channel={name}")).body["bans"],
        0
    );
    scene
        .get(&boss, "channel?channel=nowhere")
        .assert_refused(404, "missing");
}
