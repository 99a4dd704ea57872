//! Small operations on files that last through a power cut.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::error::BackupError;

/// Removes a folder with everything in it, if it is there.
pub(crate) fn remove_folder(path: &Path) -> Result<(), BackupError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(BackupError::files(path, "removed", error)),
        _ => Ok(()),
    }
}

/// Makes a folder that only its owner may use, and those around it.
pub(crate) fn make_folder(path: &Path) -> Result<(), BackupError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(BackupError::on(path, "made"))
}

/// Puts the names in a folder on the disk.
pub(crate) fn sync_folder(path: &Path) -> Result<(), BackupError> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(BackupError::on(path, "written"))
}

/// Moves a file or folder to a name that is free.
pub(crate) fn move_to(from: &Path, to: &Path) -> Result<(), BackupError> {
    step();
    if fs::symlink_metadata(to).is_ok() {
        return Err(BackupError::files(
            to,
            "replaced",
            ErrorKind::AlreadyExists.into(),
        ));
    }
    fs::rename(from, to).map_err(BackupError::on(from, "moved"))
}

/// Gives a file, or a folder with everything in it, to another user. Links are left alone.
pub(crate) fn give(path: &Path, owner: (u32, u32)) -> Result<(), BackupError> {
    let metadata = fs::symlink_metadata(path).map_err(BackupError::on(path, "read"))?;
    if metadata.is_symlink() {
        return Ok(());
    }
    let (user, group) = owner;
    std::os::unix::fs::chown(path, Some(user), Some(group))
        .map_err(BackupError::on(path, "given to its owner"))?;
    if metadata.is_dir() {
        for name in names(path)? {
            give(&path.join(name), owner)?;
        }
    }
    Ok(())
}

/// The names in a folder, in their order.
pub(crate) fn names(folder: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let names = || -> io::Result<Vec<PathBuf>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            names.push(entry?.file_name().into());
        }
        names.sort();
        Ok(names)
    };
    names().map_err(BackupError::on(folder, "read"))
}

/// The device and the number of a file.
pub(crate) fn identity(metadata: &fs::Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// A path with an ending behind its name.
pub(crate) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// A moment at which a test can kill the process.
pub(crate) fn step() {
    #[cfg(test)]
    kill::step();
}

#[cfg(test)]
pub(crate) use kill::kill_after;

#[cfg(test)]
mod kill {
    use std::cell::Cell;

    thread_local! {
        static LEFT: Cell<Option<u32>> = const { Cell::new(None) };
    }

    /// Ends the work of this thread by a panic after so many further steps.
    pub(crate) fn kill_after(steps: Option<u32>) {
        LEFT.set(steps);
    }

    pub(super) fn step() {
        if let Some(left) = LEFT.get() {
            assert!(left > 0, "killed by the test");
            LEFT.set(Some(left - 1));
        }
    }
}
