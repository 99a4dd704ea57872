//! Whether the server takes connections, as load balancers ask it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// A stage of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The state is open and the server listens.
    Serving,
    /// The run ends, for good or for a restart: connections are being closed.
    Draining,
}

/// The stage, for all threads.
#[derive(Debug, Clone, Default)]
pub(crate) struct Readiness(Arc<AtomicU8>);

impl Readiness {
    /// Goes on to a stage.
    pub(crate) fn enter(&self, stage: Stage) {
        let number = match stage {
            Stage::Serving => 1,
            Stage::Draining => 2,
        };
        self.0.store(number, Ordering::Relaxed);
    }

    /// Why the server takes no connections, if so.
    pub(crate) fn refusal(&self) -> Option<&'static str> {
        match self.0.load(Ordering::Relaxed) {
            0 => Some("The server is starting.\n"),
            1 => None,
            _ => Some("The server stops or restarts and is closing its connections.\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_ready_while_it_serves() {
        let readiness = Readiness::default();
        assert!(readiness.refusal().is_some_and(|text| text.contains("starting")));
        readiness.enter(Stage::Serving);
        assert_eq!(readiness.refusal(), None);
        readiness.enter(Stage::Draining);
        assert!(readiness.refusal().is_some_and(|text| text.contains("closing")));
    }
}
