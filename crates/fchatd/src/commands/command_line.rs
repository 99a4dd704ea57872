//! The command line: all commands with their help. Each command's own arguments are in its file.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::commands::accounts::arguments::{AccountAction, CharacterAction};
use crate::commands::bridge_send::BridgeAction;
use crate::commands::calls::CallsAction;
use crate::commands::cluster::ClusterAction;
use crate::commands::config::ConfigAction;
use crate::commands::flash_policy::Serving;
use crate::commands::gate::{BanAction, RegistrationAction};
use crate::commands::logs::LogAction;
use crate::commands::scripts::ScriptAction;
use crate::commands::state::StateAction;
use crate::options::Options;

/// A chat server for the F-Chat protocol, with accounts and a web client: start it, and open the printed address.
#[derive(Debug, Clone, Parser)]
#[command(name = "fchatd", version, max_term_width = 100)]
pub(crate) struct CommandLine {
    #[command(flatten)]
    pub(crate) options: Options,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
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
    /// Edges on other machines: the key of the cluster, its state, draining an edge
    Cluster {
        #[command(subcommand)]
        action: ClusterAction,
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
