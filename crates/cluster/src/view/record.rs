//! The record in the engine: JSON of some hundred bytes.

use std::collections::BTreeMap;

use fchatd_protocol::json::read::{Node, Tape};
use fchatd_protocol::json::write::{self, Object};

use crate::message::is_node_name;

/// Maximum length of a record, in bytes.
pub(crate) const RECORD_MAX: usize = 16 << 10;
/// Maximum number of a view: whole numbers up to here are exact in every JSON library.
const EPOCH_MAX: u64 = (1 << 53) - 1;
/// Maximum number of addresses in a record.
const ADDRESSES: usize = 64;
/// Maximum length of an address in a record, in bytes.
const ADDRESS_MAX: usize = 300;

/// Which core leads, as it stands in the engine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Record {
    /// The number of the view. It grows by one with each change.
    pub epoch: u64,
    /// The name of the leader.
    pub leader: String,
    /// The name of the standby, which holds everything that the leader has let out.
    pub standby: Option<String>,
    /// The name of the core that has written this record.
    pub wrote: String,
    /// A random number of this write: by it the writer knows its own record again.
    pub nonce: u64,
    /// The addresses of the cores for other nodes, by name, for operators.
    pub at: BTreeMap<String, String>,
}

/// A text that is no record, with the reason as a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the record of the view in the engine can't be read: {0}")]
pub struct Unreadable(pub String);

impl Record {
    /// Whether two records are the same write. The addresses may have been edited.
    pub(crate) fn is_same_view(&self, other: &Self) -> bool {
        let write = |record: &Self| (record.epoch, record.nonce);
        write(self) == write(other)
            && self.leader == other.leader
            && self.standby == other.standby
            && self.wrote == other.wrote
    }

    /// The record as JSON, at most some kilobytes.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = Vec::with_capacity(256);
        let mut object = Object::open(&mut out);
        write::integer(object.key("epoch"), i64::try_from(self.epoch).unwrap_or(i64::MAX));
        object = object.text("leader", &self.leader);
        match &self.standby {
            Some(standby) => write::string(object.key("standby"), standby),
            None => object.key("standby").extend_from_slice(b"null"),
        }
        object = object
            .text("wrote", &self.wrote)
            .text("nonce", &format!("{:016x}", self.nonce));
        let mut addresses = Object::open(object.key("at"));
        for (node, address) in &self.at {
            addresses = addresses.text(node, address);
        }
        addresses.close();
        object.close();
        String::from_utf8(out).unwrap_or_default()
    }

    /// A record from JSON. Fields that are not known are ignored.
    ///
    /// # Errors
    /// It is no JSON, is longer than 16 KiB, or a field is missing or has another shape.
    pub fn from_json(text: &str) -> Result<Self, Unreadable> {
        if text.len() > RECORD_MAX {
            return Err(Unreadable(format!(
                "it has {} bytes, and {RECORD_MAX} are the most",
                text.len()
            )));
        }
        let tape = Tape::of(text).map_err(|error| Unreadable(error.to_string()))?;
        if !tape.is_object() {
            return Err(Unreadable("it is no JSON object".to_owned()));
        }
        let record = Self {
            epoch: epoch(&tape)?,
            leader: node(&tape, "leader")?,
            standby: match tape.get("standby") {
                None | Some(Node::Null) => None,
                Some(_) => Some(node(&tape, "standby")?),
            },
            wrote: node(&tape, "wrote")?,
            nonce: nonce(&tape)?,
            at: addresses(&tape)?,
        };
        if record.standby.as_ref() == Some(&record.leader) {
            return Err(Unreadable(format!(
                "{} is both leader and standby",
                record.leader
            )));
        }
        Ok(record)
    }
}

fn epoch(tape: &Tape) -> Result<u64, Unreadable> {
    match tape.number("epoch") {
        Some(number) if number.fract() == 0.0 && (1.0..=EPOCH_MAX as f64).contains(&number) => {
            Ok(number as u64)
        }
        _ => Err(Unreadable("\"epoch\" must be a whole number above 0".to_owned())),
    }
}

fn node(tape: &Tape, key: &str) -> Result<String, Unreadable> {
    match tape.get(key) {
        Some(Node::Text(name)) if is_node_name(name) => Ok(name.to_owned()),
        _ => Err(Unreadable(format!(
            "\"{key}\" must be the name of a core: 1 to 64 letters, digits, \".\", \"-\" and \"_\""
        ))),
    }
}

fn nonce(tape: &Tape) -> Result<u64, Unreadable> {
    match tape.get("nonce") {
        // `from_str_radix` takes a sign, too.
        Some(Node::Text(digits))
            if (1..=16).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) =>
        {
            u64::from_str_radix(digits, 16).map_err(|error| Unreadable(error.to_string()))
        }
        _ => Err(Unreadable(
            "\"nonce\" must have 1 to 16 hexadecimal digits".to_owned(),
        )),
    }
}

