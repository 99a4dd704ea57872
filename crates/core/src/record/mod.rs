//! The flight recorder: everything that goes into the machine as data, without secrets, so that another machine can
//! be driven in the same way and gives the same outputs, byte for byte.
//!
//! A recording starts with an image of the machine ([`crate::Core::checkpoint`]), and then holds each [`Call`] and,
//! behind it, a digest of the outputs that it made. Since a call stands in front of its outputs, the last one is
//! the one at which the program died, if it did. Nothing here touches a file: see [`format`](mod@format) for the bytes.

mod call;
mod checkpoint;
mod digest;
pub mod format;
mod redact;
mod replay;
mod settings;

use fchatd_world::Now;
use serde::{Deserialize, Serialize};

pub use call::{Call, Sources};
pub use checkpoint::CheckpointError;
pub use digest::{Digester, Mark};
pub use redact::message as redacted;
pub use replay::{Replay, ReplayError, Step, Verdict};
pub use settings::SettingsData;

/// One thing in a recording.
#[derive(Serialize, Deserialize)]
pub enum Record<'a> {
    /// Always the first one.
    Start(#[serde(borrow)] Start<'a>),
    /// A turn begins: see [`crate::Core::turn`].
    Turn(Now),
    /// The time of the next record, where it is not that of the turn.
    Time(Now),
    /// Something goes into the machine.
    Call(#[serde(borrow)] Call<'a>),
    /// The outputs of the call before, or of the start.
    Done(Done),
    /// Nothing follows, and why.
    End(End),
}

/// The start of a recording.
#[derive(Serialize, Deserialize)]
pub struct Start<'a> {
    /// The version of the program, which must be the same for a replay.
    pub program: &'a str,
    /// The version of the messages: [`fchatd_protocol::exchange::VERSION`].
    pub exchange: u16,
    /// When, in Unix milliseconds.
    pub unix: i64,
    /// The machine: see [`crate::Core::checkpoint`].
    pub image: &'a [u8],
}

/// The outputs of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// Of the outputs: see [`Digester`].
    pub digest: u64,
    /// Whether a script was stopped because it took too long. The place where it was stopped is not known, so its effects
    /// until then may be different in a replay.
    pub timed_out: bool,
    /// Whether the machine panicked.
    pub panicked: bool,
}

/// Why a recording ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// The server was stopped.
    Stopped,
    /// The file is full. Another one goes on from here.
    Continued,
    /// The file is full, and no other one could be begun.
    Full,
    /// The disk was too slow.
    TooSlow,
}

/// The version of the program that can replay the recording.
pub const PROGRAM: &str = env!("CARGO_PKG_VERSION");
