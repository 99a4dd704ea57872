//! The errors of backups and restores, with sentences for operators.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use fchatd_store::StoreError;

/// The reason why a backup or a restore was not done. Each text names the fault and, where there is one, the remedy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The folder has no state.
    #[error("there is no state in {}: give the server's folder with --dir", dir.display())]
    NoState {
        /// The server's folder.
        dir: PathBuf,
    },
    /// The name of the backup is taken.
    #[error("{} is there already: choose another name, or add --replace", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The backup would be a part of itself and of all later ones.
    #[error("{} lies in a folder that is backed up: choose a place outside of it, best on another disk", path.display())]
    Inside {
        /// The file.
        path: PathBuf,
    },
    /// Another process writes the same file.
    #[error("another backup writes {} at this moment", path.display())]
    Busy {
        /// The unfinished file.
        path: PathBuf,
    },
    /// The disk is full, or a limit for the size of files is reached.
    #[error("there is no room left for {}: free some on its disk, or raise the limit; nothing was changed", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The system refused.
    #[error("{} can't be {action}: {source}", path.display())]
    Files {
        /// The file or folder.
        path: PathBuf,
        /// Such as `read`.
        action: &'static str,
        /// The error of the system.
        source: io::Error,
    },
    /// A file or folder that no backup can hold.
    #[error("{} can't be backed up: {fault}", path.display())]
    Unfit {
        /// The file or folder.
        path: PathBuf,
        /// The reason.
        fault: String,
    },
    /// The state itself has faults.
    #[error(
        "the state has faults, so that a backup of it would be of no use; `fchatd state check` lists them. The first: {fault}"
    )]
    FaultyState {
        /// The first fault.
        fault: String,
    },
    /// No archive of this program.
    #[error("{} is no backup of fchatd", path.display())]
    NoBackup {
        /// The file.
        path: PathBuf,
    },
    /// A broken, cut or forged archive.
    #[error("the backup {} is damaged and of no use ({fault}); nothing was changed", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The fault.
        fault: String,
    },
    /// An archive with an entry that no backup has.
    #[error(
        "{} was not written by fchatd: its entry {name:?} {fault}. It may be an attack; nothing was changed",
        path.display()
    )]
    Forbidden {
        /// The file.
        path: PathBuf,
        /// The entry.
        name: String,
        /// The reason.
        fault: String,
    },
    /// An archive that becomes far larger than itself.
    #[error(
        "{} would unpack to more than {limit} MiB, which no backup of its size does; nothing was changed",
        path.display()
    )]
    Bomb {
        /// The file.
        path: PathBuf,
        /// The bound in MiB.
        limit: u64,
    },
    /// The archive is from a newer program.
    #[error(
        "the backup {} was made by a newer fchatd ({program}): restore it with that version; nothing was changed",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version of the program.
        program: String,
    },
    /// The folder has a state that would be replaced.
    #[error(
        "{} has a state or scripts already: add --replace to put the backup in their place; they are then kept in \
         folders whose names end with before-restore-1",
        dir.display()
    )]
    Occupied {
        /// The server's folder.
        dir: PathBuf,
    },
    /// Something in the folder can't be moved aside.
    #[error("{} is {what}, which a restore can't replace: {remedy}; nothing was changed", path.display())]
    Immovable {
        /// The file or folder.
        path: PathBuf,
        /// Its nature, such as a link.
        what: &'static str,
        /// The remedy.
        remedy: &'static str,
    },
}

impl BackupError {
    /// An error of the system about a file.
    pub(crate) fn files(path: &Path, action: &'static str, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                Self::Full { path }
            }
            _ => Self::Files { path, action, source },
        }
    }

    /// As [`BackupError::files`], for `map_err`.
    pub(crate) fn on(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::files(path, action, source)
    }
}
