//! The real-time bridge of the program over UDP: what it does, and what it refuses, in both forms.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "a test may fail"
)]

mod refused;
mod sender;
mod site;
