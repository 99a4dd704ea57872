//! `fchatd`: a chat server that is a whole chat site with nothing else installed. This crate is the program:
//! command line, configuration, and the wiring of the parts; the parts do the work.
#![forbid(unsafe_code)]

mod accounts;
mod action_log;
mod application;
mod beside;
mod bridge_send;
mod calls;
mod command_line;
mod configuration;
mod control;
mod flash_policy;
mod keeper;
mod logs;
mod neighbours;
mod page;
mod profiles;
mod quantity;
mod recorder;
mod reload;
mod replay;
mod running;
mod script_tests;
mod scripts;
mod server;
mod state;
mod vitals;
mod web;

use std::alloc::System;
use std::process::ExitCode;

use clap::Parser;
use command_line::{BridgeAction, Command, CommandLine};
use fchatd_profile::heap::Sampled;

/// What an administrator can have a profile of.
#[global_allocator]
static ALLOCATOR: Sampled<System> = Sampled(System);

/// Why the program can't go on: one sentence that says what to do.
type Failure = String;

fn main() -> ExitCode {
    let line = CommandLine::parse();
    let outcome = match &line.command {
        None | Some(Command::Run) => server::run(&line),
        Some(Command::Restart) => running::restart(&line),
        Some(Command::Check) => server::check(&line),
        Some(Command::Config { action }) => {
            configuration::config(action);
            Ok(())
        }
        Some(Command::Test { file }) => script_tests::test(&line, file.as_deref()),
        Some(Command::Script { action }) => script_tests::script(action),
        Some(Command::Account { action }) => accounts::account(&line, action),
        Some(Command::Character { action }) => accounts::character(&line, action),
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
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("fchatd: {failure}");
            ExitCode::FAILURE
        }
    }
}
