//! All output of the program to standard output and standard error, the log included.
//!
//! No output panics, and no output of the server blocks it: after [`detach`], lines wait in a bounded queue for a thread
//! of their own ([`queue`]). Control characters of foreign text are escaped ([`escape`], [`logger`]). The macros of the standard
//! library that print are denied by a lint; use [`say!`] and [`complain!`].

pub(crate) mod escape;
mod json_line;
pub(crate) mod logger;
mod outlet;
mod queue;
pub(crate) mod recent;

use std::time::Duration;

pub(crate) use self::outlet::{ERR, OUT};
use crate::failure::Failure;

/// How long the end of the program waits for a reader of its last lines.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Prints a line to standard output.
macro_rules! say {
    ($($text:tt)*) => { $crate::output::OUT.line(format_args!($($text)*)) };
}
/// Prints a line to standard error.
macro_rules! complain {
    ($($text:tt)*) => { $crate::output::ERR.line(format_args!($($text)*)) };
}
pub(crate) use {complain, say};

/// From here on, nothing that is printed blocks the program, as long as it runs.
pub(crate) fn detach() {
    OUT.detach("output");
    ERR.detach("log");
}

/// Waits a moment until all lines are written. Lines without a reader are given up.
pub(crate) fn flush() {
    for outlet in [&OUT, &ERR] {
        outlet.flush(LAST_LINES);
    }
}

/// How printing went for a command: a closed pipe is no failure, because its reader has seen enough.
///
/// # Errors
/// Standard output could not be written, for example because the disk is full.
pub(crate) fn outcome() -> Result<(), Failure> {
    match OUT.take_failure() {
        Some(error) => Err(format!("the output could not be written: {error}")),
        None => Ok(()),
    }
}
