//! The F-Chat protocol as plain data: command codes, error numbers, frames, and the messages that pass
//! between the edges and the core. No I/O and no state.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

pub mod address;
pub mod change;
pub mod command;
pub mod duration;
pub mod error;
pub mod exchange;
pub mod frame;
pub mod json;
pub mod limits;
pub mod name;
pub mod network;
pub mod session;
pub mod snapshot;
pub mod text;
