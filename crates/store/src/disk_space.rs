//! Whether there is room beside a database. SQLite says only "I/O error" when the system refuses a write because of a
//! quota, of a limit for the size of files, or because the file system has become read-only.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use crate::database::with_suffix;

/// The operation that a new file could not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The disk, a quota or a limit is full.
    Full,
    /// Nothing may be written there.
    ReadOnly,
}

/// As much as SQLite may want to write at once.
static PROBE: [u8; 64 * 1024] = [0x5a; 64 * 1024];

/// Tries to write beside the database, in a file of its own that is removed again; nothing when that went well, or
/// failed for another reason.
pub(crate) fn trouble(database: &Path) -> Option<Trouble> {
    let probe = with_suffix(database, &format!(".probe-{}", std::process::id()));
    let size = |suffix| fs::metadata(with_suffix(database, suffix)).map_or(0, |file| file.len());
    let result = write(&probe, size("").max(size("-wal")));
    let _ = fs::remove_file(&probe);
    result.err().and_then(|error| kind(&error))
}

/// Writes at the place where the database or its log would grow, so that a limit for the size of files shows.
fn write(probe: &Path, offset: u64) -> io::Result<()> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(probe)?;
    file.write_all_at(&PROBE, offset)?;
    file.sync_all()
}

fn kind(error: &io::Error) -> Option<Trouble> {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => Some(Trouble::Full),
        ErrorKind::ReadOnlyFilesystem => Some(Trouble::ReadOnly),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_there_is_room_nothing_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(trouble(&folder.path().join("fchatd.sqlite")), None);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
