//! Attacks over HTTP: endless bodies, log-ins with the right password, requests without a pause.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::siege::home::{self, DEAR, PASSWORD};
use crate::siege::tally::Tally;

/// Number of open requests in each of these attacks.
const BODIES: usize = 64;
const STORM: usize = 10;

/// Picture uploads at one byte in 100 ms, all from one address.
pub(crate) fn slow_bodies(server: SocketAddr, stop: &dyn Fn() -> bool) -> Tally {
    let head = format!(
        "POST /api/avatar-save HTTP/1.1\r\nHost: {server}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: 200000\r\n\r\naccount=mallory0&ticket="
    );
    trickle(server, &head, stop)
}

/// Request heads at one byte in 100 ms, all from one address.
pub(crate) fn slow_heads(server: SocketAddr, stop: &dyn Fn() -> bool) -> Tally {
    let head = format!("GET / HTTP/1.1\r\nHost: {server}\r\nX-Slow: ");
    trickle(server, &head, stop)
}

fn trickle(server: SocketAddr, head: &str, stop: &dyn Fn() -> bool) -> Tally {
    let mut tally = Tally::default();
    let mut open: Vec<Option<TcpStream>> = (0..BODIES).map(|_| None).collect();
    while !stop() {
        let begun = Instant::now();
        for slot in &mut open {
            let Some(stream) = slot else {
                *slot = begin(server, head);
                tally.count(if slot.is_some() {
                    "connections"
                } else {
                    "no connection"
                });
                continue;
            };
            let mut answer = [0; 512];
            match stream.read(&mut answer) {
                Ok(0) => {
                    tally.count("cut off");
                    *slot = None;
                }
                Ok(count) => {
                    tally.count(&status(answer.get(..count).unwrap_or_default()));
                    *slot = None;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if stream.write_all(b"x").is_err() {
                        tally.count("cut off");
                        *slot = None;
                    }
                }
                Err(_) => {
                    tally.count("cut off");
                    *slot = None;
                }
            }
        }
        thread::sleep(Duration::from_millis(100).saturating_sub(begun.elapsed()));
    }
    tally
}

fn begin(server: SocketAddr, head: &str) -> Option<TcpStream> {
    let mut stream = home::connect(server, home::attacker_address(0)).ok()?;
    stream.write_all(head.as_bytes()).ok()?;
    stream.set_nonblocking(true).ok()?;
    Some(stream)
}

/// The right password of one account, in ten threads, from one address.
pub(crate) fn log_in_storm(server: SocketAddr, stop: &(dyn Fn() -> bool + Sync)) -> Tally {
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("account", DEAR)
        .append_pair("password", PASSWORD)
        .finish();
    repeat(
        server,
        STORM,
        |_| home::attacker_address(0),
        stop,
        |_| {
            format!(
                "POST /json/getApiTicket.php HTTP/1.0\r\nHost: {server}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
                form.len()
            )
        },
    )
}

/// Wrong passwords for many accounts from many addresses.
pub(crate) fn wrong_passwords(server: SocketAddr, stop: &(dyn Fn() -> bool + Sync)) -> Tally {
    repeat(server, STORM, home::attacker_address, stop, |number| {
        let form = format!("account=nobody{number}&password=wrong-{number}");
        format!(
            "POST /json/getApiTicket.php HTTP/1.0\r\nHost: {server}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        )
    })
}

/// New accounts, each from another address, as fast as the server creates them.
pub(crate) fn registrations(server: SocketAddr, stop: &(dyn Fn() -> bool + Sync)) -> Tally {
    repeat(server, STORM, home::attacker_address, stop, |number| {
        let form = format!("account=weed{number}&password=long+enough+{number}");
        format!(
            "POST /api/register HTTP/1.0\r\nHost: {server}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        )
    })
}

/// Requests for the page from one address, without a pause.
pub(crate) fn requests(server: SocketAddr, stop: &(dyn Fn() -> bool + Sync)) -> Tally {
    repeat(
        server,
        STORM,
        |_| home::attacker_address(0),
        stop,
        |_| format!("GET / HTTP/1.0\r\nHost: {server}\r\n\r\n"),
    )
}

/// Sends requests in several threads, each after the answer to the previous one; counts the answers by
/// status.
fn repeat(
    server: SocketAddr,
    threads: usize,
    address: fn(usize) -> Ipv4Addr,
    stop: &(dyn Fn() -> bool + Sync),
    request: impl Fn(usize) -> String + Sync,
) -> Tally {
    let all = Mutex::new(Tally::default());
    thread::scope(|scope| {
        for thread in 0..threads {
            let (all, request) = (&all, &request);
            scope.spawn(move || {
                let mut tally = Tally::default();
                let mut number = thread;
                while !stop() {
                    let answer = home::ask(server, address(number), request(number).as_bytes());
                    tally.count("requests");
                    match answer {
                        Ok(answer) if answer.is_empty() => tally.count("cut off"),
                        Ok(answer) if tells_of_an_error(&answer) => {
                            tally.count(&format!("{} with an error", status(answer.as_bytes())));
                        }
                        Ok(answer) => tally.count(&status(answer.as_bytes())),
                        Err(_) => {
                            tally.count("no answer");
                            thread::sleep(Duration::from_millis(20));
                        }
                    }
                    number += threads;
                }
                if let Ok(mut all) = all.lock() {
                    all.add_all(&tally);
                }
            });
        }
    });
    all.into_inner().unwrap_or_default()
}

fn status(answer: &[u8]) -> String {
    let status = answer.get(9..12).unwrap_or_default();
    format!("HTTP {}", String::from_utf8_lossy(status))
}

/// Whether an answer reports an error: the interface answers most refusals with status 200 and a sentence.
fn tells_of_an_error(answer: &str) -> bool {
    answer
        .split_once("\r\n\r\n{\"error\":\"")
        .is_some_and(|(_, rest)| !rest.starts_with('"'))
}
