//! One connection of the crowd.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use mio::net::TcpStream;
use socket2::{Domain, Socket, Type};

use crate::Error;
use crate::load::people::Identity;

/// Above this many connections from one address of the loopback its ports run out; the next ones come from another.
const CONNECTIONS_PER_ADDRESS: usize = 20_000;

/// How far a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// There is none.
    #[default]
    Absent,
    /// The request for a WebSocket is under way.
    Shaking,
    /// The log-in is under way.
    LoggingIn,
    /// In the chat.
    Present,
    /// Ended without our doing.
    Lost,
}

/// A person with a connection.
#[derive(Debug)]
pub struct Client {
    /// Who it is.
    pub identity: Identity,
    pub(crate) stream: Option<TcpStream>,
    pub(crate) phase: Phase,
    /// The beginning of a frame whose end is still to come.
    pub(crate) carry: Vec<u8>,
    /// What the socket did not take, from `written` on.
    pub(crate) out: Vec<u8>,
    pub(crate) written: usize,
    /// When the connection was opened and when the log-in was through, in microseconds.
    pub(crate) opened: u64,
    pub(crate) entered: u64,
    /// The room that is its own, and its number among those who speak there.
    pub(crate) room: usize,
    pub(crate) slot: u32,
    pub(crate) joined: bool,
    /// How many messages of each kind it has sent.
    pub(crate) said: [u32; 3],
    /// Whether a room that it founded is still without its name.
    pub(crate) founding: bool,
    /// `SYS` frames that it got.
    pub(crate) told: u32,
    /// Whether its socket is read as soon as something is there.
    pub(crate) reads: bool,
    /// The least receive buffer, so that a server soon notices that nobody reads.
    pub(crate) narrow: bool,
    /// The address of the loopback that it comes from; the system's choice when there is none.
    pub(crate) from: Option<Ipv4Addr>,
}

/// The result of a write or a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Io {
    /// So many bytes.
    Some(usize),
    /// Nothing for now.
    Later,
    /// The connection is over.
    Over,
}

impl Client {
    pub(crate) fn new(identity: Identity) -> Self {
        Self {
            identity,
            stream: None,
            phase: Phase::Absent,
            carry: Vec::new(),
            out: Vec::new(),
            written: 0,
            opened: 0,
            entered: 0,
            room: 0,
            slot: 0,
            joined: false,
            said: [0; 3],
            founding: false,
            told: 0,
            reads: true,
            narrow: false,
            from: None,
        }
    }

    /// Writes what waits, as far as the socket takes it.
    pub(crate) fn flush(&mut self) -> Io {
        let Some(stream) = &mut self.stream else {
            return Io::Later;
        };
        while let Some(rest) = self.out.get(self.written..).filter(|rest| !rest.is_empty()) {
            match stream.write(rest) {
                Ok(count) => self.written += count,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => {
                    return Io::Later;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Io::Over,
            }
        }
        self.out.clear();
        self.written = 0;
        Io::Some(0)
    }

    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Io {
        let Some(stream) = &mut self.stream else {
            return Io::Later;
        };
        loop {
            match stream.read(buffer) {
                Ok(0) => return Io::Over,
                Ok(count) => return Io::Some(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Io::Later,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Io::Over,
            }
        }
    }

    /// Forgets the connection and what belonged to it; with `abrupt` the server gets a reset, as from a network that
    /// broke, and no port stays behind.
    pub(crate) fn hang_up(&mut self, abrupt: bool) -> Option<TcpStream> {
        let stream = self.stream.take();
        if abrupt && let Some(stream) = &stream {
            let _ = socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
        }
        self.carry = Vec::new();
        self.out = Vec::new();
        self.written = 0;
        self.joined = false;
        self.phase = Phase::Absent;
        stream
    }
}

/// Begins a connection. Without an address to come from, the number decides, so that there are ports enough.
pub(crate) fn connect(
    to: SocketAddr,
    number: usize,
    narrow: bool,
    from: Option<Ipv4Addr>,
) -> Result<TcpStream, Error> {
    let fault =
        |error: std::io::Error| Error::because(format!("connection {number} to {to} can't be made"), error);
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, None).map_err(fault)?;
    socket.set_nonblocking(true).map_err(fault)?;
    socket.set_tcp_nodelay(true).map_err(fault)?;
    if narrow {
        socket.set_recv_buffer_size(4096).map_err(fault)?;
    }
    let source = number / CONNECTIONS_PER_ADDRESS;
    let from = from.or_else(|| (source > 0).then(|| Ipv4Addr::new(127, 0, 0, (source + 1).min(254) as u8)));
    if let Some(from) = from
        && to.ip() == IpAddr::V4(Ipv4Addr::LOCALHOST)
    {
        socket.bind(&SocketAddr::from((from, 0)).into()).map_err(fault)?;
    }
    match socket.connect(&to.into()) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
        // EINPROGRESS has no kind of its own in stable Rust.
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {}
        Err(error) => return Err(fault(error)),
    }
    Ok(TcpStream::from_std(socket.into()))
}
