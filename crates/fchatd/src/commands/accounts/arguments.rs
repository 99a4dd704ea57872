//! The words of `fchatd account …` and `fchatd character …`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use crate::commands::duration::Duration;

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum AccountAction {
    /// Make an account; the password is asked for, or read from the first line of the input
    Add {
        /// The account's name
        name: String,
        /// Make it an administrator's account
        #[arg(long)]
        admin: bool,
    },
    /// List all accounts
    List,
    /// Say what there is to know of an account
    Show {
        /// The account's name
        name: String,
    },
    /// Set a new password; it is asked for, or read from the first line of the input. Who is online with the account
    /// is put out
    Password {
        /// The account's name
        name: String,
    },
    /// Ban an account: it gets no tickets, and who is online with it is put out
    Ban {
        /// The account's name
        name: String,
        /// For how long, such as 30min, 12h, 3d or 2w; without it for good
        #[arg(long = "for", value_name = "TIME")]
        time: Option<Duration>,
        /// Why; its owner is told
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        reason: String,
    },
    /// Lift a ban
    Unban {
        /// The account's name
        name: String,
    },
    /// Make an account an administrator's, or not any more
    Admin {
        /// The account's name
        name: String,
        /// Take the right away instead
        #[arg(long)]
        remove: bool,
    },
    /// Delete accounts with their characters and everything that belongs to them, for good
    Delete {
        /// The accounts' names
        #[arg(required = true)]
        names: Vec<String>,
        /// Really do it
        #[arg(long)]
        yes: bool,
    },
    /// Take accounts over from a file: CSV with a first line that names the columns, or a JSON array of objects. The
    /// columns are name, password or password_hash (Argon2, as a PHC string), characters (several with ; between
    /// them), admin and banned
    Import {
        /// The file; - reads the input
        file: PathBuf,
        /// How it is written; else its name tells
        #[arg(long, value_enum)]
        format: Option<FileFormat>,
        /// Leave out entries that are not as they should be; else one of them stops all
        #[arg(long)]
        skip_strange: bool,
        /// Only say what would happen
        #[arg(long)]
        dry_run: bool,
    },
    /// Make an invitation and print its code, which is kept nowhere: for registration = "invitation"
    Invite {
        /// How many accounts can be made with it
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        uses: u32,
        /// For how long, such as 12h, 7d or 2w; without it for good
        #[arg(long = "for", value_name = "TIME")]
        time: Option<Duration>,
        /// What reminds you whom it is for
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        note: String,
    },
    /// List the invitations, without their codes
    Invitations,
    /// Take an invitation back
    Revoke {
        /// Its number, as "invitations" shows it
        number: i64,
    },
}

/// How a file with accounts is written.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum FileFormat {
    /// Lines with commas, semicolons or tabs
    Csv,
    /// An array of objects
    Json,
}

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum CharacterAction {
    /// Make a character
    Add {
        /// The name of the account that it belongs to
        account: String,
        /// The character's name
        name: String,
        /// The character's gender
        #[arg(long, default_value = "None")]
        gender: String,
    },
    /// List the characters of an account
    List {
        /// The account's name
        account: String,
    },
    /// Give a character another name; who is online with it is put out. Friends, bookmarks and its profile stay with
    /// it; roles in channels and places on ignore lists were given to the old name, and are to be given anew
    Rename {
        /// The character's name
        name: String,
        /// The new name
        new: String,
    },
    /// Delete a character with everything that belongs to it, for good
    Delete {
        /// The character's name
        name: String,
        /// Really do it
        #[arg(long)]
        yes: bool,
    },
    /// Give a character to another account; who is online with it is put out
    Move {
        /// The character's name
        name: String,
        /// The account that gets it
        account: String,
    },
}
