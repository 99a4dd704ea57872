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
use crate::edge::{Application, READ_BYTES, Shared};
use crate::end::Goodbye;
use crate::fan::{Fan, Phase, Socket};
use crate::websocket::{Decoder, Event, Opcode};

/// A connection may read so often before others have their turn.
const READS_PER_POLL: usize = 4;
/// Each time that so much has been read of a connection within a second, counted in reads, the system is told to
/// acknowledge every second segment and not every read. It forgets that when the connection rests, and from people who
/// type, who are the rule, it never hears of it.
const READS_PER_HINT: u32 = 16;
/// Nothing more is read in a turn whose inputs have grown over this: what then waits, waits in the sockets.
const INPUT_BYTES_MAX: usize = 8 << 20;

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
}

impl<A: Application + 'static> Reader<A> {
    /// Takes a socket whose handshake is done.
    pub(crate) fn new(place: Place<A>, greeted: Greeted) -> Self {
        let edge = Rc::clone(&place.0);
        let (socket, writer) = greeted.stream.into_split();
        let window = greeted.agreement.map_or(0, |agreement| agreement.window);
        let id = edge.shared.borrow_mut().open(writer, greeted.address, window);
        edge.wake_turn();
        let mut reader = Self {
            decoder: Decoder::new(edge.decoder_options(greeted.agreement.is_some())),
            place,
            socket,
            id,
            reads: 0,
        };
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

    /// Takes what was read.
    fn take(&mut self, shared: &mut Shared<A>, bytes: &mut [u8]) {
        let slot = self.id.slot;
        let phase = shared.fan.phase(slot);
        if phase == Phase::Lingering {
            return;
        }
        let is_apart = shared.application.elsewhere().is_some();
        let (mut close, mut pongs) = (None, Vec::new());
        let (inputs, fan) = (&mut shared.inputs, &mut shared.fan);
        let before = inputs.len();
        let outcome = self.decoder.receive(bytes, &mut shared.inflater, &mut |event| {
            match event {
                Event::Text(text) if phase == Phase::Open => {
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
            ControlFlow::Continue(())
        });
        if let Err(violation) = outcome {
            let goodbye = Goodbye::Say(violation.code, violation.reason);
            shared.parting.push((self.id, Departure::Violation, goodbye));
        } else if let Some(code) = close {
            shared
                .parting
                .push((self.id, Departure::Goodbye, Goodbye::Reply(code)));
        }
        if is_apart {
            if !pongs.is_empty() {
                // As if the application were here, a pong tells that it sees what came before the ping before anything
                // that is sent later, and that all has been written that somebody else knows of already.
                self.place.0.catch_up(shared);
                self.place.0.hand_over(shared);
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
            match shared.fan.resume(slot) {
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
        if shared.inputs.bytes() > INPUT_BYTES_MAX {
            // The core has enough to do: read on when it has had its turn.
            shared.paused.push(context.waker().clone());
            return Poll::Pending;
        }
        let mut buffer = shared.take_read_buffer();
        let mut done = Poll::Pending;
        let before = shared.inputs.bytes();
        for turn in 0..=READS_PER_POLL {
            // Little that was read may be much when it is not compressed any more.
            if turn == READS_PER_POLL
                || shared.inputs.bytes().saturating_sub(before) > READS_PER_POLL * READ_BYTES
            {
                context.waker().wake_by_ref();
                break;
            }
            // It parts in the next turn, which wakes this task. The end of the stream, often right behind a close
            // frame, must not be taken for the reason.
            if this.decoder.is_finished() && shared.is_known(slot) {
                break;
            }
            let mut read = ReadBuf::new(&mut buffer);
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
