//! Inspects the tables of the people online and of their missed lines.

use std::collections::{HashMap, HashSet};

use fchatd_protocol::session::{HeldLine, Seat, SessionHead, SessionRecord, Sessions};
use rusqlite::Connection;
use serde::de::DeserializeOwned;

use super::chat::{is_folded, table};
use super::rows::{Fields, read};

/// Reads who was online, and checks that each entry is what it should be.
pub(super) fn sessions(connection: &Connection, faults: &mut Vec<String>) -> Sessions {
    let clock = read(connection, table("session_clock", &["one"]), faults, |row| {
        row.at_least("alive_at", 0)
    });
    let mut seats: HashMap<String, Vec<Seat>> = HashMap::new();
    let list = table("session_seat", &["session", "channel"]);
    for (session, seat) in read(connection, list, faults, |row| {
        let session = row.key("session", |session: &String| format!("session {session:?}"));
        let channel = row.key("channel", |channel: &String| {
            format!("session {session:?}, place in {channel:?}")
        });
        let absence = row.at_least("absence", 0).unsigned_abs();
        let heard = row.at_least("heard", 0).unsigned_abs();
        let seat = Seat {
            channel,
            absence,
            heard,
        };
        (session, seat)
    }) {
        seats.entry(session).or_default().push(seat);
    }
    let mut known = HashSet::new();
    let people = read(connection, table("session", &["folded"]), faults, |row| {
        let folded = row.key("folded", |folded: &String| format!("session {folded:?}"));
        let head: SessionHead = parsed(row, "head");
        is_folded(row, &folded, &head.name);
        let record = SessionRecord {
            head,
            profile: parsed(row, "profile"),
            seats: seats.remove(&folded).unwrap_or_default(),
            waiting: parsed(row, "waiting"),
        };
        known.insert(folded);
        record
    });
    let mut orphans: Vec<_> = seats.keys().filter(|session| !known.contains(*session)).collect();
    orphans.sort();
    for session in orphans {
        faults.push(format!(
            "session {session:?}: its places in channels are there, the session is not"
        ));
    }
    let lines = read(connection, table("session_line", &["number"]), faults, |row| {
        HeldLine {
            number: row
                .key("number", |number: &i64| format!("session line {number}"))
                .unsigned_abs(),
            in_channel: row.at_least("in_channel", 0) != 0,
            to: row.get("recipient"),
            sender: row.get("sender"),
            text: row.get("text"),
        }
    });
    Sessions {
        alive: clock.first().copied().unwrap_or(0),
        people,
        lines,
    }
}

fn parsed<T: DeserializeOwned + Default>(row: &mut Fields<'_>, column: &str) -> T {
    let text: String = row.get(column);
    serde_json::from_str(&text).unwrap_or_else(|error| {
        row.fault(format_args!("its {column} is not what it should be ({error})"));
        T::default()
    })
}
