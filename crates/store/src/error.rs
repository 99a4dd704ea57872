//! The errors of the store, with sentences for operators.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{ErrorCode, ffi};

use crate::disk_space::{self, Trouble};
use crate::names::NameError;

/// The reason why the store cannot be used. Each text is one sentence or two for the operator: the fault and its remedy.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The data folder cannot be made, read or written.
    #[error(
        "the data folder {} cannot be used ({source}): check that the user fchatd runs as may read and write it",
        path.display()
    )]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The file is there but may not be opened.
    #[error(
        "{} cannot be opened ({detail}): it must be a file that the user fchatd runs as may read and write",
        path.display()
    )]
    CannotOpen {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        detail: String,
    },
    /// There is no file.
    #[error("there is no {}: give the server's folder with --dir", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file, its folder or the disk is read-only.
    #[error(
        "{} is read-only: give the user fchatd runs as the right to write to it and to its folder",
        path.display()
    )]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The file is empty, half-written, damaged, or not SQLite at all. It was not touched.
    #[error(
        "{} is damaged or not an fchatd database ({detail}): it was left as it is. `fchatd state check` says what \
         is wrong with it, `fchatd state export DIR` gets out what can still be read; then put a backup in its \
         place, or move it away, with its -wal if there is one, to start empty",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The fault.
        detail: String,
    },
    /// Another program's SQLite file.
    #[error(
        "{} belongs to another program: it was left as it is; move it away, or give fchatd another folder",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The write-ahead log is there, the database is not.
    #[error(
        "{} is missing, but its log {}-wal is there: put the file back, or move the log away to start empty",
        path.display(), path.display()
    )]
    Lost {
        /// The missing file.
        path: PathBuf,
    },
    /// The file was written by a newer program.
    #[error(
        "{} was written by a newer fchatd (its schema is {found}, this program knows {known}): \
         start the newer program, or restore a backup from before the upgrade",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The schema version in the file.
        found: i64,
        /// The newest schema version of this program.
        known: i64,
    },
    /// The file could not be brought up to date, and is as it was.
    #[error(
        "{} could not be brought from schema {found} to {wanted} ({detail}): it is as it was, and {} is a copy of \
         it; go on with the older fchatd, and report this",
        path.display(), copy.display()
    )]
    NotUpgraded {
        /// The file.
        path: PathBuf,
        /// The copy that was made before.
        copy: PathBuf,
        /// The schema version in the file.
        found: i64,
        /// The schema version that it should have got.
        wanted: i64,
        /// The error of SQLite.
        detail: String,
    },
    /// A server is running on this folder.
    #[error(
        "a server is running on {}{}: stop it first",
        path.display(),
        pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
    )]
    InUse {
        /// The folder.
        path: PathBuf,
        /// The number of the other process, if it is known.
        pid: Option<u32>,
    },
    /// Another program kept the file locked for too long.
    #[error(
        "{} is locked by another program: end that program, or try again when it is done",
        path.display()
    )]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The disk is full, or the system lets this user or this process write no more.
    #[error(
        "there is no room left for {}: free some on its disk, or raise the limit for the user fchatd runs as; \
         nothing that was saved is lost",
        path.display()
    )]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The disk failed.
    #[error(
        "the disk of {} failed ({detail}): look into the system's log, and make a copy of the file before you go on",
        path.display()
    )]
    Disk {
        /// The file.
        path: PathBuf,
        /// The error of SQLite.
        detail: String,
    },
    /// The file is not where it was when it was opened.
    #[error(
        "{} was moved or replaced while fchatd was using it: put the file back, or restart fchatd",
        path.display()
    )]
    Moved {
        /// The file.
        path: PathBuf,
    },
    /// Anything else that SQLite reports.
    #[error("the database {} failed: {detail}", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// The error of SQLite.
        detail: String,
    },
}

impl StoreError {
    pub(crate) fn from_sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        let path = path.to_owned();
        let detail = error.to_string();
        let extended = error.sqlite_error().map(|error| error.extended_code);
        if let rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::Utf8Error(..) = error
        {
            // The tables are strict, so a value of another kind is damage.
            return Self::Damaged { path, detail };
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::ReadOnly) if extended == Some(ffi::SQLITE_READONLY_DBMOVED) => {
                Self::Moved { path }
            }
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::Damaged { path, detail },
            Some(ErrorCode::ReadOnly) => Self::ReadOnly { path },
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => Self::CannotOpen { path, detail },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(ErrorCode::SystemIoFailure) => match disk_space::trouble(&path) {
                Some(Trouble::Full) => Self::Full { path },
                Some(Trouble::ReadOnly) => Self::ReadOnly { path },
                None => Self::Disk { path, detail },
            },
            _ => Self::Failed { path, detail },
        }
    }
}

/// Why an operation on accounts was not done. The texts are for people.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// The name breaks a rule.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Another account has the name, in any case.
    #[error("This account name is already taken.")]
    AccountNameTaken,
    /// Another character has the name, in any case.
    #[error("This character name is already taken.")]
    CharacterNameTaken,
    /// Another account has a character with a name that looks the same.
    #[error("This character name is too much like one that is already taken.")]
    CharacterNameLooksTaken,
    /// The state of the chat gives the name, or one that looks the same, a role.
    #[error("This character name belongs to a moderator or an owner of a channel.")]
    CharacterNameHasRole,
    /// The account has as many characters as it may have.
    #[error("An account can have at most {limit} characters.")]
    TooManyCharacters {
        /// The limit.
        limit: u32,
    },
    /// There is no such account.
    #[error("There is no such account.")]
    NoSuchAccount,
    /// No invitation has this code, or it is used up or over.
    #[error("This invitation code is not valid, or not any more.")]
    NotInvited,
    /// There is no such character, or it belongs to another account.
    #[error("This account has no such character.")]
    NoSuchCharacter,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
