//! Checks descriptors against the conventions of Prometheus and the bounds of this server.

use std::collections::BTreeSet;

use crate::figure::Kind;
use crate::histogram::Distribution;
use crate::sink::Phrase;
use crate::table::{AnyTable, Listing};

/// Upper bound for the number of series of one figure.
pub const SERIES_MAX: usize = 64;
/// Upper bound for the number of series of all figures. A histogram has one for each bucket, its sum and its count.
const SERIES_OF_ALL_MAX: usize = 2000;
/// First words of names: those of this server, and the names that Prometheus reserves for processes.
const PREFIXES: [&str; 2] = ["fchatd_", "process_"];
/// Endings for units that are no base units.
const OTHER_UNITS: [&str; 9] = [
    "_ms",
    "_milliseconds",
    "_minutes",
    "_hours",
    "_days",
    "_kib",
    "_mib",
    "_kilobytes",
    "_percent",
];
/// Endings that Prometheus gives to the series of histograms.
const RESERVED: [&str; 3] = ["_bucket", "_count", "_sum"];

/// All faults of all descriptors, one sentence each.
#[must_use]
pub fn faults(tables: &[&'static dyn AnyTable]) -> Vec<String> {
    let (mut faults, mut names, mut phrases) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    let mut number = 0;
    for listing in tables.iter().flat_map(|table| table.list()) {
        let name = listing.figure.name;
        let mut fault = |text: &str| faults.push(format!("{name}: {text}"));
        if !names.insert(name) {
            fault("the name is in use already");
        }
        faults_of_name(name, listing.figure.kind, &mut fault);
        let help = listing.figure.help;
        if !help.starts_with(|letter: char| letter.is_uppercase()) || !help.ends_with('.') {
            fault("the help is no sentence");
        }
        faults_of_series(&listing, &mut fault);
        number += match listing.figure.kind {
            Kind::Histogram => Distribution::default().cumulative().count() + 2,
            _ => listing.series.len(),
        };
        let sum = listing.figure.label.map(|_| ("", listing.figure.sum.to_owned()));
        let series = listing.series.iter();
        let of_series = series.map(|(_, phrase)| (listing.figure.sum, words(*phrase)));
        for (sum, words) in of_series.chain(sum) {
            if !phrases.insert((listing.section, sum, words)) {
                fault("the section has these words already");
            }
        }
    }
    if number > SERIES_OF_ALL_MAX {
        faults.push(format!("all figures: {number} series are too many"));
    }
    faults
}

fn faults_of_name(name: &str, kind: Kind, fault: &mut dyn FnMut(&str)) {
    if !PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || !is_word(name) {
        fault("the name is not fchatd_ and lower-case words");
    }
    for (ending, of) in [("_total", Kind::Counter), ("_info", Kind::Info)] {
        if name.ends_with(ending) != (kind == of) {
            fault(&format!("{of}s end in {ending}, and no others"));
        }
    }
    if kind == Kind::Histogram && !name.ends_with("_seconds") {
        fault("histograms end in _seconds");
    }
    let stem = name.strip_suffix("_total").unwrap_or(name);
    if OTHER_UNITS.iter().any(|unit| stem.ends_with(unit)) {
        fault("units are seconds and bytes");
    }
    if RESERVED.iter().any(|ending| stem.ends_with(ending)) {
        fault("the ending is one of a histogram");
    }
}

fn faults_of_series(listing: &Listing, fault: &mut dyn FnMut(&str)) {
    if listing.series.is_empty() || listing.series.len() > SERIES_MAX {
        fault("the number of series is out of bounds");
    }
    let values: BTreeSet<_> = listing.series.iter().map(|(value, _)| value).collect();
    match listing.figure.label {
        None => {}
        Some(label) => {
            if listing.figure.sum.is_empty() && listing.figure.kind != Kind::Info {
                fault("the sum of all series has no words");
            }
            if !is_word(label) || matches!(label, "le" | "quantile") {
                fault("the name of the label is not valid");
            }
            let is_valid = |value: &str| match listing.figure.kind {
                Kind::Info => !value.contains(['"', '\\', '\n']),
                _ => is_word(value) || value.parse::<i32>().is_ok(),
            };
            if values.len() != listing.series.len() || !values.iter().all(|value| is_valid(value)) {
                fault("a value of the label is not valid or there twice");
            }
        }
    }
}

fn words(phrase: Phrase) -> String {
    match phrase {
        Phrase::After(words) => words.to_owned(),
        Phrase::UnlessZero { zero, after } => format!("{zero}, {after}"),
        Phrase::Switch { on, off } => format!("{on}, {off}"),
    }
}

/// Whether a text consists of lower-case ASCII letters, digits and single underscores, and begins with a letter.
fn is_word(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_ascii_lowercase())
        && !text.contains("__")
        && !text.ends_with('_')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Row, Series, Table};

    static GOOD: Table<u64> = Table {
        section: "network",
        rows: &[
            Row::gauge("fchatd_connections", "connections", "Connections.", |n| {
                (*n).into()
            }),
            Row::counter("fchatd_sent_bytes_total", "sent", "Bytes sent.", |n| (*n).into()),
            Row::counters(
                "fchatd_closed_total",
                "closed",
                "reason",
                "Closed connections.",
                &[
                    Series::new("slow", "slow", |n| (*n).into()),
                    Series::new("silent", "silent", |n| (*n).into()),
                ],
            ),
        ],
    };

    static BAD: Table<u64> = Table {
        section: "network",
        rows: &[
            Row::gauge("fchatd_connections", "others", "Connections.", |n| (*n).into()),
            Row::gauge("chat_rooms", "rooms", "Rooms.", |n| (*n).into()),
            Row::counter("fchatd_sent", "sent bytes", "Sent.", |n| (*n).into()),
            Row::gauge("fchatd_rooms_total", "rooms now", "Rooms.", |n| (*n).into()),
            Row::gauge("fchatd_wait_ms", "wait", "Wait.", |n| (*n).into()),
            Row::gauge("fchatd_wait_sum", "sum", "Wait.", |n| (*n).into()),
            Row::gauge("fchatd_helpless", "help", "no sentence", |n| (*n).into()),
            Row::gauge("fchatd_same", "connections", "Same words.", |n| (*n).into()),
            Row::gauges("fchatd_none", "", "reason", "None.", &[]),
            Row::gauges(
                "fchatd_twice",
                "twice",
                "le",
                "Twice.",
                &[
                    Series::new("a b", "one", |n| (*n).into()),
                    Series::new("a b", "two", |n| (*n).into()),
                ],
            ),
        ],
    };

    #[test]
    fn descriptors_that_follow_the_conventions_have_no_faults() {
        assert_eq!(faults(&[&GOOD]), Vec::<String>::new());
    }

    #[test]
    fn each_breach_of_a_convention_is_a_fault() {
        assert_eq!(
            faults(&[&GOOD, &BAD]),
            [
                "fchatd_connections: the name is in use already",
                "chat_rooms: the name is not fchatd_ and lower-case words",
                "fchatd_sent: counters end in _total, and no others",
                "fchatd_rooms_total: counters end in _total, and no others",
                "fchatd_wait_ms: units are seconds and bytes",
                "fchatd_wait_sum: the ending is one of a histogram",
                "fchatd_helpless: the help is no sentence",
                "fchatd_same: the section has these words already",
                "fchatd_none: the number of series is out of bounds",
                "fchatd_none: the sum of all series has no words",
                "fchatd_twice: the name of the label is not valid",
                "fchatd_twice: a value of the label is not valid or there twice",
            ]
        );
    }
}
