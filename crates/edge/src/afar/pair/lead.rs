//! The change of the leader: taking over, stepping down, and going on alone.

use std::sync::atomic::Ordering;

use fchatd_cluster::pair::{LeaderEvent, View};
use fchatd_protocol::exchange::ConnectionId;
use tracing::{error, info};

use super::Pair;
use crate::afar::hall::Hall;
use crate::afar::pairing::ToCenter;
use crate::http::HttpService;

impl<H: HttpService + 'static> Hall<H> {
    /// Whether this core may lead because an operator wants it.
    pub(in crate::afar) fn may_lead(&self, pair: &Pair, is_forced: bool) -> Result<(), String> {
        if self.core.borrow().leads() && !pair.leader.borrow().is_handing_over() {
            return Err("this core leads already".to_owned());
        }
        if is_forced {
            return Ok(());
        }
        let view = pair.view.borrow();
        let (leader, own) = (&view.view().leader, &pair.settings.node);
        if pair.standby.borrow().is_following() {
            return Err(format!(
                "the core {leader} leads and answers: run \"fchatd cluster handover\" there. With --force this core leads \
                 nevertheless, and everything that {leader} does from then on is lost"
            ));
        }
        if leader.is_empty() || pair.leader.borrow().is_handing_over() || pair.is_named.get() {
            return Ok(());
        }
        if leader == own {
            return Err(format!(
                "this core led last, and was started again since. Its standby may have led after it: promote that one if it has. \
                 With --force {own} leads from its disk; everybody logs in again, and what another core has done since is lost"
            ));
        }
        Err(format!(
            "this core is not sure to hold everything that the core {leader} has done: since its start it was not its standby, or \
             it has begun to join again. With --force it leads nevertheless, from what it has; what {leader} has done alone is lost"
        ))
    }

    /// Acknowledges nothing more, and has the application lead when it has carried out all that has arrived.
    pub(in crate::afar) fn begin_to_lead(&self, pair: &Pair, is_forced: bool) {
        if self.core.borrow().leads() {
            // It was about to hand over.
            return self.go_on(pair);
        }
        pair.standby.borrow_mut().stop();
        pair.closing.notify_one();
        if let Err(failure) = self.claim(pair) {
            return pair.reply(&Err(failure));
        }
        pair.tell_center(ToCenter::Lead(is_forced));
    }

    /// Writes down that this core leads, before it does: after a start it would not know otherwise. It acknowledges nothing more
    /// by then.
    pub(in crate::afar) fn claim(&self, pair: &Pair) -> Result<(), String> {
        let before = pair.view.borrow().clone();
        let mut view = before.clone();
        view.lead(None);
        if let Err(failure) = pair.keep(view.view()) {
            let text = format!("this core can't lead: the view can't be written: {failure}");
            error!("{text}");
            return Err(text);
        }
        *pair.view.borrow_mut() = view;
        *pair.before.borrow_mut() = before;
        pair.is_leading_soon.set(true);
        Ok(())
    }

    /// The application can't lead: the view before holds.
    pub(in crate::afar) fn give_claim_up(&self, pair: &Pair) {
        pair.is_leading_soon.set(false);
        pair.is_named.set(false);
        pair.view.borrow_mut().clone_from(&pair.before.borrow());
        if let Err(failure) = pair.keep(pair.view.borrow().view()) {
            error!("the view can't be written: {failure}");
        }
        pair.closing.notify_one();
        pair.reply(&Err(
            "this core could not make all steps of the leader, so it does not lead. With --force it leads nevertheless, and the \
             rest is lost"
                .to_owned(),
        ));
    }

    pub(in crate::afar) fn lead(&self, pair: &Pair, open: &[ConnectionId], turns: &[u64]) {
        pair.is_leading_soon.set(false);
        let epoch = pair.epoch();
        self.drain_links();
        self.tags.borrow_mut().fill(0);
        self.core.borrow_mut().lead(open, turns, self.now());
        pair.is_named.set(false);
        pair.since.set(self.now());
        pair.standby.borrow_mut().led(epoch);
        self.shared.views.fetch_add(1, Ordering::Relaxed);
        info!("this core leads, in view {epoch}, without a standby");
        pair.wake.notify_one();
        pair.changed.notify_waiters();
        self.publish(pair);
        pair.reply(&Ok(format!(
            "this core leads, in view {epoch}. It has no standby yet"
        )));
    }

    /// Another core leads, in a view of this number: all connections end, and the application stands by.
    pub(in crate::afar) fn step_down(&self, pair: &Pair, epoch: u64) {
        let mut events = Vec::new();
        let peer = pair.leader.borrow().peer().map(|peer| peer.node);
        pair.view.borrow_mut().learn(&View {
            epoch,
            leader: peer.unwrap_or_else(|| "another core".to_owned()),
            standby: None,
        });
        let view = pair.view.borrow().view().clone();
        if let Err(failure) = pair.keep(&view) {
            error!("the view can't be written: {failure}");
        }
        info!(
            "the core {} leads, in view {epoch}; this core stands by",
            view.leader
        );
        self.core.borrow_mut().follow(&mut events);
        self.take(events);
        for pending in self.pending.borrow_mut().iter_mut() {
            pending.clear();
        }
        let mut events = Vec::new();
        pair.leader.borrow_mut().reset(&mut events);
        self.carry_out_leader(
            pair,
            events
                .into_iter()
                .filter(|event| matches!(event, LeaderEvent::Close(_)))
                .collect(),
        );
        pair.since.set(self.now());
        self.shared.views.fetch_add(1, Ordering::Relaxed);
        pair.tell_center(ToCenter::StandBy);
        pair.changed.notify_waiters();
        self.publish(pair);
        pair.reply(&Ok(format!("the core {} leads, in view {epoch}", view.leader)));
    }

    /// The standby that was told to lead does not: this core goes on alone.
    pub(in crate::afar) fn go_on(&self, pair: &Pair) {
        pair.leader.borrow_mut().go_on();
        self.go_alone(pair);
        pair.tell_center(ToCenter::GoOn);
        pair.reply(&Ok("this core leads on, without a standby".to_owned()));
        pair.changed.notify_waiters();
        self.publish(pair);
    }

    /// There is no standby any more. Orders go out when the view says so, too.
    pub(in crate::afar) fn go_alone(&self, pair: &Pair) {
        if pair.leader.borrow().is_handing_over() {
            return error!(
                "it is not known whether the standby leads: nothing goes out until it answers, or an operator decides (fchatd cluster promote)"
            );
        }
        if pair.view.borrow().view().standby.is_some() {
            let mut view = pair.view.borrow().clone();
            view.lead(None);
            if let Err(failure) = pair.keep(view.view()) {
                // The standby may be promoted by this view, so nothing may go out. The next tick tries again.
                return pair.tell(&format!(
                    "the view can't be written, so nothing goes out to clients: {failure}"
                ));
            }
            *pair.view.borrow_mut() = view;
            self.shared.views.fetch_add(1, Ordering::Relaxed);
        }
        pair.leader.borrow_mut().alone();
        // Not before: until the view is written, new orders are held by the numbers of their entries.
        pair.tell_center(ToCenter::Alone);
        pair.since.set(self.now());
        self.core.borrow_mut().release(u64::MAX);
        self.wake_all();
    }
}
