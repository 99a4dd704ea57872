//! A server that forwards messages with injected faults. It has a thread for each connection; its speed is
//! not measured.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// The faults to inject; zero means never.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Faults {
    /// Every n-th delivery is dropped.
    pub(crate) drop: u64,
    /// Every n-th delivery is duplicated.
    pub(crate) double: u64,
    /// Every n-th delivery comes after the next one to the same client.
    pub(crate) swap: u64,
    /// At this message the server stalls for this time in milliseconds.
    pub(crate) stall: Option<(u64, u64)>,
    /// All log-ins are refused.
    pub(crate) refuse: bool,
}

#[derive(Default)]
struct House {
    channels: HashMap<String, Vec<usize>>,
    names: HashMap<String, usize>,
    sockets: Vec<TcpStream>,
    held: HashMap<usize, Vec<u8>>,
    messages: u64,
    deliveries: u64,
}

/// Runs until the test process ends.
pub(crate) fn serve(faults: Faults) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let house = Arc::new(Mutex::new(House::default()));
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let house = Arc::clone(&house);
            thread::spawn(move || guest(socket, &house, faults));
        }
    });
    address
}

/// Ends with the connection, by a read error.
fn guest(mut socket: TcpStream, house: &Mutex<House>, faults: Faults) -> Option<()> {
    socket.set_nodelay(true).ok()?;
    let number = {
        let mut house = house.lock().ok()?;
        house.sockets.push(socket.try_clone().ok()?);
        house.sockets.len() - 1
    };
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    socket
        .write_all(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        .ok()?;
    loop {
        let text = read_text(&mut socket)?;
        let mut house = house.lock().ok()?;
        match text.get(..3)? {
            "IDN" if faults.refuse => {
                socket
                    .write_all(&frame("ERR {\"number\":4,\"message\":\"no\"}"))
                    .ok()?;
                socket.shutdown(Shutdown::Both).ok()?;
                return None;
            }
            "IDN" => {
                let name = field(&text, "character")?;
                socket
                    .write_all(&frame(&format!("NLN {{\"identity\":\"{name}\"}}")))
                    .ok()?;
                house.names.insert(name, number);
            }
            "JCH" => {
                house
                    .channels
                    .entry(field(&text, "channel")?)
                    .or_default()
                    .push(number);
                socket.write_all(&frame("CDS {}")).ok()?;
            }
            "MSG" => {
                let members = house.channels.get(&field(&text, "channel")?)?.clone();
                house.said(faults);
                for member in members.into_iter().filter(|member| *member != number) {
                    house.deliver(member, &text, faults);
                }
            }
            "PRI" => {
                let to = *house.names.get(&field(&text, "recipient")?)?;
                house.said(faults);
                house.deliver(to, &text, faults);
            }
            _ => {}
        }
    }
}

impl House {
    fn said(&mut self, faults: Faults) {
        self.messages += 1;
        if let Some((at, milliseconds)) = faults.stall
            && self.messages == at
        {
            thread::sleep(Duration::from_millis(milliseconds));
        }
    }

    fn deliver(&mut self, to: usize, text: &str, faults: Faults) {
        self.deliveries += 1;
        let is_turn = |every: u64| every > 0 && self.deliveries.is_multiple_of(every);
        if is_turn(faults.drop) {
            return;
        }
        let mut bytes = frame(text);
        if is_turn(faults.double) {
            bytes.extend(frame(text));
        }
        if is_turn(faults.swap) && !self.held.contains_key(&to) {
            self.held.insert(to, bytes);
            return;
        }
        bytes.extend(self.held.remove(&to).unwrap_or_default());
        // Writes to a closed connection are ignored.
        let _ = self.sockets[to].write_all(&bytes);
    }
}

fn read_text(socket: &mut TcpStream) -> Option<String> {
    let mut head = [0; 2];
    socket.read_exact(&mut head).ok()?;
    let mut length = usize::from(head[1] & 0x7f);
    if length == 126 {
        let mut long = [0; 2];
        socket.read_exact(&mut long).ok()?;
        length = usize::from(u16::from_be_bytes(long));
    }
    let mut payload = vec![0; 4 + length];
    socket.read_exact(&mut payload).ok()?;
    let (mask, text) = payload.split_at(4);
    String::from_utf8(
        text.iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask)
            .collect(),
    )
    .ok()
}

fn field(text: &str, key: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("\"{key}\":\""))?;
    Some(rest.split_once('"')?.0.to_owned())
}

fn frame(text: &str) -> Vec<u8> {
    let mut bytes = vec![0x81];
    if text.len() < 126 {
        bytes.push(text.len() as u8);
    } else {
        bytes.push(126);
        bytes.extend((text.len() as u16).to_be_bytes());
    }
    bytes.extend(text.as_bytes());
    bytes
}
