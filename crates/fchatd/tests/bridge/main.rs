//! The real-time bridge of the program over UDP: its effects and its refusals, in both forms.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "a test may fail"
)]

mod refused;
mod sender;
mod site;
