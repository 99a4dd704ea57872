//! A small disk, which a test can fill.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system in memory over a folder. It is unmounted with this value.
pub(super) struct Disk(PathBuf);

impl Disk {
    /// Puts the folder and its content on a disk of its own.
    pub(super) fn mount(folder: &Path) -> Self {
        let aside = folder.with_extension("aside");
        fs::rename(folder, &aside).unwrap();
        fs::create_dir(folder).unwrap();
        let words = ["-t", "tmpfs", "-o", "size=24m", "fchatd-test"];
        assert!(
            Command::new("mount")
                .args(words)
                .arg(folder)
                .status()
                .unwrap()
                .success()
        );
        for file in fs::read_dir(&aside).unwrap().flatten() {
            if file.file_type().unwrap().is_file() {
                fs::copy(file.path(), folder.join(file.file_name())).unwrap();
            }
        }
        Self(folder.to_owned())
    }

    /// Leaves no byte free.
    pub(super) fn fill(&self) {
        let mut filler = fs::File::create(self.0.join("filler")).unwrap();
        for size in [65536, 512, 1] {
            let bytes = vec![0; size];
            while filler.write_all(&bytes).is_ok() {}
        }
    }

    pub(super) fn empty(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Processes may still have files there.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}
