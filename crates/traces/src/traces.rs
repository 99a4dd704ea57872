//! The choice of samples, and the way of finished spans to the thread that sends them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use fchatd_figures::{Row, Series, Table};

use crate::clock::Moment;
use crate::otlp;
use crate::queue::Queue;
use crate::span::{Context, Span};

/// Maximum number of spans that wait: about 1 MiB.
pub const QUEUE_MAX: usize = 4096;
/// Maximum number of spans in one request: less than 256 KiB.
pub const BATCH: usize = 512;

/// The step of the generator of numbers (splitmix64).
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// The counters of traces.
#[derive(Debug, Default)]
pub struct Counters {
    /// Spans accepted by the receiver.
    pub exported: AtomicU64,
    /// Spans dropped because too many waited.
    pub queue_full: AtomicU64,
    /// Spans that the receiver has refused.
    pub refused: AtomicU64,
    /// Spans given up because the receiver was away.
    pub away: AtomicU64,
    /// Requests to the receiver that failed.
    pub failures: AtomicU64,
}

/// The figures of traces.
pub static FIGURES: Table<Traces> = Table {
    section: "traces",
    rows: &[
        Row::gauge(
            "fchatd_trace_spans_waiting",
            "spans waiting",
            "Spans of traces that wait for the receiver.",
            |of| of.queue.len().into(),
        ),
        Row::counters(
            "fchatd_trace_spans_total",
            "spans",
            "result",
            "Spans of traces, by what became of them.",
            &[
                Series::new("exported", "exported", |of| read(&of.counters.exported)),
                Series::new("queue_full", "dropped", |of| read(&of.counters.queue_full)),
                Series::new("refused", "refused", |of| read(&of.counters.refused)),
                Series::new("away", "given up", |of| read(&of.counters.away)),
            ],
        ),
        Row::counter(
            "fchatd_trace_export_failures_total",
            "requests failed",
            "Requests with spans that the receiver of traces did not accept.",
            |of| read(&of.counters.failures),
        ),
    ],
};

fn read(counter: &AtomicU64) -> fchatd_figures::Value {
    counter.load(Ordering::Relaxed).into()
}

/// The traces of a server, shared by all its threads. All functions return at once, but those for the thread that sends.
#[derive(Debug)]
pub struct Traces {
    /// A number below this is a sample; `u64::MAX`: all of them.
    threshold: AtomicU64,
    numbers: AtomicU64,
    queue: Queue,
    moment: Mutex<Moment>,
    /// The counters.
    pub counters: Counters,
}

