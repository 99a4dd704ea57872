//! Comments of source files, line by line. The reader knows no grammar: a comment mark at the start of a line or behind
//! white space begins a comment. A mark within a text is taken for one, too, which is rare enough for a count.

use crate::repository::{File, Kind};

/// The comments of a file with their line numbers, without the marks. Nothing for languages without line comments.
pub fn comments(file: &File) -> impl Iterator<Item = (usize, &str)> {
    let mark = mark(file.kind);
    file.text
        .lines()
        .enumerate()
        .filter_map(move |(index, line)| Some((index + 1, comment(line, mark?)?)))
}

/// A line without its comment.
#[must_use]
pub fn code(line: &str, kind: Kind) -> &str {
    match mark(kind).and_then(|mark| start(line, mark)) {
        Some(start) => line.get(..start).unwrap_or_default(),
        None => line,
    }
}

fn mark(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Rust | Kind::JavaScript => Some("//"),
        Kind::Lua | Kind::Sql => Some("--"),
        Kind::Python | Kind::Shell => Some("#"),
        Kind::Css | Kind::Html | Kind::Markdown | Kind::Text => None,
    }
}

fn comment<'a>(line: &'a str, mark: &str) -> Option<&'a str> {
    let text = line.get(start(line, mark)? + mark.len()..)?;
    // The third character of doc comments.
    Some(text.strip_prefix(['/', '!']).unwrap_or(text))
}

/// Where the comment of a line begins.
fn start(line: &str, mark: &str) -> Option<usize> {
    let indent = line.len() - line.trim_start().len();
    if line.get(indent..)?.starts_with(mark) {
        return Some(indent);
    }
    let inner = format!(" {mark} ");
    line.find(&inner).map(|at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_found_at_the_start_and_behind_code() {
        let file = File {
            path: "a.rs".to_owned(),
            kind: Kind::Rust,
            text: "//! Head.\nlet url = \"http://x\"; // Why.\n    /// Doc.\nlet x = 1;\n".to_owned(),
        };
        let found: Vec<_> = comments(&file).collect();
        assert_eq!(found, [(1, " Head."), (2, " Why."), (3, " Doc.")]);
        assert_eq!(code("let x = 1; // one", Kind::Rust), "let x = 1; ");
        assert_eq!(code("# all", Kind::Shell), "");
    }
}
