//! The protocol between a core and edges on other machines: messages, their form on the wire, and the state machines of
//! both ends, without I/O. Time is an input, in milliseconds of any clock that does not go back.
//!
//! An edge numbers its turns, and the core numbers its orders to each edge. Both sides keep these until the other side
//! has acknowledged them, and send them again after a broken connection. The receiver ignores repetitions. So each input is
//! handled once, and each output is carried out once, however often the connection breaks.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod codec;
mod core;
mod limits;
mod message;
pub mod pair;
mod seat;
mod uplink;
pub mod view;

pub use codec::{Decoder, Malformed, PREAMBLE_BYTES, Preamble, frame, preamble};
pub use core::{Attendance, Core, CoreEvent, Greeted, Refusal};
pub use limits::{BATCHES_MAX, BEAT, FRAME_MAX, SEATS, Timing};
pub use message::{Down, Hello, Name, Order, Up, Welcome};
pub use seat::{Joined, OwnerImage, SeatImage, SeatsImage};
pub use uplink::{Kept, State, Uplink, UplinkEvent};

/// Version of the messages of this crate. Both sides must have the same.
pub const VERSION: u16 = 3;
