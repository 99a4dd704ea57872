//! Tables of figures: each row is a descriptor and the function that reads its value.

use crate::figure::{Figure, Kind};
use crate::sink::{Phrase, Sample, Sink, Value};

/// The figures of one part of the server, read from a `T`.
#[derive(Debug)]
pub struct Table<T: 'static> {
    /// The section of the status text that shows them.
    pub section: &'static str,
    /// The figures.
    pub rows: &'static [Row<T>],
}

impl<T> Table<T> {
    /// Reads all values.
    pub fn put(&self, from: &T, sink: &mut dyn Sink) {
        for row in self.rows {
            let mut put = |label, phrase, value| {
                sink.put(Sample {
                    section: self.section,
                    figure: &row.figure,
                    label: row.figure.label.map(|_| label),
                    phrase,
                    value,
                });
            };
            match &row.readings {
                Readings::One(series) => put(series.label, series.phrase, (series.read)(from)),
                Readings::Several(several) => {
                    for series in *several {
                        put(series.label, series.phrase, (series.read)(from));
                    }
                }
                Readings::By(labels, read) => {
                    for (place, label) in labels.iter().enumerate() {
                        put(label, Phrase::After(label), read(from, place));
                    }
                }
            }
        }
    }
}

/// One figure: its descriptor and its readings.
#[derive(Debug)]
pub struct Row<T: 'static> {
    figure: Figure,
    readings: Readings<T>,
}

#[derive(Debug)]
enum Readings<T: 'static> {
    One(Series<T>),
    Several(&'static [Series<T>]),
    /// A series for each value of the label, read by the place of that value.
    By(&'static [&'static str], fn(&T, usize) -> Value),
}

impl<T> Row<T> {
    /// A number that goes up and down.
    pub const fn gauge(
        name: &'static str,
        phrase: &'static str,
        help: &'static str,
        read: fn(&T) -> Value,
    ) -> Self {
        Self::one(Kind::Gauge, name, Phrase::After(phrase), help, read)
    }

    /// A number that only grows while the process runs.
    pub const fn counter(
        name: &'static str,
        phrase: &'static str,
        help: &'static str,
        read: fn(&T) -> Value,
    ) -> Self {
        Self::one(Kind::Counter, name, Phrase::After(phrase), help, read)
    }

    /// A gauge whose status text has words of its own for 0: first those, then the words for other values.
    pub const fn gauge_unless_zero(
        name: &'static str,
        [zero, after]: [&'static str; 2],
        help: &'static str,
        read: fn(&T) -> Value,
    ) -> Self {
        Self::one(Kind::Gauge, name, Phrase::UnlessZero { zero, after }, help, read)
    }

    /// A gauge of 0 and 1. The status text shows `on` for 1 and `off` for 0.
    pub const fn switch(
        name: &'static str,
        [on, off]: [&'static str; 2],
        help: &'static str,
        read: fn(&T) -> Value,
    ) -> Self {
        Self::one(Kind::Gauge, name, Phrase::Switch { on, off }, help, read)
    }

    /// A gauge with several series, told apart by a label. `sum` are the words for the sum of all in the status text.
    pub const fn gauges(
        name: &'static str,
        sum: &'static str,
        label: &'static str,
        help: &'static str,
        series: &'static [Series<T>],
    ) -> Self {
        Self::several(Kind::Gauge, name, sum, label, help, series)
    }

    /// A counter with several series, as [`Row::gauges`].
    pub const fn counters(
        name: &'static str,
        sum: &'static str,
        label: &'static str,
        help: &'static str,
        series: &'static [Series<T>],
    ) -> Self {
        Self::several(Kind::Counter, name, sum, label, help, series)
    }

    /// As [`Row::counters`], with a series for each of `values`. `read` gets the place of the value; the value is its own
    /// word in the status text.
    pub const fn counters_by(
        name: &'static str,
        sum: &'static str,
        label: &'static str,
        help: &'static str,
        values: &'static [&'static str],
        read: fn(&T, usize) -> Value,
    ) -> Self {
        Self {
            figure: Figure {
                name,
                kind: Kind::Counter,
                label: Some(label),
                sum,
                help,
            },
            readings: Readings::By(values, read),
        }
    }

    /// Durations. `phrase` is the word for their number in the status text.
    pub const fn histogram(
        name: &'static str,
        phrase: &'static str,
        help: &'static str,
        read: fn(&T) -> Value,
    ) -> Self {
        Self::one(Kind::Histogram, name, Phrase::After(phrase), help, read)
    }

    /// A fact about the program: the value of a label that never changes while it runs.
    pub const fn info(
        name: &'static str,
        label: &'static str,
        value: &'static str,
        phrase: &'static str,
        help: &'static str,
    ) -> Self {
        Self {
            figure: Figure {
                name,
                kind: Kind::Info,
                label: Some(label),
                sum: "",
                help,
            },
            readings: Readings::One(Series {
                label: value,
                phrase: Phrase::Switch { on: phrase, off: "" },
                read: |_| Value::Whole(1),
            }),
        }
    }

    const fn one(
        kind: Kind,
        name: &'static str,
        phrase: Phrase,
        help: &'static str,
        read: fn(&T) -> Value,
    ) -> Self {
        Self {
            figure: Figure {
                name,
                kind,
                label: None,
                sum: "",
                help,
            },
            readings: Readings::One(Series {
                label: "",
                phrase,
                read,
            }),
        }
    }

    const fn several(
        kind: Kind,
        name: &'static str,
        sum: &'static str,
        label: &'static str,
        help: &'static str,
        series: &'static [Series<T>],
    ) -> Self {
        Self {
            figure: Figure {
                name,
                kind,
                label: Some(label),
                sum,
                help,
            },
            readings: Readings::Several(series),
        }
    }

    /// The values of the label and the phrases, one for each series.
    fn series(&self) -> Vec<(&'static str, Phrase)> {
        let of = |series: &Series<T>| (series.label, series.phrase);
        match &self.readings {
            Readings::One(series) => vec![of(series)],
            Readings::Several(several) => several.iter().map(of).collect(),
            Readings::By(labels, _) => labels
                .iter()
                .map(|label| (*label, Phrase::After(label)))
                .collect(),
        }
    }
}

/// One of the series of a figure. The set of label values is closed: they are part of the program, never input.
#[derive(Debug)]
pub struct Series<T: 'static> {
    label: &'static str,
    phrase: Phrase,
    read: fn(&T) -> Value,
}

impl<T> Series<T> {
    /// A series with this value of the label.
    pub const fn new(label: &'static str, phrase: &'static str, read: fn(&T) -> Value) -> Self {
        Self {
            label,
            phrase: Phrase::After(phrase),
            read,
        }
    }
}

/// A row of any table, without its readings.
#[derive(Debug, Clone)]
pub struct Listing {
    /// The section of the table.
    pub section: &'static str,
    /// The descriptor.
    pub figure: &'static Figure,
    /// The values of the label and the phrases, one for each series.
    pub series: Vec<(&'static str, Phrase)>,
}

/// A table, whatever its values are read from.
pub trait AnyTable: Sync {
    /// All rows.
    fn list(&'static self) -> Vec<Listing>;
}

impl<T> AnyTable for Table<T> {
    fn list(&'static self) -> Vec<Listing> {
        let rows = self.rows.iter();
        rows.map(|row| Listing {
            section: self.section,
            figure: &row.figure,
            series: row.series(),
        })
        .collect()
    }
}
