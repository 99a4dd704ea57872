//! Changes of sessions that are not on disk yet, merged by thing like the others ([`super::pending`]).

use std::collections::{BTreeMap, BTreeSet};

use fchatd_protocol::session::SessionChange;
use fchatd_protocol::text::fold;

/// The part of a session that a change is about.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    Head,
    Profile,
    Waiting,
    Seat(String),
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct PendingSessions {
    /// Sessions that came to their end, before later ones under their name.
    gone: BTreeSet<String>,
    /// By the name in lower case.
    changes: BTreeMap<String, BTreeMap<Thing, SessionChange>>,
    /// By number.
    lines: BTreeMap<u64, SessionChange>,
    /// The last line up to which none is missed any more; 0 for none.
    lines_gone: u64,
    /// The same for the private lines of one character.
    lines_taken: BTreeMap<String, u64>,
    alive: Option<i64>,
}

impl PendingSessions {
    pub(super) fn is_empty(&self) -> bool {
        self.gone.is_empty()
            && self.changes.is_empty()
            && self.lines.is_empty()
            && self.lines_gone == 0
            && self.lines_taken.is_empty()
            && self.alive.is_none()
    }

    /// Adds a change that came later than all that are here.
    pub(super) fn push(&mut self, change: SessionChange) {
        let (session, thing) = match &change {
            SessionChange::Here(head) => (fold(&head.name).into_owned(), Thing::Head),
            SessionChange::Profile { session, .. } => (session.clone(), Thing::Profile),
            SessionChange::Waiting { session, .. } => (session.clone(), Thing::Waiting),
            SessionChange::Seat { session, seat } => (session.clone(), Thing::Seat(seat.channel.clone())),
            SessionChange::Left { session, channel } => (session.clone(), Thing::Seat(channel.clone())),
            SessionChange::Gone { session } => {
                self.changes.remove(session);
                self.forget_private(session, u64::MAX);
                self.gone.insert(session.clone());
                return;
            }
            SessionChange::Line(line) => {
                self.lines.insert(line.number, change);
                return;
            }
            SessionChange::LinesTaken { session, up_to } => {
                self.forget_private(session, *up_to);
                self.lines_taken.insert(session.clone(), *up_to);
                return;
            }
            SessionChange::LinesGone { up_to } => {
                self.lines_gone = self.lines_gone.max(*up_to);
                let later = up_to.saturating_add(1);
                self.lines = self.lines.split_off(&later);
                return;
            }
            SessionChange::Alive { time } => {
                self.alive = Some(*time);
                return;
            }
        };
        self.changes.entry(session).or_default().insert(thing, change);
    }

    /// Adds later changes.
    pub(super) fn absorb(&mut self, later: PendingSessions) {
        if self.is_empty() {
            *self = later;
            return;
        }
        for change in later.into_changes() {
            self.push(change);
        }
    }

    /// The changes in an order in which they can be made.
    pub(super) fn changes(&self) -> impl Iterator<Item = SessionChange> + '_ {
        self.ends()
            .chain(self.changes.values().flat_map(BTreeMap::values).cloned())
            .chain(self.lines.values().cloned())
    }

    fn into_changes(self) -> Vec<SessionChange> {
        let ends: Vec<_> = self.ends().collect();
        let things = self.changes.into_values().flat_map(BTreeMap::into_values);
        ends.into_iter()
            .chain(things)
            .chain(self.lines.into_values())
            .collect()
    }

    /// Changes that come before those of the present people.
    fn ends(&self) -> impl Iterator<Item = SessionChange> + '_ {
        let gone = self.gone.iter().map(|session| SessionChange::Gone {
            session: session.clone(),
        });
        let taken = self
            .lines_taken
            .iter()
            .map(|(session, &up_to)| SessionChange::LinesTaken {
                session: session.clone(),
                up_to,
            });
        let lines = (self.lines_gone > 0).then_some(SessionChange::LinesGone {
            up_to: self.lines_gone,
        });
        let alive = self.alive.map(|time| SessionChange::Alive { time });
        gone.chain(taken).chain(lines).chain(alive)
    }

    fn forget_private(&mut self, session: &str, up_to: u64) {
        self.lines.retain(|&number, change| match change {
            SessionChange::Line(line) => line.in_channel || line.to != session || number > up_to,
            _ => true,
        });
    }
}
