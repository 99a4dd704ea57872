//! Results as Markdown tables, which are also readable in a terminal.

use std::collections::BTreeSet;

use crate::report::document::{Document, Outcome};
use crate::report::figure::{FIGURES, Figure, number};
use crate::statistics::Spread;

/// All tables of a document: one for each workload and size, with a column for each server and the ratio of
/// the first two.
#[must_use]
pub fn document(document: &Document) -> String {
    let mut text = format!("{}\n`{}`\n", document.machine, document.command);
    let mut rest: &[Outcome] = &document.outcomes;
    while let Some(first) = rest.first() {
        let same = rest
            .iter()
            .position(|outcome| outcome.workload != first.workload || outcome.shape != first.shape)
            .unwrap_or(rest.len());
        let (group, others) = rest.split_at(same);
        text.push('\n');
        text.push_str(&outcomes(group));
        rest = others;
    }
    text
}

/// The table of outcomes of one workload.
#[must_use]
pub fn outcomes(group: &[Outcome]) -> String {
    let Some(first) = group.first() else {
        return String::new();
    };
    let mut rows = Vec::new();
    let mut head: Vec<String> = vec![String::new()];
    head.extend(group.iter().map(|outcome| outcome.server.clone()));
    if group.len() > 1 {
        head.extend(
            group
                .iter()
                .skip(1)
                .map(|other| format!("{} : {}", first.server, other.server)),
        );
    }
    rows.push(head);
    for figure in FIGURES {
        let values: Vec<Option<Spread>> = group.iter().map(|outcome| outcome.spread(figure.name)).collect();
        if values.iter().all(Option::is_none) {
            continue;
        }
        let unit = if figure.unit.is_empty() {
            String::new()
        } else {
            format!(", {}", figure.unit)
        };
        let mut row = vec![format!("{}{unit}", figure.title)];
        row.extend(
            values
                .iter()
                .map(|value| value.map_or(String::new(), |value| spread(*figure, value))),
        );
        for other in group.iter().skip(1) {
            row.push(first.ratio(other, figure.name).map_or(String::new(), ratio));
        }
        rows.push(row);
    }
    let repetitions = first.samples.len();
    let times = if repetitions == 1 {
        "once".to_owned()
    } else {
        format!("median of {repetitions} (least – greatest)")
    };
    let mut text = format!(
        "### {}: {}; {times}\n\n{}",
        first.workload.name(),
        first.shape.words(first.workload),
        markdown(&rows)
    );
    for outcome in group {
        let remarks: BTreeSet<&String> = outcome
            .samples
            .iter()
            .flat_map(|sample| &sample.remarks)
            .collect();
        for remark in remarks {
            text.push_str(&format!("\n- {}: {remark}\n", outcome.server));
        }
    }
    text
}

/// A median with its range, if there is one.
#[must_use]
pub fn spread(figure: Figure, value: Spread) -> String {
    let text = |value| figure.text(value);
    if text(value.least) == text(value.greatest) {
        return text(value.median);
    }
    format!(
        "{} ({} – {})",
        text(value.median),
        text(value.least),
        text(value.greatest)
    )
}

/// A ratio with its range.
#[must_use]
pub fn ratio(value: Spread) -> String {
    let text = |value| number(value, 2);
    if text(value.least) == text(value.greatest) {
        return format!("× {}", text(value.median));
    }
    format!(
        "× {} ({} – {})",
        text(value.median),
        text(value.least),
        text(value.greatest)
    )
}

/// A table with columns of equal width; the first row is the header.
#[must_use]
pub fn markdown(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
                .max(3)
        })
        .collect();
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        for (column, width) in widths.iter().enumerate() {
            let cell = row.get(column).map_or("", String::as_str);
            let filling = " ".repeat(width - cell.chars().count().min(*width));
            if column == 0 {
                text.push_str(&format!("| {cell}{filling} "));
            } else {
                text.push_str(&format!("| {filling}{cell} "));
            }
        }
        text.push_str("|\n");
        if number == 0 {
            for (column, width) in widths.iter().enumerate() {
                let line = "-".repeat(*width);
                text.push_str(&if column == 0 {
                    format!("| {line} ")
                } else {
                    format!("| {}: ", &line[1..])
                });
            }
            text.push_str("|\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_a_width() {
        let rows = [
            vec![String::new(), "a".to_owned()],
            vec!["läng".to_owned(), "1,000".to_owned()],
        ];
        assert_eq!(
            markdown(&rows),
            "|      |     a |\n| ---- | ----: |\n| läng | 1,000 |\n"
        );
    }
}
