//! The command line: all commands with their help, and the shared options that each command takes. Each command's own arguments
//! are in its file.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;

use crate::commands::accounts::arguments::{AccountAction, CharacterAction};
use crate::commands::admin::AdminAction;
use crate::commands::backup::{Backup, Restore};
use crate::commands::bridge_send::BridgeAction;
use crate::commands::calls::CallsAction;
use crate::commands::cluster::ClusterAction;
use crate::commands::config::ConfigAction;
use crate::commands::flash_policy::Serving;
use crate::commands::gate::{BanAction, RegistrationAction};
use crate::commands::logs::LogAction;
use crate::commands::scripts::ScriptAction;
use crate::commands::state::StateAction;
use crate::options::{self, Options};

/// The exit codes with their meanings.
pub(crate) const EXIT_CODES: [(u8, &str); 3] = [
    (0, "done"),
    (
        1,
        "not done, or a check has found a fault; standard error names the reason",
    ),
    (2, "a mistake in the command line"),
];

/// A chat server for the F-Chat protocol, with accounts and a web client: start it, and open the printed address.
#[derive(Debug, Clone, Parser)]
#[command(name = "fchatd", version, max_term_width = 100, after_help = exit_codes(), args = options::server())]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Command {
    /// Run the server (the default command); makes the folder where it is missing
    #[command(args = options::server())]
    Run,
    /// Check configuration and scripts without a start
    #[command(args = options::check())]
    Check,
    /// Help with the settings
    #[command(args = options::none())]
    Config {
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// Restart the running server with the current binary, settings and scripts, without dropping the listening
    /// socket. If one of them has a mistake, the server continues unchanged. Options such as --set stay as at its start
    #[command(args = options::folder())]
    Restart,
    /// Run the tests of the scripts, in a world without sockets
    #[command(args = options::settings())]
    Test {
        /// The file with the tests; by default DIR/script/tests.lua, or the tests of the built-in scripts
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Help for authors of scripts
    #[command(args = options::none())]
    Script {
        #[command(subcommand)]
        action: ScriptAction,
    },
    /// Accounts: add, show, ban, delete, import, invite; also while the server runs
    #[command(args = options::settings())]
    Account {
        #[command(subcommand)]
        action: AccountAction,
    },
    /// The administration over HTTP: tokens for programs, and calls of its endpoints
    #[command(args = options::settings())]
    Admin {
        #[command(subcommand)]
        action: AdminAction,
    },
    /// Characters: add, list, rename, move, delete; also while the server runs
    #[command(args = options::settings())]
    Character {
        #[command(subcommand)]
        action: CharacterAction,
    },
    /// Network bans: add, list, remove; also while the server runs, with immediate effect
    #[command(args = options::settings())]
    Ban {
        #[command(subcommand)]
        action: BanAction,
    },
    /// Pause and resume the registration of accounts; also while the server runs, with immediate effect
    #[command(args = options::settings())]
    Registration {
        #[command(subcommand)]
        action: RegistrationAction,
    },
    /// Replay a recording of the flight recorder and compare the output, byte for byte
    #[command(args = options::none())]
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
    #[command(args = options::settings())]
    Bridge {
        #[command(subcommand)]
        action: BridgeAction,
    },
    /// Answer the policy requests of old Flash embeds, as a separate process beside the server
    #[command(args = options::none())]
    FlashPolicy(Serving),
    /// Open reports to the staff; also while the server runs
    #[command(args = options::folder())]
    Calls {
        #[command(subcommand)]
        action: CallsAction,
    },
    /// Edges on other machines: the key of the cluster, its state, draining an edge
    #[command(args = options::settings())]
    Cluster {
        #[command(subcommand)]
        action: ClusterAction,
    },
    /// The chat log, and the action log of moderators
    #[command(args = options::folder())]
    Log {
        #[command(subcommand)]
        action: LogAction,
    },
    /// Back up the state, the action log, pictures, scripts and settings in one archive; also while the server runs
    #[command(args = options::folder())]
    Backup(Backup),
    /// Restore a backup into the server's folder; the server must not be running
    #[command(args = options::folder())]
    Restore(Restore),
    /// Check the stored state, and move channels, moderators and bans between servers
    #[command(args = options::folder())]
    State {
        #[command(subcommand)]
        action: StateAction,
    },
    /// Print the completions of commands and options for a shell
    #[command(args = options::none())]
    Completions {
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
    /// Write the manual for `man` into a folder, a page for each command
    #[command(args = options::none())]
    Manual {
        /// The folder for the pages
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
    },
}

/// The end of the help.
fn exit_codes() -> String {
    let lines = EXIT_CODES.map(|(code, meaning)| format!("\n  {code}  {meaning}"));
    format!("Exit codes:{}", lines.concat())
}

/// The whole command line, as the program and its help know it.
pub(crate) fn program() -> clap::Command {
    CommandLine::command().mut_subcommands(options::spread)
}

/// Reads a command line. Without a command, the server runs.
///
/// # Errors
/// A mistake in the command line, or a wish for help; [`clap::Error::exit`] prints either.
pub(crate) fn read(words: impl IntoIterator<Item = OsString>) -> Result<(Options, Command), clap::Error> {
    let mut program = program();
    let matches = program.try_get_matches_from_mut(words)?;
    let options =
        Options::gather(&matches).map_err(|told| program.error(ErrorKind::UnknownArgument, told))?;
    let line = CommandLine::from_arg_matches(&matches).map_err(|error| error.format(&mut program))?;
    Ok((options, line.command.unwrap_or(Command::Run)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn told(words: &str) -> Result<(Options, Command), clap::Error> {
        read(words.split(' ').map(OsString::from))
    }

    fn options(words: &str) -> Options {
        told(words).unwrap().0
    }

    #[test]
    fn the_command_line_is_well_formed() {
        program().debug_assert();
    }

    #[test]
    fn options_can_be_given_again() {
        let first = options("fchatd --dir run --set port=1 --dev --set a=--b --force");
        let mut again = vec![OsString::from("fchatd")];
        again.extend(first.arguments());
        for command in [None, Some("run"), Some("check")] {
            let mut words = again.clone();
            words.extend(command.map(OsString::from));
            assert_eq!(read(words).unwrap().0, first, "{command:?}");
        }
        assert_eq!(first.set, ["port=1", "a=--b"]);
        assert!(first.dev && first.force);
    }

    #[test]
    fn options_may_stand_at_each_place_and_add_up() {
        let whole = options("fchatd --dir a --set x=1 account --set y=2 list --set z=3");
        assert_eq!(whole.dir, PathBuf::from("a"));
        assert_eq!(whole.set, ["x=1", "y=2", "z=3"]);
        assert_eq!(options("fchatd --dir a check --dir b").dir, PathBuf::from("b"));
        assert_eq!(options("fchatd log actions --dir c").dir, PathBuf::from("c"));
        assert!(options("fchatd --force ban add 203.0.113.9").force);
        assert_eq!(options("fchatd --set x=1 state show").set, ["x=1"]);
        assert_eq!(options("fchatd").dir, PathBuf::from("."));
    }

    #[test]
    fn an_option_without_an_effect_is_a_mistake() {
        for (words, option) in [
            ("fchatd --dev account list", "--dev"),
            ("fchatd --force ban list", "--force"),
            ("fchatd --dev state show", "--dev"),
            ("fchatd --force replay FILE", "--force"),
            ("fchatd --dev config sample", "--dev"),
        ] {
            let error = told(words).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{words}");
            assert!(error.to_string().contains(option), "{words}: {error}");
        }
    }

    /// Adds a row for each command without commands below it.
    fn rows(command: &clap::Command, path: &str, table: &mut String) {
        let mut below = command.get_subcommands().peekable();
        if below.peek().is_some() {
            for command in below {
                rows(command, &format!("{path} {}", command.get_name()), table);
            }
            return;
        }
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let about = about.split(['.', ';']).next().unwrap_or_default();
        let taken = command.get_arguments().filter(|arg| !arg.is_hide_set());
        let shared = ["dir", "set", "dev", "force", "json"];
        let options: Vec<String> = taken
            .filter(|arg| shared.contains(&arg.get_id().as_str()))
            .map(|arg| format!("`--{}`", arg.get_id()))
            .collect();
        table.push_str(&format!("| `{path}` | {about} | {} |\n", options.join(" ")));
    }

    #[test]
    fn the_reference_lists_all_commands() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/command-line.md");
        let page = std::fs::read_to_string(&path).unwrap();
        let (head, rest) = page.split_once("<!-- commands -->\n").unwrap();
        let (_, tail) = rest.split_once("<!-- end of the commands -->\n").unwrap();
        let mut table = String::from("| command | effect | common options |\n|---|---|---|\n");
        rows(&program(), "fchatd", &mut table);
        let wanted = format!("{head}<!-- commands -->\n{table}<!-- end of the commands -->\n{tail}");
        if std::env::var_os("UPDATE_REFERENCE").is_some() {
            std::fs::write(&path, &wanted).unwrap();
        } else {
            assert!(
                page == wanted,
                "docs/command-line.md is old: run this test with UPDATE_REFERENCE=1"
            );
        }
    }

    /// Each command shows in its help the shared options that it takes, and no other.
    #[test]
    fn help_shows_the_options_of_the_command() {
        for (words, taken) in [
            ("fchatd --help", "dir set dev force"),
            ("fchatd run --help", "dir set dev force"),
            ("fchatd check --help", "dir set"),
            ("fchatd restart --help", "dir"),
            ("fchatd account --help", "dir set"),
            ("fchatd account list --help", "dir set"),
            ("fchatd ban add --help", "dir set force"),
            ("fchatd ban list --help", "dir set"),
            ("fchatd state check --help", "dir"),
            ("fchatd log tail --help", "dir set"),
            ("fchatd log actions --help", "dir"),
            ("fchatd backup --help", "dir"),
            ("fchatd restore --help", "dir"),
            ("fchatd replay --help", ""),
            ("fchatd script definitions --help", ""),
            ("fchatd config sample --help", ""),
            ("fchatd config migrate --help", "dir"),
            ("fchatd flash-policy --help", ""),
            ("fchatd manual --help", ""),
            ("fchatd completions --help", ""),
        ] {
            let help = told(words).unwrap_err().to_string();
            let lines: Vec<&str> = help.lines().map(str::trim_start).collect();
            let shown = |option: &&str| lines.iter().any(|line| line.starts_with(&format!("--{option}")));
            let shown: Vec<&str> = ["dir", "set", "dev", "force"].into_iter().filter(shown).collect();
            assert_eq!(shown.join(" "), taken, "{words}: {help}");
        }
    }
}
