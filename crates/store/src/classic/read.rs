//! Reads the classic server's state files into a snapshot and checks them.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::io::ErrorKind;
use std::path::Path;

use serde_json::Value;

use super::members::{Faults, Members, entries, kind};
use super::{BANS, CHANNELS, ClassicError, OPERATORS, SUPER_OPERATORS, file_error};
use crate::snapshot::{
    AccountBan, AccountTimeout, BanRecord, ChannelHead, ChannelRecord, ModeratorRecord, Snapshot,
};

/// The content of the files in a folder. A part without its file is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    channels: Option<Vec<ChannelRecord>>,
    operators: Option<Vec<String>>,
    super_operators: Option<Vec<String>>,
    accounts: Option<(Vec<AccountBan>, Vec<AccountTimeout>)>,
    /// The changes that were made while reading, a sentence each, for the operator.
    pub remarks: Vec<String>,
}

impl Imported {
    /// Puts the content of the files in the place of the former content; a part without a file stays.
    ///
    /// # Errors
    /// [`ClassicError::NoChannels`].
    pub fn over(self, before: Option<Snapshot>) -> Result<Snapshot, ClassicError> {
        if before.is_none() && self.channels.is_none() {
            return Err(ClassicError::NoChannels);
        }
        let mut snapshot = before.unwrap_or_default();
        if let Some(channels) = self.channels {
            snapshot.channels = channels;
        }
        if let Some(operators) = self.operators {
            snapshot.operators = operators;
        }
        if let Some(super_operators) = self.super_operators {
            snapshot.super_operators = super_operators;
        }
        if let Some((bans, timeouts)) = self.accounts {
            (snapshot.bans, snapshot.timeouts) = (bans, timeouts);
        }
        Ok(snapshot)
    }
}

/// Reads the files in a folder.
///
/// # Errors
/// None is there, one can't be read, or something in them is strange.
pub fn read(folder: &Path) -> Result<Imported, ClassicError> {
    let (imported, faults) = read_what_is_clear(folder)?;
    if faults.is_empty() {
        Ok(imported)
    } else {
        Err(ClassicError::Strange { faults })
    }
}

/// Reads the files in a folder without their faulty entries, and names the faults, entry by
/// entry. A file that is no JSON counts as one that is not there.
///
/// # Errors
/// None is there, or one can't be read.
pub fn read_what_is_clear(folder: &Path) -> Result<(Imported, Vec<String>), ClassicError> {
    let mut faults = Faults::default();
    let mut imported = Imported::default();
    let mut found = false;
    let mut file = |name: &str, faults: &mut Faults| -> Result<Option<Value>, ClassicError> {
        let path = folder.join(name);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(file_error(&path, error)),
        };
        found = true;
        Ok(parse(name, &bytes, faults))
    };
    let [channels, operators, super_operators, bans] = [
        file(CHANNELS, &mut faults)?,
        file(OPERATORS, &mut faults)?,
        file(SUPER_OPERATORS, &mut faults)?,
        file(BANS, &mut faults)?,
    ];
    if !found {
        return Err(ClassicError::NothingThere {
            folder: folder.to_owned(),
        });
    }
    imported.channels = channels.and_then(|value| read_channels(value, &mut faults, &mut imported.remarks));
    let remarks = &mut imported.remarks;
    imported.operators = operators.and_then(|value| read_names(OPERATORS, value, &mut faults, remarks));
    imported.super_operators =
        super_operators.and_then(|value| read_names(SUPER_OPERATORS, value, &mut faults, remarks));
    imported.accounts = bans.and_then(|value| read_bans(value, &mut faults));
    Ok((imported, faults.0))
}

fn parse(name: &str, bytes: &[u8], faults: &mut Faults) -> Option<Value> {
    match serde_json::from_slice(bytes) {
        Ok(value) => Some(value),
        Err(error) => {
            faults.add(
                &format!("{name}:{}", error.line()),
                format_args!("this is not JSON: {error}"),
            );
            None
        }
    }
}

fn read_channels(value: Value, faults: &mut Faults, remarks: &mut Vec<String>) -> Option<Vec<ChannelRecord>> {
    let mut file = Members::new(CHANNELS.to_owned(), value, faults)?;
    let mut names = Names::default();
    let mut channels = Vec::new();
    for (list, kinds) in [
        ("public", &["public"][..]),
        ("private", &["private", "pubprivate"]),
    ] {
        for (place, value) in file.list(list, faults) {
            let Some(members) = Members::new(place, value, faults) else {
                continue;
            };
            channels.extend(read_channel(members, kinds, &mut names, faults, remarks));
        }
    }
    file.finish(faults);
    Some(channels)
}

