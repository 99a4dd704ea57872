//! Reading the chat log.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::thread;

use crate::place::{PATIENCE, Person, Place, eventually};

/// The next line, with its date made plain.
fn line(reader: &mut BufReader<UnixStream>) -> String {
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let (rest, date) = line
        .rsplit_once("\"date\":\"")
        .unwrap_or_else(|| panic!("{line:?}"));
    let milliseconds: u64 = date.strip_suffix("\"}\n").unwrap().parse().unwrap();
    assert!(milliseconds > 1_700_000_000_000);
    rest.trim_end_matches(',').to_owned()
}

fn crowd() -> Place {
    let place = Place::new();
    for (number, name) in ["Admin", "Ada", "Bob"].into_iter().enumerate() {
        place.know(name, number as u32 + 1);
    }
    place
}

#[test]
fn lines_are_exact_for_every_reader() {
    let place = crowd();
    let server = place.start();
    let mode = std::fs::metadata(place.path("chat.sock"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut admin = server.enter("Admin");
    let mut readers: Vec<_> = (0..20).map(|_| place.reader(&mut admin)).collect();
    let mut ada = server.enter("Ada");
    ada.act(r#"JCH {"channel":"frontpage"}"#, "CDS");
    ada.tell(r#"MSG {"channel":"Frontpage","message":"<b>\n\"hi\" é"}"#);
    ada.act(r#"PRI {"recipient":"Nobody","message":"x"}"#, "ERR");
    ada.tell(r#"PRI {"recipient":"admin","message":"x"}"#);
    admin.hear(|text| text.starts_with("PRI "));
    ada.act(r#"IGN {"action":"add","character":"Eve"}"#, "IGN");
    admin.tell(r#"CBU {"channel":"Frontpage","character":"ada"}"#);
    ada.hear(|text| text.starts_with("CBU "));
    ada.leave();

    let ada_is = r#""from_character":"Ada","from_character_id":1002,"from_account_id":2"#;
    let nobody = r#""to_character":null,"to_character_id":null,"to_account_id":null"#;
    let nowhere = r#""channel":null,"channel_title":null"#;
    let here = r#""channel":"Frontpage","channel_title":"Frontpage""#;
    let expected = [
        format!(r#"{{"message_type":"connect",{ada_is},{nobody},{nowhere},"body":null"#),
        format!(r#"{{"message_type":"channel_join",{ada_is},{nobody},{here},"body":null"#),
        format!(r#"{{"message_type":"message",{ada_is},{nobody},{here},"body":"&lt;b&gt;\n\"hi\" é""#),
        format!(
            r#"{{"message_type":"message_private",{ada_is},"to_character":"Admin","to_character_id":1001,"to_account_id":1,{nowhere},"body":"x""#
        ),
        format!(
            r#"{{"message_type":"ignore_add",{ada_is},"to_character":"Eve","to_character_id":null,"to_account_id":null,{nowhere},"body":null"#
        ),
    ];
    for reader in &mut readers {
        for expected in &expected {
            assert_eq!(&line(reader), expected);
        }
        let ban = line(reader);
        assert!(
            ban.contains("channel_ban") && ban.contains("\"to_account_id\":2"),
            "{ban}"
        );
    }
    drop(readers);
    eventually("nobody reads any more", || {
        admin
            .status("chat log readers")
            .starts_with("0 now, 0 entries waiting; so far 20 readers, 0 cut off")
    });
    assert_eq!(server.stop(), "");
    assert!(!place.path("chat.sock").exists());
}

/// So many bytes that no buffer takes them all.
fn flood(person: &mut Person, count: usize) {
    let message = "x".repeat(45_000);
    for number in 0..count {
        person.tell(&format!(
            r#"PRI {{"recipient":"Bob","message":"{number:06} {message}"}}"#
        ));
    }
}

#[test]
fn a_reader_that_is_too_slow_is_cut_off_alone() {
    const COUNT: usize = 500;
    let place = crowd();
    let server = place.try_start(&["outbox_max=100000000"]).unwrap();
    let mut admin = server.enter("Admin");
    let (mut ada, mut bob) = (server.enter("Ada"), server.enter("Bob"));
    let mut asleep = place.reader(&mut admin);
    let mut awake = place.reader(&mut admin);
    let reading = thread::spawn(move || {
        let mut number = 0;
        let mut text = String::new();
        while number < COUNT {
            text.clear();
            assert!(awake.read_line(&mut text).unwrap() > 0, "cut off at {number}");
            assert!(
                text.contains(&format!("\"body\":\"{number:06} xxx")),
                "{number}: {:.300}",
                text
            );
            number += 1;
        }
    });
    flood(&mut ada, COUNT);
    bob.hear(|text| text.starts_with("PRI ") && text.contains(&format!("\"{:06} ", COUNT - 1)));
    reading.join().unwrap();
    eventually("the slow one is cut off", || {
        let line = admin.status("chat log readers");
        line.contains("1 cut off as too slow") && line.ends_with("0 lost")
    });
    let mut rest = Vec::new();
    asleep.read_to_end(&mut rest).unwrap();
    assert!(rest.len() < COUNT * 45_000);
    let log = server.stop();
    assert!(
        log.contains("readers of the chat log were too slow and are disconnected"),
        "{log}"
    );
}

#[test]
fn an_administrator_stops_and_starts_it() {
    let place = crowd();
    let server = place.start();
    let mut admin = server.enter("Admin");
    let mut ada = server.enter("Ada");
    let mut reader = place.reader(&mut admin);
    let mut said = |word: &str, admin: &mut Person| {
        ada.tell(&format!(r#"PRI {{"recipient":"Admin","message":"{word}"}}"#));
        admin.hear(|text| text.starts_with("PRI ") && text.contains(word));
    };
    said("one", &mut admin);
    admin.act(r#"ZZZ {"command":"logger-stop"}"#, "ZZZ");
    said("two", &mut admin);
    admin.act(r#"ZZZ {"command":"logger-start"}"#, "ZZZ");
    said("three", &mut admin);
    assert!(line(&mut reader).contains("\"body\":\"one\""));
    assert!(line(&mut reader).contains("\"body\":\"three\""));
}

#[test]
fn the_socket_of_a_dead_server_is_replaced_and_that_of_a_living_one_is_not() {
    let place = crowd();
    let server = place.start();
    let other = Place::new();
    let socket = format!("log_socket_path={}", place.path("chat.sock").display());
    let Err(refused) = other.try_start(&[&socket]) else {
        panic!("two servers on one socket");
    };
    assert!(refused.contains("chat.sock is in use"), "{refused}");
    let mut admin = server.enter("Admin");
    let mut reader = place.reader(&mut admin);
    server.kill();
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert!(place.path("chat.sock").exists());
    let server = place.start();
    let mut admin = server.enter("Admin");
    let mut reader = place.reader(&mut admin);
    let _ada = server.enter("Ada");
    assert!(line(&mut reader).contains("connect"));
    reader.get_ref().set_read_timeout(Some(PATIENCE)).unwrap();
}

#[test]
fn readers_at_the_stop_get_a_last_line() {
    let place = crowd();
    let server = place.start();
    let mut admin = server.enter("Admin");
    let mut reader = place.reader(&mut admin);
    let _ada = server.enter("Ada");
    let bob = server.enter("Bob");
    // Bob's connection breaks: he is still there for the others.
    drop(bob);
    assert_eq!(server.stop(), "");
    let mut log = String::new();
    reader.read_to_string(&mut log).unwrap();
    let said: Vec<(&str, &str)> = log
        .lines()
        .map(|line| (text(line, "message_type"), text(line, "from_character")))
        .collect();
    let mut last = said[2..].to_vec();
    last.sort_unstable();
    let gone = |name| ("disconnect", name);
    assert_eq!(said[..2], [("connect", "Ada"), ("connect", "Bob")]);
    assert_eq!(last, [gone("Ada"), gone("Admin"), gone("Bob")]);
}

/// The value of a line under a key.
fn text<'a>(line: &'a str, key: &str) -> &'a str {
    let (_, rest) = line.split_once(&format!("\"{key}\":\"")).unwrap();
    rest.split_once('"').unwrap().0
}
