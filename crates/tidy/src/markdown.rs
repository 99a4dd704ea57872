//! Markdown: prose without code, headings with their anchors, and links.

use std::collections::HashMap;

/// The lines that are no code, without their code spans.
pub fn prose(text: &str) -> impl Iterator<Item = String> {
    outside_fences(text)
        .filter(|line| !line.starts_with("    "))
        .map(without_spans)
}

/// The anchors of the headings, as GitHub makes them.
#[must_use]
pub fn anchors(text: &str) -> Vec<String> {
    let mut seen = HashMap::<String, usize>::new();
    outside_fences(text)
        .filter(|line| line.starts_with('#'))
        .filter_map(|line| line.trim_start_matches('#').strip_prefix(' '))
        .map(|heading| {
            let anchor = anchor(heading);
            let before = seen.entry(anchor.clone()).or_default();
            *before += 1;
            match *before {
                1 => anchor,
                more => format!("{anchor}-{}", more - 1),
            }
        })
        .collect()
}

fn anchor(heading: &str) -> String {
    heading
        .trim()
        .to_lowercase()
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            _ if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
            _ => None,
        })
        .collect()
}

/// The targets of links and pictures that stand in the text itself.
#[must_use]
pub fn links(text: &str) -> Vec<String> {
    // A link may go on in the next line, so the lines come together again.
    let text: Vec<String> = outside_fences(text).map(without_spans).collect();
    let text = text.join("\n");
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', ' ', '\n']).next())
        .filter(|target| !target.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The text with other targets of its links; a target stays where `change` gives none.
#[must_use]
pub fn with_links(text: &str, mut change: impl FnMut(&str) -> Option<String>) -> String {
    let mut fenced = false;
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        fenced ^= line.trim_start().starts_with("```");
        for (index, part) in line.split('`').enumerate() {
            if index > 0 {
                out.push('`');
            }
            // Each second part is code.
            if fenced || index % 2 == 1 {
                out.push_str(part);
                continue;
            }
            let mut pieces = part.split("](");
            out.push_str(pieces.next().unwrap_or_default());
            for piece in pieces {
                let (target, rest) = piece.split_at(piece.find([')', ' ', '\n']).unwrap_or(piece.len()));
                out.push_str("](");
                out.push_str(change(target).as_deref().unwrap_or(target));
                out.push_str(rest);
            }
        }
    }
    out
}

/// The path from the root of the repository to which a link in a file leads, and its anchor; nothing for an address on the web.
#[must_use]
pub fn target(from: &str, link: &str) -> Option<(String, String)> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    if path.is_empty() {
        return Some((from.to_owned(), anchor.to_owned()));
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    Some((parts.join("/"), anchor.to_owned()))
}

fn outside_fences(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

fn without_spans(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_have_the_anchors_of_github() {
        let text = "# The `map`\n\n```\n# no heading\n```\n## Why, and how?\n## Why, and how?\n";
        assert_eq!(anchors(text), ["the-map", "why-and-how", "why-and-how-1"]);
    }

    #[test]
    fn links_are_found_outside_code() {
        let text = "See [a\npage](docs/a.md#b) and ![x](y.png), not `[c](d)`.\n\n```\n[e](f)\n```\n";
        assert_eq!(links(text), ["docs/a.md#b", "y.png"]);
        let changed = with_links(text, |link| link.ends_with("png").then(|| "z.png".to_owned()));
        assert_eq!(changed, text.replace("y.png", "z.png"));
    }

    #[test]
    fn a_link_leads_to_a_path_from_the_root() {
        let path = |link| target("docs/a.md", link);
        let told = |path: &str, anchor: &str| Some((path.to_owned(), anchor.to_owned()));
        assert_eq!(path("b.md#c"), told("docs/b.md", "c"));
        assert_eq!(path("../README.md"), told("README.md", ""));
        assert_eq!(path("#d"), told("docs/a.md", "d"));
        assert_eq!(path("https://example.org/"), None);
    }
}
