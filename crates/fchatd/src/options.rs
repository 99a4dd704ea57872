//! The options that several commands share: the folder, overrides of settings, and permissions for actions that are refused by
//! default. Each command declares which of them it takes ([`crate::commands::command_line`]). They may stand in front of the
//! command or behind it.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, value_parser};

const DIR: &str = "dir";
const SET: &str = "set";
const DEV: &str = "dev";
const FORCE: &str = "force";

/// The shared options of a command line, as they were given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    /// The server's folder.
    pub(crate) dir: PathBuf,
    /// Overrides of settings, such as `port=9722`, in their order.
    pub(crate) set: Vec<String>,
    /// An open server that stores nothing.
    pub(crate) dev: bool,
    /// Actions that are otherwise refused are allowed.
    pub(crate) force: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            dir: PathBuf::from("."),
            set: Vec::new(),
            dev: false,
            force: false,
        }
    }
}

/// The options of a command that works on a server's folder and reads no settings.
pub(crate) fn folder() -> [Arg; 2] {
    settings().map(|arg| {
        let has_effect = arg.get_id() == DIR;
        arg.hide(!has_effect)
    })
}

/// The options of a command that needs no folder. It takes them without an effect, and so does [`folder`], because operators have the
/// options of their server in one place, such as an alias of the shell.
pub(crate) fn none() -> [Arg; 2] {
    settings().map(|arg| arg.hide(true))
}

/// The options of a command that reads the settings of a server.
pub(crate) fn settings() -> [Arg; 2] {
    [
        Arg::new(DIR)
            .long(DIR)
            .value_name("DIR")
            .value_parser(value_parser!(PathBuf))
            .help("The server's folder: scripts in DIR/script, state in DIR/data [default: .]"),
        Arg::new(SET)
            .long(SET)
            .value_name("KEY=VALUE")
            .action(ArgAction::Append)
            .help("Override a setting; may be given several times"),
    ]
}

/// The option of a command that refuses dangerous actions.
pub(crate) fn force(help: &'static str) -> [Arg; 1] {
    [Arg::new(FORCE).long(FORCE).action(ArgAction::SetTrue).help(help)]
}

/// The options of the server itself.
pub(crate) fn server() -> [Arg; 4] {
    let [dir, set] = settings();
    let [force] = force(
        "Allow dangerous actions that are otherwise refused: --dev on a public address, a ban of the server's own machine \
         or of its proxies",
    );
    [
        dir,
        set,
        Arg::new(DEV).long(DEV).action(ArgAction::SetTrue).help(
            "Development mode for authors of clients and bots: every account and ticket is accepted, and nothing is stored. \
             The account named admin is an administrator",
        ),
        force,
    ]
}

/// Those of `check`. A restart passes all options of the server to it.
pub(crate) fn check() -> [Arg; 4] {
    server().map(|arg| {
        let has_effect = [DIR, SET].contains(&arg.get_id().as_str());
        arg.hide(!has_effect)
    })
}

/// Gives the commands below a command the folder and the settings as options where that command has them.
pub(crate) fn spread(command: clap::Command) -> clap::Command {
    let shared: Vec<Arg> = command
        .get_arguments()
        .filter(|arg| [DIR, SET].contains(&arg.get_id().as_str()))
        .cloned()
        .collect();
    command.mut_subcommands(|below| {
        let is_new = |arg: &&Arg| below.get_arguments().all(|own| own.get_id() != arg.get_id());
        let new: Vec<Arg> = shared.iter().filter(is_new).cloned().collect();
        spread(below.args(new))
    })
}

impl Options {
    /// Gathers the options of a command line. Values of `--set` add up, and the last `--dir` counts.
    ///
    /// # Errors
    /// An option that the command does not take.
    pub(crate) fn gather(matches: &ArgMatches) -> Result<Self, String> {
        let mut levels = vec![matches];
        let mut path = String::from("fchatd");
        let mut last = matches;
        while let Some((name, below)) = last.subcommand() {
            levels.push(below);
            last = below;
            path = format!("{path} {name}");
        }
        let mut options = Self::default();
        let mut given = Vec::new();
        for level in levels {
            if let Ok(Some(dir)) = level.try_get_one::<PathBuf>(DIR) {
                options.dir.clone_from(dir);
                given.push(DIR);
            }
            if let Ok(Some(set)) = level.try_get_many::<String>(SET) {
                options.set.extend(set.cloned());
                given.push(SET);
            }
            for (flag, to) in [(DEV, &mut options.dev), (FORCE, &mut options.force)] {
                if let Ok(Some(true)) = level.try_get_one::<bool>(flag) {
                    *to = true;
                    given.push(flag);
                }
            }
        }
        match given
            .into_iter()
            .find(|option| last.try_contains_id(option).is_err())
        {
            Some(option) => Err(format!("'{path}' takes no '--{option}'")),
            None => Ok(options),
        }
    }

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
