//! The conversation with the engine that decides which core leads: the wishes of this core, and the effects of the answers. The
//! rules of the view are in [`fchatd_cluster::view`], and the I/O is a task of the program.

mod claims;
mod ends;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};

use fchatd_cluster::pair::View;
use fchatd_cluster::view::{Answer, Ask, Guide, GuideEvent, Record, Swapped, Wish};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tracing::{error, info, warn};

pub use self::ends::{EngineEnds, EngineLink, EngineState, engine_link};
use super::{Change, Claim, Pair};
use crate::afar::hall::Hall;
use crate::http::HttpService;

/// See the module.
pub(super) struct Guided {
    name: String,
    guide: RefCell<Guide>,
    asks: UnboundedSender<Ask>,
    answers: RefCell<Option<UnboundedReceiver<Answer>>>,
    /// The change that this core waits for.
    wanted: RefCell<Option<Change>>,
    /// A change that the engine has granted and that can't be written down here yet.
    unwritten: RefCell<Option<(Change, View)>>,
    /// The last entry that the standby has received, and the last one whose orders may have gone out before orders waited for it.
    received: Cell<u64>,
    ahead: Cell<u64>,
    /// The reason why the engine does not answer now.
    away: RefCell<Option<String>>,
    /// The highest number of a view that was seen, and the lower one that the engine shows.
    forgot: Cell<Option<(u64, u64)>>,
    failures: Cell<u64>,
    /// The number of the view of the image that this standby has begun from, until it loses its leader.
    image: Cell<Option<u64>>,
    /// The number of the view that names this core as standby, or that may name it without its knowledge. Everything is here that
    /// its leader lets out in that view.
    named: Cell<Option<u64>>,
    /// Whether this standby wants to lead. It acknowledges nothing more.
    is_claiming: Cell<bool>,
    /// Whether the state of this core is still that of its disk.
    is_fresh: Cell<bool>,
    /// When a leader was heard of at last, and since when none has been.
    heard: Cell<Option<u64>>,
    quiet_since: Cell<u64>,
}

fn view_of(record: &Record) -> View {
    View {
        epoch: record.epoch,
        leader: record.leader.clone(),
        standby: record.standby.clone(),
    }
}

impl Guided {
    pub(super) fn new(ends: EngineEnds, node: &str, highest: u64, random: u64) -> Self {
        let EngineEnds {
            name,
            address,
            asks,
            answers,
        } = ends;
        Self {
            guide: RefCell::new(Guide::new(node, &address, highest, random)),
            name,
            asks,
            answers: RefCell::new(Some(answers)),
            wanted: RefCell::default(),
            unwritten: RefCell::default(),
            received: Cell::new(0),
            ahead: Cell::new(0),
            away: RefCell::default(),
            forgot: Cell::new(None),
            failures: Cell::new(0),
            image: Cell::new(None),
            named: Cell::new(None),
            is_claiming: Cell::new(false),
            is_fresh: Cell::new(true),
            heard: Cell::new(None),
            quiet_since: Cell::new(0),
        }
    }

    /// Whether the engine has answered at last.
    pub(super) fn is_up(&self) -> bool {
        self.guide.borrow().has_read() && self.away.borrow().is_none()
    }

    /// Whether this core wants to lead, and must not follow another one meanwhile.
    pub(super) fn wants_to_lead(&self) -> bool {
        let is_wanted = matches!(&*self.wanted.borrow(), Some(Change::Lead(_)));
        self.is_claiming.get() || is_wanted || self.unwritten.borrow().is_some()
    }

    /// The standby has received the entries up to this one.
    pub(super) fn received(&self, n: u64) {
        self.received.set(n);
    }

    fn has_granted_alone(&self, node: &str) -> bool {
        let guide = self.guide.borrow();
        let is_own = |record: &Record| record.leader == node && record.standby.is_none();
        guide.record().is_some_and(is_own) && !guide.may_name_another()
    }

    /// The number of the view in which this core leads, also when it is not written down here yet.
    fn own_epoch(&self, pair: &Pair) -> u64 {
        let guide = self.guide.borrow();
        let record = guide.record().filter(|record| record.leader == pair.node);
        record.map_or(0, |record| record.epoch).max(pair.epoch())
    }

    fn waits_for_alone(&self) -> bool {
        let is_unwritten = matches!(&*self.unwritten.borrow(), Some((Change::Alone, _)));
        is_unwritten || *self.wanted.borrow() == Some(Change::Alone)
    }

    fn watch(&self, epoch: u64) {
        *self.wanted.borrow_mut() = None;
        self.guide.borrow_mut().want(Wish::Watch, epoch);
    }
}

