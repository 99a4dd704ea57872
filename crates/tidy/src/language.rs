//! The count behind the rule "name the noun": how often pronouns stand for technical nouns in comments and documents.

use std::collections::BTreeMap;

use crate::comments::comments;
use crate::markdown::prose;
use crate::repository::{File, Kind, Repository};

/// The words that are counted. Each makes a sentence whose subject or object has no name.
pub const COUNTED: [&str; 10] = [
    "who",
    "whoever",
    "whom",
    "whose",
    "what",
    "whatever",
    "somebody",
    "nobody",
    "everybody",
    "anybody",
];

/// The words of a text and how many of them are counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// All words.
    pub words: usize,
    /// Those of [`COUNTED`].
    pub counted: usize,
}

impl Count {
    /// Counted words for each 100 words.
    #[must_use]
    pub fn per_hundred(self) -> f64 {
        100.0 * self.counted as f64 / self.words.max(1) as f64
    }

    fn add(&mut self, text: &str) {
        let letters = |c: char| !c.is_ascii_alphabetic() && c != '\'';
        for word in text.split(letters).filter(|word| !word.is_empty()) {
            self.words += 1;
            if COUNTED.iter().any(|counted| word.eq_ignore_ascii_case(counted)) {
                self.counted += 1;
            }
        }
    }
}

/// The name of the limit for a kind of file: comments, or prose for Markdown. Nothing for kinds that are not counted.
#[must_use]
pub fn name(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Rust => Some("rust-comments"),
        Kind::JavaScript => Some("javascript-comments"),
        Kind::Lua => Some("lua-comments"),
        Kind::Python => Some("python-comments"),
        Kind::Shell => Some("shell-comments"),
        Kind::Markdown => Some("markdown-prose"),
        Kind::Css | Kind::Sql | Kind::Html | Kind::Text => None,
    }
}

/// The count of one file.
#[must_use]
pub fn count(file: &File) -> Count {
    let mut count = Count::default();
    if file.kind == Kind::Markdown {
        prose(&file.text).for_each(|line| count.add(&line));
    } else {
        comments(file).for_each(|(_, text)| count.add(text));
    }
    count
}

/// The counts of the repository by the names of their limits.
#[must_use]
pub fn counts(repository: &Repository) -> BTreeMap<&'static str, Count> {
    let mut counts = BTreeMap::<_, Count>::new();
    for file in &repository.files {
        if let Some(name) = name(file.kind) {
            let one = count(file);
            let sum = counts.entry(name).or_default();
            sum.words += one.words;
            sum.counted += one.counted;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_in_comments_and_prose_only() {
        let file = |kind, text: &str| File {
            path: String::new(),
            kind,
            text: text.to_owned(),
        };
        let rust = count(&file(
            Kind::Rust,
            "/// What nobody's queue holds.\nlet who = \"what\";\n",
        ));
        assert_eq!((rust.words, rust.counted), (4, 1));
        let prose = count(&file(
            Kind::Markdown,
            "Who `who` is.\n\n    who\n\n```\nwho\n```\n",
        ));
        assert_eq!((prose.words, prose.counted), (2, 1));
        assert!((prose.per_hundred() - 50.0).abs() < 1e-9);
    }
}
