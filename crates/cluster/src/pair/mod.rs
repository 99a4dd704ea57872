//! The pair of cores: a leader and its standby, which replays everything that the leader does.
//!
//! The leader gives each step of its application a number: an [`Entry`]. The standby makes the same steps, and has the same state
//! and the same numbered orders for the edges. Orders leave the leader only when the standby has said that it holds the entries
//! that led to them ([`Leader`], [`Standby`]). So everything that a client has seen is known to the standby. This is
//! primary-backup replication with an output rule, as in VMware FT; a view ([`View`]) says which core leads, and is
//! decided elsewhere, as in Vertical Paxos and chain replication.

mod entry;
mod leader;
mod standby;
mod view;

use serde::{Deserialize, Serialize};

pub use self::entry::{Entry, Event, Image, Unfinished};
pub use self::leader::{Leader, LeaderEvent, PeerStatus, Stage};
pub use self::standby::{Standby, StandbyEvent};
pub use self::view::{Beginning, Manual, View};

/// Size of one piece of an image, in bytes.
pub const PIECE: usize = 1 << 20;
/// Maximum size of an image, in bytes.
pub const IMAGE_MAX: usize = 1 << 30;
/// Weight of entries that the standby has not received, in bytes. Beyond it the leader gives the standby up.
pub const UNHELD_MAX: usize = 64 << 20;
/// Time after which an entry must have been carried out by the standby, in milliseconds. Later, the leader gives it up.
pub const LAG_MAX: u64 = 6_000;
/// Pause before a standby that has diverged joins again, in milliseconds.
pub const REJOIN: u64 = 30_000;

/// The first message of a core that wants to be the standby.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// Version of its program. The leader must have the same, as both have to do exactly the same.
    pub program: String,
    /// The processor architecture of its machine.
    pub machine: String,
    /// Its name in the cluster.
    pub node: String,
    /// A random number of its process.
    pub process: u64,
    /// The number of the last view that it knows.
    pub epoch: u64,
}

/// A message of a leader to its standby.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToStandby {
    /// This core does not accept the other one as its standby, with the reason.
    Refused {
        /// The number of the last view that this core knows.
        epoch: u64,
        /// Whether this core leads.
        leads: bool,
        /// The random number of this process.
        process: u64,
        /// The reason, as a sentence.
        reason: String,
    },
    /// A part of the image.
    Piece {
        /// The name of the leader.
        node: String,
        /// The number of its view.
        epoch: u64,
        /// Number of bytes of the whole image.
        whole: u64,
        /// The next bytes.
        bytes: Vec<u8>,
    },
    /// A step of the application.
    Entry(Box<Entry>),
    /// An edge has received its orders up to this one.
    Got {
        /// Its seat.
        seat: u16,
        /// The number of its attachment.
        attachment: u64,
        /// The last order.
        got: u64,
    },
    /// The view of this number names the receiver as standby: it has to be held from now on.
    InView(View),
    /// The receiver leads as soon as it has carried out this entry, which is the last one.
    Lead {
        /// The number of the entry.
        n: u64,
    },
    /// The leader runs.
    Beat,
}

/// A message of a standby to its leader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToLeader {
    /// How far it has come. It is sent again as a sign of life.
    Held {
        /// The last entry that it has received.
        received: u64,
        /// The last entry that it has carried out.
        applied: u64,
        /// The last commit on its disk; nothing before the state of the image is there.
        kept: Option<u64>,
        /// The number of the view that names it, when it has written that down; else 0.
        view: u64,
    },
    /// It does not come to the same result.
    Diverged {
        /// The number of the entry.
        n: u64,
        /// The reason, as a sentence.
        reason: String,
    },
    /// It leads from now on, in the view of this number.
    Led(u64),
}
