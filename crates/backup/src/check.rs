//! Checking a backup without a restore.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use fchatd_store::{Store, StoreError, inspect};

use crate::error::BackupError;
use crate::format::Contents;
use crate::names::{DATA, LOCK};
use crate::read::read;

/// Reads a whole backup, compares all sizes and digests, and checks each entry of its state. The state is unpacked into the folder for
/// temporary files (`TMPDIR`) and removed again.
///
/// # Errors
/// The first fault.
pub fn check(path: &Path) -> Result<Contents, BackupError> {
    let folder = tempfile::tempdir();
    let folder = folder.map_err(BackupError::on(&std::env::temp_dir(), "written"))?;
    let state = format!("{DATA}/{}", Store::FILE_NAME);
    let copy = folder.path().join(Store::FILE_NAME);
    let contents = read(path, |entry| {
        if entry.name == state {
            let writing = || BackupError::on(&copy, "written");
            let mut file = File::create(&copy).map_err(writing())?;
            io::copy(entry.content, &mut file).map_err(writing())?;
        }
        Ok(())
    })?;
    match state_fault(folder.path()) {
        None => Ok(contents),
        Some(fault) => Err(BackupError::Damaged {
            path: path.to_owned(),
            fault,
        }),
    }
}

/// The first fault of the state in a folder of its own; nothing when it is good.
pub(crate) fn state_fault(folder: &Path) -> Option<String> {
    let found = inspect(folder);
    // The inspection claims the folder, which leaves a lock file.
    let _ = fs::remove_file(folder.join(LOCK));
    match found {
        Ok(found) => found.faults.into_iter().next(),
        Err(StoreError::Missing { .. }) => Some("it has no state".to_owned()),
        Err(StoreError::Damaged { detail, .. } | StoreError::CannotOpen { detail, .. }) => {
            Some(format!("its state can't be read: {detail}"))
        }
        Err(StoreError::Foreign { .. }) => Some("its state belongs to another program".to_owned()),
        Err(error) => Some(error.to_string()),
    }
}
