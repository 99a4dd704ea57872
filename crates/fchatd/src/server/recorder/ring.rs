//! The files of recordings: the oldest ones make room for a new one.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

const PREFIX: &str = "recording-";
const SUFFIX: &str = ".fchatd";

/// A folder of recordings. They hold messages of people, so no other user may read them.
#[derive(Debug)]
pub(super) struct Ring {
    folder: PathBuf,
    /// How many bytes of older recordings may stay beside a new one.
    older_max: u64,
}

impl Ring {
    pub(super) fn open(folder: &Path, older_max: u64) -> Result<Self, Failure> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| {
            format!(
                "the folder for recordings, {}, can't be made ({error}); make it, or set recorder to 0",
                folder.display()
            )
        })?;
        Ok(Self {
            folder: folder.to_owned(),
            older_max,
        })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes room, and a new file that began at a time in Unix milliseconds.
    pub(super) fn file(&self, unix: i64) -> io::Result<(File, PathBuf)> {
        // The folder may have been deleted meanwhile.
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)?;
        self.make_room()?;
        // Two processes, or a clock that goes back.
        let mut number = unix.max(0);
        loop {
            let path = self.folder.join(format!("{PREFIX}{number:013}{SUFFIX}"));
            let made = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path);
            match made {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                made => return made.map(|file| (file, path)),
            }
        }
    }

    fn make_room(&self) -> io::Result<()> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let is_ours = name
                .to_str()
                .is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
            if is_ours {
                found.push((name, entry.metadata()?.len()));
            }
        }
        found.sort();
        let mut bytes = 0;
        let older = found.iter().rev().skip_while(|(_, length)| {
            bytes += length;
            bytes <= self.older_max
        });
        for (name, _) in older {
            fs::remove_file(self.folder.join(name))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_oldest_make_room_and_nothing_else_does() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("recordings");
        let ring = Ring::open(&folder, 250).unwrap();
        fs::write(folder.join("notes.txt"), [0; 1000]).unwrap();
        for unix in [1, 2, 2, 1_795_000_000_000] {
            let (mut file, path) = ring.file(unix).unwrap();
            file.write_all(&[0; 100]).unwrap();
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let names = || {
            let mut names: Vec<String> = fs::read_dir(&folder)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        };
        let wanted = [
            "notes.txt",
            "recording-0000000000002.fchatd",
            "recording-0000000000003.fchatd",
            "recording-1795000000000.fchatd",
        ];
        assert_eq!(names(), wanted);
        ring.file(1_795_000_000_001).unwrap();
        assert_eq!(names()[1..3], wanted[2..]);
    }
}