fn read_channel(
    mut members: Members,
    kinds: &[&str],
    names: &mut Names,
    faults: &mut Faults,
    remarks: &mut Vec<String>,
) -> Option<ChannelRecord> {
    let before = faults.count();
    let name = listed_name(&mut members, names, faults);
    if !name.is_empty() {
        members.call(&name);
    }
    let owner = members.text_or_empty("owner", faults);
    let head = ChannelHead {
        title: members.text_or_empty("title", faults),
        description: members.text_or_empty("description", faults),
        // Only files that this server has written have one.
        topic: members.text_or_empty("topic", faults),
        kind: one_of(&mut members, "type", kinds, faults),
        mode: one_of(&mut members, "mode", &["both", "chat", "ads"], faults),
        peak: members.number_or_zero("top", faults).unsigned_abs(),
        name,
        owner,
        ..ChannelHead::default()
    };
    let mut channel = ChannelRecord {
        head,
        ..ChannelRecord::default()
    };
    // How many were there when the file was written says nothing now.
    members.number_or_zero("users", faults);
    let clear = faults.count() == before;
    if clear && channel.head.kind == "private" {
        let remark = "this room is private: it goes when nobody comes into it within `room_grace` after the next start";
        remarks.push(format!("{}: {remark}", members.place()));
    }
    for (place, value) in members.list("modlist", faults) {
        let Some(mut one) = Members::new(place, value, faults) else {
            continue;
        };
        let before = faults.count();
        let record = ModeratorRecord {
            name: entry_name(&mut one, faults),
            by: one.text_or_empty("modder", faults),
            time: one.number_or_zero("time", faults),
        };
        if record.name.eq_ignore_ascii_case(&channel.head.owner) {
            let remark = "the owner is a moderator anyway and was left out of the list";
            remarks.push(format!("{}: {remark}", one.place()));
        } else if faults.count() == before {
            let same = |held: &&mut ModeratorRecord| held.name.eq_ignore_ascii_case(&record.name);
            match channel.moderators.iter_mut().find(same) {
                None => channel.moderators.push(record),
                Some(held) => {
                    remarks.push(twice(one.place(), &held.name, &record.name));
                    // A time of 0 is not known.
                    if record.time != 0 && (held.time == 0 || record.time < held.time) {
                        (held.by, held.time) = (record.by, record.time);
                    }
                    held.name = better_spelling(&held.name, &record.name).to_owned();
                }
            }
        }
        one.finish(faults);
    }
    for (place, value) in members.list("banlist", faults) {
        let Some(mut one) = Members::new(place, value, faults) else {
            continue;
        };
        let before = faults.count();
        let record = BanRecord {
            name: entry_name(&mut one, faults),
            banner: one.text_or_empty("banner", faults),
            time: one.number_or_zero("time", faults),
            until: one.number_or_zero("timeout", faults),
            account: 0,
        };
        if faults.count() == before {
            let same = |held: &&mut BanRecord| held.name.eq_ignore_ascii_case(&record.name);
            match channel.bans.iter_mut().find(same) {
                None => channel.bans.push(record),
                Some(held) => {
                    remarks.push(twice(one.place(), &held.name, &record.name));
                    let name = better_spelling(&held.name, &record.name).to_owned();
                    // The ban that ends later holds; 0 is for good.
                    let later = |ban: &BanRecord| if ban.until == 0 { i64::MAX } else { ban.until };
                    if later(&record) > later(held) {
                        *held = record;
                    }
                    held.name = name;
                }
            }
        }
        one.finish(faults);
    }
    members.finish(faults);
    clear.then_some(channel)
}

fn one_of(members: &mut Members, key: &str, allowed: &[&str], faults: &mut Faults) -> String {
    let before = faults.count();
    let text = members.text(key, faults);
    if faults.count() == before && !allowed.contains(&text.as_str()) {
        let allowed = allowed.join(" or ");
        faults.add(
            members.place(),
            format_args!("{key:?} is {text:?}, but must be {allowed}"),
        );
    }
    text
}

