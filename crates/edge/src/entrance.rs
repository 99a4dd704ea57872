//! Listeners, and how the connections of each one are treated: trust in proxies, TLS, a redirect to HTTPS.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream, UnixListener};

use crate::edge::EdgeSettings;
use crate::proxy::Proxies;
use crate::tls::Tls;

/// Length of the kernel's queue of connections that are not accepted yet.
pub const BACKLOG: i32 = 4096;
/// The address of the peers of a Unix socket: programs of this machine.
const LOCAL_PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Opens a listening TCP socket.
///
/// # Errors
/// Errors of the operating system, such as an address in use.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// A listening socket.
#[derive(Debug)]
pub enum Listener {
    /// A TCP socket.
    Tcp(TcpListener),
    /// A Unix socket.
    Local(UnixListener),
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self::Tcp(listener)
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(listener) => listener.as_fd(),
            Self::Local(listener) => listener.as_fd(),
        }
    }
}

impl Listener {
    /// Accepts a connection.
    pub(crate) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        match self {
            Self::Tcp(listener) => listener.accept().await,
            Self::Local(listener) => {
                let (stream, _) = listener.accept().await?;
                // Reading, writing and shutdown are the same system calls for all stream sockets. So a Unix socket takes
                // the path of TCP sockets, and only options of TCP fail on it.
                let stream = OwnedFd::from(stream.into_std()?);
                Ok((TcpStream::from_std(stream.into())?, LOCAL_PEER))
            }
        }
    }
}

/// How the connections of one listener are treated.
#[derive(Debug, Default)]
pub struct Entrance {
    /// The proxies that this listener trusts; `None`: those of [`EdgeSettings::proxies`].
    pub proxies: Option<Proxies>,
    /// Connections speak TLS.
    pub tls: Option<Arc<Tls>>,
    /// Requests without TLS are redirected to HTTPS on this port.
    pub https_port: Option<u16>,
    /// Answers challenges of a certificate authority by HTTP.
    pub challenges: Option<Arc<Tls>>,
}

impl Entrance {
    /// The proxies that are trusted here.
    pub(crate) fn proxies<'a>(&'a self, settings: &'a EdgeSettings) -> &'a Proxies {
        self.proxies.as_ref().unwrap_or(&settings.proxies)
    }
}

/// A socket that was accepted.
#[derive(Debug)]
pub(crate) struct Arrival<S> {
    pub(crate) stream: S,
    pub(crate) peer: SocketAddr,
    pub(crate) entrance: Arc<Entrance>,
}
