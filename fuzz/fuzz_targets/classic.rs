//! The reader of the classic server's state files: it accepts them or names the fault; accepted files can be
//! written, and reads as the same again.
#![no_main]

use std::fs;

use fchatd_store::classic;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder for the files");
    // The files stand one after another, with a byte between them that JSON can't have.
    let parts = bytes.split(|&byte| byte == 0x1E);
    for (name, content) in classic::FILE_NAMES.iter().zip(parts) {
        fs::write(folder.path().join(name), content).expect("a file");
    }
    let Ok(snapshot) = classic::read(folder.path()).and_then(|imported| imported.over(None)) else {
        return;
    };
    classic::write(folder.path(), &snapshot).expect("what was taken can be written");
    let again = classic::read(folder.path()).and_then(|imported| imported.over(None));
    let again = again.expect("what was written can be read");
    assert_eq!(classic::files(&again), classic::files(&snapshot));
});
