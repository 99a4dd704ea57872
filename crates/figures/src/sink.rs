//! Values of figures on their way to a reader.

use std::time::Duration;

use crate::figure::Figure;
use crate::histogram::Distribution;

/// The value of a figure at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// A whole number.
    Whole(u64),
    /// Any other number.
    Real(f64),
    /// Durations by bucket.
    Durations(Distribution),
    /// The system does not tell the value. Sinks leave the sample out.
    Unknown,
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Whole(value)
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Whole(value.into())
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::Whole(value as u64)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Whole(value.into())
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl From<Distribution> for Value {
    fn from(value: Distribution) -> Self {
        Self::Durations(value)
    }
}

impl From<Duration> for Value {
    fn from(value: Duration) -> Self {
        Self::Real(value.as_secs_f64())
    }
}

impl<V: Into<Self>> From<Option<V>> for Value {
    fn from(value: Option<V>) -> Self {
        value.map_or(Self::Unknown, Into::into)
    }
}

/// The words for a value in the status text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phrase {
    /// The value stands before these words, as in `3 slow readers`.
    After(&'static str),
    /// The value stands before the words, unless it is 0.
    UnlessZero {
        /// For 0, as in `everything is on disk`.
        zero: &'static str,
        /// For all other values, as in `3 changes are not on disk yet`.
        after: &'static str,
    },
    /// The words stand for the value.
    Switch {
        /// For every value but 0, as in `connected`.
        on: &'static str,
        /// For 0, as in `away`.
        off: &'static str,
    },
}

/// One value of one figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// The section of the status text, as in `network`.
    pub section: &'static str,
    /// The descriptor.
    pub figure: &'static Figure,
    /// The value of the figure's label. Nothing for a figure without a label.
    pub label: Option<&'static str>,
    /// The words for the value in the status text.
    pub phrase: Phrase,
    /// The value.
    pub value: Value,
}

/// Receives the values of figures.
pub trait Sink {
    /// Takes a value.
    fn put(&mut self, sample: Sample);

    /// Takes a sentence for a section that is no number, such as a version or the reason of a failure. Only texts for people
    /// have a place for it.
    fn remark(&mut self, _section: &'static str, _text: String) {}
}

/// Collects the samples.
impl Sink for Vec<Sample> {
    fn put(&mut self, sample: Sample) {
        self.push(sample);
    }
}
