//! Our own WebSocket client for tests: it can send malformed frames and raw bytes, reset the connection, read slowly or
//! never, and sees the code of a close frame. Its reads have time limits. For ordinary conversations there is
//! [`crate::visitor`]. The protocol without sockets is in [`wire`].

pub mod wire;

use std::collections::VecDeque;
use std::io::{self, BufReader, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use self::wire::{CLOSE, PING, PONG, TEXT};
use crate::program::STARTING;

/// Generous: nothing here takes more than a second, but other tests also need the processor.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A connection to the chat.
#[derive(Debug)]
pub struct WebSocket {
    stream: BufReader<TcpStream>,
    /// Received texts that were not taken yet, without `PIN`.
    pub heard: VecDeque<String>,
    /// Whether the server has closed the connection, with or without a close frame.
    pub is_closed: bool,
    /// The code of the server's close frame, once it has arrived.
    pub closed_with: Option<u16>,
    pings: u64,
}

enum Came {
    Text(String),
    Pong(Vec<u8>),
    Nothing,
}

impl WebSocket {
    /// Opens a connection from the client address `from`, through a trusted proxy.
    ///
    /// # Errors
    /// The handshake fails.
    pub fn open(server: SocketAddr, from: &str) -> io::Result<Self> {
        Self::open_as(server, "/chat2", 13, from)
    }

    /// Like [`WebSocket::open`], with a path and a version of the WebSocket protocol.
    ///
    /// # Errors
    /// The handshake fails.
    pub fn open_as(server: SocketAddr, path: &str, version: u8, from: &str) -> io::Result<Self> {
        let headers = format!("X-Real-IP: {from}\r\nSec-WebSocket-Version: {version}\r\n");
        Self::over(TcpStream::connect(server)?, path, &headers)
    }

    /// Like [`WebSocket::open`], over an existing TCP connection. `headers` are additional header lines, each
    /// with its line break; one of them is the version of the WebSocket protocol.
    ///
    /// # Errors
    /// The handshake fails. The message is the head of the server's answer, if there is one.
    pub fn over(mut stream: TcpStream, path: &str, headers: &str) -> io::Result<Self> {
        let server = stream.peer_addr()?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        stream.write_all(wire::upgrade(path, &server.to_string(), headers).as_bytes())?;
        let mut stream = BufReader::new(stream);
        let head = wire::read_head(&mut stream)?;
        if !head.starts_with("HTTP/1.1 101 ") || !head.contains(wire::ACCEPT) {
            return Err(io::Error::other(head));
        }
        Ok(Self {
            stream,
            heard: VecDeque::new(),
            is_closed: false,
            closed_with: None,
            pings: 0,
        })
    }

    /// A second handle of the same connection, for a thread that writes while another one reads. Only the
    /// first handle may read.
    ///
    /// # Errors
    /// The system provides no further descriptor.
    pub fn writer(&self) -> io::Result<Self> {
        Ok(Self {
            stream: BufReader::new(self.stream.get_ref().try_clone()?),
            heard: VecDeque::new(),
            is_closed: self.is_closed,
            closed_with: None,
            pings: 0,
        })
    }

    /// Sets the time limit of a read; `None` for no limit.
    ///
    /// # Errors
    /// The connection is broken.
    pub fn set_patience(&self, patience: Option<Duration>) -> io::Result<()> {
        self.stream.get_ref().set_read_timeout(patience)
    }

    /// Shuts down both directions at once, which also ends a blocked read of another thread.
    pub fn shut(&self) {
        let _ = self.stream.get_ref().shutdown(std::net::Shutdown::Both);
    }

    /// Sends raw bytes.
    ///
    /// # Errors
    /// The connection is broken.
    pub fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// The next text that is no `PIN`; `None` once the connection is closed.
    ///
    /// # Errors
    /// Nothing arrives in time, or an invalid frame.
    pub fn next_text(&mut self) -> io::Result<Option<String>> {
        while self.heard.is_empty() && !self.is_closed {
            self.read()?;
        }
        Ok(self.heard.pop_front())
    }

    /// Sends a text.
    ///
    /// # Errors
    /// The connection is broken.
    pub fn say(&mut self, text: &str) -> io::Result<()> {
        self.send(TEXT, text.as_bytes())
    }

    /// Sends a ping and reads until it is answered. By then the server has read all earlier texts, but its
    /// answers may come later.
    ///
    /// # Errors
    /// Nothing arrives, or an invalid frame.
    pub fn catch_up(&mut self) -> io::Result<()> {
        self.ping()?;
        self.await_pong()
    }

    /// Sends a ping.
    ///
    /// # Errors
    /// Never fails where the server has closed the connection; otherwise the connection is broken.
    pub fn ping(&mut self) -> io::Result<()> {
        self.pings += 1;
        if self.is_closed {
            return Ok(());
        }
        // The server may be closing the connection.
        let _ = self.send(PING, &self.pings.to_be_bytes());
        Ok(())
    }

    /// Reads until the last ping is answered, or the connection is closed.
    ///
    /// # Errors
    /// Nothing arrives, or an invalid frame.
    pub fn await_pong(&mut self) -> io::Result<()> {
        let mine = self.pings.to_be_bytes();
        while !self.is_closed {
            if matches!(self.read()?, Came::Pong(payload) if payload == mine) {
                break;
            }
        }
        Ok(())
    }

    /// Reads until a text matches `is_it`, or the connection is closed.
    ///
    /// # Errors
    /// Nothing arrives, or an invalid frame.
    pub fn await_text(&mut self, is_it: impl Fn(&str) -> bool) -> io::Result<()> {
        let mut seen = 0;
        loop {
            if self.heard.iter().skip(seen).any(|text| is_it(text)) || self.is_closed {
                return Ok(());
            }
            seen = self.heard.len();
            self.read()?;
        }
    }

    /// Reads until the server closes the connection.
    ///
    /// # Errors
    /// It does not.
    pub fn await_close(&mut self) -> io::Result<()> {
        while !self.is_closed {
            self.read()?;
        }
        Ok(())
    }

    /// Closes the connection and waits for the server's close frame.
    ///
    /// # Errors
    /// It does not.
    pub fn close(&mut self) -> io::Result<()> {
        self.close_with(1000)
    }

    /// Like [`WebSocket::close`], with another code.
    ///
    /// # Errors
    /// As [`WebSocket::close`].
    pub fn close_with(&mut self, code: u16) -> io::Result<()> {
        if !self.is_closed {
            let _ = self.send(CLOSE, &code.to_be_bytes());
        }
        self.await_close()
    }

    /// Sends an unsolicited pong.
    ///
    /// # Errors
    /// The connection is broken.
    pub fn pong(&mut self) -> io::Result<()> {
        self.send(PONG, b"")
    }

    /// Resets the connection, like a router that has lost its state.
    ///
    /// # Errors
    /// The system refuses.
    pub fn reset(&mut self) -> io::Result<()> {
        self.is_closed = true;
        let socket = self.stream.get_ref();
        let other = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
        socket2::SockRef::from(socket).set_linger(Some(Duration::ZERO))?;
        let (near, far) = (socket.local_addr()?, socket.peer_addr()?);
        let no_process_starts = STARTING.lock();
        // The old socket is closed when the new one takes its place.
        self.stream = BufReader::new(other.into());
        drop(no_process_starts);
        await_end(near, far)
    }

    fn read(&mut self) -> io::Result<Came> {
        match self.read_frame() {
            Ok(Came::Text(text)) => {
                if text != "PIN" {
                    self.heard.push_back(text.clone());
                }
                Ok(Came::Text(text))
            }
            Ok(came) => Ok(came),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
                ) =>
            {
                self.is_closed = true;
                Ok(Came::Nothing)
            }
            Err(error) => Err(error),
        }
    }

    fn read_frame(&mut self) -> io::Result<Came> {
        let (first, payload) = wire::read(&mut self.stream)?;
        match first {
            TEXT => Ok(Came::Text(String::from_utf8(payload).map_err(io::Error::other)?)),
            CLOSE => {
                self.is_closed = true;
                self.closed_with = payload.first_chunk::<2>().map(|code| u16::from_be_bytes(*code));
                let _ = self.send(CLOSE, payload.get(..2).unwrap_or_default());
                Ok(Came::Nothing)
            }
            PONG => Ok(Came::Pong(payload)),
            PING => Ok(Came::Nothing),
            _ => Err(io::Error::other(format!("a frame begins with {first:#x}"))),
        }
    }

    fn send(&mut self, first: u8, payload: &[u8]) -> io::Result<()> {
        self.raw(&wire::frame(first, payload))
    }
}

