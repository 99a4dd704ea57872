//! Plots for the documentation, as SVG.

mod axis;
mod bars;
mod lines;
mod svg;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Error;
use crate::report::document::{Document, Outcome};
use crate::report::figure::Figure;
use crate::statistics::Spread;
use lines::{Line, Scale};

/// Figures with bars; all workloads are side by side in one plot.
const BARS: &[&str] = &[
    "deliveries_per_second",
    "server_cpu_us_per_delivery",
    "server_cpu_us_per_message",
    "server_cpu_us_per_log_in",
    "resident_kib_per_client",
];

/// Writes all plots that these results allow into a folder; returns the paths.
///
/// # Errors
/// The folder can't be written to.
pub fn write(documents: &[Document], folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let fault = |error: std::io::Error| Error::because(folder.display(), error);
    fs::create_dir_all(folder).map_err(fault)?;
    let outcomes: Vec<&Outcome> = documents.iter().flat_map(|document| &document.outcomes).collect();
    // The same server has the same colour in all plots.
    let mut servers: Vec<&str> = Vec::new();
    for outcome in &outcomes {
        if !servers.contains(&outcome.server.as_str()) {
            servers.push(&outcome.server);
        }
    }
    let mut files = Vec::new();
    let mut write = |name: &str, text: String| -> Result<(), Error> {
        let file = folder.join(format!("{name}.svg"));
        fs::write(&file, text).map_err(fault)?;
        files.push(file);
        Ok(())
    };
    for name in BARS {
        let groups = bar_groups(&outcomes, name, &servers);
        if let (Some(figure), false) = (Figure::named(name), groups.is_empty()) {
            write(&name.replace('_', "-"), bars::plot(figure, &groups, &servers))?;
        }
    }
    for group in groups(&outcomes) {
        let Some(first) = group.first() else { continue };
        let title = format!("{}: {}", first.workload.name(), first.shape.words(first.workload));
        let file = file_name(first);
        let latencies = lines_of(&group, &servers, latency);
        if !latencies.is_empty() {
            write(
                &format!("{file}-latency"),
                lines::plot(
                    &format!("Latency, {title}"),
                    "of all deliveries",
                    "ms",
                    Scale::Percentiles,
                    &latencies,
                    &servers,
                ),
            )?;
        }
        let names: BTreeSet<&String> = group
            .iter()
            .flat_map(|outcome| &outcome.samples)
            .flat_map(|sample| sample.series.keys())
            .collect();
        for name in names {
            let Some(figure) = Figure::named(name) else {
                continue;
            };
            let shown = lines_of(&group, &servers, |outcome| series(outcome, name));
            write(
                &format!("{file}-{}", name.replace('_', "-")),
                lines::plot(
                    &format!("{}, {title}", figure.title.trim()),
                    "online",
                    figure.unit,
                    Scale::Plain,
                    &shown,
                    &servers,
                ),
            )?;
        }
    }
    Ok(files)
}

/// The outcomes of the same workload and size.
fn groups<'a>(outcomes: &[&'a Outcome]) -> Vec<Vec<&'a Outcome>> {
    let mut groups: Vec<Vec<&Outcome>> = Vec::new();
    for outcome in outcomes {
        let same = |group: &&mut Vec<&Outcome>| {
            group
                .first()
                .is_some_and(|first| first.workload == outcome.workload && first.shape == outcome.shape)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(outcome),
            None => groups.push(vec![outcome]),
        }
    }
    groups
}

fn bar_groups(outcomes: &[&Outcome], figure: &str, servers: &[&str]) -> Vec<bars::Group> {
    groups(outcomes)
        .into_iter()
        .filter_map(|group| {
            let first = group.first()?;
            let bars: Vec<(usize, Spread)> = group
                .iter()
                .filter_map(|outcome| {
                    let colour = servers.iter().position(|server| *server == outcome.server)?;
                    Some((colour, outcome.spread(figure)?))
                })
                .collect();
            let title = first.workload.name();
            (!bars.is_empty()).then(|| bars::Group {
                title,
                words: first.shape.words(first.workload),
                bars,
            })
        })
        .collect()
}

fn lines_of(
    group: &[&Outcome],
    servers: &[&str],
    points: impl Fn(&Outcome) -> Vec<(f64, Spread)>,
) -> Vec<Line> {
    group
        .iter()
        .filter_map(|outcome| {
            let colour = servers.iter().position(|server| *server == outcome.server)?;
            let points = points(outcome);
            (points.len() > 1).then_some(Line { colour, points })
        })
        .collect()
}

fn latency(outcome: &Outcome) -> Vec<(f64, Spread)> {
    let Some(first) = outcome.samples.first() else {
        return Vec::new();
    };
    first
        .latency
        .iter()
        .filter_map(|(share, _)| {
            let values = outcome.samples.iter().filter_map(|sample| {
                sample
                    .latency
                    .iter()
                    .find(|(other, _)| other == share)
                    .map(|(_, value)| *value)
            });
            Some((*share, Spread::of(values)?))
        })
        .collect()
}

/// The points of different repetitions are at nearly the same positions; they are merged by their order.
fn series(outcome: &Outcome, name: &str) -> Vec<(f64, Spread)> {
    let all: Vec<&Vec<(f64, f64)>> = outcome
        .samples
        .iter()
        .filter_map(|sample| sample.series.get(name))
        .collect();
    let length = all.iter().map(|points| points.len()).min().unwrap_or(0);
    (0..length)
        .filter_map(|place| {
            let at = |part: fn(&(f64, f64)) -> f64| {
                Spread::of(all.iter().filter_map(|points| points.get(place).map(part)))
            };
            Some((at(|point| point.0)?.median, at(|point| point.1)?))
        })
        .collect()
}

fn file_name(outcome: &Outcome) -> String {
    let shape = &outcome.shape;
    let pace = match (
        shape.rate,
        shape.outstanding,
        shape.latency_depends_on_pace(outcome.workload),
    ) {
        (Some(rate), _, true) => format!("-{rate:.0}-per-second"),
        (None, Some(count), true) => format!("-{count}-outstanding"),
        _ => String::new(),
    };
    format!("{}-{}{pace}", outcome.workload.name(), shape.clients)
}
