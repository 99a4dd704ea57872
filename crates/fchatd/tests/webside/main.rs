//! The program and web servers beside it: those that scripts ask, the one that takes reports, receivers of webhooks, and
//! the Flash policy; each of them also slow, away, lying, or with nonsense.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod chat;
mod flash;
mod hooks;
mod receiver;
mod reports;
mod scripts;
#[path = "../process/site.rs"]
#[allow(dead_code, reason = "the tests of the process use the rest")]
mod site;
