//! What the crowd has heard: the books, the latencies and the counts.

use std::collections::BTreeMap;

use memchr::memmem;

use crate::load::ledger::{Arrival, Ledger};
use crate::load::stamp::Reader;
use crate::statistics::Histogram;

/// What can be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `MSG` to a channel.
    Channel = 0,
    /// `PRI` to somebody.
    Private = 1,
    /// `STA` to everybody.
    Status = 2,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Channel, Self::Private, Self::Status];
}

/// What was heard of one kind.
#[derive(Debug, Default)]
pub struct Heard {
    /// Who has heard what.
    pub ledger: Ledger,
    /// From the intended time of sending to the arrival, in microseconds.
    pub latency: Histogram,
}

/// All that was heard.
#[derive(Debug, Default)]
pub struct Hearing {
    stamps: Reader,
    kinds: [Heard; 3],
    /// Frames of any kind.
    pub frames: u64,
    /// Bytes of any kind.
    pub bytes: u64,
    /// `ERR` frames, by their number.
    pub errors: BTreeMap<i64, u64>,
    /// The text of the first of them.
    pub first_error: Option<String>,
    /// Whether the server has a whole log-in burst, or only answers `IDN` with `NLN` as the least of servers does.
    pub full: bool,
    /// What the server said in `VAR`: seconds between two messages, and between two changes of status.
    pub message_pause: f64,
    /// The same between two changes of status.
    pub status_pause: f64,
}

impl Hearing {
    /// What was heard of a kind.
    #[must_use]
    pub fn of(&self, kind: Kind) -> &Heard {
        let [channel, private, status] = &self.kinds;
        match kind {
            Kind::Channel => channel,
            Kind::Private => private,
            Kind::Status => status,
        }
    }

    pub(crate) fn of_mut(&mut self, kind: Kind) -> &mut Heard {
        let [channel, private, status] = &mut self.kinds;
        match kind {
            Kind::Channel => channel,
            Kind::Private => private,
            Kind::Status => status,
        }
    }

    /// Books a message.
    #[inline]
    pub(crate) fn hear(&mut self, kind: Kind, listener: usize, payload: &[u8], now: u64) {
        let Some(stamp) = self.stamps.find(payload) else {
            return;
        };
        let heard = self.of_mut(kind);
        if matches!(
            heard.ledger.book(listener, stamp.slot, stamp.sequence),
            Arrival::New | Arrival::Late
        ) {
            heard.latency.record(now.saturating_sub(stamp.intended));
        }
    }

    #[cold]
    pub(crate) fn error(&mut self, payload: &[u8]) {
        *self
            .errors
            .entry(number_after(payload, b"\"number\":").unwrap_or(0.0) as i64)
            .or_default() += 1;
        if self.first_error.is_none() {
            self.first_error = Some(String::from_utf8_lossy(payload).into_owned());
        }
    }

    #[cold]
    pub(crate) fn variable(&mut self, payload: &[u8]) {
        self.full = true;
        let value = number_after(payload, b"\"value\":");
        if memmem::find(payload, b"\"msg_flood\"").is_some() {
            self.message_pause = value.unwrap_or(0.0);
        } else if memmem::find(payload, b"\"sta_flood\"").is_some() {
            self.status_pause = value.unwrap_or(0.0);
        }
    }

    /// What arrived in all kinds, each message once for each listener.
    #[must_use]
    pub fn deliveries(&self) -> u64 {
        self.kinds.iter().map(|heard| heard.ledger.heard).sum()
    }

    /// What is known to be missing in all kinds.
    #[must_use]
    pub fn gaps(&self) -> u64 {
        self.kinds.iter().map(|heard| heard.ledger.gaps()).sum()
    }

    /// Errors of all numbers.
    #[must_use]
    pub fn error_count(&self) -> u64 {
        self.errors.values().sum()
    }
}

/// The number after a key of JSON, with or without quotes.
pub(crate) fn number_after(payload: &[u8], key: &[u8]) -> Option<f64> {
    let start = memmem::find(payload, key)? + key.len();
    let text = payload.get(start..)?.trim_ascii_start();
    let text = text.strip_prefix(b"\"").unwrap_or(text);
    let end = text
        .iter()
        .position(|byte| !matches!(byte, b'-' | b'.' | b'0'..=b'9'))
        .unwrap_or(text.len());
    std::str::from_utf8(text.get(..end)?).ok()?.parse().ok()
}

/// The text after a key of JSON, as it is written there.
pub(crate) fn text_after<'a>(payload: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let start = memmem::find(payload, key)? + key.len();
    let text = payload.get(start..)?.trim_ascii_start().strip_prefix(b"\"")?;
    let mut end = 0;
    while *text.get(end)? != b'"' {
        end += if *text.get(end)? == b'\\' { 2 } else { 1 };
    }
    text.get(..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_are_found() {
        assert_eq!(
            number_after(b"ERR {\"number\":-4,\"message\":\"x\"}", b"\"number\":"),
            Some(-4.0)
        );
        assert_eq!(number_after(b"{\"value\": \"0.5\"}", b"\"value\":"), Some(0.5));
        assert_eq!(number_after(b"{\"value\":[]}", b"\"value\":"), None);
        assert_eq!(
            text_after(br#"{"channel":"A\"b","x":1}"#, b"\"channel\":"),
            Some(&br#"A\"b"#[..])
        );
        assert_eq!(text_after(b"{\"channel\":\"A", b"\"channel\":"), None);
    }
}
