//! The failure of a command or of a start, as the operator reads it.

/// Why the program can't go on: one sentence that says what to do.
pub(crate) type Failure = String;
