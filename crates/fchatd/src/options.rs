//! The options of all commands and of the server: the folder, overrides of settings, and permissions for actions that are
//! refused by default. The commands are in [`crate::commands::command_line`].

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

/// The options in front of or behind a command.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
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
}

impl Options {
    /// The options as arguments, to run another command with them.
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        let Self { dir, set, dev, force } = self;
        let mut arguments = vec!["--dir".into(), dir.into()];
        for setting in set {
            arguments.extend(["--set".into(), setting.into()]);
        }
        for (given, flag) in [(dev, "--dev"), (force, "--force")] {
            if *given {
                arguments.push(flag.into());
            }
        }
        arguments
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    #[test]
    fn options_can_be_given_again() {
        let words = "fchatd --dir run --set port=1 --dev --set a=--b --force";
        let first = Line::parse_from(words.split(' ')).options;
        let mut again = vec![OsString::from("fchatd")];
        again.extend(first.arguments());
        let again = Line::parse_from(again).options;
        assert_eq!(again.arguments(), first.arguments());
        assert_eq!(
            (again.dir, again.set, again.dev, again.force),
            (first.dir, first.set, true, true)
        );
    }
}
