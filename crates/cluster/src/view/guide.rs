//! The state machine of one core: it changes the record in the engine only where the rules of the view allow that, and says what
//! came of it. The rules are in `rules`, the times of the questions in `pace`.

mod pace;
mod rules;
#[cfg(test)]
mod tests;

use self::pace::Pace;
use super::{Answer, Ask, Record, Revision, Swapped};

/// The wish of a core. A new wish takes the place of the last one; a question that is under way ends first. A swap that was asked
/// for an earlier wish may still come true.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Wish {
    /// Nothing: only know the record. It is read again each second.
    Watch,
    /// As leader: name this core as standby. **Outputs wait for the standby already.**
    Protect(String),
    /// As leader: name no standby any more. Until it is granted, the standby may take over at any time.
    Alone,
    /// As standby: lead. **This core acknowledges nothing more to the leader before it wishes this.**
    Lead,
    /// After a start: lead from the disk, where the rules allow it. The time that the rules ask for has passed.
    LeadFromDisk,
    /// An operator: lead, whatever the record says. The operator has made sure that no other core leads.
    Force,
}

/// News for the core. A record is told once: by one of `Granted`, `Refused` and `Changed`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GuideEvent {
    /// The wish is fulfilled: this record of this core holds. The wish is `Watch` again.
    Granted(Record),
    /// The wish can't be fulfilled any more: another record holds, or none (then this one has the number 0). A leader that is not
    /// named in it as leader steps down; a standby that wanted to lead drops its state and joins again. The wish is `Watch`
    /// again.
    Refused(Record, String),
    /// Another record than before was read, or an earlier wish of this core came true. The wish is pending.
    Changed(Record),
    /// The engine shows an older record than this core has seen, or another one with the same number. Nothing is changed any more
    /// until an operator decides: the highest number that was seen, the number that the engine shows. The wish is pending.
    Forgot(u64, u64),
    /// The engine does not answer, or does not write, with the reason. Said once until it is back.
    Away(String),
    /// The engine answers again.
    Back,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum UnderWay {
    /// With the highest number that was seen before.
    Read(u64),
    Swap(Revision, Box<Record>),
}

/// See the module.
///
/// The leadership of a core rests on these sentences. A swap has the revision of the record that it replaces, so each record has
/// at most one successor. A core swaps only from a record that gives it the right to. It takes its wish for granted only when the
/// engine says that the swap was carried out, or shows the record with the number of this write. No other answer is a no, and none
/// is a yes. No time is part of this argument; time decides only when to ask.
///
/// An engine that forgets acknowledged writes is noticed when it shows a lower number than this core has seen, or another record
/// with the same number. It can't be noticed when other cores, which have not seen the forgotten records, have written as
/// many again while this core was away; nor when it gives the revision of a forgotten record to another one, and this core
/// swaps before it has read that.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Guide {
    node: String,
    address: String,
    random: u64,
    highest: u64,
    wish: Wish,
    /// The number of the view for which the wish counts.
    epoch: u64,
    /// The newest record, and the revision that the engine has shown last.
    record: Option<Record>,
    revision: Option<Revision>,
    /// The first view of the unbroken row of views up to the record that this guide has written. `None` when another process has
    /// written the record, also an earlier one of this core.
    led_from: Option<u64>,
    under_way: Option<UnderWay>,
    /// The revision from which swaps were asked.
    tried: Option<Revision>,
    /// A swap that names a standby was asked from this revision, and its outcome is not known.
    naming: Option<(Revision, String)>,
    /// The outcome of a swap is not known: only reading helps.
    is_unsure: bool,
    /// The record was read after the wish. A refusal needs that.
    is_fresh: bool,
    /// The question under way was asked before the wish.
    is_asked_before: bool,
    /// The number that a forgetful engine shows.
    forgot: Option<u64>,
    pace: Pace,
}

impl Guide {
    /// A core of this name, with its address for other nodes, the number of the highest view that it has seen (from its disk),
    /// and a random number from which the numbers of its writes are made.
    #[must_use]
    pub fn new(node: &str, address: &str, highest: u64, random: u64) -> Self {
        Self {
            node: node.to_owned(),
            address: address.to_owned(),
            random,
            highest,
            wish: Wish::Watch,
            epoch: 0,
            record: None,
            revision: None,
            led_from: None,
            under_way: None,
            tried: None,
            naming: None,
            is_unsure: false,
            is_fresh: false,
            is_asked_before: false,
            forgot: None,
            pace: Pace::default(),
        }
    }

