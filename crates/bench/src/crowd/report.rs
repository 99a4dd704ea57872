//! The result of a crowd's return: as JSON, as a table, and compared with the targets.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::crowd::{Event, Measure};
use crate::report::document::{command_line, machine, write_json};
use crate::report::figure::number;
use crate::report::table;
use crate::siege::tally::Tally;

/// Target: all clients are back after this time, in seconds.
pub const BACK_MAX_SECONDS: f64 = 60.0;
/// Target: maximum 99th percentile of the delivery latencies meanwhile, in milliseconds.
pub const P99_MAX_MS: f64 = 100.0;

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// `kill`, `restart` or `stop`.
    pub event: String,
    /// Number of clients.
    pub people: usize,
    /// Channels of each client.
    pub rooms: usize,
    /// Seconds until all clients were connected for the first time.
    pub arrival_seconds: f64,
    /// Clients that are back in the chat and in all their channels.
    pub back: usize,
    /// Seconds from the event until half of the clients were back in all channels.
    pub half_seconds: f64,
    /// The same for 99 of 100 clients.
    pub most_seconds: f64,
    /// The same for the last client.
    pub last_seconds: f64,
    /// Seconds from the event until the last client had identified.
    pub last_identified_seconds: f64,
    /// Answers that clients treat as final: an error message with status 200, or an error after which they do
    /// not reconnect.
    pub refused: u64,
    /// The text of the first such answer.
    pub first_refusal: Option<String>,
    /// Failed and repeated attempts, by kind.
    pub retries: Tally,
    /// Lines sent between the event and the last return.
    pub lines: u64,
    /// Deliveries of these lines.
    pub deliveries: u64,
    /// The 99th percentile of the delivery latencies before the event.
    pub before_p99_ms: f64,
    /// The median of the latencies between the event and the last return.
    pub p50_ms: f64,
    /// Their 99th percentile.
    pub p99_ms: f64,
    /// Their maximum.
    pub greatest_ms: f64,
    /// How late this tool sent its lines (99th percentile): its own part of the latencies.
    pub tool_late_p99_ms: f64,
    /// Processor time of this tool in that period, in seconds.
    pub tool_seconds: f64,
    /// The server's memory before the event.
    pub before_mib: f64,
    /// The peak since the start of the current server process.
    pub peak_mib: f64,
    /// The memory some seconds after the last return.
    pub after_mib: f64,
    /// Whether the server runs.
    pub survived: bool,
    /// The machine's load average over one minute, before the event.
    pub load_before: f64,
    /// The same after the return.
    pub load_after: f64,
}

/// All results of one command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Returns {
    /// The machine of the measurement.
    pub machine: String,
    /// The command.
    pub command: String,
    /// The results.
    pub outcomes: Vec<Outcome>,
}

impl Outcome {
    pub(crate) fn new(event: Event, how: &Measure) -> Self {
        Self {
            event: event.name().to_owned(),
            people: how.people,
            rooms: how.rooms,
            ..Self::default()
        }
    }

    /// The missed targets, each in a few words.
    #[must_use]
    pub fn missed(&self) -> Vec<&'static str> {
        let targets = [
            (self.survived, "the server ended"),
            (self.back == self.people, "not all are back"),
            (self.last_seconds <= BACK_MAX_SECONDS, "time"),
            (self.refused == 0, "final refusals"),
            (self.p99_ms <= P99_MAX_MS, "p99"),
        ];
        targets
            .into_iter()
            .filter(|(met, _)| !met)
            .map(|(_, target)| target)
            .collect()
    }
}

impl Default for Returns {
    fn default() -> Self {
        Self {
            machine: machine(),
            command: command_line(),
            outcomes: Vec::new(),
        }
    }
}

impl Returns {
    /// Writes the results as JSON.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn write(&self, file: &Path) -> Result<(), Error> {
        write_json(self, file)
    }

    /// Whether all targets were met.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.outcomes.iter().all(|outcome| outcome.missed().is_empty())
    }

    /// The results as a table with a column for each event.
    #[must_use]
    pub fn table(&self) -> String {
        type Value = fn(&Outcome) -> String;
        let rows: [(&str, Value); 13] = [
            ("people × channels of each", |one| {
                format!("{} × {}", number(one.people as f64, 0), one.rooms)
            }),
            ("back", |one| number(one.back as f64, 0)),
            ("half of them back after, s", |one| number(one.half_seconds, 1)),
            ("99 in 100, s", |one| number(one.most_seconds, 1)),
            ("the last one, s (target: 60)", |one| number(one.last_seconds, 1)),
            ("final refusals (target: 0)", |one| number(one.refused as f64, 0)),
            ("retries", |one| retries(&one.retries)),
            ("chat meanwhile: deliveries", |one| {
                number(one.deliveries as f64, 0)
            }),
            ("… p50 / p99 / greatest, ms (target of p99: 100)", |one| {
                [one.p50_ms, one.p99_ms, one.greatest_ms]
                    .map(|value| number(value, 1))
                    .join(" / ")
            }),
            ("… p99 before the event, ms; the tool's own lateness", |one| {
                [one.before_p99_ms, one.tool_late_p99_ms]
                    .map(|value| number(value, 1))
                    .join("; ")
            }),
            ("memory before / peak / after, MiB", |one| {
                [one.before_mib, one.peak_mib, one.after_mib]
                    .map(|value| number(value, 0))
                    .join(" / ")
            }),
            ("load average before / after", |one| {
                [one.load_before, one.load_after]
                    .map(|value| number(value, 1))
                    .join(" / ")
            }),
            ("targets", |one| match one.missed().join(", ") {
                missed if missed.is_empty() => "met".to_owned(),
                missed => format!("**{missed}**"),
            }),
        ];
        let mut lines = vec![vec![String::new()]];
        if let Some(head) = lines.first_mut() {
            head.extend(self.outcomes.iter().map(|outcome| outcome.event.clone()));
        }
        lines.extend(rows.iter().map(|(name, value)| {
            let cells = self.outcomes.iter().map(value);
            std::iter::once((*name).to_owned()).chain(cells).collect()
        }));
        format!(
            "{}\n`{}`\n\n{}",
            self.machine,
            self.command,
            table::markdown(&lines)
        )
    }
}

fn retries(tally: &Tally) -> String {
    if tally.0.is_empty() {
        return "none".to_owned();
    }
    let kinds = tally.0.iter();
    let kinds = kinds.map(|(kind, count)| format!("{kind}: {}", number(*count as f64, 0)));
    kinds.collect::<Vec<_>>().join(", ")
}

/// The machine's load average over one minute.
pub(crate) fn load_average() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let first = text.split_whitespace().next();
    first.and_then(|word| word.parse().ok()).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_held_against_what_was_measured() {
        let good = Outcome {
            back: 2000,
            last_seconds: 60.0,
            p99_ms: 100.0,
            survived: true,
            ..Outcome::new(Event::Kill, &Measure::default())
        };
        assert_eq!(good.missed(), Vec::<&str>::new());
        let bad = Outcome {
            back: 1999,
            refused: 1,
            last_seconds: 61.0,
            p99_ms: 101.0,
            survived: false,
            ..good.clone()
        };
        assert_eq!(
            bad.missed(),
            [
                "the server ended",
                "not all are back",
                "time",
                "final refusals",
                "p99"
            ]
        );
        let returns = Returns {
            outcomes: vec![good, bad],
            ..Returns::default()
        };
        assert!(!returns.is_met());
        let table = returns.table();
        assert!(table.contains("60.0"), "{table}");
        assert!(table.contains("not all are back"), "{table}");
    }
}
