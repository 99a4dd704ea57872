//! The adapters to engines against real servers of the tests' own, and against servers that are none.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod etcd;
mod garbage;
mod nats;
mod plays;
mod postgres;
