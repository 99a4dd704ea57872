//! Restoring a backup: the archive is unpacked beside the present files and checked, and nothing in use is touched before that.
//! The exchange is in [`crate::swap`].

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use fchatd_store::Claim;
use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx, syncfs};

use crate::check::state_fault;
use crate::error::BackupError;
use crate::files::{give, make_folder, names};
use crate::format::Contents;
use crate::names::{DATA, LOCK, SCRIPT};
use crate::read::{Entry, read};
use crate::swap::{Stage, is_replaced};

/// The wishes of the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// A state and scripts that are there may be replaced.
    pub replace: bool,
    /// The scripts and settings stay as they are, and only the state is restored.
    pub keep_scripts: bool,
}

/// A restore that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The contents of the backup.
    pub contents: Contents,
    /// The folders with the files from before.
    pub before: Vec<PathBuf>,
}

/// Puts the content of a backup in the place of the state and scripts of the folder `dir`, while no server runs there.
///
/// # Errors
/// A sentence. State and scripts are as they were then.
pub fn restore(dir: &Path, archive: &Path, wish: Wish) -> Result<Restored, BackupError> {
    let data = dir.join(DATA);
    let is_new = !data.exists();
    let stage = Stage::of(dir);
    // No server starts from here on; one that runs has the claim.
    let claim = Claim::take(&data)?;
    let done = with_claim(dir, archive, wish, &stage);
    if done.is_err() {
        // An error after the exchange has begun leaves its plan, and then the files are needed.
        if !stage.has_plan() {
            let _ = stage.clear();
        }
        if is_new && fs::remove_file(data.join(LOCK)).is_ok() {
            let _ = fs::remove_dir(&data);
        }
    }
    drop(claim);
    done
}

fn with_claim(dir: &Path, archive: &Path, wish: Wish, stage: &Stage) -> Result<Restored, BackupError> {
    if !wish.replace && is_occupied(dir, wish)? {
        return Err(BackupError::Occupied { dir: dir.to_owned() });
    }
    refuse_immovable(dir, wish)?;
    stage.clear()?;
    make_folder(&stage.data())?;
    let contents = read(archive, |entry| unpack(entry, stage, wish))?;
    state_fault(&stage.data()).map_or(Ok(()), |fault| {
        let path = archive.to_owned();
        Err(BackupError::Damaged { path, fault })
    })?;
    give_to_owner(dir, stage)?;
    for folder in [stage.data(), dir.to_owned()] {
        File::open(&folder)
            .and_then(|folder| Ok(syncfs(folder)?))
            .map_err(BackupError::on(&folder, "written"))?;
    }
    let before = stage.exchange(wish.keep_scripts)?;
    Ok(Restored { contents, before })
}

/// Gives the restored files to the owner of the server's folder, when root restores them.
fn give_to_owner(dir: &Path, stage: &Stage) -> Result<(), BackupError> {
    let owner = fs::metadata(dir).map_err(BackupError::on(dir, "read"))?;
    let owner = (owner.uid(), owner.gid());
    if !rustix::process::geteuid().is_root() || owner.0 == 0 {
        return Ok(());
    }
    // The data folder itself may be new.
    give(&dir.join(DATA), owner)?;
    match stage.script().is_dir() {
        true => give(&stage.script(), owner),
        false => Ok(()),
    }
}

/// Whether the folder has something that would be replaced.
fn is_occupied(dir: &Path, wish: Wish) -> Result<bool, BackupError> {
    let data = names(&dir.join(DATA))?;
    if data.iter().any(|name| is_replaced(name)) {
        return Ok(true);
    }
    let script = dir.join(SCRIPT);
    Ok(!wish.keep_scripts && script.is_dir() && !names(&script)?.is_empty())
}

/// Refuses parts of the folder that can't be moved within their file system, before anything is done.
fn refuse_immovable(dir: &Path, wish: Wish) -> Result<(), BackupError> {
    let script = dir.join(SCRIPT);
    if !wish.keep_scripts && script.is_symlink() {
        return Err(BackupError::Immovable {
            path: script,
            what: "a link",
            remedy: "add --keep-scripts, and copy the scripts from the archive yourself",
        });
    }
    let data = dir.join(DATA);
    let mut parts: Vec<PathBuf> = names(&data)?.iter().map(|name| data.join(name)).collect();
    if !wish.keep_scripts && script.is_dir() {
        parts.push(script);
    }
    for path in parts {
        if is_mounted(&path).map_err(BackupError::on(&path, "read"))? {
            return Err(BackupError::Immovable {
                path,
                what: "a disk of its own",
                remedy: "unmount it",
            });
        }
    }
    Ok(())
}

/// Whether something is mounted exactly here. Numbers of devices do not tell it: in an overlay, as containers have it, files may have other
/// numbers than their folder. They are compared only where the kernel (before 5.8) has no better answer.
fn is_mounted(path: &Path) -> io::Result<bool> {
    let status = statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::BASIC_STATS)?;
    if status.stx_attributes_mask.contains(StatxAttributes::MOUNT_ROOT) {
        return Ok(status.stx_attributes.contains(StatxAttributes::MOUNT_ROOT));
    }
    let Some(parent) = path.parent() else {
        return Ok(true);
    };
    Ok(fs::symlink_metadata(path)?.dev() != fs::metadata(parent)?.dev())
}

/// Writes a file of the archive into the folders of the stage.
fn unpack(entry: Entry<'_>, stage: &Stage, wish: Wish) -> Result<(), BackupError> {
    let Entry {
        name,
        mode,
        modified,
        content,
    } = entry;
    let Some((part, rest)) = name.split_once('/') else {
        return Ok(());
    };
    let (folder, folder_mode) = match part {
        SCRIPT if wish.keep_scripts => return Ok(()),
        SCRIPT => (stage.script(), 0o755),
        _ => (stage.data(), 0o700),
    };
    let path = folder.join(rest);
    let writing = || BackupError::on(&path, "written");
    if let Some(parent) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(folder_mode)
            .create(parent)
            .map_err(writing())?;
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode | 0o600)
        .open(&path)
        .map_err(writing())?;
    io::copy(content, &mut file).map_err(writing())?;
    // The action log goes by the time of its files.
    let modified = UNIX_EPOCH.checked_add(Duration::from_secs(modified));
    match modified {
        Some(modified) => file.set_modified(modified).map_err(writing()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_where_something_is_mounted_are_told_from_others() {
        let told = |path: &str| is_mounted(Path::new(path)).unwrap();
        assert!(told("/") && told("/proc"));
        assert!(!told("/proc/self/status") && !told("/proc/self"));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(!is_mounted(&file).unwrap());
        assert!(is_mounted(&folder.path().join("none")).is_err());
    }
}
