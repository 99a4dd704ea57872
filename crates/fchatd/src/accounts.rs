//! The operator's tools for accounts and characters.

use std::io::{BufRead, IsTerminal};

use fchatd_login::{AccountDesk, AccountError, Profile, Secret};
use fchatd_store::Store;

use crate::command_line::{AccountAction, CharacterAction, CommandLine};
use crate::{Failure, configuration, server};

/// `fchatd account …`
pub(crate) fn account(line: &CommandLine, action: &AccountAction) -> Result<(), Failure> {
    let mut desk = open(line)?;
    match action {
        AccountAction::Add { name, admin } => {
            let password = read_password(name)?;
            let account = desk
                .add_account(name, &password, *admin)
                .map_err(|error| sentence(&error))?;
            println!("account {} made, number {}", name.trim(), account.0);
        }
        AccountAction::List => {
            for account in desk.list_accounts().map_err(|error| sentence(&error))? {
                println!(
                    "{}\t{}{}",
                    account.id.0,
                    account.name,
                    if account.admin { "\tadmin" } else { "" }
                );
            }
        }
        AccountAction::Password { name } => {
            desk.set_password(name, &read_password(name)?)
                .map_err(|error| sentence(&error))?;
            println!("the password of {name} is changed");
        }
        AccountAction::Admin { name, remove } => {
            desk.set_admin(name, !remove).map_err(|error| sentence(&error))?;
            println!(
                "{name} is {} from its next log-in",
                if *remove {
                    "no administrator"
                } else {
                    "an administrator"
                }
            );
        }
    }
    Ok(())
}

/// `fchatd character …`
pub(crate) fn character(line: &CommandLine, action: &CharacterAction) -> Result<(), Failure> {
    let mut desk = open(line)?;
    match action {
        CharacterAction::Add {
            account,
            name,
            gender,
        } => {
            let profile = Profile {
                gender: Some(gender.clone()),
                ..Profile::default()
            };
            let character = desk
                .add_character(account, name, &profile)
                .map_err(|error| sentence(&error))?;
            println!("character {} made, number {}", name.trim(), character.0);
        }
        CharacterAction::List { account } => {
            for character in desk
                .list_characters(account)
                .map_err(|error| sentence(&error))?
                .characters
            {
                println!("{}\t{}", character.id.0, character.name);
            }
        }
    }
    Ok(())
}

fn open(line: &CommandLine) -> Result<AccountDesk, Failure> {
    let settings = configuration::load(line)?;
    let store = Store::open(&server::data_folder(&line.dir)).map_err(|error| error.to_string())?;
    AccountDesk::open(&store, &server::account_settings(&settings)).map_err(|error| sentence(&error))
}

/// What went wrong, for the operator: where the error is of the store, the store's own sentence.
fn sentence(error: &AccountError) -> Failure {
    match std::error::Error::source(error) {
        Some(source) => source.to_string(),
        None => error.to_string(),
    }
}

fn read_password(account: &str) -> Result<Secret, Failure> {
    let fault = |error: std::io::Error| format!("the password can't be read: {error}");
    let password = if std::io::stdin().is_terminal() {
        let once = rpassword::prompt_password(format!("Password for {account}: ")).map_err(fault)?;
        if rpassword::prompt_password("Once more: ").map_err(fault)? != once {
            return Err("the two passwords are not the same; nothing was changed".into());
        }
        once
    } else {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).map_err(fault)?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    };
    Ok(Secret::new(password))
}
