//! The tests of the edge, over real sockets.
//!
//! One program instead of one for each file: it is compiled and linked once.

mod commits;
mod deflate;
mod gate;
mod http;
mod lifecycle;
mod messages;
mod slow_readers;
mod support;
