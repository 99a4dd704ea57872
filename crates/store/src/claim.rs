//! The claim on a data folder: a locked file that keeps a second server out, with a note about its holder.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::Read;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::error::StoreError;
use crate::place::identity;

/// The file's name in the data folder.
const FILE: &str = "fchatd.lock";
/// Longer notes are cut off.
const NOTE_BYTES_MAX: u64 = 4096;

/// The right to keep a folder's chat state in memory: one process has it at a time, until it ends or drops this. A
/// second server, or an import beside a running one, would have its changes overwritten.
#[derive(Debug)]
pub struct Claim {
    folder: PathBuf,
    lock: File,
    note: String,
}

/// How a claim was found by [`Claim::keep`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// In force.
    AsItWas,
    /// Its file had been deleted, and is there again.
    MadeAgain,
}

/// The holder of a folder's claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The number of its process; nothing when it has not written it yet.
    pub pid: Option<u32>,
    /// The note that the holder left with [`Claim::note`].
    pub note: String,
}

impl Claim {
    /// Takes the right for a data folder, which is made when it is missing.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process has it; the folder cannot be written.
    pub fn take(folder: &Path) -> Result<Self, StoreError> {
        let failure = |source| StoreError::Folder {
            path: folder.to_owned(),
            source,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(failure)?;
        let lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(folder.join(FILE))
            .map_err(failure)?;
        match lock.try_lock() {
            Ok(()) => {
                let mut claim = Self {
                    folder: folder.to_owned(),
                    lock,
                    note: String::new(),
                };
                // Only a courtesy, which a full disk must not turn into a refusal.
                let _ = claim.note("");
                Ok(claim)
            }
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse {
                path: folder.to_owned(),
                pid: read(&lock).pid,
            }),
            Err(TryLockError::Error(error)) => Err(failure(error)),
        }
    }

    /// The data folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Replaces the note that [`Claim::holder`] gives to other processes.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn note(&mut self, text: &str) -> std::io::Result<()> {
        text.clone_into(&mut self.note);
        let content = format!("pid {}\n{text}\n", std::process::id());
        self.lock.write_all_at(content.as_bytes(), 0)?;
        self.lock.set_len(content.len() as u64)
    }

    /// Whether other processes find the claim: its file may have been deleted or replaced. One that was deleted is made
    /// again, since without it a second server could start on the folder.
    ///
    /// # Errors
    /// The folder is gone, another process has claimed it meanwhile, or the file can't be made.
    pub fn keep(&mut self) -> Result<Kept, StoreError> {
        let failure = |source| StoreError::Folder {
            path: self.folder.clone(),
            source,
        };
        let held = identity(&self.lock.metadata().map_err(failure)?);
        match std::fs::metadata(self.folder.join(FILE)) {
            Ok(found) if identity(&found) == held => Ok(Kept::AsItWas),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && self.folder.is_dir() => {
                self.lock = Self::take(&self.folder)?.lock;
                let note = std::mem::take(&mut self.note);
                // Only a courtesy, as at the start.
                let _ = self.note(&note);
                Ok(Kept::MadeAgain)
            }
            Ok(_) => Err(StoreError::Moved {
                path: self.folder.join(FILE),
            }),
            Err(error) => Err(failure(error)),
        }
    }

    /// The holder of the claim of a folder; nothing when the folder has no claim.
    ///
    /// # Errors
    /// The folder's file cannot be read.
    pub fn holder(folder: &Path) -> Result<Option<Holder>, StoreError> {
        let failure = |source| StoreError::Folder {
            path: folder.to_owned(),
            source,
        };
        let lock = match File::open(folder.join(FILE)) {
            Ok(lock) => lock,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failure(error)),
        };
        match lock.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => Ok(Some(read(&lock))),
            Err(TryLockError::Error(error)) => Err(failure(error)),
        }
    }
}

/// The text of the file; it may be read while it is being written.
fn read(lock: &File) -> Holder {
    let mut bytes = Vec::new();
    let mut reader = lock.take(NOTE_BYTES_MAX);
    if reader.read_to_end(&mut bytes).is_err() {
        bytes.clear();
    }
    let text = String::from_utf8_lossy(&bytes);
    let (first, rest) = text.split_once('\n').unwrap_or_default();
    Holder {
        pid: first.strip_prefix("pid ").and_then(|pid| pid.parse().ok()),
        note: rest.trim_end().to_owned(),
    }
}
