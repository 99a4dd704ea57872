//! Intruders over real sockets: each try ends in an error and a counter, which
//! `ZZZ status` shows, and the people online notice nothing.

use std::io::{Read, Write};

use serde_json::Value;

use crate::site::{Server, Site};
use crate::websocket::WebSocket;

const PASSWORD: &str = "correct horse battery";
const TICKET_PATH: &str = "/json/getApiTicket.php";
const WRONG: &str = "Password mismatch.";

/// A server with the account and character `boss`, an administrator's, which is online.
fn running(words: &[&str]) -> (Site, Server, WebSocket) {
    let site = Site::new();
    site.run_with_input(&["account", "add", "boss", "--admin"], PASSWORD)
        .assert_done();
    site.run(&["character", "add", "boss", "boss"]).assert_done();
    let server = site.start(words);
    let boss = WebSocket::log_in(&server, "boss", &ticket(&server));
    (site, server, boss)
}

fn ask(server: &Server, account: &str, password: &str) -> (String, Value) {
    let whole = server.post_whole(TICKET_PATH, &format!("account={account}&password={password}"));
    let (head, body) = whole.split_once("\r\n\r\n").unwrap();
    (head.to_ascii_lowercase(), serde_json::from_str(body).unwrap())
}

fn ticket(server: &Server) -> String {
    let (_, answer) = ask(server, "boss", "correct+horse+battery");
    answer["ticket"].as_str().unwrap().to_owned()
}

