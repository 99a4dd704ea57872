//! Opens the SQLite file: creation, checks, connections with their settings, and checkpoints of the write-ahead log.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::accounts::Accounts;
use crate::claim::Claim;
use crate::error::StoreError;
use crate::migrate;
use crate::place::Place;
use crate::wal;

/// How long an operation waits for another process, such as `fchatd account add` beside a running server.
pub(crate) const LOCK_WAIT: Duration = Duration::from_secs(5);

/// The database in its folder.
pub(crate) const FILE_NAME: &str = "fchatd.sqlite";

/// A checked database. Cheap to clone; each user of it takes a connection of its own.
#[derive(Debug, Clone)]
pub struct Store {
    path: PathBuf,
    place: Place,
}

impl Store {
    /// The database's name in the data folder.
    pub const FILE_NAME: &str = FILE_NAME;
    /// The schema version that this program works with.
    pub const SCHEMA: i64 = migrate::SCHEMA_VERSION;

    /// Opens `fchatd.sqlite` in the given folder. A missing folder is made with mode 0700, a missing file with mode
    /// 0600. Reads the whole file once to find damage. An older file is brought up to date, after a copy of it was
    /// made beside it; only when no server is running on it.
    ///
    /// # Errors
    /// A file that is damaged, half-written, foreign or newer than this program is refused and left untouched; a
    /// folder or file that cannot be read and written is refused too. The error names the remedy.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        Self::open_with(folder, None)
    }

    /// As [`Store::open`], in the folder that a server has claimed.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_claimed(claim: &Claim) -> Result<Self, StoreError> {
        Self::open_with(claim.folder(), Some(claim))
    }

    fn open_with(folder: &Path, claim: Option<&Claim>) -> Result<Self, StoreError> {
        let folder_error = |source| StoreError::Folder {
            path: folder.to_owned(),
            source,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(folder_error)?;
        let path = folder.join(FILE_NAME);
        if !path.try_exists().map_err(folder_error)? {
            // SQLite would replay the old log into the new file; an empty one holds nothing.
            if fs::metadata(with_suffix(&path, "-wal")).is_ok_and(|log| log.len() > 0) {
                return Err(StoreError::Lost { path });
            }
            create(folder, &path)?;
        }
        refuse_unfit(&path, true)?;
        // Another process's log changes while it is read; a claimed log does not.
        if let Some(detail) = claim.and_then(|_| wal::fault(&path)) {
            return Err(StoreError::Damaged { path, detail });
        }
        let failure = |error| StoreError::from_sqlite(&path, &error);
        let mut connection = connect(&path).map_err(failure)?;
        keep_log(&connection, true).map_err(failure)?;
        let found = migrate::check(&connection, &path)?;
        if connection.is_readonly("main").map_err(failure)? {
            return Err(StoreError::ReadOnly { path });
        }
        if found < migrate::SCHEMA_VERSION {
            // A server of the older version would stumble over the new tables.
            let _claim = match claim {
                Some(_) => None,
                None => Some(Claim::take(folder)?),
            };
            migrate::upgrade_with_copy(&mut connection, &path, found)?;
        }
        keep_log(&connection, false).map_err(failure)?;
        configure(&connection).map_err(failure)?;
        let place = Place::of(&path).map_err(folder_error)?;
        Ok(Self { path, place })
    }

    /// A connection for the accounts of the embedded login provider.
    ///
    /// # Errors
    /// The file cannot be opened any more.
    pub fn accounts(&self) -> Result<Accounts, StoreError> {
        Ok(Accounts::new(self.connection()?, self.place.clone()))
    }

    pub(crate) fn connection(&self) -> Result<Connection, StoreError> {
        self.place.check()?;
        let failure = |error| StoreError::from_sqlite(&self.path, &error);
        let connection = connect(&self.path).map_err(failure)?;
        configure(&connection).map_err(failure)?;
        Ok(connection)
    }

    /// Writes the content of the database's log into the database itself, so that this one file is a whole copy: for an
    /// orderly end.
    ///
    /// # Errors
    /// The file cannot be opened or written any more; nothing is lost then.
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        self.place.check()?;
        let failure = |error| StoreError::from_sqlite(&self.path, &error);
        let connection = connect(&self.path).map_err(failure)?;
        connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .map_err(failure)
    }

    /// Where the file is, to look whether it still is there.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The file, for messages.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Says whether closing leaves the write-ahead log as it is. Else the last connection to close moves the log into the
/// database, and a damaged file must not be touched.
pub(crate) fn keep_log(connection: &Connection, keep: bool) -> rusqlite::Result<()> {
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep)
        .map(|_| ())
}

pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// SQLite takes an empty file for a new database; here it can only be a truncated one, since `create` never leaves one.
pub(crate) fn refuse_unfit(path: &Path, writing: bool) -> Result<(), StoreError> {
    let unfit = |detail: String| StoreError::CannotOpen {
        path: path.to_owned(),
        detail,
    };
    let metadata = fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => StoreError::Missing {
            path: path.to_owned(),
        },
        _ => unfit(error.to_string()),
    })?;
    if !metadata.is_file() {
        return Err(unfit("it is not a file".to_owned()));
    }
    if metadata.len() == 0 {
        return Err(StoreError::Damaged {
            path: path.to_owned(),
            detail: "it is empty".to_owned(),
        });
    }
    // SQLite falls back to reading when it may not write, and says little when it may not read.
    match OpenOptions::new().read(true).write(writing).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => Err(StoreError::ReadOnly {
            path: path.to_owned(),
        }),
        Err(error) => Err(unfit(error.to_string())),
    }
}

/// Builds the new file under another name, so that a crash cannot leave a half-made database behind.
fn create(folder: &Path, path: &Path) -> Result<(), StoreError> {
    let draft = with_suffix(path, &format!(".new-{}", std::process::id()));
    let made = fill_and_publish(folder, path, &draft);
    // After the hard link, the draft's name is no longer needed; after an error, neither is the draft.
    let _ = fs::remove_file(&draft);
    made
}

fn fill_and_publish(folder: &Path, path: &Path, draft: &Path) -> Result<(), StoreError> {
    let folder_error = |source| StoreError::Folder {
        path: folder.to_owned(),
        source,
    };
    let failure = |error| StoreError::from_sqlite(path, &error);
    let _ = fs::remove_file(draft);
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(draft)
        .map_err(folder_error)?;
    let mut connection = connect(draft).map_err(failure)?;
    migrate::upgrade(&mut connection).map_err(failure)?;
    connection.close().map_err(|(_, error)| failure(error))?;
    match fs::hard_link(draft, path) {
        Ok(()) => {}
        // Another process was quicker: its file is as good.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        // Some file systems have no hard links.
        Err(_) => fs::rename(draft, path).map_err(folder_error)?,
    }
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(folder_error)
}

pub(crate) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(LOCK_WAIT)?;
    Ok(connection)
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A change that a client has seen must survive a crash (docs/state.md): each commit reaches the disk.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)
}
