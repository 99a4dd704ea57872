//! The figures of the thread that saves the state: commits, the action log and the data folder.

use std::sync::atomic::{AtomicU64, Ordering};

#[cfg(test)]
use fchatd_figures::AnyTable;
use fchatd_figures::{Row, Sink, Table, Value};

use super::shared::Shared;

/// All tables of this module.
#[cfg(test)]
pub(crate) static FIGURES: [&dyn AnyTable; 3] = [&DISK, &ACTIONS, &FOLDER];

static DISK: Table<Shared> = Table {
    section: "disk",
    rows: &[
        Row::counter(
            "fchatd_commits_total",
            "transactions written",
            "Transactions of the chat's state written to disk. Commits that wait share a transaction.",
            |of| get(&of.counters.written),
        ),
        Row::counter(
            "fchatd_commit_failures_total",
            "failed",
            "Failed attempts of a transaction. Each is followed by another attempt.",
            |of| get(&of.counters.failed),
        ),
        Row::histogram(
            "fchatd_commit_seconds",
            "attempts",
            "Duration of transactions of the chat's state, failed attempts included: the latency of the disk.",
            |of| of.counters.durations.read().into(),
        ),
    ],
};

static ACTIONS: Table<Shared> = Table {
    section: "action log",
    rows: &[
        Row::counter(
            "fchatd_action_log_entries_total",
            "actions written",
            "Entries written to the action log.",
            |of| get(&of.actions),
        ),
        Row::counter(
            "fchatd_action_log_entries_lost_total",
            "lost",
            "Entries of the action log lost because too many waited for the disk.",
            |of| get(&of.actions_lost),
        ),
    ],
};

static FOLDER: Table<Shared> = Table {
    section: "data folder",
    rows: &[Row::switch(
        "fchatd_data_folder_displaced",
        ["not in its place", "in its place"],
        "Whether the data folder was moved away, deleted or replaced.",
        |of| of.displaced().is_some().into(),
    )],
};

fn get(counter: &AtomicU64) -> Value {
    counter.load(Ordering::Relaxed).into()
}

/// Puts the figures of the state on disk into a sink.
pub(super) fn put(shared: &Shared, sink: &mut dyn Sink) {
    for table in [&DISK, &ACTIONS, &FOLDER] {
        table.put(shared, sink);
    }
    let displaced = shared.displaced().clone();
    if let Some(reason) = displaced {
        sink.remark(FOLDER.section, reason);
    }
}
