//! The classic server's state files (docs/state.md): `channels.json`, `ops.json`, `scops.json`
//! and `bans.json`.
//!
//! Reading takes all or nothing, unless the operator asks for the valid entries: each entry that the classic server would not write
//! is named with its place, and then nothing is imported. State that the files do not hold (the calls for the staff) stays as it is.

mod members;
mod read;
mod write;

use std::path::Path;

pub use read::{Imported, read, read_what_is_clear};
pub use write::{Files, files, is_in_lists, write, write_lists};

/// The files, in the order in which they are read and written.
pub const FILE_NAMES: [&str; 4] = [CHANNELS, OPERATORS, SUPER_OPERATORS, BANS];

pub(crate) const CHANNELS: &str = "channels.json";
pub(crate) const OPERATORS: &str = "ops.json";
pub(crate) const SUPER_OPERATORS: &str = "scops.json";
pub(crate) const BANS: &str = "bans.json";

/// Why the files were not taken over, or not written.
#[derive(Debug, thiserror::Error)]
pub enum ClassicError {
    /// A folder without any of the files.
    #[error(
        "{} holds none of the classic server's state files ({}): name the folder they are in",
        folder.display(),
        FILE_NAMES.join(", ")
    )]
    NothingThere {
        /// The folder.
        folder: std::path::PathBuf,
    },
    /// A file could not be read or written.
    #[error("{} failed ({source}): check that it may be read and written", path.display())]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// The faults of the files, a line for each entry.
    #[error("{}\nnothing was imported: mend these places and try again, or leave these entries out with --skip-strange", faults.join("\n"))]
    Strange {
        /// Place and fault, ready to be shown.
        faults: Vec<String>,
    },
    /// There is no state yet, and the files do not say which channels there are.
    #[error("{CHANNELS} is missing, and this server has no channels yet: add the file")]
    NoChannels,
}

fn file_error(path: &Path, source: std::io::Error) -> ClassicError {
    ClassicError::File {
        path: path.to_owned(),
        source,
    }
}
