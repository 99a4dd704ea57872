//! Small text rules that everyone shares: escaping, cutting, folding case.

use std::borrow::Cow;

use memchr::{memchr2, memchr3};

/// Replaces `&`, `<` and `>` by their entities, as all user text is before it is stored or relayed
/// (docs/protocol.md).
pub fn escape_html(text: &str) -> Cow<'_, str> {
    if memchr3(b'&', b'<', b'>', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            _ => escaped.push(character),
        }
    }
    Cow::Owned(escaped)
}

/// As [`escape_html`], of a text that may have been escaped before: entities in it stay.
pub fn escape_rest(text: &str) -> Cow<'_, str> {
    if memchr3(b'&', b'<', b'>', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for (at, character) in text.char_indices() {
        let rest = text.get(at..).unwrap_or_default();
        let is_entity = || {
            ["&amp;", "&lt;", "&gt;"]
                .iter()
                .any(|entity| rest.starts_with(entity))
        };
        match character {
            '&' if !is_entity() => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            _ => escaped.push(character),
        }
    }
    Cow::Owned(escaped)
}

/// Replaces `<` and `>` by their entities in the text from `start` on, which is JSON: they stand only within its strings.
/// Text that was escaped before has none, and stays as it is.
pub fn escape_angles(text: &mut Vec<u8>, start: usize) {
    let tail = text.get(start..).unwrap_or_default();
    if memchr2(b'<', b'>', tail).is_none() {
        return;
    }
    let tail = text.split_off(start);
    for byte in tail {
        match byte {
            b'<' => text.extend_from_slice(b"&lt;"),
            b'>' => text.extend_from_slice(b"&gt;"),
            _ => text.push(byte),
        }
    }
}

/// A name as it stands in frames, where `<` and `>` are entities.
pub fn in_frames(name: &str) -> Cow<'_, str> {
    if memchr2(b'<', b'>', name.as_bytes()).is_none() {
        return Cow::Borrowed(name);
    }
    Cow::Owned(name.replace('<', "&lt;").replace('>', "&gt;"))
}

/// As [`cut`], of an escaped text: no entity is cut.
pub fn cut_escaped(text: &str, bytes: usize) -> &str {
    let short = cut(text, bytes);
    let last = short.rfind('&').unwrap_or(short.len());
    let mut entities = ["&amp;", "&lt;", "&gt;"].into_iter();
    match entities.find(|entity| text[last..].starts_with(entity)) {
        Some(entity) if last + entity.len() > short.len() => &short[..last],
        _ => short,
    }
}

/// The longest beginning of `text` that has at most `bytes` bytes and cuts no character.
pub fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes.min(text.len()))]
}

/// The form under which names are compared: ASCII letters in lower case.
pub fn fold(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// Looks something up under the form of [`fold`], without an allocation for names of usual length.
pub fn with_folded<T>(name: &str, look_up: impl FnOnce(&str) -> T) -> T {
    let mut short = [0; 64];
    if let Some(short) = short.get_mut(..name.len()) {
        short.copy_from_slice(name.as_bytes());
        short.make_ascii_lowercase();
        if let Ok(folded) = str::from_utf8(short) {
            return look_up(folded);
        }
    }
    look_up(&fold(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_three_characters_once() {
        assert_eq!(
            escape_html("a < b && c > \"d\" 'e' é"),
            "a &lt; b &amp;&amp; c &gt; \"d\" 'e' é"
        );
        assert!(matches!(escape_html("plain"), Cow::Borrowed("plain")));
    }

    #[test]
    fn folds_on_the_stack_as_elsewhere() {
        let longer = "Éine SEHR Lange ".repeat(9);
        for name in ["", "ada", "Ada É", &longer] {
            assert!(with_folded(name, |folded| folded == fold(name)), "{name}");
        }
    }

    #[test]
    fn angles_become_entities_once() {
        let mut text = b"<a> <b>&lt;".to_vec();
        escape_angles(&mut text, 4);
        assert_eq!(text, b"<a> &lt;b&gt;&lt;");
        let before = text.clone();
        escape_angles(&mut text, 4);
        assert_eq!(text, before);
    }

    #[test]
    fn cuts_between_entities() {
        assert_eq!(cut_escaped("a&amp;b", 4), "a");
        assert_eq!(cut_escaped("a&amp;b", 6), "a&amp;");
        assert_eq!(cut_escaped("a & b", 4), "a & ");
        assert_eq!(cut_escaped("a&amp;", 9), "a&amp;");
    }

    #[test]
    fn cuts_between_characters() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
        assert_eq!(cut("aé", 30), "aé");
    }
}
