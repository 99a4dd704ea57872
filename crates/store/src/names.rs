//! The rules for names of accounts and characters. Names that look alike are compared in `lookalike`.

use std::fmt;

/// Why a name was refused. The texts are for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// An account name is too short or too long.
    #[error("An account name has 3 to 40 characters.")]
    AccountLength,
    /// An account name holds something that is not allowed.
    #[error(
        "An account name is made of the letters A to Z, digits, single spaces, and the signs _ - and a dot."
    )]
    AccountCharacters,
    /// A character name is too short or too long.
    #[error("A character name has 2 to 20 characters.")]
    CharacterLength,
    /// A character name holds something that is not allowed.
    #[error(
        "A character name is made of the letters A to Z, digits, single spaces inside, and the signs _ and -."
    )]
    CharacterCharacters,
    /// The name means something to clients.
    #[error("This name is reserved. Please choose another one.")]
    Reserved,
}

/// The right by which a character gets its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameRight {
    /// The owner of the account: the name must not look like one of another account or one with a role in the chat.
    Asked,
    /// The operator, or the owner of the name before: any name that is free.
    Granted,
}

/// An account's name as its owner wrote it: 3 to 40 ASCII letters, digits, `_`, `-`, `.` and single spaces.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountName(String);

impl AccountName {
    /// Checks a name; spaces around it are dropped.
    ///
    /// # Errors
    /// The rule that the name breaks.
    pub fn parse(name: &str) -> Result<Self, NameError> {
        let name = name.trim();
        if !name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-. ".contains(&byte))
            || name.contains("  ")
        {
            return Err(NameError::AccountCharacters);
        }
        if !(3..=40).contains(&name.len()) {
            return Err(NameError::AccountLength);
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AccountName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A character's name in its canonical case: 2 to 20 ASCII letters, digits, `_`, `-` and single spaces inside.
#[derive(Clone, PartialEq, Eq)]
pub struct CharacterName(String);

impl CharacterName {
    /// Checks a name. Spaces around it are refused, not dropped: the client shows the name that it sent.
    ///
    /// # Errors
    /// The rule that the name breaks.
    pub fn parse(name: &str) -> Result<Self, NameError> {
        if !name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_- ".contains(&byte))
            || name.contains("  ")
            || name.starts_with(' ')
            || name.ends_with(' ')
        {
            return Err(NameError::CharacterCharacters);
        }
        if !(2..=20).contains(&name.len()) {
            return Err(NameError::CharacterLength);
        }
        let lower = name.to_ascii_lowercase();
        // `adh-` starts the id of a room; clients written in JavaScript keep characters in plain objects, where the
        // other two are members already.
        if lower.starts_with("adh-") || lower == "constructor" || lower == "__proto__" {
            return Err(NameError::Reserved);
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CharacterName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_names() {
        assert_eq!(AccountName::parse("  Ada L. ").unwrap().as_str(), "Ada L.");
        assert!(AccountName::parse(&"a".repeat(40)).is_ok());
        assert_eq!(AccountName::parse(&"a".repeat(41)), Err(NameError::AccountLength));
        assert_eq!(AccountName::parse("ab"), Err(NameError::AccountLength));
        assert_eq!(AccountName::parse(""), Err(NameError::AccountLength));
        for name in [
            "a  b c",
            "ada@x",
            "ad\0a",
            "Ädä",
            "ada\u{200b}",
            "аdа",
            "a'; DROP TABLE account;--",
            "a\tb",
        ] {
            assert_eq!(
                AccountName::parse(name),
                Err(NameError::AccountCharacters),
                "{name:?}"
            );
        }
    }

    #[test]
    fn character_names() {
        for name in [
            "Al",
            "Ada Lovelace",
            "x_-9",
            "--",
            "Adhara",
            "12345678901234567890",
        ] {
            assert_eq!(CharacterName::parse(name).unwrap().as_str(), name);
        }
        for name in [
            " Ada",
            "Ada ",
            "A  da",
            "Ada.",
            "Ａｄａ",
            "Ada\u{301}",
            "\u{202e}adA",
            "Ada\n",
            "A'da",
            "A%",
            "Ada\u{a0}B",
        ] {
            assert_eq!(
                CharacterName::parse(name),
                Err(NameError::CharacterCharacters),
                "{name:?}"
            );
        }
        for name in ["", "A", "123456789012345678901"] {
            assert_eq!(
                CharacterName::parse(name),
                Err(NameError::CharacterLength),
                "{name:?}"
            );
        }
        for name in ["ADH-1", "adh-x", "Constructor", "__proto__"] {
            assert_eq!(CharacterName::parse(name), Err(NameError::Reserved), "{name:?}");
        }
    }
}
