//! Writing the action log.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use fchatd_protocol::exchange::ActionEntry;

use super::{Action, file, files, line};
use crate::place::identity;

const DAY: i64 = 86400;

/// When a new file is begun, and which ones go.
#[derive(Debug, Clone, Copy)]
pub struct ActionLimits {
    /// Bytes of a file, after which the next action goes to another one.
    pub bytes: u64,
    /// Days after its first action, after which the next one goes to another file.
    pub days: u32,
    /// Days after its last action, after which a file is deleted; 0 for never.
    pub keep_days: u32,
}

/// A half-written line of a crash was repaired.
#[derive(Debug)]
pub struct Mended {
    /// The file with the half-written last line.
    pub file: PathBuf,
    /// Where the piece is now.
    pub piece: PathBuf,
}

/// Writes to the action log of a folder; one process does that at a time, which holds the folder's
/// [`Claim`](crate::Claim).
#[derive(Debug)]
pub struct ActionWriter {
    folder: PathBuf,
    limits: ActionLimits,
    file: File,
    /// The number in the file's name.
    first: u64,
    /// The bytes of the file that count.
    length: u64,
    /// When its first action was; nothing while there is none.
    began: Option<i64>,
    next: u64,
    /// Bytes may follow the valid part.
    torn: bool,
}

