//! The people online, in tables: written change by change, read at the next start. JSON stands where the program alone reads
//! a column and never asks for a part of it.

use std::collections::{HashMap, HashSet};

use fchatd_protocol::session::{HeldLine, Seat, SessionChange, SessionHead, SessionRecord, Sessions};
use fchatd_protocol::text::fold;
use rusqlite::params;
use serde::Serialize;

use super::channels::is_folded;
use super::write::Tables;
use crate::rows::{Reader, table};

/// The people online, and the lines that some of them have missed.
pub(crate) fn load(reader: &mut Reader<'_>) -> rusqlite::Result<Sessions> {
    let clock = reader.rows(table("session_clock", &["one"]), |row| {
        row.at_least("alive_at", 0)
    })?;
    let mut seats = seats(reader)?;
    let mut known = HashSet::new();
    let people = reader.rows(table("session", &["folded"]), |row| {
        let folded = row.key("folded", |folded: &String| format!("session {folded:?}"));
        let head: SessionHead = row.json("head");
        is_folded(row, &folded, &head.name);
        let record = SessionRecord {
            head,
            profile: row.json("profile"),
            seats: seats.remove(&folded).unwrap_or_default(),
            waiting: row.json("waiting"),
        };
        known.insert(folded);
        record
    })?;
    let mut orphans: Vec<_> = seats.into_keys().collect();
    orphans.sort();
    for session in orphans.into_iter().filter(|session| !known.contains(session)) {
        reader.fault(format!(
            "session {session:?}: its places in channels are there, the session is not"
        ));
    }
    let lines = reader.rows(table("session_line", &["number"]), |row| HeldLine {
        number: row
            .key("number", |number: &i64| format!("session line {number}"))
            .unsigned_abs(),
        in_channel: row.count("in_channel") != 0,
        to: row.get("recipient"),
        sender: row.get("sender"),
        text: row.get("text"),
    })?;
    Ok(Sessions {
        alive: clock.first().copied().unwrap_or(0),
        people,
        lines,
    })
}

fn seats(reader: &mut Reader<'_>) -> rusqlite::Result<HashMap<String, Vec<Seat>>> {
    let list = table("session_seat", &["session", "channel"]);
    let rows = reader.rows(list, |row| {
        let session = row.key("session", |session: &String| format!("session {session:?}"));
        let channel = row.key("channel", |channel: &String| {
            format!("session {session:?}, place in {channel:?}")
        });
        let seat = Seat {
            channel,
            absence: row.count("absence"),
            heard: row.count("heard"),
        };
        (session, seat)
    })?;
    let mut seats: HashMap<String, Vec<Seat>> = HashMap::new();
    for (session, seat) in rows {
        seats.entry(session).or_default().push(seat);
    }
    Ok(seats)
}

/// As a column of a table keeps it.
fn json(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Tables<'_> {
    /// Makes one change. One of a session that is not kept is left out.
    pub(super) fn session(&self, change: &SessionChange) -> rusqlite::Result<()> {
        match change {
            SessionChange::Here(head) => self.session_head(head),
            SessionChange::Profile { session, profile } => self.run(
                "UPDATE session SET profile = ? WHERE folded = ?",
                params![json(profile)?, session],
            ),
            SessionChange::Waiting { session, commands } => self.run(
                "UPDATE session SET waiting = ? WHERE folded = ?",
                params![json(commands)?, session],
            ),
            SessionChange::Seat { session, seat } => self.run(
                "INSERT OR REPLACE INTO session_seat (session, channel, absence, heard) \
                 SELECT folded, ?, ?, ? FROM session WHERE folded = ?",
                params![seat.channel, number(seat.absence), number(seat.heard), session],
            ),
            SessionChange::Left { session, channel } => self.run(
                "DELETE FROM session_seat WHERE session = ? AND channel = ?",
                [session, channel],
            ),
            SessionChange::Gone { session } => {
                self.run("DELETE FROM session WHERE folded = ?", [session])?;
                self.run(
                    "DELETE FROM session_line WHERE recipient = ? AND in_channel = 0",
                    [session],
                )
            }
            SessionChange::Line(line) => self.run(
                "INSERT OR REPLACE INTO session_line (number, in_channel, recipient, sender, text) VALUES (?, ?, ?, ?, ?)",
                params![number(line.number), line.in_channel, line.to, line.sender, line.text],
            ),
            SessionChange::LinesTaken { session, up_to } => self.run(
                "DELETE FROM session_line WHERE recipient = ? AND in_channel = 0 AND number <= ?",
                params![session, number(*up_to)],
            ),
            SessionChange::LinesGone { up_to } => {
                self.run("DELETE FROM session_line WHERE number <= ?", [number(*up_to)])
            }
            SessionChange::Alive { time } => self.run(
                "INSERT OR REPLACE INTO session_clock (one, alive_at) VALUES (1, ?)",
                [time],
            ),
        }
    }

    fn session_head(&self, head: &SessionHead) -> rusqlite::Result<()> {
        self.run(
            "INSERT INTO session (folded, head) VALUES (?, ?) \
             ON CONFLICT (folded) DO UPDATE SET head = excluded.head",
            params![fold(&head.name), json(head)?],
        )
    }
}
