//! All links of a core: seats for edges on other machines, by name.

mod roles;

use std::sync::Arc;

use fchatd_protocol::exchange::{Departure, Inputs};
use thiserror::Error;

use crate::codec::{Malformed, frame};
use crate::limits::{SEATS, Timing};
use crate::message::{Down, Hello, Name, Order, Up, Welcome, is_node_name};
use crate::seat::{Joined, Seat};

/// A reason to refuse an edge.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Another process with this name is connected.
    #[error(
        "another edge named {0} is connected already: give each edge a name of its own (node), or wait until the other one has ended"
    )]
    NameTaken(Name),
    /// All seats are taken.
    #[error("all {SEATS} places for threads of edges are taken")]
    Full,
    /// The name is empty or too long.
    #[error("the name of an edge must have 1 to 64 letters, digits, dots, hyphens or underscores")]
    BadName,
}

/// The result for an accepted edge. The answer to it is among its frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greeted {
    /// The number of its seat, and of the edge.
    pub seat: u16,
    /// Whether the core knows none of its connections.
    pub fresh: bool,
    /// An earlier connection of the same edge, which has to be closed.
    pub replaced: Option<u64>,
}

/// Work for the core.
#[derive(Debug, PartialEq, Eq)]
pub enum CoreEvent {
    /// Handle the inputs of an edge, as this turn of its seat.
    Turn {
        /// The seat.
        seat: u16,
        /// Number of the turn, counted over all owners of the seat.
        turn: u64,
        /// The inputs.
        inputs: Inputs,
        /// Whether it is the last one of the seat's owner: its connections have ended, and the edge leaves.
        is_last: bool,
    },
    /// A new edge takes a seat. The answer to it goes out after [`Core::joined`].
    Joined(Box<Joined>),
    /// The edge has received batches of this weight, or needs them no more.
    Room(u16, usize),
    /// The edge is gone, with the reason. The turn with the ends of its connections follows.
    Gone(u16, Name, &'static str),
    /// The edge has ended in order. Its people have been sent elsewhere.
    Left(u16, Name),
    /// Close a connection: its edge is silent or gone.
    Close(u64),
}

/// The state of an attached edge, for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attendance {
    /// The number of its seat.
    pub seat: u16,
    /// Its name.
    pub name: Name,
    /// Version of its program.
    pub program: String,
    /// Number of its open connections, as the core knows them.
    pub connections: usize,
    /// Whether its link is connected.
    pub is_connected: bool,
    /// Whether it has been told to send its people elsewhere.
    pub is_draining: bool,
    /// Its counters, in a form of the program.
    pub tally: Vec<u8>,
}

/// See the module.
#[derive(Debug)]
pub struct Core {
    program: String,
    id: u64,
    timing: Timing,
    seats: Vec<Seat>,
    attachments: u64,
    /// Whether this core answers edges. A standby only keeps what it would send.
    leads: bool,
    /// Orders of entries up to this one may go out.
    released: u64,
}

impl Core {
    /// A leading core without edges, whose orders go out at once. `id` is a random number of this process, and not 0.
    #[must_use]
    pub fn new(program: &str, id: u64, timing: Timing) -> Self {
        Self {
            program: program.to_owned(),
            id,
            timing,
            seats: (0..SEATS).map(|_| Seat::default()).collect(),
            attachments: 0,
            leads: true,
            released: u64::MAX,
        }
    }

    /// The times.
    #[must_use]
    pub fn timing(&self) -> Timing {
        self.timing
    }

    /// Changes the times.
    pub fn set_timing(&mut self, timing: Timing) {
        self.timing = timing;
    }

