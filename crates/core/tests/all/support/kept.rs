//! A store that is a value: it makes the changes of sessions, and gives them to the next start.

use std::collections::BTreeMap;

use fchatd_protocol::session::{HeldLine, SessionChange, SessionRecord, Sessions};

#[derive(Debug, Default)]
pub(crate) struct Kept {
    people: BTreeMap<String, SessionRecord>,
    lines: BTreeMap<u64, HeldLine>,
    alive: i64,
}

impl Kept {
    pub(crate) fn change(&mut self, change: SessionChange) {
        match change {
            SessionChange::Here(head) => {
                let folded = head.name.to_lowercase();
                self.people.entry(folded).or_default().head = head;
            }
            SessionChange::Profile { session, profile } => {
                if let Some(record) = self.people.get_mut(&session) {
                    record.profile = profile;
                }
            }
            SessionChange::Waiting { session, commands } => {
                if let Some(record) = self.people.get_mut(&session) {
                    record.waiting = commands;
                }
            }
            SessionChange::Seat { session, seat } => {
                if let Some(record) = self.people.get_mut(&session) {
                    record.seats.retain(|held| held.channel != seat.channel);
                    record.seats.push(seat);
                }
            }
            SessionChange::Left { session, channel } => {
                if let Some(record) = self.people.get_mut(&session) {
                    record.seats.retain(|held| held.channel != channel);
                }
            }
            SessionChange::Gone { session } => {
                self.people.remove(&session);
                self.lines.retain(|_, line| line.in_channel || line.to != session);
            }
            SessionChange::Line(line) => {
                self.lines.insert(line.number, line);
            }
            SessionChange::LinesTaken { session, up_to } => {
                self.lines
                    .retain(|&number, line| line.in_channel || line.to != session || number > up_to);
            }
            SessionChange::LinesGone { up_to } => self.lines.retain(|&number, _| number > up_to),
            SessionChange::Alive { time } => self.alive = time,
        }
    }

    pub(crate) fn sessions(&self) -> Sessions {
        Sessions {
            alive: self.alive,
            people: self.people.values().cloned().collect(),
            lines: self.lines.values().cloned().collect(),
        }
    }
}
