//! Text of others on a terminal.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The text with everything visible that a terminal would obey or that turns the order of letters around, so that
/// nobody can draw over what others said.
pub(super) fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\t' => out.push(' '),
            '\u{200e}'
            | '\u{200f}'
            | '\u{061c}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => escape(&mut out, character),
            character if character.is_control() => escape(&mut out, character),
            character => out.push(character),
        }
    }
    out
}

fn escape(out: &mut String, character: char) {
    let _ = write!(out, "{}", character.escape_unicode());
}

/// Text as people wrote it: what is said is kept as it goes to browsers.
pub(super) fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// A moment, in the time of this place.
pub(super) fn local(milliseconds: i64) -> String {
    match Timestamp::from_millisecond(milliseconds) {
        Ok(time) => time
            .to_zoned(TimeZone::system())
            .strftime("%Y-%m-%d %H:%M:%S")
            .to_string(),
        Err(_) => format!("{milliseconds} ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_that_it_obeys() {
        let hostile = "a\u{1b}[2Jb\r\nc\u{7}\u{9b}31m\u{202e}d\u{7f}é😀";
        assert_eq!(
            harmless(hostile),
            r"a\u{1b}[2Jb\u{d}\nc\u{7}\u{9b}31m\u{202e}d\u{7f}é😀"
        );
        assert_eq!(unescaped("&lt;b&gt; &amp;amp;"), "<b> &amp;");
    }
}