    /// An edge says hello on a new connection.
    ///
    /// # Errors
    /// The edge can't be accepted.
    pub fn greet(
        &mut self,
        hello: &Hello,
        connection: u64,
        now: u64,
        events: &mut Vec<CoreEvent>,
    ) -> Result<Greeted, Refusal> {
        if !is_node_name(&hello.name.node) {
            return Err(Refusal::BadName);
        }
        let own = |seat: &Seat| seat.owner.as_ref().is_some_and(|owner| owner.name == hello.name);
        let mut replaced = None;
        if let Some(number) = self.seats.iter().position(own)
            && let Some(seat) = self.seats.get_mut(number)
            && let Some(owner) = &mut seat.owner
        {
            // The edge may not have heard that it was attached anew. Then it has counted other orders. It may also know
            // more than this core, where an earlier core went on without a standby.
            let is_same = owner.incarnation == hello.incarnation
                && (hello.core, hello.attachment) == (self.id, owner.attachment)
                && owner.joined
                && hello.got <= owner.ordered()
                && hello.handled <= owner.received;
            if owner.incarnation != hello.incarnation && owner.connection.is_some() {
                return Err(Refusal::NameTaken(hello.name.clone()));
            }
            replaced = owner.connection.take();
            if is_same {
                let weight = owner.acknowledge(hello.got);
                let (received, attachment) = (owner.received, owner.attachment);
                seat.resume(hello, connection, now);
                let number = number as u16;
                events.push(CoreEvent::Room(number, weight));
                let welcome = self.welcome(number, attachment, received, false);
                self.answer(number, 0, welcome);
                return Ok(Greeted {
                    seat: number,
                    fresh: false,
                    replaced,
                });
            }
            self.expel(number as u16, Some("another run of it has come"), events);
        }
        let vacant = self.seats.iter().position(Seat::is_vacant).ok_or(Refusal::Full)?;
        self.attachments += 1;
        let attachment = self.attachments;
        let number = vacant as u16;
        if let Some(seat) = self.seats.get_mut(vacant) {
            let joined = seat.joined(number, hello, attachment);
            seat.sit_down(&joined, Some(connection), now);
            events.push(CoreEvent::Joined(Box::new(joined)));
        }
        Ok(Greeted {
            seat: number,
            fresh: true,
            replaced,
        })
    }

    /// An edge has got its place among the events of the application, in an entry. A leader answers it; a standby gives it
    /// the same seat.
    pub fn joined(&mut self, joined: &Joined, entry: u64, now: u64) {
        let number = joined.seat;
        let leads = self.leads;
        let Some(seat) = self.seats.get_mut(usize::from(number)) else {
            return;
        };
        if !leads {
            self.attachments = self.attachments.max(joined.attachment);
            seat.sit_down(joined, None, now);
        }
        let Some(owner) = seat
            .owner
            .as_mut()
            .filter(|owner| owner.attachment == joined.attachment)
        else {
            return;
        };
        owner.joined = true;
        if leads {
            let welcome = self.welcome(number, joined.attachment, joined.last, true);
            self.answer(number, entry, welcome);
        }
    }

    fn answer(&mut self, number: u16, entry: u64, welcome: Welcome) {
        if let Some(seat) = self.seats.get_mut(usize::from(number))
            && let Some(owner) = &mut seat.owner
        {
            owner.welcome(entry, welcome);
        }
    }

    fn welcome(&self, number: u16, attachment: u64, received: u64, fresh: bool) -> Welcome {
        Welcome {
            program: self.program.clone(),
            core: self.id,
            attachment,
            received,
            fresh,
            number,
        }
    }

    /// A message of an attached edge has arrived on a connection.
    ///
    /// # Errors
    /// The message does not fit: the connection has to be closed.
    pub fn receive(
        &mut self,
        seat: u16,
        connection: u64,
        message: Up<'static>,
        now: u64,
        events: &mut Vec<CoreEvent>,
    ) -> Result<(), Malformed> {
        let Some(place) = self.seats.get_mut(usize::from(seat)) else {
            return Ok(());
        };
        let Some(owner) = place
            .owner
            .as_mut()
            .filter(|owner| owner.connection == Some(connection))
        else {
            return Ok(());
        };
        owner.heard = now;
        match message {
            Up::Turn { no, inputs } => {
                let mut inputs = inputs.into_owned();
                if let Some(turn) = place.turn(seat, no, &mut inputs)? {
                    events.push(CoreEvent::Turn {
                        seat,
                        turn,
                        inputs,
                        is_last: false,
                    });
                }
            }
            Up::Got(n) => {
                let weight = owner.acknowledge(n);
                events.push(CoreEvent::Room(seat, weight));
            }
            Up::Beat(tally) => owner.tally = tally,
            Up::Bye => self.expel(seat, None, events),
            Up::Hello(_) | Up::Wait(_) | Up::Join(_) | Up::Relay(_) | Up::Ask { .. } => {
                return Err(Malformed::Garbage);
            }
        }
        Ok(())
    }

    /// A connection has ended.
    pub fn disconnected(&mut self, seat: u16, connection: u64, now: u64) {
        if let Some(place) = self.seats.get_mut(usize::from(seat))
            && let Some(owner) = place
                .owner
                .as_mut()
                .filter(|owner| owner.connection == Some(connection))
        {
            owner.connection = None;
            owner.lost_at = now;
        }
    }

    /// The turns of a seat up to this one have been handled, in an entry.
    pub fn handled(&mut self, seat: u16, turn: u64, entry: u64) {
        let leads = self.leads;
        if let Some(place) = self.seats.get_mut(usize::from(seat)) {
            match leads {
                true => place.handled(turn, entry),
                false => place.followed(turn, entry),
            }
        }
    }

