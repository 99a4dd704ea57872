//! Plain old clients on bad lines, over real sockets: the promises of the settings in `docs/beyond.md`.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::path::Path;
use std::time::{Duration, Instant};

use fchatd_dialogue::Program;
use fchatd_dialogue::run::identification;
use fchatd_dialogue::websocket::{Watcher, WebSocket};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

struct Site {
    program: Program,
    watcher: Watcher,
}

impl Site {
    fn with(settings: &[&str]) -> Self {
        let mut words = vec!["--dev".to_owned()];
        for setting in settings {
            words.extend(["--set".to_owned(), (*setting).to_owned()]);
        }
        let program = Program::start(Path::new(env!("CARGO_BIN_EXE_fchatd")), &words).unwrap();
        let watcher = Watcher::open(program.address).unwrap();
        Self { program, watcher }
    }

    fn connect(&self, character: &str) -> WebSocket {
        // Each comes from an address of its own.
        let last = character.bytes().map(u32::from).sum::<u32>() % 250 + 1;
        let mut socket = WebSocket::open(self.program.address, &format!("10.0.0.{last}")).unwrap();
        // In trial mode the account "admin" is an administrator.
        let account = match character {
            "admin" => "admin".to_owned(),
            _ => format!("{character}'s"),
        };
        socket.say(&identification(&account, character)).unwrap();
        socket
            .await_text(|text| text.starts_with("NLN ") || text.starts_with("ERR "))
            .unwrap();
        socket
    }

    /// A character that is online and has forgotten its earlier frames.
    fn online(&mut self, character: &str, channels: &[&str]) -> WebSocket {
        let mut socket = self.connect(character);
        for channel in channels {
            socket
                .say(&format!("JCH {}", json!({"channel": channel})))
                .unwrap();
        }
        self.settle(&mut [&mut socket]);
        socket.heard.clear();
        socket
    }

