//! `blacklist_phrases`: looks for phrases in a text, ignoring case, markup, and invisible characters.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::settings::Value;
use crate::world::World;

/// The phrases in the form in which they are looked for.
#[derive(Debug, Default)]
pub struct Phrases {
    source: Vec<String>,
    plain: Vec<String>,
}

impl World {
    /// Whether the operator does not want others to see this text.
    pub fn is_blacklisted(&mut self, text: &str) -> bool {
        let Some(Value::List(source)) = self.settings.get("blacklist_phrases") else {
            return false;
        };
        if source.is_empty() {
            return false;
        }
        if *source != self.phrases.source {
            self.phrases = Phrases::new(source);
        }
        self.phrases.occur_in(text)
    }
}

impl Phrases {
    /// Phrases as the setting `blacklist_phrases` has them.
    #[must_use]
    pub fn new(source: &[String]) -> Self {
        let plain = source.iter().map(|phrase| plain(phrase));
        Self {
            source: source.to_vec(),
            plain: plain.filter(|phrase| !phrase.is_empty()).collect(),
        }
    }

    /// Whether one of the phrases is in a text.
    // Markup can hide a phrase in two ways: between its letters, and in the address of a link. So a text is looked at
    // without its markup, and with it.
    #[must_use]
    pub fn occur_in(&self, text: &str) -> bool {
        let is_in = |text: &str| {
            let text = plain(text);
            self.plain.iter().any(|phrase| text.contains(phrase.as_str()))
        };
        is_in(text) || (text.contains('[') && is_in(&without_markup(text)))
    }
}

/// A text as people read it: compatibility forms as usual letters, in lower case, without marks on letters and without
/// invisible characters, with one space for all white space.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut add = |letter: char| {
        if is_unseen(letter) {
        } else if !letter.is_whitespace() {
            plain.push(letter);
        } else if !plain.ends_with(' ') {
            plain.push(' ');
        }
    };
    if text.is_ascii() {
        text.chars().for_each(|letter| add(letter.to_ascii_lowercase()));
    } else {
        // Lower case can bring marks of its own.
        let letters = text.nfkd().filter(|&letter| !is_unseen(letter));
        letters.flat_map(char::to_lowercase).nfkd().for_each(add);
    }
    plain
}

/// Marks on letters, and characters without a width of their own.
fn is_unseen(letter: char) -> bool {
    is_combining_mark(letter)
        || (letter.is_control() && !letter.is_whitespace())
        || matches!(letter,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// A text without its tags, such as `[b]`, `[/b]` and `[color=red]`.
fn without_markup(text: &str) -> String {
    let mut rest = text;
    let mut bare = String::with_capacity(text.len());
    while let Some((before, after)) = rest.split_once('[') {
        bare.push_str(before);
        match tag_length(after) {
            Some(length) => rest = after.get(length..).unwrap_or_default(),
            None => {
                bare.push('[');
                rest = after;
            }
        }
    }
    bare + rest
}

/// The bytes of a tag behind its first bracket, the last one included.
fn tag_length(text: &str) -> Option<usize> {
    let name = text.strip_prefix('/').unwrap_or(text);
    let letters = name.bytes().take_while(u8::is_ascii_alphabetic).count();
    if letters == 0 {
        return None;
    }
    let slash = text.len() - name.len();
    match name.as_bytes().get(letters)? {
        b']' => Some(slash + letters + 1),
        b'=' => text.find(']').map(|end| end + 1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disguises_are_seen_through() {
        let phrases = Phrases::new(&["Buy Gold".to_owned(), "spam.example".to_owned()]);
        for text in [
            "buy gold",
            "please BUY GOLD now",
            "b\u{200b}uy\u{feff} g\u{ad}old",
            "bu[b]y[/b] go[color=red]ld[/color]",
            "b[sub][/sub]uy gold",
            "b\u{301}u\u{308}y g\u{332}o\u{332}ld",
            "ｂｕｙ　ｇｏｌｄ",
            "buy \n\t gold",
            "buy\u{a0}gold",
            "𝐛𝐮𝐲 𝐠𝐨𝐥𝐝",
            "[url=https://spam.example/x]look[/url]",
            "[url=https://sp\u{200d}am.EXAMPLE]look[/url]",
            "[[b]buy gold",
        ] {
            assert!(phrases.occur_in(text), "{text}");
        }
        for text in [
            "buy a gold ring",
            "goldbuy",
            "",
            "[b]",
            "[",
            "[/]buy[/] gold",
            "[b=buy gold",
        ] {
            assert_eq!(phrases.occur_in(text), text == "[b=buy gold", "{text}");
        }
    }

    #[test]
    fn a_phrase_without_anything_to_see_forbids_nothing() {
        let phrases = Phrases::new(&["\u{200b}".to_owned(), String::new()]);
        assert!(!phrases.occur_in("anything"));
    }

    #[test]
    fn phrases_with_markup_are_found_as_they_stand() {
        assert!(Phrases::new(&["[eicon]bad[/eicon]".to_owned()]).occur_in("x [EICON]Bad[/eicon]"));
    }
}
