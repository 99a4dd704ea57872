//! Files with accounts to be taken over: CSV with a head line, or a JSON array of objects.

use std::fmt;

use serde_json::{Map, Value};

use crate::secret::Secret;

/// The columns of CSV, and the members of JSON objects.
const FIELDS: [&str; 6] = [
    "name",
    "password",
    "password_hash",
    "characters",
    "admin",
    "banned",
];

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportFormat {
    /// Lines with commas, semicolons or tabs, the first with the names of the columns.
    Csv,
    /// An array of objects.
    Json,
}

/// Where in the file something stands, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A line of CSV.
    Line(usize),
    /// An element of a JSON array.
    Entry(usize),
}

impl Place {
    pub(super) fn number(&self) -> usize {
        match self {
            Self::Line(number) | Self::Entry(number) => *number,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(number) => write!(formatter, "line {number}"),
            Self::Entry(number) => write!(formatter, "entry {number}"),
        }
    }
}

/// The fault of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryFault {
    /// Where it stands.
    pub place: Place,
    /// The fault, as a phrase.
    pub fault: String,
}

impl fmt::Display for EntryFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.fault)
    }
}

/// The password of an account that is taken over.
#[derive(Debug, Clone)]
pub enum Password {
    /// As its owner types it.
    Plain(Secret),
    /// Its hash, as a PHC string.
    Hashed(Secret),
}

/// An account as a file has it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where it stands.
    pub place: Place,
    /// The account's name.
    pub name: String,
    /// Its password.
    pub password: Password,
    /// Names of its characters, and their genders where they are told.
    pub characters: Vec<(String, Option<String>)>,
    /// Whether its characters are administrators of the chat.
    pub admin: bool,
    /// Whether it may not enter.
    pub banned: bool,
}

/// Reads a whole file; the fault of a single entry stands in its place.
///
/// # Errors
/// A sentence that says why the file can't be read at all.
pub fn read(text: &str, format: ImportFormat) -> Result<Vec<Result<Entry, EntryFault>>, String> {
    // Spreadsheets begin their files with a byte order mark.
    let text = text.trim_start_matches('\u{feff}');
    match format {
        ImportFormat::Csv => csv(text),
        ImportFormat::Json => json(text),
    }
}

fn csv(text: &str) -> Result<Vec<Result<Entry, EntryFault>>, String> {
    let head_line = text.lines().next().unwrap_or_default();
    let separator = [';', '\t']
        .into_iter()
        .find(|&one| head_line.contains(one))
        .unwrap_or(',');
    let mut records = records(text, separator).into_iter();
    let head = match records.next() {
        Some((_, Ok(head))) => head,
        _ => Vec::new(),
    };
    let columns: Vec<_> = head.iter().map(|name| name.trim().to_ascii_lowercase()).collect();
    if let Some(strange) = columns.iter().find(|name| !FIELDS.contains(&name.as_str())) {
        return Err(format!(
            "the first line has to name the columns; {strange:?} is none of {}",
            FIELDS.join(", ")
        ));
    }
    if !columns.iter().any(|name| name == "name") {
        return Err(format!(
            "the first line has to name the columns, of which \"name\" is needed: {}",
            FIELDS.join(", ")
        ));
    }
    let entries = records.map(|(line, record)| {
        let place = Place::Line(line);
        let entry = record.and_then(|record| {
            if record.len() != columns.len() {
                return Err(format!(
                    "it has {} columns, but there are {}",
                    record.len(),
                    columns.len()
                ));
            }
            let field = |name: &str| {
                let column = columns.iter().position(|column| column == name);
                column
                    .and_then(|column| record.get(column))
                    .map_or("", String::as_str)
            };
            let names = field("characters").split([';', '|']).map(str::trim);
            Ok(Entry {
                place: place.clone(),
                name: field("name").trim().to_owned(),
                password: password(field("password"), field("password_hash").trim())?,
                characters: names
                    .filter(|name| !name.is_empty())
                    .map(|name| (name.to_owned(), None))
                    .collect(),
                admin: flag("admin", field("admin"))?,
                banned: flag("banned", field("banned"))?,
            })
        });
        entry.map_err(|fault| EntryFault { place, fault })
    });
    Ok(entries.collect())
}

