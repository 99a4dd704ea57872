//! The clock of an edge: ticks for the application, `PIN`s, idle timeouts and delayed closes.

use std::cell::Cell;
use std::time::{Duration, Instant};

use fchatd_protocol::exchange::{Departure, Input};
use tokio::sync::Notify;

use crate::edge::{Application, Edge, Shared};
use crate::end::Goodbye;
use crate::websocket::{CloseCode, Opcode};

/// Interval at which the clock task looks for due work.
pub(crate) const CLOCK: Duration = Duration::from_millis(250);

/// The longest time that counts between two readings of the clock. A longer gap means that the edge did not
/// run: the process was stopped, the machine slept, or a turn took very long.
const GAP_MAX: Duration = Duration::from_secs(1);

/// Seconds for which an edge has been running. A pause counts as at most one second. So a connection is not
/// taken for silent during a time in which the edge did not read: the sockets are read first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seconds {
    last: Instant,
    elapsed: Duration,
}

impl Seconds {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            last: now,
            elapsed: Duration::ZERO,
        }
    }

    /// Advances the clock to `now`.
    pub(crate) fn look(&mut self, now: Instant) {
        self.elapsed += now.saturating_duration_since(self.last).min(GAP_MAX);
        self.last = now;
    }

    /// Whole seconds.
    pub(crate) fn whole(self) -> u32 {
        self.elapsed.as_secs() as u32
    }
}

/// The time of an additional tick that the application has requested.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    at: Cell<Option<Instant>>,
    set: Notify,
}

impl Alarm {
    /// Requests a tick after this time at the latest.
    pub(crate) fn set(&self, wait: Duration) {
        let at = Instant::now() + wait;
        if self.at.get().is_none_or(|earlier| at < earlier) {
            self.at.set(Some(at));
            self.set.notify_one();
        }
    }

    /// Waits until a tick is due.
    pub(crate) async fn due(&self) {
        loop {
            let Some(at) = self.at.get() else {
                self.set.notified().await;
                continue;
            };
            tokio::select! {
                () = tokio::time::sleep_until(at.into()) => {
                    self.at.set(None);
                    return;
                }
                () = self.set.notified() => {}
            }
        }
    }
}

impl<A: Application + 'static> Edge<A> {
    pub(crate) fn look_at_clock(&self, now: Instant) {
        let shared = &mut *self.shared.borrow_mut();
        while let Some(&(due, id)) = shared.due.front()
            && due <= now
        {
            shared.due.pop_front();
            self.finish(shared, id);
        }
        let mut seconds = self.seconds.get();
        seconds.look(now);
        self.seconds.set(seconds);
        let second = seconds.whole();
        if second != shared.second {
            shared.second = second;
            self.each_second(shared, second);
        }
        shared.fan.flush();
        self.handle_events(shared);
        if shared.read_on() {
            self.wake_turn();
        }
        shared.publish();
        if let Some(remote) = shared.application.elsewhere() {
            remote.beat();
        }
    }

    fn each_second(&self, shared: &mut Shared<A>, second: u32) {
        shared.trim();
        if shared.application.elsewhere().is_none() {
            shared.inputs.push(Input::Tick);
            self.wake_turn();
        }
        let settings = self.settings();
        let interval = settings.ping_seconds.max(1);
        let mut pings = Vec::new();
        let mut silent = Vec::new();
        let mut late = Vec::new();
        for slot in shared.fan.slots() {
            let heard = shared.peers.get(slot as usize).map_or(second, |peer| peer.heard);
            // Whole seconds: one more than the limit, because the last byte may have come at the end of its
            // second.
            if second.saturating_sub(heard) > settings.silence_seconds {
                silent.push(slot);
            } else if shared.is_late(slot, settings.identify_seconds) {
                late.push(slot);
            } else if slot % interval == second % interval && shared.fan.is_identified(slot) {
                pings.push(slot);
            }
        }
        if !pings.is_empty() {
            shared.fan.send_to(pings.into_iter(), Opcode::Text, b"PIN");
        }
        for slot in silent {
            let goodbye = Goodbye::Say(CloseCode::Policy, "nothing was heard for too long");
            self.end(shared, slot, Departure::Silent, goodbye);
        }
        for slot in late {
            self.common.count_unidentified();
            let goodbye = Goodbye::Say(CloseCode::Policy, "there was no log-in in time");
            self.end(shared, slot, Departure::Closed, goodbye);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_counts_as_one_second() {
        let begin = Instant::now();
        let mut seconds = Seconds::new(begin);
        let mut now = begin;
        for _ in 0..20 {
            now += CLOCK;
            seconds.look(now);
        }
        assert_eq!(seconds.whole(), 5);
        now += Duration::from_secs(3600);
        seconds.look(now);
        assert_eq!(seconds.whole(), 6);
        seconds.look(begin);
        assert_eq!(seconds.whole(), 6, "nothing goes back");
    }
}
