//! The types in the function tables: parsed, checked, and translated to Luau's syntax.
//!
//! A signature is `(name: Type, name: Type?): Result`. The result may be missing, one type, or several types
//! in round brackets.

/// A parsed signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The parameters: name and type. The name `...` accepts any number of arguments.
    pub parameters: Vec<(String, String)>,
    /// The types of the results.
    pub results: Vec<String>,
}

/// Type names that a signature may use.
const NAMES: [&str; 12] = [
    "Connection",
    "Channel",
    "string",
    "number",
    "boolean",
    "table",
    "any",
    "nil",
    "true",
    "false",
    "unknown",
    "never",
];

impl Signature {
    /// Parses a signature.
    ///
    /// # Errors
    /// The problem and its position.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader { text, at: 0 };
        let parameters = reader.parameters()?;
        let results = if reader.take(":") {
            reader.results()?
        } else {
            Vec::new()
        };
        reader.blanks();
        if reader.at < text.len() {
            return Err(reader.wrong("nothing more"));
        }
        Ok(Self { parameters, results })
    }

    /// The signature as a Luau function type: `(con: Connection) -> string`.
    pub fn function_type(&self) -> String {
        let parameters: Vec<String> = self
            .parameters
            .iter()
            .map(|(name, kind)| {
                if name == "..." {
                    format!("...{kind}")
                } else {
                    format!("{name}: {kind}")
                }
            })
            .collect();
        let results = match self.results.as_slice() {
            [one] => one.clone(),
            several => format!("({})", several.join(", ")),
        };
        format!("({}) -> {results}", parameters.join(", "))
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn take(&mut self, sign: &str) -> bool {
        self.blanks();
        let found = self.rest().starts_with(sign);
        if found {
            self.at += sign.len();
        }
        found
    }

    fn wrong(&self, expected: &str) -> String {
        format!("{expected} expected at {:?} in {:?}", self.rest(), self.text)
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        if self.take(sign) {
            Ok(())
        } else {
            Err(self.wrong(sign))
        }
    }

    fn name(&mut self) -> Result<&'t str, String> {
        self.blanks();
        let rest = self.rest();
        let length = rest
            .find(|character: char| !character.is_ascii_alphanumeric() && character != '_')
            .unwrap_or(rest.len());
        let name = rest.get(..length).unwrap_or_default();
        if name.is_empty()
            || name.starts_with(|first: char| first.is_ascii_digit())
            || super::names::is_keyword(name) && !NAMES.contains(&name)
        {
            return Err(self.wrong("a name"));
        }
        self.at += length;
        Ok(name)
    }

    fn parameters(&mut self) -> Result<Vec<(String, String)>, String> {
        self.expect("(")?;
        let mut parameters = Vec::new();
        if self.take(")") {
            return Ok(parameters);
        }
        loop {
            let name = if self.take("...") { "..." } else { self.name()? };
            self.expect(":")?;
            parameters.push((name.to_owned(), self.kind()?));
            if self.take(")") {
                return Ok(parameters);
            }
            self.expect(",")?;
        }
    }

    fn results(&mut self) -> Result<Vec<String>, String> {
        let before = self.at;
        if self.take("(") {
            let mut results = Vec::new();
            if self.take(")") {
                return Ok(results);
            }
            loop {
                results.push(self.kind()?);
                if self.take(")") {
                    break;
                }
                self.expect(",")?;
            }
            self.blanks();
            if self.at == self.text.len() {
                return Ok(results);
            }
            // The brackets are part of one type, as in `(string | number)?`.
            self.at = before;
        }
        Ok(vec![self.kind()?])
    }

    /// A union of types.
    fn kind(&mut self) -> Result<String, String> {
        let mut kinds = vec![self.single()?];
        while self.take("|") {
            kinds.push(self.single()?);
        }
        Ok(kinds.join(" | "))
    }

    fn single(&mut self) -> Result<String, String> {
        let mut kind = if self.take("(") {
            let inner = self.kind()?;
            self.expect(")")?;
            format!("({inner})")
        } else if self.take("{") {
            self.table()?
        } else if self.take("\"") {
            let text = self.rest().split('"').next().unwrap_or_default();
            self.at += text.len();
            self.expect("\"")?;
            format!("\"{text}\"")
        } else {
            let start = self.at;
            match self.name()? {
                // Luau has no type for an arbitrary table.
                "table" => "{[any]: any}".to_owned(),
                name if NAMES.contains(&name) => name.to_owned(),
                name => {
                    self.at = start;
                    return Err(self.wrong(&format!("a known type instead of {name}")));
                }
            }
        };
        while self.take("?") {
            kind.push('?');
        }
        Ok(kind)
    }

    /// The content of curly brackets, after the opening one.
    fn table(&mut self) -> Result<String, String> {
        if self.take("[") {
            let key = self.kind()?;
            self.expect("]")?;
            self.expect(":")?;
            let value = self.kind()?;
            self.expect("}")?;
            return Ok(format!("{{[{key}]: {value}}}"));
        }
        let start = self.at;
        let mut fields = Vec::new();
        while let Ok(name) = self.name() {
            if !self.take(":") {
                break;
            }
            fields.push(format!("{name}: {}", self.kind()?));
            if !self.take(",") {
                self.expect("}")?;
                return Ok(format!("{{{}}}", fields.join(", ")));
            }
        }
        self.at = start;
        let element = self.kind()?;
        self.expect("}")?;
        Ok(format!("{{{element}}}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(signature: &str) -> String {
        Signature::parse(signature).unwrap().function_type()
    }

    #[test]
    fn signatures_become_luau_types() {
        assert_eq!(written("()"), "() -> ()");
        assert_eq!(
            written("(con: Connection, text: string?): (boolean, Channel?)"),
            "(con: Connection, text: string?) -> (boolean, Channel?)"
        );
        assert_eq!(
            written("(chan: Channel): \"public\"|\"private\""),
            "(chan: Channel) -> \"public\" | \"private\""
        );
        assert_eq!(
            written("(to: (Connection|string)?): {string}"),
            "(to: (Connection | string)?) -> {string}"
        );
        assert_eq!(
            written("(t: table): {[string]: number}"),
            "(t: {[any]: any}) -> {[string]: number}"
        );
        assert_eq!(
            written("(): {a: string, b: {number}} | false"),
            "() -> {a: string, b: {number}} | false"
        );
        assert_eq!(written("(): (string | number)?"), "() -> (string | number)?");
        assert_eq!(written("(...: any): (any)"), "(...any) -> any");
    }

    #[test]
    fn wrong_signatures_are_refused() {
        for wrong in [
            "",
            "(",
            "(con)",
            "(con: Conection)",
            "(con: Connection",
            "(): ",
            "(): string extra",
            "(1: string)",
            "(a: string,)",
            "(a: {string)",
            "(end: string)",
            "(a: \"x)",
            "(a: [string])",
        ] {
            assert!(Signature::parse(wrong).is_err(), "{wrong}");
        }
    }
}
