//! Many attackers' connections on one thread: each connects according to the plan, sends its batches as fast
//! as the socket accepts them, and reconnects when it is disconnected. The answers are counted by kind.

mod plan;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use memchr::memmem;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::load::client::connect;
use crate::load::frame;
use crate::load::hearing::{number_after, text_after};
use crate::load::people::Identity;
use crate::siege::tally::Tally;

pub(crate) use plan::{PLAN, Plan, Sources, Turn, Who};

/// Delay before a closed connection is opened again.
const BACK_AFTER: Duration = Duration::from_millis(20);
/// Maximum number of connections that are opened at the same time.
const OPENING_MAX: usize = 20;

/// The phase of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Away,
    Shaking,
    Identifying,
    /// Logged in, but waits for the shared room.
    Waiting,
    Speaking,
}

struct Socket {
    from: Ipv4Addr,
    identity: Option<Identity>,
    stream: Option<TcpStream>,
    phase: Phase,
    came: Vec<u8>,
    out: Vec<u8>,
    written: usize,
    said: u64,
    said_here: u64,
    /// Time of its next batch or connection.
    next: Instant,
}

/// The attackers.
pub(crate) struct Horde {
    plan: Plan,
    server: SocketAddr,
    poll: Poll,
    sockets: Vec<Socket>,
    room: String,
    /// The name of the shared room until it is open for others.
    founded: Option<String>,
    opening: usize,
    tally: Tally,
    buffer: Vec<u8>,
}

impl Horde {
    /// Attackers without connections. Each attacker that identifies has its own identity.
    pub(crate) fn new(
        plan: Plan,
        server: SocketAddr,
        identities: Vec<Identity>,
        address: fn(usize) -> Ipv4Addr,
    ) -> std::io::Result<Self> {
        let mut identities = identities.into_iter();
        let now = Instant::now();
        let sockets = (0..plan.sockets)
            .map(|number| Socket {
                from: match plan.sources {
                    Sources::Few(count) => address(number % count),
                    Sources::Each => address(number),
                },
                identity: identities.next(),
                stream: None,
                phase: Phase::Away,
                came: Vec::new(),
                out: Vec::new(),
                written: 0,
                said: 0,
                said_here: 0,
                next: now,
            })
            .collect();
        Ok(Self {
            plan,
            server,
            poll: Poll::new()?,
            sockets,
            room: String::new(),
            founded: None,
            opening: 0,
            tally: Tally::default(),
            buffer: vec![0; 64 << 10],
        })
    }

    /// Attacks until `stop` returns true.
    pub(crate) fn attack(mut self, stop: &dyn Fn() -> bool) -> Tally {
        let mut events = Events::with_capacity(1024);
        while !stop() {
            let busy = self.act();
            let wait = Duration::from_millis(if busy { 0 } else { 2 });
            if self.poll.poll(&mut events, Some(wait)).is_err() {
                continue;
            }
            for event in &events {
                let Token(index) = event.token();
                if event.is_readable() && (self.plan.reads || self.is_coming(index)) {
                    self.read(index);
                } else if event.is_read_closed() || event.is_error() {
                    self.over(index, "cut off");
                }
            }
        }
        self.tally
    }

    fn is_coming(&self, index: usize) -> bool {
        let phase = self.sockets.get(index).map(|socket| socket.phase);
        matches!(phase, Some(Phase::Shaking | Phase::Identifying | Phase::Waiting))
    }

    /// Lets each socket continue; returns whether there was any work.
    fn act(&mut self) -> bool {
        let now = Instant::now();
        let mut busy = false;
        for index in 0..self.sockets.len() {
            let Some(socket) = self.sockets.get_mut(index) else {
                break;
            };
            match socket.phase {
                Phase::Away if now >= socket.next && self.opening < OPENING_MAX => self.open(index),
                Phase::Waiting if !self.room.is_empty() => self.prepare(index),
                Phase::Speaking if socket.out.is_empty() && now >= socket.next => {
                    busy = true;
                    self.speak(index, now);
                }
                _ => {}
            }
            busy |= self.flush(index);
        }
        busy
    }

