//! Foreign text in a log, in a file with one entry for each line, and on a terminal.

use std::borrow::Cow;
use std::fmt::{self, Write};

/// The text in one line, with everything visible that a terminal would obey or that turns the order of letters around,
/// so that no text can forge a line or draw over another one.
pub(crate) fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\t' => out.push(' '),
            character => push(&mut out, character),
        }
    }
    out
}

/// As [`harmless`], for the program's own sentences, whose line breaks and tabs are layout.
pub(super) fn layout(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    for character in text.chars() {
        match character {
            '\n' | '\t' => out.push(character),
            character => push(&mut out, character),
        }
    }
    out
}

/// As [`harmless`], for a line of JSON: escaped as JSON does, so that a reader gets the same text. Raw control characters
/// stand in strings only.
pub(crate) fn json(line: &str) -> Cow<'_, str> {
    if !line.chars().any(is_obeyed) {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len() + 16);
    for character in line.chars() {
        let _ = match character {
            // All of these have one unit of UTF-16.
            character if is_obeyed(character) => write!(out, "\\u{:04x}", u32::from(character)),
            character => out.write_char(character),
        };
    }
    Cow::Owned(out)
}

fn push(out: &mut String, character: char) {
    let _ = match character {
        '\n' => out.write_str("\\n"),
        '\t' => out.write_str("\\t"),
        character if is_obeyed(character) => write!(out, "{}", character.escape_unicode()),
        character => out.write_char(character),
    };
}

/// Control characters, separators of lines, and characters that change the direction of writing.
fn is_obeyed(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{200e}'
                | '\u{200f}'
                | '\u{061c}'
                | '\u{2028}'
                | '\u{2029}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
        )
}

/// Writes its formatted input on one line.
pub(super) struct OneLine<W>(pub(super) W);

impl<W: Write> Write for OneLine<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // Most text has nothing to escape.
        if !text.chars().any(is_obeyed) {
            return self.0.write_str(text);
        }
        let mut line = String::with_capacity(text.len() + 16);
        for character in text.chars() {
            push(&mut line, character);
        }
        self.0.write_str(&line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stays_json() {
        assert_eq!(json(r#"{"a":"b\n"}"#), r#"{"a":"b\n"}"#);
        assert_eq!(
            json("{\"a\":\"\u{202e}\u{9b}é\u{7f}\"}"),
            r#"{"a":"\u202e\u009bé\u007f"}"#
        );
    }

    #[test]
    fn nothing_reaches_the_terminal_that_it_obeys() {
        let hostile = "a\u{1b}[2Jb\r\nc\u{7}\u{9b}31m\u{202e}d\u{7f}é😀";
        assert_eq!(
            harmless(hostile),
            r"a\u{1b}[2Jb\u{d}\nc\u{7}\u{9b}31m\u{202e}d\u{7f}é😀"
        );
        assert_eq!(layout("a\tb\nc\u{1b}\rd"), "a\tb\nc\\u{1b}\\u{d}d");
        let mut line = String::new();
        write!(OneLine(&mut line), "a\tb\n{}\u{2028}\0", String::from("c\u{85}")).unwrap();
        assert_eq!(line, r"a\tb\nc\u{85}\u{2028}\u{0}");
    }
}
