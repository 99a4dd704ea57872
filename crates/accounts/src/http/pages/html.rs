//! Markup under construction. Text of people comes in through [`Html::text`] and [`Html::attribute`] alone, which escape
//! it; all other parts are written in this program. So nothing that people write becomes markup.

use unicode_normalization::char::is_combining_mark;

/// Combining marks on one letter. More of them pile up over other lines, and thousands take browsers seconds to draw.
const MARKS_MAX: usize = 8;

/// A piece of HTML.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::http) struct Html(String);

impl Html {
    /// Adds markup of this program.
    pub(in crate::http) fn raw(mut self, markup: &'static str) -> Self {
        self.0.push_str(markup);
        self
    }

    /// Adds text of others, as text.
    pub(in crate::http) fn text(mut self, text: &str) -> Self {
        push_escaped(&mut self.0, text);
        self
    }

    /// Adds ` name="value"` to a tag that is open.
    pub(in crate::http) fn attribute(mut self, name: &'static str, value: &str) -> Self {
        self.0.push(' ');
        self.0.push_str(name);
        self.0.push_str("=\"");
        push_escaped(&mut self.0, value);
        self.0.push('"');
        self
    }

    /// Adds another piece.
    pub(in crate::http) fn add(mut self, other: &Self) -> Self {
        self.0.push_str(&other.0);
        self
    }

    /// Adds a piece for each of some things.
    pub(in crate::http) fn each<T>(
        self,
        all: impl IntoIterator<Item = T>,
        part: impl Fn(Self, T) -> Self,
    ) -> Self {
        all.into_iter().fold(self, part)
    }

    /// Whether nothing is in it.
    pub(in crate::http) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The markup.
    pub(in crate::http) fn into_string(self) -> String {
        self.0
    }
}

fn push_escaped(out: &mut String, text: &str) {
    let mut marks = 0;
    for character in text.chars() {
        marks = if is_combining_mark(character) {
            marks + 1
        } else {
            0
        };
        if marks > MARKS_MAX {
            continue;
        }
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(character),
            character if character.is_control() => {}
            character => out.push(character),
        }
    }
}

/// A name as one segment of a path.
pub(in crate::http) fn segment(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        let html = Html::default()
            .raw("<p")
            .attribute("title", "\" onclick=\"x")
            .raw(">")
            .text("<script>&'\u{0}\u{1b}\n")
            .raw("</p>");
        assert_eq!(
            html.into_string(),
            "<p title=\"&quot; onclick=&quot;x\">&lt;script&gt;&amp;&#39;\n</p>"
        );
    }

    #[test]
    fn marks_do_not_pile_up() {
        let pile = format!("a{}b\u{301}", "\u{301}".repeat(100));
        let text = Html::default().text(&pile).into_string();
        assert_eq!(
            text.chars().filter(|one| *one == '\u{301}').count(),
            MARKS_MAX + 1
        );
    }

    #[test]
    fn segments_lead_nowhere_else() {
        assert_eq!(segment("Ada Lovelace"), "Ada%20Lovelace");
        assert_eq!(segment("../a?b#c\"é"), "..%2Fa%3Fb%23c%22%C3%A9");
    }
}
