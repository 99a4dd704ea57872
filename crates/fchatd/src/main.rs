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

use clap::Parser;
use fchatd_profiler::heap::Sampled;

use crate::commands::bridge_send::BridgeAction;
use crate::commands::command_line::{Command, CommandLine};
use crate::commands::{
    accounts, bridge_send, calls, check, cluster, config, flash_policy, gate, logs, replay, restart, scripts,
    state,
};
use crate::output::complain;

/// The kinds of profiles.
#[global_allocator]
static ALLOCATOR: Sampled<System> = Sampled(System);

fn main() -> ExitCode {
    let CommandLine { options, command } = CommandLine::parse();
    let outcome = match &command {
        None | Some(Command::Run) => server::run(&options),
        Some(Command::Restart) => restart::restart(&options),
        Some(Command::Check) => check::check(&options),
        Some(Command::Config { action }) => config::config(&options, action),
        Some(Command::Test { file }) => scripts::test(&options, file.as_deref()),
        Some(Command::Script { action }) => scripts::script(action),
        Some(Command::Account { action }) => accounts::account(&options, action),
        Some(Command::Character { action }) => accounts::character(&options, action),
        Some(Command::Ban { action }) => gate::ban(&options, action),
        Some(Command::Registration { action }) => gate::registration(&options, *action),
        Some(Command::Replay { file, from, print }) => replay::replay(
            file,
            replay::Show {
                from: *from,
                all: *print,
            },
        ),
        Some(Command::Bridge {
            action: BridgeAction::Send(sending),
        }) => bridge_send::send(&options, sending),
        Some(Command::FlashPolicy(serving)) => flash_policy::serve(serving),
        Some(Command::Calls { action }) => calls::calls(&options, action),
        Some(Command::Cluster { action }) => cluster::cluster(&options, action),
        Some(Command::Log { action }) => logs::log(&options, action),
        Some(Command::State { action }) => state::state(&options, action),
    };
    let code = match outcome.and_then(|()| output::outcome()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            complain!("fchatd: {failure}");
            ExitCode::FAILURE
        }
    };
    output::flush();
    code
}
