//! The durable state of the chat, read with the code that loads it, with a sentence for each fault.

use fchatd_protocol::snapshot::Snapshot;
use rusqlite::Connection;

use super::Inspection;
use crate::chat::{load, sessions};
use crate::rows::Reader;

/// Reads the durable state of the chat, and checks that each entry is as it should be.
pub(super) fn inspect(connection: &Connection, inspection: &mut Inspection) -> rusqlite::Result<()> {
    let mut reader = Reader::inspecting(connection, &mut inspection.faults);
    match load::is_saved(connection) {
        Ok(false) => {
            let remark = "of the chat nothing was saved yet";
            inspection.remarks.push(remark.to_owned());
            return Ok(());
        }
        Ok(true) => {}
        Err(error) => reader.fault(format!("chat_saved: it can't be read ({error})")),
    }
    let mut snapshot = load::load(&mut reader)?;
    snapshot.sessions = sessions::load(&mut reader)?;
    if inspection.faults.is_empty() || snapshot != Snapshot::default() {
        inspection.snapshot = Some(snapshot);
    }
    Ok(())
}