impl<H: HttpService + 'static> Hall<H> {
    /// Has the engine change the view.
    pub(super) fn ask_for(&self, pair: &Pair, engine: &Guided, change: Change) {
        if change == Change::Alone && engine.waits_for_alone() {
            return self.tell_of_wait(pair, engine);
        }
        match &change {
            Change::Protect(_) => {
                // Orders up to here may have gone out before the standby had their entries.
                engine
                    .ahead
                    .set(self.tags.borrow().iter().copied().max().unwrap_or(0));
            }
            Change::Alone if engine.has_granted_alone(&pair.node) && engine.unwritten.borrow().is_none() => {
                engine.watch(pair.epoch());
                let view = pair.view.borrow().clone();
                return self.changed(pair, &change, view);
            }
            Change::Alone => {
                *engine.unwritten.borrow_mut() = None;
                let epoch = engine.own_epoch(pair);
                engine.guide.borrow_mut().want(Wish::Alone, epoch);
            }
            Change::Lead(claim) => {
                let (wish, epoch) = match claim {
                    Claim::Complete => (Wish::Lead, engine.named.get().unwrap_or_default()),
                    Claim::Disk => (Wish::LeadFromDisk, pair.epoch()),
                    Claim::Forced => (Wish::Force, pair.epoch()),
                };
                *engine.unwritten.borrow_mut() = None;
                engine.guide.borrow_mut().want(wish, epoch);
            }
        }
        *engine.wanted.borrow_mut() = Some(change);
        self.go_on_protecting(pair);
        self.tell_of_wait(pair, engine);
        self.ask_engine(pair, engine);
    }

    /// Wishes that the view names the standby, as soon as the standby has everything that has gone out, and the engine answers.
    /// While an engine is away that was not asked, a leader that loses its standby goes on at once.
    pub(in crate::afar) fn go_on_protecting(&self, pair: &Pair) {
        let Some(engine) = &pair.engine else { return };
        if let Some(Change::Protect(node)) = &*engine.wanted.borrow()
            && engine.is_up()
            && engine.received.get() >= engine.ahead.get()
        {
            let wish = Wish::Protect(node.clone());
            engine.guide.borrow_mut().want(wish, pair.epoch());
        }
        self.ask_engine(pair, engine);
    }

    /// Sends the next question, if one is due.
    fn ask_engine(&self, pair: &Pair, engine: &Guided) {
        let ask = engine.guide.borrow_mut().next_ask(self.now());
        if let Some(ask) = ask {
            if let Ask::Swap(_, record) = &ask
                && record.standby.is_some()
            {
                pair.leader.borrow_mut().may_be_written();
            }
            // The receiver is gone when the server is going down.
            let _ = engine.asks.send(ask);
        }
    }

    /// Tells the operator what waits for an engine that does not answer.
    fn tell_of_wait(&self, pair: &Pair, engine: &Guided) {
        let Some(reason) = &*engine.away.borrow() else {
            return;
        };
        let name = &engine.name;
        match &*engine.wanted.borrow() {
            Some(Change::Alone) => pair.tell(&format!(
                "the standby is gone, and {name} does not answer, so nothing goes out to clients: {reason}"
            )),
            Some(Change::Lead(_)) => pair.tell(&format!(
                "this core can lead only when {name} answers, and tries again: {reason}"
            )),
            Some(Change::Protect(_)) | None => {}
        }
    }

    /// Hears the answers of the engine until the server ends.
    pub(super) async fn hear_engine(&self, pair: &Pair) {
        let Some(engine) = &pair.engine else { return };
        let Some(mut answers) = engine.answers.borrow_mut().take() else {
            return;
        };
        engine.watch(pair.epoch());
        self.ask_engine(pair, engine);
        while let Some(answer) = answers.recv().await {
            self.hear_answer(pair, engine, answer);
        }
    }

    fn hear_answer(&self, pair: &Pair, engine: &Guided, answer: Answer) {
        let mut events = Vec::new();
        if matches!(answer, Answer::Away(_) | Answer::Swapped(Swapped::Unknown(_))) {
            engine.failures.set(engine.failures.get() + 1);
        }
        if !engine.guide.borrow().has_read() {
            engine.quiet_since.set(self.now());
        }
        engine
            .guide
            .borrow_mut()
            .answered(answer, self.now(), &mut events);
        self.carry_out_engine(pair, engine, events);
        self.go_on_protecting(pair);
        self.publish(pair);
    }

    fn carry_out_engine(&self, pair: &Pair, engine: &Guided, events: Vec<GuideEvent>) {
        for event in events {
            match event {
                GuideEvent::Granted(record) => {
                    engine.forgot.set(None);
                    let change = engine.wanted.borrow_mut().take();
                    engine.watch(record.epoch);
                    match change {
                        Some(change) => self.enact(pair, engine, change, view_of(&record)),
                        None => self.look_at(pair, engine, &record),
                    }
                }
                GuideEvent::Refused(record, reason) => {
                    engine.forgot.set(None);
                    self.refused(pair, engine, &record, &reason);
                }
                GuideEvent::Changed(record) => {
                    engine.forgot.set(None);
                    self.look_at(pair, engine, &record);
                }
                GuideEvent::Forgot(highest, shown) => {
                    engine.forgot.set(Some((highest, shown)));
                    error!("{}", forgot_sentence(&engine.name, (highest, shown)));
                }
                GuideEvent::Away(reason) => {
                    warn!(
                        "{} does not answer, and the chat goes on; no other core can take the lead until it answers: {reason}",
                        engine.name
                    );
                    *engine.away.borrow_mut() = Some(reason);
                    self.tell_of_wait(pair, engine);
                }
                GuideEvent::Back => {
                    info!("{} answers again", engine.name);
                    *engine.away.borrow_mut() = None;
                    engine.quiet_since.set(self.now());
                }
            }
        }
    }

    /// The engine has granted a change. It has effects when it is written down here, too.
    fn enact(&self, pair: &Pair, engine: &Guided, change: Change, view: View) {
        if let Err(failure) = pair.keep(&view) {
            let waits = match change {
                Change::Protect(_) => "the standby is not told that it counts",
                Change::Alone => "nothing goes out to clients",
                Change::Lead(_) => "this core does not lead yet",
            };
            pair.tell(&format!("the view can't be written, so {waits}: {failure}"));
            *engine.unwritten.borrow_mut() = Some((change, view));
            return;
        }
        self.changed(pair, &change, view);
    }

    /// Another view holds than the wanted one.
    fn refused(&self, pair: &Pair, engine: &Guided, record: &Record, reason: &str) {
        let wanted = engine.wanted.borrow_mut().take();
        engine.watch(record.epoch);
        let leads = self.core.borrow().leads();
        // A record of another process with the name of this core deposes it, too.
        if leads && record.leader == pair.node && engine.guide.borrow().leads() {
            return self.lose_standby(pair, &format!("the view can't name it: {reason}"));
        }
        if leads || wanted.is_none() {
            return self.look_at(pair, engine, record);
        }
        self.note_view(pair, &view_of(record));
        engine.forget_state();
        engine.quiet_since.set(self.now());
        pair.is_named.set(false);
        pair.closing.notify_one();
        info!(
            "this core does not lead: {reason}; it joins the core {}",
            record.leader
        );
        pair.reply(&Err(format!("this core does not lead: {reason}")));
    }

    /// The engine shows another record than before.
    fn look_at(&self, pair: &Pair, engine: &Guided, record: &Record) {
        let view = view_of(record);
        // A record of another process with the name of this core deposes it, too.
        let is_deposed = self.core.borrow().leads() && !engine.guide.borrow().leads();
        if record.leader != pair.node || is_deposed {
            if self.core.borrow().leads() {
                engine.watch(record.epoch);
                self.step_down(pair, &view);
            } else {
                engine.quiet_since.set(self.now());
                self.note_view(pair, &view);
            }
            return;
        }
        let is_known = *pair.view.borrow() == view;
        let is_waiting = engine.wanted.borrow().is_some() || engine.unwritten.borrow().is_some();
        if self.core.borrow().leads() && !is_known && !is_waiting {
            warn!(
                "{} shows view {} of this core, which this core has not written: it gives its standby up",
                engine.name, record.epoch
            );
            self.note_view(pair, &view);
            pair.leader.borrow_mut().may_be_written();
            self.lose_standby(pair, "the view was changed by another hand");
        }
    }

    /// Takes over the view that holds.
    fn note_view(&self, pair: &Pair, view: &View) {
        if *pair.view.borrow() != *view
            && pair.learn(view)
            && let Err(failure) = pair.keep(view)
        {
            error!("the view can't be written: {failure}");
        }
    }

    /// Looks at the clock.
    pub(super) fn tick_engine(&self, pair: &Pair) {
        let Some(engine) = &pair.engine else { return };
        let unwritten = engine.unwritten.borrow_mut().take();
        if let Some((change, view)) = unwritten {
            self.enact(pair, engine, change, view);
        }
        if pair.standby.borrow().is_following() {
            engine.heard_leader(self.now());
        }
        self.go_on_claiming(pair);
        self.ask_engine(pair, engine);
    }

    /// The engine, for operators.
    pub(super) fn engine_state(&self, engine: &Guided) -> EngineState {
        let guide = engine.guide.borrow();
        let fault = match (engine.forgot.get(), &*engine.away.borrow()) {
            (Some(numbers), _) => Some(forgot_sentence(&engine.name, numbers)),
            (None, Some(reason)) => Some(reason.clone()),
            (None, None) if !guide.has_read() => Some("it has not answered yet".to_owned()),
            (None, None) => None,
        };
        EngineState {
            name: engine.name.clone(),
            is_up: engine.is_up(),
            fault,
            view: guide.record().map(view_of),
            is_waiting: engine.wanted.borrow().is_some() || engine.is_claiming.get(),
            failures: engine.failures.get(),
        }
    }
}

fn forgot_sentence(name: &str, (highest, shown): (u64, u64)) -> String {
    format!(
        "{name} shows view {shown}, and this core has seen view {highest}: the engine has forgotten something, or is another one. \
         Nothing is changed until an operator says which core has the newest state (fchatd cluster promote --force there)"
    )
}
