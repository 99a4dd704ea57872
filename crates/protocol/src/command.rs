//! Splitting a client's message into its command code and payload (docs/protocol.md).

use std::fmt;

/// A command code: three upper-case ASCII letters such as `MSG`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code([u8; 3]);

impl Code {
    /// Makes a code of text known when the program is written.
    pub const fn new(code: &'static [u8; 3]) -> Self {
        Self(*code)
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
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
    let Some(&[first, second, third]) = bytes.first_chunk::<3>() else {
        return Err(TooShort);
    };
    let letters = [first, second, third].iter().all(u8::is_ascii_uppercase);
    let code = letters.then_some(Code([first, second, third]));
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
