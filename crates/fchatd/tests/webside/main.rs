//! The program and web servers beside it: those that scripts ask, and the one that takes reports; each of them also slow,
//! away, lying, or not at all what it should be.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod chat;
mod receiver;
mod reports;
mod scripts;
#[path = "../process/site.rs"]
#[allow(dead_code, reason = "the tests of the process use the rest")]
mod site;
