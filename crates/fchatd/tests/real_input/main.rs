//! A classic server's folder with all that years leave in one: imported, served, changed, the server killed and
//! started again, exported, and compared.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod folder;
mod server;

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use fchatd_dialogue::site::Site;
use folder::{Classic, ROOM, aged, lasting, with_oddities};
use rustix::process::Signal;
use serde_json::{Value, json};
use server::{Person, Server, fchatd, know};

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

fn done(dir: &Path, arguments: &[&str]) -> String {
    let output = fchatd(dir, arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn exported(dir: &Path) -> Classic {
    let out = dir.join("out");
    done(dir, &["state", "export", out.to_str().unwrap()]);
    Classic::read(&out)
}

/// Compares part by part, so that a difference can be read.
fn same(found: &Classic, expected: &Classic) {
    for list in ["public", "private"] {
        let channels = |files: &Classic| files.channels[list].as_array().unwrap().clone();
        let (found, expected) = (channels(found), channels(expected));
        let names = |channels: &[Value]| -> Vec<Value> {
            channels.iter().map(|channel| channel["name"].clone()).collect()
        };
        assert_eq!(names(&found), names(&expected));
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found, expected, "{}", found["name"]);
        }
    }
    assert_eq!(found.operators, expected.operators);
    assert_eq!(found.super_operators, expected.super_operators);
    assert_eq!(found.bans, expected.bans);
}

#[test]
fn an_aged_folder_is_imported_served_changed_and_exported() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path();
    let (odd, faults) = with_oddities(aged());
    odd.write(&dir.join("odd"));
    let odd = dir.join("odd");

    let refused = fchatd(dir, &["state", "import", odd.to_str().unwrap()]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    for fault in &faults {
        assert!(said.contains(fault), "{fault}\n{said}");
    }
    assert!(
        !fchatd(dir, &["state", "show"]).status.success(),
        "nothing was imported"
    );
    let said = done(dir, &["state", "import", "--skip-strange", odd.to_str().unwrap()]);
    assert_eq!(said.matches("left out: ").count(), faults.len(), "{said}");
    let mut expected = aged();
    // Of two spellings of a name the one with capitals is kept.
    expected.operators[1] = json!("Zed");
    same(&lasting(exported(dir), 0), &lasting(expected.clone(), 0));

    let site = Site::start().unwrap();
    for (account, name) in [
        (1, "Ada"),
        (2, "Bea"),
        (70, "Permabanned"),
        (71, "Over"),
        (72, "Later"),
        (3, "BANNED 100"),
    ] {
        know(&site, account, name, name == "Ada");
    }
    let server = Server::start(dir, &site);
    let mut ada = Person::log_in(&server, "Ada").unwrap();
    as_imported(&server, &mut ada);
    let before = now();
    change(&mut ada);
    server.end(Signal::KILL);

    let server = Server::start(dir, &site);
    let mut ada = Person::log_in(&server, "Ada").unwrap();
    as_changed(&server, &mut ada);
    drop(ada);
    server.end(Signal::TERM);
    assert!(done(dir, &["state", "check"]).contains("is what it should be"));

    let mut found = lasting(exported(dir), before);
    put_changes(&mut expected, &mut found, before);
    same(&found, &lasting(expected, before));
}

