//! The reference of all figures as Markdown, for `docs/figures.md`.

use std::fmt::Write as _;

use crate::figure::Kind;
use crate::table::AnyTable;

/// A table for each section, in the order of the sections' first figures.
#[must_use]
pub fn markdown(tables: &[&'static dyn AnyTable]) -> String {
    let listings: Vec<_> = tables.iter().flat_map(|table| table.list()).collect();
    let mut sections: Vec<&str> = Vec::new();
    for listing in &listings {
        if !sections.contains(&listing.section) {
            sections.push(listing.section);
        }
    }
    let mut text = String::new();
    for section in sections {
        let _ = writeln!(text, "\n## {section}\n\n| name | kind | unit | label | meaning |");
        text.push_str("|---|---|---|---|---|\n");
        for listing in listings.iter().filter(|listing| listing.section == section) {
            let figure = listing.figure;
            let label = figure.label.map(|label| {
                if figure.kind == Kind::Info {
                    return format!("`{label}`");
                }
                let values: Vec<_> = listing
                    .series
                    .iter()
                    .map(|(value, _)| format!("`{value}`"))
                    .collect();
                format!("`{label}`: {}", values.join(", "))
            });
            let _ = writeln!(
                text,
                "| `{}` | {} | {} | {} | {} |",
                figure.name,
                figure.kind,
                figure.unit().name(),
                label.unwrap_or_default(),
                figure.help
            );
        }
    }
    text
}
