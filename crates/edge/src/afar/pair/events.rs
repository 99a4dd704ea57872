//! Carries out the wishes of the state machines of the pair.

use std::sync::atomic::Ordering;
use std::time::Duration;

use fchatd_cluster::CoreEvent;
use fchatd_cluster::pair::{LeaderEvent, StandbyEvent};
use tracing::{error, info, warn};

use super::{Change, Claim, Pair};
use crate::afar::hall::Hall;
use crate::afar::pairing::{PairStatus, ToCenter};
use crate::common::lock;
use crate::http::HttpService;

impl<H: HttpService + 'static> Hall<H> {
    pub(in crate::afar) fn carry_out_leader(&self, pair: &Pair, events: Vec<LeaderEvent>) {
        let is_change =
            |event: &LeaderEvent| !matches!(event, LeaderEvent::Release(_) | LeaderEvent::Kept(_));
        let has_changed = events.iter().any(is_change);
        for event in events {
            match event {
                LeaderEvent::NeedImage => pair.tell_center(ToCenter::NeedImage),
                LeaderEvent::Protect(node) => self.change(pair, Change::Protect(node)),
                LeaderEvent::Lost(node, reason) => {
                    warn!("the standby {node} is gone: {reason}; this core leads alone");
                    self.go_alone(pair);
                }
                LeaderEvent::Release(n) => {
                    self.core.borrow_mut().release(n);
                    self.wake_all();
                    if let Some(engine) = &pair.engine {
                        engine.received(n);
                        self.go_on_protecting(pair);
                    }
                }
                LeaderEvent::Kept(commit) => pair.tell_center(ToCenter::Kept(commit)),
                LeaderEvent::Deposed(epoch) => self.step_down(pair, &pair.view_of_another(epoch)),
                LeaderEvent::Close(number) => self.take(vec![CoreEvent::Close(number)]),
            }
        }
        if has_changed {
            self.publish(pair);
        }
    }

    pub(in crate::afar) fn carry_out_standby(&self, pair: &Pair, events: Vec<StandbyEvent>) {
        for event in events {
            match event {
                StandbyEvent::Adopt(image, view) => {
                    info!(
                        "an image of {} leads this standby to entry {}",
                        view.leader, image.n
                    );
                    if pair.learn(&view)
                        && let Err(failure) = pair.keep(&view)
                    {
                        error!("the view can't be written: {failure}");
                    }
                    pair.is_named.set(false);
                    if let Some(engine) = &pair.engine {
                        engine.heard_leader(self.now());
                        engine.adopts(view.epoch);
                    }
                    self.shared.images.fetch_add(1, Ordering::Relaxed);
                    pair.tell_center(ToCenter::Adopt(image));
                }
                StandbyEvent::Apply(entry) => pair.tell_center(ToCenter::Apply(entry)),
                StandbyEvent::Got(seat, attachment, got) => {
                    let weight = self.core.borrow_mut().acknowledged(seat, attachment, got);
                    if let Some(link) = self.links.get(usize::from(seat)) {
                        link.release(weight);
                    }
                }
                StandbyEvent::InView(view) => {
                    if !pair.learn(&view) {
                        continue;
                    }
                    if let Err(failure) = pair.keep(&view) {
                        error!(
                            "the view can't be written, so this core is no standby that counts: {failure}"
                        );
                        continue;
                    }
                    pair.is_named.set(true);
                    if let Some(engine) = &pair.engine {
                        engine.named(view.epoch);
                    }
                    pair.since.set(self.now());
                    pair.standby.borrow_mut().named(view.epoch);
                    info!(
                        "this core is the standby of {}, and has everything; view {}",
                        view.leader, view.epoch
                    );
                    // The leader's operator may read "protected" as soon as this core has said so.
                    self.publish(pair);
                }
                StandbyEvent::Lead if pair.engine.is_some() => self.claim(pair),
                StandbyEvent::Lead => self.change(pair, Change::Lead(Claim::Complete)),
                StandbyEvent::Refused(epoch, leads, process, reason) => {
                    if process == self.shared.process.load(Ordering::Relaxed) {
                        continue;
                    }
                    if let Some(engine) = pair.engine.as_ref().filter(|_| leads) {
                        engine.heard_leader(self.now());
                    }
                    if pair.leader.borrow().is_handing_over() && !leads {
                        self.go_on(pair);
                    } else if leads {
                        pair.tell(&format!("the leading core (view {epoch}) does not accept this core as its standby: {reason}"));
                    }
                }
                StandbyEvent::Broken(reason) => {
                    pair.tell(&format!("the connection to the leading core ends: {reason}"));
                    pair.closing.notify_one();
                }
            }
        }
    }

    pub(in crate::afar) fn tick_pair(&self, pair: &Pair) {
        let (now, mut events) = (self.now(), Vec::new());
        pair.leader.borrow_mut().tick(now, &mut events);
        self.carry_out_leader(pair, events);
        if self.core.borrow().leads() && pair.leader.borrow().wants_alone() {
            self.go_alone(pair);
        }
        let mut events = Vec::new();
        pair.standby.borrow_mut().tick(now, &mut events);
        self.carry_out_standby(pair, events);
        self.tick_engine(pair);
        pair.wake.notify_one();
        self.wake_standby(pair);
        self.publish(pair);
    }

    /// Shows the state of the pair to operators.
    pub(in crate::afar) fn publish(&self, pair: &Pair) {
        let now = self.now();
        let (leader, standby) = (pair.leader.borrow(), pair.standby.borrow());
        let leads = self.core.borrow().leads();
        *lock(&self.shared.pair) = Some(PairStatus {
            node: pair.node.clone(),
            view: pair.view.borrow().clone(),
            engine: pair.engine.as_ref().map(|engine| self.engine_state(engine)),
            leads,
            is_handing_over: leader.is_handing_over(),
            peer: leader.peer(),
            is_following: !leads && standby.is_following(),
            entry: standby.last(),
            lag: standby.lag(),
            since: Duration::from_millis(now.saturating_sub(pair.since.get())),
            images: leader.images,
            diverged: leader.diverged,
        });
    }
}
