//! Plays: tests of the chat's rules that a moderator can read. A play says which characters are present, what
//! each of them sends, and what each of them receives. Any received frame that the play does not mention is a
//! failure. Each play runs on two stages: over the core without sockets, where time is an input, and over
//! real sockets against the real program.
//!
//! The format is described in `tests/dialogues/README.md`. [`play::Play::read`] reads a play, [`run::run`]
//! plays it.
#![forbid(unsafe_code)]

pub mod cast;
pub mod core_stage;
pub mod etiquette;
pub mod pattern;
pub mod play;
pub mod program;
pub mod run;
pub mod site;
pub mod socket_stage;
pub mod stage;
pub mod visitor;
pub mod websocket;

use std::fmt;
use std::path::{Path, PathBuf};

pub use program::Program;

/// A failed play, with the position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The play's file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The expected frames and the received ones.
    pub message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}:{}: {}",
            self.file.display(),
            self.line,
            self.message
        )
    }
}

/// All plays of a folder, sorted by name.
///
/// # Errors
/// The folder can't be read.
pub fn plays_in(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "play") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
