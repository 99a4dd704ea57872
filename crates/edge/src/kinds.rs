//! Kinds of commands and frames, for metrics. The kind is read from the code alone.

use serde::{Deserialize, Serialize};

/// The kinds, in the order of their places in a [`Tally`].
pub(crate) const KINDS: &[&str; 10] = &[
    "message", "private", "ad", "roll", "status", "typing", "presence", "ping", "error", "other",
];
/// The place of frames that keep a connection alive.
pub(crate) const PING: usize = 7;
const OTHER: usize = 9;

/// The place of a command or frame among the [`KINDS`].
pub(crate) fn kind_of(text: &[u8]) -> usize {
    match text.first_chunk::<3>() {
        Some(b"MSG") => 0,
        Some(b"PRI") => 1,
        Some(b"LRP") => 2,
        Some(b"RLL") => 3,
        Some(b"STA") => 4,
        Some(b"TPN") => 5,
        Some(b"NLN" | b"FLN" | b"JCH" | b"LCH") => 6,
        Some(b"PIN") => PING,
        Some(b"ERR") => 8,
        _ => OTHER,
    }
}

/// Counts by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally([u64; KINDS.len()]);

impl Tally {
    /// Adds to the count of one kind.
    pub(crate) fn add(&mut self, kind: usize, number: u64) {
        if let Some(count) = self.0.get_mut(kind) {
            *count += number;
        }
    }

    /// The count of one kind.
    pub(crate) fn of(&self, kind: usize) -> u64 {
        self.0.get(kind).copied().unwrap_or(0)
    }

    /// The sum of all kinds.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The sums of two tallies.
    pub(crate) fn plus(mut self, other: Self) -> Self {
        for (count, other) in self.0.iter_mut().zip(other.0) {
            *count += other;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_place() {
        let named = |text: &str| KINDS.get(kind_of(text.as_bytes())).copied();
        let cases = [
            ("MSG {}", "message"),
            ("PRI {}", "private"),
            ("LRP {}", "ad"),
            ("RLL {}", "roll"),
            ("STA {}", "status"),
            ("TPN {}", "typing"),
            ("LCH {}", "presence"),
            ("PIN", "ping"),
            ("ERR {}", "error"),
            ("msg", "other"),
            ("M", "other"),
        ];
        for (text, kind) in cases {
            assert_eq!(named(text), Some(kind), "{text}");
        }
    }
}
