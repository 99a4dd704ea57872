//! The operator's tools for accounts and characters. They work beside a running server, which looks for their changes once a
//! second.

pub(crate) mod arguments;
mod import;
mod sentences;
mod show;

use std::io::{BufRead, IsTerminal};

use fchatd_accounts::{AccountDesk, Profile, Secret};
use fchatd_store::Store;
use fchatd_world::settings::keys;

use self::arguments::{AccountAction, CharacterAction, FactorAction};
use self::sentences::sentence;
pub(crate) use self::sentences::told;
pub(crate) use self::show::{date, seconds};
use crate::commands::quantity::count;
use crate::configuration::accounts::account_settings;
use crate::failure::Failure;
use crate::folder::control;
use crate::folder::places::data_folder;
use crate::options::Options;
use crate::output::{complain, say};
use crate::{configuration, output};

/// `fchatd account …`
pub(crate) fn account(options: &Options, action: &AccountAction) -> Result<(), Failure> {
    let mut desk = open(options)?;
    match action {
        AccountAction::Add { name, admin } => {
            let password = read_password(name)?;
            let account = desk.add_account(name, &password, *admin).map_err(told)?;
            say!("account {} made, number {}", name.trim(), account.0);
        }
        AccountAction::List { json, search } => show::list(&mut desk, search.as_deref(), *json)?,
        AccountAction::Show { name, json } => show::account(&mut desk, name, *json)?,
        AccountAction::Password { name } => {
            desk.reset_password(name, &read_password(name)?).map_err(told)?;
            say!("the password of {name} is changed; its tickets have ended");
        }
        AccountAction::ResetLink { name } => {
            let token = desk.reset_link(name).map_err(told)?;
            say!("{}#reset={}", page_address(options)?, token.reveal());
            complain!(
                "the link sets a new password for {name} once, within 24 hours; it is shown only this once"
            );
        }
        AccountAction::SecondFactor {
            action: FactorAction::Remove { name },
        } => match desk.remove_second_factor(name).map_err(told)? {
            true => say!("{name} has no second factor any more; its application passwords have ended"),
            false => return Err(format!("{name} has no second factor")),
        },
        AccountAction::Ban { name, time, reason } => {
            desk.ban(name, time.map(|time| time.seconds), reason.trim())
                .map_err(told)?;
            let time = time.map_or("for good".to_owned(), |time| {
                format!("for {}", show::length(time.seconds))
            });
            say!("{name} is banned {time}; its tickets have ended");
        }
        AccountAction::Unban { name } => {
            desk.unban(name).map_err(told)?;
            say!("{name} may log in again");
        }
        AccountAction::Identities { name, json } => show::sign_ins(&mut desk, name, *json)?,
        AccountAction::Unlink {
            name,
            number,
            passkey,
        } => {
            let (removed, what) = match passkey {
                true => (desk.remove_passkey_of(name, *number), "passkey"),
                false => (desk.unlink_identity_of(name, *number), "identity"),
            };
            removed.map_err(told)?;
            say!("the {what} {number} no longer signs in to {name}");
        }
        AccountAction::Unlock { name } => unlock(&mut desk, options, name)?,
        AccountAction::Admin { name, remove } => {
            desk.set_admin(name, !remove).map_err(told)?;
            let what = if *remove {
                "no administrator any more"
            } else {
                "an administrator"
            };
            say!("{name} is {what}");
        }
        AccountAction::Delete { names, yes } => delete_accounts(&mut desk, names, *yes)?,
        AccountAction::Import {
            file,
            format,
            skip_strange,
            dry_run,
        } => import::import(&mut desk, file, *format, *skip_strange, *dry_run)?,
        AccountAction::Invite { uses, time, note } => {
            let (number, code) = desk
                .invite(*uses, time.map(|time| time.seconds), note.trim())
                .map_err(told)?;
            say!("{}", code.reveal());
            complain!("invitation {}; the code is shown only this once", number.0);
            if configuration::load(options)?.text(keys::REGISTRATION) != "invitation" {
                complain!("it is of no use before registration = \"invitation\" is set");
            }
        }
        AccountAction::Invitations { json } => show::invitations(&mut desk, *json)?,
        AccountAction::Revoke { number } => {
            if !desk.revoke_invitation(*number).map_err(told)? {
                return Err(format!("there is no invitation {number}"));
            }
            say!("invitation {number} is taken back");
        }
    }
    Ok(())
}

