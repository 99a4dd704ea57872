//! The metrics of the server. Each part of the server describes its metrics in a [`Table`]; a table reads the values
//! when they are asked for and puts them into a [`Sink`]. Sinks are the status text for people and the [`mod@exposition`] for Prometheus.
//!
//! The counters themselves are plain integers and atomics of the parts that count. This crate reads them and knows
//! nothing of the chat. Names follow the conventions of Prometheus; [`check`] enforces them.
#![warn(clippy::indexing_slicing)]
#![forbid(unsafe_code)]

mod check;
mod exposition;
mod figure;
mod histogram;
mod markdown;
mod sink;
mod status;
mod table;

pub use check::{SERIES_MAX, faults};
pub use exposition::{Format, exposition};
pub use figure::{Figure, Kind, Unit};
pub use histogram::{Distribution, Histogram};
pub use markdown::markdown;
pub use sink::{Phrase, Sample, Sink, Value};
pub use status::StatusText;
pub use table::{AnyTable, Listing, Row, Series, Table};
