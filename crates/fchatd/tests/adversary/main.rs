//! Attacks on the real program over real sockets, one file for each kind. Each attack runs beside bystanders: a person who
//! talks, listeners in the same quiet room, and an operator. The tests assert what is lost and what is refused, never how
//! long something takes. `tests/README.md` tells how to add one.
#![allow(clippy::unwrap_used, clippy::panic)] // A test fails by panicking, its helpers too.

#[allow(dead_code, reason = "tools for attacks that are still to come")]
mod attacker;
#[allow(dead_code, reason = "tools for attacks that are still to come")]
mod bystanders;
#[allow(dead_code, reason = "tools for attacks that are still to come")]
mod scene;
#[path = "../process/site.rs"]
#[allow(dead_code, reason = "the tests of the process use the rest")]
mod site;

mod bad_tickets;
mod banned_over_http;
mod log_ins;
mod names_of_others;
mod normal_life;
mod stolen_session;
