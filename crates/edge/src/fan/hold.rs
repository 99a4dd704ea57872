//! Frames that wait for a commit are stored in the backlogs of their recipients behind a barrier. Later
//! frames for these recipients follow behind it. Other connections are not affected.

use super::{Event, Fan, Phase, Socket};

impl<S: Socket> Fan<S> {
    /// Later frames wait for this commit. With 0, or a commit that is on disk, they wait for nothing.
    pub(super) fn begin_waiting(&mut self, commit: u64) {
        self.awaited = if commit > self.stored { commit } else { 0 };
        if self.awaited != 0 {
            // Earlier frames are written first, also to connections whose backlog begins now.
            self.flush();
        }
    }

    /// Queues a range of the log that waits.
    #[cold]
    pub(super) fn hold(&mut self, slot: u32, (start, end): (u32, u32)) {
        let Some(lane) = self.lanes.get_mut(slot as usize) else {
            return;
        };
        self.deliveries += 1;
        // From now on, frames are appended to the backlog.
        lane.blocked = true;
        self.push_blocked(slot, start, end);
    }

    /// Whether the connection has bytes that wait for a commit, and none that may be sent.
    pub(super) fn only_waits(&self, slot: u32) -> bool {
        let backlog = match self.cold.get(slot as usize) {
            Some(Some(cold)) => cold.backlog.as_ref(),
            _ => None,
        };
        backlog.is_some_and(|backlog| backlog.waits() && backlog.bytes().is_empty())
    }

    /// The last commit that is on disk or is no longer awaited.
    pub(crate) fn last_stored(&self) -> u64 {
        self.stored
    }

    /// The number of the edge.
    pub(crate) fn edge(&self) -> u16 {
        self.edge
    }

    /// All commits up to this one are on disk or are no longer awaited. Frames that waited for them are sent.
    pub(crate) fn stored(&mut self, commit: u64) {
        self.stored = self.stored.max(commit);
        let mut holding = std::mem::take(&mut self.holding);
        holding.retain(|&slot| self.release_held(slot, commit));
        holding.append(&mut self.holding);
        self.holding = holding;
    }

    /// The core is another one now: its channels and commits have nothing to do with the earlier ones. The present
    /// connections belong to no audience from now on. Frames that wait for a commit are dropped, because nobody
    /// will ever know whether it was made.
    pub(crate) fn forget_core(&mut self) {
        for slot in 0..self.lanes.len() as u32 {
            self.withdraw(slot);
            if let Some(Some(cold)) = self.cold.get_mut(slot as usize)
                && let Some(backlog) = &mut cold.backlog
                && backlog.waits()
            {
                backlog.forget_waiting();
                match self.resume(slot) {
                    Ok(_) if self.is_blocked(slot) => self.events.push(Event::Blocked(slot)),
                    Ok(_) => {}
                    Err(_) => self.cut(Event::Broken(slot)),
                }
            }
        }
        self.holding.clear();
        self.stored = 0;
    }

    /// Releases frames that waited; returns whether some still wait.
    fn release_held(&mut self, slot: u32, commit: u64) -> bool {
        // The connection has ended, or was cut off.
        let Some(Some(cold)) = self.cold.get_mut(slot as usize) else {
            return false;
        };
        let Some(backlog) = cold.backlog.as_mut().filter(|backlog| backlog.waits()) else {
            return false;
        };
        backlog.stored(commit);
        let waits = backlog.waits();
        match self.resume(slot) {
            Ok(true) if self.phase(slot) == Phase::Lingering => {
                self.finish_writing(slot);
            }
            Ok(_) if self.is_blocked(slot) => self.events.push(Event::Blocked(slot)),
            Ok(_) => {}
            Err(_) => {
                self.cut(Event::Broken(slot));
                return false;
            }
        }
        waits
    }
}
