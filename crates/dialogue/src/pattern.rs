//! Placeholders in plays, for texts that are not known in advance.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde_json::Value;

/// Captured texts by name.
pub type Captured = BTreeMap<String, String>;

/// Replaces `${name}`, `${name|lower}`, and `<x*3>` by its repetition `xxx`, in a text to send.
///
/// # Errors
/// A name without a captured text.
pub fn fill(text: &str, captured: &Captured) -> Result<String, String> {
    let mut filled = String::new();
    for part in parts(text) {
        match part {
            Part::Literal(literal) => filled.push_str(&literal),
            Part::Text => filled.push_str("<text>"),
            Part::Captured { name, lower } => match captured.get(&name) {
                Some(value) if lower => filled.push_str(&value.to_lowercase()),
                Some(value) => filled.push_str(value),
                None => return Err(format!("nothing was captured as ${{{name}}}")),
            },
        }
    }
    Ok(filled)
}

/// Whether a value matches an expected one. New names are captured.
pub fn matches(expected: &Value, actual: &Value, captured: &mut Captured) -> bool {
    match (expected, actual) {
        (Value::String(pattern), actual) => matches_text(pattern, actual, captured),
        (Value::Object(expected), Value::Object(actual)) => {
            // Fields with nothing but a name come first: they define the name most clearly.
            let (names, others): (Vec<_>, Vec<_>) = expected.iter().partition(|(_, value)| is_name(value));
            expected.len() == actual.len()
                && names.into_iter().chain(others).all(|(key, value)| {
                    actual
                        .get(key)
                        .is_some_and(|actual| matches(value, actual, captured))
                })
        }
        (Value::Array(expected), Value::Array(actual)) => match expected.split_first() {
            Some((Value::String(mark), expected)) if mark == "<in any order>" => {
                matches_unordered(expected, actual, captured)
            }
            _ => {
                expected.len() == actual.len()
                    && expected
                        .iter()
                        .zip(actual)
                        .all(|(one, other)| matches(one, other, captured))
            }
        },
        // Integers have no fraction on the wire, and `3` does not equal `3.0` here.
        (expected, actual) => expected == actual,
    }
}

fn is_name(value: &Value) -> bool {
    let name = value
        .as_str()
        .and_then(|text| text.strip_prefix("${")?.strip_suffix('}'));
    name.is_some_and(|name| !name.contains('}'))
}

fn matches_unordered(expected: &[Value], actual: &[Value], captured: &mut Captured) -> bool {
    let mut left: Vec<&Value> = actual.iter().collect();
    for value in expected {
        let Some(place) = left.iter().position(|actual| matches(value, actual, captured)) else {
            return false;
        };
        left.remove(place);
    }
    left.is_empty()
}

fn matches_text(pattern: &str, actual: &Value, captured: &mut Captured) -> bool {
    match (pattern, actual) {
        ("<any>", _) => true,
        ("<number>", actual) => actual.is_number(),
        (pattern, Value::Number(number)) => match (range(pattern), number.as_i64()) {
            (Some(range), Some(number)) => range.contains(&number),
            _ => false,
        },
        (pattern, Value::String(actual)) => matches_parts(&parts(pattern), actual, captured),
        _ => false,
    }
}

/// `<number 1 to 6>`, `<number -3 to -1>`
fn range(pattern: &str) -> Option<RangeInclusive<i64>> {
    let (least, most) = pattern
        .strip_prefix("<number ")?
        .strip_suffix('>')?
        .split_once(" to ")?;
    Some(least.parse().ok()?..=most.parse().ok()?)
}

#[derive(Debug, Clone)]
enum Part {
    Literal(String),
    /// Any text, including the empty one.
    Text,
    Captured {
        name: String,
        lower: bool,
    },
}

fn parts(mut pattern: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    while let Some(first) = pattern.chars().next() {
        let special = if let Some(rest) = pattern.strip_prefix("<text>") {
            Some((Part::Text, rest))
        } else if let Some((name, rest)) = pattern.strip_prefix("${").and_then(|rest| rest.split_once('}')) {
            let (name, lower) = match name.strip_suffix("|lower") {
                Some(name) => (name, true),
                None => (name, false),
            };
            Some((
                Part::Captured {
                    name: name.to_owned(),
                    lower,
                },
                rest,
            ))
        } else {
            repeated(pattern).map(|(text, rest)| (Part::Literal(text), rest))
        };
        match special {
            Some((Part::Literal(text), rest)) => {
                literal.push_str(&text);
                pattern = rest;
            }
            Some((part, rest)) => {
                if !literal.is_empty() {
                    parts.push(Part::Literal(std::mem::take(&mut literal)));
                }
                parts.push(part);
                pattern = rest;
            }
            None => {
                literal.push(first);
                pattern = pattern.get(first.len_utf8()..).unwrap_or("");
            }
        }
    }
    if !literal.is_empty() {
        parts.push(Part::Literal(literal));
    }
    parts
}

/// `<x*3>` is `xxx`.
fn repeated(pattern: &str) -> Option<(String, &str)> {
    let (inside, rest) = pattern.strip_prefix('<')?.split_once('>')?;
    let (text, count) = inside.rsplit_once('*')?;
    Some((text.repeat(count.parse().ok()?), rest))
}

fn matches_parts(parts: &[Part], actual: &str, captured: &mut Captured) -> bool {
    let Some((first, rest)) = parts.split_first() else {
        return actual.is_empty();
    };
    let known = match first {
        Part::Literal(literal) => Some(literal.clone()),
        Part::Captured { name, lower } => {
            let value = captured.get(name);
            value.map(|value| {
                if *lower {
                    value.to_lowercase()
                } else {
                    value.clone()
                }
            })
        }
        Part::Text => None,
    };
    if let Some(known) = known {
        return actual
            .strip_prefix(known.as_str())
            .is_some_and(|actual| matches_parts(rest, actual, captured));
    }
    let ends = actual
        .char_indices()
        .map(|(place, _)| place)
        .chain([actual.len()]);
    for end in ends {
        let (Some(taken), Some(left)) = (actual.get(..end), actual.get(end..)) else {
            continue;
        };
        let mut trial = captured.clone();
        if let Part::Captured { name, .. } = first {
            if taken.is_empty() {
                continue;
            }
            trial.insert(name.clone(), taken.to_owned());
        }
        if matches_parts(rest, left, &mut trial) {
            *captured = trial;
            return true;
        }
    }
    false
}
