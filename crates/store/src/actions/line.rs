//! An action as a line.

use fchatd_protocol::exchange::{self, ActionEntry, Undo};
use fchatd_protocol::json::write::{Object, integer};
use serde_json::{Map, Value};

/// A line of the action log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Its number.
    pub id: u64,
    /// The author: a character, or a name in brackets that no character has.
    pub name: String,
    /// The command.
    pub code: String,
    /// When, in Unix seconds.
    pub time: i64,
    /// The target; of several characters of an account all, with commas between them.
    pub whom: Option<String>,
    /// Their account, where it is known.
    pub account: Option<i64>,
    /// In which channel.
    pub place: Option<String>,
    /// The reason that was given.
    pub why: Option<String>,
    /// Until when it counts, in Unix seconds.
    pub until: Option<i64>,
    /// Number of the action that this one has undone.
    pub undone: Option<u64>,
    /// The line, without its end.
    pub line: String,
    arguments: Map<String, Value>,
}

impl Action {
    /// One of the command's arguments, if it is a text or a number.
    #[must_use]
    pub fn argument(&self, key: &str) -> Option<String> {
        text(&self.arguments, key)
    }
}

/// Appends an action as a line.
pub(super) fn append(out: &mut Vec<u8>, id: u64, entry: &ActionEntry) {
    // A script may give any text: a line is always one line, and JSON.
    let (members, arguments) = match serde_json::from_str(&entry.arguments) {
        Ok(Value::Object(members)) if !entry.arguments.contains(['\n', '\r']) => {
            (members, entry.arguments.as_str())
        }
        _ => (Map::new(), "{}"),
    };
    let mut object = Object::open(out);
    object.key("args").extend_from_slice(arguments.as_bytes());
    let mut object = object
        .text("name", &entry.name)
        .text("type", &entry.code)
        .integer("time", entry.time);
    integer(object.key("id"), i64::try_from(id).unwrap_or(i64::MAX));
    if let Some(target) = &entry.target {
        if !target.character.is_empty() {
            object = object.text("whom", &target.character);
        }
        if let Some(account) = target.account_id {
            object = object.integer("account", account);
        }
    }
    if let Some(channel) = &entry.channel {
        object = object.text("where", channel);
    }
    if let Some(reason) = text(&members, "reason") {
        object = object.text("why", &reason);
    }
    if let Some(until) = until(&entry.code, &members, entry.time) {
        object = object.integer("until", until);
    }
    object.close();
    out.push(b'\n');
}

/// When a timeout ends.
fn until(code: &str, arguments: &Map<String, Value>, time: i64) -> Option<i64> {
    let minutes = match code {
        "TMO" | exchange::BAN => text(arguments, "time"),
        "CTU" => text(arguments, "length"),
        _ => None,
    };
    let minutes: f64 = minutes?.trim().parse().ok()?;
    minutes
        .is_finite()
        .then(|| time.saturating_add((minutes * 60.0) as i64))
}

/// A member that is a text or a number.
fn text(members: &Map<String, Value>, key: &str) -> Option<String> {
    match members.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Reads a line; nothing when it is none.
pub(super) fn parse(line: &str) -> Option<Action> {
    // Not by the protocol's own reader, which refuses characters that may stand in a file, such as NUL.
    let mut members: Map<String, Value> = serde_json::from_str(line).ok()?;
    let arguments = match members.remove("args") {
        Some(Value::Object(arguments)) => arguments,
        _ => Map::new(),
    };
    let text = |key: &str| text(&members, key);
    let whole = |key: &str| members.get(key).and_then(Value::as_i64);
    let code = text("type")?;
    let undone = arguments.get("id").and_then(Value::as_u64);
    Some(Action {
        id: members.get("id").and_then(Value::as_u64)?,
        name: text("name")?,
        time: whole("time")?,
        whom: text("whom"),
        account: whole("account"),
        place: text("where"),
        why: text("why"),
        until: whole("until"),
        undone: undone.filter(|_| code == Undo::CODE),
        code,
        line: line.to_owned(),
        arguments,
    })
}

#[cfg(test)]
mod tests {
    use fchatd_protocol::exchange::LogParty;
    use proptest::prelude::*;

    use super::*;

    fn written(id: u64, entry: &ActionEntry) -> String {
        let mut out = Vec::new();
        append(&mut out, id, entry);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_are_exact() {
        let mut entry = ActionEntry {
            name: "Ann".into(),
            code: "TMO".into(),
            arguments: r#"{"character":"bob","reason":"a \"reason\"","time":"1.5"}"#.into(),
            time: 1000,
            target: Some(LogParty {
                character: "Bob".into(),
                character_id: Some(4),
                account_id: Some(3),
            }),
            channel: None,
        };
        assert_eq!(
            written(7, &entry),
            concat!(
                r#"{"args":{"character":"bob","reason":"a \"reason\"","time":"1.5"},"name":"Ann","type":"TMO","#,
                r#""time":1000,"id":7,"whom":"Bob","account":3,"why":"a \"reason\"","until":1090}"#,
                "\n"
            )
        );
        entry = ActionEntry {
            code: "RLD".into(),
            arguments: "{\n}".into(),
            target: None,
            ..entry
        };
        assert_eq!(
            written(8, &entry),
            "{\"args\":{},\"name\":\"Ann\",\"type\":\"RLD\",\"time\":1000,\"id\":8}\n"
        );
    }

    proptest! {
        #[test]
        fn a_written_line_can_be_read(name in any::<String>(), arguments in any::<String>(), whom in "[^\"]+",
            time in 0..4_000_000_000_i64, id in 1..1_000_000_000_u64) {
            let entry = ActionEntry {
                name: name.clone(),
                code: "CTU".into(),
                arguments,
                time,
                target: Some(LogParty { character: whom.clone(), ..LogParty::default() }),
                channel: Some(whom.clone()),
            };
            let line = written(id, &entry);
            prop_assert_eq!(line.matches('\n').count(), 1);
            let action = parse(line.trim_end_matches('\n')).unwrap();
            prop_assert_eq!((action.id, action.name, action.time), (id, name, time));
            prop_assert_eq!((action.whom, action.place), (Some(whom.clone()), Some(whom)));
        }

        #[test]
        fn any_line_is_read_without_harm(line in any::<String>()) {
            let _ = parse(&line);
        }
    }
}
