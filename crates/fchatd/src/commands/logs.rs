//! `fchatd log …`: the chat log and the action log for people.

mod actions;
mod plain;
mod since;
mod tail;
mod undo;

use clap::Subcommand;

use self::actions::Search;
use self::tail::Tail;
use self::undo::Undo;
use crate::failure::Failure;
use crate::options::{self, Options};

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum LogAction {
    /// Print the chat log live, from log_socket_path; continues after a restart of the server
    #[command(args = options::settings())]
    Tail(Tail),
    /// Print the actions of moderators, with target, channel, reason and time; also while the server runs
    Actions(Search),
    /// Undo a ban or timeout by its number in `fchatd log actions`; also while the server runs
    #[command(args = options::settings())]
    Undo(Undo),
}

/// `fchatd log …`
pub(crate) fn log(options: &Options, action: &LogAction) -> Result<(), Failure> {
    match action {
        LogAction::Tail(tail) => tail::tail(options, tail),
        LogAction::Actions(search) => actions::actions(options, search),
        LogAction::Undo(undo) => undo::undo(options, undo),
    }
}
