//! The library `u`: connections and the characters behind them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use fchatd_protocol::address::AddressGroup;
use fchatd_world::{World, roles};

use super::{admitted, channel_handle, connection, connection_handle, frame, kept, raw_frame};
use crate::engine::{Arguments, Function, HostError, Reply, Value};

/// Maximum length of a status name, in bytes.
const STATUS_BYTES_MAX: usize = 64;
/// Maximum length of an escaped status message, in bytes.
const STATUS_MESSAGE_BYTES_MAX: usize = 4096;
/// Limits on texts that scripts store with a connection: their number, and the bytes of a key and of a value.
const MISC_MAX: usize = 100;
const MISC_KEY_BYTES_MAX: usize = 128;
const MISC_VALUE_BYTES_MAX: usize = 64 * 1024;

/// The key under which third-party scripts store a hell-ban.
const HELLBAN: &str = "hellban";

type Answer = Result<Reply, HostError>;

/// Maximum number of roles of one connection.
const ROLES_MAX: usize = 64;

macro_rules! functions {
    ($($name:literal $signature:literal $summary:literal $run:expr;)*) => {
        &[$(Function { library: "u", name: $name, signature: $signature, summary: $summary, run: $run }),*]
    };
}

pub(super) static FUNCTIONS: &[Function<World>] = functions! {
    "getConnection" "(lname: string): (boolean, Connection?)"
        "Whether a character is online, and its connection." get_connection;
    "getIPCount" "(con: Connection): number"
        "The number of characters online from this connection's address (IPv6: network of 64 bits), + including those that are away." |w, a| {
        let (_, con) = connection(w, a, 1)?;
        Ok(w.count_from(con.address).into())
    };
    "isFrom" "(con: Connection, address: string): boolean"
        "+ Whether the connection comes from this IP address." |w, a| {
        let (_, con) = connection(w, a, 1)?;
        let same = a.text(2)?.parse().is_ok_and(|address: IpAddr| address.to_canonical() == con.address.to_canonical());
        Ok(same.into())
    };
    "isSameAddress" "(con: Connection, other: Connection): boolean"
        "+ Whether two connections count as coming from the same address." |w, a| {
        let (_, con) = connection(w, a, 1)?;
        let (_, other) = connection(w, a, 2)?;
        Ok((AddressGroup::from(con.address) == AddressGroup::from(other.address)).into())
    };
    "getByAccount" "(con: Connection): {Connection}"
        "The connections of the same account." |w, a| {
        let (_, con) = connection(w, a, 1)?;
        Ok(of_account(w, con.account))
    };
    "getByAccountID" "(id: number): {Connection}"
        "The connections of an account." |w, a| Ok(of_account(w, a.number(1)? as i64));
    "getName" "(con: Connection): string"
        "The character's canonical name." |w, a| Ok(connection(w, a, 1)?.1.name.clone().into());
    "getChannels" "(con: Connection): {Channel}"
        "The channels of the character." |w, a| {
        let (_, con) = connection(w, a, 1)?;
        Ok(Reply::One(con.channels.iter().map(|&key| channel_handle(key)).collect()))
    };
    "getChannelCount" "(con: Connection): number"
        "The number of the character's channels." |w, a| Ok(connection(w, a, 1)?.1.channels.len().into());
    "getAccountCharacterIDs" "(con: Connection): (number, number)"
        "The account's and the character's number." |w, a| {
        let (_, con) = connection(w, a, 1)?;
        Ok((con.account as f64, con.character as f64).into())
    };
    "send" "(con: Connection, code: string, arguments: table?)"
        "Sends a command." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        let frame = frame(w, a, 2)?;
        w.send_frame(key, frame);
        Ok(Reply::None)
    };
    "sendRaw" "(con: Connection, text: string)"
        "Sends a raw text." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        let frame = raw_frame(w, a, 2)?;
        w.send_frame(key, frame);
        Ok(Reply::None)
    };
    "sendError" "(con: Connection, number: number, message: string?)"
        "Sends ERR, with the usual text for the number unless another is given." send_error;
    "refuse" "(con: Connection, number: number, message: string): number"
        "+ Answers the current command with ERR and the given text; the command then does not count for a timer. Returns FERR_OK, for the handler to return." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        w.send_error(key, a.number(2)? as i32, Some(&a.text(3)?));
        w.refuse_command();
        Ok(0.0.into())
    };
    "close" "(con: Connection)"
        "Stops reading, sends the queued frames, and closes the connection after a second." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        if w.may_touch(key) {
            w.close(key, false);
        }
        Ok(Reply::None)
    };
    "closef" "(con: Connection)"
        "Like close, but the character is offline and its name free at once. Others get FLN, and event.pre_disconnect is called; for scripts of the classic server neither happens, because they do both themselves." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        if w.may_touch(key) {
            w.close_at_once(key, !a.is_classic());
        }
        Ok(Reply::None)
    };
    "setIdent" "(con: Connection, name: string, lname: string): boolean"
        "Puts a character online; false when the name is taken." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        a.text(3)?;
        let name = kept::name(w, a, 2)?;
        Ok(w.identify(key, &name).into())
    };
    "setAccountID" "(con: Connection, id: number)"
        "Sets the account's number." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        w.set_account(key, a.number(2)? as i64);
        Ok(Reply::None)
    };
    "setCharacterID" "(con: Connection, id: number)"
        "Sets the character's number." |w, a| {
        let id = a.number(2)? as i64;
        change(w, a, |con| con.character = id)
    };
    "setAdmin" "(con: Connection, admin: boolean)"
        "Sets or removes the role admin." |w, a| set_role(w, a, roles::ADMIN);
    "isAdmin" "(con: Connection): boolean"
        "Whether it has the role admin." |w, a| Ok(connection(w, a, 1)?.1.has_role("admin").into());
    "setGlobMod" "(con: Connection, moderator: boolean)"
        "Sets or removes the role global." |w, a| set_role(w, a, roles::GLOBAL);
    "isGlobMod" "(con: Connection): boolean"
        "Whether it has the role global." |w, a| Ok(connection(w, a, 1)?.1.has_role("global").into());
    "hasRole" "(con: Connection, role: string): boolean"
        "Whether it has a role." |w, a| Ok(connection(w, a, 1)?.1.has_role(&a.text(2)?).into());
    "hasAnyRole" "(con: Connection, roles: {string}): boolean"
        "Whether it has one of the roles." |w, a| {
        let (_, con) = connection(w, a, 1)?;
        Ok(a.text_list(2)?.iter().any(|role| con.has_role(role)).into())
    };
    "addRole" "(con: Connection, role: string)"
        "Adds a role." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        let role = kept::name(w, a, 2)?;
        if w.connection(key).is_some_and(|con| con.roles.len() >= ROLES_MAX && !con.has_role(&role)) {
            return Err(format!("a connection can have {ROLES_MAX} roles at most").into());
        }
        if !w.is_muted() {
            w.add_role(key, &role);
        }
        Ok(Reply::None)
    };
    "removeRole" "(con: Connection, role: string)"
        "Removes a role." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        let role = a.text(2)?;
        if !w.is_muted() {
            w.remove_role(key, &role);
        }
        Ok(Reply::None)
    };
    "setFriends" "(con: Connection, names: {string})"
        "Replaces the friends. For scripts of the classic server: adds to them." |w, a| {
        let (key, con) = connection(w, a, 1)?;
        let freed = kept::size(&con.profile.friends);
        let mut names = admitted::names(a.text_list(2)?);
        // The classic server added to the list instead of replacing it.
        if a.is_classic() {
            let held = &con.profile.friends;
            let new = |name: &String| !held.iter().any(|one| one.eq_ignore_ascii_case(name));
            names.retain(new);
            names = admitted::names(held.iter().cloned().chain(names).collect());
        }
        kept::make_room(w, key, kept::size(&names), freed)?;
        change(w, a, |con| con.profile.friends = names)
    };
    "removeFriend" "(con: Connection, name: string)"
        "Removes a name from the friends." |w, a| {
        let name = a.text(2)?;
        change(w, a, |con| con.profile.friends.retain(|held| !held.eq_ignore_ascii_case(&name)))
    };
    "getFriendList" "(con: Connection): {string}"
        "The friends." |w, a| Ok(texts(&connection(w, a, 1)?.1.profile.friends));
    "setIgnores" "(con: Connection, names: {string})"
        "Replaces the ignore list of the account, which all its connections share; names are kept in lower case. For scripts of the classic server: adds to them." |w, a| {
        let (key, con) = connection(w, a, 1)?;
        let freed = kept::size(&con.profile.ignores);
        let mut names = a.text_list(2)?;
        if a.is_classic() {
            names = con.profile.ignores.iter().cloned().chain(names).collect();
        }
        kept::make_room(w, key, kept::size(&names), freed)?;
        w.set_ignores(key, &names);
        Ok(Reply::None)
    };
    "addIgnore" "(con: Connection, lname: string): boolean"
        "Adds a name to the ignore list of the account. + False when the list is full (ignores_max)." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        let name = admitted::character(w, a, 2)?;
        kept::make_room(w, key, name.len(), 0)?;
        Ok(w.add_ignore(key, &name).into())
    };
    "getIgnoreCount" "(con: Connection): number"
        "+ The number of names on the ignore list." |w, a| Ok(connection(w, a, 1)?.1.profile.ignores.len().into());
    "removeIgnore" "(con: Connection, lname: string)"
        "Removes a name from the ignore list of the account." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        w.remove_ignore(key, &a.text(2)?);
        Ok(Reply::None)
    };
    "getIgnoreList" "(con: Connection): {string}"
        "The ignore list." |w, a| Ok(texts(&connection(w, a, 1)?.1.profile.ignores));
    "ignores" "(con: Connection, other: Connection): boolean"
        "+ Whether the first connection's account ignores the character of the second." |w, a| {
        let (_, con) = connection(w, a, 1)?;
        let (_, other) = connection(w, a, 2)?;
        Ok(con.ignores(other).into())
    };
    "getTakeovers" "(lname: string): number"
        "+ The number of takeovers of the character by another connection within the last minute." |w, a| {
        Ok(w.takeovers(&a.text(1)?).into())
    };
    "noteTakeover" "(lname: string)"
        "+ Records that another connection takes the character over." |w, a| {
        let name = a.text(1)?;
        w.note_takeover(&name);
        Ok(Reply::None)
    };
    "setKinks" "(con: Connection, ids: {number})"
        "Replaces the kinks." |w, a| {
        let (key, con) = connection(w, a, 1)?;
        let freed = size_of_val(&*con.profile.kinks);
        let kinks = a.number_list(2)?;
        kept::make_room(w, key, size_of_val(&*kinks), freed)?;
        w.set_kinks(key, kinks);
        Ok(Reply::None)
    };
    "getKinks" "(con: Connection): {number}"
        "The kinks." |w, a| {
        let (_, con) = connection(w, a, 1)?;
        Ok(Reply::One(con.profile.kinks.iter().copied().collect()))
    };
    "setCustomKinks" "(con: Connection, kinks: {[string]: string})"
        "Replaces the custom kinks. For scripts of the classic server: adds to them." |w, a| {
        let (key, con) = connection(w, a, 1)?;
        let old = con.profile.custom_kinks.iter();
        let freed = kept::size(old.flat_map(|(key, value)| [key, value]));
        let mut entries = a.entries(2)?;
        if a.is_classic() {
            let new = |key: &String| !entries.iter().any(|(own, _)| own == key);
            let held = con.profile.custom_kinks.iter().filter(|(key, _)| new(key));
            let held: Vec<_> = held.map(|(key, value)| (key.clone(), value.clone())).collect();
            entries.extend(held);
        }
        let entries = admitted::entries(entries);
        kept::make_room(w, key, kept::size(entries.iter().flat_map(|(key, value)| [key, value])), freed)?;
        change(w, a, |con| con.profile.custom_kinks = entries.into_iter().collect())
    };
    "getCustomKinks" "(con: Connection): {[string]: string}"
        "The custom kinks." |w, a| {
        Ok(map(&connection(w, a, 1)?.1.profile.custom_kinks))
    };
    "setInfoTags" "(con: Connection, tags: {[string]: string})"
        "Adds info tags." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        let entries = admitted::entries(a.entries(2)?);
        kept::make_room(w, key, kept::size(entries.iter().flat_map(|(key, value)| [key, value])), 0)?;
        w.add_info_tags(key, entries);
        Ok(Reply::None)
    };
    "getInfoTags" "(con: Connection): {[string]: string}"
        "The info tags." |w, a| Ok(map(&connection(w, a, 1)?.1.profile.info_tags));
    "setHellban" "(con: Connection, hellbanned: boolean)"
        "+ Sets whether the connection is hell-banned, so that its messages reach nobody else. An s.addHellban of its account stays." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        let hellbanned = a.boolean(2)?;
        if w.may_touch(key) {
            w.set_hellbanned(key, hellbanned);
        }
        Ok(Reply::None)
    };
    "isHellbanned" "(con: Connection): boolean"
        "+ Whether the connection is hell-banned." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        Ok(w.is_hellbanned(key).into())
    };
    "setGender" "(con: Connection, gender: string)"
        "Sets the gender." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        let gender = kept::name(w, a, 2)?;
        w.set_gender(key, &gender);
        Ok(Reply::None)
    };
    "getGender" "(con: Connection): string"
        "The gender." |w, a| Ok(connection(w, a, 1)?.1.gender.clone().into());
    "setStatus" "(con: Connection, status: string, message: string?)"
        "Sets the status; without a message the old one stays." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        let status = admitted::text(w, a, 2, STATUS_BYTES_MAX)?;
        let message = if a.is_nil(3) { None } else { Some(admitted::text(w, a, 3, STATUS_MESSAGE_BYTES_MAX)?) };
        if !w.is_muted() {
            w.set_status(key, &status, message.as_deref());
        }
        Ok(Reply::None)
    };
    "getStatus" "(con: Connection): (string, string)"
        "The status and its message." |w, a| {
        let (_, con) = connection(w, a, 1)?;
        Ok((con.status.clone(), con.status_message.clone()).into())
    };
    "setMiscData" "(con: Connection, key: string, value: string)"
        "Keeps a text with the connection. + \"hellban\" with \"yes\" is setHellban, too." |w, a| {
        let key = admitted::text(w, a, 2, MISC_KEY_BYTES_MAX)?;
        let value = admitted::text(w, a, 3, MISC_VALUE_BYTES_MAX)?;
        let (con, held) = connection(w, a, 1)?;
        let misc = &held.profile.misc;
        if misc.len() >= MISC_MAX && !misc.contains_key(&*key) {
            return Err(a.bad(2, "this connection has too many texts"));
        }
        let freed = misc.get_key_value(&*key).map_or(0, |(key, value)| kept::size([key, value]));
        let (key, value) = (key.into_owned(), value.into_owned());
        kept::make_room(w, con, kept::size([&key, &value]), freed)?;
        if key == HELLBAN && w.may_touch(con) {
            w.set_hellbanned(con, value == "yes");
        }
        change(w, a, |con| { con.profile.misc.insert(key, value); })
    };
    "getMiscData" "(con: Connection, key: string): string?"
        "A text kept with the connection." |w, a| {
        let (_, con) = connection(w, a, 1)?;
        Ok(Reply::One(con.profile.misc.get(&*a.text(2)?).cloned().into()))
    };
    "checkUpdateTimer" "(con: Connection, timer: string, seconds: number): boolean"
        "True while the timer runs; otherwise restarts it. If the command is refused later, its restarts are undone. + The timer belongs to the character: a new connection does not change it." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        Ok(w.throttle(key, &kept::timer(a, 2)?, a.number(3)?).into())
    };
    "checkAccountTimer" "(con: Connection, timer: string, seconds: number): boolean"
        "+ Like checkUpdateTimer, with one timer for all characters of the account." |w, a| {
        let (key, _) = connection(w, a, 1)?;
        Ok(w.throttle_account(key, &kept::timer(a, 2)?, a.number(3)?).into())
    };
};

