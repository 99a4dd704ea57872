//! Durations of the work of all edges. A measured turn reads the clock three times, so nothing is measured for each frame.

use fchatd_figures::Histogram;

/// The histograms that all edges of a server share.
#[derive(Debug, Default)]
pub(crate) struct Timings {
    /// Turns of the application.
    pub(crate) turns: Histogram,
    /// The part of a turn in which outputs are distributed and sockets are written.
    pub(crate) fan_outs: Histogram,
}
