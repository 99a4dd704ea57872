//! Frames that wait for a commit: they stand in the backlogs of their recipients behind a barrier, and whatever a
//! recipient gets later stands behind them. For everyone else nothing changes.

use super::{Event, Fan, Phase, Socket};

impl<S: Socket> Fan<S> {
    /// What follows waits for a commit; with 0, or one that is on disk, for nothing.
    pub(super) fn begin_waiting(&mut self, commit: u64) {
        self.awaited = if commit > self.stored { commit } else { 0 };
        if self.awaited != 0 {
            // What was sent before goes before, also to those whose backlog begins now.
            self.flush();
        }
    }

    /// Gives a connection a range of the log that waits.
    #[cold]
    pub(super) fn hold(&mut self, slot: u32, (start, end): (u32, u32)) {
        let Some(lane) = self.lanes.get_mut(slot as usize) else {
            return;
        };
        self.deliveries += 1;
        // From now on pushes go to the backlog.
        lane.blocked = true;
        self.push_blocked(slot, start, end);
    }

    /// Whether the connection has something that waits for a commit, and nothing that may go out.
    pub(super) fn only_waits(&self, slot: u32) -> bool {
        let backlog = match self.cold.get(slot as usize) {
            Some(Some(cold)) => cold.backlog.as_ref(),
            _ => None,
        };
        backlog.is_some_and(|backlog| backlog.waits() && backlog.bytes().is_empty())
    }

    /// All commits up to this one are on disk, or wait no longer: what waited for them goes out.
    pub(crate) fn stored(&mut self, commit: u64) {
        self.stored = self.stored.max(commit);
        let mut holding = std::mem::take(&mut self.holding);
        holding.retain(|&slot| self.release_held(slot, commit));
        holding.append(&mut self.holding);
        self.holding = holding;
    }

    /// Lets go what waited; whether something still waits.
    fn release_held(&mut self, slot: u32, commit: u64) -> bool {
        // Nothing: the connection has gone, or was cut off.
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
