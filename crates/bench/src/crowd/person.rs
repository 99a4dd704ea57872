//! One simulated official client: its place on the way back, and its connection. It has one socket at a time, first for
//! HTTP and then for the chat.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::Ipv4Addr;

use mio::net::TcpStream;

/// Seconds before each attempt; the last one is repeated.
pub(crate) const LADDER: [f64; 4] = [0.0, 10.0, 30.0, 60.0];

/// The place on the way into the chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It has not begun.
    Idle,
    /// It waits for the next attempt.
    Waiting,
    /// It has asked for a ticket.
    Ticket,
    /// It has asked for its bookmarks.
    Bookmarks,
    /// It has asked for its friends.
    Friends,
    /// It has asked for a WebSocket.
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
    /// So many bytes.
    Some(usize),
    /// Nothing for now.
    Later,
    /// The connection is over.
    Over,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) account: String,
    pub(crate) character: String,
    /// Each person has an address of its own.
    pub(crate) from: Ipv4Addr,
    pub(crate) ticket: String,
    pub(crate) stage: Stage,
    pub(crate) stream: Option<TcpStream>,
    /// The beginning of an answer or a frame whose end is still to come.
    pub(crate) carry: Vec<u8>,
    /// The bytes that the socket did not take yet.
    pub(crate) out: Vec<u8>,
    /// The next step of the ladder.
    pub(crate) rung: usize,
    /// Timers of an earlier stage have an earlier number, and are void.
    pub(crate) epoch: u32,
    /// How many channels were asked for, and how many answered.
    pub(crate) asked: usize,
    pub(crate) joined: usize,
    /// Whether it was cut off since the event.
    pub(crate) was_cut: bool,
    /// When it was in the chat, and in all its channels, in microseconds.
    pub(crate) identified_at: u64,
    pub(crate) back_at: u64,
    /// When it spoke last, in microseconds.
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

    /// Seconds of the ladder before the next attempt; the step after it is longer.
    pub(crate) fn pause(&mut self) -> f64 {
        let pause = LADDER.get(self.rung).or(LADDER.last()).copied().unwrap_or(0.0);
        self.rung += 1;
        pause
    }

    /// Whether it is in the chat.
    pub(crate) fn is_present(&self) -> bool {
        matches!(self.stage, Stage::Joining | Stage::Back)
    }

    /// Writes what waits, as far as the socket takes it.
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
