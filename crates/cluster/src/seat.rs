//! The core's side of a link to one edge. It keeps orders until the edge has received them, and handles each turn once.

mod image;

use std::collections::VecDeque;
use std::sync::Arc;

use fchatd_protocol::exchange::{ConnectionId, Departure, Input, Inputs, Stage};

use crate::codec::{Malformed, frame};
use crate::limits::{BATCHES_MAX, BEAT, BEHIND};
use crate::message::{Down, Hello, Name, Order, Welcome};

pub use self::image::{Joined, OwnerImage, SeatImage, SeatsImage};

/// Spacing of the generations of successive owners of a seat. It spreads the owners over all numbers, so that no two of
/// them ever use the same connection number: a slot would have to be used a billion times before.
const GENERATIONS: u32 = 0x9E37_79B9;
/// Maximum number of slots of an edge. An edge that claims more is broken.
const SLOTS_MAX: u32 = 1 << 20;

/// An order that the edge has not acknowledged.
#[derive(Debug)]
struct Kept {
    n: u64,
    bytes: Arc<[u8]>,
    weight: usize,
    /// The entry that made it. It goes out when that entry is released.
    entry: u64,
}

/// The owner of a seat: one run of one thread of an edge.
#[derive(Debug)]
pub(crate) struct Owner {
    pub(crate) name: Name,
    pub(crate) program: String,
    pub(crate) incarnation: u64,
    pub(crate) attachment: u64,
    /// The present connection.
    pub(crate) connection: Option<u64>,
    /// Since when there is none.
    pub(crate) lost_at: u64,
    pub(crate) heard: u64,
    pub(crate) spoke: u64,
    /// The answer to its hello, which goes out when this entry is released.
    welcome: Option<(u64, Welcome)>,
    /// Whether the application's thread knows the owner.
    pub(crate) joined: bool,
    kept: VecDeque<Kept>,
    kept_weight: usize,
    behind_since: Option<u64>,
    /// The last order, the last one sent on this connection, and the last one that the edge has received.
    ordered: u64,
    sent: u64,
    got: u64,
    /// The last turn of the edge that was received, the last one handled, and the last one of which the edge knows that.
    pub(crate) received: u64,
    handled: u64,
    told: u64,
    /// Turns that were handled in entries that are not released yet, as entries and turns.
    finished: VecDeque<(u64, u64)>,
    /// Turns of the seat before this owner, less those of the edge before it sat down.
    offset: i128,
    last: u64,
    owners: u32,
    /// For each slot, the generation of its open connection.
    open: Vec<Option<u32>>,
    base: u32,
    pub(crate) tally: Vec<u8>,
    pub(crate) draining: bool,
}

/// One place for an edge. See the module.
#[derive(Debug, Default)]
pub(crate) struct Seat {
    pub(crate) owner: Option<Owner>,
    /// The last turn of the seat, counted over all owners.
    turns: u64,
    /// The turn with the ends of the last owner's connections, while it is not handled.
    leaving: Option<u64>,
    owners: u32,
    /// Orders that were sent more than once.
    pub(crate) resent: u64,
}

impl Seat {
    pub(crate) fn is_vacant(&self) -> bool {
        self.owner.is_none() && self.leaving.is_none()
    }

    /// The event by which this edge would sit down.
    pub(crate) fn joined(&self, number: u16, hello: &Hello, attachment: u64) -> Joined {
        Joined {
            seat: number,
            name: hello.name.clone(),
            program: hello.program.clone(),
            incarnation: hello.incarnation,
            attachment,
            last: hello.last,
            owners: self.owners,
            turns: self.turns,
        }
    }

    pub(crate) fn sit_down(&mut self, joined: &Joined, connection: Option<u64>, now: u64) {
        self.owners = joined.owners.wrapping_add(1);
        self.turns = joined.turns;
        self.leaving = None;
        self.owner = Some(Owner::new(joined, connection, now));
    }

