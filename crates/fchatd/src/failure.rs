//! The failure of a command or of a start, as the operator reads it.

/// The reason why the program can't go on: one sentence that names the remedy.
pub(crate) type Failure = String;
