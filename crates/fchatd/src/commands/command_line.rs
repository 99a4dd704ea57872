//! The command line: options and subcommands.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::commands::accounts::{AccountAction, CharacterAction};
use crate::commands::bridge_send::Sending;
use crate::commands::calls::CallsAction;
use crate::commands::flash_policy::Serving;
use crate::commands::gate::{BanAction, RegistrationAction};
use crate::commands::logs::LogAction;

/// A chat server for the F-Chat protocol, with accounts and a web client: start it, and open the printed address.
#[derive(Debug, Clone, Parser)]
#[command(name = "fchatd", version, max_term_width = 100)]
pub(crate) struct CommandLine {
    /// The server's folder: scripts in DIR/script, state in DIR/data
    #[arg(long, value_name = "DIR", default_value = ".", global = true)]
    pub(crate) dir: PathBuf,

    /// Override a setting; may be given several times
    #[arg(long = "set", value_name = "KEY=VALUE", global = true)]
    pub(crate) set: Vec<String>,

    /// Development mode for authors of clients and bots: every account and ticket is accepted, and nothing is stored.
    /// The account named admin is an administrator
    #[arg(long, global = true)]
    pub(crate) dev: bool,

    /// Allow dangerous actions that are otherwise refused: --dev on a public address, a ban of the server's own
    /// machine or of its proxies
    #[arg(long, global = true)]
    pub(crate) force: bool,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

impl CommandLine {
    /// The options without the command, to run another command with them.
    pub(crate) fn options(&self) -> Vec<OsString> {
        let Self {
            dir,
            set,
            dev,
            force,
            command: _,
        } = self;
        let mut options = vec!["--dir".into(), dir.into()];
        for setting in set {
            options.extend(["--set".into(), setting.into()]);
        }
        for (given, flag) in [(dev, "--dev"), (force, "--force")] {
            if *given {
                options.push(flag.into());
            }
        }
        options
    }
}

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Command {
    /// Run the server (the default command)
    Run,
    /// Check configuration and scripts without a start
    Check,
    /// Help with the settings
    Config {
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// Restart the running server with the current binary, settings and scripts, without dropping the listening
    /// socket. If one of them has a mistake, the server continues unchanged
    Restart,
    /// Run the tests of the scripts, in a world without sockets
    Test {
        /// The file with the tests; by default DIR/script/tests.lua, or the tests of the built-in scripts
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Help for authors of scripts
    Script {
        #[command(subcommand)]
        action: ScriptAction,
    },
    /// Accounts: add, show, ban, delete, import, invite; also while the server runs
    Account {
        #[command(subcommand)]
        action: AccountAction,
    },
    /// Characters: add, list, rename, move, delete; also while the server runs
    Character {
        #[command(subcommand)]
        action: CharacterAction,
    },
    /// Network bans: add, list, remove; also while the server runs, with immediate effect
    Ban {
        #[command(subcommand)]
        action: BanAction,
    },
    /// Pause and resume the registration of accounts; also while the server runs, with immediate effect
    Registration {
        #[command(subcommand)]
        action: RegistrationAction,
    },
    /// Replay a recording of the flight recorder and compare the output, byte for byte
    Replay {
        /// The recording, from DIR/recordings
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Print all input and output, which includes private conversations
        #[arg(long)]
        print: bool,
        /// Print from this input on
        #[arg(long, value_name = "NUMBER", default_value_t = 0)]
        from: u64,
    },
    /// The real-time bridge from a website to the chat
    Bridge {
        #[command(subcommand)]
        action: BridgeAction,
    },
    /// Answer the policy requests of old Flash embeds, as a separate process beside the server
    FlashPolicy(Serving),
    /// Open reports to the staff; also while the server runs
    Calls {
        #[command(subcommand)]
        action: CallsAction,
    },
    /// The chat log, and the action log of moderators
    Log {
        #[command(subcommand)]
        action: LogAction,
    },
    /// Check the stored state, and move channels, moderators and bans between servers
    State {
        #[command(subcommand)]
        action: StateAction,
    },
}

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum BridgeAction {
    /// Send an order as a website does, such as: fchatd bridge send KIK '{"a":7}'
    Send(Sending),
}

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum StateAction {
    /// Import the classic server's files from a folder: channels.json, ops.json, scops.json, bans.json. Their
    /// contents replace the present contents; the server must not be running
    Import {
        /// The folder with the files
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// Leave out entries that differ from the classic server's format; otherwise one of them stops the import
        #[arg(long)]
        skip_strange: bool,
    },
    /// Export the last saved state to a folder, in the classic server's files. From a damaged state it exports the
    /// readable part
    Export {
        /// The folder; existing files are replaced
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Print a summary of the stored state
    Show,
    /// Read the whole state and report each fault, without a change; also while the server runs
    Check,
}

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum ConfigAction {
    /// Print a configuration file with every setting, its default and its meaning; save it as
    /// DIR/script/startup_config.lua
    Sample,
    /// Print the settings of a startup_config.lua, such as one of the classic server, as a clean file for this
    /// server, with remarks on settings without an effect
    Migrate {
        /// The file; by default DIR/script/startup_config.lua
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum ScriptAction {
    /// Print the definitions of all functions for scripts, for editors and type checkers (Luau syntax)
    Definitions,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_can_be_given_again() {
        let words = "fchatd --dir run --set port=1 --dev --set a=--b --force run";
        let line = CommandLine::parse_from(words.split(' '));
        let mut again = vec![OsString::from("fchatd")];
        again.extend(line.options());
        let again = CommandLine::parse_from(again);
        assert_eq!(again.options(), line.options());
        assert_eq!(
            (again.dir, again.set, again.dev, again.force),
            (line.dir, line.set, true, true)
        );
    }
}
