//! The functions of Rust files and their length. rustfmt has formatted the files: a function ends at the first closing
//! brace with the indentation of its first line.

use crate::repository::File;

/// A function of a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Function<'a> {
    /// Its name.
    pub name: &'a str,
    /// The number of its first line.
    pub line: usize,
    /// Its lines, from the signature to the closing brace.
    pub length: usize,
}

/// Words that may stand before `fn`.
const BEFORE: [&str; 6] = ["pub", "const", "async", "unsafe", "extern", "\"C\""];

/// The functions of a file that take more than one line.
pub fn functions(file: &File) -> impl Iterator<Item = Function<'_>> {
    let lines: Vec<&str> = file.text.lines().collect();
    (0..lines.len()).filter_map(move |first| {
        let line = *lines.get(first)?;
        let name = name(line)?;
        let indent = line.len() - line.trim_start().len();
        let end = format!("{}}}", " ".repeat(indent));
        let length =
            lines.iter().skip(first).position(|line| {
                **line == end || line.trim_end().ends_with(';') && indent_of(line) == indent
            })? + 1;
        Some(Function {
            name,
            line: first + 1,
            length,
        })
    })
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The name of the function whose signature begins on this line.
fn name(line: &str) -> Option<&str> {
    let mut rest = line.trim_start();
    loop {
        if let Some(named) = rest.strip_prefix("fn ") {
            return named.split(|c: char| !c.is_alphanumeric() && c != '_').next();
        }
        let (word, behind) = rest.split_once(' ')?;
        let bare = word.split('(').next().unwrap_or(word);
        if !BEFORE.contains(&bare) {
            return None;
        }
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::Kind;

    #[test]
    fn functions_have_names_and_lengths() {
        let file = File {
            path: "a.rs".to_owned(),
            kind: Kind::Rust,
            text: "pub(crate) async fn one() {\n    if x {\n    }\n}\n\nimpl A {\n    fn two(\n        a: u8,\n    ) {\n    }\n}\n"
                .to_owned(),
        };
        let found: Vec<_> = functions(&file).map(|f| (f.name, f.line, f.length)).collect();
        assert_eq!(found, [("one", 1, 4), ("two", 7, 4)]);
    }
}
