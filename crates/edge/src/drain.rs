//! Graceful shutdown of an edge: it accepts no new connections and closes the existing ones in an orderly
//! way.

use std::time::{Duration, Instant};

use fchatd_protocol::exchange::{ConnectionId, Departure};

use crate::edge::{Application, Edge};
use crate::end::Goodbye;
use crate::websocket::CloseCode;

/// The last frame to a connection on shutdown.
pub(crate) const GOING_AWAY: Goodbye = Goodbye::Say(CloseCode::GoingAway, "the server is going down");
/// The last frame to a connection that has to begin anew.
const MOVED: Goodbye = Goodbye::Say(CloseCode::Restart, "please connect again");
/// Time limit for the first request of a new connection during shutdown: the request may be on its way.
pub(crate) const FIRST_REQUEST: Duration = Duration::from_secs(1);
/// Interval between two batches of closes.
pub(crate) const STEP: Duration = Duration::from_millis(5);

impl<A: Application + 'static> Edge<A> {
    /// Graceful shutdown: accepts no new connections, closes all existing ones (close code 1001) evenly over
    /// `spread`, and waits until all sockets are closed and all HTTP requests in progress are answered. The
    /// wait ends `patience` after the last close at the latest.
    ///
    /// A connection is served as usual until it is closed. The application does not get these closes as
    /// inputs: it would announce each one to the other users, and the state of the connected users would be
    /// gone before it is saved. Dropping the future leaves the edge stopped.
    pub async fn drain(&self, spread: Duration, patience: Duration) {
        self.stopped.set(true);
        self.stopping.notify_waiters();
        // Input received so far is answered first.
        self.take_all_turns();
        self.settle(Instant::now() + patience).await;
        spread_over(self.everyone(), spread, |id| self.send_away(id)).await;
        // Connections that finished their handshake meanwhile are closed by their own tasks.
        let end = Instant::now() + patience;
        while self.sockets() > 0 && Instant::now() < end {
            tokio::time::sleep(STEP).await;
        }
    }

    /// Waits until all received input is answered, where that takes time.
    async fn settle(&self, end: Instant) {
        let mut asked = None;
        while self.is_apart() && Instant::now() < end {
            asked = asked.or_else(|| self.ask_for_answer());
            if asked.is_some_and(|turn| self.is_answered(turn)) {
                return;
            }
            tokio::time::sleep(STEP).await;
        }
    }

    fn everyone(&self) -> Vec<ConnectionId> {
        let shared = self.shared.borrow();
        let slots = shared.fan.slots();
        slots
            .filter_map(|slot| shared.peers.get(slot as usize)?.id)
            .collect()
    }

    fn send_away(&self, id: ConnectionId) {
        let shared = &mut *self.shared.borrow_mut();
        if shared.is_current(id) && shared.is_known(id.slot) {
            self.part(shared, id.slot, GOING_AWAY);
        }
        self.handle_events(shared);
    }

    /// Closes the present connections (close code 1012) evenly over `spread`, so that their clients connect again, here
    /// or elsewhere. The application gets each end as a [`Departure::Moved`].
    pub(crate) async fn send_elsewhere(&self, spread: Duration) {
        spread_over(self.everyone(), spread, |id| {
            let shared = &mut *self.shared.borrow_mut();
            if shared.is_current(id) && shared.is_known(id.slot) {
                self.end(shared, id.slot, Departure::Moved, MOVED);
            }
            self.handle_events(shared);
        })
        .await;
    }
}

/// Handles connections evenly over a time.
async fn spread_over(connections: Vec<ConnectionId>, spread: Duration, mut handle: impl FnMut(ConnectionId)) {
    let total = connections.len();
    let begin = Instant::now();
    let mut left = connections.into_iter();
    loop {
        let remaining = total - share(total, begin.elapsed(), spread);
        let due = left.len().saturating_sub(remaining);
        left.by_ref().take(due).for_each(&mut handle);
        if left.len() == 0 {
            return;
        }
        tokio::time::sleep(STEP).await;
    }
}

/// How many of `total` closes are due after a part of the whole time.
fn share(total: usize, elapsed: Duration, whole: Duration) -> usize {
    if elapsed >= whole {
        return total;
    }
    (total as f64 * elapsed.as_secs_f64() / whole.as_secs_f64()) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closes_are_spread_evenly() {
        let whole = Duration::from_secs(5);
        let after = |milliseconds| share(10_000, Duration::from_millis(milliseconds), whole);
        assert_eq!(
            [after(0), after(2500), after(5000), after(9000)],
            [0, 5000, 10_000, 10_000]
        );
        assert_eq!(share(7, Duration::ZERO, Duration::ZERO), 7);
        assert_eq!(share(0, Duration::ZERO, whole), 0);
    }
}
