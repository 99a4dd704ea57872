//! The actions of moderators, on disk, and `fchatd log`.

use serde_json::{Value, json};

use crate::place::{Person, Place, eventually};

fn crowd() -> Place {
    let place = Place::new();
    for (number, name) in ["Admin", "Ada", "Bob", "Cyd"].into_iter().enumerate() {
        place.know(name, number as u32 + 1);
    }
    place
}

#[track_caller]
fn printed(place: &Place, words: &[&str]) -> String {
    let output = place.log(words);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn refused(place: &Place, words: &[&str]) -> String {
    let output = place.log(words);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn without(mut action: Value, keys: &[&str]) -> Value {
    for key in keys {
        action.as_object_mut().unwrap().remove(*key).unwrap();
    }
    action
}

#[test]
fn answered_actions_are_there_after_a_kill() {
    let place = crowd();
    for round in 0..3 {
        let server = place.start();
        let mut admin = server.enter("Admin");
        admin.act(&format!(r#"BRO {{"message":"round {round}"}}"#), "BRO");
        let log = server.kill();
        assert_eq!(log, "");
        let actions = place.actions(&[]);
        assert_eq!(actions.len(), round + 1);
        let last = actions.last().unwrap();
        assert_eq!(last["args"]["message"], format!("round {round}"));
        assert_eq!(last["id"], round + 1);
    }
    // As if it had died in the middle of a line.
    let file = place.path("data/actions/000000000001.jsonl");
    let mut text = std::fs::read(&file).unwrap();
    text.extend(b"{\"args\":{},\"name\":\"Adm");
    std::fs::write(&file, &text).unwrap();
    assert_eq!(place.actions(&[]).len(), 3);
    let server = place.start();
    let mut admin = server.enter("Admin");
    admin.act(r#"BRO {"message":"last"}"#, "BRO");
    let log = server.stop();
    assert!(log.contains("was not whole") && log.contains("torn-1"), "{log}");
    let numbers: Vec<_> = place
        .actions(&[])
        .iter()
        .map(|action| action["id"].clone())
        .collect();
    assert_eq!(numbers, [1, 2, 3, 4].map(Value::from));
}

#[test]
fn the_action_log_answers_who_banned_me() {
    let place = crowd();
    let server = place.start();
    let mut admin = server.enter("Admin");
    let mut ada = server.enter("Ada");
    let _bob = server.enter("Bob");
    ada.act(r#"JCH {"channel":"frontpage"}"#, "CDS");
    admin.act(
        r#"CTU {"channel":"frontpage","character":"nobody","length":5}"#,
        "ERR",
    );
    admin.act(r#"JCH {"channel":"frontpage"}"#, "CDS");
    admin.act(
        r#"CTU {"channel":"frontpage","character":"ada","length":5}"#,
        "CTU",
    );
    admin.act(
        r#"TMO {"character":"bob","time":"1","reason":"too <loud>"}"#,
        "SYS",
    );
    admin.act(r#"AOP {"character":"ada"}"#, "AOP");
    ada.act(r#"KIK {"character":"bob"}"#, "ERR");

    let actions = place.actions(&[]);
    let time = actions[1]["time"].as_i64().unwrap();
    assert_eq!(
        without(actions[1].clone(), &["time", "until"]),
        json!({"args": {"character": "bob", "reason": "too <loud>", "time": "1"}, "name": "Admin", "type": "TMO",
            "id": 2, "whom": "Bob", "account": 3, "why": "too <loud>"})
    );
    assert_eq!(actions[1]["until"], time + 60);
    assert_eq!(actions[0]["where"], "Frontpage");
    let numbers = |words: &[&str]| -> Vec<u64> {
        let found = place.actions(words);
        found
            .iter()
            .map(|action| action["id"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(numbers(&["--against", "ADA"]), [1, 3]);
    assert_eq!(numbers(&["--against", "ada", "--channel", "frontpage"]), [1]);
    assert_eq!(numbers(&["--by", "admin", "--since", "1h"]), [1, 2, 3]);
    assert_eq!(numbers(&["--by", "ada"]), [0; 0]);
    assert_eq!(numbers(&["--since", "2999-01-01"]), [0; 0]);
    let told = printed(&place, &["actions", "--against", "bob"]);
    assert!(
        told.contains("  #2 TMO by Admin against Bob: too <loud>, until "),
        "{told}"
    );
    let output = place.log(&["actions", "--since", "yesterday"]);
    assert_eq!(output.status.code(), Some(2));
    eventually("the status knows", || {
        admin.status("action log") == "so far 3 actions written, 0 lost"
    });
    assert_eq!(server.stop(), "");
}

#[test]
fn bans_are_undone_beside_a_running_server() {
    let place = crowd();
    let server = place.start();
    let mut admin = server.enter("Admin");
    let mut ada = server.enter("Ada");
    let _bob = server.enter("Bob");
    admin.act(r#"JCH {"channel":"frontpage"}"#, "CDS");
    admin.act(r#"AOP {"character":"ada"}"#, "AOP");
    admin.act(r#"ACB {"character":"bob"}"#, "SYS");
    admin.act(r#"CBU {"channel":"frontpage","character":"cyd"}"#, "CBU");
    assert!(server.try_enter("Bob").is_err());
    assert!(refused(&place, &["undo", "1"]).contains("only bans and timeouts can be undone"));
    assert!(refused(&place, &["undo", "9"]).contains("there is no action 9"));

    assert_eq!(
        printed(&place, &["undo", "2"]),
        "action 2 is undone: ACB of Bob\n"
    );
    ada.hear(|text| text.starts_with("SYS ") && text.contains("has undone action 2 (ACB)"));
    let _bob = server.enter("Bob");
    assert!(refused(&place, &["undo", "2"]).contains("action 4 (UNDO by (operator)) came later"));
    assert_eq!(
        printed(&place, &["undo", "3"]),
        "action 3 is undone: CBU of cyd\n"
    );
    // The administrator hears of undone actions as well, in texts that begin like the answers to the next commands.
    let hears = |who: &mut Person, words: &str| {
        who.hear(|text| text.starts_with("SYS ") && text.contains(words));
    };
    hears(&mut admin, "has undone action 3 (CBU)");
    let hellban = r#"HLB {"character":"cyd","action":"add"}"#;
    admin.act(hellban, "SYS");
    assert_eq!(
        printed(&place, &["undo", "6"]),
        "action 6 is undone: HLB of cyd\n"
    );
    hears(&mut ada, "cyd is heard again");
    hears(&mut admin, "cyd is heard again");
    admin.act(hellban, "SYS");
    admin.act(r#"HLB {"character":"cyd","action":"remove"}"#, "SYS");
    assert!(refused(&place, &["undo", "8"]).contains("action 9 (HLB by Admin) came later"));
    assert!(refused(&place, &["undo", "9"]).contains("has banned nobody here"));
    server.kill();
    let actions = place.actions(&["--by", "(operator)"]);
    assert_eq!(
        without(actions[1].clone(), &["time"]),
        json!({"args": {"channel": "Frontpage", "character": "cyd", "id": 3, "type": "CBU"}, "name": "(operator)",
            "type": "UNDO", "id": 5, "whom": "cyd", "where": "Frontpage"})
    );
    let server = place.start();
    let mut cyd = server.enter("Cyd");
    cyd.act(r#"JCH {"channel":"frontpage"}"#, "CDS");
}

#[test]
fn bans_are_undone_where_no_server_runs() {
    let place = crowd();
    assert!(refused(&place, &["undo", "1"]).contains("no server has ever run"));
    let server = place.start();
    let mut admin = server.enter("Admin");
    let _others = [server.enter("Ada"), server.enter("Bob")];
    admin.act(r#"JCH {"channel":"frontpage"}"#, "CDS");
    admin.act(r#"ACB {"character":"bob"}"#, "SYS");
    admin.act(r#"TMO {"character":"ada","time":5,"reason":"x"}"#, "SYS");
    admin.act(
        r#"CTU {"channel":"frontpage","character":"cyd","length":5}"#,
        "CTU",
    );
    admin.act(r#"UNB {"character":"bob"}"#, "SYS");
    admin.act(r#"HLB {"character":"bob","action":"add"}"#, "SYS");
    server.kill();
    assert!(refused(&place, &["undo", "1"]).contains("action 4 (UNB by Admin) came later"));
    printed(&place, &["undo", "5"]);
    printed(&place, &["undo", "2"]);
    printed(&place, &["undo", "3"]);
    assert!(refused(&place, &["undo", "3"]).contains("came later"));
    let server = place.start();
    let _ada = server.enter("Ada");
    let mut cyd = server.enter("Cyd");
    cyd.act(r#"JCH {"channel":"frontpage"}"#, "CDS");
    assert_eq!(place.actions(&[]).len(), 8);
}

#[test]
fn without_an_action_log_nothing_is_lost_in_silence() {
    let place = crowd();
    let server = place.start();
    let mut admin = server.enter("Admin");
    admin.act(r#"BRO {"message":"one"}"#, "BRO");
    // The next file can't be made: the folder is gone.
    let (folder, away) = (place.path("data/actions"), place.path("away"));
    server.stop();
    std::fs::rename(&folder, &away).unwrap();
    std::fs::write(&folder, "no folder").unwrap();
    let Err(told) = place.try_start(&[]) else {
        panic!("it starts without its log");
    };
    assert!(
        told.contains("the action log in") && told.contains("can't be used"),
        "{told}"
    );
    std::fs::remove_file(&folder).unwrap();
    std::fs::rename(&away, &folder).unwrap();
    let server = place.start();
    let mut admin = server.enter("Admin");
    admin.act(r#"BRO {"message":"two"}"#, "BRO");
    assert_eq!(place.actions(&[]).len(), 2);
}
