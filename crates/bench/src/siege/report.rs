//! The results of a siege: as JSON, as a table, and compared with the targets.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::report::document::{command_line, machine, write_json};
use crate::report::figure::number;
use crate::report::table;
use crate::siege::attacks::ATTACKS;
use crate::siege::operator::Told;
use crate::siege::tally::Tally;

/// Target: maximum 99th percentile of the quiet users' latencies, in milliseconds.
pub const P99_MAX_MS: f64 = 50.0;
/// Target: maximum memory of the server, in MiB.
pub const PEAK_MAX_MIB: f64 = 512.0;

/// The result of one attack with one number of threads.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The attack.
    pub attack: String,
    /// Number of the server's threads.
    pub threads: usize,
    /// Length of the attack in seconds.
    pub seconds: f64,
    /// The quiet users' latency before the attack.
    pub alone_p99_ms: f64,
    /// The same during the attack.
    pub p50_ms: f64,
    /// The 99th percentile.
    pub p99_ms: f64,
    /// The maximum.
    pub greatest_ms: f64,
    /// Lines of quiet users that did not arrive, counted once for each listener.
    pub lost: u64,
    /// Lines that arrived twice or out of order.
    pub disordered: u64,
    /// Errors sent to quiet users.
    pub errors: u64,
    /// Quiet users that were disconnected.
    pub cut_off: u64,
    /// The results of the operator and the newcomers.
    pub operator: Told,
    /// Whether the server still runs.
    pub survived: bool,
    /// The server's memory before the attack, in MiB.
    pub before_mib: f64,
    /// The peak since the start.
    pub peak_mib: f64,
    /// The memory after the recovery time.
    pub after_mib: f64,
    /// Seconds until the memory was within 20 % of that before the attack, if it was.
    pub back_after: Option<f64>,
    /// Counts of the attackers' messages and of the server's reactions.
    pub refused: Tally,
}

/// All results of one command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Siege {
    /// The machine of the measurement.
    pub machine: String,
    /// The command.
    pub command: String,
    /// The results, in the order of the attacks.
    pub outcomes: Vec<Outcome>,
}

impl Outcome {
    pub(crate) fn new(attack: &str, threads: usize, seconds: f64) -> Self {
        Self {
            attack: attack.to_owned(),
            threads,
            seconds,
            ..Self::default()
        }
    }

    /// All faults that quiet users, the operator and newcomers met.
    #[must_use]
    pub fn harmed(&self) -> u64 {
        self.lost
            + self.disordered
            + self.errors
            + self.cut_off
            + self.operator.unanswered
            + self.operator.kept_out
    }

    /// The missed targets, each in a few words.
    #[must_use]
    pub fn missed(&self) -> Vec<&'static str> {
        let targets = [
            (self.survived, "the server ended"),
            (self.p99_ms <= P99_MAX_MS, "p99"),
            (self.harmed() == 0, "lost"),
            (self.peak_mib <= PEAK_MAX_MIB, "memory"),
            (self.back_after.is_some(), "memory after"),
        ];
        targets
            .into_iter()
            .filter(|(met, _)| !met)
            .map(|(_, target)| target)
            .collect()
    }
}

impl Default for Siege {
    fn default() -> Self {
        Self {
            machine: machine(),
            command: command_line(),
            outcomes: Vec::new(),
        }
    }
}

impl Siege {
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

    /// A table with a row for each attack; the cells have a value for each number of threads.
    #[must_use]
    pub fn table(&self) -> String {
        let mut groups: BTreeMap<usize, Vec<&Outcome>> = BTreeMap::new();
        for outcome in &self.outcomes {
            let place = ATTACKS.iter().position(|attack| attack.name == outcome.attack);
            groups
                .entry(place.unwrap_or(usize::MAX))
                .or_default()
                .push(outcome);
        }
        let threads: Vec<String> = groups.values().next().map_or(Vec::new(), |group| {
            group.iter().map(|outcome| outcome.threads.to_string()).collect()
        });
        let threads = threads.join(" / ");
        let mut rows = vec![vec![
            "attack".to_owned(),
            format!("p50, ms ({threads})"),
            "p99, ms".to_owned(),
            "lost".to_owned(),
            "peak, MiB".to_owned(),
            "after, × before".to_owned(),
            "attackers met".to_owned(),
            "targets".to_owned(),
        ]];
        rows.extend(groups.values().map(|group| row(group)));
        format!(
            "{}\n`{}`\n\n{}",
            self.machine,
            self.command,
            table::markdown(&rows)
        )
    }
}

fn row(group: &[&Outcome]) -> Vec<String> {
    let each = |value: fn(&Outcome) -> String| {
        let mut values: Vec<String> = group.iter().map(|outcome| value(outcome)).collect();
        values.dedup();
        values.join(" / ")
    };
    let mut met = Tally::default();
    for outcome in group {
        met.add_all(&outcome.refused);
    }
    let missed: Vec<String> = group
        .iter()
        .flat_map(|outcome| {
            outcome
                .missed()
                .into_iter()
                .map(|target| format!("**{target} ({})**", outcome.threads))
        })
        .collect();
    vec![
        group
            .first()
            .map_or(String::new(), |outcome| outcome.attack.clone()),
        each(|outcome| number(outcome.p50_ms, 1)),
        each(|outcome| number(outcome.p99_ms, 1)),
        each(|outcome| number(outcome.harmed() as f64, 0)),
        each(|outcome| number(outcome.peak_mib, 0)),
        each(|outcome| number(outcome.after_mib / outcome.before_mib.max(1.0), 2)),
        told(&met),
        if missed.is_empty() {
            "met".to_owned()
        } else {
            missed.join(", ")
        },
    ]
}

/// The counts of refusals and of sent messages.
fn told(tally: &Tally) -> String {
    let mut parts = Vec::new();
    for (what, count) in &tally.0 {
        let count = *count as f64;
        match what.as_str() {
            "bytes" => parts.push(format!("{} MB sent", number(count / 1e6, 0))),
            "bytes received" | "batches" | "connections" | "requests" => {}
            _ => parts.push(format!("{what}: {}", number(count, 0))),
        }
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_held_against_what_was_measured() {
        let good = Outcome {
            survived: true,
            p99_ms: 50.0,
            peak_mib: 512.0,
            before_mib: 40.0,
            after_mib: 44.0,
            back_after: Some(1.0),
            ..Outcome::new("lines", 1, 20.0)
        };
        assert_eq!(good.missed(), Vec::<&str>::new());
        let mut bad = Outcome {
            p99_ms: 51.0,
            peak_mib: 513.0,
            back_after: None,
            survived: false,
            ..good.clone()
        };
        bad.operator.kept_out = 1;
        assert_eq!(
            bad.missed(),
            ["the server ended", "p99", "lost", "memory", "memory after"]
        );
        let siege = Siege {
            outcomes: vec![good, Outcome { threads: 2, ..bad }],
            ..Siege::default()
        };
        assert!(!siege.is_met());
        let table = siege.table();
        assert!(table.contains("50.0 / 51.0"), "{table}");
        assert!(table.contains("**p99 (2)**"), "{table}");
    }
}