    /// Adds an order for an edge; `weight` is that of its batch, and `entry` the entry that made it. Without an edge the order is
    /// dropped.
    pub fn order(
        &mut self,
        seat: u16,
        order: Order<'_>,
        weight: usize,
        entry: u64,
        events: &mut Vec<CoreEvent>,
    ) {
        let Some(place) = self.seats.get_mut(usize::from(seat)) else {
            return;
        };
        let is_drain = order == Order::Drain;
        match place.order(seat, order, weight, entry) {
            Ok(true) => {
                if let Some(owner) = &mut place.owner {
                    owner.draining |= is_drain;
                }
            }
            Ok(false) => events.push(CoreEvent::Room(seat, weight)),
            Err(_) => {
                events.push(CoreEvent::Room(seat, weight));
                self.expel(seat, Some("a message for it is longer than allowed"), events);
            }
        }
    }

    /// Looks at the clock. Call it several times in each beat.
    pub fn tick(&mut self, now: u64, events: &mut Vec<CoreEvent>) {
        if !self.leads {
            return;
        }
        for number in 0..self.seats.len() {
            let Some(owner) = self.seats.get_mut(number).and_then(|seat| seat.owner.as_mut()) else {
                continue;
            };
            let silence = self.timing.silence;
            if owner.connection.is_some() && now.saturating_sub(owner.heard) > silence {
                events.extend(owner.connection.take().map(CoreEvent::Close));
                // The time of its silence counts.
                owner.lost_at = owner.heard;
            }
            let reason = if owner.connection.is_none() && now.saturating_sub(owner.lost_at) > silence {
                "nothing was heard of it for cluster_silence"
            } else if owner.is_stuck(now) {
                "it has been too slow for 5 seconds"
            } else {
                continue;
            };
            self.expel(number as u16, Some(reason), events);
        }
    }

    /// Gives an edge up: its connections have ended for the core. Without a reason it has ended in order.
    fn expel(&mut self, number: u16, reason: Option<&'static str>, events: &mut Vec<CoreEvent>) {
        let Some(seat) = self.seats.get_mut(usize::from(number)) else {
            return;
        };
        let Some(owner) = &mut seat.owner else { return };
        events.extend(owner.connection.take().map(CoreEvent::Close));
        let (name, weight) = (owner.name.clone(), owner.acknowledge(u64::MAX));
        events.push(CoreEvent::Room(number, weight));
        let departure = if reason.is_some() {
            Departure::Lost
        } else {
            Departure::Moved
        };
        events.push(match reason {
            Some(reason) => CoreEvent::Gone(number, name, reason),
            None => CoreEvent::Left(number, name),
        });
        if let Some((turn, inputs)) = seat.expel(number, departure) {
            events.push(CoreEvent::Turn {
                seat: number,
                turn,
                inputs,
                is_last: true,
            });
        }
    }

    /// The next frame for an edge on its connection, if there is one now.
    pub fn next_frame(&mut self, seat: u16, connection: u64, now: u64) -> Option<Arc<[u8]>> {
        let seat = self.seats.get_mut(usize::from(seat))?;
        let owner = seat
            .owner
            .as_mut()
            .filter(|owner| owner.connection == Some(connection))?;
        owner.next_frame(now, self.released)
    }

    /// Orders of entries up to this one may go out.
    pub fn release(&mut self, entry: u64) {
        self.released = entry;
    }

    /// The last entry whose orders may go out.
    #[must_use]
    pub fn released(&self) -> u64 {
        self.released
    }

    /// Whether this core answers edges.
    #[must_use]
    pub fn leads(&self) -> bool {
        self.leads
    }

    /// Whether the edge of a seat has received all its orders, or there is no edge.
    #[must_use]
    pub fn is_settled(&self, seat: u16) -> bool {
        self.seats.get(usize::from(seat)).is_none_or(Seat::is_settled)
    }

    /// All edges.
    pub fn attendance(&self) -> impl Iterator<Item = Attendance> {
        self.seats.iter().enumerate().filter_map(|(number, seat)| {
            let owner = seat.owner.as_ref()?;
            Some(Attendance {
                seat: number as u16,
                name: owner.name.clone(),
                program: owner.program.clone(),
                connections: owner.connections(),
                is_connected: owner.connection.is_some(),
                is_draining: owner.draining,
                tally: owner.tally.clone(),
            })
        })
    }

    /// Orders that were sent more than once, since the start.
    #[must_use]
    pub fn resent(&self) -> u64 {
        self.seats.iter().map(|seat| seat.resent).sum()
    }

    /// The message that refuses an edge.
    ///
    /// # Errors
    /// The sentence is longer than a message may be.
    pub fn refuse(reason: &str) -> Result<Vec<u8>, Malformed> {
        frame(&Down::Refused(reason.to_owned()))
    }
}
