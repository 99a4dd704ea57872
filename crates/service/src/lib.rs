//! The interface to the service manager (systemd, or none): status notifications ([`Notifier`]), and the
//! sockets that the process inherits or passes on to the program that replaces it ([`inherit`]).
//!
//! Both protocols are systemd's and need a few lines each; other managers support them, too.
#![warn(clippy::indexing_slicing)]

pub mod inherit;
mod notify;

pub use notify::Notifier;
