//! The changes of the view that this core wants, and their effects once they hold. By hand a change holds as soon as it is written
//! down here. With an engine it holds when the engine has granted it, and that is in [`super::engine`].

use std::sync::atomic::Ordering;

use fchatd_cluster::pair::{Manual, View};
use tracing::{error, info};

use super::Pair;
use crate::afar::hall::Hall;
use crate::afar::pairing::ToCenter;
use crate::http::HttpService;

/// A change of the view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::afar) enum Change {
    /// This leader names its standby.
    Protect(String),
    /// This leader names no standby any more.
    Alone,
    /// This core leads.
    Lead(Claim),
}

/// The state from which a core wants to lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::afar) enum Claim {
    /// It has all steps of the leader.
    Complete,
    /// Its disk, after a start.
    Disk,
    /// An operator wants it, whatever view holds.
    Forced,
}

impl<H: HttpService + 'static> Hall<H> {
    /// Has the view changed. The effects follow at once, later, or never.
    pub(in crate::afar) fn change(&self, pair: &Pair, change: Change) {
        match &pair.engine {
            Some(engine) => self.ask_for(pair, engine, change),
            None => self.change_by_hand(pair, &change),
        }
    }

    fn change_by_hand(&self, pair: &Pair, change: &Change) {
        let before = pair.view.borrow().clone();
        if *change == Change::Alone && before.standby.is_none() {
            return self.changed(pair, change, before);
        }
        let mut manual = Manual::new(&pair.node, before);
        let standby = match change {
            Change::Protect(node) => Some(node.as_str()),
            Change::Alone | Change::Lead(_) => None,
        };
        let view = manual.lead(standby).clone();
        match pair.keep(&view) {
            Ok(()) => self.changed(pair, change, view),
            Err(failure) => self.not_written(pair, change, &failure),
        }
    }

    fn not_written(&self, pair: &Pair, change: &Change, failure: &str) {
        match change {
            Change::Protect(_) => self.lose_standby(pair, &format!("the view can't be written: {failure}")),
            // The standby may be promoted by this view, so nothing may go out. The next tick tries again.
            Change::Alone => pair.tell(&format!(
                "the view can't be written, so nothing goes out to clients: {failure}"
            )),
            Change::Lead(claim) => {
                let text = format!("this core can't lead: the view can't be written: {failure}");
                error!("{text}");
                if *claim == Claim::Complete {
                    // The leader asks, and goes on.
                    pair.closing.notify_one();
                }
                pair.reply(&Err(text));
            }
        }
    }

    /// The view holds, and is written down here.
    pub(in crate::afar) fn changed(&self, pair: &Pair, change: &Change, view: View) {
        if view.epoch != pair.epoch() {
            self.shared.views.fetch_add(1, Ordering::Relaxed);
        }
        let before = pair.view.replace(view);
        match change {
            Change::Protect(node) => {
                pair.leader.borrow_mut().written(&pair.view.borrow());
                pair.since.set(self.now());
                info!(
                    "the core {node} is the standby, and has everything; view {}",
                    pair.epoch()
                );
                self.wake_standby(pair);
            }
            Change::Alone => self.is_alone(pair),
            Change::Lead(_) if self.core.borrow().leads() => {
                self.lose_standby(pair, "an operator has this core lead anew");
                self.is_alone(pair);
            }
            Change::Lead(claim) => {
                *pair.before.borrow_mut() = before;
                pair.is_leading_soon.set(true);
                pair.tell_center(ToCenter::Lead(*claim != Claim::Complete));
            }
        }
    }

    /// Gives the standby up.
    pub(in crate::afar) fn lose_standby(&self, pair: &Pair, reason: &str) {
        let mut events = Vec::new();
        pair.leader.borrow_mut().lose(reason, &mut events);
        self.carry_out_leader(pair, events);
    }

    /// The view names no standby: orders wait for none.
    fn is_alone(&self, pair: &Pair) {
        // An engine has decided that the standby does not lead which was told to.
        let goes_on = pair.leader.borrow().is_handing_over() && pair.engine.is_some();
        if goes_on {
            pair.leader.borrow_mut().go_on();
        }
        pair.leader.borrow_mut().alone();
        // Not before: until the view is written, new orders are held by the numbers of their entries.
        pair.tell_center(ToCenter::Alone);
        pair.since.set(self.now());
        self.core.borrow_mut().release(u64::MAX);
        self.wake_all();
        if goes_on {
            let answer = "the standby has not taken over, so this core leads on, without a standby";
            self.goes_on(pair, &Err(answer.to_owned()));
        } else if pair.engine.is_some() {
            pair.reply(&Ok(format!("this core leads on, in view {}", pair.epoch())));
        }
    }
}