    /// The owner comes back on a new connection.
    pub(crate) fn resume(&mut self, hello: &Hello, connection: u64, now: u64) {
        let Some(owner) = &mut self.owner else { return };
        owner.connection = Some(connection);
        (owner.heard, owner.spoke) = (now, now);
        owner.acknowledge(hello.got);
        self.resent += owner.sent.saturating_sub(hello.got);
        owner.sent = owner.got;
        // The last such message may have been lost.
        owner.told = 0;
        owner.behind_since = None;
    }

    /// The owner is gone. The result is the last turn, with the ends of its connections.
    pub(crate) fn expel(&mut self, number: u16, departure: Departure) -> Option<(u64, Inputs)> {
        let owner = self.owner.take()?;
        let mut inputs = Inputs::default();
        for (slot, generation) in owner.open.iter().enumerate() {
            if let Some(generation) = generation {
                inputs.push(Input::Closed {
                    connection: ConnectionId {
                        edge: number,
                        slot: slot as u32,
                        generation: generation.wrapping_add(owner.base),
                    },
                    departure,
                });
            }
        }
        self.turns += 1;
        self.leaving = Some(self.turns);
        Some((self.turns, inputs))
    }

    /// A turn has arrived. The result is its number among all turns of the seat; `None` for a repetition.
    pub(crate) fn turn(
        &mut self,
        number: u16,
        no: u64,
        inputs: &mut Inputs,
    ) -> Result<Option<u64>, Malformed> {
        let Some(owner) = &mut self.owner else {
            return Ok(None);
        };
        if no <= owner.received {
            return Ok(None);
        }
        if no != owner.received + 1 {
            return Err(Malformed::Garbage);
        }
        owner.received = no;
        inputs.retain_of_edge(|connection, stage| owner.admit(number, connection, stage));
        self.turns += 1;
        Ok(Some(self.turns))
    }

    /// The turns of the seat up to this one have been handled, in an entry.
    pub(crate) fn handled(&mut self, turn: u64, entry: u64) {
        if self.leaving.is_some_and(|last| last <= turn) {
            self.leaving = None;
        }
        let Some(owner) = &mut self.owner else { return };
        let no = (i128::from(turn) - owner.offset).clamp(0, i128::from(owner.received)) as u64;
        if no > owner.finished.back().map_or(owner.handled, |&(_, last)| last) {
            owner.finished.push_back((entry, no));
        }
    }

    /// The owner has left, and the application has handled its last turn.
    pub(crate) fn left(&mut self) {
        (self.owner, self.leaving) = (None, None);
    }

    /// Adds an order for the owner. Returns false when there is none.
    pub(crate) fn order(
        &mut self,
        number: u16,
        order: Order<'_>,
        weight: usize,
        entry: u64,
    ) -> Result<bool, Malformed> {
        let Some(owner) = &mut self.owner else {
            return Ok(false);
        };
        let order = match order {
            Order::Apply(outputs) => {
                let base = owner.base;
                let part = outputs.part_of_edge(|connection| {
                    (connection.edge == number).then_some(ConnectionId {
                        edge: owner.name.lane,
                        slot: connection.slot,
                        generation: connection.generation.wrapping_sub(base),
                    })
                });
                Order::Apply(std::borrow::Cow::Owned(part))
            }
            other => other,
        };
        owner.ordered += 1;
        let n = owner.ordered;
        let bytes = frame(&Down::Order { n, order })?.into();
        owner.kept.push_back(Kept {
            n,
            bytes,
            weight,
            entry,
        });
        owner.kept_weight += weight;
        Ok(true)
    }

    /// Whether the owner has acknowledged everything.
    pub(crate) fn is_settled(&self) -> bool {
        self.owner.as_ref().is_none_or(|owner| owner.kept.is_empty())
    }
}

impl Owner {
    fn new(joined: &Joined, connection: Option<u64>, now: u64) -> Self {
        Self {
            name: joined.name.clone(),
            program: joined.program.clone(),
            incarnation: joined.incarnation,
            attachment: joined.attachment,
            connection,
            lost_at: now,
            heard: now,
            spoke: now,
            welcome: None,
            joined: false,
            kept: VecDeque::new(),
            kept_weight: 0,
            behind_since: None,
            ordered: 0,
            sent: 0,
            got: 0,
            received: joined.last,
            handled: joined.last,
            told: joined.last,
            finished: VecDeque::new(),
            offset: i128::from(joined.turns) - i128::from(joined.last),
            last: joined.last,
            owners: joined.owners,
            open: Vec::new(),
            base: joined.owners.wrapping_mul(GENERATIONS),
            tally: Vec::new(),
            draining: false,
        }
    }

