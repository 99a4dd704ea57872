//! The command line: all commands with their help. Each command's own arguments are in its file.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::commands::accounts::arguments::{AccountAction, CharacterAction};
use crate::commands::bridge_send::BridgeAction;
use crate::commands::calls::CallsAction;
use crate::commands::config::ConfigAction;
use crate::commands::flash_policy::Serving;
use crate::commands::gate::{BanAction, RegistrationAction};
use crate::commands::logs::LogAction;
use crate::commands::scripts::ScriptAction;
use crate::commands::state::StateAction;
use crate::options::Options;

/// A chat server that is a whole chat site: start it, open the page it names, talk.
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
    /// Run the server; this is also what happens without a command
    Run,
    /// Check configuration and scripts without starting
    Check,
    /// Help with the settings
    Config {
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// Have the server that runs in the folder take up the program, configuration and scripts as they are now.
    /// Nobody who connects meanwhile is refused; if something is wrong with them, it goes on as it is
    Restart,
    /// Run the tests of the scripts, in a world without sockets
    Test {
        /// The file with the tests; else DIR/script/tests.lua, or without one those of the built-in scripts
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Help for people who write scripts
    Script {
        #[command(subcommand)]
        action: ScriptAction,
    },
    /// Accounts: make, show, ban, delete, import, invite; also while the server is running
    Account {
        #[command(subcommand)]
        action: AccountAction,
    },
    /// Characters: make, list, rename, move, delete; also while the server is running
    Character {
        #[command(subcommand)]
        action: CharacterAction,
    },
    /// Networks that are kept out: ban, list, remove; also while the server is running, and at once
    Ban {
        #[command(subcommand)]
        action: BanAction,
    },
    /// Pause the making of accounts on the page, and let it go on; also while the server is running, and at once
    Registration {
        #[command(subcommand)]
        action: RegistrationAction,
    },
    /// Run a recording of the setting "recorder" again and say whether the same comes out, byte for byte
    Replay {
        /// The recording, of DIR/recordings
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Print all that went in and came out; it shows what people said
        #[arg(long)]
        print: bool,
        /// Print from this call on
        #[arg(long, value_name = "NUMBER", default_value_t = 0)]
        from: u64,
    },
    /// The real-time bridge, by which a website talks to people who are online
    Bridge {
        #[command(subcommand)]
        action: BridgeAction,
    },
    /// Answer the policy requests of old Flash embeds, which want to know whether they may connect. A program of its own
    /// beside the server
    FlashPolicy(Serving),
    /// Open reports to the staff; also while the server is running
    Calls {
        #[command(subcommand)]
        action: CallsAction,
    },
    /// What happens in the chat, and what moderators did
    Log {
        #[command(subcommand)]
        action: LogAction,
    },
    /// Check what is kept, and move channels, moderators and bans between servers
    State {
        #[command(subcommand)]
        action: StateAction,
    },
}
