//! An event of the log as a line of JSON, for programs that collect logs.

use std::fmt;

use fchatd_protocol::json::write;
use tracing::Metadata;
use tracing::field::{Field, Visit};

use super::escape;

/// A line in the making: time, level and module, then the fields of the event in their order.
pub(super) struct JsonLine(Vec<u8>);

impl JsonLine {
    /// The head of a line. The time is in RFC 3339.
    pub(super) fn open(time: &str, metadata: &Metadata<'_>) -> Self {
        let mut line = Self(vec![b'{']);
        line.text("time", time);
        line.text("level", metadata.level().as_str());
        line.text("target", metadata.target());
        line
    }

    /// The whole line with its end.
    pub(super) fn close(mut self) -> String {
        self.0.push(b'}');
        let text = String::from_utf8_lossy(&self.0);
        format!("{}\n", escape::json(&text))
    }

    fn key(&mut self, key: &str) -> &mut Vec<u8> {
        if self.0.len() > 1 {
            self.0.push(b',');
        }
        write::string(&mut self.0, key);
        self.0.push(b':');
        &mut self.0
    }

    fn text(&mut self, key: &str, value: &str) {
        write::string(self.key(key), value);
    }
}

impl Visit for JsonLine {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field.name(), &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        write::integer(self.key(field.name()), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        // Numbers beyond those of JavaScript stay exact as text.
        match i64::try_from(value) {
            Ok(value) => write::integer(self.key(field.name()), value),
            Err(_) => self.text(field.name(), &value.to_string()),
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        write::number(self.key(field.name()), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        let word = if value { "true" } else { "false" };
        self.key(field.name()).extend_from_slice(word.as_bytes());
    }
}
