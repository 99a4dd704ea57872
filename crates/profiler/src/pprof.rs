//! Writer for the pprof format: a Protocol Buffers message with samples, locations, functions and one table
//! of strings (`profile.proto`). The file is uncompressed, which the tools accept.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The field numbers of the messages.
mod field {
    pub(super) const SAMPLE_TYPE: u64 = 1;
    pub(super) const SAMPLE: u64 = 2;
    pub(super) const LOCATION: u64 = 4;
    pub(super) const FUNCTION: u64 = 5;
    pub(super) const TEXT: u64 = 6;
    pub(super) const TIME: u64 = 9;
    pub(super) const DURATION: u64 = 10;
    pub(super) const PERIOD_TYPE: u64 = 11;
    pub(super) const PERIOD: u64 = 12;
    pub(super) const COMMENT: u64 = 13;
}

/// A line of source code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// The function that contains it.
    pub function: &'a str,
    /// The file; empty if unknown.
    pub file: &'a str,
    /// Its number; 0 if unknown.
    pub line: u32,
}

/// One call of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location<'a> {
    /// The address of its code; 0 if there is none.
    pub address: u64,
    /// Its source lines; several if functions were inlined, the innermost first.
    pub lines: Vec<Line<'a>>,
}

/// Creates a file.
#[derive(Debug)]
pub struct Writer {
    out: Vec<u8>,
    texts: HashMap<String, u64>,
    /// Name and file, as indices into the table of strings.
    functions: HashMap<(u64, u64), u64>,
    /// Address, and functions with lines.
    locations: HashMap<(u64, Vec<(u64, u32)>), u64>,
}

impl Writer {
    /// A profile with these values (type, unit) for each sample. `interval` is the distance between two
    /// samples in the period's unit.
    pub fn new(values: &[(&str, &str)], period: (&str, &str), interval: u64) -> Self {
        let mut writer = Self {
            out: Vec::new(),
            texts: HashMap::new(),
            functions: HashMap::new(),
            locations: HashMap::new(),
        };
        // The format requires an empty first string.
        writer.text("");
        for value in values {
            let message = writer.value_type(*value);
            bytes(&mut writer.out, field::SAMPLE_TYPE, &message);
        }
        let message = writer.value_type(period);
        bytes(&mut writer.out, field::PERIOD_TYPE, &message);
        number(&mut writer.out, field::PERIOD, interval);
        writer
    }

    /// Sets the start and the duration of the profile.
    pub fn time(&mut self, started: SystemTime, took: Duration) {
        let started = started.duration_since(UNIX_EPOCH).unwrap_or_default();
        number(&mut self.out, field::TIME, started.as_nanos() as u64);
        number(&mut self.out, field::DURATION, took.as_nanos() as u64);
    }

    /// Adds a remark for the reader of the profile.
    pub fn remark(&mut self, text: &str) {
        let text = self.text(text);
        number(&mut self.out, field::COMMENT, text);
    }

    /// Adds a sample: a stack, the innermost call first, and one value for each type.
    pub fn sample(&mut self, stack: &[Location<'_>], values: &[i64]) {
        let mut locations = Vec::new();
        for location in stack {
            let location = self.location(location);
            varint(&mut locations, location);
        }
        let mut packed = Vec::new();
        for &value in values {
            varint(&mut packed, value as u64);
        }
        let mut message = Vec::new();
        bytes(&mut message, 1, &locations);
        bytes(&mut message, 2, &packed);
        bytes(&mut self.out, field::SAMPLE, &message);
    }

    /// The content of the file.
    pub fn finish(mut self) -> Vec<u8> {
        let mut texts: Vec<_> = self.texts.into_iter().collect();
        texts.sort_by_key(|&(_, place)| place);
        for (text, _) in texts {
            bytes(&mut self.out, field::TEXT, text.as_bytes());
        }
        self.out
    }

    fn value_type(&mut self, (kind, unit): (&str, &str)) -> Vec<u8> {
        let mut message = Vec::new();
        number(&mut message, 1, self.text(kind));
        number(&mut message, 2, self.text(unit));
        message
    }

    fn text(&mut self, text: &str) -> u64 {
        if let Some(&place) = self.texts.get(text) {
            return place;
        }
        let place = self.texts.len() as u64;
        self.texts.insert(text.to_owned(), place);
        place
    }

    fn function(&mut self, name: &str, file: &str) -> u64 {
        let key = (self.text(name), self.text(file));
        if let Some(&id) = self.functions.get(&key) {
            return id;
        }
        let id = self.functions.len() as u64 + 1;
        self.functions.insert(key, id);
        let mut message = Vec::new();
        number(&mut message, 1, id);
        number(&mut message, 2, key.0);
        number(&mut message, 3, key.0);
        number(&mut message, 4, key.1);
        bytes(&mut self.out, field::FUNCTION, &message);
        id
    }

    fn location(&mut self, location: &Location<'_>) -> u64 {
        let lines: Vec<(u64, u32)> = location
            .lines
            .iter()
            .map(|line| (self.function(line.function, line.file), line.line))
            .collect();
        let key = (location.address, lines);
        if let Some(&id) = self.locations.get(&key) {
            return id;
        }
        let id = self.locations.len() as u64 + 1;
        let mut message = Vec::new();
        number(&mut message, 1, id);
        number(&mut message, 3, location.address);
        for &(function, line) in &key.1 {
            let mut part = Vec::new();
            number(&mut part, 1, function);
            number(&mut part, 2, u64::from(line));
            bytes(&mut message, 4, &part);
        }
        self.locations.insert(key, id);
        bytes(&mut self.out, field::LOCATION, &message);
        id
    }
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn number(out: &mut Vec<u8>, field: u64, value: u64) {
    varint(out, field << 3);
    varint(out, value);
}

fn bytes(out: &mut Vec<u8>, field: u64, value: &[u8]) {
    varint(out, field << 3 | 2);
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}