fn read_names(
    file: &str,
    value: Value,
    faults: &mut Faults,
    remarks: &mut Vec<String>,
) -> Option<Vec<String>> {
    let mut list: Vec<String> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let is_list = value.is_array();
    for (place, value) in entries(file, value, faults) {
        match value {
            Value::String(name) if !is_fit(&place, &name, faults) => {}
            Value::String(name) => match places.entry(name.to_ascii_lowercase()) {
                Entry::Vacant(entry) => {
                    entry.insert(list.len());
                    list.push(name);
                }
                Entry::Occupied(entry) => {
                    if let Some(held) = list.get_mut(*entry.get()) {
                        remarks.push(twice(&place, held, &name));
                        *held = better_spelling(held, &name).to_owned();
                    }
                }
            },
            other => faults.add(&place, format_args!("a name was expected, not {}", kind(&other))),
        }
    }
    is_list.then_some(list)
}

fn read_bans(value: Value, faults: &mut Faults) -> Option<(Vec<AccountBan>, Vec<AccountTimeout>)> {
    let (mut bans, mut timeouts) = (Vec::new(), Vec::new());
    let mut file = Members::new(BANS.to_owned(), value, faults)?;
    let mut seen = HashSet::new();
    for (place, value) in file.list("bans", faults) {
        let Some(mut one) = Members::new(place, value, faults) else {
            continue;
        };
        let before = faults.count();
        let account = account(&mut one, &mut seen, faults);
        let character = one.text_or_empty("character", faults);
        if faults.count() == before {
            bans.push(AccountBan { account, character });
        }
        one.finish(faults);
    }
    let mut seen = HashSet::new();
    for (place, value) in file.list("timeouts", faults) {
        let Some(mut one) = Members::new(place, value, faults) else {
            continue;
        };
        let before = faults.count();
        let timeout = AccountTimeout {
            account: account(&mut one, &mut seen, faults),
            character: one.text_or_empty("character", faults),
            until: one.number("end", 0, faults),
        };
        if faults.count() == before {
            timeouts.push(timeout);
        }
        one.finish(faults);
    }
    file.finish(faults);
    Some((bans, timeouts))
}

/// The name of an entry.
fn entry_name(entry: &mut Members, faults: &mut Faults) -> String {
    let before = faults.count();
    let name = entry.text("name", faults);
    if faults.count() == before {
        is_fit(entry.place(), &name, faults);
    }
    name
}

/// That two entries of a list are one and the same character, for the classic server compared names in lower case.
fn twice(place: &str, first: &str, second: &str) -> String {
    if first == second {
        format!("{place}: {second:?} is listed twice and is one entry now")
    } else {
        format!("{place}: {second:?} and {first:?} are one character, whose entries were united")
    }
}

/// The one of two spellings that is likelier to be the character's: names are given in capitals and small letters, and
/// commands that were typed by hand have small letters alone.
fn better_spelling<'a>(first: &'a str, second: &'a str) -> &'a str {
    let is_typed = |name: &str| !name.bytes().any(|byte| byte.is_ascii_uppercase());
    if is_typed(first) && !is_typed(second) {
        second
    } else {
        first
    }
}

/// The name of an entry, which must not be in the list already.
fn listed_name(entry: &mut Members, names: &mut Names, faults: &mut Faults) -> String {
    let before = faults.count();
    let name = entry.text("name", faults);
    if faults.count() == before {
        names.check(entry.place(), &name, faults);
    }
    name
}

/// The number of an account, which must not be in the list already.
fn account(entry: &mut Members, seen: &mut HashSet<i64>, faults: &mut Faults) -> i64 {
    let account = entry.number("id", 1, faults);
    if account > 0 && !seen.insert(account) {
        faults.add(
            entry.place(),
            format_args!("account {account} is listed twice; remove one"),
        );
    }
    account
}

/// The names in one list, compared as the server compares them.
#[derive(Default)]
struct Names(HashSet<String>);

impl Names {
    /// Whether the name can be taken; else it is a fault.
    fn check(&mut self, place: &str, name: &str, faults: &mut Faults) -> bool {
        if !is_fit(place, name, faults) {
            return false;
        }
        let is_new = self.0.insert(name.to_ascii_lowercase());
        if !is_new {
            faults.add(place, format_args!("{name:?} is listed twice; remove one"));
        }
        is_new
    }
}

/// Whether a name can be one; else it is a fault.
fn is_fit(place: &str, name: &str, faults: &mut Faults) -> bool {
    if name.trim().is_empty() {
        faults.add(place, "the name is empty");
    } else if name.chars().any(char::is_control) {
        faults.add(place, format_args!("the name {name:?} holds control characters"));
    } else {
        return true;
    }
    false
}
