//! The messages that the clients have received: ledger, latencies and counters.

use std::collections::BTreeMap;

use memchr::memmem;

use crate::load::ledger::{Arrival, Ledger};
use crate::load::stamp::Reader;
use crate::statistics::Histogram;

/// The kinds of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `MSG` to a channel.
    Channel = 0,
    /// `PRI` to one character.
    Private = 1,
    /// `STA` to all characters.
    Status = 2,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Channel, Self::Private, Self::Status];
}

/// The received messages of one kind.
#[derive(Debug, Default)]
pub struct Heard {
    /// Received messages of each listener.
    pub ledger: Ledger,
    /// From the intended time of sending to the arrival, in microseconds.
    pub latency: Histogram,
}

/// All received messages.
#[derive(Debug, Default)]
pub struct Hearing {
    stamps: Reader,
    kinds: [Heard; 3],
    /// Number of frames of all kinds.
    pub frames: u64,
    /// Number of bytes of all kinds.
    pub bytes: u64,
    /// `ERR` frames, by their number.
    pub errors: BTreeMap<i64, u64>,
    /// The text of the first error.
    pub first_error: Option<String>,
    /// Whether the server sends a complete log-in burst, or only answers `IDN` with `NLN` like a minimal
    /// server.
    pub full: bool,
    /// The server's limits from `VAR`: seconds between two messages of a client.
    pub message_pause: f64,
    /// Seconds between two changes of status.
    pub status_pause: f64,
}

impl Hearing {
    /// The received messages of a kind.
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

    /// Records a message.
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

    /// Number of deliveries of all kinds, each message counted once for each listener.
    #[must_use]
    pub fn deliveries(&self) -> u64 {
        self.kinds.iter().map(|heard| heard.ledger.heard).sum()
    }

    /// Number of messages of all kinds that are known to be missing.
    #[must_use]
    pub fn gaps(&self) -> u64 {
        self.kinds.iter().map(|heard| heard.ledger.gaps()).sum()
    }

    /// Number of errors of all codes.
    #[must_use]
    pub fn error_count(&self) -> u64 {
        self.errors.values().sum()
    }
}

/// The number after a JSON key, with or without quotes.
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

/// The text after a JSON key, still escaped.
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
