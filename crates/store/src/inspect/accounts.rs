//! The accounts with all that belongs to them, row by row.

use std::collections::HashMap;

use rusqlite::Connection;

use super::Inspection;
use crate::names::{AccountName, CharacterName};
use crate::rows::{Reader, table};

/// Reads the accounts and their belongings.
pub(super) fn inspect(
    connection: &Connection,
    schema: i64,
    inspection: &mut Inspection,
) -> rusqlite::Result<()> {
    let mut reader = Reader::inspecting(connection, &mut inspection.faults);
    let characters: HashMap<i64, i64> = reader
        .rows(table("character", &["character_id"]), |row| {
            let id = row.key("character_id", |id: &i64| format!("character {id}"));
            let name = row.key("name", |name: &String| format!("character {id} ({name:?})"));
            if CharacterName::parse(&name).is_err() {
                row.fault("that can't be the name of a character");
            }
            for column in [
                "gender",
                "orientation",
                "language_preference",
                "furry_preference",
                "role",
                "position",
            ] {
                let _: Option<String> = row.get(column);
            }
            row.at_least("created_at", 0);
            (id, row.get("account_id"))
        })?
        .into_iter()
        .collect();
    inspection.characters = characters.len();
    inspection.accounts = reader
        .rows(table("account", &["account_id"]), |row| {
            let id = row.key("account_id", |id: &i64| format!("account {id}"));
            let name = row.key("name", |name: &String| format!("account {id} ({name:?})"));
            if AccountName::parse(&name).is_err() {
                row.fault("that can't be the name of an account");
            }
            let hash: String = row.get("password_hash");
            if hash.is_empty() {
                row.fault("it has no password");
            }
            let _: (bool, bool) = (row.get("admin"), row.get("banned"));
            row.at_least("timeout_until", 0);
            row.at_least("created_at", 0);
            let default: Option<i64> = row.get("default_character_id");
            if default.is_some_and(|character| characters.get(&character).is_none_or(|owner| *owner != id)) {
                row.fault("its default character is not one of its own");
            }
        })?
        .len();
    reader.rows(table("ticket", &["ticket_id"]), |row| {
        row.key("ticket_id", |id: &i64| format!("ticket {id}"));
        let _: [u8; 32] = row.get("digest");
        row.at_least("expires_at", 0);
        if schema >= 7 {
            row.at_least("entered_at", 0);
        }
    })?;
    if schema >= 14 {
        crate::devices::inspect(&mut reader)?;
        crate::second_factor::inspect(&mut reader)?;
    }
    if schema >= 5 {
        reader.rows(table("invitation", &["invitation_id"]), |row| {
            row.key("invitation_id", |id: &i64| format!("invitation {id}"));
            let _: [u8; 32] = row.get("digest");
            row.at_least("uses_left", 0);
            row.at_least("expires_at", 0);
        })?;
    }
    if schema >= 11 {
        reader.rows(table("note", &["note_id"]), |row| {
            row.key("note_id", |id: &i64| format!("note {id}"));
            let _: (String, String) = (row.get("title"), row.get("message"));
            let _: (Option<i64>, Option<i64>) = (row.get("sender_id"), row.get("recipient_id"));
            let _: (bool, bool, bool) = (row.get("is_read"), row.get("in_inbox"), row.get("in_outbox"));
            row.at_least("bytes", 0);
            row.at_least("created_at", 0);
        })?;
    }
    if schema < 2 {
        return Ok(());
    }
    reader.rows(table("ignored", &["account_id", "name"]), |row| {
        let id = row.key("account_id", |id: &i64| format!("account {id}"));
        row.key("name", |name: &String| format!("account {id}, ignores {name:?}"));
    })?;
    Ok(())
}
