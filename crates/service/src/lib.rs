//! The process as its service manager (systemd, or none) sees it: what it tells about itself ([`Notifier`]), and the
//! sockets that it is started with or hands on to the program that takes its place ([`inherit`]).
//!
//! Both protocols are systemd's and a few lines each; other managers speak them too.
#![warn(clippy::indexing_slicing)]

pub mod inherit;
mod notify;

pub use notify::Notifier;
