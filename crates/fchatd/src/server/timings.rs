//! Durations of the work of the chat, as histograms.

use std::cell::Cell;
use std::time::Instant;

#[cfg(test)]
use fchatd_figures::AnyTable;
use fchatd_figures::{Histogram, Row, Sink, Table};

/// One command in so many is measured, since reading the clock twice is not free.
const COMMANDS_FOR_SAMPLE: u32 = 16;

/// All tables of this module.
#[cfg(test)]
pub(crate) static FIGURES: [&dyn AnyTable; 1] = [&TABLE];

static TABLE: Table<Timings> = Table {
    section: "latency",
    rows: &[
        Row::histogram(
            "fchatd_command_seconds",
            "measured commands",
            "Duration of commands in the rules. One command in 16 is measured.",
            |of| of.commands.read().into(),
        ),
        Row::histogram(
            "fchatd_login_check_seconds",
            "log-in checks",
            "Duration of log-in checks, by the accounts or by the log-in site, the wait for a turn included.",
            |of| of.login_checks.read().into(),
        ),
    ],
};

/// The histograms.
#[derive(Debug, Default)]
pub(crate) struct Timings {
    commands: Histogram,
    /// Log-in checks.
    pub(crate) login_checks: Histogram,
    counted: Cell<u32>,
}

impl Timings {
    /// A command begins. The result is its time, if it is to be measured.
    pub(crate) fn begin_command(&self) -> Option<Instant> {
        let counted = self.counted.get().wrapping_add(1);
        self.counted.set(counted);
        counted.is_multiple_of(COMMANDS_FOR_SAMPLE).then(Instant::now)
    }

    /// A command that began then has ended.
    pub(crate) fn end_command(&self, begun: Instant) {
        self.commands.record(begun.elapsed());
    }

    /// Puts the durations into a sink.
    pub(crate) fn figures(&self, sink: &mut dyn Sink) {
        TABLE.put(self, sink);
    }
}
