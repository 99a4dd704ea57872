//! Settings, scripts, the log and backups.

use serde_json::{Value, json};

use super::Scene;

fn setting(scene: &Scene, key: &str) -> Value {
    let shown = scene.site.run(&["admin", "call", "settings"]);
    let shown: Value = serde_json::from_str(shown.stdout.trim()).unwrap();
    let settings = shown["settings"].as_array().unwrap();
    settings.iter().find(|one| one["key"] == key).unwrap().clone()
}

/// Waits until a setting has a value in force.
fn await_setting(scene: &Scene, key: &str, value: &Value) {
    let begun = std::time::Instant::now();
    while setting(scene, key)["value"] != *value {
        assert!(begun.elapsed() < crate::site::PATIENCE, "{}", setting(scene, key));
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn settings_change_at_once_or_at_the_next_start() {
    let scene = Scene::start(&["--set", "max_per_ip=7"]);
    let boss = scene.boss();
    let set =
        |key: &str, value: &str| scene.post(&boss, "settings/set", &json!({ "key": key, "value": value }));
    set("maxusers", "123").assert_done("put in force");
    await_setting(&scene, "maxusers", &json!(123.0));
    let entry = scene.last_action();
    assert_eq!(
        (&entry["type"], &entry["args"]["value"]),
        (&json!("SET"), &json!("123"))
    );
    let source = setting(&scene, "maxusers")["source"].as_str().unwrap().to_owned();
    assert!(source.contains("data/settings.lua"), "{source}");

    set("threads", "1").assert_done("next restart");
    set("max_per_ip", "9").assert_done("--set max_per_ip overrides it");
    assert_eq!(setting(&scene, "max_per_ip")["value"], json!(7.0));
    set("maxusers", "many").assert_refused(409, "refused");
    set("maxusers", "0").assert_refused(409, "refused");
    set("max_user", "1").assert_refused(404, "missing");
    // It is a text, and an address for no one.
    set("bindaddr", "nowhere at all").assert_refused(409, "refused");
    await_setting(&scene, "maxusers", &json!(123.0));

    scene
        .post(&boss, "settings/unset", &json!({ "key": "maxusers" }))
        .assert_done("startup_config.lua");
    await_setting(&scene, "maxusers", &json!(2000.0));
    scene
        .post(&boss, "settings/unset", &json!({ "key": "maxusers" }))
        .assert_refused(409, "refused");
    // A token does not widen its own reach.
    let program = scene.token("program", "settings");
    let widen = json!({ "key": "admin_networks", "value": "" });
    scene
        .post(&program, "settings/set", &widen)
        .assert_refused(409, "refused");
    let history = scene.get(&boss, "actions?code=SET").body;
    assert_eq!(history["actions"].as_array().unwrap().len(), 4, "{history}");
}

#[test]
fn a_secret_setting_is_shown_to_no_one() {
    let scene = Scene::start(&[]);
    let boss = scene.boss();
    let secret = "hunter2 \"]] quoted\\";
    let set = json!({ "key": "rtbsecret", "value": secret });
    scene
        .post(&boss, "settings/set", &set)
        .assert_done("rtbsecret is set");
    let shown = setting(&scene, "rtbsecret");
    assert!(!shown.to_string().contains("hunter2"), "{shown}");
    assert_eq!(shown["secret"], true);
    assert!(!scene.last_action().to_string().contains("hunter2"));
    use std::os::unix::fs::PermissionsExt;
    let file = scene.site.path("data/settings.lua");
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    scene.server.terminate();
    assert!(!scene.server.ended().stderr.contains("hunter2"));
    let again = scene.site.run(&["check"]);
    assert_eq!(again.code, Some(0), "{again:?}");
}

#[test]
fn scripts_are_tried_before_they_are_in_force() {
    let scene = Scene::start(&[]);
    let program = scene.token("program", "read,settings");
    assert_eq!(scene.get(&program, "scripts").body["own"], false);
    scene
        .post(&program, "scripts/check", &json!({}))
        .assert_done("they are good");
    scene.site.write_scripts("function event.");
    assert_eq!(scene.get(&program, "scripts").body["own"], true);
    for path in ["scripts/check", "scripts/reload"] {
        let refused = scene.post(&program, path, &json!({}));
        refused.assert_refused(409, "refused");
        assert!(
            refused.body["error"].as_str().unwrap().contains("main.lua"),
            "{refused:?}"
        );
    }
    scene.site.write_scripts("error('not today')");
    scene
        .post(&program, "scripts/check", &json!({}))
        .assert_refused(409, "refused");
    scene.site.write_scripts("");
    scene
        .post(&program, "scripts/reload", &json!({}))
        .assert_done("put in force");
    assert_eq!(
        (&scene.last_action()["type"], &scene.last_action()["name"]),
        (&json!("SCR"), &json!("(token program)"))
    );
}

#[test]
fn the_log_can_be_followed() {
    let scene = Scene::start(&[]);
    let reader = scene.token("reader", "read");
    let first = scene.get(&reader, "log?lines=2000").body;
    let lines = first["lines"].as_array().unwrap();
    assert!(
        lines
            .iter()
            .any(|line| line["text"].as_str().unwrap().contains("state: ")),
        "{first}"
    );
    let guess = super::Caller::with_token("fchatd_admin_guess");
    scene.get(&guess, "status").assert_refused(401, "token");
    let later = scene
        .get(&reader, &format!("log?after={}&lines=2000", first["last"]))
        .body;
    let told = later["lines"].to_string();
    assert!(
        told.contains("a token for the administration was not good"),
        "{told}"
    );
    assert!(!told.contains("fchatd_admin_guess"), "{told}");
    assert!(!told.contains("state: "), "only newer lines: {told}");
}

#[test]
fn a_backup_is_made_while_the_server_runs() {
    let scene = Scene::start(&[]);
    let program = scene.token("program", "read,backup");
    let made = scene.post(&program, "backups/add", &json!({}));
    made.assert_done("is whole");
    let name = made.body["name"].as_str().unwrap();
    let listed = scene.get(&program, "backups").body;
    assert_eq!(listed["backups"][0]["name"], name);
    let path = scene.site.path("backups").join(name);
    let checked = scene.site.run(&["backup", "--check", path.to_str().unwrap()]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert_eq!(scene.last_action()["args"]["file"], name);
}
