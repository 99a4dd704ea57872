//! Running the server: from the settings to listening sockets, and to the end. [`run`] has the four steps; the commands
//! that start, do one thing and end are in [`crate::commands`].

mod acme;
mod admin;
mod answer;
mod certificates;
mod chat;
mod control;
mod deliver;
mod doors;
mod drain;
mod ending;
mod entrances;
mod figures;
mod keeper;
mod layout;
mod listening;
mod login_check;
mod manager;
mod monitor;
mod operators;
mod orders;
mod outpost;
mod page;
mod pairing;
mod persistence;
mod prepare;
mod profiling;
mod provider;
mod recorded_orders;
mod recorder;
mod reload;
mod replica;
mod script_reader;
mod script_web;
mod signals;
mod site;
mod standby;
mod start;
mod successor;
mod timings;
mod trimmer;

use crate::failure::Failure;
use crate::options::Options;
use crate::server::ending::End;
use crate::server::prepare::{Prepared, prepare};
use crate::server::start::start;

/// Runs the server until it is told to stop, or to run the program anew.
///
/// # Errors
/// A sentence that says why it can't run.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    if outpost::is_wanted(options)? {
        return outpost::run(options);
    }
    let Prepared {
        runtime,
        process,
        parts,
        mut state,
        helpers: _helpers,
    } = prepare(options)?;
    let ended: Result<_, Failure> = runtime.block_on(async {
        let mut running = start(options, process, parts, state.as_ref()).await?;
        let end = running.serve(options, state.as_mut()).await;
        let sockets = running.end(options, end).await?;
        Ok((end, sockets))
    });
    let (end, sockets) = ended?;
    if let Some(state) = &state {
        state.close();
    }
    // A task that still waits, such as the look-up of a host name, must not hold up the end.
    runtime.shutdown_background();
    drop(state);
    match end {
        End::Stop => Ok(()),
        End::Restart => Err(successor::replace(sockets)),
    }
}
