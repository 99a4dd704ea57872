//! Tools of an attacker: sockets that do not follow the protocol, and many of them at once.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use fchatd_dialogue::websocket::WebSocket;
use fchatd_dialogue::websocket::wire::{self, TEXT, frame};
use socket2::{Domain, Socket, Type};

/// Far more than any machine needs that does other things, too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// The frame of a text without content: two bytes and the mask.
pub(crate) fn empty_frame() -> Vec<u8> {
    frame(TEXT, b"")
}

/// One piece of memory with a message many times, to be written at once.
pub(crate) fn many(message: &str, times: usize) -> Vec<u8> {
    wire::text(message).repeat(times)
}

/// The address of the n-th attacker. All of 127.0.0.0/8 is this machine, and the server sees different addresses.
pub(crate) fn address(number: usize) -> Ipv4Addr {
    let [.., high, low] = u32::try_from(number).unwrap().to_be_bytes();
    Ipv4Addr::new(127, 100, high, low)
}

/// A TCP connection from an address of this machine.
///
/// # Errors
/// The server does not take it.
pub(crate) fn connect(server: SocketAddr, from: Ipv4Addr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((from, 0)).into())?;
    socket.connect(&server.into())?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_tcp_nodelay(true)?;
    Ok(socket.into())
}

/// Opens a WebSocket from an address.
///
/// # Errors
/// The server does not shake hands; the head of its answer is the message.
pub(crate) fn websocket(server: SocketAddr, from: Ipv4Addr) -> io::Result<WebSocket> {
    let socket = WebSocket::over(connect(server, from)?, "/chat2", wire::VERSION)?;
    socket.set_patience(Some(PATIENCE))?;
    Ok(socket)
}

/// Sends a request by HTTP as it stands here; gives the answer unchanged, up to the end of the connection. Bytes that the server
/// sent before it broke the connection are the answer, too.
///
/// # Errors
/// The server does not take the connection.
pub(crate) fn http(server: SocketAddr, from: Ipv4Addr, request: &[u8]) -> io::Result<String> {
    let mut stream = connect(server, from)?;
    // A server that refuses something need not read all of it.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Writes bytes one at a time, with a pause before each.
///
/// # Errors
/// The server has closed the connection; the number of bytes that went before.
pub(crate) fn slowly(stream: &mut TcpStream, bytes: &[u8], pause: Duration) -> Result<(), usize> {
    for (sent, byte) in bytes.iter().enumerate() {
        thread::sleep(pause);
        stream.write_all(&[*byte]).map_err(|_| sent)?;
    }
    Ok(())
}

/// Reads up to the frame that is meant, and returns it. Frames that come before it are shown, too.
#[track_caller]
pub(crate) fn await_frame(socket: &mut WebSocket, mut is_it: impl FnMut(&str) -> bool) -> String {
    loop {
        match socket.next_text() {
            Ok(Some(text)) if is_it(&text) => return text,
            Ok(Some(_)) => {}
            end => panic!("the connection ended: {end:?}"),
        }
    }
}

/// Reads and forgets all frames, until the connection ends. Returns the code of the close frame, if one came.
pub(crate) fn drain(mut socket: WebSocket) -> Option<u16> {
    while let Ok(Some(_)) = socket.next_text() {}
    socket.closed_with
}

/// Runs an attack in so many threads at once, and waits for them. Each is told its number.
pub(crate) fn at_once<T: Send>(count: usize, attack: impl Fn(usize) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let attack = &attack;
        let threads: Vec<_> = (0..count)
            .map(|number| scope.spawn(move || attack(number)))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}
