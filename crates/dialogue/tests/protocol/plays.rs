//! The frames in the plays.

use std::path::Path;

use fchatd_dialogue::plays_in;
use serde_json::Value;

/// Every received frame in the plays: its code and its keys.
pub(crate) fn heard() -> Vec<(String, Vec<String>)> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/dialogues"));
    let mut frames = Vec::new();
    for file in plays_in(folder).unwrap() {
        let text = std::fs::read_to_string(&file).unwrap();
        for sentence in sentences(&text) {
            let frame = [" hears ", " hear "]
                .iter()
                .find_map(|verb| sentence.split_once(verb));
            let Some((code, payload)) = frame.and_then(|(_, frame)| frame.split_once(' ')) else {
                continue;
            };
            if let Ok(Value::Object(payload)) = serde_json::from_str(payload) {
                frames.push((code.to_owned(), payload.keys().cloned().collect()));
            }
        }
    }
    assert!(frames.len() > 100, "the plays are written in another way now");
    frames
}

/// Sentences, with their continuation lines joined.
fn sentences(text: &str) -> Vec<String> {
    let mut sentences: Vec<String> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        match sentences.last_mut() {
            Some(last) if line.starts_with(' ') => last.push_str(line),
            _ => sentences.push(line.to_owned()),
        }
    }
    sentences
}
