//! The form of an entry that is sent to readers.

use fchatd_protocol::exchange::{LogEntry, LogParty};
use fchatd_protocol::json::write::{Object, integer, string};

/// Appends an entry as one line of JSON, with its members in the order of docs/chat-log.md.
pub fn append(out: &mut Vec<u8>, entry: &LogEntry) {
    let mut object = Object::open(out).text("message_type", &entry.kind);
    party(
        &mut object,
        ["from_character", "from_character_id", "from_account_id"],
        Some(&entry.from),
    );
    party(
        &mut object,
        ["to_character", "to_character_id", "to_account_id"],
        entry.to.as_ref(),
    );
    let (name, title) = match &entry.channel {
        Some((name, title)) => (Some(name), Some(title)),
        None => (None, None),
    };
    text(&mut object, "channel", name);
    text(&mut object, "channel_title", title);
    text(&mut object, "body", entry.body.as_ref());
    let date = object.key("date");
    date.push(b'"');
    integer(date, entry.time);
    date.push(b'"');
    object.close();
    out.push(b'\n');
}

fn party(object: &mut Object<'_>, [name, character, account]: [&str; 3], party: Option<&LogParty>) {
    text(object, name, party.map(|party| &party.character));
    number(object, character, party.and_then(|party| party.character_id));
    number(object, account, party.and_then(|party| party.account_id));
}

fn text(object: &mut Object<'_>, key: &str, value: Option<&String>) {
    let out = object.key(key);
    match value {
        Some(value) => string(out, value),
        None => out.extend_from_slice(b"null"),
    }
}

fn number(object: &mut Object<'_>, key: &str, value: Option<i64>) {
    let out = object.key(key);
    match value {
        Some(value) => integer(out, value),
        None => out.extend_from_slice(b"null"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(entry: &LogEntry) -> String {
        let mut out = Vec::new();
        append(&mut out, entry);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_are_exact() {
        let alice = LogParty {
            character: "Alice".into(),
            character_id: Some(7),
            account_id: Some(3),
        };
        let mut entry = LogEntry {
            kind: "connect".into(),
            from: alice,
            time: 1_795_000_000_123,
            ..LogEntry::default()
        };
        assert_eq!(
            line(&entry),
            "{\"message_type\":\"connect\",\"from_character\":\"Alice\",\"from_character_id\":7,\"from_account_id\":3,\
             \"to_character\":null,\"to_character_id\":null,\"to_account_id\":null,\"channel\":null,\
             \"channel_title\":null,\"body\":null,\"date\":\"1795000000123\"}\n"
        );
        entry.kind = "channel_ban".into();
        entry.to = Some(LogParty {
            character: "B\"ob".into(),
            ..LogParty::default()
        });
        entry.channel = Some(("ADH-0123".into(), "Röom".into()));
        entry.body = Some("a\n\u{1}b".into());
        assert_eq!(
            line(&entry),
            "{\"message_type\":\"channel_ban\",\"from_character\":\"Alice\",\"from_character_id\":7,\"from_account_id\":3,\
             \"to_character\":\"B\\\"ob\",\"to_character_id\":null,\"to_account_id\":null,\"channel\":\"ADH-0123\",\
             \"channel_title\":\"Röom\",\"body\":\"a\\n\\u0001b\",\"date\":\"1795000000123\"}\n"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_one_line(body in any::<String>(), name in any::<String>()) {
            let entry = LogEntry {
                kind: "message".into(),
                from: LogParty { character: name.clone(), ..LogParty::default() },
                body: Some(body.clone()),
                ..LogEntry::default()
            };
            let line = line(&entry);
            prop_assert_eq!(line.matches('\n').count(), 1);
            let tape = fchatd_protocol::json::read::Tape::of(line.trim_end()).unwrap();
            prop_assert_eq!(tape.text("body").unwrap(), body);
            prop_assert_eq!(tape.text("from_character").unwrap(), name);
        }
    }
}
