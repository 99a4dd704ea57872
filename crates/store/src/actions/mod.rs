//! The action log (docs/action-log.md): moderators' actions, one line of JSON for each, in append-only files. Each action
//! has a unique number, which counts on from file to file. A file is named by the number of its first action, so the
//! order of the files is the order of their names.

mod line;
mod read;
mod write;

use std::path::{Path, PathBuf};

pub use line::Action;
pub use read::{actions, find_action};
pub use write::{ActionLimits, ActionWriter, Mended};

/// The folder's name in the data folder.
pub const FOLDER: &str = "actions";

/// The part of a file's name behind the number.
const ENDING: &str = ".jsonl";

fn file(folder: &Path, first: u64) -> PathBuf {
    folder.join(format!("{first:012}{ENDING}"))
}

/// All files and the numbers in their names, the oldest first.
fn files(folder: &Path) -> std::io::Result<Vec<(u64, PathBuf)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let first = name
            .and_then(|name| name.strip_suffix(ENDING))
            .and_then(|digits| digits.parse().ok());
        if let Some(first) = first {
            files.push((first, path));
        }
    }
    files.sort_unstable();
    Ok(files)
}
