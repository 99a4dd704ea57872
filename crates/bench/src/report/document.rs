//! Results as JSON.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::report::sample::Sample;
use crate::statistics::Spread;
use crate::workload::Workload;
use crate::workload::shape::Shape;

/// All results of one command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// The machine of the measurement.
    pub machine: String,
    /// The command, without passwords and tickets.
    pub command: String,
    /// The results.
    pub outcomes: Vec<Outcome>,
}

/// One server under one workload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The workload.
    pub workload: Workload,
    /// Its size.
    pub shape: Shape,
    /// The label of the server.
    pub server: String,
    /// Its repetitions.
    pub samples: Vec<Sample>,
}

impl Outcome {
    /// The median and range of a figure over all repetitions.
    #[must_use]
    pub fn spread(&self, figure: &str) -> Option<Spread> {
        Spread::of(self.samples.iter().filter_map(|sample| sample.get(figure)))
    }

    /// Whether no delivery was lost, out of order, duplicated, refused or cut off.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.samples.iter().all(|sample| sample.faults() == 0.0)
    }

    /// The ratio of a figure to that of another outcome, repetition by repetition: both values of a pair were
    /// measured one directly after the other.
    #[must_use]
    pub fn ratio(&self, other: &Self, figure: &str) -> Option<Spread> {
        Spread::of(
            self.samples
                .iter()
                .zip(&other.samples)
                .filter_map(|(own, other)| {
                    let other = other.get(figure).filter(|value| *value > 0.0)?;
                    Some(own.get(figure)? / other)
                }),
        )
    }
}

impl Document {
    /// An empty document for this machine and command.
    #[must_use]
    pub fn new() -> Self {
        Self {
            machine: machine(),
            command: command_line(),
            outcomes: Vec::new(),
        }
    }

    /// Reads a document.
    ///
    /// # Errors
    /// There is no such file, or it is not a result of this program.
    pub fn read(file: &Path) -> Result<Self, Error> {
        let text = fs::read(file).map_err(|error| Error::because(file.display(), error))?;
        serde_json::from_slice(&text).map_err(|error| {
            Error::because(
                format!("{} is not a result of this program", file.display()),
                error,
            )
        })
    }

    /// Writes the document.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn write(&self, file: &Path) -> Result<(), Error> {
        write_json(self, file)
    }
}

impl Default for Document {
    fn default() -> Self {
        Self::new()
    }
}

/// Writes a report as JSON.
///
/// # Errors
/// The file can't be written.
pub(crate) fn write_json(report: &impl Serialize, file: &Path) -> Result<(), Error> {
    let fault = |error: &dyn std::fmt::Display| Error::because(file.display(), error);
    let mut text = serde_json::to_string_pretty(report).map_err(|error| fault(&error))?;
    text.push('\n');
    fs::write(file, text).map_err(|error| fault(&error))
}

/// The running command.
pub(crate) fn command_line() -> String {
    command(std::env::args())
}

/// Removes secrets from the command line, because results are published.
fn command(words: impl Iterator<Item = String>) -> String {
    let mut told = Vec::new();
    let mut secret = false;
    for (place, word) in words.enumerate() {
        let name = if place == 0 {
            "fchatd-bench".to_owned()
        } else {
            word.clone()
        };
        if secret {
            told.push("…".to_owned());
            secret = false;
            continue;
        }
        match word.split_once('=') {
            Some((flag @ ("--password" | "--ticket"), _)) => told.push(format!("{flag}=…")),
            _ => {
                secret = matches!(word.as_str(), "--password" | "--ticket");
                told.push(if name.contains(' ') {
                    format!("'{name}'")
                } else {
                    name
                });
            }
        }
    }
    told.join(" ")
}

/// Number of processors, and the kernel.
pub(crate) fn machine() -> String {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let model = fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        })
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!(
        "{processors} × {model}, {} {}",
        std::env::consts::OS,
        kernel.trim()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_stay_out_of_the_command() {
        let words = ["/x/fchatd-bench", "run", "--password", "p w", "--ticket=t", "a b"];
        assert_eq!(
            command(words.into_iter().map(str::to_owned)),
            "fchatd-bench run --password … --ticket=… 'a b'"
        );
    }
}
