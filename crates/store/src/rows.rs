//! Reading tables row by row, for two purposes with the same code. Loading ends at the first value that cannot be read
//! and checks nothing else. An inspection skips such rows, goes on, and collects a sentence for each fault.

use std::collections::HashSet;
use std::fmt::Display;

use rusqlite::types::{FromSql, Type};
use rusqlite::{Connection, Row};
use serde::de::DeserializeOwned;

/// A table to be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table {
    name: &'static str,
    /// The columns of its primary key.
    key: &'static [&'static str],
}

/// A table and the columns of its primary key.
pub(crate) const fn table(name: &'static str, key: &'static [&'static str]) -> Table {
    Table { name, key }
}

/// Reads the tables of one database.
pub(crate) struct Reader<'a> {
    connection: &'a Connection,
    /// The faults found by an inspection; `None` while loading.
    faults: Option<&'a mut Vec<String>>,
}

impl<'a> Reader<'a> {
    /// A reader that ends at the first value that cannot be read.
    pub(crate) fn loading(connection: &'a Connection) -> Self {
        let faults = None;
        Self { connection, faults }
    }

    /// A reader that never fails and adds a sentence to `faults` for each fault.
    pub(crate) fn inspecting(connection: &'a Connection, faults: &'a mut Vec<String>) -> Self {
        let faults = Some(faults);
        Self { connection, faults }
    }

    /// Adds a fault that concerns more than one row; loading ignores it.
    pub(crate) fn fault(&mut self, fault: String) {
        if let Some(faults) = &mut self.faults {
            faults.push(fault);
        }
    }

    /// Reads a table in the order of its key. An inspection that meets damage on the way reads from the end too.
    ///
    /// # Errors
    /// While loading: a value cannot be read, or is not of the type that `read` asks for.
    pub(crate) fn rows<T>(
        &mut self,
        table: Table,
        mut read: impl FnMut(&mut Fields<'_>) -> T,
    ) -> rusqlite::Result<Vec<T>> {
        match self.faults.as_deref_mut() {
            None => load(self.connection, table, &mut read),
            Some(faults) => Ok(inspect(self.connection, table, faults, &mut read)),
        }
    }
}

/// The fields of a row. A row with a value that cannot be read is left out by an inspection and an error while loading.
pub(crate) struct Fields<'a> {
    row: &'a Row<'a>,
    /// The row's name in sentences about it.
    place: String,
    /// The faults of the row; `None` while loading.
    faults: Option<Vec<String>>,
    /// The first value that could not be read.
    failure: Option<rusqlite::Error>,
}

impl Fields<'_> {
    /// A field; its default when it can't be read.
    pub(crate) fn get<T: FromSql + Default>(&mut self, column: &str) -> T {
        self.row.get(column).unwrap_or_else(|error| {
            self.fault(format_args!("{column} can't be read ({error})"));
            self.fail(error);
            T::default()
        })
    }

    /// The field by which the row is known; `name` makes the row's name of it.
    pub(crate) fn key<T: FromSql + Default>(&mut self, column: &str, name: impl FnOnce(&T) -> String) -> T {
        let key = self.get(column);
        if self.faults.is_some() {
            self.place = name(&key);
        }
        key
    }

    /// A text that has to be one of few.
    pub(crate) fn one_of(&mut self, column: &str, allowed: &[&str]) -> String {
        let text: String = self.get(column);
        if self.failure.is_none() && !allowed.contains(&text.as_str()) {
            let allowed = allowed.join(" or ");
            self.fault(format_args!("{column} is {text:?}, but must be {allowed}"));
        }
        text
    }

    /// A number that has to be at least `least`.
    pub(crate) fn at_least(&mut self, column: &str, least: i64) -> i64 {
        let number = self.get(column);
        if self.failure.is_none() && number < least {
            self.fault(format_args!("{column} is {number}, but must be at least {least}"));
        }
        number
    }

    /// A number that must not be negative; 0 when it is.
    pub(crate) fn count(&mut self, column: &str) -> u64 {
        u64::try_from(self.at_least(column, 0)).unwrap_or(0)
    }

    /// A name, which must not be empty.
    pub(crate) fn name(&mut self, column: &str) -> String {
        let name: String = self.get(column);
        if self.failure.is_none() && name.is_empty() {
            self.fault(format_args!("{column} is empty"));
        }
        name
    }

    /// A value that is kept as JSON. An inspection takes its default when it can't be read.
    pub(crate) fn json<T: DeserializeOwned + Default>(&mut self, column: &str) -> T {
        let text: String = self.get(column);
        serde_json::from_str(&text).unwrap_or_else(|error| {
            self.fault(format_args!("its {column} is not as it should be ({error})"));
            if self.faults.is_none() {
                self.unfit(error);
            }
            T::default()
        })
    }

    /// Adds a fault of the row; loading ignores it.
    pub(crate) fn fault(&mut self, fault: impl Display) {
        if let Some(faults) = &mut self.faults {
            faults.push(fault.to_string());
        }
    }

    /// The row is of no use: an inspection leaves it out, and loading ends.
    pub(crate) fn unfit(&mut self, reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) {
        self.fail(rusqlite::Error::FromSqlConversionFailure(
            0,
            Type::Text,
            reason.into(),
        ));
    }

    fn fail(&mut self, error: rusqlite::Error) {
        self.failure.get_or_insert(error);
    }
}

