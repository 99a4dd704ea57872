//! Where the server's folder has its files, and reading one that may be missing.

use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// The folder with the state of a server.
pub(crate) fn data_folder(dir: &Path) -> PathBuf {
    dir.join("data")
}

/// The text of a file, or nothing when there is none.
pub(crate) fn read_if_there(file: &Path) -> Result<Option<String>, Failure> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{} can't be read: {error}", file.display())),
    }
}
