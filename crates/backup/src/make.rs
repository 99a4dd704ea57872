//! Making a backup.
//!
//! The order keeps the parts consistent with each other while a server writes them (docs/backup.md#consistency): the state first, then
//! the queue of webhooks, then the action log. A server writes an action before the change that it is about, and puts its webhook into the
//! queue before a client hears of the change.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use fchatd_store::{Store, copy_database, deliveries};

use crate::check::state_fault;
use crate::error::BackupError;
use crate::files::{identity, make_folder, remove_folder, sync_folder, with_ending};
use crate::format::{Contents, FORMAT, Head};
use crate::gather::{Source, gather};
use crate::names::DATA;
use crate::read;
use crate::write::ArchiveWriter;

/// The first bytes of a database.
const SQLITE: &[u8; 16] = b"SQLite format 3\0";

/// A backup that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The contents, as they were read again from the archive.
    pub contents: Contents,
    /// The bytes of the archive.
    pub archive: u64,
}

/// Makes a backup of the folder `dir` in the file `to`, and reads it again to see that it can be restored. `program` is the version of
/// this program. The file has its name when it is complete and on the disk, and not before.
///
/// # Errors
/// A sentence; there is no new file then, and an older one of this name is as it was.
pub fn make(dir: &Path, to: &Path, replace: bool, program: &str) -> Result<Made, BackupError> {
    let data = dir.join(DATA);
    if !data.join(Store::FILE_NAME).is_file() {
        return Err(BackupError::NoState { dir: dir.to_owned() });
    }
    let draft = Draft::open(to, replace)?;
    // A mistake in the folder shows before the long work begins.
    gather(dir, draft.folder())?;
    let copies = draft.copies();
    remove_folder(&copies)?;
    make_folder(&copies)?;
    let made = write(dir, &draft, &copies, program).and_then(|()| read::read(&draft.path, |_| Ok(())));
    remove_folder(&copies)?;
    let contents = made?;
    let archive = draft.publish(to, replace)?;
    Ok(Made { contents, archive })
}

/// An archive that is not complete yet. It is removed with this value.
struct Draft {
    path: PathBuf,
    file: File,
    published: bool,
}

impl Draft {
    fn open(to: &Path, replace: bool) -> Result<Self, BackupError> {
        if to.file_name().is_none() || to.is_dir() {
            return Err(BackupError::files(to, "written", ErrorKind::IsADirectory.into()));
        }
        if !replace && fs::symlink_metadata(to).is_ok() {
            return Err(BackupError::Exists { path: to.to_owned() });
        }
        let path = with_ending(to, ".part");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(BackupError::on(&path, "written"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(BackupError::Busy { path }),
            Err(TryLockError::Error(error)) => return Err(BackupError::files(&path, "locked", error)),
        }
        // Between the two calls another process may have given the file its name.
        let opened = file.metadata().map(|metadata| identity(&metadata));
        let named = fs::metadata(&path).map(|metadata| identity(&metadata));
        if !matches!((opened, named), (Ok(opened), Ok(named)) if opened == named) {
            return Err(BackupError::Busy { path });
        }
        // The rest of a backup that was killed.
        file.set_len(0).map_err(BackupError::on(&path, "written"))?;
        Ok(Self {
            path,
            file,
            published: false,
        })
    }

    fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }

    /// The folder for copies of databases.
    fn copies(&self) -> PathBuf {
        with_ending(&self.path, ".databases")
    }

    /// Gives the file its name. The result is its size.
    fn publish(mut self, to: &Path, replace: bool) -> Result<u64, BackupError> {
        let bytes = self
            .file
            .metadata()
            .map_err(BackupError::on(&self.path, "read"))?
            .len();
        if !replace && fs::symlink_metadata(to).is_ok() {
            return Err(BackupError::Exists { path: to.to_owned() });
        }
        fs::rename(&self.path, to).map_err(BackupError::on(to, "written"))?;
        self.published = true;
        sync_folder(self.folder())?;
        Ok(bytes)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.published {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn write(dir: &Path, draft: &Draft, copies: &Path, program: &str) -> Result<(), BackupError> {
    let state = copies.join(Store::FILE_NAME);
    let schema = copy_database(&dir.join(DATA).join(Store::FILE_NAME), &state)?;
    if let Some(fault) = state_fault(copies) {
        return Err(BackupError::FaultyState { fault });
    }
    // After the state: the log may have gone on in a new file meanwhile.
    let (databases, files) = sort(gather(dir, draft.folder())?)?;
    let made = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs() as i64);
    let head = Head {
        format: FORMAT,
        program: program.to_owned(),
        made,
        schema,
    };
    let file = draft
        .file
        .try_clone()
        .map_err(BackupError::on(&draft.path, "written"))?;
    let mut archive = ArchiveWriter::begin(&draft.path, file, &head)?;
    archive.add(&format!("{DATA}/{}", Store::FILE_NAME), &state)?;
    let copy = copies.join("copy");
    for Source { name, path } in &databases {
        copy_database(path, &copy)?;
        archive.add(name, &copy)?;
        fs::remove_file(&copy).map_err(BackupError::on(&copy, "removed"))?;
    }
    for Source { name, path } in &files {
        archive.add(name, path)?;
    }
    archive.finish(made)
}

/// The other databases, the queue of webhooks first, and the rest without the state.
fn sort(files: Vec<Source>) -> Result<(Vec<Source>, Vec<Source>), BackupError> {
    let (mut databases, mut rest) = (Vec::new(), Vec::new());
    let state = format!("{DATA}/{}", Store::FILE_NAME);
    let queue = format!("{DATA}/{}", deliveries::FILE_NAME);
    for source in files {
        if source.name == state {
            continue;
        }
        match is_database(&source.path)? {
            true => databases.push(source),
            false => rest.push(source),
        }
    }
    databases.sort_by_key(|source| source.name != queue);
    Ok((databases, rest))
}

fn is_database(path: &Path) -> Result<bool, BackupError> {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(SQLITE.len() as u64).read_to_end(&mut head));
    match read {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(BackupError::files(path, "read", error)),
        _ => Ok(head == SQLITE),
    }
}
