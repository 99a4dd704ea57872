//! The state that the chat shares with the thread that writes: the waiting writes and the counters.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fchatd_figures::Histogram;

use super::pending::Pending;
use crate::failure::Failure;

/// How often the thread tries again after a failure, and looks whether the data folder is in its place.
const RETRY: Duration = Duration::from_secs(1);

/// The waiting writes of the thread.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub(super) next: Pending,
    pub(super) ended: bool,
    pub(super) failure: Option<Failure>,
}

/// Shared by the chat and the thread.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) waiting: Mutex<Waiting>,
    pub(super) changed: Condvar,
    /// Of the action log: written, and lost since the start.
    pub(super) actions: AtomicU64,
    pub(super) actions_lost: AtomicU64,
    pub(super) counters: Counters,
    /// The fault of the data folder, if there is one.
    pub(super) displaced: Mutex<Option<String>>,
    generations: AtomicU64,
}

impl Shared {
    pub(super) fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the next state that is taken over.
    pub(super) fn next_generation(&self) -> u64 {
        self.generations.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Adds to the waiting writes, unless the end has come. The thread sees it within a second, or with the next one.
    pub(super) fn add_quietly(&self, add: impl FnOnce(&mut Pending)) {
        let mut waiting = self.waiting();
        if !waiting.ended {
            add(&mut waiting.next);
        }
    }

    /// Adds to the waiting writes, unless the end has come, and wakes the thread.
    pub(super) fn add(&self, add: impl FnOnce(&mut Pending)) {
        let mut waiting = self.waiting();
        if !waiting.ended {
            add(&mut waiting.next);
            self.changed.notify_one();
        }
    }

    pub(super) fn displaced(&self) -> MutexGuard<'_, Option<String>> {
        self.displaced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for work and takes it; the second value says whether it is the last. After a second the result is empty: it is time
    /// to look around, and to repeat failed work.
    pub(super) fn take(&self) -> (Pending, bool) {
        let mut waiting = self.waiting();
        while waiting.next.can_wait() && !waiting.ended {
            let (woken, time) = self
                .changed
                .wait_timeout(waiting, RETRY)
                .unwrap_or_else(PoisonError::into_inner);
            waiting = woken;
            if time.timed_out() {
                break;
            }
        }
        (std::mem::take(&mut waiting.next), waiting.ended)
    }
}

/// Counts of transactions since the start.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) written: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) durations: Histogram,
}

impl Counters {
    /// Counts an attempt to write everything that waits.
    pub(super) fn note(&self, time: Duration, has_failed: bool) {
        let counter = if has_failed { &self.failed } else { &self.written };
        counter.fetch_add(1, Ordering::Relaxed);
        self.durations.record(time);
    }
}
