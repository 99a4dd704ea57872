//! The grammar.

use super::{JsonError, MAX_DEPTH, Tape, Token};

pub(super) struct Reader<'a> {
    source: &'a str,
    bytes: &'a [u8],
    at: usize,
    tape: &'a mut Tape,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a str, tape: &'a mut Tape) -> Self {
        Self {
            source,
            bytes: source.as_bytes(),
            at: 0,
            tape,
        }
    }

    pub(super) fn document(&mut self) -> Result<(), JsonError> {
        // Token and text positions are kept in 32 bits.
        if u32::try_from(self.bytes.len()).is_err() {
            return Err(self.fail("the text is too long"));
        }
        self.value(0)?;
        self.space();
        if self.at == self.bytes.len() {
            Ok(())
        } else {
            Err(self.fail("something follows the value"))
        }
    }

    #[cold]
    fn fail(&self, reason: &'static str) -> JsonError {
        JsonError {
            offset: self.at,
            reason,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<(), JsonError> {
        self.space();
        let token = match self.peek() {
            Some(b'"') => self.string()?,
            Some(b'{') => return self.object(depth),
            Some(b'[') => return self.array(depth),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Token::Boolean(true))?,
            Some(b'f') => self.word("false", Token::Boolean(false))?,
            Some(b'n') => self.word("null", Token::Null)?,
            Some(_) => return Err(self.fail("a value was expected")),
            None => return Err(self.fail("the text ends where a value was expected")),
        };
        self.tape.tokens.push(token);
        Ok(())
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "the parser never moves behind the end of its bytes"
    )]
    fn word(&mut self, word: &'static str, token: Token) -> Result<Token, JsonError> {
        if self.bytes[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(token)
        } else {
            Err(self.fail("a value was expected"))
        }
    }

    fn enter(&mut self, depth: usize) -> Result<usize, JsonError> {
        if depth >= MAX_DEPTH {
            return Err(self.fail("nested too deep"));
        }
        self.at += 1;
        self.space();
        let opening = self.tape.tokens.len();
        self.tape.tokens.push(Token::Null);
        Ok(opening)
    }

    /// After an element: whether another one follows.
    fn follows(&mut self, close: u8) -> Result<bool, JsonError> {
        self.space();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                Ok(true)
            }
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(false)
            }
            _ => Err(self.fail("a comma or the closing bracket was expected")),
        }
    }

    fn close(&mut self, opening: usize, count: u32, token: fn(u32, u32) -> Token) {
        let end = self.tape.tokens.len() as u32;
        if let Some(slot) = self.tape.tokens.get_mut(opening) {
            *slot = token(count, end);
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), JsonError> {
        let opening = self.enter(depth)?;
        let mut count = 0;
        if self.peek() == Some(b']') {
            self.at += 1;
        } else {
            loop {
                self.value(depth + 1)?;
                count += 1;
                if !self.follows(b']')? {
                    break;
                }
            }
        }
        self.close(opening, count, Token::Array);
        Ok(())
    }

    fn object(&mut self, depth: usize) -> Result<(), JsonError> {
        let opening = self.enter(depth)?;
        let mut count = 0;
        if self.peek() == Some(b'}') {
            self.at += 1;
        } else {
            loop {
                self.space();
                if self.peek() != Some(b'"') {
                    return Err(self.fail("the name of a member was expected"));
                }
                let key = self.string()?;
                self.tape.tokens.push(key);
                self.space();
                if self.peek() != Some(b':') {
                    return Err(self.fail("a colon was expected"));
                }
                self.at += 1;
                self.value(depth + 1)?;
                count += 1;
                if !self.follows(b'}')? {
                    break;
                }
            }
        }
        self.close(opening, count, Token::Object);
        Ok(())
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "the parser never moves behind the end of its bytes"
    )]
    fn number(&mut self) -> Result<Token, JsonError> {
        let start = self.at;
        let negative = self.peek() == Some(b'-');
        self.at += usize::from(negative);
        let digits = self.at;
        let mut whole = 0_u64;
        while let Some(byte @ b'0'..=b'9') = self.peek() {
            whole = whole.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
            self.at += 1;
        }
        let count = self.at - digits;
        if count == 0 || (count > 1 && self.bytes[digits] == b'0') {
            return Err(
                self.fail("a number starts with one digit, and with 0 only if that is all before the point")
            );
        }
        let simple = !matches!(self.peek(), Some(b'.' | b'e' | b'E'));
        // Up to 15 digits the value is exact, and far from where `whole` could have wrapped.
        if simple && count <= 15 {
            let number = whole as f64;
            return Ok(Token::Number(if negative { -number } else { number }));
        }
        let text = self.source.get(start..self.at).unwrap_or_default();
        if simple && text.parse::<i64>().is_err() {
            return Err(self.fail("the whole number has more than 64 bits"));
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        match self
            .source
            .get(start..self.at)
            .and_then(|text| text.parse::<f64>().ok())
        {
            Some(number) if number.is_finite() => Ok(Token::Number(number)),
            _ => Err(self.fail("the number is too large")),
        }
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start {
            Err(self.fail("a digit was expected"))
        } else {
            Ok(())
        }
    }

    fn string(&mut self) -> Result<Token, JsonError> {
        self.at += 1;
        let start = self.tape.text.len() as u32;
        loop {
            let run = self.at;
            self.at += plain_run(self.bytes.get(run..).unwrap_or_default());
            // Runs end at ASCII bytes, so they are whole characters.
            self.tape
                .text
                .push_str(self.source.get(run..self.at).unwrap_or_default());
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Token::Text(start, self.tape.text.len() as u32));
                }
                Some(b'\\') => {
                    self.at += 1;
                    let character = self.escape()?;
                    self.tape.text.push(character);
                }
                Some(_) => return Err(self.fail("a control character must be escaped")),
                None => return Err(self.fail("the text ends inside a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let character = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'u') => {
                self.at += 1;
                return self.code_point();
            }
            _ => return Err(self.fail("an unknown escape")),
        };
        self.at += 1;
        Ok(character)
    }

    /// Refuses characters that old parsers of this protocol refuse, and that not every text can carry: NUL, and half a
    /// surrogate pair.
    fn code_point(&mut self) -> Result<char, JsonError> {
        let first = self.unit()?;
        if first == 0 {
            return Err(self.fail("a string must not contain NUL"));
        }
        if let Some(character) = char::from_u32(first) {
            return Ok(character);
        }
        let alone = "a surrogate must have its partner";
        if !(0xd800..0xdc00).contains(&first)
            || !self
                .bytes
                .get(self.at..)
                .is_some_and(|rest| rest.starts_with(b"\\u"))
        {
            return Err(self.fail(alone));
        }
        self.at += 2;
        let second = self.unit()?;
        let low = second.checked_sub(0xdc00).filter(|low| *low < 0x400);
        low.and_then(|low| char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + low))
            .ok_or_else(|| self.fail(alone))
    }

    fn unit(&mut self) -> Result<u32, JsonError> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            unit = unit * 16 + digit.ok_or_else(|| self.fail("four hexadecimal digits were expected"))?;
            self.at += 1;
        }
        Ok(unit)
    }
}

/// How many bytes at the start are neither a quote nor a backslash nor a control character. Most of a message is
/// read here, so it looks at eight bytes at once.
fn plain_run(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    // Has the high bit of the lowest byte that is zero; a borrow can add false ones above that only.
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let mut at = 0;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let special =
            zero(word ^ (ONES * u64::from(b'"'))) | zero(word ^ (ONES * u64::from(b'\\'))) | control;
        if special != 0 {
            return at + special.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest
        .iter()
        .position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\')
        .unwrap_or(rest.len())
}
