//! The note that a running server keeps in the lock file of its folder, for `fchatd restart`.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// The note of a server about itself in the file that claims its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    /// Unix milliseconds: tells two runs in one process apart.
    pub(crate) began: u64,
    /// Restarts that were refused.
    pub(crate) refused: u32,
    /// Why the last one was.
    pub(crate) failure: String,
}

impl Note {
    /// Of a server that begins now.
    pub(crate) fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            began: since.as_millis() as u64,
            refused: 0,
            failure: String::new(),
        }
    }

    /// A restart was refused.
    pub(crate) fn refuse(&mut self, failure: &str) {
        self.refused += 1;
        failure.clone_into(&mut self.failure);
    }

    /// Reads it back; nothing when it is not a server's.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (first, failure) = text.split_once('\n').unwrap_or((text, ""));
        let (began, refused) = first.strip_prefix("serving ")?.split_once(' ')?;
        Some(Self {
            began: began.parse().ok()?,
            refused: refused.parse().ok()?,
            failure: failure.to_owned(),
        })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            began,
            refused,
            failure,
        } = self;
        write!(formatter, "serving {began} {refused}\n{failure}")
    }
}

#[cfg(test)]
mod tests {
    use super::Note;

    #[test]
    fn notes_are_read_as_they_were_written() {
        let mut note = Note::new();
        note.refuse("main.lua:3: no\nstack");
        assert_eq!(Note::parse(&note.to_string()), Some(note));
        for text in ["", "serving", "serving x 1", "serving 1 -1", "importing 1 2"] {
            assert_eq!(Note::parse(text), None, "{text}");
        }
    }
}
