//! The part of the library `s` about who may do what, and who is kept out: moderators, bans, timeouts, watches.

use fchatd_world::World;

use super::{admitted, connection, name};
use crate::engine::{Arguments, Function, HostError, Reply, Value};

/// Numbers from here on are handles, below are account numbers.
const ACCOUNTS: f64 = (1_u64 << super::KIND_BITS) as f64;

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
        "Puts a character on the list of global moderators. + False when it is there already, or the list is full (global_moderators_max)." |w, a| {
        let name = admitted::character(w, a, 1)?;
        Ok((w.operators.len() < w.settings.count("global_moderators_max") && w.operators.add(&name)).into())
    };
    "removeOp" "(name: string): string?"
        "Takes a character off the list of global moderators. + Gives the name as it was on the list." |w, a| {
        Ok(Reply::One(w.operators.remove(&a.text(1)?).into()))
    };
    "addSCop" "(name: string): boolean"
        "Puts a character on the list of super moderators. + False when it is there already, or the list is full (global_moderators_max)." |w, a| {
        let name = admitted::character(w, a, 1)?;
        Ok((w.super_operators.len() < w.settings.count("global_moderators_max") && w.super_operators.add(&name)).into())
    };
    "removeSCop" "(name: string): string?"
        "Takes a character off the list of super moderators. + Gives the name as it was on the list." |w, a| {
        Ok(Reply::One(w.super_operators.remove(&a.text(1)?).into()))
    };
    "isSCop" "(name: string): boolean"
        "+ Whether a character is on the list of super moderators." |w, a| {
        Ok(w.super_operators.contains(&a.text(1)?).into())
    };
    "isChanOp" "(con: Connection): boolean"
        "Whether a character is on the list of moderators of a public channel." |w, a| {
        let (_, con) = connection(w, a, 1)?;
        Ok(w.is_channel_operator(&con.name).into())
    };
    "addBan" "(con: Connection)"
        "Keeps the account of a connection out, recorded under its character's name." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        w.ban_account(key);
        Ok(Reply::None)
    };
    "removeBan" "(lname: string): boolean"
        "Lifts the account ban recorded under a name; whether there was one." |w, a| {
        Ok(w.unban_account(&a.text(1)?).into())
    };
    "isBanned" "(who: Connection|number): boolean"
        "Whether the account of a connection (+ or the account of this number) is kept out." |w, a| {
        Ok(w.is_account_banned(account(w, a)?).into())
    };
    "addTimeout" "(con: Connection, seconds: number)"
        "Keeps the account of a connection out for some seconds, recorded under its character's name." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        w.time_out_account(key, a.number(2)? as i64);
        Ok(Reply::None)
    };
    "removeTimeout" "(lname: string): boolean"
        "Lifts the account timeout recorded under a name; whether there was one." |w, a| {
        Ok(w.lift_timeout(&a.text(1)?).into())
    };
    "isTimedOut" "(who: Connection|number): (boolean, number)"
        "Whether the account of a connection (+ or the account of this number) is kept out for a time, and the seconds left." |w, a| {
        let left = w.account_timeout(account(w, a)?);
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
        "Whether an account is watched, and for which character's sake." |w, a| {
        Ok(match w.watched(a.number(1)? as i64) {
            Some(name) => (true, Value::Map(vec![("character".into(), name.clone().into())])).into(),
            None => false.into(),
        })
    };
};

/// The account that an argument names: by a connection, or by its number.
fn account(world: &World, arguments: &Arguments<'_>) -> Result<i64, HostError> {
    match arguments.number(1) {
        Ok(number) if number.abs() < ACCOUNTS => Ok(number as i64),
        _ => Ok(connection(world, arguments, 1)?.1.account),
    }
}
