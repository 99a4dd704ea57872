//! The time as an edge has it: ticks for the application, `PIN`s and silence, and closes that were put off.

use std::cell::Cell;
use std::time::{Duration, Instant};

use fchatd_protocol::exchange::{Departure, Input};
use tokio::sync::Notify;

use crate::edge::{Application, Edge, Shared};
use crate::end::Goodbye;
use crate::websocket::{CloseCode, Opcode};

/// How often the clock task looks for what is due.
pub(crate) const CLOCK: Duration = Duration::from_millis(250);

/// When the application wants a tick besides those of each second.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    at: Cell<Option<Instant>>,
    set: Notify,
}

impl Alarm {
    /// A tick is wanted after this time, or earlier.
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
    pub(crate) fn look_at_clock(&self) {
        let shared = &mut *self.shared.borrow_mut();
        let now = Instant::now();
        while let Some(&(due, id)) = shared.due.front()
            && due <= now
        {
            shared.due.pop_front();
            self.finish(shared, id);
        }
        let second = self.started.elapsed().as_secs() as u32;
        if second != shared.second {
            shared.second = second;
            self.each_second(shared, second);
        }
        shared.fan.flush();
        self.handle_events(shared);
        shared.publish();
        if let Some(remote) = shared.application.elsewhere() {
            remote.beat();
        }
    }

    fn each_second(&self, shared: &mut Shared<A>, second: u32) {
        if shared.application.elsewhere().is_none() {
            shared.inputs.push(Input::Tick);
            self.wake_turn();
        }
        let settings = self.settings();
        let interval = settings.ping_seconds.max(1);
        let mut pings = Vec::new();
        let mut silent = Vec::new();
        for slot in shared.fan.slots() {
            let heard = shared.peers.get(slot as usize).map_or(second, |peer| peer.heard);
            // Whole seconds: one more than allowed, as the last byte may have come at the end of its second.
            if second.saturating_sub(heard) > settings.silence_seconds {
                silent.push(slot);
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
    }
}
