//! The change of the leader: taking over, stepping down, and going on alone.

use std::sync::atomic::Ordering;

use fchatd_cluster::pair::{LeaderEvent, View};
use fchatd_protocol::exchange::ConnectionId;
use tracing::{error, info};

use super::{Change, Claim, Guided, Pair, Reply};
use crate::afar::hall::Hall;
use crate::afar::pairing::ToCenter;
use crate::http::HttpService;

impl<H: HttpService + 'static> Hall<H> {
    /// Whether this core may lead because an operator wants it.
    pub(in crate::afar) fn may_lead(&self, pair: &Pair, is_forced: bool) -> Result<(), String> {
        if let Some(engine) = &pair.engine {
            return self.may_be_promoted((pair, engine), is_forced);
        }
        if self.core.borrow().leads() && !pair.leader.borrow().is_handing_over() {
            return Err("this core leads already".to_owned());
        }
        if is_forced {
            return Ok(());
        }
        let view = pair.view.borrow();
        let (leader, own) = (&view.leader, &pair.node);
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

    /// An operator wants this core to lead. It acknowledges nothing more, and its application leads when it has carried out all
    /// that has arrived.
    pub(in crate::afar) fn promote(&self, pair: &Pair, is_forced: bool) {
        if !self.core.borrow().leads() {
            pair.standby.borrow_mut().stop();
            pair.closing.notify_one();
        } else if pair.engine.is_none() {
            // It was about to hand over.
            return self.go_on(pair);
        }
        let is_complete = !is_forced && pair.engine.is_none();
        let claim = match is_complete {
            true => Claim::Complete,
            false => Claim::Forced,
        };
        self.change(pair, Change::Lead(claim));
    }

    /// The application can't lead: the view before holds.
    pub(in crate::afar) fn give_claim_up(&self, pair: &Pair) {
        pair.is_leading_soon.set(false);
        pair.is_named.set(false);
        pair.closing.notify_one();
        if let Some(engine) = &pair.engine {
            engine.forget_state();
            error!(
                "this core could not make all steps of the leader, and no other core has them: restart it, and it leads from its disk"
            );
        } else {
            pair.view.borrow_mut().clone_from(&pair.before.borrow());
            if let Err(failure) = pair.keep(&pair.view.borrow()) {
                error!("the view can't be written: {failure}");
            }
        }
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
        if let Some(engine) = &pair.engine {
            engine.leads();
        }
        info!("this core leads, in view {epoch}, without a standby");
        pair.wake.notify_one();
        pair.changed.notify_waiters();
        self.publish(pair);
        pair.reply(&Ok(format!(
            "this core leads, in view {epoch}. It has no standby yet"
        )));
        // An engine may have shown a later view meanwhile.
        let view = pair.view.borrow().clone();
        if pair.engine.is_some() && view.leader != pair.node {
            self.step_down(pair, &view);
        }
    }

    /// Another core leads, in this view: all connections end, and the application stands by.
    pub(in crate::afar) fn step_down(&self, pair: &Pair, view: &View) {
        let (mut events, epoch) = (Vec::new(), view.epoch);
        pair.learn(view);
        if let Err(failure) = pair.keep(&pair.view.borrow()) {
            error!("the view can't be written: {failure}");
        }
        if let Some(engine) = &pair.engine {
            engine.heard_leader(self.now());
            engine.deposed(epoch);
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
        self.goes_on(pair, &Ok("this core leads on, without a standby".to_owned()));
    }

    /// The application goes on after a stop. The answer is for an operator that waits.
    pub(in crate::afar) fn goes_on(&self, pair: &Pair, answer: &Result<String, String>) {
        pair.tell_center(ToCenter::GoOn);
        pair.reply(answer);
        pair.changed.notify_waiters();
        self.publish(pair);
    }

    /// There is no standby any more. Orders go out when the view says so, too.
    pub(in crate::afar) fn go_alone(&self, pair: &Pair) {
        if pair.leader.borrow().is_handing_over() && pair.engine.is_none() {
            return error!(
                "it is not known whether the standby leads: nothing goes out until it answers, or an operator decides (fchatd cluster promote)"
            );
        }
        self.change(pair, Change::Alone);
    }

    /// The application has stopped after this entry: the standby leads after it, too.
    pub(in crate::afar) fn begin_to_hand_over(&self, pair: &Pair, n: u64, reply: Reply) {
        let away = pair.engine.as_ref().and_then(Guided::away);
        let failure = match away {
            Some(failure) => failure,
            None if pair.leader.borrow_mut().hand_over(n) => {
                pair.replies.borrow_mut().push(reply);
                return self.wake_standby(pair);
            }
            None => "there is no standby that has everything; see \"fchatd cluster status\"".to_owned(),
        };
        pair.tell_center(ToCenter::GoOn);
        let _ = reply.send(Err(failure));
    }
}
