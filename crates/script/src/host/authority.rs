//! The part of the library `s` about rights and sanctions: moderators, bans, timeouts, watches.

use fchatd_world::settings::keys;
use fchatd_world::{Finding, World};

use super::{admitted, connection, name};
use crate::engine::{Arguments, Function, HostError, Reply, Value};

macro_rules! functions {
    ($($name:literal $signature:literal $summary:literal $run:expr;)*) => {
        &[$(Function { library: "s", name: $name, signature: $signature, summary: $summary, run: $run }),*]
    };
}

pub(super) static FUNCTIONS: &[Function<World>] = functions! {
    "getOpList" "(): {string}"
        "The names of the global moderators." |w, _| Ok(Reply::One(w.operators.iter().cloned().collect()));
    "isOp" "(name: string): boolean"
        "Whether a character is on the list of global moderators." |w, a| {
        Ok(w.operators.contains(&a.text(1)?).into())
    };
    "addOp" "(name: string): boolean"
        "Adds a character to the list of global moderators. + False when it is there already, or the list is full (global_moderators_max)." |w, a| {
        let name = admitted::character(w, a, 1)?;
        let has_room = w.operators.len() < w.settings.count(keys::GLOBAL_MODERATORS_MAX);
        Ok((w.is_muted() || (has_room && w.operators.add(&name))).into())
    };
    "removeOp" "(name: string): string?"
        "Removes a character from the list of global moderators. + Returns the name as it was on the list." |w, a| {
        let name = a.text(1)?;
        let removed = if w.is_muted() { None } else { w.operators.remove(&name) };
        Ok(Reply::One(removed.into()))
    };
    "addSCop" "(name: string): boolean"
        "Adds a character to the list of super moderators. + False when it is there already, or the list is full (global_moderators_max)." |w, a| {
        let name = admitted::character(w, a, 1)?;
        let has_room = w.super_operators.len() < w.settings.count(keys::GLOBAL_MODERATORS_MAX);
        Ok((w.is_muted() || (has_room && w.super_operators.add(&name))).into())
    };
    "removeSCop" "(name: string): string?"
        "Removes a character from the list of super moderators. + Returns the name as it was on the list." |w, a| {
        let name = a.text(1)?;
        let removed = if w.is_muted() { None } else { w.super_operators.remove(&name) };
        Ok(Reply::One(removed.into()))
    };
    "isSCop" "(name: string): boolean"
        "+ Whether a character is on the list of super moderators." |w, a| {
        Ok(w.super_operators.contains(&a.text(1)?).into())
    };
    "isChanOp" "(who: Connection|string): boolean"
        "Whether a character is on the list of moderators of a public channel." |w, a| {
        Ok(w.is_channel_operator(&name(w, a, 1)?).into())
    };
    "findCharacter" "(name: string): (\"known\"|\"unknown\"|\"nobody\"|\"asked\", string, number, string)"
        "+ The facts that are known of a character, online or not: whether there is one (\"unknown\" where nobody can say), its canonical name, its account's number (0 while it is not known), and its role as far as no list tells it (\"admin\", of somebody seen lately also \"super-cop\", or empty). \"asked\": the account service has to be asked, and the command at hand is handled anew when it has answered; return FERR_OK." find_character;
    "addBan" "(who: Connection|string): boolean"
        "Bans an account, recorded under its character's name. + If the account of a name is not known, the ban takes effect at the character's next log-in; false when too many such bans are pending." |w, a| {
        let who = admitted::character(w, a, 1)?;
        Ok((w.is_muted() || w.ban_account(&who)).into())
    };
    "removeBan" "(lname: string): boolean"
        "Lifts the account ban recorded under a name; returns whether there was one." |w, a| {
        let name = a.text(1)?;
        Ok((!w.is_muted() && w.unban_account(&name)).into())
    };
    "isBanned" "(who: Connection|number, name: string?): boolean"
        "Whether the account of a connection (+ or the account of this number, whose character has this name) is banned." |w, a| {
        let account = account(w, a)?;
        Ok(w.is_account_banned(account).into())
    };
    "addTimeout" "(who: Connection|string, seconds: number): boolean"
        "Bans an account for some seconds, recorded under its character's name. + By name as with addBan." |w, a| {
        let who = admitted::character(w, a, 1)?;
        let seconds = a.number(2)? as i64;
        Ok((w.is_muted() || w.time_out_account(&who, seconds)).into())
    };
    "removeTimeout" "(lname: string): boolean"
        "Lifts the account timeout recorded under a name; returns whether there was one." |w, a| {
        let name = a.text(1)?;
        Ok((!w.is_muted() && w.lift_timeout(&name)).into())
    };
    "addHellban" "(who: Connection|string): boolean"
        "+ Hell-bans an account, recorded under its character's name: its messages reach nobody else. By name as with addBan." |w, a| {
        let who = admitted::character(w, a, 1)?;
        Ok((w.is_muted() || w.hellban_account(&who)).into())
    };
    "removeHellban" "(name: string): boolean"
        "+ Lifts the hell-ban recorded under a name, and that of its account; returns whether there was one." |w, a| {
        let name = a.text(1)?;
        Ok((!w.is_muted() && w.lift_hellban(&name)).into())
    };
    "isBlacklisted" "(text: string): boolean"
        "+ Whether a text contains one of blacklist_phrases, ignoring case, markup and invisible characters." |w, a| {
        let text = a.text(1)?;
        Ok(w.is_blacklisted(&text).into())
    };
    "checkOwners" "()"
        "+ Asks the account service about the owners of channels. For each owner that does not exist, rtb.OWN is called with its name as n." |w, _| {
        w.check_owners();
        Ok(Reply::None)
    };
    "isTimedOut" "(who: Connection|number, name: string?): (boolean, number)"
        "Whether the account of a connection (+ or the account of this number, whose character has this name) is timed out, and the seconds left." |w, a| {
        let account = account(w, a)?;
        let left = w.account_timeout(account);
        Ok((left.is_some(), left.unwrap_or(0) as f64).into())
    };
    "addAltWatch" "(by: Connection|string, target: Connection)"
        "Watches the account of a connection for 20 minutes." |w, a| {
        name(w, a, 1)?;
        let (key, _) = connection(w, a, 2)?;
        w.watch_account(key);
        Ok(Reply::None)
    };
    "getAltWatch" "(id: number): (boolean, {character: string}?)"
        "Whether an account is watched, and the character that it is watched for." |w, a| {
        Ok(match w.watched(a.number(1)? as i64) {
            Some(name) => (true, Value::Map(vec![("character".into(), name.clone().into())])).into(),
            None => false.into(),
        })
    };
};