fn get_connection(world: &mut World, arguments: &Arguments<'_>) -> Answer {
    Ok(match world.find_character(&arguments.text(1)?) {
        Some(key) => (true, connection_handle(key)).into(),
        None => false.into(),
    })
}

fn send_error(world: &mut World, arguments: &Arguments<'_>) -> Answer {
    let (key, _) = connection(world, arguments, 1)?;
    let number = arguments.number(2)? as i32;
    world.send_error(key, number, arguments.optional_text(3)?.as_deref());
    Ok(Reply::None)
}

fn of_account(world: &World, account: i64) -> Reply {
    Reply::One(
        world
            .of_account(account)
            .iter()
            .map(|&key| connection_handle(key))
            .collect(),
    )
}

fn change(
    world: &mut World,
    arguments: &Arguments<'_>,
    change: impl FnOnce(&mut fchatd_world::Connection),
) -> Answer {
    let (key, _) = connection(world, arguments, 1)?;
    if world.may_touch(key)
        && let Some(connection) = world.connection_mut(key)
    {
        change(connection);
    }
    Ok(Reply::None)
}

fn set_role(world: &mut World, arguments: &Arguments<'_>, role: &str) -> Answer {
    let (key, _) = connection(world, arguments, 1)?;
    let has_it = arguments.boolean(2)?;
    if world.is_muted() {
        return Ok(Reply::None);
    }
    if has_it {
        world.add_role(key, role);
    } else {
        world.remove_role(key, role);
    }
    Ok(Reply::None)
}

fn texts(list: &[String]) -> Reply {
    Reply::One(list.iter().cloned().collect())
}

fn map(map: &BTreeMap<String, String>) -> Reply {
    let entry = |(key, value): (&String, &String)| (key.clone().into(), value.clone().into());
    Reply::One(Value::Map(map.iter().map(entry).collect()))
}
