//! The operator polls `ZZZ status`, and newcomers arrive: once a second a newcomer requests the page, gets a
//! ticket with a password, and logs in.

use std::io::{Error as IoError, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::Error;
use crate::load::frame;
use crate::load::people::Identity;
use crate::siege::home::{self, Home, NEWCOMERS, OPERATOR};

/// Interval between two polls.
const LOOKS: Duration = Duration::from_millis(500);

/// The results of the operator and the newcomers.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Told {
    /// Number of the operator's polls.
    pub looks: u64,
    /// Number of polls without an answer within 10 s.
    pub unanswered: u64,
    /// The slowest answer, in milliseconds.
    pub slowest_ms: f64,
    /// Number of newcomers that requested the page and a ticket and tried to log in.
    pub newcomers: u64,
    /// Number of newcomers that failed.
    pub kept_out: u64,
    /// The error of the first of them.
    pub first_complaint: Option<String>,
}

/// A blocking connection to the chat.
pub(crate) struct Wire {
    stream: TcpStream,
    bytes: Vec<u8>,
}

/// The operator's connection.
pub(crate) struct Operator {
    wire: Wire,
}

impl Operator {
    /// Logs the operator in.
    pub(crate) fn enter(home: &Home) -> Result<Self, Error> {
        let from = Ipv4Addr::new(127, 10, 0, 1);
        let identity = home.identity(OPERATOR, OPERATOR, from)?;
        let wire = Wire::log_in(home.address(), from, &identity)
            .map_err(|error| Error::because("the operator can't log in", error))?;
        Ok(Self { wire })
    }

    /// Creates a public channel.
    pub(crate) fn make_channel(&mut self, name: &str) -> Result<(), Error> {
        let fault = |error| Error::because(format!("the channel {name} can't be made"), error);
        let command = serde_json::json!({ "channel": name });
        self.wire.say(&format!("CRC {command}")).map_err(fault)?;
        self.wire.until("SYS ").map_err(fault)?;
        Ok(())
    }

    /// Polls until the attack ends, and lets newcomers log in.
    pub(crate) fn watch(mut self, home: &Home, stop: Arc<AtomicBool>) -> JoinHandle<Told> {
        let server = home.address();
        let newcomers = {
            let stop = Arc::clone(&stop);
            thread::spawn(move || let_newcomers_in(server, &stop))
        };
        thread::spawn(move || {
            let mut told = Told::default();
            while !stop.load(Ordering::Relaxed) {
                let begun = Instant::now();
                told.looks += 1;
                let answer = self
                    .wire
                    .say(r#"ZZZ {"command":"status"}"#)
                    .and_then(|()| self.wire.until("ZZZ "));
                told.slowest_ms = told.slowest_ms.max(begun.elapsed().as_secs_f64() * 1e3);
                if let Err(error) = answer {
                    told.unanswered += 1;
                    told.first_complaint
                        .get_or_insert_with(|| format!("operator: {error}"));
                    if error.kind() != ErrorKind::WouldBlock {
                        break;
                    }
                }
                thread::sleep(LOOKS.saturating_sub(begun.elapsed()));
            }
            if let Ok((newcomers, kept_out, complaint)) = newcomers.join() {
                (told.newcomers, told.kept_out) = (newcomers, kept_out);
                told.first_complaint = told.first_complaint.or(complaint);
            }
            told
        })
    }
}

fn let_newcomers_in(server: SocketAddr, stop: &AtomicBool) -> (u64, u64, Option<String>) {
    let (mut tried, mut kept_out, mut complaint) = (0, 0, None);
    for number in 0..NEWCOMERS {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let begun = Instant::now();
        tried += 1;
        if let Err(error) = newcomer(server, number) {
            kept_out += 1;
            complaint.get_or_insert_with(|| format!("newcomer: {error}"));
        }
        thread::sleep(Duration::from_secs(1).saturating_sub(begun.elapsed()));
    }
    (tried, kept_out, complaint)
}

fn newcomer(server: SocketAddr, number: usize) -> Result<(), Error> {
    let from = home::newcomer_address(number);
    let request = format!("GET / HTTP/1.0\r\nHost: {server}\r\n\r\n");
    let page =
        home::ask(server, from, request.as_bytes()).map_err(|error| Error::because("the page", error))?;
    let line = page.lines().next().unwrap_or_default();
    if line.split(' ').nth(1) != Some("200") {
        return Err(Error::because("the page", line));
    }
    let account = format!("nora{number}");
    let identity = Identity {
        ticket: home::ticket(server, &account, from)?,
        account,
        character: format!("Nora {number}"),
    };
    Wire::log_in(server, from, &identity)
        .map(drop)
        .map_err(|error| Error::because("the log-in", error))
}

impl Wire {
    /// Opens a connection and logs in; discards all frames up to its own `NLN`.
    pub(crate) fn log_in(server: SocketAddr, from: Ipv4Addr, who: &Identity) -> std::io::Result<Self> {
        let mut wire = Self {
            stream: home::connect(server, from)?,
            bytes: Vec::new(),
        };
        let request = frame::upgrade("/chat2", &server.to_string(), "");
        wire.stream.write_all(request.as_bytes())?;
        let end = loop {
            if let Some(end) = memchr::memmem::find(&wire.bytes, b"\r\n\r\n") {
                break end + 4;
            }
            wire.fill()?;
        };
        let head: Vec<u8> = wire.bytes.drain(..end).collect();
        if !head.starts_with(b"HTTP/1.1 101") {
            let line = String::from_utf8_lossy(&head);
            return Err(IoError::other(line.lines().next().unwrap_or_default().to_owned()));
        }
        wire.say(&who.command())?;
        let own = format!("\"{}\"", who.character);
        loop {
            let text = wire.until("")?;
            if text.starts_with("ERR ") {
                return Err(IoError::other(text));
            }
            if text.starts_with("NLN ") && text.contains(&own) {
                return Ok(wire);
            }
        }
    }

    /// Sends a command.
    pub(crate) fn say(&mut self, text: &str) -> std::io::Result<()> {
        let mut bytes = Vec::new();
        frame::write_text(text.as_bytes(), &mut bytes);
        self.stream.write_all(&bytes)
    }

    /// Reads up to a text with this prefix, and answers `PIN`s.
    pub(crate) fn until(&mut self, begin: &str) -> std::io::Result<String> {
        loop {
            let Some((kind, payload, size)) = frame::read(&self.bytes) else {
                self.fill()?;
                continue;
            };
            let text = String::from_utf8_lossy(payload).into_owned();
            self.bytes.drain(..size);
            match kind {
                frame::Kind::Close => return Err(IoError::other("closed by the server")),
                frame::Kind::Text if text == "PIN" => self.say("PIN")?,
                frame::Kind::Text if text.starts_with(begin) => return Ok(text),
                _ => {}
            }
        }
    }

    fn fill(&mut self) -> std::io::Result<()> {
        let mut buffer = [0; 16 << 10];
        let count = self.stream.read(&mut buffer)?;
        if count == 0 {
            return Err(IoError::new(ErrorKind::UnexpectedEof, "the connection ended"));
        }
        self.bytes
            .extend_from_slice(buffer.get(..count).unwrap_or_default());
        Ok(())
    }
}
