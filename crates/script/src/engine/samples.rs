//! Profiles of scripts: call stacks that are sampled while scripts run.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Maximum number of different stacks.
const STACKS_MAX: usize = 4096;

/// A function on a script's call stack.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Call {
    /// Its name; empty if it has none, such as a main chunk.
    pub function: String,
    /// Its file, or `[C]` for a function of the host or the library.
    pub file: String,
    /// The current line; 0 if there is none.
    pub line: u32,
}

/// The samples of a [`Watchdog`](super::Watchdog).
#[derive(Debug, Default)]
pub struct Samples {
    /// Each stack, the innermost call first, and the number of its samples.
    pub stacks: HashMap<Vec<Call>, u64>,
    /// Number of samples without room for their stacks.
    pub lost: u64,
}

impl Samples {
    /// Approximate interval between two samples of a running script.
    pub const INTERVAL: Duration = Duration::from_millis(2);
}

/// The collector of samples, shared by the states of a watchdog.
#[derive(Debug, Default)]
pub(super) struct Sampler {
    on: AtomicBool,
    samples: Mutex<Samples>,
}

impl Sampler {
    pub(super) fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    pub(super) fn switch(&self, on: bool) -> Samples {
        self.on.store(on, Ordering::Relaxed);
        std::mem::take(&mut *self.samples())
    }

    pub(super) fn add(&self, stack: Vec<Call>) {
        let samples = &mut *self.samples();
        if samples.stacks.len() < STACKS_MAX || samples.stacks.contains_key(&stack) {
            *samples.stacks.entry(stack).or_default() += 1;
        } else {
            samples.lost += 1;
        }
    }

    fn samples(&self) -> MutexGuard<'_, Samples> {
        self.samples.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
