//! The words of `fchatd account …` and `fchatd character …`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use crate::commands::duration::Duration;

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum AccountAction {
    /// Add an account; asks for the password, or reads it from the first line of standard input
    Add {
        /// The account's name
        name: String,
        /// Make it an administrator's account
        #[arg(long)]
        admin: bool,
    },
    /// List all accounts
    List {
        /// Only accounts with this text in their name or in the name of one of their characters
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// As JSON, one object in each line
        #[arg(long)]
        json: bool,
    },
    /// Show an account with its bans, tickets and characters
    Show {
        /// The account's name
        name: String,
        /// As a JSON object
        #[arg(long)]
        json: bool,
    },
    /// Set a new password; asks for it, or reads it from the first line of standard input. The connections of the
    /// account end
    Password {
        /// The account's name
        name: String,
    },
    /// Make a link with which the owner of an account sets a new password, once and within 24 hours; it is printed once and
    /// not stored
    ResetLink {
        /// The account's name
        name: String,
    },
    /// Manage the second factor of an account
    SecondFactor {
        #[command(subcommand)]
        action: FactorAction,
    },
    /// Ban an account: it gets no tickets, and its connections end
    Ban {
        /// The account's name
        name: String,
        /// Duration, such as 30min, 12h, "3 days" or 2w; without it the ban has no end
        #[arg(long = "for", value_name = "TIME")]
        time: Option<Duration>,
        /// The reason; shown to the owner of the account
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        reason: String,
    },
    /// Lift a ban
    Unban {
        /// The account's name
        name: String,
    },
    /// List the ways to sign in to an account beside its password: identities of the identity provider, and passkeys
    Identities {
        /// The account's name
        name: String,
        /// As JSON, one object in each line
        #[arg(long)]
        json: bool,
    },
    /// Remove an identity or a passkey from an account; the last way to sign in stays
    Unlink {
        /// The account's name
        name: String,
        /// Its number, as "identities" shows it
        number: i64,
        /// The number is that of a passkey
        #[arg(long)]
        passkey: bool,
    },
    /// Forgive wrong passwords, so that the owner can log in at once
    Unlock {
        /// The account's name
        name: String,
    },
    /// Grant or revoke the administrator's rights of an account
    Admin {
        /// The account's name
        name: String,
        /// Revoke the rights instead
        #[arg(long)]
        remove: bool,
    },
    /// Delete accounts with their characters and all their data, for good
    Delete {
        /// The accounts' names
        #[arg(required = true)]
        names: Vec<String>,
        /// Do not ask for confirmation
        #[arg(long)]
        yes: bool,
    },
    /// Import accounts from a file: CSV with a first line that names the columns, or a JSON array of objects. The
    /// columns are name, password or password_hash (Argon2, as a PHC string), characters (separated by ;), admin and
    /// banned
    Import {
        /// The file; - reads standard input
        file: PathBuf,
        /// The format; by default the file's ending decides
        #[arg(long, value_enum)]
        format: Option<FileFormat>,
        /// Leave out invalid entries; otherwise one of them stops the import
        #[arg(long)]
        skip_strange: bool,
        /// Only report the effect, without a change
        #[arg(long)]
        dry_run: bool,
    },
    /// Make an invitation and print its code, which is not stored: for registration = "invitation"
    Invite {
        /// Number of accounts that can be registered with it
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        uses: u32,
        /// Duration, such as 30min, 12h, "3 days" or 2w; without it the invitation has no end
        #[arg(long = "for", value_name = "TIME")]
        time: Option<Duration>,
        /// A note for the list of invitations
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        note: String,
    },
    /// List the invitations, without their codes
    Invitations {
        /// As JSON, one object in each line
        #[arg(long)]
        json: bool,
    },
    /// Revoke an invitation
    Revoke {
        /// Its number, as "invitations" shows it
        number: i64,
    },
}

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum FactorAction {
    /// Remove the second factor of an account, for a person who has lost the app and the recovery codes. Its application
    /// passwords end
    Remove {
        /// The account's name
        name: String,
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
    /// Add a character
    Add {
        /// The name of its account
        account: String,
        /// The character's name
        name: String,
        /// The character's gender, one of the setting genders
        #[arg(long, default_value = "None")]
        gender: String,
    },
    /// List the characters of an account
    List {
        /// The account's name
        account: String,
        /// As JSON, one object in each line
        #[arg(long)]
        json: bool,
    },
    /// Rename a character; its connections end. Friends, bookmarks and its profile stay; roles in channels and
    /// entries of ignore lists belong to the old name and must be granted anew
    Rename {
        /// The character's name
        name: String,
        /// The new name
        new: String,
    },
    /// Delete a character with all its data, for good
    Delete {
        /// The character's name
        name: String,
        /// Do not ask for confirmation
        #[arg(long)]
        yes: bool,
    },
    /// Move a character to another account; its connections end
    Move {
        /// The character's name
        name: String,
        /// The new account
        account: String,
    },
}
