//! A strict JSON reader that fills a flat tape, which the caller reuses: once its buffers are warm, reading a
//! message allocates nothing.
//!
//! Grammar: RFC 8259, complete, one value and nothing after it. Containers may nest [`MAX_DEPTH`] deep. Numbers
//! are `f64` (a number outside its range is an error); NUL, an escaped surrogate
//! without its partner and a whole number of more than 64 bits are errors.

use std::borrow::Cow;

use super::write;

mod parser;

/// How deep arrays and objects may nest.
pub const MAX_DEPTH: usize = 32;

/// Why a text is no JSON for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not valid JSON at byte {offset}: {reason}")]
pub struct JsonError {
    /// Where reading stopped, in bytes from the start of the text.
    pub offset: usize,
    /// The fault there.
    pub reason: &'static str,
}

#[derive(Debug, Clone, Copy)]
enum Token {
    Null,
    Boolean(bool),
    Number(f64),
    /// A string: a range of the tape's text.
    Text(u32, u32),
    /// The number of elements, and the token after the last one.
    Array(u32, u32),
    /// The number of members (key tokens and value tokens alternate), and the token after the last one.
    Object(u32, u32),
}

/// A read JSON value, kept flat in buffers that the next [`Tape::parse`] uses again.
#[derive(Debug, Default)]
pub struct Tape {
    tokens: Vec<Token>,
    text: String,
}

impl Tape {
    /// An empty tape; it reads as `null`.
    pub fn new() -> Self {
        Self::default()
    }

    /// A tape with `text` read into it.
    ///
    /// # Errors
    /// As [`Tape::parse`].
    pub fn of(text: &str) -> Result<Self, JsonError> {
        let mut tape = Self::new();
        tape.parse(text)?;
        Ok(tape)
    }

    /// Reads `text`, replacing the former content. After an error the tape is empty (`null`).
    ///
    /// # Errors
    /// When `text` is not exactly one JSON value, nests too deep, or has a number beyond `f64`.
    pub fn parse(&mut self, text: &str) -> Result<(), JsonError> {
        self.tokens.clear();
        self.text.clear();
        let result = parser::Reader::new(text, self).document();
        if result.is_err() {
            self.tokens.clear();
            self.text.clear();
        }
        result
    }

    /// The whole value.
    pub fn root(&self) -> Node<'_> {
        self.node(0).0
    }

    /// How many values it has, those in lists and the names of members included.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether nothing was read.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Whether the value is an object.
    pub fn is_object(&self) -> bool {
        matches!(self.tokens.first(), Some(Token::Object(..)))
    }

    /// The member of the top-level object under `key`; the last one if the key is there more than once.
    pub fn get(&self, key: &str) -> Option<Node<'_>> {
        self.root().get(key)
    }

    /// The member `key` as text: a string, or a number in its shortest form (`3`, never `3.0`).
    pub fn text(&self, key: &str) -> Option<Cow<'_, str>> {
        self.get(key)?.text()
    }

    /// The member `key`, if it is a number.
    pub fn number(&self, key: &str) -> Option<f64> {
        match self.get(key)? {
            Node::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The member `key`, if it is `true` or `false`.
    pub fn boolean(&self, key: &str) -> Option<bool> {
        match self.get(key)? {
            Node::Boolean(boolean) => Some(boolean),
            _ => None,
        }
    }

    fn node(&self, at: usize) -> (Node<'_>, usize) {
        let after = at + 1;
        match self.tokens.get(at) {
            None | Some(Token::Null) => (Node::Null, after),
            Some(&Token::Boolean(boolean)) => (Node::Boolean(boolean), after),
            Some(&Token::Number(number)) => (Node::Number(number), after),
            Some(&Token::Text(start, end)) => (Node::Text(self.slice(start, end)), after),
            Some(&Token::Array(count, end)) => (
                Node::Array(Elements {
                    tape: self,
                    at: after,
                    left: count,
                }),
                end as usize,
            ),
            Some(&Token::Object(count, end)) => (
                Node::Object(Members {
                    tape: self,
                    at: after,
                    left: count,
                }),
                end as usize,
            ),
        }
    }

    fn slice(&self, start: u32, end: u32) -> &str {
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }
}

/// One value of a [`Tape`].
#[derive(Debug, Clone, Copy)]
pub enum Node<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// A number, always finite.
    Number(f64),
    /// A string, unescaped.
    Text(&'a str),
    /// An array.
    Array(Elements<'a>),
    /// An object.
    Object(Members<'a>),
}

impl<'a> Node<'a> {
    /// The member of this object under `key` (the last one of that name); `None` on anything but an object.
    pub fn get(self, key: &str) -> Option<Node<'a>> {
        match self {
            Node::Object(members) => members
                .filter(|(name, _)| *name == key)
                .last()
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// A string, or a number in its shortest form; `None` on anything else.
    pub fn text(self) -> Option<Cow<'a, str>> {
        match self {
            Node::Text(text) => Some(Cow::Borrowed(text)),
            Node::Number(number) => {
                let mut out = Vec::with_capacity(24);
                write::number(&mut out, number);
                String::from_utf8(out).ok().map(Cow::Owned)
            }
            _ => None,
        }
    }
}

/// The elements of an array, in order.
#[derive(Debug, Clone, Copy)]
pub struct Elements<'a> {
    tape: &'a Tape,
    at: usize,
    left: u32,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Node<'a>> {
        self.left = self.left.checked_sub(1)?;
        let (node, after) = self.tape.node(self.at);
        self.at = after;
        Some(node)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl ExactSizeIterator for Elements<'_> {}

/// The members of an object, in the order of the text, names that are there twice included.
#[derive(Debug, Clone, Copy)]
pub struct Members<'a> {
    tape: &'a Tape,
    at: usize,
    left: u32,
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, Node<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let key = match self.tape.tokens.get(self.at) {
            Some(&Token::Text(start, end)) => self.tape.slice(start, end),
            _ => return None,
        };
        let (node, after) = self.tape.node(self.at + 1);
        self.at = after;
        Some((key, node))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl ExactSizeIterator for Members<'_> {}

#[cfg(test)]
mod tests;
