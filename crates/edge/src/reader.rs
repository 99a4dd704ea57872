//! The task of one WebSocket connection: reads, decodes, and writes the backlog of a full socket.

use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use fchatd_protocol::exchange::{ConnectionId, Departure, Input};
use tokio::io::ReadBuf;

use crate::accept::{Greeted, Place};
use crate::budget::{Charge, Kind};
use crate::edge::{Application, READ_BYTES, Shared};
use crate::end::Goodbye;
use crate::fan::{Fan, Phase, Socket};
use crate::journey::Journey;
use crate::kinds::kind_of;
use crate::tls::wire::Reading;
use crate::turn::{FRAME_COST, INPUTS_MAX};
use crate::websocket::{Decoder, Event, Opcode};

/// Maximum number of reads of a connection in one poll.
const READS_PER_POLL: usize = 4;
/// Maximum number of bytes of one read beyond the rest of an incomplete frame. So the excess of a client's
/// input waits in the kernel, and little of it in this process.
const READ_AHEAD: usize = 4096;
/// The close code of a page that is reloaded or left (RFC 6455, section 7.4.1).
const GOING_AWAY: u16 = 1001;
/// Up to this size, in bytes, an incomplete message is not charged to the budget.
const UNCHARGED: usize = 4096;
/// After this many reads in one second, disable TCP quick-ack, so that the kernel acknowledges every second
/// segment instead of every read. The kernel re-enables it when the connection idles. People who type never
/// reach this rate.
const READS_PER_HINT: u32 = 16;

/// Reads one connection to its end.
pub(crate) struct Reader<A: Application + 'static> {
    place: Place<A>,
    socket: Reading,
    decoder: Decoder,
    id: ConnectionId,
    /// Number of reads in the second of the last received byte.
    reads: u32,
    /// The used part of its share, in [`FRAME_COST`] and bytes, and the turn for which it counts.
    spent: usize,
    turn: u64,
    /// The turn that it waits for already.
    awaited: u64,
    /// State that few connections have; boxed for that reason.
    excess: Option<Box<Excess>>,
}

/// Input of a connection that is held between two polls.
struct Excess {
    /// Bytes that were read and not decoded, because the connection has used its share of the turn.
    rest: Vec<u8>,
    charge: Charge,
}

