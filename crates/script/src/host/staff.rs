//! The part of the library `s` about reports to the staff and about the logs.

use fchatd_protocol::name;
use fchatd_world::settings::keys;
use fchatd_world::snapshot::StaffCall;
use fchatd_world::{Deed, Party, Said, World};

use super::{admitted, channel, connection};
use crate::engine::{Arguments, Function, HostError, Reply, Value};

/// Maximum length of the id of a report, in bytes: a time and a name.
const ID_BYTES_MAX: usize = 128;
/// Maximum growth of a text by escaping, as a factor.
const ESCAPED: usize = 5;

type Answer = Result<Reply, HostError>;

macro_rules! functions {
    ($($name:literal $signature:literal $summary:literal $run:expr;)*) => {
        &[$(Function { library: "s", name: $name, signature: $signature, summary: $summary, run: $run }),*]
    };
}

pub(super) static FUNCTIONS: &[Function<World>] = functions! {
    "addToStaffCallTargets" "(con: Connection)"
        "Adds a connection to the recipients of staff calls, independently of its roles." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        w.add_staff_target(key);
        Ok(Reply::None)
    };
    "countStaffCallTargets" "(): number"
        "+ The number of connections that would get a staff call now, without those that are away." |w, _| {
        Ok(w.count_staff_listeners().into())
    };
    "listAdmin" "(con: Connection): boolean"
        "+ Adds a character to the list of administrators that were online since the start; returns whether it is new there." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        Ok(w.list_administrator(key).into())
    };
    "unlistAdmin" "(name: string): string?"
        "+ Removes a character from the list of administrators. Returns the name as it was on the list." |w, a| {
        let name = a.text(1)?;
        Ok(Reply::One(w.unlist_administrator(&name).into()))
    };
    "unlistAdmins" "(account: number): {string}"
        "+ Removes the characters of an account from the list of administrators. Returns their names." |w, a| {
        let account = a.number(1)? as i64;
        Ok(Reply::One(w.unlist_administrators(account).into_iter().collect()))
    };
    "isListedAdmin" "(name: string): boolean"
        "+ Whether a character is on the list of administrators." |w, a| {
        Ok(w.is_listed_administrator(&a.text(1)?).into())
    };
    "getAdminList" "(): {string}"
        "+ The names on the list of administrators." |w, _| {
        Ok(Reply::One(w.listed_administrators().cloned().collect()))
    };
    "addStaffCall" "(id: string, character: string, report: string, logid: number, tab: string): boolean"
        "Stores a staff call; -1 as the log's number means none. + False when there is no room for it (staffcalls_bytes)." add_staff_call;
    "countStaffCalls" "(con: Connection): number"
        "+ The number of open staff calls of the account." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        Ok(w.count_staff_calls(key).into())
    };
    "removeStaffCall" "(id: string)"
        "Removes a staff call." |w, a| {
        let id = a.text(1)?;
        if !w.is_muted() {
            w.remove_staff_call(&id);
        }
        Ok(Reply::None)
    };
    "getStaffCall" "(id: string): {callid: string, character: string, report: string, logid: number, timestamp: number, tab: string, reported: string?} | false"
        "A staff call, or false. + `reported` is the character that the report is about, where its text names one as clients do." |w, a| {
        let Some(call) = w.staff_call(&a.text(1)?) else {
            return Ok(false.into());
        };
        Ok(Reply::One(Value::Map(vec![
            ("callid".into(), call.id.clone().into()),
            ("character".into(), call.character.clone().into()),
            ("report".into(), call.report.clone().into()),
            ("logid".into(), (call.log as f64).into()),
            ("timestamp".into(), (call.time as f64).into()),
            ("tab".into(), call.tab.clone().into()),
            ("reported".into(), call.reported().map(str::to_owned).into()),
        ])))
    };
    "sendStaffCalls" "(con: Connection)"
        "Sends a connection all open staff calls, + in pages with a second in between." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        w.send_staff_calls(key);
        Ok(Reply::None)
    };
    "logMessage" "(type: string, con: Connection, chan: Channel?, to: (Connection|string)?, text: string?)"
        "Writes to the chat log." log_message;
    "logAction" "(con: Connection?, code: string, arguments: table, whom: (Connection|string)?)"
        "Writes to the action log. Without a connection the actor is the website. Without `whom` the target is the argument `character`." log_action;
};

fn add_staff_call(world: &mut World, arguments: &Arguments<'_>) -> Answer {
    let character = admitted::character(world, arguments, 2)?;
    let id = admitted::text(world, arguments, 1, ID_BYTES_MAX)?.into_owned();
    let report_max = ESCAPED * world.settings.count(keys::STAFFCALL_MAX);
    let report = admitted::text(world, arguments, 3, report_max)?.into_owned();
    let tab = admitted::text(world, arguments, 5, ESCAPED * name::TITLE_BYTES_MAX)?.into_owned();
    let caller = world
        .find_character(&character)
        .and_then(|key| world.connection(key));
    let call = StaffCall {
        id,
        account: caller.map_or(0, |caller| caller.account),
        character,
        report,
        log: arguments.number(4)? as i64,
        tab,
        time: world.unix_seconds(),
    };
    Ok((world.is_muted() || world.add_staff_call(call)).into())
}

/// The actor name of the website. No character can have it.
const WEBSITE: &str = "(website)";

fn log_action(world: &mut World, arguments: &Arguments<'_>) -> Answer {
    let by = if arguments.is_nil(1) {
        Party::Named(WEBSITE)
    } else {
        Party::Online(connection(world, arguments, 1)?.0)
    };
    let code = arguments.text(2)?;
    let mut json = Vec::new();
    arguments.json(3, &mut json)?;
    let name;
    let target = if arguments.is_nil(4) {
        None
    } else if let Ok((key, _)) = connection(world, arguments, 4) {
        Some(Party::Online(key))
    } else {
        name = arguments.text(4)?;
        Some(Party::Named(&name))
    };
    world.log_action(Deed {
        by,
        code: &code,
        arguments: String::from_utf8(json).unwrap_or_default(),
        target,
    });
    Ok(Reply::None)
}

fn log_message(world: &mut World, arguments: &Arguments<'_>) -> Answer {
    let kind = arguments.text(1)?;
    let (from, _) = connection(world, arguments, 2)?;
    let place = if arguments.is_nil(3) {
        None
    } else {
        Some(channel(world, arguments, 3)?.0)
    };
    let name;
    let to = if arguments.is_nil(4) {
        None
    } else if let Ok((key, _)) = connection(world, arguments, 4) {
        Some(Party::Online(key))
    } else {
        name = arguments.text(4)?;
        Some(Party::Named(&name))
    };
    let body = arguments.optional_text(5)?;
    world.log_said(Said {
        kind: &kind,
        from,
        channel: place,
        to,
        body: body.as_deref(),
    });
    Ok(Reply::None)
}
