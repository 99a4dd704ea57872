//! The task of one WebSocket connection: reads, decodes, and writes what waited for a full socket.

use std::future::Future;
use std::io;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use fchatd_protocol::exchange::{ConnectionId, Departure, Input};
use socket2::SockRef;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::tcp::OwnedReadHalf;

use crate::accept::{Greeted, Place};
use crate::budget::{Charge, Kind};
use crate::edge::{Application, READ_BYTES, Shared};
use crate::end::Goodbye;
use crate::fan::{Fan, Phase, Socket};
use crate::turn::{FRAME_COST, INPUTS_MAX};
use crate::websocket::{Decoder, Event, Opcode};

/// A connection may read so often in a turn.
const READS_PER_POLL: usize = 4;
/// One read takes at most this much beside the rest of a frame that has begun, in bytes. So what a client sends beyond its
/// share of the turn waits in the kernel, and little of it here.
const READ_AHEAD: usize = 4096;
/// The close code of a page that is reloaded or left (RFC 6455, section 7.4.1).
const GOING_AWAY: u16 = 1001;
/// So much of a message that is not complete is held without being charged, in bytes.
const UNCHARGED: usize = 4096;
/// Each time that so much has been read of a connection within a second, counted in reads, the system is told to
/// acknowledge every second segment and not every read. It forgets that when the connection rests, and from people who
/// type, who are the rule, it never hears of it.
const READS_PER_HINT: u32 = 16;

impl Socket for tokio::net::tcp::OwnedWriteHalf {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        // Not by way of the runtime, which would look first whether it believes the socket to be writable: that is
        // memory of its own for each connection, and in a fan-out always cold. It hears only of full sockets.
        match SockRef::from(self.as_ref()).send(bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                tokio::net::tcp::OwnedWriteHalf::try_write(self, bytes)
            }
            written => written,
        }
    }

    fn try_write_vectored(&self, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
        tokio::net::tcp::OwnedWriteHalf::try_write_vectored(self, pieces)
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.as_ref().as_fd())
    }
}

/// Reads one connection to its end.
pub(crate) struct Reader<A: Application + 'static> {
    place: Place<A>,
    socket: OwnedReadHalf,
    decoder: Decoder,
    id: ConnectionId,
    /// How often something was read in the second in which something last came.
    reads: u32,
    /// The part of its share that it has used, counted in [`FRAME_COST`] and bytes, and the turn up to which that counts.
    spent: usize,
    turn: u64,
    /// The turn for which it waits already.
    awaited: u64,
    /// The state that few connections have: boxed, because most have none.
    excess: Option<Box<Excess>>,
}

/// The input of a connection that is held between two polls.
struct Excess {
    /// Bytes that were read and not decoded, because the connection has had its share of the turn.
    rest: Vec<u8>,
    charge: Charge,
}

impl<A: Application + 'static> Reader<A> {
    /// Takes a socket whose handshake is done.
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

    /// Ends a connection that came while the edge stops.
    pub(crate) fn part(&self, goodbye: Goodbye) {
        let edge = &self.place.0;
        let shared = &mut *edge.shared.borrow_mut();
        if shared.is_known(self.id.slot) {
            edge.part(shared, self.id.slot, goodbye);
        }
    }

    /// Takes what was read, as far as the connection has not had its share of the turn, and keeps the rest.
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
        let (inputs, fan) = (&mut shared.inputs, &mut shared.fan);
        let before = inputs.len();
        let outcome = self
            .decoder
            .receive_some(bytes, &mut shared.inflater, &mut |event| {
                *spent += FRAME_COST;
                match event {
                    Event::Text(text) if phase == Phase::Open => {
                        *spent += text.len();
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
        shared.gauges.commands += (shared.inputs.len() - before) as u64;
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
                // As if the application were here, a pong tells that it sees what came before the ping before anything
                // that is sent later, and that all has been written that somebody else knows of already.
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

    /// Keeps what was read and not decoded, and charges the memory that the connection's input takes.
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

    /// Takes what was kept; false when there is nothing.
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

    /// Whether the connection has had its share of the turn. Then it is woken when that has been handled.
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

    /// Has the connection read on after the turn.
    fn wait(&mut self, shared: &mut Shared<A>, context: &Context<'_>) {
        if self.awaited != self.turn {
            self.awaited = self.turn;
            shared.pause(self.turn, context.waker());
        }
        self.place.0.wake_turn();
    }

    /// How much one read may take, in bytes.
    fn read_max(&self, shared: &Shared<A>) -> usize {
        if self.is_lingering(shared) {
            READ_BYTES
        } else {
            READ_BYTES.min(READ_AHEAD + self.decoder.expected())
        }
    }

    /// Whether what still comes is only thrown away.
    fn is_lingering(&self, shared: &Shared<A>) -> bool {
        shared.fan.phase(self.id.slot) == Phase::Lingering
    }

    /// Writes what waits while the socket takes it; `Ready` when the connection is broken.
    fn poll_backlog(&self, shared: &mut Shared<A>, context: &mut Context<'_>) -> Poll<()> {
        let slot = self.id.slot;
        while shared.fan.is_blocked(slot) {
            let Some(socket) = shared.fan.socket(slot) else {
                return Poll::Pending;
            };
            if ready!(socket.as_ref().poll_write_ready(context)).is_err() {
                return Poll::Ready(());
            }
            // It may be too busy with reading to be read, but it is not silent.
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
            // It parts in the next turn, which wakes this task. The end of the stream, often right behind a close
            // frame, must not be taken for the reason.
            if this.decoder.is_finished() && shared.is_known(slot) {
                break;
            }
            if this.take_rest(shared) {
                continue;
            }
            let read_max = this.read_max(shared);
            let mut read = ReadBuf::new(buffer.get_mut(..read_max).unwrap_or_default());
            match Pin::new(&mut this.socket).poll_read(context, &mut read) {
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
                        let _ = this.socket.as_ref().set_quickack(false);
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
        // Also reached when the task panicked; then the core still has to hear of the end.
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
