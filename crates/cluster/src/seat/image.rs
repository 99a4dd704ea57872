//! A seat as data, for a standby: the event by which an edge takes it, and the image with its orders.

use fchatd_protocol::exchange::ConnectionId;
use serde::{Deserialize, Serialize};

use super::{Kept, Owner, Seat};
use crate::message::Name;

/// An edge takes a seat. The application's thread gives each one its place among all other events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// The number of the seat.
    pub seat: u16,
    /// The name of the edge.
    pub name: Name,
    /// Version of its program.
    pub program: String,
    /// The random number of its process.
    pub incarnation: u64,
    /// The number of the attachment.
    pub attachment: u64,
    /// The last turn that the edge had made.
    pub last: u64,
    /// Number of earlier owners of the seat.
    pub owners: u32,
    /// Turns of the seat before.
    pub turns: u64,
}

/// The owner of a seat as data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerImage {
    joined: Joined,
    ordered: u64,
    got: u64,
    draining: bool,
    kept: Vec<(u64, Vec<u8>, u64)>,
}

/// One seat as data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatImage {
    seat: u16,
    owners: u32,
    turns: u64,
    owner: Option<OwnerImage>,
}

impl SeatImage {
    pub(crate) fn number(&self) -> u16 {
        self.seat
    }

    pub(crate) fn has_owner(&self) -> bool {
        self.owner.is_some()
    }
}

/// All seats as data, after a certain entry. The open connections are not part of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatsImage {
    pub(crate) id: u64,
    pub(crate) attachments: u64,
    pub(crate) seats: Vec<SeatImage>,
}

impl Seat {
    /// A standby has handled the turns of the seat up to this one.
    pub(crate) fn followed(&mut self, turn: u64, entry: u64) {
        self.turns = self.turns.max(turn);
        if let Some(owner) = &mut self.owner {
            let no = (i128::from(turn) - owner.offset).max(0) as u64;
            owner.received = owner.received.max(no);
        }
        self.handled(turn, entry);
    }

    /// The core leads from now on: these connections are open, and these turns are handled or are about to be.
    pub(crate) fn lead(&mut self, open: &[ConnectionId], turn: u64, now: u64) {
        self.turns = self.turns.max(turn);
        let Some(owner) = &mut self.owner else { return };
        owner.received = (i128::from(self.turns) - owner.offset).max(0) as u64;
        owner.open.clear();
        for connection in open {
            let slot = connection.slot as usize;
            if owner.open.len() <= slot {
                owner.open.resize(slot + 1, None);
            }
            if let Some(state) = owner.open.get_mut(slot) {
                *state = Some(connection.generation.wrapping_sub(owner.base));
            }
        }
        owner.connection = None;
        (owner.lost_at, owner.heard) = (now, now);
    }

    /// The seat as data, with the orders that were made up to now. `turn` is the last one that was handled.
    pub(crate) fn image(&self, number: u16, turn: u64) -> Option<SeatImage> {
        let owner = self.owner.as_ref().filter(|owner| owner.joined);
        if owner.is_none() && self.owners == 0 {
            return None;
        }
        Some(SeatImage {
            seat: number,
            owners: self.owners,
            turns: turn,
            owner: owner.map(|owner| OwnerImage {
                joined: owner.data(number),
                ordered: owner.ordered,
                got: owner.got,
                draining: owner.draining,
                kept: owner
                    .kept
                    .iter()
                    .map(|kept| (kept.n, kept.bytes.to_vec(), kept.weight as u64))
                    .collect(),
            }),
        })
    }

    /// A seat that was made of data.
    pub(crate) fn adopt(image: SeatImage, now: u64) -> Self {
        let mut seat = Self::default();
        if let Some(of_owner) = image.owner {
            seat.sit_down(&of_owner.joined, None, now);
            if let Some(owner) = &mut seat.owner {
                owner.joined = true;
                (owner.ordered, owner.got) = (of_owner.ordered, of_owner.got);
                (owner.sent, owner.draining) = (of_owner.got, of_owner.draining);
                for (n, bytes, weight) in of_owner.kept {
                    owner.kept_weight += weight as usize;
                    owner.kept.push_back(Kept {
                        n,
                        bytes: bytes.into(),
                        weight: weight as usize,
                        entry: 0,
                    });
                }
            }
        }
        seat.owners = image.owners;
        seat.followed(image.turns, 0);
        seat.turns = image.turns;
        seat
    }
}

impl Owner {
    /// The event by which the owner sat down.
    fn data(&self, number: u16) -> Joined {
        Joined {
            seat: number,
            name: self.name.clone(),
            program: self.program.clone(),
            incarnation: self.incarnation,
            attachment: self.attachment,
            last: self.last,
            owners: self.owners,
            turns: (self.offset + i128::from(self.last)).max(0) as u64,
        }
    }
}
