//! The evening is recorded, and the recording gives the same evening again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Room for the whole of it, in more than one file.
pub(crate) const SETTING: [&str; 2] = ["--set", "recorder=2"];

/// Each of the files can be replayed by itself. The program was killed while it wrote the last one.
pub(crate) fn assert_it_replays(folder: &Path) {
    let mut files: Vec<PathBuf> = fs::read_dir(folder.join("recordings"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() > 1, "{files:?}");
    for file in &files {
        let replayed = Command::new(env!("CARGO_BIN_EXE_fchatd"))
            .arg("replay")
            .arg(file)
            .output()
            .unwrap();
        let told = String::from_utf8(replayed.stdout).unwrap() + &String::from_utf8_lossy(&replayed.stderr);
        eprintln!("{} bytes, {told}", fs::metadata(file).unwrap().len());
        assert!(replayed.status.success(), "{}: {told}", file.display());
        let is_last = Some(file) == files.last();
        let end = if is_last {
            "was killed then"
        } else {
            "goes on in the next file"
        };
        assert!(told.contains("byte for byte") && told.contains(end), "{told}");
        let recorded = fs::read(file).unwrap();
        assert!(!recorded.windows(15).any(|bytes| bytes == br#""ticket":"good""#));
    }
}
