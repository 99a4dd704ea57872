//! A minimal reader of pprof files for the tests.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test uses a part, and may fail"
)]

use std::collections::HashMap;

/// A field of a message.
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// A profile with resolved names.
#[derive(Debug)]
pub(crate) struct Profile {
    /// Type and unit of each value.
    pub(crate) values: Vec<(String, String)>,
    /// The functions of each stack, the innermost first, and its values.
    pub(crate) samples: Vec<(Vec<String>, Vec<i64>)>,
    pub(crate) files: Vec<String>,
    pub(crate) remarks: Vec<String>,
    pub(crate) period: u64,
    pub(crate) nanoseconds: u64,
}

fn varint(data: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = data[0];
        *data = &data[1..];
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            return value;
        }
    }
}

fn fields(mut data: &[u8]) -> Vec<(u64, Value<'_>)> {
    let mut fields = Vec::new();
    while !data.is_empty() {
        let key = varint(&mut data);
        let value = match key & 7 {
            0 => Value::Number(varint(&mut data)),
            2 => {
                let length = varint(&mut data) as usize;
                let (bytes, rest) = data.split_at(length);
                data = rest;
                Value::Bytes(bytes)
            }
            other => panic!("wire type {other}"),
        };
        fields.push((key >> 3, value));
    }
    fields
}

fn numbers(data: &[u8]) -> HashMap<u64, u64> {
    let numbers = fields(data).into_iter().filter_map(|(field, value)| match value {
        Value::Number(number) => Some((field, number)),
        Value::Bytes(_) => None,
    });
    numbers.collect()
}

fn packed(mut data: &[u8]) -> Vec<u64> {
    let mut values = Vec::new();
    while !data.is_empty() {
        values.push(varint(&mut data));
    }
    values
}

impl Profile {
    pub(crate) fn parse(data: &[u8]) -> Self {
        let (mut texts, mut functions, mut locations) = (Vec::new(), HashMap::new(), HashMap::new());
        let (mut types, mut samples, mut remarks) = (Vec::new(), Vec::new(), Vec::new());
        let (mut period, mut nanoseconds) = (0, 0);
        for (field, value) in fields(data) {
            match (field, value) {
                (1, Value::Bytes(message)) => {
                    let message = numbers(message);
                    types.push((message[&1], message[&2]));
                }
                (2, Value::Bytes(message)) => {
                    let (mut stack, mut values) = (Vec::new(), Vec::new());
                    for (field, value) in fields(message) {
                        match (field, value) {
                            (1, Value::Bytes(data)) => stack = packed(data),
                            (2, Value::Bytes(data)) => values = packed(data),
                            (field, _) => panic!("field {field} of a sample"),
                        }
                    }
                    samples.push((stack, values));
                }
                (4, Value::Bytes(message)) => {
                    let id = numbers(message)[&1];
                    let lines = fields(message)
                        .into_iter()
                        .filter_map(|(field, value)| match value {
                            Value::Bytes(line) if field == 4 => Some(numbers(line)[&1]),
                            _ => None,
                        });
                    assert!(locations.insert(id, lines.collect::<Vec<_>>()).is_none());
                }
                (5, Value::Bytes(message)) => {
                    let message = numbers(message);
                    let function = (message[&2], message[&4]);
                    assert!(functions.insert(message[&1], function).is_none());
                }
                (6, Value::Bytes(text)) => texts.push(String::from_utf8(text.to_vec()).unwrap()),
                (10, Value::Number(number)) => nanoseconds = number,
                (12, Value::Number(number)) => period = number,
                (13, Value::Number(number)) => remarks.push(number),
                (9, Value::Number(_)) | (11, Value::Bytes(_)) => {}
                (field, _) => panic!("field {field} of a profile"),
            }
        }
        assert_eq!(texts[0], "", "the format wants this");
        let text = |place: u64| texts[place as usize].clone();
        Self {
            values: types
                .into_iter()
                .map(|(kind, unit)| (text(kind), text(unit)))
                .collect(),
            samples: samples
                .into_iter()
                .map(|(stack, values)| {
                    let names = stack.iter().flat_map(|location| &locations[location]);
                    let names = names.map(|function| text(functions[function].0));
                    (
                        names.collect(),
                        values.into_iter().map(|value| value as i64).collect(),
                    )
                })
                .collect(),
            files: functions.values().map(|&(_, file)| text(file)).collect(),
            remarks: remarks.into_iter().map(text).collect(),
            period,
            nanoseconds,
        }
    }

    /// The sum of the values of this type over all stacks with a function whose name contains `function`.
    pub(crate) fn sum(&self, value: &str, function: &str) -> i64 {
        let place = self.values.iter().position(|(kind, _)| kind == value).unwrap();
        let samples = self.samples.iter();
        samples
            .filter(|(stack, _)| stack.iter().any(|name| name.contains(function)))
            .map(|(_, values)| values[place])
            .sum()
    }
}