    /// Sends the answer to its hello first, when this entry is released.
    pub(crate) fn welcome(&mut self, entry: u64, welcome: Welcome) {
        self.welcome = Some((entry, welcome));
    }

    /// Weight of the orders that the edge has not acknowledged.
    pub(crate) fn kept_weight(&self) -> usize {
        self.kept_weight
    }

    /// The last order that the edge has received.
    pub(crate) fn got(&self) -> u64 {
        self.got
    }

    /// The last order.
    pub(crate) fn ordered(&self) -> u64 {
        self.ordered
    }

    /// Renames a connection of the edge, and says whether an input fits to the state of its slot.
    fn admit(&mut self, number: u16, connection: &mut ConnectionId, stage: Stage) -> bool {
        if connection.slot >= SLOTS_MAX {
            return false;
        }
        let slot = connection.slot as usize;
        if stage == Stage::Opened && self.open.len() <= slot {
            self.open.resize(slot + 1, None);
        }
        let Some(state) = self.open.get_mut(slot) else {
            return false;
        };
        let is_known = *state == Some(connection.generation);
        match stage {
            Stage::Opened if state.is_some() => return false,
            Stage::Opened => *state = Some(connection.generation),
            Stage::Message if is_known => {}
            Stage::Closed if is_known => *state = None,
            Stage::Message | Stage::Closed => return false,
        }
        connection.edge = number;
        connection.generation = connection.generation.wrapping_add(self.base);
        true
    }

    /// Forgets orders that the edge has received; returns their weight.
    pub(crate) fn acknowledge(&mut self, got: u64) -> usize {
        let mut weight = 0;
        while self.kept.front().is_some_and(|kept| kept.n <= got) {
            weight += self.kept.pop_front().map_or(0, |kept| kept.weight);
        }
        self.got = self.got.max(got.min(self.ordered));
        self.kept_weight -= weight;
        weight
    }

    /// Whether the edge has been behind for too long.
    pub(crate) fn is_stuck(&mut self, now: u64) -> bool {
        if self.kept_weight <= BATCHES_MAX {
            self.behind_since = None;
            return false;
        }
        now.saturating_sub(*self.behind_since.get_or_insert(now)) > BEHIND
    }

    /// Number of open connections.
    pub(crate) fn connections(&self) -> usize {
        self.open.iter().flatten().count()
    }

    /// The next frame for the edge, if there is one now. `released` is the last entry whose orders may go out.
    pub(crate) fn next_frame(&mut self, now: u64, released: u64) -> Option<Arc<[u8]>> {
        if let Some((entry, _)) = &self.welcome {
            if *entry > released {
                return None;
            }
            self.spoke = now;
            let (_, welcome) = self.welcome.take()?;
            return frame(&Down::Welcome(welcome)).ok().map(Arc::from);
        }
        if !self.joined {
            return None;
        }
        let first = self.kept.front().map_or(0, |kept| kept.n);
        let place = (self.sent + 1).saturating_sub(first) as usize;
        if let Some(kept) = self.kept.get(place).filter(|kept| kept.entry <= released) {
            self.sent = kept.n;
            self.spoke = now;
            return Some(Arc::clone(&kept.bytes));
        }
        while let Some((_, no)) = self.finished.pop_front_if(|(entry, _)| *entry <= released) {
            self.handled = no;
        }
        if self.handled > self.told {
            self.told = self.handled;
            self.spoke = now;
            return frame(&Down::Handled(self.told)).ok().map(Arc::from);
        }
        if now.saturating_sub(self.spoke) >= BEAT {
            self.spoke = now;
            return frame(&Down::Beat).ok().map(Arc::from);
        }
        None
    }
}