    /// Breaks the connection of the only character that is away afterwards, and waits until the server knows of it: each
    /// thread reads its own connections, so input of another one could be handled before.
    fn reset(&mut self, socket: &mut WebSocket, admin: &mut WebSocket) {
        socket.reset().unwrap();
        let start = Instant::now();
        let is_known = |text: &str| text.starts_with("ZZZ ") && text.contains(" 1 characters that are away");
        while !admin.heard.iter().any(|text| is_known(text)) {
            assert!(start.elapsed() < PATIENCE, "{:?}", admin.heard);
            admin.heard.clear();
            admin.say(r#"ZZZ {"command":"status"}"#).unwrap();
            admin.await_text(|text| text.starts_with("ZZZ ")).unwrap();
        }
        admin.heard.clear();
    }

    /// Waits until these have heard everything.
    fn settle(&mut self, sockets: &mut [&mut WebSocket]) {
        for _ in 0..2 {
            for socket in sockets.iter_mut() {
                socket.catch_up().unwrap();
            }
            self.watcher.wait().unwrap();
        }
        for socket in sockets.iter_mut() {
            socket.catch_up().unwrap();
        }
    }
}

fn codes(socket: &WebSocket) -> Vec<&str> {
    socket.heard.iter().map(|text| &text[..3]).collect()
}

fn messages(socket: &WebSocket) -> Vec<String> {
    let said = socket.heard.iter().filter_map(|text| text.split_once(' '));
    let said = said.filter(|(code, _)| matches!(*code, "MSG" | "PRI"));
    said.map(|(_, json)| {
        let value: Value = serde_json::from_str(json).unwrap();
        value["message"].as_str().unwrap().to_owned()
    })
    .collect()
}

/// The old connection of a client is still there, as far as the server can tell, but nothing comes of it any more.
#[test]
fn a_half_open_connection_is_taken_over_unseen() {
    let mut site = Site::with(&["msg_flood=0"]);
    let mut bob = site.online("Bob", &["Development"]);
    let mut dead = site.online("Ada", &["Development"]);
    site.settle(&mut [&mut bob]);
    bob.heard.clear();
    let mut ada = site.connect("Ada");
    bob.say(r#"MSG {"channel": "Development", "message": "held"}"#)
        .unwrap();
    site.settle(&mut [&mut bob, &mut ada]);
    assert_eq!(codes(&bob), [""; 0], "nobody sees anything of it");
    ada.heard.clear();
    ada.say(r#"JCH {"channel": "development"}"#).unwrap();
    site.settle(&mut [&mut bob, &mut ada]);
    assert_eq!(codes(&ada), ["JCH", "COL", "ICH", "CDS", "MSG"]);
    // The error reaches the old one if it is alive after all, and it has a second to read it.
    dead.await_close().unwrap();
    assert!(dead.heard.iter().any(|text| text.contains("\"number\":31")));
    site.settle(&mut [&mut bob]);
    assert_eq!(codes(&bob), [""; 0]);
}

#[test]
fn a_half_open_connection_is_taken_over_for_all_to_see_where_that_is_off() {
    let mut site = Site::with(&["compat=classic"]);
    let mut bob = site.online("Bob", &["Development"]);
    let _dead = site.online("Ada", &["Development"]);
    site.settle(&mut [&mut bob]);
    bob.heard.clear();
    let mut ada = site.connect("Ada");
    site.settle(&mut [&mut bob, &mut ada]);
    assert_eq!(codes(&bob), ["FLN", "NLN"]);
}

/// A browser closes with code 1001 when the page is reloaded.
#[test]
fn a_reload_is_no_goodbye() {
    let mut site = Site::with(&["room_flood=0"]);
    let mut bob = site.online("Bob", &["Development"]);
    let mut ada = site.online("Ada", &["Development"]);
    ada.say(r#"CCR {"channel": "Alone"}"#).unwrap();
    site.settle(&mut [&mut bob, &mut ada]);
    let joined = ada.heard.iter().find(|text| text.starts_with("JCH ")).unwrap();
    let joined: Value = serde_json::from_str(joined.split_once(' ').unwrap().1).unwrap();
    let room = joined["channel"].as_str().unwrap().to_owned();
    site.settle(&mut [&mut bob]);
    bob.heard.clear();
    ada.close_with(1001).unwrap();
    let mut ada = site.connect("Ada");
    ada.heard.clear();
    ada.say(&format!("JCH {}", json!({"channel": room}))).unwrap();
    site.settle(&mut [&mut bob, &mut ada]);
    assert_eq!(codes(&ada), ["JCH", "COL", "ICH", "CDS"], "the room is there");
    assert_eq!(codes(&bob), [""; 0], "nobody sees anything of it");
    ada.close().unwrap();
    site.settle(&mut [&mut bob]);
    assert_eq!(codes(&bob), ["FLN"], "this is a goodbye");
}

/// Both sides of the connection are reset, over and over, while others talk.
#[test]
fn nothing_is_lost_and_nothing_comes_twice_over_many_breaks() {
    let mut site = Site::with(&["msg_flood=0"]);
    let mut admin = site.online("admin", &[]);
    let mut bob = site.online("Bob", &["Development"]);
    let mut ada = site.online("Ada", &["Development"]);
    site.settle(&mut [&mut bob]);
    bob.heard.clear();
    let (mut said, mut heard) = (Vec::new(), Vec::new());
    let mut number = 0;
    let mut talk = |bob: &mut WebSocket, said: &mut Vec<String>| {
        for _ in 0..3 {
            number += 1;
            let text = format!("no. {number}");
            let message = json!({"channel": "Development", "message": text});
            bob.say(&format!("MSG {message}")).unwrap();
            said.push(text);
        }
    };
    for _ in 0..10 {
        talk(&mut bob, &mut said);
        site.settle(&mut [&mut bob, &mut ada]);
        heard.extend(messages(&ada));
        site.reset(&mut ada, &mut admin);
        talk(&mut bob, &mut said);
        ada = site.connect("Ada");
        talk(&mut bob, &mut said);
        site.settle(&mut [&mut bob, &mut ada]);
        ada.heard.clear();
        ada.say(r#"JCH {"channel": "Development"}"#).unwrap();
        site.settle(&mut [&mut bob, &mut ada]);
        assert_eq!(codes(&ada)[..4], ["JCH", "COL", "ICH", "CDS"]);
    }
    heard.extend(messages(&ada));
    assert_eq!(heard, said);
    assert_eq!(codes(&bob), [""; 0], "and nobody has seen anything of it");
}

/// A client that never comes back goes when its time is over.
#[test]
fn a_character_that_does_not_return_logs_off() {
    let mut site = Site::with(&["resume_grace=1", "room_grace=1"]);
    let mut bob = site.online("Bob", &[]);
    let mut ada = site.online("Ada", &[]);
    bob.heard.clear();
    ada.reset().unwrap();
    bob.await_text(|text| text.starts_with("FLN ")).unwrap();
    bob.say(r#"PRI {"recipient": "Ada", "message": "gone"}"#).unwrap();
    bob.await_text(|text| text.starts_with("ERR ")).unwrap();
    assert_eq!(codes(&bob)[codes(&bob).len() - 2..], ["FLN", "ERR"]);
}

/// The flood rule of the classic server loses lines that an official client says in quick succession.
#[test]
fn quick_messages_arrive_in_order() {
    let mut site = Site::with(&["msg_flood=0.2"]);
    let mut bob = site.online("Bob", &["Development"]);
    let mut ada = site.online("Ada", &["Development"]);
    bob.heard.clear();
    for number in 1..=6 {
        let message = json!({"recipient": "Bob", "message": format!("no. {number}")});
        ada.say(&format!("PRI {message}")).unwrap();
    }
    bob.await_text(|text| text.contains("no. 6")).unwrap();
    assert_eq!(
        messages(&bob),
        (1..=6).map(|number| format!("no. {number}")).collect::<Vec<_>>()
    );
    site.settle(&mut [&mut ada]);
    assert_eq!(codes(&ada), [""; 0], "and nothing is refused");
}

#[test]
fn quick_messages_are_refused_with_flood_mode_reject() {
    let mut site = Site::with(&["msg_flood=600", "flood_mode=reject"]);
    let mut bob = site.online("Bob", &[]);
    let mut ada = site.online("Ada", &[]);
    for number in 1..=2 {
        let message = json!({"recipient": "Bob", "message": format!("no. {number}")});
        ada.say(&format!("PRI {message}")).unwrap();
    }
    site.settle(&mut [&mut ada, &mut bob]);
    assert_eq!(messages(&bob), ["no. 1"]);
    assert!(ada.heard[0].contains("\"number\":5"), "{:?}", ada.heard);
}

/// Handshakes of clients in use: any path, version 8 or 13, no origin, a pong without a ping.
#[test]
fn old_handshakes_are_taken() {
    let site = Site::with(&[]);
    for (path, version) in [
        ("/", 13),
        ("/", 8),
        ("/chat2", 8),
        ("/chat2:9722", 13),
        ("/a/b?c=d", 13),
    ] {
        let mut socket = WebSocket::open_as(site.program.address, path, version, "10.0.0.9").unwrap();
        socket.pong().unwrap();
        socket.say(&identification("Ada's", "Ada")).unwrap();
        socket
            .await_text(|text| text.starts_with("NLN ") || text.starts_with("ERR "))
            .unwrap();
        assert_eq!(codes(&socket)[0], "IDN", "{path} in version {version}");
        socket.close().unwrap();
    }
}

/// Some clients keep a stale dialogue when the connection is closed at once after a fatal error.
#[test]
fn a_fatal_error_can_be_read_before_the_end() {
    let site = Site::with(&[]);
    let mut socket = WebSocket::open(site.program.address, "10.0.0.9").unwrap();
    socket.say(r#"IDN {"method": "password"}"#).unwrap();
    socket.await_text(|text| text.starts_with("ERR ")).unwrap();
    // It is still there, and ends by itself.
    socket.catch_up().unwrap();
    assert!(!socket.is_closed);
    socket.await_close().unwrap();
}
