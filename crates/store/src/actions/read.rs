//! Reading the action log, also while a server writes it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

use super::{Action, files, line};

/// More than a line can have.
const LINE_BYTES_MAX: u64 = 16 << 20;

/// Gives all actions, the oldest first. Lines that are none, and one that is not finished, are left out. A folder
/// that is not there has none.
///
/// # Errors
/// A file can't be read.
pub fn actions(folder: &Path, mut each: impl FnMut(Action)) -> io::Result<()> {
    let files = match files(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    for (_, path) in files {
        match File::open(&path) {
            Ok(file) => read(file, &mut each)?,
            // It was old and has been deleted in this moment.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn read(file: File, each: &mut impl FnMut(Action)) -> io::Result<()> {
    let mut reader = BufReader::new(file);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        reader
            .by_ref()
            .take(LINE_BYTES_MAX)
            .read_until(b'\n', &mut bytes)?;
        match bytes.pop() {
            Some(b'\n') => {}
            Some(_) if bytes.len() as u64 + 1 == LINE_BYTES_MAX => continue,
            _ => return Ok(()),
        }
        if let Some(action) = std::str::from_utf8(&bytes).ok().and_then(line::parse) {
            each(action);
        }
    }
}

/// An action, and those that came later.
///
/// # Errors
/// As [`actions`].
pub fn find_action(folder: &Path, id: u64) -> io::Result<Option<(Action, Vec<Action>)>> {
    let mut found: Option<(Action, Vec<Action>)> = None;
    actions(folder, |action| match &mut found {
        None if action.id == id => found = Some((action, Vec::new())),
        None => {}
        Some((_, later)) => later.push(action),
    })?;
    Ok(found)
}
