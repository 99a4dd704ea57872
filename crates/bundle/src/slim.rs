//! Leaves out what browsers do not need: comments on lines of their own, indentation and empty lines. Everything else stays as it
//! is written, line by line, so that a browser's messages still show the page's own code.

use crate::Fault;

/// A module without comments and indentation.
///
/// # Errors
/// A template literal that goes on over the end of a line: its white space would be lost.
pub(crate) fn script(name: &str, text: &str) -> Result<String, Fault> {
    let mut lines = Lines::default();
    for (number, line) in text.lines().enumerate() {
        let line = lines.next(line, "//");
        if line.matches('`').count() % 2 != 0 {
            return Err(Fault(format!(
                "web/{name}, line {}: a template literal must end on its line; join several with +",
                number + 1
            )));
        }
    }
    Ok(lines.kept)
}

/// A style sheet without comments and indentation.
pub(crate) fn style(text: &str) -> String {
    let mut lines = Lines::default();
    for line in text.lines() {
        // Style sheets have no comments of one line; no line begins like this.
        lines.next(line, "\0");
    }
    lines.kept
}

/// A page without indentation. White space between elements stays one line break.
pub(crate) fn page(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        kept.push_str(line);
        kept.push('\n');
    }
    kept
}

/// The lines that stay, and whether the next one is in a comment.
#[derive(Default)]
struct Lines {
    kept: String,
    is_comment: bool,
}

impl Lines {
    /// Takes a line, and returns what stays of it. `comment` begins a comment of one line.
    fn next<'l>(&mut self, line: &'l str, comment: &str) -> &'l str {
        let line = line.trim();
        if self.is_comment || line.starts_with("/*") {
            // A comment that ends within a line with code stays, with its line.
            match line.split_once("*/") {
                Some((_, after)) if !after.trim().is_empty() => self.is_comment = false,
                Some(_) => {
                    self.is_comment = false;
                    return "";
                }
                None => {
                    self.is_comment = true;
                    return "";
                }
            }
        }
        if line.is_empty() || line.starts_with(comment) {
            return "";
        }
        self.kept.push_str(line);
        self.kept.push('\n');
        line
    }
}
