//! Reads rows for an inspection: each field is checked, and each fault names its table and row.

use std::collections::HashSet;
use std::fmt::Display;

use rusqlite::types::FromSql;
use rusqlite::{Connection, Row};

/// A table to be read, whatever is wrong with some of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table {
    pub(super) name: &'static str,
    /// The columns of its primary key.
    pub(super) key: &'static [&'static str],
}

/// A row's fields. What can't be read is a fault, and the row is left out.
pub(super) struct Fields<'a> {
    row: &'a Row<'a>,
    /// What the row is called in what is said about it.
    pub(super) place: String,
    faults: Vec<String>,
    lost: bool,
}

impl Fields<'_> {
    /// A field; its default when it can't be read.
    pub(super) fn get<T: FromSql + Default>(&mut self, column: &str) -> T {
        self.row.get(column).unwrap_or_else(|error| {
            self.lost = true;
            self.fault(format_args!("{column} can't be read ({error})"));
            T::default()
        })
    }

    /// The field that the row is known by; `name` makes its place of it.
    pub(super) fn key<T: FromSql + Default>(&mut self, column: &str, name: impl FnOnce(&T) -> String) -> T {
        let key = self.get(column);
        self.place = name(&key);
        key
    }

    /// A text that has to be one of few.
    pub(super) fn one_of(&mut self, column: &str, allowed: &[&str]) -> String {
        let text: String = self.get(column);
        if !self.lost && !allowed.contains(&text.as_str()) {
            let allowed = allowed.join(" or ");
            self.fault(format_args!("{column} is {text:?}, but must be {allowed}"));
        }
        text
    }

    /// A number that has to be at least `least`.
    pub(super) fn at_least(&mut self, column: &str, least: i64) -> i64 {
        let number = self.get(column);
        if !self.lost && number < least {
            self.fault(format_args!("{column} is {number}, but must be at least {least}"));
        }
        number
    }

    /// A name, which must not be empty.
    pub(super) fn name(&mut self, column: &str) -> String {
        let name: String = self.get(column);
        if !self.lost && name.is_empty() {
            self.fault(format_args!("{column} is empty"));
        }
        name
    }

    /// Says what is wrong with the row.
    pub(super) fn fault(&mut self, fault: impl Display) {
        self.faults.push(fault.to_string());
    }
}

/// Reads a table from its beginning, and where that ends in damage from its end too.
#[expect(clippy::indexing_slicing, reason = "rows are only added behind this place")]
pub(super) fn read<T>(
    connection: &Connection,
    table: Table,
    faults: &mut Vec<String>,
    mut read: impl FnMut(&mut Fields<'_>) -> T,
) -> Vec<T> {
    let mut seen = HashSet::new();
    let mut rows = Vec::new();
    let forward = pass(connection, table, "ASC", &mut seen, faults, &mut read, &mut rows);
    let Err(error) = forward else {
        return rows;
    };
    let before = rows.len();
    let backward = pass(connection, table, "DESC", &mut seen, faults, &mut read, &mut rows);
    rows[before..].reverse();
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
            faults: Vec::new(),
            lost: false,
        };
        let value = read(&mut fields);
        faults.extend(
            fields
                .faults
                .iter()
                .map(|fault| format!("{}: {fault}", fields.place)),
        );
        if !fields.lost {
            found.push(value);
        }
    }
    Ok(())
}
