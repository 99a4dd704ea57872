//! Inspection of a database. It changes nothing and does not stop at a fault: it names the faults, entry by entry, and reads
//! all that can still be read. It works beside a running server.

mod accounts;
mod chat;

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use fchatd_protocol::snapshot::Snapshot;
use rusqlite::{Connection, OpenFlags};

use crate::claim::Claim;
use crate::database::{FILE_NAME, LOCK_WAIT, keep_log, refuse_unfit, with_suffix};
use crate::error::StoreError;
use crate::migrate::{APPLICATION_ID, SCHEMA_VERSION, strange_definition};
use crate::wal;

/// The result of an inspection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inspection {
    /// The faults, a sentence for each entry, with its place.
    pub faults: Vec<String>,
    /// Remarks, a sentence each.
    pub remarks: Vec<String>,
    /// The readable state of the chat; nothing when none was ever saved, or none of it can be read.
    pub snapshot: Option<Snapshot>,
    /// How many accounts could be read.
    pub accounts: usize,
    /// How many characters could be read.
    pub characters: usize,
}

/// Reads everything in the data folder's database.
///
/// # Errors
/// The file is not there, empty, not a database, another program's, newer than this program, or may not be read: there
/// is nothing to say entry by entry.
pub fn inspect(folder: &Path) -> Result<Inspection, StoreError> {
    let path = folder.join(FILE_NAME);
    refuse_unfit(&path, false)?;
    // Held so that no server starts in the middle; a running one has it, and a folder on a backup disk has none.
    let claim = Claim::take(folder);
    let in_use = matches!(claim, Err(StoreError::InUse { .. }));
    let failure = |error| StoreError::from_sqlite(&path, &error);
    let connection = open(&path, in_use).map_err(failure)?;
    let mut inspection = Inspection::default();
    if !in_use && let Some(fault) = wal::fault(&path) {
        inspection.faults.push(fault);
    }
    match begin(&connection).map_err(failure) {
        Ok(()) => {}
        Err(StoreError::Damaged { .. }) => {
            // With this SQLite reads a file that is shorter than it should be as far as it goes.
            let pragma = connection.pragma_update(None, "writable_schema", true);
            pragma.and_then(|()| begin(&connection)).map_err(failure)?;
            let fault = format!("{FILE_NAME}: it is shorter than it says, so that its end is missing");
            inspection.faults.push(fault);
        }
        Err(other) => return Err(other),
    }
    if let Some(schema) = head(&connection, &path, &mut inspection)? {
        integrity(&connection, &mut inspection);
        match strange_definition(&connection, schema) {
            Ok(None) => {}
            Ok(Some(name)) => {
                let fault = format!("{FILE_NAME}: the definition of {name} is not what it should be");
                inspection.faults.push(fault);
            }
            Err(error) => inspection.faults.push(format!("{FILE_NAME}: {error}")),
        }
        accounts::inspect(&connection, schema, &mut inspection).map_err(failure)?;
        if schema == SCHEMA_VERSION {
            chat::inspect(&connection, &mut inspection).map_err(failure)?;
        } else {
            inspection.remarks.push(format!(
                "its schema is {schema}; the next start copies the file and brings it to {SCHEMA_VERSION}. \
                 The chat's own entries are checked after that"
            ));
        }
    }
    Ok(inspection)
}

fn open(path: &Path, in_use: bool) -> rusqlite::Result<Connection> {
    let logged = fs::metadata(with_suffix(path, "-wal")).is_ok_and(|log| log.len() > 0);
    let mut name = String::from("file:");
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02x}"));
        }
    }
    if !logged && !in_use {
        // Without a log there is no other process to agree with, and no need to make the files in which they would.
        name.push_str("?immutable=1");
    }
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(name, flags)?;
    connection.busy_timeout(LOCK_WAIT)?;
    keep_log(&connection, true)?;
    Ok(connection)
}

/// Everything is read from one state of the file, also while a server writes.
fn begin(connection: &Connection) -> rusqlite::Result<()> {
    if connection.is_autocommit() {
        connection.execute_batch("BEGIN")?;
    }
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
}

/// The schema; nothing when it makes no sense to go on.
fn head(
    connection: &Connection,
    path: &Path,
    inspection: &mut Inspection,
) -> Result<Option<i64>, StoreError> {
    let number = |pragma| {
        connection
            .pragma_query_value(None, pragma, |row| row.get::<_, i64>(0))
            .map_err(|error| StoreError::from_sqlite(path, &error))
    };
    let path = path.to_owned();
    if number("application_id")? != APPLICATION_ID {
        return Err(StoreError::Foreign { path });
    }
    match number("user_version")? {
        found if found > SCHEMA_VERSION => Err(StoreError::Newer {
            path,
            found,
            known: SCHEMA_VERSION,
        }),
        found if found < 1 => {
            inspection
                .faults
                .push(format!("{FILE_NAME}: its schema version is {found}"));
            Ok(None)
        }
        found => Ok(Some(found)),
    }
}

/// The faults that SQLite itself finds: pages, indices, constraints, references.
fn integrity(connection: &Connection, inspection: &mut Inspection) {
    let faults = &mut inspection.faults;
    let found = connection
        .prepare("PRAGMA integrity_check")
        .and_then(|mut statement| {
            statement
                .query_map([], |row| row.get::<_, String>(0))?
                .collect::<rusqlite::Result<Vec<_>>>()
        });
    match found {
        Ok(lines) => faults.extend(
            lines
                .iter()
                .flat_map(|text| text.lines())
                .filter(|line| *line != "ok" && !line.starts_with("*** in database"))
                .map(|line| format!("{FILE_NAME}: {line}")),
        ),
        Err(error) => faults.push(format!("{FILE_NAME}: {error}")),
    }
    let found = connection
        .prepare("SELECT \"table\", rowid, parent FROM pragma_foreign_key_check")
        .and_then(|mut statement| {
            let read = |row: &rusqlite::Row<'_>| -> rusqlite::Result<String> {
                let table: String = row.get(0)?;
                let parent: String = row.get(2)?;
                Ok(format!(
                    "a row of {table} belongs to a {parent} that is not there"
                ))
            };
            statement
                .query_map([], read)?
                .collect::<rusqlite::Result<Vec<_>>>()
        });
    match found {
        Ok(strays) => faults.extend(strays),
        Err(error) => faults.push(format!("what belongs to what can't be checked: {error}")),
    }
}
