//! The state now, people online, accounts and invitations.

use serde_json::{Value, json};

use super::{PASSWORD, Scene};
use crate::site::Server;
use crate::websocket::WebSocket;

fn log_in(server: &Server, name: &str) -> WebSocket {
    let form = format!("account={name}&password=correct+horse+battery");
    let answer = server.post("/json/getApiTicket.php", &form);
    WebSocket::log_in(server, name, answer["ticket"].as_str().unwrap())
}

fn names(list: &Value, key: &str) -> Vec<String> {
    let rows = list.as_array().unwrap().iter();
    rows.map(|row| row[key].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_state_now_is_shown() {
    let scene = Scene::start(&[]);
    let reader = scene.token("reader", "read");
    let _ada = log_in(&scene.server, "ada");
    let status = scene.get(&reader, "status").body;
    assert_eq!(status["now"]["people"], 1.0, "{status}");
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert!(status["now"]["memory"].as_f64().unwrap() > 1e6, "{status}");
    assert!(
        !status["series"]["people"].as_array().unwrap().is_empty(),
        "{status}"
    );
    assert_eq!(status["trouble"], Value::Null);
    let figures = scene.get(&reader, "figures").body;
    let figures = figures["figures"].as_array().unwrap();
    let characters = figures
        .iter()
        .find(|figure| figure["name"] == "fchatd_characters")
        .unwrap();
    assert_eq!(characters["value"], 1);
    let shown = scene.site.run(&["admin", "call", "people"]).stdout;
    assert!(shown.contains("\"character\":\"ada\""), "{shown}");
}

#[test]
fn lists_have_pages_and_a_search() {
    let scene = Scene::start(&[]);
    let reader = scene.token("reader", "read");
    let _ada = log_in(&scene.server, "ada");
    let _boss = log_in(&scene.server, "boss");
    let first = scene.get(&reader, "people?limit=1").body;
    assert_eq!(
        (names(&first["people"], "character"), first["total"].as_i64()),
        (vec!["ada".to_owned()], Some(2))
    );
    assert_eq!(first["people"][0]["address"], "127.0.0.1");
    let second = scene.get(&reader, "people?limit=1&after=ada").body;
    assert_eq!(names(&second["people"], "character"), ["boss"]);
    assert_eq!(second["next"], Value::Null);
    let found = scene.get(&reader, "people?search=BO").body;
    assert_eq!(names(&found["people"], "character"), ["boss"]);

    scene
        .site
        .run(&["character", "add", "ada", "Zoe 100"])
        .assert_done();
    for (query, wanted) in [
        ("", vec!["ada", "boss"]),
        ("?limit=1", vec!["ada"]),
        ("?limit=1&after=ada", vec!["boss"]),
        ("?search=zoe", vec!["ada"]),
        ("?search=%25", vec![]),
        ("?search=O%20_", vec![]),
        ("?banned=true", vec![]),
    ] {
        let answer = scene.get(&reader, &format!("accounts{query}")).body;
        assert_eq!(names(&answer["accounts"], "name"), wanted, "{query}");
    }
    let listed = scene.site.run(&["account", "list", "--search", "ZOE"]).stdout;
    assert_eq!(listed, "2\tada\n");
}

#[test]
fn accounts_are_banned_and_let_in_again() {
    let scene = Scene::start(&[]);
    let boss = scene.boss();
    let mut ada = log_in(&scene.server, "ada");
    let shown = scene.get(&boss, "account?account=ADA").body;
    assert_eq!(
        (&shown["name"], &shown["characters"][0]["online"]),
        (&json!("ada"), &json!(true))
    );
    let ban = json!({ "account": "ada", "seconds": 7200, "reason": "spam <b>" });
    scene
        .post(&boss, "accounts/ban", &ban)
        .assert_done("banned for 120 minutes");
    ada.await_text("ERR ");
    let entry = scene.last_action();
    assert_eq!(
        (entry["type"].as_str(), entry["name"].as_str()),
        (Some("ABN"), Some("(admin boss)"))
    );
    assert_eq!(
        (entry["args"]["account"].as_str(), entry["why"].as_str()),
        (Some("ada"), Some("spam <b>"))
    );
    assert_eq!(
        scene.get(&boss, "accounts?banned=true").body["accounts"][0]["ban_reason"],
        "spam <b>"
    );
    scene
        .post(&boss, "accounts/unban", &json!({ "account": "ada" }))
        .assert_done("may log in");
    assert_eq!(scene.last_action()["type"], "AUB");
    log_in(&scene.server, "ada");
    for path in ["accounts/ban", "accounts/delete"] {
        scene
            .post(&boss, path, &json!({ "account": "BOSS" }))
            .assert_refused(409, "refused");
        scene
            .post(&boss, path, &json!({ "account": "nobody" }))
            .assert_refused(404, "missing");
    }
}

#[test]
fn a_locked_account_is_unlocked() {
    let scene = Scene::start(&["--set", "logins_per_account=1000"]);
    let boss = scene.boss();
    let unlock = json!({ "account": "ada" });
    scene
        .post(&boss, "accounts/unlock", &unlock)
        .assert_done("No wrong passwords");
    scene
        .server
        .post("/json/getApiTicket.php", "account=ada&password=wrong");
    scene
        .post(&boss, "accounts/unlock", &unlock)
        .assert_done("forgiven");
    assert_eq!(scene.last_action()["type"], "AUL");
    scene
        .server
        .post("/json/getApiTicket.php", "account=ada&password=wrong");
    scene.site.run(&["account", "unlock", "ada"]).assert_done();
    assert_eq!(scene.last_action()["name"], "(operator)");
    scene
        .site
        .run(&["account", "unlock", "nobody"])
        .assert_refused(&["no such account"]);
}

#[test]
fn rights_and_deletion() {
    let scene = Scene::start(&[]);
    let program = scene.token("program", "accounts,read");
    let set = |admin: bool| json!({ "account": "ada", "admin": admin });
    scene
        .post(&program, "accounts/admin", &set(true))
        .assert_done("an administrator");
    assert_eq!(scene.get(&program, "account?account=ada").body["admin"], true);
    scene
        .post(&program, "accounts/admin", &set(false))
        .assert_done("no administrator");
    scene
        .post(&program, "accounts/admin", &json!({ "account": "ada" }))
        .assert_refused(400, "field");
    let ada = log_in(&scene.server, "ada");
    scene
        .post(&program, "accounts/delete", &json!({ "account": "ada" }))
        .assert_done("is deleted");
    let entry = scene.last_action();
    assert_eq!(
        (entry["type"].as_str(), entry["args"]["account"].as_str()),
        (Some("ADL"), Some("ada"))
    );
    drop(ada);
    assert_eq!(scene.site.run(&["account", "list"]).stdout, "1\tboss\tadmin\n");
}

#[test]
fn invitations_are_made_and_revoked() {
    let scene = Scene::start(&["--set", "registration=invitation"]);
    let boss = scene.boss();
    let made = scene.post(
        &boss,
        "invitations/add",
        &json!({ "uses": 2, "seconds": 3600, "note": "for Zoe" }),
    );
    let code = made.body["code"].as_str().unwrap().to_owned();
    assert_eq!(scene.last_action()["type"], "INV");
    assert!(!scene.last_action().to_string().contains(&code));
    let listed = scene.get(&boss, "invitations").body;
    assert_eq!(
        (&listed["registration"], &listed["invitations"][0]["note"]),
        (&json!("invitation"), &json!("for Zoe"))
    );
    scene
        .post(&boss, "registration", &json!({ "paused": true }))
        .assert_done("paused now");
    assert_eq!(scene.get(&boss, "invitations").body["registration_paused"], true);
    assert_eq!(scene.last_action()["name"], "(admin boss)");
    scene
        .post(&boss, "registration", &json!({ "paused": false }))
        .assert_done("not paused now");
    scene
        .post(&boss, "invitations/revoke", &json!({ "id": 1 }))
        .assert_done("revoked");
    assert_eq!(scene.last_action()["type"], "INR");
    scene
        .post(&boss, "invitations/revoke", &json!({ "id": 1 }))
        .assert_refused(404, "missing");
    scene
        .post(&boss, "invitations/add", &json!({ "uses": 0 }))
        .assert_refused(400, "field");
    let form = format!(
        "account=zoe&password={}&invitation={code}",
        PASSWORD.replace(' ', "+")
    );
    let refused = scene.server.post("/api/register", &form);
    assert_ne!(refused["error"], "", "the code is of no use any more: {refused}");
}
