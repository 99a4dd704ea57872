//! Inherited sockets of the process, and passing them on to the program that replaces it.
//!
//! The protocol is that of `sd_listen_fds(3)`: descriptors from 3 on, `LISTEN_FDS` of them, named in
//! `LISTEN_FDNAMES`, for the process `LISTEN_PID`. A restart without a service manager uses it, too, because
//! exec keeps the process number. Connections wait in the listening socket until the new program accepts
//! them.

use std::ffi::OsString;
use std::io;
use std::mem::ManuallyDrop;
use std::net::{TcpListener, UdpSocket};
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::{FdFlags, dup2, fcntl_dupfd_cloexec, fcntl_setfd};
use rustix::net::sockopt::{socket_acceptconn, socket_domain, socket_type};
use rustix::net::{AddressFamily, SocketType};

/// The first inherited descriptor.
const FIRST: RawFd = 3;
/// A larger number is treated as an error.
const COUNT_MAX: RawFd = 16;

/// An inherited socket.
#[derive(Debug)]
pub enum Socket {
    /// A listening TCP socket.
    Listener(TcpListener),
    /// A listening Unix socket.
    Local(UnixListener),
    /// A UDP socket.
    Datagrams(UdpSocket),
}

/// A socket with the name that its sender has given it; empty without a name.
#[derive(Debug)]
pub struct Named {
    /// Such as `fchatd.socket`.
    pub name: String,
    /// The socket.
    pub socket: Socket,
}

/// The inherited sockets of this process, in order; empty when there are none. They can be taken once:
/// further calls return none. Call this before any other code opens files.
///
/// # Errors
/// A sentence for the operator: the environment announces sockets that are missing or of another kind.
pub fn take() -> Result<Vec<Named>, String> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    let number = |name| std::env::var(name).ok()?.parse::<RawFd>().ok();
    let meant = number("LISTEN_PID") == i32::try_from(std::process::id()).ok();
    let count = number("LISTEN_FDS").unwrap_or(0);
    if !meant || count == 0 || TAKEN.swap(true, Ordering::Relaxed) {
        return Ok(Vec::new());
    }
    if !(1..=COUNT_MAX).contains(&count) {
        return Err(format!(
            "LISTEN_FDS promises {count} sockets; at most {COUNT_MAX} can be taken"
        ));
    }
    let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':');
    (FIRST..FIRST + count)
        .map(|number| {
            let name = names.next().unwrap_or_default().to_owned();
            let socket = open(number).map_err(|error| {
                format!("the inherited socket {number} ({name:?}) can't be used: {error}")
            })?;
            Ok(Named { name, socket })
        })
        .collect()
}

fn open(number: RawFd) -> io::Result<Socket> {
    let place = if cfg!(target_os = "linux") {
        "/proc/self/fd"
    } else {
        "/dev/fd"
    };
    // Checked without touching the descriptor: a descriptor that is not open must not be adopted.
    std::fs::metadata(format!("{place}/{number}")).map_err(|_| io::Error::other("it is not open"))?;
    let descriptor = adopt(number);
    fcntl_setfd(&descriptor, FdFlags::CLOEXEC)?;
    let domain = socket_domain(&descriptor)?;
    let wrong = |text: &str| io::Error::new(io::ErrorKind::Unsupported, text);
    if ![AddressFamily::INET, AddressFamily::INET6, AddressFamily::UNIX].contains(&domain) {
        return Err(wrong(
            "it is neither a socket of the internet protocols nor a Unix socket",
        ));
    }
    let is_local = domain == AddressFamily::UNIX;
    match socket_type(&descriptor)? {
        SocketType::STREAM if is_local && socket_acceptconn(&descriptor)? => {
            let listener = UnixListener::from(descriptor);
            listener.set_nonblocking(true)?;
            Ok(Socket::Local(listener))
        }
        SocketType::STREAM if socket_acceptconn(&descriptor)? => {
            let listener = TcpListener::from(descriptor);
            listener.set_nonblocking(true)?;
            Ok(Socket::Listener(listener))
        }
        SocketType::DGRAM if !is_local => {
            let socket = UdpSocket::from(descriptor);
            socket.set_nonblocking(true)?;
            Ok(Socket::Datagrams(socket))
        }
        _ => Err(wrong(
            "it is neither a TCP or Unix socket that listens (Accept=no) nor a UDP socket",
        )),
    }
}

/// Replaces this process by another program that inherits these sockets, in order. It returns only on
/// failure. By then descriptors of this process may be closed, so the process has to end.
pub fn replace(mut program: Command, sockets: Vec<Named>) -> io::Error {
    let count = sockets.len() as RawFd;
    let mut names = Vec::new();
    let mut descriptors = Vec::new();
    for Named { name, socket } in sockets {
        names.push(name);
        let descriptor = match socket {
            Socket::Listener(listener) => OwnedFd::from(listener),
            Socket::Local(listener) => OwnedFd::from(listener),
            Socket::Datagrams(socket) => OwnedFd::from(socket),
        };
        // Copied to numbers beyond those that are overwritten next.
        match fcntl_dupfd_cloexec(&descriptor, FIRST + count) {
            Ok(copy) => descriptors.push(copy),
            Err(error) => return error.into(),
        }
    }
    for (place, descriptor) in (FIRST..).zip(&descriptors) {
        // The kernel closes the old descriptor with this number; exec would close it, too.
        let mut target = ManuallyDrop::new(adopt(place));
        if let Err(error) = dup2(descriptor, &mut target) {
            return error.into();
        }
    }
    let listed = [
        ("LISTEN_PID", std::process::id().to_string()),
        ("LISTEN_FDS", count.to_string()),
        ("LISTEN_FDNAMES", names.join(":")),
    ];
    program
        .envs(listed.map(|(name, value)| (name, OsString::from(value))))
        .exec()
}

/// Adopts a descriptor number as an owned descriptor.
#[expect(
    unsafe_code,
    reason = "numbers are how descriptors are inherited; nothing safe makes one a descriptor again"
)]
fn adopt(number: RawFd) -> OwnedFd {
    // SAFETY: no other code may own the number. `take` runs once, at the start, for the numbers that the
    // environment assigns to this process, and has checked that they are open. `replace` never closes the
    // descriptor and only overwrites it, in a process that only executes another program or ends.
    unsafe { OwnedFd::from_raw_fd(number) }
}
