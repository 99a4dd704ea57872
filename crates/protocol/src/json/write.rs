//! Writing JSON into a byte buffer that the caller reuses.

/// Tells for each byte whether it can stand in a JSON string as it is.
#[expect(
    clippy::indexing_slicing,
    reason = "the tables have an entry for each value, and the places are within the text"
)]
const PLAIN: [bool; 256] = {
    let mut plain = [true; 256];
    let mut byte = 0;
    while byte < 0x20 {
        plain[byte] = false;
        byte += 1;
    }
    plain[b'"' as usize] = false;
    plain[b'\\' as usize] = false;
    plain
};

/// Whether all of the text can stand in a JSON string as it is, which is so for nearly all text. Eight bytes are
/// looked at together, since the user list is thousands of short names.
#[expect(
    clippy::indexing_slicing,
    reason = "the tables have an entry for each value, and the places are within the text"
)]
fn is_plain(bytes: &[u8]) -> bool {
    match bytes.last_chunk() {
        // The last word may overlap the one before it.
        Some(&last) => bytes.as_chunks().0.iter().chain([&last]).all(is_plain_word),
        None => bytes.iter().all(|&byte| PLAIN[byte as usize]),
    }
}

fn is_plain_word(word: &[u8; 8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGHEST: u64 = ONES << 7;
    let word = u64::from_ne_bytes(*word);
    // The highest bit of some byte is set if and only if some byte is below `limit`, which is at most 128.
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & HIGHEST;
    let quote = below(word ^ (ONES * u64::from(b'"')), 1);
    let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
    below(word, 0x20) | quote | backslash == 0
}

/// Appends `text` as a JSON string with its quotes.
#[expect(
    clippy::indexing_slicing,
    reason = "the tables have an entry for each value, and the places are within the text"
)]
pub fn string(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    if is_plain(bytes) {
        out.extend_from_slice(bytes);
        out.push(b'"');
        return;
    }
    let mut run = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if PLAIN[byte as usize] {
            continue;
        }
        out.extend_from_slice(&bytes[run..at]);
        run = at + 1;
        escape(out, byte);
    }
    out.extend_from_slice(&bytes[run..]);
    out.push(b'"');
}

#[cold]
#[expect(clippy::indexing_slicing, reason = "four bits have sixteen values")]
fn escape(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' => b'"',
        b'\\' => b'\\',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            let digits = [HEX[(byte >> 4) as usize], HEX[(byte & 15) as usize]];
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&digits);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// The largest number up to which every whole `f64` is exact, 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Appends a number: whole values without a fraction (docs/protocol.md), others in the shortest form that
/// reads back the same, and `null` for values outside JSON (not a number, infinite).
pub fn number(out: &mut Vec<u8>, value: f64) {
    if !value.is_finite() {
        out.extend_from_slice(b"null");
    } else if value.fract() == 0.0 && value.abs() <= EXACT {
        integer(out, value as i64);
    } else {
        out.extend_from_slice(ryu::Buffer::new().format_finite(value).as_bytes());
    }
}

/// Appends a whole number.
pub fn integer(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends an array of strings.
pub fn strings<I, S>(out: &mut Vec<u8>, items: I)
where
    I: IntoIterator<Item = S>,
    S: AsRef<str>,
{
    out.push(b'[');
    for (position, item) in items.into_iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        string(out, item.as_ref());
    }
    out.push(b']');
}

/// Writes the members of one JSON object in the order of the calls.
#[derive(Debug)]
pub struct Object<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> Object<'a> {
    /// Opens an object at the end of `out`.
    pub fn open(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, empty: true }
    }

    /// Appends the key and hands out the buffer, to which exactly one JSON value must then be appended.
    pub fn key(&mut self, key: &str) -> &mut Vec<u8> {
        if !std::mem::take(&mut self.empty) {
            self.out.push(b',');
        }
        string(self.out, key);
        self.out.push(b':');
        self.out
    }

    /// A member with a string as its value.
    pub fn text(mut self, key: &str, value: &str) -> Self {
        string(self.key(key), value);
        self
    }

    /// As [`Object::text`]; an empty text gives no member.
    pub fn text_unless_empty(self, key: &str, value: &str) -> Self {
        if value.is_empty() {
            return self;
        }
        self.text(key, value)
    }

    /// A member with a number as its value.
    pub fn number(mut self, key: &str, value: f64) -> Self {
        number(self.key(key), value);
        self
    }

    /// A member with a whole number as its value.
    pub fn integer(mut self, key: &str, value: i64) -> Self {
        integer(self.key(key), value);
        self
    }

    /// A member with an array of strings as its value.
    pub fn strings<I, S>(mut self, key: &str, items: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: AsRef<str>,
    {
        strings(self.key(key), items);
        self
    }

    /// Closes the object.
    pub fn close(self) {
        self.out.push(b'}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_at_every_place_reads_back() {
        for length in 0..20 {
            for place in 0..length {
                for character in (0..=0x100).filter_map(char::from_u32).chain(['€', '😀']) {
                    let mut text = "x".repeat(length);
                    text.replace_range(place..=place, character.encode_utf8(&mut [0; 4]));
                    let mut out = Vec::new();
                    string(&mut out, &text);
                    let read: String = serde_json::from_slice(&out).unwrap();
                    assert_eq!(read, text);
                }
            }
        }
    }
    use proptest::prelude::*;

    #[test]
    fn whole_numbers_have_no_fraction() {
        let mut out = Vec::new();
        for value in [3.0, -0.0, 1e15, 0.5, f64::NAN, f64::INFINITY, -7.25, 1e300] {
            number(&mut out, value);
            out.push(b' ');
        }
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "3 0 1000000000000000 0.5 null null -7.25 1e300 "
        );
    }

    proptest! {
        #[test]
        fn strings_read_back(text in any::<String>()) {
            let mut out = Vec::new();
            string(&mut out, &text);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }

        #[test]
        fn numbers_read_back(value in any::<f64>()) {
            prop_assume!(value.is_finite());
            let mut out = Vec::new();
            number(&mut out, value);
            let read: f64 = std::str::from_utf8(&out).unwrap().parse().unwrap();
            prop_assert_eq!(read, value);
        }
    }
}
