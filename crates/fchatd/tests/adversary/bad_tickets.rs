//! Log-ins with bad tickets against a slow log-in site: those with good tickets must come in, none of them refused because
//! others are on their way, and the site must not be flooded.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use fchatd_dialogue::websocket::WebSocket;
use serde_json::json;

use crate::attacker::{address, websocket};
use crate::site::{Server, Site};

const GUESSERS: usize = 60;
const PEOPLE: usize = 20;

/// A site that knows the tickets `good-N`, never answers to `slow`, and refuses the others. Counts those that it was asked
/// about in vain.
fn login_site() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let bad = Arc::new(AtomicUsize::new(0));
    let shared = Arc::clone(&bad);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let bad = Arc::clone(&shared);
            thread::spawn(move || converse(stream, &bad));
        }
    });
    (format!("login_url=http://{address}/login.php"), bad)
}

fn converse(stream: TcpStream, bad: &AtomicUsize) -> Option<()> {
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
        let body = String::from_utf8(body).ok()?;
        let ticket = body.split('&').find_map(|field| field.strip_prefix("ticket="))?;
        let said = match ticket.strip_prefix("good-") {
            Some(number) => format!(
                r#"{{"error":"","account":{{"account_id":1{number},"admin":"0"}},"char":{{"character_id":"1{number}","name":"Person {number}"}}}}"#
            ),
            None => {
                bad.fetch_add(1, Ordering::SeqCst);
                if ticket == "slow" {
                    thread::park();
                    return None;
                }
                r#"{"error":"Invalid ticket."}"#.to_owned()
            }
        };
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{said}", said.len());
        stream.get_mut().write_all(answer.as_bytes()).ok()?;
    }
}

fn identify(server: &Server, from: Ipv4Addr, account: &str, ticket: &str, character: &str) -> WebSocket {
    let mut socket = websocket(server.address, from).unwrap();
    let fields = json!({
        "method": "ticket",
        "account": account,
        "ticket": ticket,
        "character": character,
        "cname": "adversary",
        "cversion": "1",
    });
    socket.say(&format!("IDN {fields}")).unwrap();
    socket
}

/// Logs all people in from an address of their own; all must come in.
fn everybody_comes_in(server: &Server) {
    for number in 0..PEOPLE {
        let from = Ipv4Addr::new(127, 20, 0, u8::try_from(number).unwrap());
        let ticket = format!("good-{number}");
        let mut person = identify(
            server,
            from,
            &format!("account {number}"),
            &ticket,
            &format!("Person {number}"),
        );
        loop {
            match person.next_text().unwrap() {
                Some(text) if text.starts_with("NLN ") => break,
                Some(text) => assert!(!text.starts_with("ERR "), "{text}"),
                None => panic!("person {number} was cut off"),
            }
        }
    }
}

#[test]
fn slow_bad_tickets_do_not_take_the_turns_of_good_ones() {
    let (login_url, _) = login_site();
    let site = Site::new();
    let server = site.start_logging(&["--set", &login_url, "--set", "logintimeout=600"], "warn");
    // From one address, and more than there are turns or slots.
    let _guessers: Vec<_> = (0..GUESSERS)
        .map(|number| identify(&server, address(0), &format!("guess {number}"), "slow", "Nobody"))
        .collect();
    everybody_comes_in(&server);
}

#[test]
fn bad_tickets_do_not_flood_the_site() {
    let (login_url, bad) = login_site();
    let site = Site::new();
    let server = site.start_logging(&["--set", &login_url], "warn");
    let _guessers: Vec<_> = (0..GUESSERS)
        .map(|_| identify(&server, address(0), "mallory", "guess", "Nobody"))
        .collect();
    while bad.load(Ordering::SeqCst) == 0 {
        thread::yield_now();
    }
    everybody_comes_in(&server);
    // Five at once, then one in ten seconds; some more on a slow machine.
    let asked = bad.load(Ordering::SeqCst);
    assert!(asked < GUESSERS / 2, "{asked} of {GUESSERS} reached the site");
}
