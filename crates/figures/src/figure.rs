//! The descriptor of a metric. Its values are in [`crate::sink`].

use std::fmt;

/// How the values of a figure develop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows while the process runs. Its name ends in `_total`.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Durations in buckets, in seconds. Its name ends in `_seconds`.
    Histogram,
    /// A fact about the program, as the value of the label. The number is always 1. Its name ends in `_info`.
    Info,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Info => "info",
        })
    }
}

/// The unit of a figure's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    None,
    /// Bytes.
    Bytes,
    /// Seconds.
    Seconds,
}

impl Unit {
    /// The name of the unit as it stands in names of figures. Empty for a number of things.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Bytes => "bytes",
            Self::Seconds => "seconds",
        }
    }
}

/// The static description of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    /// As in `fchatd_commands_total`. The ending gives the unit, see [`Figure::unit`].
    pub name: &'static str,
    /// How its values develop.
    pub kind: Kind,
    /// The name of the label that tells the series of this figure apart, if it has several.
    pub label: Option<&'static str>,
    /// The words for the sum of all series in the status text. Empty without a label.
    pub sum: &'static str,
    /// One sentence for the reference.
    pub help: &'static str,
}

impl Figure {
    /// The unit, which the name ends with; in a counter's name it stands before `_total`.
    #[must_use]
    pub fn unit(&self) -> Unit {
        let name = self.name.strip_suffix("_total").unwrap_or(self.name);
        let ends = |unit: Unit| name.ends_with(unit.name());
        match self.name {
            _ if ends(Unit::Bytes) => Unit::Bytes,
            _ if ends(Unit::Seconds) => Unit::Seconds,
            _ => Unit::None,
        }
    }
}
