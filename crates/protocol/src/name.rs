//! The shapes of names and titles: names of characters, names of channels, titles of rooms. The rules are the same for
//! clients, scripts, log-in sites and old state. Lists that know names are not in here.

use unicode_normalization::char::is_combining_mark;

/// The largest name of a character, in bytes.
pub const NAME_BYTES_MAX: usize = 64;
/// The largest name of a channel, title of a room, or name of a client's tab, in bytes.
pub const TITLE_BYTES_MAX: usize = 256;
/// The longest title of a room, in characters.
pub const TITLE_CHARACTERS_MAX: usize = 64;
/// The longest topic of a channel, in characters.
pub const TOPIC_CHARACTERS_MAX: usize = 160;
/// The largest topic of a channel, in bytes.
pub const TOPIC_BYTES_MAX: usize = 4 * TOPIC_CHARACTERS_MAX;
/// The largest topic of a channel when it is escaped, in bytes: each `&` becomes five.
pub const TOPIC_ESCAPED_BYTES_MAX: usize = 5 * TOPIC_CHARACTERS_MAX;
/// Combining marks on one letter: more pile up over other lines.
pub const MARKS_MAX: usize = 8;

/// Tells for each byte whether it is in the alphabet of the account service.
#[expect(clippy::indexing_slicing, reason = "the table has an entry for each byte")]
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        plain[byte] = (byte as u8).is_ascii_alphanumeric() || matches!(byte as u8, b'_' | b'-' | b' ');
        byte += 1;
    }
    plain
};

/// Whether a name is short and of the account service's alphabet, which most are. An empty one is, too.
#[expect(clippy::indexing_slicing, reason = "the table has an entry for each byte")]
pub fn is_simple(name: &str) -> bool {
    name.len() <= NAME_BYTES_MAX && !name.starts_with(' ') && name.bytes().all(|byte| PLAIN[byte as usize])
}

/// Whether the account service could give out the name, its shortest and longest names aside: letters A to Z, digits,
/// `_`, `-` and single spaces inside.
#[expect(clippy::indexing_slicing, reason = "the table has an entry for each byte")]
pub fn is_plain(name: &str) -> bool {
    let bytes = name.as_bytes();
    (1..=NAME_BYTES_MAX).contains(&bytes.len())
        && bytes.iter().all(|&byte| PLAIN[byte as usize])
        && bytes.first() != Some(&b' ')
        && bytes.last() != Some(&b' ')
        && !bytes.windows(2).any(|pair| pair == b"  ")
}

/// Whether a text is short and visible enough to be the name of a character, as a log-in site or an old state has it.
pub fn is_shaped(name: &str) -> bool {
    name.len() <= NAME_BYTES_MAX && !name.bytes().any(|byte| b"<>".contains(&byte)) && is_visible(name)
}

/// Whether a client may send this name, where the alphabet of names is not known: short, visible, without markup.
#[expect(clippy::indexing_slicing, reason = "the table has an entry for each byte")]
pub fn is_possible(name: &str) -> bool {
    let bytes = name.as_bytes();
    (1..=NAME_BYTES_MAX).contains(&bytes.len())
        && (bytes.iter().all(|&byte| PLAIN[byte as usize]) && bytes.iter().any(|&byte| byte != b' ')
            || !bytes.iter().any(|byte| b"<>&[]".contains(byte)) && is_visible(name))
}

/// Whether a new channel may have this name: as a title, and without the characters that relayed text has as entities,
/// since clients send the name back as they got it.
pub fn is_channel(name: &str) -> bool {
    is_title(name) && !name.bytes().any(|byte| b"<>&".contains(&byte))
}

/// Whether a room may have this title: 1 to [`TITLE_CHARACTERS_MAX`] characters, on one line, that can be seen.
pub fn is_title(title: &str) -> bool {
    title.len() <= TITLE_BYTES_MAX && title.chars().count() <= TITLE_CHARACTERS_MAX && is_visible(title)
}

