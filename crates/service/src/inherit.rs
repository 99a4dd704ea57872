//! Sockets that the process is started with, and handing them on to the program that takes its place.
//!
//! The protocol is that of `sd_listen_fds(3)`: descriptors from 3 on, `LISTEN_FDS` of them, named in `LISTEN_FDNAMES`,
//! meant for the process `LISTEN_PID`. A restart without a service manager uses it too, since an executed program
//! keeps the process: connections wait in the listening socket until the new one takes them.

use std::ffi::OsString;
use std::io;
use std::mem::ManuallyDrop;
use std::net::{TcpListener, UdpSocket};
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::{FdFlags, dup2, fcntl_dupfd_cloexec, fcntl_setfd};
use rustix::net::sockopt::{socket_acceptconn, socket_domain, socket_type};
use rustix::net::{AddressFamily, SocketType};

/// The first inherited descriptor.
const FIRST: RawFd = 3;
/// More of them are a mistake.
const COUNT_MAX: RawFd = 16;

/// An inherited socket.
#[derive(Debug)]
pub enum Socket {
    /// A TCP socket that listens.
    Listener(TcpListener),
    /// A UDP socket.
    Datagrams(UdpSocket),
}

/// A socket with the name that the giver has for it; empty when it has none.
#[derive(Debug)]
pub struct Named {
    /// Such as `fchatd.socket`.
    pub name: String,
    /// The socket.
    pub socket: Socket,
}

/// The sockets this process was started with, in their order; none when it was started without. They are taken once:
/// further calls give none. Call it before anything else opens files.
///
/// # Errors
/// A sentence for the operator: what was given is not what was promised.
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
    // Asked without touching the descriptor: one that is not open must not become ours.
    std::fs::metadata(format!("{place}/{number}")).map_err(|_| io::Error::other("it is not open"))?;
    let descriptor = adopt(number);
    fcntl_setfd(&descriptor, FdFlags::CLOEXEC)?;
    let domain = socket_domain(&descriptor)?;
    let wrong = |text: &str| io::Error::new(io::ErrorKind::Unsupported, text);
    if domain != AddressFamily::INET && domain != AddressFamily::INET6 {
        return Err(wrong("it is not a socket of the internet protocols"));
    }
    match socket_type(&descriptor)? {
        SocketType::STREAM if socket_acceptconn(&descriptor)? => {
            let listener = TcpListener::from(descriptor);
            listener.set_nonblocking(true)?;
            Ok(Socket::Listener(listener))
        }
        SocketType::DGRAM => {
            let socket = UdpSocket::from(descriptor);
            socket.set_nonblocking(true)?;
            Ok(Socket::Datagrams(socket))
        }
        _ => Err(wrong(
            "it is neither a TCP socket that listens (Accept=no) nor a UDP socket",
        )),
    }
}

/// Replaces this process by another program that inherits these sockets, in their order. It comes back only when that
/// failed; by then descriptors of this process may be gone, so that all it can do is to end.
pub fn replace(mut program: Command, sockets: Vec<Named>) -> io::Error {
    let count = sockets.len() as RawFd;
    let mut names = Vec::new();
    let mut descriptors = Vec::new();
    for Named { name, socket } in sockets {
        names.push(name);
        let descriptor = match socket {
            Socket::Listener(listener) => OwnedFd::from(listener),
            Socket::Datagrams(socket) => OwnedFd::from(socket),
        };
        // Out of the way of the places that are filled next.
        match fcntl_dupfd_cloexec(&descriptor, FIRST + count) {
            Ok(copy) => descriptors.push(copy),
            Err(error) => return error.into(),
        }
    }
    for (place, descriptor) in (FIRST..).zip(&descriptors) {
        // Whatever had this number is closed by the kernel, and so it would be by executing the program.
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

/// Makes a bare number an owned descriptor.
#[expect(
    unsafe_code,
    reason = "numbers are how descriptors are inherited; nothing safe makes one a descriptor again"
)]
fn adopt(number: RawFd) -> OwnedFd {
    // SAFETY: the number must be nobody else's. `take` asks once, at the start, for those that the environment says
    // are this process's, and has seen that they are open. `replace` never closes what it gets, and only
    // overwrites it, in a process that has nothing left to do but to execute another program or to end.
    unsafe { OwnedFd::from_raw_fd(number) }
}
