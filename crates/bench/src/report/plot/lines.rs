//! Line plots: the median of all repetitions, above the range from the minimum to the maximum.

use super::axis;
use super::svg::{Anchor, GREY, INK, Picture, colour};
use crate::statistics::Spread;

/// The line of one server.
pub(super) struct Line {
    pub(super) colour: usize,
    pub(super) points: Vec<(f64, Spread)>,
}

/// The scale of the horizontal axis.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Scale {
    /// Linear, from zero on.
    Plain,
    /// Percentiles, with more room for rarer cases; the vertical axis is logarithmic then.
    Percentiles,
}

const WIDTH: f64 = 820.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 30.0;
const BOTTOM: f64 = 50.0;

/// Draws the lines; `across` is the label of the horizontal axis, `up` the unit of the vertical one.
pub(super) fn plot(
    title: &str,
    across: &str,
    up: &str,
    scale: Scale,
    lines: &[Line],
    servers: &[&str],
) -> String {
    let shown = |number: usize| lines.iter().any(|line| line.colour == number);
    let legend = (0..servers.len()).filter(|number| shown(*number)).count() as f64 * 18.0;
    let top = 52.0 + legend;
    let height = HEIGHT + legend;
    let mut picture = Picture::new(WIDTH, height, title);
    picture.legend(LEFT, 48.0, servers, shown);
    let all = || lines.iter().flat_map(|line| &line.points);
    let greatest = all().map(|point| point.1.greatest).fold(0.0, f64::max);
    let least = all()
        .map(|point| point.1.least)
        .filter(|value| *value > 0.0)
        .fold(f64::INFINITY, f64::min);
    let rows = match scale {
        Scale::Plain => axis::from_zero(greatest),
        Scale::Percentiles => axis::logarithmic(least.min(greatest.max(1e-3)), greatest),
    };
    let (first, last) = (
        rows.first().copied().unwrap_or(0.0),
        rows.last().copied().unwrap_or(1.0),
    );
    let bottom = height - BOTTOM;
    let y = |value: f64| {
        let share = match scale {
            Scale::Plain => value / last,
            Scale::Percentiles => (value.max(first) / first).ln() / (last / first).ln(),
        };
        bottom - share * (bottom - top)
    };
    let columns = match scale {
        Scale::Plain => axis::from_zero(all().map(|point| point.0).fold(0.0, f64::max)),
        Scale::Percentiles => vec![0.0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999],
    };
    let across_of = |value: f64| match scale {
        Scale::Plain => value / columns.last().copied().unwrap_or(1.0),
        Scale::Percentiles => -(1.0 - value).max(1e-5).log10() / 5.0,
    };
    let x = |value: f64| LEFT + across_of(value) * (WIDTH - LEFT - RIGHT);
    for value in &rows {
        picture.line((LEFT, y(*value)), (WIDTH - RIGHT, y(*value)), GREY, 1.0);
        picture.text(
            LEFT - 8.0,
            y(*value) + 4.0,
            &axis::label(*value),
            Anchor::End,
            11,
            INK,
        );
    }
    for value in &columns {
        picture.line((x(*value), top), (x(*value), bottom), GREY, 1.0);
        let text = match scale {
            Scale::Plain => axis::label(*value),
            Scale::Percentiles => format!("{} %", ((value * 1e7).round() / 1e5)),
        };
        picture.text(x(*value), bottom + 16.0, &text, Anchor::Middle, 11, INK);
    }
    picture.text(
        f64::midpoint(LEFT, WIDTH - RIGHT),
        bottom + 36.0,
        across,
        Anchor::Middle,
        12,
        INK,
    );
    picture.text(LEFT - 8.0, top - 12.0, up, Anchor::End, 12, INK);
    for line in lines {
        let range: Vec<(f64, f64)> = line
            .points
            .iter()
            .map(|(at, value)| (x(*at), y(value.greatest)))
            .chain(
                line.points
                    .iter()
                    .rev()
                    .map(|(at, value)| (x(*at), y(value.least))),
            )
            .collect();
        picture.area(&range, colour(line.colour));
        let middle: Vec<(f64, f64)> = line
            .points
            .iter()
            .map(|(at, value)| (x(*at), y(value.median)))
            .collect();
        picture.path(&middle, colour(line.colour));
    }
    picture.finish()
}
