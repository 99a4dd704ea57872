//! A load generator for servers that speak the F-Chat protocol, and the measuring around it.
//!
//! What makes its figures comparable:
//!
//! * The processor time of the server is the operating system's account of its whole process; the generator's own is
//!   told beside it and never mixed in ([`accounting`]).
//! * Every server gets the same work, byte for byte, and every delivery is checked: a stamp in its text says who said
//!   it, as which message, and when it was meant to be said ([`load::stamp`], [`load::ledger`]).
//! * Latency counts from the time at which a message was *meant* to be sent. A server that stands still for a second
//!   is charged for all messages of that second, not only for the one that happened to be under way.
//! * One thread, one `epoll`, no WebSocket library: it must cost less than what it measures.
#![forbid(unsafe_code)]

pub mod accounting;
pub mod crowd;
pub mod load;
pub mod report;
pub mod server;
pub mod siege;
pub mod statistics;
pub mod workload;

/// Why something could not be measured; one sentence for the person at the terminal.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub String);

impl Error {
    /// From whatever can be shown.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// What was tried, and why it failed.
    pub fn because(what: impl std::fmt::Display, why: impl std::fmt::Display) -> Self {
        Self(format!("{what}: {why}"))
    }
}
