//! Commands: their codes, splitting a client's message into code and payload (docs/protocol.md), and the [`nature`] of
//! each command.

pub mod nature;
pub mod table;

use std::fmt;

/// A command code: three upper-case ASCII letters such as `MSG`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code([u8; 3]);

impl Code {
    /// Makes a code of text known when the program is written.
    pub const fn new(code: &'static [u8; 3]) -> Self {
        Self(*code)
    }

    /// The code of three bytes, where they are upper-case letters.
    pub const fn of(bytes: [u8; 3]) -> Option<Self> {
        let [first, second, third] = bytes;
        if first.is_ascii_uppercase() && second.is_ascii_uppercase() && third.is_ascii_uppercase() {
            Some(Self(bytes))
        } else {
            None
        }
    }

    /// The place of the code in a table of all codes.
    pub const fn index(self) -> usize {
        let [first, second, third] = self.0;
        (place(first) * 26 + place(second)) * 26 + place(third)
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

const fn place(letter: u8) -> usize {
    letter.wrapping_sub(b'A') as usize
}

impl fmt::Debug for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A message of a client, split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// The command, or nothing where the first three bytes are no code: an unknown command.
    pub code: Option<Code>,
    /// The text after the code and its space; empty when there is none.
    pub payload: &'a str,
}

/// The message is shorter than a command code; the connection that sent it is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooShort;

/// Splits a message. Any character after three letters separates code and payload, as in the classic server.
///
/// # Errors
/// [`TooShort`] when it has fewer than three bytes.
pub fn split(message: &str) -> Result<Message<'_>, TooShort> {
    let bytes = message.as_bytes();
    let Some(&first) = bytes.first_chunk::<3>() else {
        return Err(TooShort);
    };
    let code = Code::of(first);
    let payload = (4..message.len())
        .find(|&at| message.is_char_boundary(at))
        .and_then(|at| message.get(at..));
    Ok(Message {
        code,
        payload: payload.unwrap_or(""),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits() {
        let case = |text| split(text).map(|m| (m.code.map(|c| c.as_str().to_owned()), m.payload.to_owned()));
        let known = |code: &str, payload: &str| Ok((Some(code.to_owned()), payload.to_owned()));
        let unknown = |payload: &str| Ok((None, payload.to_owned()));
        assert_eq!(case("PIN"), known("PIN", ""));
        assert_eq!(case("PIN "), known("PIN", ""));
        assert_eq!(case("MSG {\"a\":1}"), known("MSG", "{\"a\":1}"));
        assert_eq!(case("UPT\t{}"), known("UPT", "{}"));
        assert_eq!(case("msg {}"), unknown("{}"));
        assert_eq!(case("MSGX{}"), known("MSG", "{}"));
        assert_eq!(case("JCH\u{a0}{}"), known("JCH", "{}"));
        assert_eq!(case("éa€"), unknown(""));
        assert_eq!(case("☃☃☃"), unknown("☃"));
        assert_eq!(case("ab"), Err(TooShort));
        assert_eq!(case(""), Err(TooShort));
    }
}
