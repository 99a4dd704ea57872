//! Names that people take for one another: the skeleton of a name, and the question whether a new name is too much
//! like one that is in use. Two names look alike when they have the same skeleton.
//!
//! The skeleton of a name is its skeleton by Unicode TR39, in lower case, without spaces and the signs `-`, `_` and `.`,
//! with `i` as `l` (the capital of the one is the small form of the other) and `w` as `vv`. Character names are ASCII,
//! so that SQLite computes the same in [`EXPRESSION`], which is indexed.

use rusqlite::{Connection, OptionalExtension, params};
use unicode_security::skeleton as unicode_skeleton;

use crate::accounts::AccountId;

/// The skeleton of the column that stands for `NAME`, for names of ASCII. The indexes of the schema have the same text.
const EXPRESSION: &str = "replace(replace(replace(replace(replace(replace(replace(replace(replace(lower(NAME), ' ', ''), '-', ''), '_', ''), '.', ''), '0', 'o'), '1', 'l'), 'i', 'l'), 'm', 'rn'), 'w', 'vv')";

/// The reason why a name is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conflict {
    /// A character of another account has exactly this name, in any case.
    Taken,
    /// A character of another account has a name that looks the same.
    LooksTaken,
    /// A moderator or an owner in the state of the chat has the name, or one that looks the same.
    HasRole,
}

/// Whether two names look alike is whether they have the same skeleton.
#[must_use]
pub fn skeleton(name: &str) -> String {
    // Twice, because some letters look like another one in one case only.
    let once: String = unicode_skeleton(name).flat_map(char::to_lowercase).collect();
    let mut skeleton = String::with_capacity(once.len() + 4);
    for letter in unicode_skeleton(&once).flat_map(char::to_lowercase) {
        match letter {
            ' ' | '-' | '_' | '.' => {}
            'i' => skeleton.push('l'),
            'w' => skeleton.push_str("vv"),
            other => skeleton.push(other),
        }
    }
    skeleton
}

/// The reason why `name` cannot be given to a character of `account`, if there is one.
pub(crate) fn conflict(
    connection: &Connection,
    name: &str,
    account: AccountId,
) -> rusqlite::Result<Option<Conflict>> {
    let skeleton = skeleton(name);
    let similar = format!(
        "SELECT name FROM character WHERE {} = ?1 AND account_id <> ?2 ORDER BY name = ?3 DESC LIMIT 1",
        expression("name")
    );
    let similar: Option<String> = connection
        .prepare_cached(&similar)?
        .query_row(params![skeleton, account.0, name], |row| row.get(0))
        .optional()?;
    if let Some(similar) = similar {
        return Ok(Some(if similar.eq_ignore_ascii_case(name) {
            Conflict::Taken
        } else {
            Conflict::LooksTaken
        }));
    }
    for (table, column) in ROLES {
        // A role that one of the account's own characters has does not stand against its other names.
        let statement = format!(
            "SELECT 1 FROM {table} AS role WHERE {} = ?1 AND NOT EXISTS (SELECT 1 FROM character AS own \
             WHERE own.name = role.{column} AND own.account_id = ?2)",
            expression(&format!("role.{column}"))
        );
        if connection
            .prepare_cached(&statement)?
            .exists(params![skeleton, account.0])?
        {
            return Ok(Some(Conflict::HasRole));
        }
    }
    Ok(None)
}

/// Where names have a role.
const ROLES: [(&str, &str); 4] = [
    ("operator", "name"),
    ("super_operator", "name"),
    ("channel", "owner"),
    ("channel_moderator", "name"),
];

/// Names that have a role in the chat and are no character's, by name.
pub(crate) fn unclaimed_roles(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let roles: Vec<_> = ROLES
        .iter()
        .map(|(table, column)| format!("SELECT {column} AS name FROM {table}"))
        .collect();
    let statement = format!(
        "SELECT min(name) FROM ({}) AS role WHERE name <> '' AND NOT EXISTS (SELECT 1 FROM character AS own \
         WHERE own.name = role.name) GROUP BY lower(name) ORDER BY lower(name)",
        roles.join(" UNION ALL ")
    );
    connection
        .prepare(&statement)?
        .query_map([], |row| row.get(0))?
        .collect()
}

fn expression(column: &str) -> String {
    EXPRESSION.replace("NAME", column)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_sqlite(connection: &Connection, name: &str) -> String {
        connection
            .query_row(&format!("SELECT {}", expression("?1")), [name], |row| row.get(0))
            .unwrap()
    }

    #[test]
    fn names_that_look_alike_have_one_skeleton() {
        for (one, other) in [
            ("Ida", "lda"),
            ("Ida", "1DA"),
            ("Bob", "B0b"),
            ("Ada Lovelace", "Ada-Lovelace"),
            ("Ada Lovelace", "ada_lovelace"),
            ("Ada Lovelace", "AdaLovelace"),
            ("Arno", "Amo"),
            ("Will", "VVi1I"),
            ("System", "Systern"),
            ("Admin", "АdMІn"),
            ("Ada", "Аda"),
        ] {
            assert_eq!(skeleton(one), skeleton(other), "{one} {other}");
        }
        for (one, other) in [("Ada", "Eda"), ("Bob", "Bobo"), ("Ada", "Ada2"), ("Dora", "Nora")] {
            assert_ne!(skeleton(one), skeleton(other), "{one} {other}");
        }
    }

    #[test]
    fn the_schema_has_the_expression() {
        let schema = include_str!("schema/7.sql");
        for column in ["name", "owner"] {
            assert!(schema.contains(&expression(column)), "{}", expression(column));
        }
    }

    #[test]
    fn the_index_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let connection = crate::Store::open(folder.path()).unwrap().connection().unwrap();
        for (table, column) in [("character", "name")].iter().chain(&ROLES) {
            let plan: String = connection
                .query_row(
                    &format!(
                        "EXPLAIN QUERY PLAN SELECT 1 FROM {table} AS role WHERE {} = 'x'",
                        expression(&format!("role.{column}"))
                    ),
                    [],
                    |row| row.get(3),
                )
                .unwrap();
            assert!(plan.contains("skeleton"), "{table}: {plan}");
        }
    }

    proptest::proptest! {
        #[test]
        fn sqlite_and_the_program_agree(name in "[ -~]{0,24}") {
            let connection = Connection::open_in_memory().unwrap();
            let letters: String = name.chars().filter(|one| one.is_ascii_alphanumeric() || " -_.".contains(*one)).collect();
            proptest::prop_assert_eq!(skeleton(&letters), by_sqlite(&connection, &letters));
        }
    }
}