impl Traces {
    /// Traces of a share of all commands and requests, from 0 to 1.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn new(share: f64) -> Result<Self, getrandom::Error> {
        let traces = Self {
            threshold: AtomicU64::new(0),
            numbers: AtomicU64::new(getrandom::u64()?),
            queue: Queue::default(),
            moment: Mutex::new(Moment::now()),
            counters: Counters::default(),
        };
        traces.set_share(share);
        Ok(traces)
    }

    /// Changes the share.
    pub fn set_share(&self, share: f64) {
        // A float becomes the nearest number: 1 and more are the maximum, 0 and less are 0.
        self.threshold
            .store((share * u64::MAX as f64) as u64, Ordering::Relaxed);
    }

    /// Whether there can be samples at all.
    pub fn is_on(&self) -> bool {
        self.threshold.load(Ordering::Relaxed) != 0
    }

    /// Decides whether a command or a request is a sample. If so, the result is a new trace with its root span.
    pub fn sample(&self) -> Option<Context> {
        let threshold = self.threshold.load(Ordering::Relaxed);
        if threshold == 0 || (threshold != u64::MAX && self.number() >= threshold) {
            return None;
        }
        let trace = u128::from(self.number()) << 64 | u128::from(self.number());
        Some(Context {
            trace,
            span: self.number(),
        })
    }

    /// A new span in the trace of another one.
    pub fn child_of(&self, parent: Context) -> Context {
        Context {
            trace: parent.trace,
            span: self.number(),
        }
    }

    /// Queues the finished spans of a trace, all or none of them.
    pub fn push(&self, spans: &[Span]) {
        if !self.queue.push(spans, QUEUE_MAX) {
            count(&self.counters.queue_full, spans.len());
        }
    }

    /// Waits for `patience`, or for the end, and takes a batch in the form of OTLP, with the number of its spans. The flag is true
    /// after [`Traces::close`]. For the thread that sends.
    pub fn take(&self, patience: Duration, version: &str) -> (Option<(Vec<u8>, usize)>, bool) {
        let (spans, is_closed) = self.queue.take(patience, BATCH);
        if spans.is_empty() {
            return (None, is_closed);
        }
        let moment = {
            let mut moment = self.moment.lock().unwrap_or_else(PoisonError::into_inner);
            *moment = moment.kept(Moment::now());
            *moment
        };
        (
            Some((otlp::request(&spans, moment, version), spans.len())),
            is_closed,
        )
    }

    /// Waits for a moment; true after [`Traces::close`]. For the thread that sends.
    pub fn pause(&self, patience: Duration) -> bool {
        self.queue.pause(patience)
    }

    /// Whether a whole batch waits.
    pub fn has_batch(&self) -> bool {
        self.queue.len() >= BATCH
    }

    /// Has the thread that sends come to its end.
    pub fn close(&self) {
        self.queue.close();
    }

    /// A number that looks random, and is not 0.
    fn number(&self) -> u64 {
        let mut number = self.numbers.fetch_add(STEP, Ordering::Relaxed);
        number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (number ^ (number >> 31)).max(1)
    }
}

/// Adds to a counter.
pub(crate) fn count(counter: &AtomicU64, number: usize) {
    counter.fetch_add(number as u64, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::time::Instant;

    use super::*;
    use crate::span::{Kind, Thread};

    fn span(context: Context) -> Span {
        Span {
            context,
            parent: None,
            name: "x",
            kind: Kind::Internal,
            thread: Thread::Chat,
            time: (Instant::now(), Instant::now()),
            attributes: [None; 4],
        }
    }

    #[test]
    fn the_share_decides_and_traces_have_numbers_of_their_own() {
        let sampled = |share: f64| {
            let traces = Traces::new(share).unwrap();
            assert_eq!(traces.is_on(), share > 0.0);
            let contexts = (0..20_000).filter_map(|_| traces.sample());
            contexts
                .map(|context| context.trace)
                .collect::<HashSet<_>>()
                .len()
        };
        assert_eq!((sampled(0.0), sampled(-1.0), sampled(f64::NAN)), (0, 0, 0));
        assert_eq!((sampled(1.0), sampled(2.0)), (20_000, 20_000));
        let some = sampled(0.25);
        assert!((4_000..6_000).contains(&some), "{some} of 20000");
    }

    #[test]
    fn a_trace_that_does_not_fit_is_dropped_as_a_whole_and_counted() {
        let traces = Traces::new(1.0).unwrap();
        let context = traces.sample().unwrap();
        let spans = [
            span(context),
            span(traces.child_of(context)),
            span(traces.child_of(context)),
        ];
        for _ in 0..QUEUE_MAX / 3 + 5 {
            traces.push(&spans);
        }
        assert_eq!(traces.queue.len(), QUEUE_MAX / 3 * 3);
        assert_eq!(traces.counters.queue_full.load(Ordering::Relaxed), 15);
        traces.close();
        let mut taken = 0;
        while let (Some((bytes, spans)), true) = traces.take(Duration::from_secs(60), "1") {
            assert!(spans <= BATCH && bytes.len() < 256 << 10, "{} bytes", bytes.len());
            taken += spans;
        }
        assert_eq!(taken, QUEUE_MAX / 3 * 3);
    }
}