type Record = Result<Vec<String>, String>;

/// The lines with something in them, split into fields; a field in quotes may hold separators, line ends and doubled
/// quotes.
fn records(text: &str, separator: char) -> Vec<(usize, Record)> {
    let mut found = Vec::new();
    let mut characters = text.chars().peekable();
    let mut line = 1;
    while characters.peek().is_some() {
        let first = line;
        let (mut record, mut field) = (Vec::new(), String::new());
        let (mut quoted, mut fault) = (false, None);
        loop {
            let Some(character) = characters.next() else {
                if quoted {
                    fault = Some("a quote is opened and never closed".to_owned());
                }
                break;
            };
            if character == '\n' {
                line += 1;
            }
            match character {
                '"' if quoted && characters.peek() == Some(&'"') => {
                    characters.next();
                    field.push('"');
                }
                '"' if quoted => quoted = false,
                '"' if field.is_empty() => quoted = true,
                '\n' if !quoted => break,
                '\r' if !quoted && characters.peek() == Some(&'\n') => {}
                other if other == separator && !quoted => record.push(std::mem::take(&mut field)),
                other => field.push(other),
            }
        }
        if record.is_empty() && field.trim().is_empty() && fault.is_none() {
            continue;
        }
        record.push(field);
        found.push((first, fault.map_or(Ok(record), Err)));
    }
    found
}

fn json(text: &str) -> Result<Vec<Result<Entry, EntryFault>>, String> {
    let entries: Vec<Value> = serde_json::from_str(text)
        .map_err(|error| format!("it has to be a JSON array of objects: {error}"))?;
    let entries = entries.into_iter().enumerate().map(|(index, value)| {
        let place = Place::Entry(index + 1);
        let entry = match value {
            Value::Object(members) => from_object(&place, &members),
            _ => Err("it is not an object".to_owned()),
        };
        entry.map_err(|fault| EntryFault { place, fault })
    });
    Ok(entries.collect())
}

fn from_object(place: &Place, members: &Map<String, Value>) -> Result<Entry, String> {
    if let Some(strange) = members.keys().find(|key| !FIELDS.contains(&key.as_str())) {
        return Err(format!("{strange:?} is none of {}", FIELDS.join(", ")));
    }
    let text = |name: &str| match members.get(name) {
        None | Some(Value::Null) => Ok(""),
        Some(Value::String(text)) => Ok(text.as_str()),
        // Not the value itself: it may be a password.
        Some(_) => Err(format!("{name:?} has to be text")),
    };
    let switch = |name: &str| match members.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(value)) => Ok(*value),
        Some(Value::Number(number)) => flag(name, &number.to_string()),
        Some(Value::String(text)) => flag(name, text),
        Some(_) => Err(format!("{name:?} has to be true or false")),
    };
    let characters = match members.get("characters") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => list.iter().map(character).collect::<Result<_, _>>()?,
        Some(_) => return Err("\"characters\" has to be an array".to_owned()),
    };
    Ok(Entry {
        place: place.clone(),
        name: text("name")?.trim().to_owned(),
        password: password(text("password")?, text("password_hash")?.trim())?,
        characters,
        admin: switch("admin")?,
        banned: switch("banned")?,
    })
}

/// A name, or an object with a name and a gender.
fn character(value: &Value) -> Result<(String, Option<String>), String> {
    let fault = || "a character has to be a name, or an object with \"name\" and \"gender\"".to_owned();
    match value {
        Value::String(name) => Ok((name.clone(), None)),
        Value::Object(members) if members.keys().all(|key| key == "name" || key == "gender") => {
            let text = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
            Ok((text("name").ok_or_else(fault)?, text("gender")))
        }
        _ => Err(fault()),
    }
}

fn password(plain: &str, hash: &str) -> Result<Password, String> {
    match (plain, hash) {
        ("", "") => Err("it has neither a password nor a password_hash".to_owned()),
        (plain, "") => Ok(Password::Plain(Secret::new(plain))),
        ("", hash) => Ok(Password::Hashed(Secret::new(hash))),
        _ => Err("it has both a password and a password_hash".to_owned()),
    }
}