fn load<T>(
    connection: &Connection,
    table: Table,
    read: &mut impl FnMut(&mut Fields<'_>) -> T,
) -> rusqlite::Result<Vec<T>> {
    let statement = format!("SELECT * FROM {} ORDER BY {}", table.name, table.key.join(", "));
    let mut statement = connection.prepare(&statement)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let mut fields = Fields {
            row,
            place: String::new(),
            faults: None,
            failure: None,
        };
        let value = read(&mut fields);
        match fields.failure {
            None => found.push(value),
            Some(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Reads a table from its beginning, and where that ends in damage from its end too.
fn inspect<T>(
    connection: &Connection,
    table: Table,
    faults: &mut Vec<String>,
    read: &mut impl FnMut(&mut Fields<'_>) -> T,
) -> Vec<T> {
    let mut seen = HashSet::new();
    let mut rows = Vec::new();
    let forward = pass(connection, table, "ASC", &mut seen, faults, read, &mut rows);
    let Err(error) = forward else {
        return rows;
    };
    let mut later = Vec::new();
    let backward = pass(connection, table, "DESC", &mut seen, faults, read, &mut later);
    later.reverse();
    rows.append(&mut later);
    faults.push(match backward {
        Ok(()) => format!("{}: some of its rows are lost ({error})", table.name),
        Err(_) if rows.is_empty() => format!("{}: it can't be read ({error})", table.name),
        Err(_) => format!("{}: rows in its middle can't be read ({error})", table.name),
    });
    rows
}

fn pass<T>(
    connection: &Connection,
    table: Table,
    direction: &str,
    seen: &mut HashSet<String>,
    faults: &mut Vec<String>,
    read: &mut impl FnMut(&mut Fields<'_>) -> T,
    found: &mut Vec<T>,
) -> rusqlite::Result<()> {
    let order: Vec<_> = table
        .key
        .iter()
        .map(|column| format!("{column} {direction}"))
        .collect();
    // The table itself, not an index of it, which may be damaged too.
    let statement = format!(
        "SELECT {}, * FROM {} NOT INDEXED ORDER BY {}",
        table.key.join(", "),
        table.name,
        order.join(", ")
    );
    let mut statement = connection.prepare(&statement)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let key: Vec<_> = (0..table.key.len())
            .map(|column| format!("{:?}", row.get_ref(column)))
            .collect();
        if !seen.insert(key.join(", ")) {
            continue;
        }
        let mut fields = Fields {
            row,
            place: format!("{} {}", table.name, key.join(", ")),
            faults: Some(Vec::new()),
            failure: None,
        };
        let value = read(&mut fields);
        let of_row = fields.faults.unwrap_or_default();
        faults.extend(of_row.iter().map(|fault| format!("{}: {fault}", fields.place)));
        if fields.failure.is_none() {
            found.push(value);
        }
    }
    Ok(())
}
