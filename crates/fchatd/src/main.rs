//! `fchatd`: a chat server with accounts and a web client in one program. This crate is the program:
//! command line, configuration, and the wiring of the parts; the parts do the work.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod clock;
mod commands;
mod configuration;
mod failure;
mod folder;
#[cfg(test)]
mod imports;
mod neighbours;
mod options;
mod output;
mod server;

use std::alloc::System;
use std::process::ExitCode;

use fchatd_profiler::heap::Sampled;

use crate::commands::bridge_send::BridgeAction;
use crate::commands::command_line::{self, Command};
use crate::commands::{
    accounts, admin, backup, bridge_send, calls, check, cluster, config, flash_policy, gate, logs, manual,
    replay, restart, scripts, state,
};
use crate::failure::Failure;
use crate::folder::{places, recovery};
use crate::options::Options;
use crate::output::complain;

/// The kinds of profiles.
#[global_allocator]
static ALLOCATOR: Sampled<System> = Sampled(System);

fn main() -> ExitCode {
    let (options, command) = command_line::read(std::env::args_os()).unwrap_or_else(|error| error.exit());
    let code = match carry_out(&options, &command).and_then(|()| output::outcome()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            complain!("fchatd: {failure}");
            ExitCode::FAILURE
        }
    };
    output::flush();
    code
}

fn carry_out(options: &Options, command: &Command) -> Result<(), Failure> {
    if !matches!(command, Command::Run) {
        places::require(&options.dir)?;
        if let Some(sentence) = recovery::complete_restore(&options.dir)? {
            complain!("{sentence}");
        }
    }
    match command {
        Command::Run => server::run(options),
        Command::Restart => restart::restart(options),
        Command::Check => check::check(options),
        Command::Config { action } => config::config(options, action),
        Command::Test { file } => scripts::test(options, file.as_deref()),
        Command::Script { action } => scripts::script(action),
        Command::Account { action } => accounts::account(options, action),
        Command::Admin { action } => admin::admin(options, action),
        Command::Character { action } => accounts::character(options, action),
        Command::Ban { action } => gate::ban(options, action),
        Command::Registration { action } => gate::registration(options, *action),
        Command::Replay { file, from, print } => replay::replay(
            file,
            replay::Show {
                from: *from,
                all: *print,
            },
        ),
        Command::Bridge {
            action: BridgeAction::Send(sending),
        } => bridge_send::send(options, sending),
        Command::FlashPolicy(serving) => flash_policy::serve(serving),
        Command::Calls { action } => calls::calls(options, action),
        Command::Cluster { action } => cluster::cluster(options, action),
        Command::Log { action } => logs::log(options, action),
        Command::Backup(wanted) => backup::backup(options, wanted),
        Command::Restore(wanted) => backup::restore(options, wanted),
        Command::State { action } => state::state(options, action),
        Command::Completions { shell } => {
            manual::completions(*shell);
            Ok(())
        }
        Command::Manual { folder } => manual::manual(folder),
    }
}
