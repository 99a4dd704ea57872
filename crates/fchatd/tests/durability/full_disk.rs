//! A disk without room, as the process sees it: the system refuses each write that would make a file larger.

use rustix::process::{Resource, Rlimit, prlimit};
use serde_json::json;

use crate::actor::{Actor, Pass};
use crate::facts;
use crate::site::{Server, Site};

const PASSWORD: &str = "correct horse battery";
const OUTAGE: &str = "the state of the chat can't be saved";
const RECOVERY: &str = "the state of the chat is saved again";

fn set_room(server: &Server, bytes: Option<u64>) {
    let limit = Rlimit {
        current: bytes,
        maximum: None,
    };
    prlimit(Some(server.pid()), Resource::Fsize, limit).unwrap();
}

fn describe(actor: &mut Actor, description: &str) -> Vec<String> {
    let arguments = json!({"channel": "Frontpage", "description": description});
    actor
        .ask_for(&format!("CDS {arguments}"), "CDS ", description)
        .unwrap()
}

fn unsaved(text: &str) -> bool {
    text.starts_with("ERR ") && text.contains("\"number\":-6")
}

/// The administrator's messages about it.
fn unsaved_changes(actor: &mut Actor) -> String {
    let heard = actor
        .ask_for(r#"ZZZ {"command":"status"}"#, "ZZZ ", "state: ")
        .unwrap();
    let answer = heard.iter().find(|text| text.starts_with("ZZZ ")).unwrap();
    let answer: serde_json::Value = serde_json::from_str(&answer[4..]).unwrap();
    let lines = answer["message"].as_str().unwrap().lines();
    lines.filter_map(|line| line.strip_prefix("state: ")).collect()
}

const TICKETS_LOST: &str = "tickets cannot be saved";
const TICKETS_KEPT: &str = "tickets are saved again";

#[test]
fn without_room_people_log_in_and_can_change_nothing_of_their_accounts() {
    let site = Site::new();
    site.add_administrator("staff", PASSWORD);
    let server = site.start();
    let form = [("account", "staff"), ("password", PASSWORD)];
    let grant = |server: &Server| {
        let answer = server.post("/json/getApiTicket.php", &form).unwrap();
        assert_eq!(answer["error"], "", "{answer}");
        Pass {
            account: "staff".to_owned(),
            ticket: answer["ticket"].as_str().unwrap().to_owned(),
        }
    };
    let make = |server: &Server, pass: &Pass, name: &str| {
        let form = [
            ("account", "staff"),
            ("ticket", pass.ticket.as_str()),
            ("name", name),
            ("gender", "None"),
        ];
        server.post("/api/character-create", &form).unwrap()["error"].clone()
    };
    let before = grant(&server);
    for name in ["Ada", "Bob"] {
        assert_eq!(make(&server, &before, name), "");
    }

    set_room(&server, Some(0));
    let mut bob = Actor::enter(server.address, &before, "Bob").unwrap();
    // Twice: the first log-in hashes the password, the second one need not.
    let _first = grant(&server);
    let pass = grant(&server);
    let form = [("account", "staff"), ("ticket", pass.ticket.as_str())];
    let renewed = server.post("/api/renew", &form).unwrap();
    assert_eq!(renewed["error"], "", "{renewed}");
    let renewed = Pass {
        account: "staff".to_owned(),
        ticket: renewed["ticket"].as_str().unwrap().to_owned(),
    };
    let mut ada = Actor::enter(server.address, &renewed, "Ada").unwrap();
    for actor in [&mut ada, &mut bob] {
        actor
            .ask_for(r#"JCH {"channel":"Frontpage"}"#, "CDS ", "Frontpage")
            .unwrap();
    }
    ada.tell(r#"MSG {"channel":"Frontpage","message":"I came in without a disk."}"#)
        .unwrap();
    bob.hear(|text| text.starts_with("MSG ") && text.contains("without a disk"))
        .unwrap();
    assert_ne!(make(&server, &pass, "Cyd"), "", "that needs the disk");
    server.await_log(TICKETS_LOST, 1);
    assert_eq!(
        server.log().matches(TICKETS_LOST).count(),
        1,
        "once, not for each ticket"
    );

    set_room(&server, None);
    let after = grant(&server);
    server.await_log(TICKETS_KEPT, 1);
    for pass in [&before, &pass, &renewed, &after] {
        let form = [("account", "staff"), ("ticket", pass.ticket.as_str())];
        assert_eq!(server.post("/api/characters", &form).unwrap()["error"], "");
    }
    assert_eq!(make(&server, &after, "Cyd"), "");
}

#[test]
fn without_room_the_chat_goes_on_and_what_changed_is_saved_later() {
    let site = Site::new();
    site.add_administrator("staff", PASSWORD);
    let mut server = site.start();
    let form = [("account", "staff"), ("password", PASSWORD)];
    let answer = server.post("/json/getApiTicket.php", &form).unwrap();
    let pass = Pass {
        account: "staff".to_owned(),
        ticket: answer["ticket"].as_str().unwrap().to_owned(),
    };
    let enter = |server: &Server, name| {
        let mut actor = Actor::enter(server.address, &pass, name).unwrap();
        actor
            .ask_for(r#"JCH {"channel":"Frontpage"}"#, "CDS ", "Frontpage")
            .unwrap();
        actor
    };
    for name in ["Ada", "Bob"] {
        let form = [
            ("account", "staff"),
            ("ticket", &pass.ticket),
            ("name", name),
            ("gender", "None"),
        ];
        assert_eq!(server.post("/api/character-create", &form).unwrap()["error"], "");
    }
    let mut ada = enter(&server, "Ada");
    let mut bob = enter(&server, "Bob");
    describe(&mut ada, "with room");

    set_room(&server, Some(0));
    for number in 0..3 {
        describe(&mut ada, &format!("without room {number}"));
        ada.hear(unsaved).unwrap();
        bob.hear(|text| text.starts_with("CDS ") && text.contains(&format!("without room {number}")))
            .unwrap();
    }
    // The chat goes on.
    ada.tell(r#"MSG {"channel":"Frontpage","message":"Is it only me?"}"#)
        .unwrap();
    let heard = bob
        .hear(|text| text.starts_with("MSG ") && text.contains("Is it only me?"))
        .unwrap();
    assert!(
        !heard.iter().any(|text| unsaved(text)),
        "only who made the change is told"
    );
    bob.ask_for(r#"COL {"channel":"Frontpage"}"#, "COL ", "Frontpage")
        .unwrap();
    assert_eq!(unsaved_changes(&mut ada), "3 changes are not on disk yet");
    server.await_log(OUTAGE, 1);
    assert_eq!(
        server.log().matches(OUTAGE).count(),
        1,
        "once, not for each change"
    );

    set_room(&server, None);
    server.await_log(RECOVERY, 1);
    let saved = (0..1000).any(|_| unsaved_changes(&mut ada) == "everything is on disk");
    assert!(saved, "{}", unsaved_changes(&mut ada));
    server.kill();
    let is = |description: &str| {
        let found = facts::read(&site.data());
        let head = facts::head("public", "both", "", "Frontpage", description);
        assert_eq!(found[&facts::channel("Frontpage")], head);
    };
    is("without room 2");

    let mut server = site.start();
    let mut ada = enter(&server, "Ada");
    let heard = describe(&mut ada, "with room again");
    assert!(!heard.iter().any(|text| unsaved(text)));
    server.kill();
    is("with room again");
}