    /// Changes the wish. `Protect` and `Alone` count for the view with this number, in which this core leads, and for the views
    /// that it has written since; `Lead` for the one that names it as standby, or that may do so; the others for any. The same wish
    /// may be said again at any time.
    pub fn want(&mut self, wish: Wish, epoch: u64) {
        if self.wish == wish && self.epoch == epoch {
            return;
        }
        (self.wish, self.epoch) = (wish, epoch);
        self.is_fresh = false;
        self.is_asked_before = self.under_way.is_some();
        self.pace.hurry();
    }

    /// Another core says that the view with this number was written. An engine that shows a lower number later has forgotten it.
    /// Without that, a standby of a forgotten view is only refused, and drops its state.
    pub fn heard_of(&mut self, epoch: u64) {
        self.highest = self.highest.max(epoch);
    }

    /// The next question for the engine, if one is due.
    pub fn next_ask(&mut self, now: u64) -> Option<Ask> {
        if self.under_way.is_some() || !self.pace.is_due(now) {
            return None;
        }
        let target = if self.is_unsure {
            None
        } else {
            self.target().ok().flatten()
        };
        let (Some(target), Some(revision)) = (target, self.revision) else {
            self.under_way = Some(UnderWay::Read(self.highest));
            return Some(Ask::Read);
        };
        self.tried = Some(revision);
        if let Some(standby) = &target.standby {
            self.naming = Some((revision, standby.clone()));
        }
        let target = Box::new(target);
        self.under_way = Some(UnderWay::Swap(revision, target.clone()));
        Some(Ask::Swap(revision, target))
    }

    /// The engine has answered the question that was under way; also when a time-out has ended it.
    pub fn answered(&mut self, answer: Answer, now: u64, events: &mut Vec<GuideEvent>) {
        let Some(under_way) = self.under_way.take() else {
            return;
        };
        let is_fresh = !std::mem::take(&mut self.is_asked_before);
        match (under_way, answer) {
            (UnderWay::Read(highest), Answer::Record(_, record))
                if highest < self.highest
                    && record.as_ref().is_none_or(|record| record.epoch < self.highest) =>
            {
                // Another core has told of a newer view meanwhile: the answer may be older than that.
                self.pace.ask_again(events);
            }
            (UnderWay::Read(_), Answer::Record(revision, record)) => {
                self.is_fresh |= is_fresh;
                self.read(revision, record.map(|record| *record), now, events);
            }
            (UnderWay::Read(_), Answer::Away(reason)) => {
                self.pace.read_failed(reason, now, events);
            }
            (UnderWay::Read(_), Answer::Swapped(_)) => {
                self.pace
                    .read_failed("the answer does not fit the question".to_owned(), now, events);
            }
            (UnderWay::Swap(from, target), Answer::Swapped(Swapped::Done(revision)))
                if revision > from && target.epoch >= self.highest =>
            {
                self.written(revision, *target, now, events);
            }
            (UnderWay::Swap(..), Answer::Swapped(Swapped::Not)) => {
                self.is_unsure = true;
                self.pace.swap_refused(events);
            }
            (UnderWay::Swap(..), answer) => {
                self.is_unsure = true;
                self.pace.swap_unknown(reason(answer), events);
            }
        }
        self.grant_without_writing(events);
    }

