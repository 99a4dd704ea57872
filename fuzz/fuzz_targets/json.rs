//! Our JSON reader against `serde_json`, which accepts every text that ours accepts, with the same value.
//! Ours refuses more texts, but only those that its documentation names.
#![no_main]

use fchatd_protocol::json::read::{MAX_DEPTH, Node, Tape};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|text: &str| {
    let theirs = serde_json::from_str::<Value>(text);
    match (Tape::of(text), theirs) {
        (Ok(tape), Ok(theirs)) => assert!(
            same(tape.root(), &theirs),
            "{text:?}: {:?} and {theirs:?}",
            tape.root()
        ),
        (Ok(tape), Err(fault)) => panic!("{text:?} is {:?}, and serde_json says: {fault}", tape.root()),
        (Err(fault), Ok(theirs)) => assert!(refusable(text, &theirs), "{text:?}: {fault}, and {theirs:?}"),
        (Err(_), Err(_)) => {}
    }
});

fn same(ours: Node<'_>, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Node::Null, Value::Null) => true,
        (Node::Boolean(ours), Value::Bool(theirs)) => ours == *theirs,
        (Node::Number(ours), Value::Number(theirs)) => theirs.as_f64() == Some(ours),
        (Node::Text(ours), Value::String(theirs)) => ours == theirs,
        (Node::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.zip(theirs).all(|(ours, theirs)| same(ours, theirs))
        }
        (Node::Object(members), Value::Object(theirs)) => {
            members.clone().all(|(name, _)| theirs.contains_key(name))
                && theirs
                    .iter()
                    .all(|(name, theirs)| ours.get(name).is_some_and(|ours| same(ours, theirs)))
        }
        _ => false,
    }
}

/// Whether a text that is JSON is more than we take: NUL, numbers beyond 64 bits, or too deep a nest.
fn refusable(text: &str, value: &Value) -> bool {
    text.contains("\\u0000") || digits(text) >= 19 || depth(value) > MAX_DEPTH
}

fn digits(text: &str) -> usize {
    text.split(|character: char| !character.is_ascii_digit())
        .map(str::len)
        .max()
        .unwrap_or(0)
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(elements) => 1 + elements.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