/// A connection that never identifies and only checks the server's progress. When it gets an answer, all
/// input that the server had read before the question has had its effect.
#[derive(Debug)]
pub struct Watcher {
    server: SocketAddr,
    socket: WebSocket,
    /// Number of questions over this connection.
    asked: usize,
}

/// Maximum number of questions: the limit for connections that have not identified (`commands_before_login`).
const ASKED_MAX: usize = 8;
/// The source address of watchers.
const WATCHER: &str = "10.255.255.254";

impl Watcher {
    /// Opens a watcher.
    ///
    /// # Errors
    /// The handshake fails.
    pub fn open(server: SocketAddr) -> io::Result<Self> {
        Ok(Self {
            server,
            socket: WebSocket::open(server, WATCHER)?,
            asked: 0,
        })
    }

    /// Waits until the server has handled its input.
    ///
    /// # Errors
    /// Nothing arrives.
    pub fn wait(&mut self) -> io::Result<()> {
        // A connection that has waited for too long was closed (`identify_timeout`); a new one serves as
        // well.
        if self.asked >= ASKED_MAX || !self.ask()? {
            self.socket = WebSocket::open(self.server, WATCHER)?;
            self.asked = 0;
            if !self.ask()? {
                return Err(io::Error::other("the watcher was disconnected"));
            }
        }
        Ok(())
    }

    /// Asks once; returns false when the connection is closed.
    fn ask(&mut self) -> io::Result<bool> {
        self.asked += 1;
        self.socket.heard.clear();
        // The server answers this invalid command even before the log-in.
        if self.socket.is_closed || self.socket.say("VAR").is_err() {
            return Ok(false);
        }
        self.socket.await_text(|_| true)?;
        Ok(!self.socket.is_closed)
    }
}

/// Waits until the system has delivered a reset to the server, so that the server handles it before later
/// input of other connections. On a busy machine, packets of other connections could overtake it.
fn await_end(near: SocketAddr, far: SocketAddr) -> io::Result<()> {
    let name = |address: SocketAddr| match address.ip() {
        IpAddr::V4(ip) => format!("{:08X}:{:04X}", u32::from_ne_bytes(ip.octets()), address.port()),
        IpAddr::V6(_) => String::new(),
    };
    let server_side = format!(" {} {} ", name(far), name(near));
    let start = Instant::now();
    while std::fs::read_to_string("/proc/net/tcp")?.contains(&server_side) {
        if start.elapsed() > PATIENCE {
            return Err(io::Error::other(
                "the server's side of a connection stays after a reset",
            ));
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}