    /// A record was read.
    fn read(&mut self, revision: Revision, record: Option<Record>, now: u64, events: &mut Vec<GuideEvent>) {
        self.is_unsure = false;
        self.pace.has_read(events);
        let shown = record.as_ref().map_or(0, |record| record.epoch);
        let is_other = match (&self.record, &record) {
            (Some(known), Some(read)) => known.epoch == read.epoch && !known.is_same_view(read),
            _ => false,
        };
        if shown < self.highest || is_other {
            self.revision = Some(revision);
            if self.forgot != Some(shown) {
                self.forgot = Some(shown);
                events.push(GuideEvent::Forgot(self.highest, shown));
            }
            return self.pace.after_read(false, self.wish == Wish::Force, now);
        }
        let is_mine = record.as_ref().is_some_and(|record| self.is_mine(record));
        let is_known = match (&self.record, &record) {
            (Some(known), Some(read)) => known.is_same_view(read),
            (None, None) => true,
            _ => false,
        };
        let is_news = self.forgot.take().is_some() || !is_known;
        let is_moved = self.revision != Some(revision);
        self.learn(revision, record, is_mine);
        if is_mine && is_news && self.is_fulfilled() {
            self.grant(events);
        } else if let Err(reason) = self.target()
            && self.is_fresh
        {
            self.wish = Wish::Watch;
            events.push(GuideEvent::Refused(
                self.record.clone().unwrap_or_default(),
                reason,
            ));
        } else if is_news && let Some(record) = &self.record {
            events.push(GuideEvent::Changed(record.clone()));
        }
        let is_idle = self.wish == Wish::Watch;
        if is_idle || is_moved {
            self.pace.swap_settled(events);
        }
        self.pace.after_read(is_moved, !is_idle, now);
    }

    /// A swap was carried out.
    fn written(&mut self, revision: Revision, record: Record, now: u64, events: &mut Vec<GuideEvent>) {
        self.forgot = None;
        self.learn(revision, Some(record), true);
        self.pace.swap_settled(events);
        if self.is_fulfilled() {
            self.grant(events);
        } else if let Some(record) = &self.record {
            events.push(GuideEvent::Changed(record.clone()));
        }
        self.pace.after_read(true, self.wish != Wish::Watch, now);
    }

    /// Takes a record and its revision for the ones in the engine.
    fn learn(&mut self, revision: Revision, record: Option<Record>, is_mine: bool) {
        if let Some(record) = record {
            let is_known = self
                .record
                .as_ref()
                .is_some_and(|known| known.is_same_view(&record));
            if !is_known {
                self.led_from = is_mine.then(|| self.led_from.unwrap_or(record.epoch));
            }
            self.highest = self.highest.max(record.epoch);
            self.record = Some(record);
        }
        self.revision = Some(revision);
        // A swap from a revision that is gone can't be carried out any more.
        self.naming.take_if(|(from, _)| *from != revision);
    }

    fn grant(&mut self, events: &mut Vec<GuideEvent>) {
        self.wish = Wish::Watch;
        if let Some(record) = &self.record {
            events.push(GuideEvent::Granted(record.clone()));
        }
    }

    /// Where no standby is named and none can be any more, a leader is alone whatever the engine says, and needs no write.
    fn grant_without_writing(&mut self, events: &mut Vec<GuideEvent>) {
        if self.wish == Wish::Alone && self.is_alone() && self.target() == Ok(None) {
            self.grant(events);
        }
    }

    /// The newest record that was read or written.
    #[must_use]
    pub fn record(&self) -> Option<&Record> {
        self.record.as_ref()
    }

    /// Whether the engine has answered at all. Without a record there is none in the engine then.
    #[must_use]
    pub fn has_read(&self) -> bool {
        self.revision.is_some()
    }

    /// Whether this guide has written the record, as leader. A core that leads and finds this false steps down: another core leads,
    /// or another process with the name of this core.
    #[must_use]
    pub fn leads(&self) -> bool {
        self.led_from.is_some()
    }

    /// Whether another core than this one is named, or may be by a write that can still come true. While that is so, orders of a
    /// leader wait. It is true from the moment on at which a swap with a standby was asked until a record without one
    /// holds; and for a core that does not lead ([`Guide::leads`]).
    #[must_use]
    pub fn may_name_another(&self) -> bool {
        !self.is_alone()
    }

    /// The highest number of a view that was seen. It has to stand on the disk before this core acts upon it.
    #[must_use]
    pub fn highest(&self) -> u64 {
        self.highest
    }
}

/// Why the outcome of a swap is not known.
fn reason(answer: Answer) -> String {
    match answer {
        Answer::Away(reason) | Answer::Swapped(Swapped::Unknown(reason)) => reason,
        Answer::Swapped(Swapped::Done(_)) => {
            "the engine has carried out a write over an older record than this core has seen".to_owned()
        }
        Answer::Swapped(Swapped::Not) | Answer::Record(..) => {
            "the answer does not fit the question".to_owned()
        }
    }
}
