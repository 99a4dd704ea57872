//! The tests of the account service through its public interface.
//!
//! One program instead of one for each file: it is compiled and linked once.

mod clock_steps;
mod deletion_api;
mod devices;
mod export_api;
mod friends_api;
mod hostile_api;
mod login_check;
mod login_pace;
mod notes_api;
mod operator;
mod pictures;
mod profile_api;
mod reference;
mod remote;
mod second_factor;
mod site_api;
mod standing;
mod support;
mod temporary;
mod ticket_api;
mod website;
