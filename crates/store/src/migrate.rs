//! The steps from one schema version to the next, and the checks of the schema before the first use of a file.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, TransactionBehavior};

use crate::copy::copy_before;
use crate::error::StoreError;

/// Marks the file as ours in SQLite's header: "FCHD".
pub(crate) const APPLICATION_ID: i64 = 0x4643_4844;

/// Step n brings a file from schema n to n + 1. A step that was ever released is never edited; new ones go to the end.
const STEPS: &[&str] = &[
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
    include_str!("schema/5.sql"),
    include_str!("schema/6.sql"),
    include_str!("schema/7.sql"),
    include_str!("schema/8.sql"),
    include_str!("schema/9.sql"),
    include_str!("schema/10.sql"),
    include_str!("schema/11.sql"),
    include_str!("schema/12.sql"),
    include_str!("schema/13.sql"),
    include_str!("schema/14.sql"),
    include_str!("schema/15.sql"),
    include_str!("schema/16.sql"),
];

/// The schema that this program works with.
pub(crate) const SCHEMA_VERSION: i64 = STEPS.len() as i64;

/// Refuses files that are damaged, not ours, or that come from the future, and gives the schema. Changes nothing.
pub(crate) fn check(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
    let failure = |error| StoreError::from_sqlite(path, &error);
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    if number("application_id").map_err(failure)? != APPLICATION_ID {
        return Err(StoreError::Foreign {
            path: path.to_owned(),
        });
    }
    let found = number("user_version").map_err(failure)?;
    if found > SCHEMA_VERSION {
        return Err(StoreError::Newer {
            path: path.to_owned(),
            found,
            known: SCHEMA_VERSION,
        });
    }
    if found < 1 {
        let detail = format!("its schema version is {found}");
        return Err(StoreError::Damaged {
            path: path.to_owned(),
            detail,
        });
    }
    let verdict: String = connection
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(failure)?;
    if verdict != "ok" {
        return Err(StoreError::Damaged {
            path: path.to_owned(),
            detail: verdict,
        });
    }
    let strange = match strange_definition(connection, found).map_err(failure)? {
        Some(name) => Some(format!("the definition of {name} is not what it should be")),
        None => unreadable_text(connection).map_err(failure)?,
    };
    if let Some(detail) = strange {
        return Err(StoreError::Damaged {
            path: path.to_owned(),
            detail,
        });
    }
    Ok(found)
}

/// A table or index that is not as the steps up to `schema` make it. One flipped bit in a definition is enough for
/// SQLite to take the rows for something else.
pub(crate) fn strange_definition(connection: &Connection, schema: i64) -> rusqlite::Result<Option<String>> {
    let fresh = Connection::open_in_memory()?;
    for step in STEPS.iter().take(usize::try_from(schema).unwrap_or(0)) {
        fresh.execute_batch(step)?;
    }
    let definitions = |connection: &Connection| -> rusqlite::Result<BTreeSet<(String, Option<String>)>> {
        connection
            .prepare("SELECT name, sql FROM sqlite_schema")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
    };
    let missing = definitions(&fresh)?
        .difference(&definitions(connection)?)
        .next()
        .map(|(name, _)| name.clone());
    Ok(missing)
}

/// The first text that is not UTF-8, which SQLite itself does not check.
fn unreadable_text(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let tables: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for table in tables {
        let quoted = table.replace('"', "\"\"");
        let mut statement = connection.prepare(&format!("SELECT * FROM \"{quoted}\""))?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                if let ValueRef::Text(text) = row.get_ref(column)?
                    && std::str::from_utf8(text).is_err()
                {
                    return Ok(Some(format!("a text in {table} is not UTF-8")));
                }
            }
        }
    }
    Ok(None)
}

/// Brings an older file up to date, after a copy of it was made.
pub(crate) fn upgrade_with_copy(
    connection: &mut Connection,
    path: &Path,
    found: i64,
) -> Result<(), StoreError> {
    let Some(copy) = copy_before(connection, path, found)? else {
        // Another process was quicker.
        return Ok(());
    };
    upgrade(connection).map_err(|error| match StoreError::from_sqlite(path, &error) {
        StoreError::Failed { path, detail } => StoreError::NotUpgraded {
            path,
            copy,
            found,
            wanted: SCHEMA_VERSION,
            detail,
        },
        other => other,
    })
}

/// Applies the missing steps, all or none.
pub(crate) fn upgrade(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = transaction.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))?;
    let done = usize::try_from(found).unwrap_or(0);
    for step in STEPS.iter().skip(done) {
        transaction.execute_batch(step)?;
    }
    if done < STEPS.len() {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    }
    transaction.commit()
}
