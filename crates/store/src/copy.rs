//! Copies of databases: before a newer program changes the schema, and for backups.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::claim::Claim;
use crate::database::{connect, keep_log, refuse_unfit, with_suffix};
use crate::error::StoreError;
use crate::migrate::SCHEMA_VERSION;
use crate::wal;

/// More copies of one version than this are not made.
const MOST: u32 = 1000;

/// Makes a whole copy beside the database, with the content of the write-ahead log, and gives its name:
/// `fchatd.sqlite.before-schema-3`, with a number behind it where that is taken. Nothing when the schema is not `found`
/// any more.
pub(crate) fn copy_before(
    connection: &Connection,
    path: &Path,
    found: i64,
) -> Result<Option<PathBuf>, StoreError> {
    let draft = with_suffix(path, &format!(".copy-{}", std::process::id()));
    let made = copy(connection, path, &draft, found);
    let _ = fs::remove_file(&draft);
    made
}

fn copy(
    connection: &Connection,
    path: &Path,
    draft: &Path,
    found: i64,
) -> Result<Option<PathBuf>, StoreError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let folder_error = |source: io::Error| match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => StoreError::Full {
            path: path.to_owned(),
        },
        _ => StoreError::Folder {
            path: folder.to_owned(),
            source,
        },
    };
    let failure = |error| StoreError::from_sqlite(path, &error);
    let _ = fs::remove_file(draft);
    // SQLite fills an empty file, and leaves its rights as they are.
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(draft)
        .map_err(folder_error)?;
    let name = draft.to_str().ok_or_else(|| StoreError::CannotOpen {
        path: path.to_owned(),
        detail: "the name of its folder is not UTF-8".to_owned(),
    })?;
    connection.execute("VACUUM INTO ?", [name]).map_err(failure)?;
    if schema(draft).map_err(failure)? != found {
        return Ok(None);
    }
    file.sync_all().map_err(folder_error)?;
    let copy = publish(draft, path).map_err(folder_error)?;
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(folder_error)?;
    Ok(Some(copy))
}

/// Copies a database, also one that a server uses, into the new file `to`: one moment of it, with the content of the write-ahead log,
/// and without the space of deleted rows. The server goes on writing meanwhile. The result is the schema version of the copy.
///
/// # Errors
/// The database is damaged or can't be read, or the copy can't be written.
pub fn copy_database(from: &Path, to: &Path) -> Result<i64, StoreError> {
    refuse_unfit(from, false)?;
    let folder = from.parent().unwrap_or(Path::new("."));
    // The log of a server that runs changes while it is read.
    if matches!(Claim::holder(folder), Ok(None))
        && let Some(detail) = wal::fault(from)
    {
        return Err(StoreError::Damaged {
            path: from.to_owned(),
            detail,
        });
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .map_err(|source| StoreError::Folder {
            path: to.parent().unwrap_or(Path::new(".")).to_owned(),
            source,
        })?;
    let name = to.to_str().ok_or_else(|| StoreError::CannotOpen {
        path: to.to_owned(),
        detail: "the name of its folder is not UTF-8".to_owned(),
    })?;
    let copied = connect(from).and_then(|connection| {
        keep_log(&connection, true)?;
        connection.execute("VACUUM INTO ?", [name])?;
        schema(to)
    });
    copied.map_err(|error| match error.sqlite_error_code() {
        // Nothing is written but the copy.
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => StoreError::from_sqlite(to, &error),
        _ => StoreError::from_sqlite(from, &error),
    })
}

fn schema(copy: &Path) -> rusqlite::Result<i64> {
    Connection::open_with_flags(copy, OpenFlags::SQLITE_OPEN_READ_ONLY)?.pragma_query_value(
        None,
        "user_version",
        |row| row.get(0),
    )
}

/// Gives the draft the first name that is free; a copy that is there already is never replaced.
fn publish(draft: &Path, path: &Path) -> io::Result<PathBuf> {
    for number in 1..=MOST {
        let number = if number == 1 {
            String::new()
        } else {
            format!("-{number}")
        };
        let name = with_suffix(path, &format!(".before-schema-{SCHEMA_VERSION}{number}"));
        match fs::hard_link(draft, &name) {
            Ok(()) => return Ok(name),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            // Some file systems have no hard links.
            Err(_) if !name.try_exists()? => return fs::rename(draft, &name).map(|()| name),
            Err(_) => {}
        }
    }
    Err(io::Error::other(format!(
        "there are {MOST} copies already; move them away"
    )))
}
