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

/// A chat server that is a whole chat site: start it, open the page it names, talk.
#[derive(Debug, Clone, Parser)]
#[command(name = "fchatd", version, max_term_width = 100)]
pub(crate) struct CommandLine {
    /// The folder the server lives in: scripts in DIR/script, state in DIR/data
    #[arg(long, value_name = "DIR", default_value = ".", global = true)]
    pub(crate) dir: PathBuf,

    /// Override a setting; may be given several times
    #[arg(long = "set", value_name = "KEY=VALUE", global = true)]
    pub(crate) set: Vec<String>,

    /// For people who write clients and bots: every account and ticket is let in, and nothing is kept. An
    /// account named admin is an administrator
    #[arg(long, global = true)]
    pub(crate) dev: bool,

    /// Allow what is refused because it is dangerous: --dev on an address that others can reach, a ban of the
    /// server's own machine or of its proxies
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

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum BridgeAction {
    /// Send an order as a website does, such as: fchatd bridge send KIK '{"a":7}'
    Send(Sending),
}

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum StateAction {
    /// Take over the classic server's files from a folder: channels.json, ops.json, scops.json, bans.json. What a
    /// file holds replaces what this server has; the server must not be running
    Import {
        /// The folder with the files
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// Leave out entries that are not as the classic server writes them; else one of them stops all
        #[arg(long)]
        skip_strange: bool,
    },
    /// Write the state as it was last saved into a folder, in the classic server's files. Of a damaged state it
    /// writes what can be read
    Export {
        /// The folder; files that are there are replaced
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Say what is kept
    Show,
    /// Read everything and say what is wrong, entry by entry; changes nothing, and the server may be running
    Check,
}

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum ConfigAction {
    /// Print a configuration with every setting, its default and its meaning; save it as
    /// DIR/script/startup_config.lua
    Sample,
    /// Print the settings of a startup_config.lua, such as one of the classic server, as a clean file for this server,
    /// with remarks on what has no effect
    Migrate {
        /// The file; else DIR/script/startup_config.lua
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum ScriptAction {
    /// Print the definitions of everything that scripts may use, for editors and type checkers (Luau syntax)
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
