//! The end of a connection: events of the fan-out, the close frame, and a moment for it to arrive.

use std::time::{Duration, Instant};

use fchatd_protocol::exchange::{ConnectionId, Departure, Input};
use tracing::{debug, info};

use crate::common::Order;
use crate::edge::{Application, Edge, Peer, Shared};
use crate::fan::{Event, Phase};
use crate::websocket::{CloseCode, Opcode, encode};

/// How a connection is told of its end.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goodbye {
    /// A close frame that the server initiates.
    Say(CloseCode, &'static str),
    /// The answer to the client's close frame.
    Reply(Option<u16>),
    /// No frame: the socket is broken or accepts no data.
    Silently,
}

impl<A: Application + 'static> Edge<A> {
    /// Handles the events that applying and flushing have produced.
    pub(crate) fn handle_events(&self, shared: &mut Shared<A>) {
        for event in shared.fan.take_events() {
            match event {
                Event::Blocked(slot) => shared.wake(slot),
                Event::Overflow(slot) => {
                    if shared.is_known(slot) {
                        shared.gauges.slow_readers += 1;
                        info!(address = ?shared.address(slot), "cut off: it reads too slowly, its outbox is full");
                        self.end(shared, slot, Departure::SlowReader, Goodbye::Silently);
                    }
                }
                Event::Relieved(slot) => {
                    debug!(address = ?shared.address(slot), "cut off: all backlogs together are too large");
                    if shared.is_known(slot) {
                        self.end(shared, slot, Departure::SlowReader, Goodbye::Silently);
                    } else {
                        shared.doom(slot);
                    }
                }
                Event::Identified(slot) => {
                    if let Some(peer) = shared.peers.get_mut(slot as usize) {
                        peer.has_identified = true;
                        self.common.doors.identified(peer.place);
                    }
                }
                Event::Broken(slot) => self.end(shared, slot, Departure::Lost, Goodbye::Silently),
                Event::Close(slot, 0) => {
                    self.end(
                        shared,
                        slot,
                        Departure::Closed,
                        Goodbye::Say(CloseCode::Normal, ""),
                    );
                }
                Event::Close(slot, delay) => {
                    let due = Instant::now() + Duration::from_millis(u64::from(delay));
                    shared.schedule(slot, due);
                }
            }
        }
    }

    /// Ends a connection that the core still knows: informs the core, lets the last bytes be sent, and frees
    /// the slot when the client has closed its side or the linger time is over.
    pub(crate) fn end(&self, shared: &mut Shared<A>, slot: u32, departure: Departure, goodbye: Goodbye) {
        if !shared.is_known(slot) {
            return;
        }
        let Some(id) = shared.peers.get(slot as usize).and_then(|peer| peer.id) else {
            return;
        };
        shared.inputs.push(Input::Closed {
            connection: id,
            departure,
        });
        self.wake_turn();
        match departure {
            Departure::Violation => shared.gauges.violations += 1,
            Departure::Silent => shared.gauges.silent += 1,
            _ => {}
        }
        debug!(address = ?shared.address(slot), ?departure, "connection ends");
        if !matches!(goodbye, Goodbye::Silently) {
            // A client that sees the close frame can rely on this order: the application gets the end of the
            // connection before any later input.
            self.try_hand_over(shared, false);
        }
        self.part(shared, slot, goodbye);
    }

    /// The edge's part of ending a connection: the close frame, and a moment for it to arrive.
    pub(crate) fn part(&self, shared: &mut Shared<A>, slot: u32, goodbye: Goodbye) {
        shared.fan.set_phase(slot, Phase::Lingering);
        let mut frame = Vec::new();
        match goodbye {
            Goodbye::Say(code, reason) => encode::write_close(&mut frame, code, reason),
            Goodbye::Reply(code) => encode::write_close_reply(&mut frame, code),
            Goodbye::Silently => {
                shared.doom(slot);
                return;
            }
        }
        // The payload without its header of two bytes: a close frame has at most 125 bytes of payload.
        shared
            .fan
            .send(slot, Opcode::Close, frame.get(2..).unwrap_or_default());
        shared.fan.flush();
        shared.fan.finish_writing(slot);
        shared.schedule(slot, Instant::now() + self.settings().linger);
        shared.wake(slot);
    }

    /// Carries out the orders to end connections in favour of others.
    pub(crate) fn carry_out_orders(&self, orders: Vec<Order>) {
        let shared = &mut *self.shared.borrow_mut();
        for order in orders {
            match order {
                Order::Relieve(connection) => shared.fan.cut_off(connection),
                Order::MakeRoom(connection) => self.make_room(shared, connection),
            }
        }
        self.handle_events(shared);
    }

    /// Ends a connection that has not identified.
    pub(crate) fn make_room(&self, shared: &mut Shared<A>, connection: ConnectionId) {
        let has_identified = |peer: &Peer| peer.has_identified;
        let peer = shared.peers.get(connection.slot as usize);
        if shared.is_current(connection) && !peer.is_some_and(has_identified) {
            let goodbye = Goodbye::Say(CloseCode::TryAgainLater, "others need the place");
            self.end(shared, connection.slot, Departure::Closed, goodbye);
            // It gives up its place now, without waiting for the client to close.
            shared.doom(connection.slot);
        }
    }

    /// The linger time of a closed connection is over.
    pub(crate) fn finish(&self, shared: &mut Shared<A>, id: ConnectionId) {
        if !shared.is_current(id) {
            return;
        }
        match shared.fan.phase(id.slot) {
            Phase::Closing => self.end(
                shared,
                id.slot,
                Departure::Closed,
                Goodbye::Say(CloseCode::Normal, ""),
            ),
            Phase::Lingering => shared.doom(id.slot),
            Phase::Open | Phase::Free => {}
        }
    }
}
