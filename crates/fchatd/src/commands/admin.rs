//! `fchatd admin …`: tokens of programs that administer the server over HTTP, and the calls of that interface on the command line.

use clap::Subcommand;
use fchatd_accounts::{AdminScope, AdminToken};

use crate::commands::accounts::{date, open, seconds, told};
use crate::commands::duration::Duration;
use crate::commands::json;
use crate::failure::Failure;
use crate::folder::control;
use crate::options::Options;
use crate::output::{OUT, complain, say};

/// The longest life of a token, in seconds: ten years.
const LIFE_MAX: u64 = 10 * 365 * 86_400;

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum AdminAction {
    /// Tokens for programs that administer the server over HTTP; also while the server runs
    Token {
        #[command(subcommand)]
        action: TokenAction,
    },
    /// Call an endpoint of the administration's interface on the running server, and print the answer as JSON
    Call {
        /// The endpoint, as docs/admin-api.md lists it, such as status, people or channels/unban
        #[arg(value_name = "ENDPOINT")]
        endpoint: String,
        /// The fields of the request, such as channel=Tea
        #[arg(value_name = "KEY=VALUE", value_parser = field)]
        fields: Vec<(String, String)>,
    },
}

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum TokenAction {
    /// Make a token and print it, which is not stored
    Add {
        /// A name for the list, such as the program that gets it
        #[arg(value_name = "NAME")]
        name: String,
        /// Its rights, with commas between them: read, accounts, moderation, settings, backup
        #[arg(long, value_name = "SCOPES", required = true, value_delimiter = ',', value_parser = scope)]
        scope: Vec<AdminScope>,
        /// Duration, such as 12h, "30 days" or 1y; at most 10 years
        #[arg(long = "for", value_name = "TIME")]
        time: Duration,
    },
    /// List the tokens with their rights, their ends and their last uses
    List {
        /// As JSON, one object in each line
        #[arg(long)]
        json: bool,
    },
    /// Revoke a token, with immediate effect
    Revoke {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
}

fn scope(word: &str) -> Result<AdminScope, String> {
    let words = AdminScope::ALL.map(AdminScope::word).join(", ");
    AdminScope::parse(word).ok_or_else(|| format!("the scopes are {words}"))
}

fn field(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it as KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// `fchatd admin …`
pub(crate) fn admin(options: &Options, action: &AdminAction) -> Result<(), Failure> {
    match action {
        AdminAction::Token { action } => token(options, action),
        AdminAction::Call { endpoint, fields } => {
            let asked = control::ask_admin(&options.dir, endpoint, fields)
                .map_err(|error| format!("the server that runs in this folder does not answer: {error}"))?;
            let answer = asked
                .ok_or_else(|| format!("no server runs in {} that could be asked", options.dir.display()))?;
            OUT.json(&answer?);
            Ok(())
        }
    }
}

fn token(options: &Options, action: &TokenAction) -> Result<(), Failure> {
    let mut desk = open(options)?;
    match action {
        TokenAction::Add { name, scope, time } => {
            if time.seconds > LIFE_MAX {
                return Err("a token can live for 10 years at most".to_owned());
            }
            let (_, token) = desk.add_admin_token(name, scope, time.seconds).map_err(told)?;
            say!("{}", token.reveal());
            complain!("the token {} is shown only this once", name.trim());
        }
        TokenAction::List { json } => {
            for token in desk.admin_tokens().map_err(told)? {
                match json {
                    true => print(&token),
                    false => say!("{}", line(&token)),
                }
            }
        }
        TokenAction::Revoke { name } => {
            if !desk.revoke_admin_token(name).map_err(told)? {
                return Err(format!("there is no token named {name}"));
            }
            say!("the token {name} is revoked");
        }
    }
    Ok(())
}

fn print(token: &AdminToken) {
    let scopes: Vec<String> = token.scopes.iter().map(|scope| format!("\"{scope}\"")).collect();
    json::print(|object| {
        let object = object.integer("id", token.id).text("name", &token.name);
        json::list(object, "scopes", &scopes)
            .integer("created_at", seconds(token.created_at))
            .integer("expires_at", seconds(token.expires_at))
            .integer("used_at", seconds(token.used_at))
    });
}

fn line(token: &AdminToken) -> String {
    let used = match token.used_at {
        0 => "never used".to_owned(),
        time => format!("last used {}", date(time)),
    };
    format!(
        "{}\t{}\tuntil {}\t{used}",
        token.name,
        token.scopes.join(","),
        date(token.expires_at)
    )
}
