//! An engine in memory that answers late, not at all, wrongly about its own repetitions, and can forget.

use super::super::*;

/// The fate of a question and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Answers,
    /// The answer is lost.
    Loses,
    /// It is carried out later, if ever; the core does not wait for it.
    Late,
    /// It is not carried out.
    Drops,
}

#[derive(Debug, Default)]
pub(super) struct Engine {
    pub(super) revision: Revision,
    pub(super) record: Option<Record>,
    /// Swaps that are under way.
    late: Vec<(Revision, Record)>,
    /// All records in their order.
    pub(super) history: Vec<Record>,
    pub(super) has_forgotten: bool,
}

impl Engine {
    pub(super) fn ask(&mut self, ask: Ask, mood: Mood) -> Answer {
        match (ask, mood) {
            (Ask::Read, Mood::Answers) => Answer::Record(self.revision, self.record.clone().map(Box::new)),
            (Ask::Read, _) => Answer::Away("no answer".to_owned()),
            (Ask::Swap(from, record), Mood::Answers) => Answer::Swapped(match self.swap(from, *record) {
                true => Swapped::Done(self.revision),
                false => Swapped::Not,
            }),
            (Ask::Swap(from, record), mood) => {
                match mood {
                    Mood::Loses => drop(self.swap(from, *record)),
                    Mood::Late => self.late.push((from, *record)),
                    Mood::Answers | Mood::Drops => {}
                }
                Answer::Swapped(Swapped::Unknown("no answer".to_owned()))
            }
        }
    }

    fn swap(&mut self, from: Revision, record: Record) -> bool {
        let fits = from == self.revision;
        if fits {
            self.revision += 1;
            self.record = Some(record.clone());
            self.history.push(record);
        }
        fits
    }

    /// A swap that was under way arrives.
    pub(super) fn arrive(&mut self, which: usize) {
        if !self.late.is_empty() {
            let (from, record) = self.late.swap_remove(which % self.late.len());
            self.swap(from, record);
        }
    }

    /// The last write is lost. Its revision does not come again: a core that has read it could not notice that.
    pub(super) fn forget(&mut self) {
        if self.history.pop().is_some() {
            self.revision += 1;
            self.record = self.history.last().cloned();
            self.has_forgotten = true;
        }
    }
}
