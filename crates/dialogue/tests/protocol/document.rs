//! The page `docs/protocol.md`: its tables and its generated parts.

use std::collections::BTreeSet;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/protocol.md");

pub(crate) struct Document {
    text: String,
}

/// A row of a table whose first cell is a command.
pub(crate) struct Row {
    pub(crate) code: String,
    /// Names in backticks in the second cell, outside braces.
    pub(crate) fields: BTreeSet<String>,
    pub(crate) cells: Vec<String>,
}

impl Document {
    pub(crate) fn read() -> Self {
        Self {
            text: std::fs::read_to_string(PAGE).unwrap(),
        }
    }

    /// Replaces the text between the marks of a generated part.
    pub(crate) fn replace(&mut self, part: &str, made: &str) {
        let mark = format!("<!-- generated: {part} -->\n");
        let (before, rest) = self.text.split_once(&mark).unwrap();
        let (_, after) = rest.split_once("<!-- end -->").unwrap();
        self.text = format!("{before}{mark}\n{made}\n<!-- end -->{after}");
    }

    /// Checks that the page on disk equals this one; with `UPDATE_REFERENCE` it is written.
    #[track_caller]
    pub(crate) fn assert_as_written(&self) {
        if std::env::var_os("UPDATE_REFERENCE").is_some() {
            std::fs::write(PAGE, &self.text).unwrap();
        }
        assert!(
            std::fs::read_to_string(PAGE).unwrap() == self.text,
            "docs/protocol.md is old: run this test with UPDATE_REFERENCE=1"
        );
    }

    /// The commands below a heading, up to the next heading of the same level.
    pub(crate) fn rows(&self, heading: &str) -> Vec<Row> {
        let (_, part) = self.text.split_once(&format!("\n{heading}\n")).unwrap();
        let part = part.split("\n## ").next().unwrap();
        let rows: Vec<Row> = part.lines().filter_map(row).collect();
        assert!(!rows.is_empty(), "no commands below {heading}");
        rows
    }
}

fn row(line: &str) -> Option<Row> {
    let cells: Vec<String> = line
        .strip_prefix("|")?
        .strip_suffix("|")?
        .split('|')
        .map(|cell| cell.trim().to_owned())
        .collect();
    let code = cells.first()?.strip_prefix('`')?.strip_suffix('`')?;
    (code.len() == 3).then(|| Row {
        code: code.to_owned(),
        fields: fields(cells.get(1).map_or("", String::as_str)),
        cells: cells.clone(),
    })
}

/// The fields in a cell such as `channel` `character` {`identity`}: names inside braces belong to the field
/// before them.
fn fields(cell: &str) -> BTreeSet<String> {
    let mut outside = String::new();
    let mut depth = 0;
    for character in cell.chars() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ if depth == 0 => outside.push(character),
            _ => {}
        }
    }
    outside.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}