fn find_character(world: &mut World, arguments: &Arguments<'_>) -> Result<Reply, HostError> {
    let name = arguments.text(1)?;
    let (state, person) = match world.find_person(&name) {
        Finding::Known(person) => ("known", Some(person)),
        Finding::Unknown => ("unknown", None),
        Finding::Nobody => ("nobody", None),
        Finding::Asked => ("asked", None),
    };
    let (name, account, role) = person.map_or((name.into_owned(), 0, None), |person| {
        (person.name, person.account, person.role)
    });
    Ok(Reply::Many(vec![
        Value::Owned(state.to_owned()),
        Value::Owned(name),
        Value::Number(account as f64),
        Value::Owned(role.unwrap_or_default().into()),
    ]))
}

/// The account in the arguments: that of a connection, or a number with an optional character name. Sanctions
/// against that name become sanctions against the account.
fn account(world: &mut World, arguments: &Arguments<'_>) -> Result<i64, HostError> {
    let name = arguments.optional_text(2)?.map(|name| name.into_owned());
    let (account, name) = match arguments.number(1) {
        Ok(number) => (number as i64, name),
        Err(_) => {
            let (_, connection) = connection(world, arguments, 1)?;
            (connection.account, Some(connection.name.to_string()))
        }
    };
    if let Some(name) = name {
        world.bind_bans(&name, account);
    }
    Ok(account)
}
