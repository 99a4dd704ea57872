//! A website that knows the accounts, and the effects of its strange answers: one log-in is refused, and nothing else.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::thread;

use crate::site::Site;
use crate::websocket::{WebSocket, log_in};

fn json(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

/// The site's answer to a ticket; nothing when it never answers.
fn answer(ticket: &str) -> Option<Vec<u8>> {
    Some(match ticket {
        "good-1" | "good-2" => json(&format!(
            r#"{{"error":"","account":{{"account_id":1{0},"admin":"0"}},"char":{{"character_id":"{0}","name":"Ada {0}"}}}}"#,
            &ticket[5..]
        )),
        "staff" => json(
            r#"{"error":"","account":{"account_id":31,"admin":"1"},"char":{"character_id":31,"name":"Ada 1"}}"#,
        ),
        "null" => json("null"),
        "array" => json("[]"),
        "nothing" => json("{}"),
        "refused" => json(r#"{"error":"Invalid ticket."}"#),
        "error of another type" => json(r#"{"error":[5]}"#),
        "no character" => json(r#"{"error":"","account":{"account_id":1}}"#),
        "no account" => json(r#"{"error":"","char":{"character_id":1,"name":"Ada 9"}}"#),
        "types" => json(r#"{"error":"","account":[],"char":{"character_id":{},"name":["Ada 9"]}}"#),
        "empty name" => {
            json(r#"{"error":"","account":{"account_id":1},"char":{"character_id":1,"name":""}}"#)
        }
        "number" => {
            json(r#"{"error":"","account":{"account_id":"1e999"},"char":{"character_id":-1,"name":"Ada 9"}}"#)
        }
        "cut off" => json(r#"{"error":"","account":"#),
        "not json" => json("<html>down for maintenance</html>"),
        "deep" => json(&"[".repeat(100_000)),
        "huge" => json(&format!("{{\"error\":\"{}\"}}", "x".repeat(10 << 20))),
        "redirect" => b"HTTP/1.1 307 There\r\nLocation: /elsewhere\r\nContent-Length: 2\r\n\r\n{}".to_vec(),
        "failure" => b"HTTP/1.1 500 Oops\r\nContent-Length: 12\r\n\r\n{\"error\":\"\"}".to_vec(),
        "gone" => Vec::new(),
        _ => return person(ticket),
    })
}

/// The tickets "person 0", "person 1", … are those of ordinary people.
fn person(ticket: &str) -> Option<Vec<u8>> {
    let number: usize = ticket.strip_prefix("person ")?.parse().ok()?;
    let id = 100 + number;
    Some(json(&format!(
        r#"{{"error":"","account":{{"account_id":{id},"admin":"0"}},"char":{{"character_id":{id},"name":"Person {number}"}}}}"#
    )))
}

const STRANGE: [&str; 18] = [
    "null",
    "array",
    "nothing",
    "refused",
    "error of another type",
    "no character",
    "no account",
    "types",
    "empty name",
    "number",
    "cut off",
    "not json",
    "deep",
    "huge",
    "redirect",
    "failure",
    "gone",
    "slow",
];

/// Answers on a connection until it ends.
pub(crate) fn converse(stream: TcpStream) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some(given) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = given.trim().parse().ok()?;
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).ok()?;
        let body = String::from_utf8(body).ok()?.replace('+', " ");
        let ticket = body.split('&').find_map(|field| field.strip_prefix("ticket="))?;
        let Some(said) = answer(ticket) else {
            thread::park();
            return None;
        };
        stream.get_mut().write_all(&said).ok()?;
        if said.is_empty() {
            return None;
        }
    }
}

/// Where the site listens.
pub(crate) fn login_site() -> String {
    login_site_on(Ipv4Addr::LOCALHOST.into())
}

/// As [`login_site`], on this address.
pub(crate) fn login_site_on(address: IpAddr) -> String {
    let listener = TcpListener::bind((address, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || converse(stream));
        }
    });
    format!("login_url=http://{address}/login.php")
}

/// The text after the number depends on the side that noticed first that the site does not answer.
fn has_number(refusal: &str, number: i32) -> bool {
    [',', '}']
        .iter()
        .any(|end| refusal.contains(&format!("\"number\":{number}{end}")))
}

#[test]
fn strange_answers_refuse_that_log_in_and_nothing_else() {
    let site = Site::new();
    let server = site.start(&["--set", &login_site(), "--set", "logintimeout=2"]);
    let (mut one, _) = WebSocket::log_in_as(&server, "ada", "good-1", "Ada 1");
    let mut slow = WebSocket::open(&server);
    slow.say(&log_in("x", "slow", "x"));
    for ticket in STRANGE {
        let refusal = WebSocket::open(&server)
            .identify("Ada 9", ticket)
            .expect_err(ticket);
        let fatal = [4, -4, -1, -2].iter().any(|&number| has_number(&refusal, number));
        assert!(fatal, "{ticket}: {refusal}");
        one.say("UPT");
        let next = one.text();
        assert!(next.starts_with("UPT "), "others see nothing of {ticket}: {next}");
    }
    let refusal = slow.await_text("ERR ");
    assert!(has_number(&refusal, -4), "{refusal}");
    let (_two, _) = WebSocket::log_in_as(&server, "ada", "good-2", "Ada 2");
    assert!(one.text().contains("Ada 2"));
    server.terminate();
    let ended = server.ended();
    assert_eq!(ended.code, Some(0));
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
}
