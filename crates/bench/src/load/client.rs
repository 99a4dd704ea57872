//! One connection of the load.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use mio::net::TcpStream;
use socket2::{Domain, Socket, Type};

use crate::Error;
use crate::load::people::Identity;
use crate::load::wire::Wire;

/// Number of connections after which another loopback address is used, because the ports of one address run
/// out.
const CONNECTIONS_PER_ADDRESS: usize = 20_000;

/// The phase of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// There is no connection.
    #[default]
    Absent,
    /// The WebSocket request is in progress.
    Shaking,
    /// The log-in is in progress.
    LoggingIn,
    /// In the chat.
    Present,
    /// Ended, but not by the generator.
    Lost,
}

/// A simulated user with a connection.
#[derive(Debug)]
pub struct Client {
    /// Its account and character.
    pub identity: Identity,
    pub(crate) stream: Option<Wire>,
    pub(crate) phase: Phase,
    /// The beginning of an incomplete frame.
    pub(crate) carry: Vec<u8>,
    /// Bytes that the socket has not accepted, from `written` on.
    pub(crate) out: Vec<u8>,
    pub(crate) written: usize,
    /// Times of the connection's start and of the finished log-in, in microseconds.
    pub(crate) opened: u64,
    pub(crate) entered: u64,
    /// Its own room, and its number among the speakers there.
    pub(crate) room: usize,
    pub(crate) slot: u32,
    pub(crate) joined: bool,
    /// Number of sent messages of each kind.
    pub(crate) said: [u32; 3],
    /// Whether it has created a room whose name is not known yet.
    pub(crate) founding: bool,
    /// Number of received `SYS` frames.
    pub(crate) told: u32,
    /// Whether its socket is read as soon as data arrives.
    pub(crate) reads: bool,
    /// Whether it has the smallest receive buffer, so that a server soon notices that it does not read.
    pub(crate) narrow: bool,
    /// The loopback address of the connection; `None` leaves the choice to the system.
    pub(crate) from: Option<Ipv4Addr>,
}

/// The result of a write or a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Io {
    /// Number of bytes.
    Some(usize),
    /// The socket is not ready.
    Later,
    /// The connection has ended.
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

    /// Writes the pending bytes as far as the socket accepts them.
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
        match stream.pump() {
            Ok(()) => Io::Some(0),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => {
                Io::Later
            }
            Err(_) => Io::Over,
        }
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

    /// Closes the connection and clears its state. With `abrupt` the server gets a reset, as from a broken
    /// network, and no local port stays in use.
    pub(crate) fn hang_up(&mut self, abrupt: bool) -> Option<TcpStream> {
        let stream = self.stream.take();
        let stream = stream.map(|wire| wire.stream);
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

/// Starts a connection. Without a source address, the client's number selects one, so that there are enough
/// ports.
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
        // EINPROGRESS has no error kind of its own in stable Rust.
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {}
        Err(error) => return Err(fault(error)),
    }
    Ok(TcpStream::from_std(socket.into()))
}