/// The number before some words in a line of the server's status.
fn counted(boss: &mut WebSocket, words: &str) -> u64 {
    boss.say(r#"ZZZ {"command":"status"}"#);
    let told = boss.await_text("ZZZ ");
    let number = told.split_once(&format!(" {words}")).map(|(before, _)| before);
    let number = number.and_then(|before| before.rsplit([' ', '(']).next()?.parse().ok());
    number.unwrap_or_else(|| panic!("{words} are not in {told}"))
}

#[test]
fn credential_stuffing_ends_at_a_door_that_says_for_how_long() {
    let (_site, server, mut boss) = running(&[]);
    for number in 0..10 {
        let (_, answer) = ask(&server, &format!("somebody{number}"), "12345678");
        assert_eq!(answer["error"], WRONG);
    }
    let (head, answer) = ask(&server, "boss", "correct+horse+battery");
    let error = answer["error"].as_str().unwrap();
    let seconds: u64 = head
        .split_once("\r\nretry-after: ")
        .and_then(|(_, rest)| rest.split("\r\n").next()?.parse().ok())
        .expect(&head);
    assert!((1..=30).contains(&seconds), "{head}");
    assert!(
        error.starts_with("Too many attempts. Please try again in "),
        "{error}"
    );
    assert_eq!(counted(&mut boss, "wrong passwords"), 10);
    assert_eq!(counted(&mut boss, "over a limit"), 1);
}

#[test]
fn accounts_cannot_be_told_from_what_is_none() {
    let (site, server, mut boss) = running(&[]);
    site.run_with_input(&["account", "add", "mallory"], PASSWORD)
        .assert_done();
    site.run(&["account", "ban", "mallory"]).assert_done();
    let dateless = |account: &str, password: &str| {
        let (head, body) = ask(&server, account, password);
        let head: Vec<_> = head.lines().filter(|line| !line.starts_with("date:")).collect();
        (head.join("\n"), body)
    };
    let told = dateless("boss", "wrong-password");
    assert_eq!(told.1["error"], WRONG);
    for account in ["nobody", "mallory", "%27+OR+1%3D1+--", "b%C3%B6ss", "%00"] {
        assert_eq!(dateless(account, "wrong-password"), told, "{account}");
    }
    assert_eq!(counted(&mut boss, "wrong passwords"), 6);
    // That both cost the same is tested where passwords are hashed.
}

#[test]
fn guessed_tickets_are_refused_on_both_ways_in() {
    let (_site, server, mut boss) = running(&[]);
    let good = ticket(&server);
    for number in 0..20 {
        let guess = format!("{number:064x}");
        let refusal = WebSocket::open(&server).identify("boss", &guess).unwrap_err();
        assert!(refusal.contains("\"number\":4,"), "{refusal}");
    }
    assert_eq!(counted(&mut boss, "bad tickets"), 20);
    let list = |ticket: &str| {
        let form = format!("account=boss&ticket={ticket}");
        let answer = server.post("/json/api/friend-list.php", &form);
        answer["error"].as_str().unwrap().to_owned()
    };
    let mut guesses = 0;
    let told = loop {
        match list(&format!("{guesses:064x}")).as_str() {
            "Invalid ticket." => guesses += 1,
            told => break told.to_owned(),
        }
        assert!(guesses < 100);
    };
    assert!(
        told.starts_with("Too many attempts. Please try again in "),
        "{told}"
    );
    assert_eq!(counted(&mut boss, "bad tickets"), 20 + guesses);
    assert_eq!(counted(&mut boss, "over a limit"), 1);
    // The chat has another door: the holder of a ticket comes in.
    WebSocket::log_in(&server, "boss", &good);
}

#[test]
fn words_of_a_database_are_names_like_any_other() {
    let (site, server, mut boss) = running(&[]);
    let own = format!("account=boss&ticket={}", ticket(&server));
    let hostile = [
        "'; DROP TABLE account; --",
        "boss' --",
        "\\\" OR \\\"\\\"=\\\"",
        "%",
        "b_ss%",
    ];
    for (number, value) in hostile.into_iter().enumerate() {
        let mut socket = WebSocket::open(&server);
        socket.say(&format!(
            r#"IDN {{"method":"ticket","account":"{value}","ticket":"{value}","character":"{value}","cname":"{value}","cversion":"{value}"}}"#
        ));
        assert!(socket.await_text("ERR ").contains("\"number\":4,"), "{value}");
        assert_eq!(counted(&mut boss, "bad tickets"), number as u64 + 1);
        let coded: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for (path, fields) in [
            (
                "/api/register",
                format!("account={coded}&password={coded}{coded}"),
            ),
            (
                "/api/character-create",
                format!("{own}&name={coded}&gender={coded}"),
            ),
            (
                "/json/api/character-data.php",
                format!("{own}&name={coded}&id={coded}"),
            ),
            ("/json/api/bookmark-add.php", format!("{own}&name={coded}")),
            (
                "/json/api/request-send.php",
                format!("{own}&source_name=boss&dest_name={coded}"),
            ),
        ] {
            assert_ne!(server.post(path, &fields)["error"], "", "{path} {value}");
        }
    }
    assert_eq!(site.run(&["account", "list"]).stdout, "1\tboss\tadmin\n");
    assert_eq!(site.run(&["character", "list", "boss"]).stdout, "1\tboss\n");
}

#[test]
fn forms_that_are_too_large_or_never_end_are_refused() {
    let (_site, server, mut boss) = running(&[]);
    let begun = |length: u64, body: &str| {
        let mut stream = server.connect();
        let request = format!(
            "POST {TICKET_PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        // The server need not take all of it.
        let _ = stream.write_all(request.as_bytes());
        stream
    };
    let status = |mut stream: std::net::TcpStream| {
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        String::from_utf8(answer.to_vec()).unwrap()
    };
    assert_eq!(status(begun(10_000_000_000, "account=boss")), "HTTP/1.1 413");
    assert_eq!(status(begun(100_000, &"x".repeat(100_000))), "HTTP/1.1 413");
    assert_eq!(counted(&mut boss, "bodies of requests"), 2);
    // A silent crowd keeps no one out, as long as its address has sockets left; that it is sent away after a
    // while is tested at the edge.
    let crowd: Vec<_> = (0..80).map(|_| begun(100, "account=")).collect();
    WebSocket::log_in(&server, "boss", &ticket(&server));
    drop(crowd);
}
