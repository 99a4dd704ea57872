//! The output of accounts for operators.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fchatd_accounts::{Account, AccountDesk, CharacterList};
use fchatd_protocol::json::write::Object;

use super::sentences::told;
use crate::commands::json;
use crate::commands::quantity::count;
use crate::failure::Failure;
use crate::output::{OUT, say};

/// A line for each account: number, name, and its special properties.
pub(super) fn list(desk: &mut AccountDesk, search: Option<&str>, as_json: bool) -> Result<(), Failure> {
    let now = now();
    let accounts = match search {
        None => desk.list_accounts(),
        Some(text) => desk.search_accounts(text, "", false, usize::MAX),
    };
    for account in accounts.map_err(told)? {
        if as_json {
            json::print(|object| head(object, &account, now));
            continue;
        }
        let admin = if account.admin { "\tadmin" } else { "" };
        let banned = if is_banned(&account, now) { "\tbanned" } else { "" };
        say!("{}\t{}{admin}{banned}", account.id.0, account.name);
    }
    Ok(())
}

/// Number, name, rights and ban of an account.
fn head<'a>(object: Object<'a>, account: &Account, now: u64) -> Object<'a> {
    let object = object.integer("id", account.id.0).text("name", &account.name);
    let object = json::flag(object, "admin", account.admin);
    let object = json::flag(object, "banned", is_banned(account, now));
    match (account.banned, is_banned(account, now)) {
        (false, false) => object,
        // Without an end.
        (true, _) => object.text("ban_reason", &account.ban_reason),
        (false, true) => object
            .text("ban_reason", &account.ban_reason)
            .integer("banned_until", seconds(account.timeout_until)),
    }
}

/// Everything about one account.
pub(super) fn account(desk: &mut AccountDesk, name: &str, as_json: bool) -> Result<(), Failure> {
    let (account, details) = desk.details(name).map_err(told)?;
    let list = desk.list_characters(name).map_err(told)?;
    if as_json {
        let characters = character_lines(&list);
        json::print(|object| {
            let object = head(object, &account, now()).integer("created_at", seconds(details.created_at));
            let object = match &details.banned_in_chat {
                Some(character) => object.text("banned_in_chat", character),
                None => object,
            };
            let object = json::raw(object, "tickets", &details.tickets.to_string());
            let object = json::raw(object, "devices", &details.devices.to_string());
            let object = json::flag(object, "second_factor", details.second_factor);
            json::list(object, "characters", &characters)
        });
        return Ok(());
    }
    say!("name: {}", account.name);
    say!("number: {}", account.id.0);
    say!("made: {}", date(details.created_at));
    say!("administrator: {}", if account.admin { "yes" } else { "no" });
    say!("banned: {}", standing(&account));
    if let Some(character) = details.banned_in_chat {
        say!("banned by moderators in the chat, as {character}; UNB lifts it");
    }
    say!("tickets: {}", details.tickets);
    say!("devices that stay signed in: {}", details.devices);
    say!(
        "second factor: {}",
        if details.second_factor { "yes" } else { "no" }
    );
    say!("characters: {}", list.characters.len());
    for character in list.characters {
        let first = if Some(character.id) == list.default {
            "\tdefault"
        } else {
            ""
        };
        say!("\t{}\t{}{first}", character.id.0, character.name);
    }
    Ok(())
}

/// A line for each character of an account: number and name.
pub(super) fn characters(desk: &mut AccountDesk, account: &str, as_json: bool) -> Result<(), Failure> {
    let list = desk.list_characters(account).map_err(told)?;
    if as_json {
        for line in character_lines(&list) {
            OUT.json(&line);
        }
        return Ok(());
    }
    for character in list.characters {
        say!("{}\t{}", character.id.0, character.name);
    }
    Ok(())
}

/// The characters as objects of JSON.
fn character_lines(list: &CharacterList) -> Vec<String> {
    let characters = list.characters.iter().map(|character| {
        json::line(|object| {
            let object = object.integer("id", character.id.0).text("name", &character.name);
            json::flag(object, "default", Some(character.id) == list.default)
        })
    });
    characters.collect()
}

/// A line for each identity and each passkey of an account: kind, number, name, last use.
pub(super) fn sign_ins(desk: &mut AccountDesk, account: &str, as_json: bool) -> Result<(), Failure> {
    let (identities, passkeys) = desk.sign_ins_of(account).map_err(told)?;
    let identities = identities.iter().map(|one| {
        (
            "identity",
            one.id.0,
            one.label.as_str(),
            one.issuer.as_str(),
            one.used_at,
        )
    });
    let passkeys = passkeys
        .iter()
        .map(|one| ("passkey", one.id.0, one.name.as_str(), "", one.used_at));
    for (kind, number, name, issuer, used_at) in identities.chain(passkeys) {
        if as_json {
            json::print(|object| {
                object
                    .text("kind", kind)
                    .integer("id", number)
                    .text("name", name)
                    .text("issuer", issuer)
                    .integer("used_at", seconds(used_at))
            });
            continue;
        }
        let place = if issuer.is_empty() { "" } else { "\t" };
        say!(
            "{kind}\t{number}\t{name}{place}{issuer}\tlast used {}",
            date(used_at)
        );
    }
    Ok(())
}

/// A line for each invitation: number, uses, end, note.
pub(super) fn invitations(desk: &mut AccountDesk, as_json: bool) -> Result<(), Failure> {
    let now = now();
    for invitation in desk.invitations().map_err(told)? {
        if as_json {
            json::print(|object| {
                let object = object.integer("id", invitation.id.0);
                json::raw(object, "uses_left", &invitation.uses_left.to_string())
                    .integer("expires_at", seconds(invitation.expires_at))
                    .text("note", &invitation.note)
            });
            continue;
        }
        let uses = match invitation.uses_left {
            0 => "used up".to_owned(),
            uses => format!("{} left", count(uses, "use")),
        };
        let end = match invitation.expires_at {
            0 => "no end".to_owned(),
            end if end <= now => format!("ended {}", date(end)),
            end => format!("until {}", date(end)),
        };
        say!("{}\t{uses}\t{end}\t{}", invitation.id.0, invitation.note);
    }
    Ok(())
}

/// A length of time in its largest whole unit.
pub(super) fn length(seconds: u64) -> String {
    let units = [("days", 86_400), ("hours", 3600), ("minutes", 60)];
    match units
        .iter()
        .find(|(_, unit)| seconds.is_multiple_of(*unit) && seconds > *unit)
    {
        Some((name, unit)) => format!("{} {name}", seconds / unit),
        None => count(seconds, "second"),
    }
}

fn standing(account: &Account) -> String {
    let reason = match account.ban_reason.as_str() {
        "" => String::new(),
        reason => format!(" ({reason})"),
    };
    match (account.banned, is_banned(account, now())) {
        (true, _) => format!("for good{reason}"),
        (false, true) => format!("until {}{reason}", date(account.timeout_until)),
        (false, false) => "no".to_owned(),
    }
}

fn is_banned(account: &Account, now: u64) -> bool {
    account.banned || account.timeout_until > now
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_secs())
}

/// A time as JSON has it.
pub(crate) fn seconds(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}

/// A time in Unix seconds for people.
pub(crate) fn date(seconds: u64) -> String {
    // Later years than dates have.
    let seconds = seconds.min(253_402_300_799);
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds))
}