/// Forgives the wrong passwords of an account.
fn unlock(desk: &mut AccountDesk, options: &Options, name: &str) -> Result<(), Failure> {
    desk.details(name).map_err(told)?;
    let asked = control::ask_admin(
        &options.dir,
        "accounts/unlock",
        &[("account".to_owned(), name.to_owned())],
    )
    .map_err(|error| format!("the server that runs in this folder does not answer: {error}"))?;
    match asked {
        Some(answer) => drop(answer?),
        None => complain!("no server runs in this folder, so no wrong passwords are counted"),
    }
    say!("{name} may try its password again");
    Ok(())
}

/// `fchatd character …`
pub(crate) fn character(options: &Options, action: &CharacterAction) -> Result<(), Failure> {
    let mut desk = open(options)?;
    match action {
        CharacterAction::Add {
            account,
            name,
            gender,
        } => {
            let profile = Profile {
                gender: Some(known_gender(options, gender)?),
                ..Profile::default()
            };
            let character = desk.add_character(account, name, &profile).map_err(told)?;
            say!("character {} made, number {}", name.trim(), character.0);
        }
        CharacterAction::List { account, json } => show::characters(&mut desk, account, *json)?,
        CharacterAction::Rename { name, new } => {
            desk.rename_character(name, new).map_err(told)?;
            say!("{name} is called {new} now");
        }
        CharacterAction::Delete { name, yes } => {
            confirmed(&format!("the character {name}"), *yes)?;
            desk.delete_character_named(name).map_err(told)?;
            compact(&mut desk);
            say!("the character {name} is deleted");
        }
        CharacterAction::Move { name, account } => {
            desk.move_character(name, account).map_err(told)?;
            say!("{name} belongs to {account} now");
        }
    }
    Ok(())
}

/// The address of the page, as far as the settings tell it.
fn page_address(options: &Options) -> Result<String, Failure> {
    let settings = configuration::load(options)?;
    Ok(match settings.list(keys::ACME_NAMES).first() {
        Some(name) => format!("https://{name}/"),
        None => "http://ADDRESS-OF-THE-PAGE/".to_owned(),
    })
}

/// The gender as the settings write it.
fn known_gender(options: &Options, gender: &str) -> Result<String, Failure> {
    let settings = configuration::load(options)?;
    let known = settings.list(keys::GENDERS);
    let found = known.iter().find(|known| known.eq_ignore_ascii_case(gender));
    found
        .cloned()
        .ok_or_else(|| format!("{gender:?} is not one of the genders: {}", known.join(", ")))
}

fn delete_accounts(desk: &mut AccountDesk, names: &[String], yes: bool) -> Result<(), Failure> {
    for name in names {
        // A name that is misspelt stops it before anything is gone.
        desk.details(name)
            .map_err(|error| format!("{name}: {}", sentence(&error)))?;
    }
    confirmed(&format!("{} with all characters", names.join(", ")), yes)?;
    for name in names {
        let characters = desk.delete_account_of(name).map_err(told)?;
        let characters = count(characters, "character");
        say!("the account {name} is deleted, with {characters}");
    }
    compact(desk);
    Ok(())
}

/// Deleted data is overwritten already; this is for traces of it in unused parts of the file.
fn compact(desk: &mut AccountDesk) {
    let fault = match desk.compact() {
        Ok(true) => return,
        Ok(false) => "somebody is reading it".to_owned(),
        Err(error) => sentence(&error),
    };
    complain!(
        "the file could not be rewritten, so traces may be left in it ({fault}); delete something again when the \
         server has less to do"
    );
}

fn confirmed(what: &str, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(format!("this deletes {what} for good; add --yes"));
    }
    output::ERR.text(&format!("This deletes {what} for good. Type \"yes\" to go on: "));
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| format!("the answer can't be read: {error}"))?;
    match line.trim() {
        "yes" => Ok(()),
        _ => Err("nothing was deleted".into()),
    }
}

/// The desk of the accounts of a folder.
///
/// # Errors
/// The settings have mistakes, or the state can't be opened.
pub(crate) fn open(options: &Options) -> Result<AccountDesk, Failure> {
    let settings = configuration::load(options)?;
    let store = Store::open(&data_folder(&options.dir)).map_err(|error| error.to_string())?;
    AccountDesk::open(&store, &account_settings(&settings)).map_err(told)
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
