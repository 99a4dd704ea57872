//! Reads the members of a JSON object of the classic server and collects the faults, each with its place in the file.

use serde_json::{Map, Value};

/// Collects the faults, each with its place.
#[derive(Debug, Default)]
pub(super) struct Faults(pub(super) Vec<String>);

impl Faults {
    /// How many there are; an entry that adds none is clear.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    pub(super) fn add(&mut self, place: &str, fault: impl std::fmt::Display) {
        self.0.push(format!("{place}: {fault}"));
    }
}

/// An object with members that are taken out one by one, so that the members left over can be named.
#[derive(Debug)]
pub(super) struct Members {
    place: String,
    members: Map<String, Value>,
}

impl Members {
    /// The object at `place`; a fault and nothing for any other value.
    pub(super) fn new(place: String, value: Value, faults: &mut Faults) -> Option<Self> {
        match value {
            Value::Object(members) => Some(Self { place, members }),
            other => {
                faults.add(
                    &place,
                    format_args!("an object was expected, not {}", kind(&other)),
                );
                None
            }
        }
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Names the entry in all that is said about it.
    pub(super) fn call(&mut self, name: &str) {
        self.place = format!("{} ({name:?})", self.place);
    }

    /// A member that has to be there; a fault when it is not.
    fn needed(&mut self, key: &str, faults: &mut Faults) -> Option<Value> {
        let value = self.members.remove(key);
        if value.is_none() {
            faults.add(&self.place, format_args!("{key:?} is missing"));
        }
        value
    }

    /// A text that has to be there.
    pub(super) fn text(&mut self, key: &str, faults: &mut Faults) -> String {
        match self.needed(key, faults) {
            Some(Value::String(text)) => text,
            Some(other) => {
                faults.add(
                    &self.place,
                    format_args!("{key:?} must be text, not {}", kind(&other)),
                );
                String::new()
            }
            None => String::new(),
        }
    }

    /// A text, empty when it is missing.
    pub(super) fn text_or_empty(&mut self, key: &str, faults: &mut Faults) -> String {
        if self.members.contains_key(key) {
            self.text(key, faults)
        } else {
            String::new()
        }
    }

    /// A whole number of at least `least` that has to be there.
    pub(super) fn number(&mut self, key: &str, least: i64, faults: &mut Faults) -> i64 {
        let Some(value) = self.needed(key, faults) else {
            return 0;
        };
        match value.as_i64() {
            Some(number) if number >= least => number,
            Some(number) => {
                faults.add(
                    &self.place,
                    format_args!("{key:?} is {number}, but must be at least {least}"),
                );
                0
            }
            None => {
                let fault = format_args!("{key:?} must be a whole number, not {}", kind(&value)).to_string();
                faults.add(&self.place, fault);
                0
            }
        }
    }

    /// A whole number from 0, 0 when it is missing.
    pub(super) fn number_or_zero(&mut self, key: &str, faults: &mut Faults) -> i64 {
        if self.members.contains_key(key) {
            self.number(key, 0, faults)
        } else {
            0
        }
    }

    /// The entries of a list, each with its place; none when the list is missing.
    pub(super) fn list(&mut self, key: &str, faults: &mut Faults) -> Vec<(String, Value)> {
        match self.members.remove(key) {
            Some(value) => entries(&format!("{}, {key}", self.place), value, faults),
            None => Vec::new(),
        }
    }

    /// Names the members that were not taken: they would be lost.
    pub(super) fn finish(self, faults: &mut Faults) {
        for key in self.members.keys() {
            faults.add(
                &self.place,
                format_args!("{key:?} is not known and would be lost; remove it"),
            );
        }
    }
}

/// The elements of an array, each with its place, counted from 1.
pub(super) fn entries(place: &str, value: Value, faults: &mut Faults) -> Vec<(String, Value)> {
    match value {
        Value::Array(values) => (1..)
            .zip(values)
            .map(|(number, value): (usize, Value)| (format!("{place} entry {number}"), value))
            .collect(),
        other => {
            faults.add(place, format_args!("a list was expected, not {}", kind(&other)));
            Vec::new()
        }
    }
}

/// The kind of a value, in words.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a number with a fraction or beyond all bounds",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