fn as_imported(server: &Server, ada: &mut Person) {
    let public = ada.ask("CHA", &json!({}), "CHA");
    let list = |value: &Value, key: &str| -> Vec<String> {
        let channels = value["channels"].as_array().unwrap();
        channels
            .iter()
            .map(|channel| channel[key].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        list(&public, "name"),
        ["Caf\u{e9} & Bar", "Frontpage", "development"]
    );
    assert_eq!(list(&public, "mode"), ["chat", "both", "ads"]);
    let rooms = ada.ask("ORS", &json!({}), "ORS");
    assert_eq!(list(&rooms, "title"), ["&lt;3", "Fish &amp; Chips \u{1f41f}"]);
    let cafe = aged().channels["public"][0].clone();
    let description = ada.ask("JCH", &json!({"channel": "cAF\u{e9} & bAR"}), "CDS");
    assert_eq!(
        description,
        json!({"channel": cafe["name"], "description": cafe["description"]})
    );
    let moderators = ada.ask("COL", &json!({"channel": cafe["name"]}), "COL");
    assert_eq!(
        moderators["oplist"],
        json!(["", "mODDER", "Other-Mod_9", "SUPERONE"])
    );

    assert_eq!(Person::log_in(server, "Permabanned").err(), Some(9));
    assert_eq!(Person::log_in(server, "Later").err(), Some(9));
    Person::log_in(server, "Over").unwrap();
    let mut banned = Person::log_in(server, "BANNED 100").unwrap();
    assert_eq!(banned.refused("JCH", &json!({"channel": "Frontpage"})), 48);
    banned.ask("JCH", &json!({"channel": "DEVELOPMENT"}), "CDS");
}

/// Something of every kind; each is answered.
fn change(ada: &mut Person) {
    ada.ask(
        "CUB",
        &json!({"channel": "frontpage", "character": "banned 100"}),
        "SYS",
    );
    ada.ask("JCH", &json!({"channel": "Frontpage"}), "CDS");
    let ban = json!({"channel": "Frontpage", "character": "Newly Banned"});
    ada.ask("CBU", &ban, "CBU");
    let until = json!({"channel": "Frontpage", "character": "For A While", "length": 60});
    ada.ask("CTU", &until, "CTU");
    let description = json!({"channel": "Frontpage", "description": "a < b & c \u{1f41f}"});
    ada.ask("CDS", &description, "CDS");
    ada.ask("JCH", &json!({"channel": "development"}), "CDS");
    ada.ask("RMO", &json!({"channel": "development", "mode": "chat"}), "RMO");
    ada.ask(
        "COA",
        &json!({"channel": "development", "character": "Bea"}),
        "COA",
    );
    ada.ask(
        "COR",
        &json!({"channel": "development", "character": "mODDER"}),
        "COR",
    );
    ada.ask("CRC", &json!({"channel": "Zoo"}), "SYS");
    ada.say("SCP", &json!({"action": "add", "character": "Second Super"}));
    ada.ask("DOP", &json!({"character": "ZED"}), "DOP");
    ada.ask("UNB", &json!({"character": "permabanned"}), "SYS");
    // Each sees everything in order: a client with this answer has seen all answers before it.
    ada.ask("UPT", &json!({}), "UPT");
}

fn as_changed(server: &Server, ada: &mut Person) {
    // The staff room, into which the log-in leads, is behind her then.
    ada.ask("UPT", &json!({}), "UPT");
    let description = ada.ask("JCH", &json!({"channel": "Frontpage"}), "CDS");
    assert_eq!(description["description"], "a &lt; b &amp; c \u{1f41f}");
    let mut pardoned = Person::log_in(server, "BANNED 100").unwrap();
    pardoned.ask("JCH", &json!({"channel": "Frontpage"}), "CDS");
    Person::log_in(server, "Permabanned").unwrap();
    ada.ask("JCH", &json!({"channel": ROOM}), "CDS");
}

/// Makes the same changes in the files. Their times are taken from the found ones, if these are plausible.
fn put_changes(expected: &mut Classic, found: &mut Classic, before: i64) {
    let front = &mut expected.channels["public"][1];
    front["description"] = json!("a &lt; b &amp; c \u{1f41f}");
    let bans = front["banlist"].as_array_mut().unwrap();
    bans.retain(|ban| ban["name"] != "BANNED 100");
    let mut new: Vec<Value> = found.channels["public"][1]["banlist"]
        .as_array_mut()
        .unwrap()
        .iter()
        .filter(|ban| ban["time"].as_i64().unwrap() >= before)
        .cloned()
        .collect();
    bans.append(&mut new.clone());
    new.sort_by_key(|ban| ban["name"].to_string());
    let [for_a_while, newly] = &new[..] else {
        panic!("{new:?}")
    };
    assert_eq!(
        (&for_a_while["name"], &for_a_while["banner"]),
        (&json!("For A While"), &json!("Ada"))
    );
    let minutes = for_a_while["timeout"].as_i64().unwrap() - for_a_while["time"].as_i64().unwrap();
    assert_eq!(minutes, 3600);
    assert_eq!(
        (&newly["name"], &newly["timeout"]),
        (&json!("Newly Banned"), &json!(0))
    );

    let development = &mut expected.channels["public"][2];
    development["mode"] = json!("chat");
    let appointed = &found.channels["public"][3]["modlist"][0];
    assert!(appointed["time"].as_i64().unwrap() >= before, "{appointed}");
    development["modlist"] = json!([{"name": "Bea", "modder": "Ada", "time": appointed["time"]}]);
    let development = development.clone();
    let list = expected.channels["public"].as_array_mut().unwrap();
    list[2] = json!({"name": "Zoo", "description": found.channels["public"][2]["description"], "mode": "both", "owner": "",
        "users": 0, "title": "", "top": 0, "type": "public", "banlist": [], "modlist": []});
    list.push(development);

    expected.operators = json!(["gLOBALMOD", "Ann"]);
    expected.super_operators = json!(["SUPERONE", "Second Super"]);
    expected.bans["bans"].as_array_mut().unwrap().remove(0);
}
