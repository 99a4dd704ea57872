//! `fchatd account import`.

use std::fs::File;
use std::io::{IsTerminal, Read};
use std::path::Path;
use std::time::Instant;

use fchatd_accounts::{AccountDesk, Import, ImportFormat, read_import};

use super::arguments::FileFormat;
use super::sentences::sentence;
use crate::commands::quantity::count;
use crate::failure::Failure;
use crate::output;
use crate::output::say;

/// The largest file that is read, in bytes: some million accounts.
const FILE_BYTES_MAX: u64 = 1 << 30;

pub(super) fn import(
    desk: &mut AccountDesk,
    file: &Path,
    format: Option<FileFormat>,
    skip_strange: bool,
    dry_run: bool,
) -> Result<(), Failure> {
    let format = match format.or_else(|| by_name(file)) {
        Some(FileFormat::Csv) => ImportFormat::Csv,
        Some(FileFormat::Json) => ImportFormat::Json,
        None => return Err("say with --format how the file is written: csv or json".into()),
    };
    let text = content(file)?;
    let entries =
        read_import(&text, format).map_err(|error| format!("{} can't be used: {error}", file.display()))?;
    let all = entries.len();
    let how = match (dry_run, skip_strange) {
        (true, _) => Import::Try,
        (false, true) => Import::SkipStrange,
        (false, false) => Import::AllOrNothing,
    };
    let mut telling = Telling::new();
    let outcome = desk
        .import(entries, how, &mut |done, total| telling.tell(done, total))
        .map_err(|error| sentence(&error))?;
    for fault in &outcome.faults {
        let left_out = if skip_strange { "left out: " } else { "" };
        say!("{left_out}{fault}");
    }
    let made = format!(
        "{} with {}",
        count(outcome.accounts, "account"),
        count(outcome.characters, "character")
    );
    if !outcome.faults.is_empty() && !skip_strange {
        return Err(format!(
            "{} of {all} entries can't be taken over, so none was; mend them, or leave them out with --skip-strange",
            outcome.faults.len()
        ));
    }
    let verb = match (dry_run, outcome.accounts) {
        (true, _) => "would be",
        (false, 1) => "is",
        (false, _) => "are",
    };
    say!("{made} {verb} taken over");
    Ok(())
}

fn by_name(file: &Path) -> Option<FileFormat> {
    match file.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "csv" | "tsv" | "txt" => Some(FileFormat::Csv),
        "json" => Some(FileFormat::Json),
        _ => None,
    }
}

fn content(file: &Path) -> Result<String, Failure> {
    let fault = |error: std::io::Error| format!("{} can't be read: {error}", file.display());
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin()
            .lock()
            .take(FILE_BYTES_MAX)
            .read_to_string(&mut text)
    } else {
        File::open(file)
            .map_err(fault)?
            .take(FILE_BYTES_MAX)
            .read_to_string(&mut text)
    };
    match read.map_err(fault)? as u64 {
        FILE_BYTES_MAX => Err(format!("{} is too large; import it in parts", file.display())),
        _ => Ok(text),
    }
}

/// Says on a terminal how far the hashing is.
struct Telling {
    started: Instant,
    wanted: bool,
}

impl Telling {
    fn new() -> Self {
        Self {
            started: Instant::now(),
            wanted: std::io::stderr().is_terminal(),
        }
    }

    fn tell(&mut self, done: usize, total: usize) {
        if !self.wanted || done == 0 {
            return;
        }
        let left = self.started.elapsed().as_secs() * (total - done) as u64 / done as u64;
        let end = if done == total { "\n" } else { "" };
        output::ERR.text(&format!(
            "\rhashing passwords, which is slow on purpose: {done} of {total}, {left} s left  {end}"
        ));
    }
}
