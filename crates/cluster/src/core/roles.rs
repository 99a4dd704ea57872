//! The two roles of a core in a pair: the seats as data, and the changes between leading and following.

use fchatd_protocol::exchange::ConnectionId;

use super::{Core, CoreEvent};
use crate::seat::{Seat, SeatsImage};

impl Core {
    /// A standby hears that an edge is gone.
    pub fn left(&mut self, number: u16, events: &mut Vec<CoreEvent>) {
        let Some(seat) = self.seats.get_mut(usize::from(number)).filter(|_| !self.leads) else {
            return;
        };
        if let Some(owner) = &mut seat.owner {
            let weight = owner.acknowledge(u64::MAX);
            events.push(CoreEvent::Room(number, weight));
        }
        seat.left();
    }

    /// All seats as data. `turns` has the last turn of each seat that was handled.
    #[must_use]
    pub fn image(&self, turns: &[u64]) -> SeatsImage {
        let turn = |number: usize| turns.get(number).copied().unwrap_or_default();
        let seats = self.seats.iter().enumerate();
        SeatsImage {
            id: self.id,
            attachments: self.attachments,
            seats: seats
                .filter_map(|(number, seat)| seat.image(number as u16, turn(number)))
                .collect(),
        }
    }

    /// The set of seats with an owner in an image, as bits.
    #[must_use]
    pub fn seated(image: &SeatsImage) -> u64 {
        let seats = image.seats.iter().filter(|seat| seat.has_owner());
        seats.fold(0, |set, seat| set | 1 << seat.number())
    }

    /// Weight of the orders that the edge of a seat has not acknowledged.
    #[must_use]
    pub fn kept_weight(&self, number: u16) -> usize {
        let owner = self
            .seats
            .get(usize::from(number))
            .and_then(|seat| seat.owner.as_ref());
        owner.map_or(0, |owner| owner.kept_weight())
    }

    /// Becomes a standby that knows nothing: all connections have to end.
    pub fn follow(&mut self, events: &mut Vec<CoreEvent>) {
        for (number, seat) in self.seats.iter_mut().enumerate() {
            if let Some(owner) = &mut seat.owner {
                events.extend(owner.connection.take().map(CoreEvent::Close));
                events.push(CoreEvent::Room(number as u16, owner.acknowledge(u64::MAX)));
            }
            *seat = Seat::default();
        }
        (self.leads, self.released) = (false, u64::MAX);
    }

    /// Becomes a standby with the seats of a leader.
    pub fn adopt(&mut self, image: SeatsImage, now: u64, events: &mut Vec<CoreEvent>) {
        self.follow(events);
        (self.id, self.attachments) = (image.id, image.attachments);
        for of_seat in image.seats {
            if let Some(seat) = self.seats.get_mut(usize::from(of_seat.number())) {
                *seat = Seat::adopt(of_seat, now);
            }
        }
    }

    /// An edge has told the leader that it has received its orders up to this one.
    pub fn acknowledged(&mut self, number: u16, attachment: u64, got: u64) -> usize {
        let seat = self.seats.get_mut(usize::from(number)).filter(|_| !self.leads);
        let owner = seat.and_then(|seat| seat.owner.as_mut());
        let owner = owner.filter(|owner| owner.attachment == attachment);
        owner.map_or(0, |owner| owner.acknowledge(got))
    }

    /// The orders that the edge of a seat has received, with the number of its attachment.
    #[must_use]
    pub fn got(&self, number: u16) -> Option<(u64, u64)> {
        let owner = self.seats.get(usize::from(number))?.owner.as_ref()?;
        owner.joined.then(|| (owner.attachment, owner.got()))
    }

    /// A standby leads from now on. `open` has all open connections, and `turns` the last turn of each seat that was handled
    /// or is about to be.
    pub fn lead(&mut self, open: &[ConnectionId], turns: &[u64], now: u64) {
        (self.leads, self.released) = (true, u64::MAX);
        for (number, seat) in self.seats.iter_mut().enumerate() {
            let own: Vec<ConnectionId> = open
                .iter()
                .filter(|connection| usize::from(connection.edge) == number)
                .copied()
                .collect();
            seat.lead(&own, turns.get(number).copied().unwrap_or_default(), now);
        }
    }
}
