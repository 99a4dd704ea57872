//! Which core leads, decided by an engine that can compare and swap: the record in the engine, the questions for the engine, and
//! the state machine of a core that asks them. No I/O and no clock in here; nothing of the replication either ([`crate::pair`]).

mod engine;
mod guide;
mod record;

pub use self::engine::{Answer, Ask, Revision, Swapped};
pub use self::guide::{Guide, GuideEvent, Wish};
pub use self::record::{Record, Unreadable};
