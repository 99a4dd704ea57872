//! One simulated official client: its stage and its connection. It has one socket at a time, first for HTTP
//! and then for the chat.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::Ipv4Addr;

use mio::net::TcpStream;

/// Retry delays in seconds, one before each attempt; the last one is repeated.
pub(crate) const LADDER: [f64; 4] = [0.0, 10.0, 30.0, 60.0];

/// The client's stage on the way into the chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It has not started.
    Idle,
    /// It waits for the next attempt.
    Waiting,
    /// It has requested a ticket.
    Ticket,
    /// It has requested its bookmarks.
    Bookmarks,
    /// It has requested its friends.
    Friends,
    /// It has requested the WebSocket upgrade.
    Shaking,
    /// It has sent `IDN`.
    Identifying,
    /// It is in the chat and joins its channels.
    Joining,
    /// It is in all its channels.
    Back,
    /// It was refused for good.
    Refused,
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

/// See the module.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) account: String,
    pub(crate) character: String,
    /// Each client has its own address.
    pub(crate) from: Ipv4Addr,
    pub(crate) ticket: String,
    pub(crate) stage: Stage,
    pub(crate) stream: Option<TcpStream>,
    /// The beginning of an incomplete answer or frame.
    pub(crate) carry: Vec<u8>,
    /// Bytes that the socket has not accepted yet.
    pub(crate) out: Vec<u8>,
    /// Index of the next retry delay.
    pub(crate) rung: usize,
    /// Timers with an earlier epoch belong to an earlier stage and are ignored.
    pub(crate) epoch: u32,
    /// Number of requested channels, and of answered requests.
    pub(crate) asked: usize,
    pub(crate) joined: usize,
    /// Whether it was disconnected since the event.
    pub(crate) was_cut: bool,
    /// Times of the log-in and of the last join, in microseconds.
    pub(crate) identified_at: u64,
    pub(crate) back_at: u64,
    /// Time of its last line, in microseconds.
    pub(crate) spoke_at: u64,
}

impl Person {
    pub(crate) fn new(account: String, character: String, from: Ipv4Addr) -> Self {
        Self {
            account,
            character,
            from,
            ticket: String::new(),
            stage: Stage::Idle,
            stream: None,
            carry: Vec::new(),
            out: Vec::new(),
            rung: 0,
            epoch: 0,
            asked: 0,
            joined: 0,
            was_cut: false,
            identified_at: 0,
            back_at: 0,
            spoke_at: 0,
        }
    }

    /// The retry delay before the next attempt, in seconds; moves on to the next one.
    pub(crate) fn pause(&mut self) -> f64 {
        let pause = LADDER.get(self.rung).or(LADDER.last()).copied().unwrap_or(0.0);
        self.rung += 1;
        pause
    }

    /// Whether it is in the chat.
    pub(crate) fn is_present(&self) -> bool {
        matches!(self.stage, Stage::Joining | Stage::Back)
    }

    /// Writes the pending bytes as far as the socket accepts them.
    pub(crate) fn flush(&mut self) -> Io {
        let Some(stream) = &mut self.stream else {
            return Io::Later;
        };
        while !self.out.is_empty() {
            match stream.write(&self.out) {
                Ok(count) => drop(self.out.drain(..count)),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => {
                    return Io::Later;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Io::Over,
            }
        }
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
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => {
                    return Io::Later;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Io::Over,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_is_that_of_the_official_client() {
        let mut person = Person::new(String::new(), String::new(), Ipv4Addr::LOCALHOST);
        let pauses: Vec<f64> = (0..6).map(|_| person.pause()).collect();
        assert_eq!(pauses, [0.0, 10.0, 30.0, 60.0, 60.0, 60.0]);
        person.rung = 0;
        assert_eq!(person.pause(), 0.0);
    }
}