fn flag(name: &str, text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "" | "0" | "no" | "false" | "off" => Ok(false),
        "1" | "yes" | "true" | "on" => Ok(true),
        _ => Err(format!("{name:?} has to be true or false")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn faults(text: &str, format: ImportFormat) -> Vec<String> {
        let entries = read(text, format).unwrap();
        let faults = entries.into_iter().filter_map(Result::err);
        faults.map(|fault| fault.to_string()).collect()
    }

    #[test]
    fn csv_as_spreadsheets_write_it() {
        let text = "\u{feff}Name;Password;Characters;Admin\r\nada;\"pass;\"\"word\"\"\";\"Ada; Zoe\";yes\r\n\r\nbob;\" two\nlines \";;\r\n";
        let entries: Vec<_> = read(text, ImportFormat::Csv)
            .unwrap()
            .into_iter()
            .map(|entry| entry.unwrap())
            .collect();
        let plain = |entry: &Entry| match &entry.password {
            Password::Plain(password) => password.reveal().to_owned(),
            Password::Hashed(_) => String::new(),
        };
        assert_eq!(
            (
                entries[0].name.as_str(),
                plain(&entries[0]).as_str(),
                entries[0].admin
            ),
            ("ada", "pass;\"word\"", true)
        );
        let names: Vec<_> = entries[0]
            .characters
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(names, ["Ada", "Zoe"]);
        assert_eq!(
            (plain(&entries[1]).as_str(), &entries[1].place),
            (" two\nlines ", &Place::Line(4))
        );
    }

    #[test]
    fn mistakes_are_told_line_by_line() {
        let text = "name,password,password_hash,banned\nada,secret,$x,\nbob,,,\ncem,secret,,perhaps\ndot,secret\neve,\"open\n";
        assert_eq!(
            faults(text, ImportFormat::Csv),
            [
                "line 2: it has both a password and a password_hash",
                "line 3: it has neither a password nor a password_hash",
                "line 4: \"banned\" has to be true or false",
                "line 5: it has 2 columns, but there are 4",
                "line 6: a quote is opened and never closed",
            ]
        );
        for head in ["", "ada,secret", "name,pasword", "password"] {
            assert!(read(head, ImportFormat::Csv).is_err(), "{head:?}");
        }
    }

    #[test]
    fn json_has_the_same_fields() {
        let text = r#"[{"name": "ada", "password": "x", "characters": ["Ada", {"name": "Zoe", "gender": "Female"}], "banned": 1},
            7, {"name": 7, "password": "x"}, {"name": "x", "mail": "x"}, {"name": "x", "password": ["secret"]},
            {"name": "x", "password": "x", "characters": [{"gender": "None"}]}]"#;
        let entries = read(text, ImportFormat::Json).unwrap();
        let ada = entries[0].as_ref().unwrap();
        assert!(ada.banned && !ada.admin);
        assert_eq!(ada.characters[1], ("Zoe".to_owned(), Some("Female".to_owned())));
        assert_eq!(
            faults(text, ImportFormat::Json),
            [
                "entry 2: it is not an object",
                "entry 3: \"name\" has to be text",
                "entry 4: \"mail\" is none of name, password, password_hash, characters, admin, banned",
                "entry 5: \"password\" has to be text",
                "entry 6: a character has to be a name, or an object with \"name\" and \"gender\"",
            ]
        );
        for strange in ["", "{}", "[", "7"] {
            assert!(read(strange, ImportFormat::Json).is_err(), "{strange:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(name,password\n)?[\"a,;\n\r\t]{0,60}") {
            let _ = read(&text, ImportFormat::Csv);
            let _ = read(&text, ImportFormat::Json);
        }

        #[test]
        fn quoted_fields_are_read(fields in prop::collection::vec("[a\",;\n\r ]{0,6}", 2..5)) {
            let quoted: Vec<_> = fields.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\""))).collect();
            let found = records(&quoted.join(","), ',');
            prop_assert_eq!(found, vec![(1, Ok(fields))]);
        }
    }
}
