//! The tests of the core through its public interface.
//!
//! One program instead of one for each file: it is compiled and linked once.

mod actions;
mod bad_input;
mod beside;
mod breaks;
mod comeback;
mod commands;
mod commits;
mod debug;
mod declared;
mod ending;
mod hellban;
mod hostile;
mod limits;
mod log_in_limits;
mod moderation;
mod permissions;
mod probation;
mod record;
mod script_tests;
mod shut_out;
mod simulation;
mod support;
