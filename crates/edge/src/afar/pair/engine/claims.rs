//! The claims of a core that does not lead: as a standby whose leader is gone, from its disk after a start, and for an operator.

use tracing::info;

use super::{Change, Claim, Guided, Pair};
use crate::afar::hall::Hall;
use crate::http::HttpService;

/// Times of silence after which a core that the view names leads from its disk.
const QUIET: u64 = 3;

impl Guided {
    /// This standby begins from the image of a leader in the view of this number.
    pub(in crate::afar::pair) fn adopts(&self, epoch: u64) {
        self.is_fresh.set(false);
        self.named.set(None);
        self.image.set(Some(epoch));
        self.guide.borrow_mut().heard_of(epoch);
    }

    /// The image is adopted. The next view may name this core, also when its leader dies before it can say so: a leader asks for
    /// that view when this core has everything that has gone out.
    pub(in crate::afar::pair) fn adopted(&self) {
        if self.named.get().is_none() {
            self.named.set(self.image.get().map(|epoch| epoch + 1));
        }
    }

    /// The view of this number names this core as standby.
    pub(in crate::afar::pair) fn named(&self, epoch: u64) {
        self.named.set(Some(epoch));
        self.guide.borrow_mut().heard_of(epoch);
    }

    /// The state of this core is not that of a leader any more.
    pub(in crate::afar::pair) fn forget_state(&self) {
        self.named.set(None);
        self.image.set(None);
        self.is_claiming.set(false);
    }

    /// This core leads.
    pub(in crate::afar::pair) fn leads(&self) {
        self.forget_state();
        self.is_fresh.set(false);
    }

    /// Another core leads in place of this one.
    pub(in crate::afar::pair) fn deposed(&self, epoch: u64) {
        self.forget_state();
        *self.unwritten.borrow_mut() = None;
        self.watch(epoch);
    }

    /// The reason why the engine can't be used now.
    pub(in crate::afar::pair) fn away(&self) -> Option<String> {
        let away = self.away.borrow();
        let reason = away.as_ref()?;
        Some(format!(
            "{} does not answer, so no other core can take the lead: {reason}",
            self.name
        ))
    }

    /// Another core leads, or is about to.
    pub(in crate::afar::pair) fn heard_leader(&self, now: u64) {
        self.heard.set(Some(now));
        self.quiet_since.set(now);
    }
}

impl<H: HttpService + 'static> Hall<H> {
    /// The leader has given over, or its connection has ended. A standby that has everything wants to lead: it acknowledges
    /// nothing more, then carries out all that it has received, then asks for the view.
    pub(in crate::afar) fn claim(&self, pair: &Pair) {
        let Some(engine) = &pair.engine else { return };
        if engine.named.get().is_none() {
            engine.image.set(None);
            return;
        }
        if !engine.is_claiming.replace(true) {
            pair.standby.borrow_mut().stop();
            info!(
                "the leader has given over, or its connection has ended: this standby asks {} for the lead",
                engine.name
            );
        }
        self.go_on_claiming(pair);
    }

    /// Asks for the view as soon as everything is carried out.
    pub(in crate::afar) fn go_on_claiming(&self, pair: &Pair) {
        let Some(engine) = &pair.engine else { return };
        let is_waiting = engine.wanted.borrow().is_some() || engine.unwritten.borrow().is_some();
        let is_ready = pair.standby.borrow().lag() == 0;
        if engine.is_claiming.get() && is_ready && !is_waiting && !pair.is_leading_soon.get() {
            self.change(pair, Change::Lead(Claim::Complete));
        }
    }

    /// Leads from the disk after a start, where the view allows it: at once when this core led alone; when no core has led for a
    /// while, also when the view names it together with another one, which would have taken over by now.
    pub(in crate::afar) fn lead_from_disk(&self, pair: &Pair) {
        let Some(engine) = &pair.engine else { return };
        if self.core.borrow().leads()
            || engine.wants_to_lead()
            || !engine.is_up()
            || pair.is_leading_soon.get()
        {
            return;
        }
        if engine.forgot.get().is_some() {
            return;
        }
        let record = engine.guide.borrow().record().cloned();
        let Some(record) = record else {
            return pair.tell(&format!(
                "no core has led yet, says {}: run \"fchatd cluster promote\" once on the core with the chat's state",
                engine.name
            ));
        };
        let (now, silence) = (self.now(), pair.silence.get());
        let quiet = now.saturating_sub(engine.quiet_since.get());
        if quiet < silence && engine.heard.get().is_some() {
            // A core leads, and it does not accept this one now.
            return;
        }
        let was_leader = record.leader == pair.node;
        if !was_leader && record.standby.as_ref() != Some(&pair.node) {
            return pair.tell(&format!(
                "this core waits for the core {}, which led last, in view {}. If it is gone for good: fchatd cluster promote --force",
                record.leader, record.epoch
            ));
        }
        if !engine.is_fresh.get() {
            return pair.tell(
                "no core leads, and this one does not have everything in memory: restart it, and it leads from its disk",
            );
        }
        // A leader with the name of this core is a mistake of the settings, and must not be deposed by it.
        let is_own = was_leader && record.standby.is_none() && engine.heard.get().is_none();
        if is_own || quiet >= QUIET * silence {
            self.change(pair, Change::Lead(Claim::Disk));
        }
    }

    /// Whether an operator may have this core lead.
    pub(in crate::afar::pair) fn may_be_promoted(
        &self,
        (pair, engine): (&Pair, &Guided),
        is_forced: bool,
    ) -> Result<(), String> {
        let name = &engine.name;
        let forgot = engine.forgot.get();
        if self.core.borrow().leads() && forgot.is_none() {
            return Err("this core leads already".to_owned());
        }
        if !engine.is_up() {
            let away = engine.away.borrow();
            let reason = away.as_deref().unwrap_or("it has not answered yet");
            return Err(format!(
                "{name} does not answer, so no core can begin to lead, whatever an operator says: {reason}"
            ));
        }
        if is_forced {
            return Ok(());
        }
        if let Some(numbers) = forgot {
            return Err(super::forgot_sentence(name, numbers));
        }
        let guide = engine.guide.borrow();
        let Some(record) = guide.record() else {
            return Ok(());
        };
        let (leader, epoch) = (&record.leader, record.epoch);
        Err(if pair.standby.borrow().is_following() {
            format!(
                "the core {leader} leads in view {epoch}, and answers: run \"fchatd cluster handover\" there. With --force this core \
                 leads nevertheless, and everything that {leader} does alone from then on is lost"
            )
        } else if engine.wants_to_lead() {
            format!("this core takes over by itself as soon as {name} has written that; wait a moment")
        } else {
            format!(
                "{name} decides which core leads, and names {leader} in view {epoch}: start that core, and it leads. If it is gone for \
                 good, --force has this core lead from what it has; changes that {leader} has made alone are lost"
            )
        })
    }
}
