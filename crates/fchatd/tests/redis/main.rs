//! The program and a real `redis-server`: the events for it, and that the chat does not mind when it is away, slow, full
//! or not itself.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "a test may fail"
)]

mod chat;
mod server;
mod told;
mod trouble;
