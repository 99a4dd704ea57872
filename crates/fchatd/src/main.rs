//! `fchatd`: a chat server that is a whole chat site with nothing else installed. This crate is the program:
//! command line, configuration, and the wiring of the parts; the parts do the work.
#![forbid(unsafe_code)]

mod accounts;
mod application;
mod command_line;
mod configuration;
mod page;
mod scripts;
mod server;

use std::process::ExitCode;

use clap::Parser;
use command_line::{Command, CommandLine};

/// Why the program can't go on: one sentence that says what to do.
type Failure = String;

fn main() -> ExitCode {
    let line = CommandLine::parse();
    let outcome = match &line.command {
        None | Some(Command::Run) => server::run(&line),
        Some(Command::Check) => server::check(&line),
        Some(Command::Account { action }) => accounts::account(&line, action),
        Some(Command::Character { action }) => accounts::character(&line, action),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("fchatd: {failure}");
            ExitCode::FAILURE
        }
    }
}
