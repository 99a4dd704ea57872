//! Traces: the way of a sampled command or request through the server, as spans for OpenTelemetry. [`Traces`] chooses the
//! samples and queues finished spans, [`otlp`] writes them as OTLP. The HTTP client that sends them is in `fchatd_links::traces`.
//!
//! A span has room for durations, numbers and words of the program only. So no text, name or address of a user can get into a trace.

#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod clock;
pub mod otlp;
mod queue;
mod span;
mod traces;

pub use self::span::{Attributes, Context, Kind, Span, Thread, Value, current};
pub use self::traces::{BATCH, Counters, FIGURES, QUEUE_MAX, Traces};
