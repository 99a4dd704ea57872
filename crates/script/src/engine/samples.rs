//! What scripts spend their time on: call stacks, sampled while they run.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Different stacks that are kept.
const STACKS_MAX: usize = 4096;

/// A function on the stack of a script.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Call {
    /// Its name; empty where it has none, as a main chunk.
    pub function: String,
    /// Its file, or `[C]` for a function of the host or the library.
    pub file: String,
    /// The line that it runs; 0 where there is none.
    pub line: u32,
}

/// What a [`Watchdog`](super::Watchdog) has sampled.
#[derive(Debug, Default)]
pub struct Samples {
    /// Each stack, the innermost call first, and how often it was found.
    pub stacks: HashMap<Vec<Call>, u64>,
    /// Samples for whose stacks there was no room.
    pub lost: u64,
}

impl Samples {
    /// Time between two samples of a script that runs, about.
    pub const INTERVAL: Duration = Duration::from_millis(2);
}

/// Where the states of a watchdog put what is sampled.
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