    fn open(&mut self, index: usize) {
        let Some(socket) = self.sockets.get_mut(index) else {
            return;
        };
        let registered =
            connect(self.server, 0, !self.plan.reads, Some(socket.from)).and_then(|mut stream| {
                self.poll
                    .registry()
                    .register(&mut stream, Token(index), Interest::READABLE | Interest::WRITABLE)
                    .map_err(|error| crate::Error::because("epoll", error))?;
                Ok(stream)
            });
        let Ok(stream) = registered else {
            socket.next = Instant::now() + BACK_AFTER;
            self.tally.count("no connection");
            return;
        };
        socket.stream = Some(stream);
        socket.phase = Phase::Shaking;
        self.opening += 1;
        let request = frame::upgrade("/chat2", &self.server.to_string(), "");
        socket.out.extend_from_slice(request.as_bytes());
        self.tally.count("connections");
    }

    /// Sends the commands that are sent once, after the log-in.
    fn prepare(&mut self, index: usize) {
        let Some(socket) = self.sockets.get_mut(index) else {
            return;
        };
        let words = if index == 0 && socket.said == 0 {
            self.plan.first
        } else {
            self.plan.others
        };
        for word in words {
            let word = word.replace("{room}", &self.room);
            frame::write_text(word.as_bytes(), &mut socket.out);
        }
        socket.phase = Phase::Speaking;
        socket.next = Instant::now();
    }

    fn speak(&mut self, index: usize, now: Instant) {
        let Some(socket) = self.sockets.get_mut(index) else {
            return;
        };
        let (first, end) = self.plan.speakers;
        if !(first..end).contains(&index) {
            socket.next = now + Duration::from_secs(3600);
            return;
        }
        // The batches need the name of the shared room, if the plan has one.
        if !self.plan.first.is_empty() && self.room.is_empty() {
            return;
        }
        if self.plan.stays_for.is_some_and(|count| socket.said_here >= count) {
            self.tally.count("goodbyes");
            self.leave(index);
            return;
        }
        let words = (self.plan.words)(&Turn {
            said: socket.said,
            room: &self.room,
        });
        socket.out = words;
        socket.written = 0;
        socket.said += 1;
        socket.said_here += 1;
        socket.next = now + self.plan.pause;
        self.tally.count("batches");
    }

