//! How often characters are taken over by another connection: two clients that both want one character would
//! throw each other out for ever.

use std::sync::Arc;

use fchatd_protocol::text::fold;

use crate::world::World;

/// The time in which take-overs are counted, in milliseconds.
const WINDOW: u64 = 60_000;

impl World {
    /// How often a character was taken over within the last minute.
    pub fn takeovers(&self, name: &str) -> usize {
        let now = self.now.monotonic;
        self.takeovers.get(&*fold(name)).map_or(0, |times| {
            times.iter().filter(|&&time| now - time < WINDOW).count()
        })
    }

    /// A character is being taken over.
    pub fn note_takeover(&mut self, name: &str) {
        let now = self.now.monotonic;
        let times = self.takeovers.entry(Arc::from(&*fold(name))).or_default();
        times.retain(|&time| now - time < WINDOW);
        times.push(now);
    }

    /// Forgets ended entries.
    pub(crate) fn forget_old_takeovers(&mut self) {
        let now = self.now.monotonic;
        self.takeovers.retain(|_, times| {
            times.retain(|&time| now - time < WINDOW);
            !times.is_empty()
        });
    }
}