impl<A: Application + 'static> Reader<A> {
    /// Takes over a socket after its handshake.
    pub(crate) fn new(place: Place<A>, greeted: Greeted) -> Self {
        let edge = Rc::clone(&place.0);
        let (socket, writer) = greeted.stream.into_split();
        let window = greeted.agreement.map_or(0, |agreement| agreement.window);
        let id = edge
            .shared
            .borrow_mut()
            .open(writer, greeted.address, window, place.number());
        edge.wake_turn();
        let mut reader = Self {
            decoder: Decoder::new(edge.decoder_options(greeted.agreement.is_some())),
            place,
            socket,
            id,
            reads: 0,
            spent: 0,
            turn: 0,
            awaited: 0,
            excess: None,
        };
        if !edge.common.doors.upgraded(reader.place.number(), id) {
            edge.make_room(&mut edge.shared.borrow_mut(), id);
        }
        if !greeted.early.is_empty() {
            let shared = &mut *edge.shared.borrow_mut();
            reader.take(shared, &mut greeted.early.to_vec());
        }
        reader
    }

    /// Ends a connection that arrived during shutdown.
    pub(crate) fn part(&self, goodbye: Goodbye) {
        let edge = &self.place.0;
        let shared = &mut *edge.shared.borrow_mut();
        if shared.is_known(self.id.slot) {
            edge.part(shared, self.id.slot, goodbye);
        }
    }

    /// Decodes input within the connection's share of the turn, and keeps the rest.
    fn take(&mut self, shared: &mut Shared<A>, bytes: &mut [u8]) {
        let slot = self.id.slot;
        let phase = shared.fan.phase(slot);
        if phase == Phase::Lingering {
            return;
        }
        let is_apart = shared.application.elsewhere().is_some();
        let (quota, turn) = (shared.quota(), shared.next_turn());
        if self.turn <= shared.answered() {
            self.spent = 0;
        }
        self.turn = turn;
        let spent = &mut self.spent;
        let (mut close, mut pongs) = (None, Vec::new());
        let (traces, thread) = (
            shared.traces.clone().filter(|traces| traces.is_on()),
            shared.thread(),
        );
        let tracing = traces.map(|traces| (traces, Instant::now()));
        let (inputs, journeys, fan) = (&mut shared.inputs, &mut shared.journeys, &mut shared.fan);
        let before = inputs.len();
        let commands = &mut shared.gauges.commands;
        let outcome = self
            .decoder
            .receive_some(bytes, &mut shared.inflater, &mut |event| {
                *spent += FRAME_COST;
                match event {
                    Event::Text(text) if phase == Phase::Open => {
                        *spent += text.len();
                        commands.add(kind_of(text.as_bytes()), 1);
                        if let Some((traces, begun)) = &tracing
                            && let Some(journey) = Journey::begin(traces, text, thread, Some(*begun))
                        {
                            journeys.add(inputs.len(), journey);
                        }
                        inputs.push(Input::Message {
                            connection: self.id,
                            text,
                        });
                    }
                    Event::Binary(bytes) => fan.send(slot, Opcode::Binary, bytes),
                    Event::Ping(payload) if is_apart => pongs.push(payload.to_vec()),
                    Event::Ping(payload) => answer(fan, slot, payload),
                    Event::Close { code, .. } => close = Some(code),
                    Event::Text(_) | Event::Pong => {}
                }
                if *spent < quota {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            });
        let used = outcome.as_ref().map_or(bytes.len(), |used| *used);
        self.hold(shared, bytes.get(used..).unwrap_or_default());
        if let Err(violation) = outcome {
            let goodbye = Goodbye::Say(violation.code, violation.reason);
            shared.parting.push((self.id, Departure::Violation, goodbye));
        } else if let Some(code) = close {
            let departure = match code {
                Some(GOING_AWAY) => Departure::GoingAway,
                _ => Departure::Goodbye,
            };
            shared.parting.push((self.id, departure, Goodbye::Reply(code)));
        }
        if is_apart {
            if !pongs.is_empty() {
                // The same order as with an application on this thread: before the pong, the application gets
                // all input that came before the ping, and all frames that other clients may already know of
                // are written.
                self.place.0.catch_up(shared);
                if !shared.inputs.is_empty() {
                    self.place.0.hand_over(shared);
                }
                pongs
                    .iter()
                    .for_each(|payload| answer(&mut shared.fan, slot, payload));
            }
            return self.place.0.wake_turn();
        }
        if shared.inputs.len() > before || !shared.parting.is_empty() {
            self.place.0.wake_turn();
        }
        shared.fan.flush();
        self.place.0.handle_events(shared);
    }

    /// Keeps undecoded bytes, and charges the memory of the connection's input.
    fn hold(&mut self, shared: &mut Shared<A>, rest: &[u8]) {
        let held = self.decoder.buffered() + rest.len();
        if rest.is_empty() && held <= UNCHARGED {
            self.excess = None;
            return;
        }
        let common = &self.place.0.common;
        let excess = self.excess.get_or_insert_with(|| {
            Box::new(Excess {
                rest: Vec::new(),
                charge: Charge::new(common, self.id, Kind::Input),
            })
        });
        excess.rest = rest.to_vec();
        excess.charge.set(held);
        if common.budget.is_over() {
            shared.fan.relieve(None);
        }
    }

    /// Decodes the kept bytes; false when there are none.
    fn take_rest(&mut self, shared: &mut Shared<A>) -> bool {
        let rest = self
            .excess
            .as_mut()
            .map(|excess| std::mem::take(&mut excess.rest));
        match rest {
            Some(mut rest) if !rest.is_empty() => {
                self.take(shared, &mut rest);
                true
            }
            _ => false,
        }
    }

    /// Whether the connection has used its share of the turn. If so, it is woken when that turn has been
    /// handled.
    fn waits(&mut self, shared: &mut Shared<A>, context: &Context<'_>) -> bool {
        let answered = shared.answered();
        if shared.inputs.weight() > INPUTS_MAX {
            self.turn = shared.next_turn();
        } else if self.turn <= answered {
            self.spent = 0;
            return false;
        } else if self.spent < shared.quota() {
            return false;
        }
        self.wait(shared, context);
        true
    }

    /// Lets the connection read on after the turn.
    fn wait(&mut self, shared: &mut Shared<A>, context: &Context<'_>) {
        if self.awaited != self.turn {
            self.awaited = self.turn;
            shared.pause(self.turn, context.waker());
        }
        self.place.0.wake_turn();
    }

    /// Maximum size of one read, in bytes.
    fn read_max(&self, shared: &Shared<A>) -> usize {
        if self.is_lingering(shared) {
            READ_BYTES
        } else {
            READ_BYTES.min(READ_AHEAD + self.decoder.expected())
        }
    }

    /// Whether further input is discarded.
    fn is_lingering(&self, shared: &Shared<A>) -> bool {
        shared.fan.phase(self.id.slot) == Phase::Lingering
    }

    /// Writes the backlog as far as the socket accepts it; `Ready` when the connection is broken.
    fn poll_backlog(&self, shared: &mut Shared<A>, context: &mut Context<'_>) -> Poll<()> {
        let slot = self.id.slot;
        while shared.fan.is_blocked(slot) {
            let Some(socket) = shared.fan.socket(slot) else {
                return Poll::Pending;
            };
            if ready!(socket.tcp().poll_write_ready(context)).is_err() {
                return Poll::Ready(());
            }
            // A client that reads its backlog counts as alive, even while it sends nothing.
            let (before, second) = (shared.fan.backlog(slot), shared.second);
            let resumed = shared.fan.resume(slot);
            if shared.fan.backlog(slot) < before
                && let Some(peer) = shared.peers.get_mut(slot as usize)
            {
                peer.heard = second;
            }
            match resumed {
                Ok(true) if shared.fan.phase(slot) == Phase::Lingering => {
                    shared.fan.finish_writing(slot);
                }
                Ok(_) => {}
                Err(_) => return Poll::Ready(()),
            }
        }
        Poll::Pending
    }
}