/// Whether a channel may have this topic: empty, or one line of at most [`TOPIC_CHARACTERS_MAX`] characters that can be seen.
pub fn is_topic(topic: &str) -> bool {
    topic.is_empty()
        || topic.len() <= TOPIC_BYTES_MAX
            && topic.chars().count() <= TOPIC_CHARACTERS_MAX
            && is_visible(topic)
}

/// Whether all of a text can be seen on one line: no control characters and line breaks, nothing that changes the
/// direction of writing, no blank letters, at most [`MARKS_MAX`] combining marks in a row, and more than spaces.
/// Joiners and variation selectors are allowed, because emoji and some scripts need them.
pub fn is_visible(text: &str) -> bool {
    let (mut seen, mut marks) = (false, 0);
    for character in text.chars() {
        match character {
            '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' => marks += 1,
            _ if is_hidden(character) => return false,
            _ if is_combining_mark(character) => marks += 1,
            _ => {
                marks = 0;
                seen |= !character.is_whitespace();
            }
        }
        if marks > MARKS_MAX {
            return false;
        }
    }
    seen
}

/// Whether a character has no place in a name: controls, line and paragraph separators, the default ignorable code
/// points of Unicode (which include the controls of direction), blank braille, and code points that are no character.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{fdd0}'..='\u{fdef}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
        || u32::from(character) & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::*;

    const HIDDEN: [&str; 16] = [
        "a\0b",
        "a\nb",
        "a\u{7f}",
        "a\u{85}b",
        "\u{202e}adA",
        "a\u{2066}b",
        "a\u{200f}",
        "a\u{2028}b",
        "a\u{3164}",
        "\u{2800}a",
        "a\u{ad}",
        "a\u{200b}",
        "a\u{feff}",
        "a\u{e0041}",
        "a\u{61c}",
        "a\u{ffff}",
    ];

    #[test]
    fn names_of_characters() {
        for name in ["x", "Ada", "Ada Lovelace", "x_-9", "constructor", &"a".repeat(64)] {
            assert!(is_plain(name) && is_possible(name), "{name:?}");
        }
        assert!(is_simple("") && is_simple("Ada") && !is_simple(" ") && !is_simple("Ädä"));
        assert!(is_shaped("Tom & [Jerry]") && !is_shaped("a<b") && !is_shaped(""));
        for name in [
            "Ädä", "Ада", "名前", "O'Hara", "Ada.", "e\u{301}", " Ada", "A  da",
        ] {
            assert!(!is_plain(name) && is_possible(name), "{name:?}");
        }
        let stacked = format!("a{}", "\u{301}".repeat(9));
        let long = "a".repeat(65);
        let others = [
            "",
            " ",
            "\u{a0}\u{3000}",
            "a<b>",
            "a&b",
            "[b]x[/b]",
            &stacked,
            &long,
        ];
        for name in HIDDEN.into_iter().chain(others) {
            assert!(!is_plain(name) && !is_possible(name), "{name:?}");
        }
    }

    #[test]
    fn titles_and_channels() {
        for title in [
            "x",
            "Ada's <room> & more",
            "👩\u{200d}🚀 \u{2764}\u{fe0f}",
            "שלום",
            &"é".repeat(64),
        ] {
            assert!(is_title(title), "{title:?}");
        }
        let long = "x".repeat(65);
        for title in HIDDEN.into_iter().chain(["", " ", "\u{3000}", "\u{fe0f}", &long]) {
            assert!(!is_title(title) && !is_channel(title), "{title:?}");
        }
        assert!(is_channel("Looking for RP") && !is_channel("Brand <New>") && !is_channel("A & B"));
    }

    proptest::proptest! {
        #[test]
        fn plain_names_are_possible(name in "[a-zA-Z0-9_ -]{0,70}") {
            proptest::prop_assert!(!is_plain(&name) || is_possible(&name));
        }
    }
}