fn addresses(tape: &Tape) -> Result<BTreeMap<String, String>, Unreadable> {
    let wrong = || {
        Unreadable(format!(
            "\"at\" must be an object of at most {ADDRESSES} addresses by names of cores"
        ))
    };
    let mut at = BTreeMap::new();
    let members = match tape.get("at") {
        None | Some(Node::Null) => return Ok(at),
        Some(Node::Object(members)) => members,
        Some(_) => return Err(wrong()),
    };
    if members.len() > ADDRESSES {
        return Err(wrong());
    }
    for (name, value) in members {
        match value {
            // The address goes to logs and to terminals.
            Node::Text(address)
                if is_node_name(name)
                    && address.len() <= ADDRESS_MAX
                    && !address.contains(char::is_control) =>
            {
                at.insert(name.to_owned(), address.to_owned());
            }
            _ => return Err(wrong()),
        }
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NAME: &str = "[A-Za-z0-9._-]{1,64}";

    fn record() -> impl Strategy<Value = Record> {
        (
            1..=EPOCH_MAX,
            NAME,
            proptest::option::of(NAME),
            NAME,
            any::<u64>(),
            proptest::collection::btree_map(NAME, "[^\\p{Cc}]{0,40}", 0..8),
        )
            .prop_map(|(epoch, leader, standby, wrote, nonce, at)| Record {
                epoch,
                standby: standby.filter(|standby| *standby != leader),
                leader,
                wrote,
                nonce,
                at,
            })
    }

    fn sentence(text: &str) -> String {
        Record::from_json(text).unwrap_err().to_string()
    }

    proptest! {
        #[test]
        fn a_record_comes_back_from_json_as_it_was(record in record()) {
            prop_assert_eq!(Record::from_json(&record.to_json()), Ok(record));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,200}", record in record(), cut in any::<prop::sample::Index>()) {
            drop(Record::from_json(&text));
            let json = record.to_json();
            let end = cut.index(json.len());
            if let Some(beginning) = json.get(..end) {
                prop_assert!(Record::from_json(beginning).is_err());
            }
        }
    }

    #[test]
    fn the_form_is_the_documented_one() {
        let record = Record {
            epoch: 17,
            leader: "core-a".to_owned(),
            standby: None,
            wrote: "core-a".to_owned(),
            nonce: 0xf3,
            at: BTreeMap::from([("core-a".to_owned(), "10.0.0.1:9730".to_owned())]),
        };
        let text = concat!(
            r#"{"epoch":17,"leader":"core-a","standby":null,"wrote":"core-a","#,
            r#""nonce":"00000000000000f3","at":{"core-a":"10.0.0.1:9730"}}"#
        );
        assert_eq!(record.to_json(), text);
    }

    #[test]
    fn an_edited_record_is_read_when_it_says_the_same() {
        let text = r#" {"nonce":"F3", "comment":[1,{"a":2}], "wrote":"b", "leader":"a","epoch":17.0} "#;
        let record = Record::from_json(text).unwrap();
        assert_eq!((record.epoch, record.nonce, record.standby), (17, 0xf3, None));
    }

    #[test]
    fn a_text_that_is_no_record_is_refused_with_a_sentence() {
        let with = |key: &str, value: &str| {
            let fields = [
                ("epoch", "17"),
                ("leader", "\"a\""),
                ("standby", "\"b\""),
                ("wrote", "\"a\""),
                ("nonce", "\"f3\""),
                ("at", "{}"),
            ];
            let fields = fields.map(|(name, usual)| {
                let value = if name == key { value } else { usual };
                format!("\"{name}\":{value}")
            });
            format!("{{{}}}", fields.join(","))
        };
        assert_eq!(Record::from_json(&with("", "")).unwrap().epoch, 17);
        let long = format!("\"{}\"", "x".repeat(65));
        let many = (0..65)
            .map(|number| format!("\"n{number}\":\"\""))
            .collect::<Vec<_>>();
        let many = format!("{{{}}}", many.join(","));
        for (key, values) in [
            (
                "epoch",
                &["0", "-1", "1.5", "1e300", "9007199254740993", "\"17\"", "null"][..],
            ),
            ("leader", &["\"\"", "\"a b\"", "\"a\\n\"", "3", "null", &long]),
            ("standby", &["\"\"", "7", "false", "[]"]),
            ("wrote", &["\"\"", "null"]),
            (
                "nonce",
                &["\"\"", "\"+f3\"", "\"g\"", "243", "\"00000000000000000\""],
            ),
            (
                "at",
                &[
                    "[]",
                    "\"a\"",
                    "{\"a b\":\"x\"}",
                    "{\"a\":1}",
                    "{\"a\":\"\\u001b[2J\"}",
                    &many,
                ],
            ),
        ] {
            for value in values {
                let said = sentence(&with(key, value));
                assert!(said.contains(&format!("\"{key}\" must")), "{key} {value}: {said}");
            }
        }
        assert!(sentence(&with("standby", "\"a\"")).contains("a is both leader and standby"));
        for (text, part) in [
            ("", "not valid JSON"),
            ("[]", "no JSON object"),
            ("{}", "\"epoch\" must"),
            (&" ".repeat(RECORD_MAX + 1), "16384 are the most"),
        ] {
            assert!(sentence(text).contains(part), "{text:?}");
        }
    }
}