fn answer<S: Socket>(fan: &mut Fan<S>, slot: u32, payload: &[u8]) {
    fan.send(slot, Opcode::Pong, payload);
}

impl<A: Application + 'static> Future for Reader<A> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let edge = Rc::clone(&this.place.0);
        let shared = &mut *edge.shared.borrow_mut();
        let slot = this.id.slot;
        if let Some(peer) = shared.peers.get_mut(slot as usize) {
            if peer.doomed {
                return Poll::Ready(());
            }
            if !peer
                .waker
                .as_ref()
                .is_some_and(|waker| waker.will_wake(context.waker()))
            {
                peer.waker = Some(context.waker().clone());
            }
        }
        if shared.fan.is_blocked(slot) && this.poll_backlog(shared, context).is_ready() {
            edge.end(shared, slot, Departure::Lost, Goodbye::Silently);
            return Poll::Ready(());
        }
        let is_unread = shared.fan.is_blocked(slot) && shared.fan.backlog(slot) > shared.shares.unread_bytes;
        if is_unread && !this.is_lingering(shared) {
            return Poll::Pending;
        }
        if this.waits(shared, context) {
            return Poll::Pending;
        }
        let mut buffer = shared.take_read_buffer();
        let mut done = Poll::Pending;
        for read in 0..=READS_PER_POLL {
            if read == READS_PER_POLL || (read > 0 && this.is_lingering(shared)) {
                this.turn = shared.next_turn();
                this.wait(shared, context);
                break;
            }
            if read > 0 && this.waits(shared, context) {
                break;
            }
            // It ends in the next turn, which wakes this task. The end of the stream often directly follows a
            // close frame and must not be recorded as the reason.
            if this.decoder.is_finished() && shared.is_known(slot) {
                break;
            }
            if this.take_rest(shared) {
                continue;
            }
            let read_max = this.read_max(shared);
            let mut read = ReadBuf::new(buffer.get_mut(..read_max).unwrap_or_default());
            match this.socket.poll_read(context, &mut read) {
                Poll::Pending => break,
                Poll::Ready(Ok(())) if !read.filled().is_empty() => {
                    if let Some(peer) = shared.peers.get_mut(slot as usize)
                        && peer.heard != shared.second
                    {
                        peer.heard = shared.second;
                        this.reads = 0;
                    }
                    this.reads += 1;
                    if this.reads.is_multiple_of(READS_PER_HINT) {
                        let _ = this.socket.tcp().set_quickack(false);
                    }
                    this.take(shared, read.filled_mut());
                }
                Poll::Ready(_) => {
                    edge.end(shared, slot, Departure::Lost, Goodbye::Silently);
                    done = Poll::Ready(());
                    break;
                }
            }
        }
        shared.read_buffer = buffer;
        done
    }
}

impl<A: Application + 'static> Drop for Reader<A> {
    fn drop(&mut self) {
        // Also reached after a panic of the task; the core still has to be informed of the end.
        let edge = &self.place.0;
        if let Ok(mut shared) = edge.shared.try_borrow_mut() {
            let shared = &mut *shared;
            edge.end(shared, self.id.slot, Departure::Lost, Goodbye::Silently);
            shared.fan.release(self.id.slot);
            if let Some(peer) = shared.peers.get_mut(self.id.slot as usize) {
                *peer = Default::default();
            }
            shared.publish();
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::edge::{Application, Edge, EdgeSettings};
    use fchatd_protocol::exchange::{Input, Outputs};

    struct Nothing;

    impl Application for Nothing {
        fn handle(&mut self, _input: Input<'_>, _outputs: &mut Outputs) {}
    }

    #[test]
    fn a_reader_that_panicked_does_not_take_the_buffer_away_from_all() {
        let edge = Edge::new(EdgeSettings::default(), Nothing);
        let mut shared = edge.shared.borrow_mut();
        let size = shared.take_read_buffer().len();
        assert!(size > 0);
        assert_eq!(shared.take_read_buffer().len(), size);
    }
}
