//! One measurement.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::report::figure::FAULTS;
use crate::statistics::Histogram;

/// The percentiles of the latency that are kept for plots.
const SHARES: &[f64] = &[
    0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999,
    0.99999,
];

/// The result of one measurement.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Figures by their names; see [`crate::report::figure::FIGURES`] for the units.
    pub figures: BTreeMap<String, f64>,
    /// Latency: a share of all deliveries, and the maximum latency of that share in milliseconds.
    #[serde(default)]
    pub latency: Vec<(f64, f64)>,
    /// Values that depend on the number of connected clients.
    #[serde(default)]
    pub series: BTreeMap<String, Vec<(f64, f64)>>,
    /// Remarks for the reader.
    #[serde(default)]
    pub remarks: Vec<String>,
}

impl Sample {
    /// Records a figure.
    pub fn set(&mut self, name: &str, value: f64) {
        self.figures.insert(name.to_owned(), value);
    }

    /// Records a figure if it is known.
    pub fn set_known(&mut self, name: &str, value: Option<f64>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    /// The value of a figure.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<f64> {
        self.figures.get(name).copied()
    }

    /// Adds a remark for the reader.
    pub fn remark(&mut self, text: impl Into<String>) {
        self.remarks.push(text.into());
    }

    pub(crate) fn set_latency(&mut self, histogram: &Histogram) {
        let at = |share| histogram.quantile(share) as f64 / 1e3;
        self.set("latency_p50_ms", at(0.5));
        self.set("latency_p99_ms", at(0.99));
        self.set("latency_p999_ms", at(0.999));
        self.set("latency_max_ms", at(1.0));
        self.latency = SHARES.iter().map(|share| (*share, at(*share))).collect();
    }

    /// Number of faults of all kinds.
    #[must_use]
    pub fn faults(&self) -> f64 {
        FAULTS.iter().filter_map(|name| self.get(name)).sum()
    }
}
