//! A figure of several servers under several workloads, as bars with their spread.

use super::axis;
use super::svg::{Anchor, GREY, INK, Picture, colour};
use crate::report::figure::Figure;
use crate::statistics::Spread;

/// The bars of one workload.
pub(super) struct Group {
    pub(super) title: String,
    pub(super) words: String,
    /// Each server's number and value.
    pub(super) bars: Vec<(usize, Spread)>,
}

const WIDTH: f64 = 820.0;
const LEFT: f64 = 300.0;
const RIGHT: f64 = 90.0;
const BAR: f64 = 16.0;
const GAP: f64 = 18.0;

pub(super) fn plot(figure: Figure, groups: &[Group], servers: &[&str]) -> String {
    let shown = |number: usize| {
        groups
            .iter()
            .flat_map(|group| &group.bars)
            .any(|bar| bar.0 == number)
    };
    let legend = (0..servers.len()).filter(|number| shown(*number)).count() as f64 * 18.0;
    let top = 48.0 + legend;
    let rows: f64 = groups
        .iter()
        .map(|group| (group.bars.len() as f64 * (BAR + 2.0)).max(32.0) + GAP)
        .sum();
    let unit = if figure.unit.is_empty() {
        String::new()
    } else {
        format!(", {}", figure.unit)
    };
    let mut picture = Picture::new(
        WIDTH,
        top + rows + 34.0,
        &format!("{}{unit}", figure.title.trim()),
    );
    picture.legend(16.0, 48.0, servers, shown);

    let greatest = groups
        .iter()
        .flat_map(|group| &group.bars)
        .map(|bar| bar.1.greatest)
        .fold(0.0, f64::max);
    let grid = axis::from_zero(greatest);
    let end = grid.last().copied().unwrap_or(1.0);
    let x = |value: f64| LEFT + value / end * (WIDTH - LEFT - RIGHT);
    for value in &grid {
        picture.line((x(*value), top), (x(*value), top + rows), GREY, 1.0);
        picture.text(
            x(*value),
            top + rows + 16.0,
            &axis::label(*value),
            Anchor::Middle,
            11,
            INK,
        );
    }
    let mut y = top + GAP / 2.0;
    for group in groups {
        picture.text(LEFT - 10.0, y + 12.0, &group.title, Anchor::End, 13, INK);
        picture.text(LEFT - 10.0, y + 27.0, &group.words, Anchor::End, 10, INK);
        let begun = y;
        for (server, value) in &group.bars {
            picture.bar(LEFT, y, x(value.median) - LEFT, BAR, colour(*server));
            let middle = y + BAR / 2.0;
            picture.line((x(value.least), middle), (x(value.greatest), middle), INK, 1.5);
            for end in [value.least, value.greatest] {
                picture.line((x(end), middle - 4.0), (x(end), middle + 4.0), INK, 1.5);
            }
            picture.text(
                x(value.greatest) + 6.0,
                middle + 4.0,
                &figure.text(value.median),
                Anchor::Start,
                11,
                INK,
            );
            y += BAR + 2.0;
        }
        y = begun + (group.bars.len() as f64 * (BAR + 2.0)).max(32.0) + GAP;
    }
    picture.finish()
}
