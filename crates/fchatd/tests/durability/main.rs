//! Nothing is lost: a client that has seen the answer to a change finds the change after the process was killed, and
//! a disk without room ends no conversation.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail"
)]

mod actor;
mod facts;
mod full_disk;
mod kill;
#[path = "../evening/random.rs"]
#[allow(dead_code, reason = "the evening needs more of it")]
mod random;
mod site;
mod work;
