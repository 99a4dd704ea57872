//! The end of an edge: nobody new, and everybody sent away in an orderly way.

use std::time::{Duration, Instant};

use fchatd_protocol::exchange::ConnectionId;

use crate::edge::{Application, Edge};
use crate::end::Goodbye;
use crate::websocket::CloseCode;

/// The last word to a connection when the server goes down.
pub(crate) const GOING_AWAY: Goodbye = Goodbye::Say(CloseCode::GoingAway, "the server is going down");
/// How long a connection that was let in and has not asked for anything yet may take to do so: its request may
/// be on its way.
pub(crate) const FIRST_REQUEST: Duration = Duration::from_secs(1);
/// How often the next ones are closed.
pub(crate) const STEP: Duration = Duration::from_millis(5);

impl<A: Application + 'static> Edge<A> {
    /// Takes no new connections any more, closes all that there are (close code 1001) evenly over `spread`, and waits until all sockets are gone, HTTP requests under way are answered,
    /// or `patience` is over that begins after the last close.
    ///
    /// Until it is closed a connection is served as usual. The application is not told of these closes: the
    /// others would be told of each one, and what it keeps of those who were here would be gone before it is saved.
    /// Dropping the future leaves the edge stopped.
    pub async fn drain(&self, spread: Duration, patience: Duration) {
        self.stopped.set(true);
        self.stopping.notify_waiters();
        // What has come in before is answered.
        self.take_all_turns();
        self.settle(Instant::now() + patience).await;
        let everyone = self.everyone();
        let total = everyone.len();
        let begin = Instant::now();
        let mut left = everyone.into_iter();
        loop {
            let remaining = total - share(total, begin.elapsed(), spread);
            let due = left.len().saturating_sub(remaining);
            self.send_away(left.by_ref().take(due));
            if left.len() == 0 {
                break;
            }
            tokio::time::sleep(STEP).await;
        }
        // Those whose handshake ended meanwhile are sent away by their own tasks.
        let end = Instant::now() + patience;
        while self.sockets() > 0 && Instant::now() < end {
            tokio::time::sleep(STEP).await;
        }
    }

    /// Waits until what has come in is answered, where that takes its time.
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

    fn send_away(&self, connections: impl Iterator<Item = ConnectionId>) {
        let shared = &mut *self.shared.borrow_mut();
        for id in connections {
            if shared.is_current(id) && shared.is_known(id.slot) {
                self.part(shared, id.slot, GOING_AWAY);
            }
        }
        self.handle_events(shared);
    }
}

/// How many of `total` are due after a part of the whole time.
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
