//! A load generator for servers that speak the F-Chat protocol, with measurements.
//!
//! Its figures are comparable for these reasons:
//!
//! * The server's processor time is the operating system's account of its whole process. The generator's own
//!   time is reported separately ([`accounting`]).
//! * Every server gets the same work, byte for byte, and every delivery is checked. A stamp in the text holds
//!   the speaker, the number of the message and its intended time ([`load::stamp`], [`load::ledger`]).
//! * Latency counts from the *intended* time of a message. A server that stalls for a second is charged for
//!   all messages of that second, not only for the message in progress.
//! * One thread, one `epoll`, no WebSocket library: the generator must cost less than the server.
//!
//! [`scale`] measures nothing. It simulates sites that are too large to measure, and uses measured prices.
#![forbid(unsafe_code)]

pub mod accounting;
pub mod crowd;
mod front;
pub mod load;
pub mod report;
pub mod scale;
pub mod server;
pub mod siege;
pub mod statistics;
pub mod workload;

/// The reason why a measurement failed; one sentence for the user at the terminal.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub String);

impl Error {
    /// An error with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// An error from the attempted action and the cause of the failure.
    pub fn because(what: impl std::fmt::Display, why: impl std::fmt::Display) -> Self {
        Self(format!("{what}: {why}"))
    }
}
