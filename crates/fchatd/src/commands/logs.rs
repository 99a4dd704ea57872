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
use crate::options::Options;

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum LogAction {
    /// Print what happens in the chat as it happens, from log_socket_path; goes on when the server restarts
    Tail(Tail),
    /// Say what moderators did: who, whom, where, why and when. The server may be running
    Actions(Search),
    /// Undo a ban or timeout by the number that `fchatd log actions` gives it. The server may be running
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