impl ActionWriter {
    /// Opens the log in a folder, which is made when it is missing. A last line that is not whole is put aside.
    ///
    /// # Errors
    /// The folder or a file can't be used.
    pub fn open(folder: &Path, limits: ActionLimits) -> io::Result<(Self, Option<Mended>)> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let Some((first, path)) = files(folder)?.pop() else {
            let file = create(folder, 1)?;
            return Ok((Self::new(folder, limits, file, 1), None));
        };
        let mut file = OpenOptions::new().read(true).write(true).open(&path)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let whole = text
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |place| place + 1);
        let mended = if whole < text.len() {
            Some(mend(&path, &file, &text, whole)?)
        } else {
            None
        };
        text.truncate(whole);
        let actions = || text.split(|&byte| byte == b'\n').filter_map(parse);
        let next = actions().map(|action| action.id + 1).max().unwrap_or(first);
        file.seek(SeekFrom::End(0))?;
        let writer = Self {
            first,
            length: whole as u64,
            began: actions().next().map(|action| action.time),
            ..Self::new(folder, limits, file, next.max(first))
        };
        Ok((writer, mended))
    }

    fn new(folder: &Path, limits: ActionLimits, file: File, next: u64) -> Self {
        Self {
            folder: folder.to_owned(),
            limits,
            file,
            first: next,
            length: 0,
            began: None,
            next,
            torn: false,
        }
    }

    /// Writes actions. When it returns without an error they are on the disk; after an error none of them is, and the
    /// call can be made again.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn append(&mut self, entries: &[ActionEntry]) -> io::Result<()> {
        let Some(first) = entries.first() else {
            return Ok(());
        };
        self.keep_place(first.time)?;
        self.mend()?;
        if self.is_full(first.time) {
            self.go_on(first.time)?;
        }
        let mut lines = Vec::new();
        for (entry, id) in entries.iter().zip(self.next..) {
            line::append(&mut lines, id, entry);
        }
        self.torn = true;
        self.file.write_all(&lines)?;
        self.file.sync_data()?;
        self.torn = false;
        self.length += lines.len() as u64;
        self.next += entries.len() as u64;
        self.began.get_or_insert(first.time);
        Ok(())
    }

    /// The number of the last action; 0 for none.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.next - 1
    }

    /// Removes the remains of an attempt that failed.
    fn mend(&mut self) -> io::Result<()> {
        if self.torn {
            self.file.set_len(self.length)?;
            self.file.seek(SeekFrom::Start(self.length))?;
            self.torn = false;
        }
        Ok(())
    }

    /// Continues in a new file when the one before was deleted or replaced: further lines in it could not be
    /// read. The folder is made again too; that the data folder around it is gone is an error.
    fn keep_place(&mut self, now: i64) -> io::Result<()> {
        let open = identity(&self.file.metadata()?);
        let path = file(&self.folder, self.first);
        let found = std::fs::metadata(path).map(|found| identity(&found));
        match found {
            Ok(found) if found == open => Ok(()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            // Another file of this name is not ours to overwrite.
            Ok(_) if self.first == self.next => Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "its file was replaced by another one",
            )),
            Ok(_) | Err(_) => {
                self.torn = false;
                match DirBuilder::new().mode(0o700).create(&self.folder) {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                    Ok(()) | Err(_) => {}
                }
                self.go_on(now)
            }
        }
    }

    fn is_full(&self, now: i64) -> bool {
        // A beginning far ahead was noted before the clock was set back.
        let is_old =
            |began: i64| now.saturating_sub(began).saturating_abs() >= i64::from(self.limits.days) * DAY;
        self.length > 0 && (self.length >= self.limits.bytes || self.began.is_some_and(is_old))
    }

    fn go_on(&mut self, now: i64) -> io::Result<()> {
        self.file = create(&self.folder, self.next)?;
        self.first = self.next;
        self.length = 0;
        self.began = None;
        // Old files can go the next time, too.
        let _ = self.forget(now);
        Ok(())
    }

    /// Deletes the files that are too old, never the newest.
    fn forget(&self, now: i64) -> io::Result<()> {
        if self.limits.keep_days == 0 {
            return Ok(());
        }
        let mut files = files(&self.folder)?;
        files.pop();
        for (_, path) in files {
            let written = std::fs::metadata(&path)?.modified()?;
            let written = written
                .duration_since(std::time::UNIX_EPOCH)
                .map_or(i64::MAX, |since| since.as_secs() as i64);
            if now.saturating_sub(written) >= i64::from(self.limits.keep_days) * DAY {
                std::fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

/// A new file, on the disk with its name.
fn create(folder: &Path, first: u64) -> io::Result<File> {
    // Left over where the one before could not be written.
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(file(folder, first))?;
    file.sync_all()?;
    File::open(folder)?.sync_all()?;
    Ok(file)
}

fn parse(line: &[u8]) -> Option<Action> {
    std::str::from_utf8(line).ok().and_then(line::parse)
}

/// Puts the piece behind the last whole line aside.
fn mend(path: &Path, file: &File, text: &[u8], whole: usize) -> io::Result<Mended> {
    let mut number = 1;
    let (piece, mut to) = loop {
        let piece = path.with_extension(format!("torn-{number}"));
        let made = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&piece);
        match made {
            Ok(made) => break (piece, made),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(error),
        }
    };
    to.write_all(text.get(whole..).unwrap_or_default())?;
    to.sync_all()?;
    file.set_len(whole as u64)?;
    file.sync_all()?;
    Ok(Mended {
        file: path.to_owned(),
        piece,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{actions, find_action};
    use super::*;

    const LIMITS: ActionLimits = ActionLimits {
        bytes: 1000,
        days: 30,
        keep_days: 0,
    };

    fn entry(name: &str, time: i64) -> ActionEntry {
        ActionEntry {
            name: name.into(),
            code: "BRO".into(),
            arguments: r#"{"message":"hello"}"#.into(),
            time,
            ..ActionEntry::default()
        }
    }

    fn all(folder: &Path) -> Vec<(u64, String)> {
        let mut found = Vec::new();
        actions(folder, |action| found.push((action.id, action.name))).unwrap();
        found
    }

    #[test]
    fn numbers_go_on_over_files_and_starts() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("actions");
        assert_eq!(all(&folder), []);
        for start in 0..3 {
            let (mut writer, mended) = ActionWriter::open(&folder, LIMITS).unwrap();
            assert!(mended.is_none());
            for number in 0..10 {
                writer
                    .append(&[entry("Ann", start), entry("Bob", start + number)])
                    .unwrap();
            }
            assert_eq!(writer.last(), (start as u64 + 1) * 20);
        }
        let found = all(&folder);
        let numbers: Vec<u64> = found.iter().map(|&(id, _)| id).collect();
        assert_eq!(numbers, (1..=60).collect::<Vec<_>>());
        assert!(files(&folder).unwrap().len() >= 4, "rotated by size");
        let (action, later) = find_action(&folder, 58).unwrap().unwrap();
        assert_eq!((action.name.as_str(), later.len()), ("Bob", 2));
        assert!(find_action(&folder, 61).unwrap().is_none());
    }

    #[test]
    fn files_end_by_age_and_go_by_age() {
        let folder = tempfile::tempdir().unwrap();
        let limits = ActionLimits {
            keep_days: 10,
            ..LIMITS
        };
        let (mut writer, _) = ActionWriter::open(folder.path(), limits).unwrap();
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_secs() as i64;
        writer.append(&[entry("Ann", now - 30 * DAY)]).unwrap();
        writer.append(&[entry("Bob", now - 30 * DAY + 1)]).unwrap();
        assert_eq!(files(folder.path()).unwrap().len(), 1);
        writer.append(&[entry("Cyd", now)]).unwrap();
        assert_eq!(files(folder.path()).unwrap().len(), 2);
        // As if ten days had passed since the first file was written; the second one is new.
        writer.append(&[entry("Dan", now + 30 * DAY)]).unwrap();
        let names: Vec<String> = all(folder.path()).into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, ["Dan"]);
    }

    #[test]
    fn a_torn_line_is_put_aside_and_nothing_else_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let (mut writer, _) = ActionWriter::open(folder.path(), LIMITS).unwrap();
        writer.append(&[entry("Ann", 1), entry("Bob", 2)]).unwrap();
        drop(writer);
        let path = file(folder.path(), 1);
        let whole = std::fs::read(&path).unwrap();
        let second = whole.iter().position(|&byte| byte == b'\n').unwrap() + 1;
        // Wherever the second line may be torn.
        for length in second..whole.len() {
            let mut torn = whole[..length].to_vec();
            if length % 3 == 0 {
                torn.extend([0; 10]);
            }
            std::fs::write(&path, &torn).unwrap();
            let (mut writer, mended) = ActionWriter::open(folder.path(), LIMITS).unwrap();
            if torn.len() == second {
                assert!(mended.is_none());
            } else {
                let mended = mended.unwrap();
                assert_eq!(mended.file, path);
                assert_eq!(std::fs::read(&mended.piece).unwrap(), torn[second..]);
            }
            writer.append(&[entry("Cyd", 3)]).unwrap();
            assert_eq!(all(folder.path()), [(1, "Ann".into()), (2, "Cyd".into())]);
        }
    }

    #[test]
    fn a_failed_write_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let (mut writer, _) = ActionWriter::open(folder.path(), LIMITS).unwrap();
        writer.append(&[entry("Ann", 1)]).unwrap();
        // As when the disk was full in the middle of a line.
        writer.file.write_all(b"{\"args\":{},\"na").unwrap();
        writer.torn = true;
        writer.append(&[entry("Bob", 2)]).unwrap();
        assert_eq!(all(folder.path()), [(1, "Ann".into()), (2, "Bob".into())]);
    }

    #[test]
    fn a_deleted_file_is_not_written_on_and_a_deleted_folder_is_an_error() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("actions");
        let (mut writer, _) = ActionWriter::open(&folder, LIMITS).unwrap();
        writer.append(&[entry("Ann", 1)]).unwrap();
        std::fs::remove_file(file(&folder, 1)).unwrap();
        writer.append(&[entry("Bob", 2)]).unwrap();
        assert_eq!(all(&folder), [(2, "Bob".into())]);
        std::fs::remove_dir_all(&folder).unwrap();
        writer.append(&[entry("Cyd", 3)]).unwrap();
        assert_eq!(all(&folder), [(3, "Cyd".into())]);
        let away = place.path().with_extension("away");
        std::fs::rename(place.path(), &away).unwrap();
        assert!(writer.append(&[entry("Dan", 4)]).is_err());
        std::fs::rename(&away, place.path()).unwrap();
        writer.append(&[entry("Dan", 4)]).unwrap();
        assert_eq!(all(&folder), [(3, "Cyd".into()), (4, "Dan".into())]);
    }

    #[test]
    fn a_broken_line_in_between_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let (mut writer, _) = ActionWriter::open(folder.path(), LIMITS).unwrap();
        writer.append(&[entry("Ann", 1)]).unwrap();
        writer.file.write_all(b"\xff\xfe damage\n").unwrap();
        drop(writer);
        let (mut writer, _) = ActionWriter::open(folder.path(), LIMITS).unwrap();
        writer.append(&[entry("Bob", 2)]).unwrap();
        assert_eq!(all(folder.path()), [(1, "Ann".into()), (2, "Bob".into())]);
    }
}
