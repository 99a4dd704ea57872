//! `FKS`, the search for characters (docs/protocol.md). It is done here for scripts that define no `event.FKS` of their
//! own.

use fchatd_protocol::json::read::{Node, Tape};
use fchatd_protocol::json::write;
use fchatd_protocol::{error, frame};
use fchatd_world::{ConnectionKey, Criteria};

use crate::Core;

/// Seconds between two searches of a connection.
const PAUSE: f64 = 5.0;
/// Kinks that one search may name.
const KINKS_MAX: usize = 5;
/// The largest search, in bytes; part of it is sent back.
const BYTES_MAX: usize = 16 * 1024;
/// Characters that one search may find.
const FOUND_MAX: usize = 350;

/// The arrays that narrow a search, in the order of [`fchatd_world::SEARCH_TAGS`].
const FILTERS: [&str; 6] = [
    "genders",
    "orientations",
    "languages",
    "furryprefs",
    "roles",
    "positions",
];

impl Core {
    /// A client searches.
    pub(crate) fn search(&mut self, key: ConnectionKey, payload: &str) {
        if self.world.throttle(key, "FKS", PAUSE) {
            return self.world.send_error(key, error::THROTTLE_SEARCH, None);
        }
        // The time starts anew even where the search turns out bad.
        self.world.keep_throttles();
        if payload.len() > BYTES_MAX {
            return self.world.send_error(key, error::TOO_MANY_SEARCH_TERMS, None);
        }
        let payload = if payload.is_empty() { "{}" } else { payload };
        let parsed = self.tape.parse(payload);
        let kinks = match self.tape.get("kinks") {
            Some(Node::Array(kinks)) if parsed.is_ok() => kinks,
            _ => return self.world.send_error(key, error::BAD_SYNTAX, None),
        };
        if kinks.len() > KINKS_MAX {
            return self.world.send_error(key, error::TOO_MANY_SEARCH_TERMS, None);
        }
        let criteria = criteria(&self.tape, kinks);
        match self.world.find_matches(key, &criteria, FOUND_MAX) {
            Err(_) => self.world.send_error(key, error::TOO_MANY_SEARCH_RESULTS, None),
            Ok(found) if found.is_empty() => self.world.send_error(key, error::NO_SEARCH_RESULTS, None),
            Ok(found) => self.world.send(key, |out| {
                let mut object = frame::open(out, "FKS").strings("characters", &found);
                json(object.key("kinks"), Node::Array(kinks));
                object.close();
            }),
        }
    }
}

fn criteria<'a>(tape: &'a Tape, kinks: impl Iterator<Item = Node<'a>>) -> Criteria {
    let mut criteria = Criteria::default();
    for kink in kinks {
        match kink {
            Node::Number(number) if number.fract() == 0.0 => criteria.kinks.push(number as i64),
            Node::Text(text) => match text.parse() {
                Ok(number) => criteria.kinks.push(number),
                Err(_) => criteria.impossible = true,
            },
            // The classic server took no notice of anything else.
            _ => {}
        }
    }
    for (filter, tag) in FILTERS.iter().zip(&mut criteria.tags) {
        if let Some(Node::Array(values)) = tape.get(filter) {
            let text = |value| match value {
                Node::Text(text) => Some(text.to_owned()),
                _ => None,
            };
            *tag = Some(values.filter_map(text).collect());
        }
    }
    criteria
}

/// Writes a value as it came.
fn json(out: &mut Vec<u8>, node: Node<'_>) {
    let mut first = true;
    let mut comma = |out: &mut Vec<u8>| {
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
    };
    match node {
        Node::Null => out.extend_from_slice(b"null"),
        Node::Boolean(true) => out.extend_from_slice(b"true"),
        Node::Boolean(false) => out.extend_from_slice(b"false"),
        Node::Number(number) => write::number(out, number),
        Node::Text(text) => write::string(out, text),
        Node::Array(elements) => {
            out.push(b'[');
            for element in elements {
                comma(out);
                json(out, element);
            }
            out.push(b']');
        }
        Node::Object(members) => {
            out.push(b'{');
            for (name, member) in members {
                comma(out);
                write::string(out, name);
                out.push(b':');
                json(out, member);
            }
            out.push(b'}');
        }
    }
}
