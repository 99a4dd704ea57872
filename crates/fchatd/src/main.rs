//! `fchatd`: a chat server with accounts and a web client in one program. This crate is the program:
//! command line, configuration, and the wiring of the parts; the parts do the work.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod commands;
mod configuration;
mod failure;
mod folder;
mod output;
mod server;

use std::alloc::System;
use std::process::ExitCode;

use clap::Parser;
use fchatd_profile::heap::Sampled;

use crate::commands::command_line::{BridgeAction, Command, CommandLine};
use crate::commands::{
    accounts, bridge_send, calls, flash_policy, gate, logs, replay, restart, scripts, state,
};
use crate::output::complain;

/// What an administrator can have a profile of.
#[global_allocator]
static ALLOCATOR: Sampled<System> = Sampled(System);

fn main() -> ExitCode {
    let line = CommandLine::parse();
    let outcome = match &line.command {
        None | Some(Command::Run) => server::run(&line),
        Some(Command::Restart) => restart::restart(&line),
        Some(Command::Check) => server::check(&line),
        Some(Command::Config { action }) => configuration::config(&line, action),
        Some(Command::Test { file }) => scripts::test(&line, file.as_deref()),
        Some(Command::Script { action }) => scripts::script(action),
        Some(Command::Account { action }) => accounts::account(&line, action),
        Some(Command::Character { action }) => accounts::character(&line, action),
        Some(Command::Ban { action }) => gate::ban(&line, action),
        Some(Command::Registration { action }) => gate::registration(&line, *action),
        Some(Command::Replay { file, from, print }) => replay::replay(
            file,
            replay::Show {
                from: *from,
                all: *print,
            },
        ),
        Some(Command::Bridge {
            action: BridgeAction::Send(sending),
        }) => bridge_send::send(&line, sending),
        Some(Command::FlashPolicy(serving)) => flash_policy::serve(serving),
        Some(Command::Calls { action }) => calls::calls(&line, action),
        Some(Command::Log { action }) => logs::log(&line, action),
        Some(Command::State { action }) => state::state(&line, action),
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
