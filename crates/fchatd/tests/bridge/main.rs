//! The real-time bridge of the program over UDP: what it does, and what it refuses, in both forms.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod refused;
mod sender;
mod site;
