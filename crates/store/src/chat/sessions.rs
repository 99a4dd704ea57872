//! The people online, in tables: written change by change, read at the next start. JSON stands where the program alone reads
//! a column and never asks for a part of it.

use fchatd_protocol::session::{HeldLine, Seat, SessionChange, SessionHead, SessionRecord, Sessions};
use fchatd_protocol::text::fold;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::load::rows;
use super::write::Tables;

/// Everybody who was online, and the lines that some of them have missed.
pub(super) fn load(connection: &Connection) -> rusqlite::Result<Sessions> {
    let alive = connection
        .query_row("SELECT alive_at FROM session_clock", [], |row| row.get(0))
        .optional()?;
    let found = rows(connection, "SELECT * FROM session ORDER BY folded", [], |row| {
        Ok((row.get::<_, String>("folded")?, record(row)?))
    })?;
    let mut people = Vec::with_capacity(found.len());
    for (folded, mut record) in found {
        let statement = "SELECT * FROM session_seat WHERE session = ? ORDER BY channel";
        record.seats = rows(connection, statement, [&folded], seat)?;
        people.push(record);
    }
    let lines = rows(connection, "SELECT * FROM session_line ORDER BY number", [], line)?;
    Ok(Sessions {
        alive: alive.unwrap_or(0),
        people,
        lines,
    })
}

fn record(row: &Row<'_>) -> rusqlite::Result<SessionRecord> {
    Ok(SessionRecord {
        head: parsed(row, "head")?,
        profile: parsed(row, "profile")?,
        seats: Vec::new(),
        waiting: parsed(row, "waiting")?,
    })
}

fn parsed<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.into()))
}

fn seat(row: &Row<'_>) -> rusqlite::Result<Seat> {
    Ok(Seat {
        channel: row.get("channel")?,
        absence: u64::try_from(row.get::<_, i64>("absence")?).unwrap_or(0),
        heard: u64::try_from(row.get::<_, i64>("heard")?).unwrap_or(0),
    })
}

fn line(row: &Row<'_>) -> rusqlite::Result<HeldLine> {
    Ok(HeldLine {
        number: u64::try_from(row.get::<_, i64>("number")?).unwrap_or(0),
        in_channel: row.get("in_channel")?,
        to: row.get("recipient")?,
        sender: row.get("sender")?,
        text: row.get("text")?,
    })
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
