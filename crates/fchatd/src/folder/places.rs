//! Where the server's folder has its files, and reading one that may be missing.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// The folder with the state of a server.
pub(crate) fn data_folder(dir: &Path) -> PathBuf {
    dir.join("data")
}

/// Refuses a folder that is not there, so that a misspelt `--dir` has no effect.
///
/// # Errors
/// There is no such folder.
pub(crate) fn require(dir: &Path) -> Result<(), Failure> {
    if dir.is_dir() {
        return Ok(());
    }
    Err(format!(
        "{} is not a folder; give the server's folder with --dir",
        dir.display()
    ))
}

/// Makes the folder where it is missing, and only it: a folder around it that is missing is a mistake. The result is whether it was
/// made.
///
/// # Errors
/// It can't be made, or there is something else.
pub(crate) fn make(dir: &Path) -> Result<bool, Failure> {
    match std::fs::create_dir(dir) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => require(dir).map(|()| false),
        // Such as an existing folder on a read-only disk.
        Err(_) if dir.is_dir() => Ok(false),
        Err(error) => Err(format!(
            "the folder {} can't be made: {error}; give the server's folder with --dir",
            dir.display()
        )),
    }
}

/// The text of a file, or nothing when there is none.
pub(crate) fn read_if_there(file: &Path) -> Result<Option<String>, Failure> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        // A file in the place of the folder is named where the folder is needed.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(format!("{} can't be read: {error}", file.display())),
    }
}

/// Where the settings of the administration page are: a file like `startup_config.lua`.
pub(crate) fn settings_file(dir: &Path) -> PathBuf {
    data_folder(dir).join("settings.lua")
}
