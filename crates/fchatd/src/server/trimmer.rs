//! Gives memory back to the system that the process does not use any more. The bound of memory is in
//! [`crate::configuration::memory`].

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::server::figures;

/// How often memory is looked at.
const LOOK: Duration = Duration::from_secs(5);
/// While the process holds more than it once did after giving memory back, it is tried again after so long: the attempt
/// is cheap when there is nothing to give.
const AGAIN: Duration = Duration::from_secs(15);
/// So much more than it did is worth the attempt: a part, and kibibytes.
const GROWTH: f64 = 1.1;
const GROWTH_KIBIBYTES: f64 = 4096.0;

/// A thread that gives memory back to the system when the process has held much and does not need it any more: the
/// allocator keeps freed memory for itself, after a burst for ever.
pub(crate) struct Trimmer {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Trimmer {
    /// Starts it.
    ///
    /// # Errors
    /// There is no thread for it.
    pub(crate) fn start() -> Result<Self, Failure> {
        let (end, ended) = channel::<()>();
        // Before the first connection.
        let mut watch = Watch {
            low: figures::resident_kibibytes(),
            last: None,
        };
        let work = move || {
            while matches!(ended.recv_timeout(LOOK), Err(RecvTimeoutError::Timeout)) {
                let Some(held) = figures::resident_kibibytes() else {
                    return;
                };
                if watch.is_time(held, Instant::now()) {
                    fchatd_profiler::heap::give_back();
                    watch.gave_back(figures::resident_kibibytes().unwrap_or(held), Instant::now());
                }
            }
        };
        let thread = std::thread::Builder::new().name("memory".to_owned()).spawn(work);
        let thread = thread.map_err(|error| format!("no thread could be started: {error}"))?;
        Ok(Self {
            end: Some(end),
            thread: Some(thread),
        })
    }
}

impl Drop for Trimmer {
    fn drop(&mut self) {
        self.end = None;
        if let Some(thread) = self.thread.take() {
            // It has nothing to say.
            let _ = thread.join();
        }
    }
}

/// Decides when it is time. All in kibibytes.
#[derive(Debug, Default)]
struct Watch {
    /// The least that the process has held after giving memory back.
    low: Option<f64>,
    last: Option<Instant>,
}

impl Watch {
    fn is_time(&mut self, held: f64, now: Instant) -> bool {
        let low = *self.low.get_or_insert(held);
        let waited = |last: Instant| now.saturating_duration_since(last) >= AGAIN;
        held > low * GROWTH + GROWTH_KIBIBYTES && self.last.is_none_or(waited)
    }

    fn gave_back(&mut self, held: f64, now: Instant) {
        self.last = Some(now);
        self.low = Some(self.low.map_or(held, |low| held.min(low)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_given_back_while_more_is_held_than_before() {
        let (mut watch, mut now) = (Watch::default(), Instant::now());
        assert!(!watch.is_time(50_000.0, now));
        assert!(!watch.is_time(55_000.0, now));
        assert!(watch.is_time(200_000.0, now));
        watch.gave_back(190_000.0, now);
        assert!(!watch.is_time(200_000.0, now), "just tried");
        now += AGAIN;
        assert!(watch.is_time(200_000.0, now), "it may have been freed now");
        watch.gave_back(52_000.0, now);
        now += AGAIN;
        assert!(!watch.is_time(53_000.0, now));
        assert!(watch.is_time(60_000.0, now));
    }
}
