//! The steps of the leader's application as data, and the image from which a standby begins.

use fchatd_protocol::exchange::{ConnectionId, Inputs};
use serde::{Deserialize, Serialize};

use crate::seat::{Joined, SeatsImage};

/// An event of one step that is not a call of the application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// An edge takes a seat, and gets these messages of the program first.
    Joined(Box<Joined>, Vec<Vec<u8>>),
    /// The owner of a seat has left.
    Left(u16),
    /// All commits up to this one are on disk or are no longer awaited.
    Stored(u64),
    /// A message of the program for all edges, with its kind. It replaces the last one of its kind for edges that come later.
    Note(u8, Vec<u8>),
    /// An edge is told to send its clients elsewhere.
    Drain(u16),
}

/// A turn of which only a part was handled, because it took too long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfinished {
    /// The seat.
    pub seat: u16,
    /// The number of the turn at the seat.
    pub turn: u64,
    /// Whether it is the last one of the seat's owner.
    pub is_last: bool,
    /// The inputs that are left.
    pub inputs: Inputs,
}

/// One step of the application.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, from 1 and without gaps over all leaders.
    pub n: u64,
    /// The events, which come before the outputs of the calls.
    pub events: Vec<Event>,
    /// The calls of the application, in its own form.
    pub calls: Vec<u8>,
    /// A digest of the outputs.
    pub digest: u64,
    /// Whether the result can't be had again, because a script ran out of time.
    pub is_unrepeatable: bool,
    /// Turns that were handled completely: seats, and numbers of turns.
    pub done: Vec<(u16, u64)>,
    /// The turn that was begun and not finished.
    pub unfinished: Option<Unfinished>,
}

impl Entry {
    /// Whether nothing has happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.calls.is_empty() && self.done.is_empty() && self.unfinished.is_none()
    }
}

/// Everything that a standby needs to go on after an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// The number of that entry.
    pub n: u64,
    /// The application, in its own form.
    pub application: Vec<u8>,
    /// The seats of edges.
    pub seats: SeatsImage,
    /// The open connections of edges.
    pub open: Vec<ConnectionId>,
    /// The last turn of each seat that was handled.
    pub turns: Vec<u64>,
    /// The turn that was begun and not finished.
    pub unfinished: Option<Unfinished>,
    /// The standing messages of the program for edges, with their kinds.
    pub notes: Vec<(u8, Vec<u8>)>,
    /// The last commit that is on disk or is no longer awaited.
    pub stored: u64,
}