    /// Returns whether bytes were written.
    fn flush(&mut self, index: usize) -> bool {
        let Some(socket) = self.sockets.get_mut(index) else {
            return false;
        };
        let (Some(stream), false) = (&mut socket.stream, socket.out.is_empty()) else {
            return false;
        };
        let rest = socket.out.get(socket.written..).unwrap_or_default();
        match stream.write(rest) {
            Ok(count) => {
                self.tally.add("bytes", count as u64);
                socket.written += count;
                if socket.written >= socket.out.len() {
                    socket.out.clear();
                    socket.written = 0;
                }
                true
            }
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::WouldBlock | ErrorKind::NotConnected | ErrorKind::Interrupted
                ) =>
            {
                false
            }
            Err(_) => {
                // The reason for the close may still be readable.
                self.read(index);
                self.over(index, "cut off");
                false
            }
        }
    }

    fn read(&mut self, index: usize) {
        let mut buffer = std::mem::take(&mut self.buffer);
        // Limited, so that a flood of answers does not stop the attack.
        for _ in 0..4 {
            let Some(socket) = self.sockets.get_mut(index) else {
                break;
            };
            let Some(stream) = &mut socket.stream else { break };
            match stream.read(&mut buffer) {
                Ok(0) => {
                    self.over(index, "cut off");
                    break;
                }
                Ok(count) => {
                    self.tally.add("bytes received", count as u64);
                    socket
                        .came
                        .extend_from_slice(buffer.get(..count).unwrap_or_default());
                    self.take(index);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => {
                    break;
                }
                Err(_) => {
                    self.over(index, "cut off");
                    break;
                }
            }
        }
        self.buffer = buffer;
    }

    /// Handles the complete frames.
    fn take(&mut self, index: usize) {
        let Some(socket) = self.sockets.get_mut(index) else {
            return;
        };
        let came = std::mem::take(&mut socket.came);
        let mut used = 0;
        if socket.phase == Phase::Shaking {
            let Some(end) = memmem::find(&came, b"\r\n\r\n") else {
                socket.came = came;
                return;
            };
            if !came.starts_with(b"HTTP/1.1 101") {
                let status = String::from_utf8_lossy(came.get(9..12).unwrap_or_default()).into_owned();
                self.over(index, &format!("HTTP {status}"));
                return;
            }
            used = end + 4;
            self.opening -= 1;
            self.shaken(index);
        }
        while let Some((kind, payload, size)) = came.get(used..).and_then(frame::read) {
            used += size;
            match kind {
                frame::Kind::Close => {
                    let code = payload.first_chunk::<2>().map(|code| u16::from_be_bytes(*code));
                    let code = code.map_or("closed".to_owned(), |code| format!("closed {code}"));
                    self.over(index, &code);
                    return;
                }
                frame::Kind::Text => self.hear(index, payload),
                frame::Kind::Ping | frame::Kind::Other => {}
            }
        }
        if let Some(socket) = self
            .sockets
            .get_mut(index)
            .filter(|socket| socket.stream.is_some())
        {
            let mut came = came;
            came.drain(..used);
            socket.came = came;
        }
    }

    fn shaken(&mut self, index: usize) {
        let who = self.plan.who;
        let Some(socket) = self.sockets.get_mut(index) else {
            return;
        };
        let identification = match (who, &socket.identity) {
            (Who::Nobody, _) => None,
            (Who::Pretender, _) => Some(
                Identity {
                    account: format!("mallory{index}"),
                    character: format!("Mallory {index}"),
                    ticket: format!("{:064x}", socket.said),
                }
                .command(),
            ),
            (Who::Own | Who::Shared, identity) => identity.as_ref().map(Identity::command),
        };
        match identification {
            Some(command) => {
                frame::write_text(command.as_bytes(), &mut socket.out);
                socket.phase = Phase::Identifying;
                if matches!(who, Who::Pretender) {
                    socket.said += 1;
                }
            }
            None => {
                socket.phase = Phase::Speaking;
                socket.next = Instant::now();
            }
        }
    }

    fn hear(&mut self, index: usize, payload: &[u8]) {
        match payload.get(..3) {
            Some(b"ERR") => {
                let number = number_after(payload, b"\"number\":").unwrap_or(0.0);
                self.tally.count(&format!("ERR {number}"));
            }
            Some(b"PIN") => {
                if let Some(socket) = self.sockets.get_mut(index).filter(|socket| socket.out.is_empty()) {
                    frame::write_text(b"PIN", &mut socket.out);
                }
            }
            Some(b"JCH") if index == 0 && self.room.is_empty() => self.found(payload),
            Some(b"SYS") if index == 0 && self.founded.is_some() => {
                self.room = self.founded.take().unwrap_or_default();
            }
            Some(b"NLN") => {
                let Some(socket) = self.sockets.get_mut(index) else {
                    return;
                };
                if socket.phase != Phase::Identifying {
                    return;
                }
                let own = socket
                    .identity
                    .as_ref()
                    .map(|identity| identity.character.as_bytes());
                if text_after(payload, b"\"identity\":") != own {
                    return;
                }
                self.tally.count("log-ins");
                socket.said_here = 0;
                socket.phase = Phase::Waiting;
                if index == 0 || self.plan.first.is_empty() || !self.room.is_empty() {
                    self.prepare(index);
                }
            }
            _ => {}
        }
    }

    /// Records the shared room; the first socket opens it for the others if it has created it.
    fn found(&mut self, payload: &[u8]) {
        let Some(name) = text_after(payload, b"\"channel\":") else {
            return;
        };
        let name = String::from_utf8_lossy(name).into_owned();
        if !name.starts_with("ADH-") {
            self.room = name;
        } else if let (None, Some(socket)) = (&self.founded, self.sockets.first_mut()) {
            let command = format!(r#"RST {{"channel":"{name}","status":"public"}}"#);
            frame::write_text(command.as_bytes(), &mut socket.out);
            self.founded = Some(name);
        }
    }

    fn leave(&mut self, index: usize) {
        self.end(index);
        if let Some(socket) = self.sockets.get_mut(index) {
            socket.next = Instant::now();
        }
    }

    fn over(&mut self, index: usize, why: &str) {
        if self
            .sockets
            .get(index)
            .is_none_or(|socket| socket.stream.is_none())
        {
            return;
        }
        self.tally.count(why);
        self.end(index);
    }

    fn end(&mut self, index: usize) {
        let Some(socket) = self.sockets.get_mut(index) else {
            return;
        };
        if socket.phase == Phase::Shaking {
            self.opening -= 1;
        }
        if let Some(mut stream) = socket.stream.take() {
            let _ = self.poll.registry().deregister(&mut stream);
            // A reset leaves no local port in use.
            let _ = socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO));
        }
        socket.phase = Phase::Away;
        socket.came = Vec::new();
        socket.out = Vec::new();
        socket.written = 0;
        socket.said_here = 0;
        socket.next = Instant::now() + BACK_AFTER;
    }
}

/// A text as a frame.
pub(crate) fn text(message: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(message.len() + 14);
    frame::write_text(message.as_bytes(), &mut bytes);
    bytes
}
