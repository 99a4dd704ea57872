//! `fchatd restart`: has the running server of the folder take up the program, configuration and scripts as they are now.

use std::thread::sleep;
use std::time::{Duration, Instant};

use fchatd_store::Claim;
use fchatd_world::settings::keys;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::configuration;
use crate::failure::Failure;
use crate::folder::note::Note;
use crate::folder::places::data_folder;
use crate::options::Options;
use crate::output::say;

/// The time that checking and starting may take at a restart; closing all connections takes `drain_time_max` at most.
const PATIENCE: Duration = Duration::from_secs(120);
const STEP: Duration = Duration::from_millis(50);

/// `fchatd restart`
pub(crate) fn restart(options: &Options) -> Result<(), Failure> {
    let data = data_folder(&options.dir);
    let folder = options.dir.display();
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
    let drain =
        configuration::load(options).map_or(PATIENCE, |settings| settings.seconds(keys::DRAIN_TIME_MAX));
    let end = Instant::now() + PATIENCE + drain;
    while Instant::now() < end {
        sleep(STEP);
        // Between the two programs the folder has no holder for a moment, and there is no server.
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
