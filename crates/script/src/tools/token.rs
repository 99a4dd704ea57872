//! Tokenizer for Luau source; each token has its line.

/// The kinds of tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Token<'s> {
    /// A name or a keyword.
    Word(&'s str),
    /// The text of a string literal, with unprocessed escapes.
    Text(&'s str),
    /// A number.
    Number,
    /// An operator or a bracket.
    Sign(&'s str),
    /// A backtick string up to its first `{`, or completely.
    Template {
        /// Whether an expression follows.
        open: bool,
    },
    /// A part of a backtick string after an expression.
    TemplateRest {
        /// Whether another expression follows.
        open: bool,
    },
}

/// A token and the line of its start.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed<'s> {
    pub(super) token: Token<'s>,
    pub(super) line: u32,
}

/// Longer signs first, so that the first match is the right one.
const SIGNS: [&str; 48] = [
    "...", "..=", "//=", "==", "~=", "<=", ">=", "..", "::", "->", "+=", "-=", "*=", "/=", "%=", "^=", "//",
    "+", "-", "*", "/", "%", "^", "#", "<", ">", "=", "(", ")", "{", "}", "[", "]", ";", ":", ",", ".", "|",
    "&", "?", "@", "!", "~", "$", "\\", "'", "\"", "`",
];

/// Splits a source into tokens; `None` when it is no valid Luau.
pub(super) fn tokens(source: &str) -> Option<Vec<Placed<'_>>> {
    let mut reader = Reader {
        source,
        bytes: source.as_bytes(),
        at: 0,
        line: 1,
        braces: Vec::new(),
        tokens: Vec::new(),
    };
    while reader.next()? {}
    Some(reader.tokens)
}

struct Reader<'s> {
    source: &'s str,
    bytes: &'s [u8],
    at: usize,
    line: u32,
    /// Open braces; true for a brace that began an expression inside a backtick string.
    braces: Vec<bool>,
    tokens: Vec<Placed<'s>>,
}

impl<'s> Reader<'s> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn push(&mut self, token: Token<'s>, line: u32) {
        self.tokens.push(Placed { token, line });
    }

    fn skip_line(&mut self) {
        while self.at < self.bytes.len() && self.peek(0) != b'\n' {
            self.at += 1;
        }
    }

    /// Reads one token; false at the end.
    fn next(&mut self) -> Option<bool> {
        self.skip_blanks()?;
        if self.at >= self.bytes.len() {
            return Some(false);
        }
        let (start, line) = (self.at, self.line);
        let first = self.peek(0);
        if first.is_ascii_alphabetic() || first == b'_' {
            while self.peek(0).is_ascii_alphanumeric() || self.peek(0) == b'_' {
                self.at += 1;
            }
            let word = self.source.get(start..self.at)?;
            self.push(Token::Word(word), line);
        } else if first.is_ascii_digit() || (first == b'.' && self.peek(1).is_ascii_digit()) {
            self.number();
            self.push(Token::Number, line);
        } else if let Some(level) = self.long_bracket() {
            let text = self.long_text(level)?;
            self.push(Token::Text(text), line);
        } else if first == b'"' || first == b'\'' {
            let text = self.quoted(first)?;
            self.push(Token::Text(text), line);
        } else if first == b'`' {
            self.at += 1;
            let open = self.template()?;
            self.push(Token::Template { open }, line);
        } else if first == b'}' && self.braces.last() == Some(&true) {
            self.braces.pop();
            self.at += 1;
            let open = self.template()?;
            self.push(Token::TemplateRest { open }, line);
        } else {
            let rest = self.source.get(start..)?;
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign))?;
            match *sign {
                "{" => self.braces.push(false),
                "}" => drop(self.braces.pop()),
                _ => {}
            }
            self.at += sign.len();
            self.push(Token::Sign(sign), line);
        }
        Some(true)
    }

    fn skip_blanks(&mut self) -> Option<()> {
        loop {
            match self.peek(0) {
                b'\n' => {
                    self.line += 1;
                    self.at += 1;
                }
                b' ' | b'\t' | b'\r' | 0x0b | 0x0c => self.at += 1,
                b'-' if self.peek(1) == b'-' => {
                    self.at += 2;
                    match self.long_bracket() {
                        Some(level) => drop(self.long_text(level)?),
                        None => self.skip_line(),
                    }
                }
                _ => return Some(()),
            }
        }
    }

    fn number(&mut self) {
        let hexadecimal = self.peek(0) == b'0' && matches!(self.peek(1), b'x' | b'X' | b'b' | b'B');
        while self.peek(0).is_ascii_alphanumeric()
            || self.peek(0) == b'_'
            || (self.peek(0) == b'.' && self.peek(1) != b'.')
        {
            let exponent = !hexadecimal && matches!(self.peek(0), b'e' | b'E');
            self.at += 1;
            if exponent && matches!(self.peek(0), b'+' | b'-') {
                self.at += 1;
            }
        }
    }

    /// The number of equals signs in the long bracket at the current position.
    fn long_bracket(&self) -> Option<usize> {
        if self.peek(0) != b'[' {
            return None;
        }
        let mut level = 0;
        while self.peek(1 + level) == b'=' {
            level += 1;
        }
        (self.peek(1 + level) == b'[').then_some(level)
    }

    fn long_text(&mut self, level: usize) -> Option<&'s str> {
        let end = format!("]{}]", "=".repeat(level));
        let start = self.at + level + 2;
        let length = self.source.get(start..)?.find(&end)?;
        let text = self.source.get(start..start + length)?;
        self.line += text.bytes().filter(|&byte| byte == b'\n').count() as u32;
        self.at = start + length + end.len();
        Some(text)
    }

    fn quoted(&mut self, quote: u8) -> Option<&'s str> {
        self.at += 1;
        let start = self.at;
        loop {
            match self.peek(0) {
                byte if byte == quote => break,
                b'\\' => self.escape(),
                b'\n' => return None,
                0 if self.at >= self.bytes.len() => return None,
                _ => self.at += 1,
            }
        }
        let text = self.source.get(start..self.at)?;
        self.at += 1;
        Some(text)
    }

    /// Skips a backslash and its escape; `\z` includes all white space.
    fn escape(&mut self) {
        self.at += 1;
        if self.peek(0) == b'z' {
            self.at += 1;
            while self.peek(0).is_ascii_whitespace() {
                self.line += u32::from(self.peek(0) == b'\n');
                self.at += 1;
            }
        } else {
            self.line += u32::from(self.peek(0) == b'\n');
            // A carriage return includes its line feed.
            self.at += 1 + usize::from(self.peek(0) == b'\r' && self.peek(1) == b'\n');
        }
    }

    /// Skips the text of a backtick string; returns true when it stopped at an expression.
    fn template(&mut self) -> Option<bool> {
        loop {
            match self.peek(0) {
                b'`' => {
                    self.at += 1;
                    return Some(false);
                }
                b'{' => {
                    self.at += 1;
                    self.braces.push(true);
                    return Some(true);
                }
                b'\\' => self.escape(),
                0 if self.at >= self.bytes.len() => return None,
                byte => {
                    self.line += u32::from(byte == b'\n');
                    self.at += 1;
                }
            }
        }
    }
}
