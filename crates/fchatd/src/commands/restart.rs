//! Commands for a server that runs.

use std::fmt;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fchatd_store::Claim;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::commands::command_line::CommandLine;
use crate::configuration;
use crate::failure::Failure;
use crate::output::say;
use crate::server::data_folder;

/// The time that checking and starting may take at a restart; sending everybody away takes `drain_time_max` at most.
const PATIENCE: Duration = Duration::from_secs(120);
const STEP: Duration = Duration::from_millis(50);

/// What a server notes of itself in the file that claims its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    /// Unix milliseconds: tells two runs in one process apart.
    began: u64,
    /// Restarts that were refused.
    refused: u32,
    /// Why the last one was.
    failure: String,
}

impl Note {
    /// Of a server that begins now.
    pub(crate) fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            began: since.as_millis() as u64,
            refused: 0,
            failure: String::new(),
        }
    }

    /// A restart was refused.
    pub(crate) fn refuse(&mut self, failure: &str) {
        self.refused += 1;
        failure.clone_into(&mut self.failure);
    }

    /// Reads it back; nothing when it is not a server's.
    fn parse(text: &str) -> Option<Self> {
        let (first, failure) = text.split_once('\n').unwrap_or((text, ""));
        let (began, refused) = first.strip_prefix("serving ")?.split_once(' ')?;
        Some(Self {
            began: began.parse().ok()?,
            refused: refused.parse().ok()?,
            failure: failure.to_owned(),
        })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            began,
            refused,
            failure,
        } = self;
        write!(formatter, "serving {began} {refused}\n{failure}")
    }
}

/// `fchatd restart`
pub(crate) fn restart(line: &CommandLine) -> Result<(), Failure> {
    let data = data_folder(&line.dir);
    let folder = line.dir.display();
    let look = || Claim::holder(&data).map_err(|error| error.to_string());
    let none = || format!("no server runs in {folder}; give the server's folder with --dir");
    let holder = look()?.ok_or_else(none)?;
    let process = holder.pid.and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
    let (Some(process), Some(before)) = (process, Note::parse(&holder.note)) else {
        return Err(format!(
            "something else works on {folder}, or its server is just starting; try again"
        ));
    };
    let number = process.as_raw_nonzero();
    kill_process(process, Signal::USR2)
        .map_err(|error| format!("the server (process {number}) can't be told: {error}"))?;
    let drain = configuration::load(line).map_or(PATIENCE, |settings| settings.seconds("drain_time_max"));
    let end = Instant::now() + PATIENCE + drain;
    while Instant::now() < end {
        sleep(STEP);
        // Between the two programs nobody has the folder for a moment, and nobody serves.
        let note = look()?.and_then(|holder| Note::parse(&holder.note));
        match note {
            Some(note) if note.began != before.began => {
                say!("the server (process {number}) has restarted");
                return Ok(());
            }
            Some(note) if note.refused != before.refused => {
                return Err(format!("the server goes on as it was: {}", note.failure));
            }
            None if test_kill_process(process).is_err() => {
                return Err(format!(
                    "the server (process {number}) has ended; its log says why"
                ));
            }
            Some(_) | None => {}
        }
    }
    Err(format!(
        "the server (process {number}) did not restart in time; its log says why"
    ))
}

#[cfg(test)]
mod tests {
    use super::Note;

    #[test]
    fn notes_are_read_as_they_were_written() {
        let mut note = Note::new();
        note.refuse("main.lua:3: no\nstack");
        assert_eq!(Note::parse(&note.to_string()), Some(note));
        for text in ["", "serving", "serving x 1", "serving 1 -1", "importing 1 2"] {
            assert_eq!(Note::parse(text), None, "{text}");
        }
    }
}
