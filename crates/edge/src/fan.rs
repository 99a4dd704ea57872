//! Fan-out: turns one operation of the core into bytes for many sockets.
//!
//! All frames of a turn are stored once in one byte log. A connection's output is a range of that log.
//! Consecutive frames for a connection extend its range, so most connections are written by a single call on
//! a single range, without a copy. Only a connection that skipped a frame (the sender of a message, a member
//! of several channels) has several ranges. At the end of the turn every touched socket is written once, and
//! the log is cleared. Bytes that a socket does not accept go to the backlog of that connection.
//!
//! Connections with compression have a separate log with the frames in the form that these connections get
//! ([`deflated`]). The other connections are not affected.

mod audiences;
mod deflated;
mod hold;
mod repeated;
mod write;

use std::io::{self, IoSlice};
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use fchatd_protocol::exchange::{ConnectionId, Operation, Outputs};
use fchatd_ring::Ring;

use crate::backlog::Backlog;
use crate::budget::{Charge, Kind};
use crate::common::Common;
use crate::fan::deflated::{Deflated, Forms};
use crate::kinds::{PING, Tally, kind_of};
use crate::members::{Audience, Membership};
use crate::websocket::Opcode;
use crate::websocket::encode;

/// Size of the log, in bytes, at which it is flushed in the middle of a turn.
const LOG_BYTES_MAX: usize = 4 << 20;
/// Number of finished ranges, of connections that skipped a frame, at which the log is flushed.
const RANGES_MAX: usize = 1 << 18;

/// The writing side of a socket that never blocks.
pub(crate) trait Socket {
    /// Writes some of `bytes`; [`io::ErrorKind::WouldBlock`] when the socket is full.
    ///
    /// # Errors
    /// Errors of the socket.
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Writes some of `pieces` in one call.
    ///
    /// # Errors
    /// Errors of the socket.
    fn try_write_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize>;

    /// The file descriptor of the socket, if it has one.
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

/// A connection's range of the log and its phase: the data that each fan-out touches.
#[derive(Debug, Clone, Copy)]
struct Lane {
    /// The current range; empty when `start == end`.
    start: u32,
    end: u32,
    /// Index of this connection's list of finished ranges; [`NONE`] for most connections.
    finished: u32,
    generation: u32,
    phase: Phase,
    touched: bool,
    blocked: bool,
    /// The log that the ranges belong to: 0 for the plain log, else the log of compressed frames. In that
    /// case the value is the compression window, as a power of two, in bytes.
    window: u8,
}

const NONE: u32 = u32::MAX;

/// The phase of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The slot is free.
    Free,
    /// Frames flow both ways.
    Open,
    /// The core has closed it: no input is read any more, queued frames are still sent.
    Closing,
    /// The core does not know it any more; only the last bytes are still sent.
    Lingering,
}

/// The data of a connection that is needed only when its socket is written or its memberships change.
#[derive(Debug)]
struct Cold<S> {
    socket: Option<S>,
    /// Boxed, because most connections have none.
    backlog: Option<Box<Backlog>>,
    membership: Membership,
    /// Whether it has identified and may use the larger outbox.
    has_identified: bool,
}

/// Work for the edge that results from applying or flushing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// The socket is full: wait until it is writable.
    Blocked(u32),
    /// The outbox exceeded its limit: cut the connection off. Its socket is already closed.
    Overflow(u32),
    /// All outboxes together exceeded their limit, and this one is among the largest. Handled like an
    /// overflow.
    Relieved(u32),
    /// The connection has identified.
    Identified(u32),
    /// The socket is broken and closed.
    Broken(u32),
    /// The core closes the connection: end it after the delay in milliseconds.
    Close(u32, u32),
}

impl Event {
    fn slot(self) -> u32 {
        match self {
            Self::Blocked(slot)
            | Self::Overflow(slot)
            | Self::Relieved(slot)
            | Self::Identified(slot)
            | Self::Broken(slot)
            | Self::Close(slot, _) => slot,
        }
    }
}

/// The sockets of one edge and their pending output.
#[derive(Debug)]
pub(crate) struct Fan<S> {
    edge: u16,
    /// Maximum number of queued bytes of one connection.
    pub(crate) outbox_bytes_max: usize,
    /// The same limit before the connection has identified.
    pub(crate) early_outbox_bytes_max: usize,
    /// Holds the memory budget of all connections.
    pub(crate) common: Arc<Common>,
    log: Vec<u8>,
    /// The output of connections with compression.
    pub(crate) deflated: Deflated,
    lanes: Vec<Lane>,
    cold: Vec<Option<Box<Cold<S>>>>,
    free: Vec<u32>,
    touched: Vec<u32>,
    finished: Vec<Vec<(u32, u32)>>,
    finished_used: usize,
    /// Number of finished ranges.
    ranges: usize,
    channels: Vec<Audience>,
    everyone: Audience,
    scratch: Vec<u8>,
    events: Vec<Event>,
    /// The commit that frames sent now wait for; 0 for none.
    awaited: u64,
    /// All commits up to this one are on disk.
    stored: u64,
    /// Slots with frames that wait for a commit.
    holding: Vec<u32>,
    /// Frames handed to connections since the start.
    pub(crate) deliveries: u64,
    /// The same by kind.
    pub(crate) by_kind: Tally,
    /// Writes to many sockets at once by io_uring, where the system supports it.
    pub(crate) ring: Option<Ring>,
}

impl<S: Socket> Fan<S> {
    /// A fan without connections. `outbox_bytes_max` limits the queued bytes of one connection.
    pub(crate) fn new(edge: u16, outbox_bytes_max: usize) -> Self {
        Self {
            edge,
            outbox_bytes_max,
            early_outbox_bytes_max: outbox_bytes_max,
            common: Common::new(usize::from(edge) + 1, usize::MAX),
            log: Vec::new(),
            deflated: Deflated::default(),
            lanes: Vec::new(),
            cold: Vec::new(),
            free: Vec::new(),
            touched: Vec::new(),
            finished: Vec::new(),
            finished_used: 0,
            ranges: 0,
            channels: Vec::new(),
            everyone: Audience::default(),
            scratch: Vec::new(),
            events: Vec::new(),
            awaited: 0,
            stored: 0,
            holding: Vec::new(),
            deliveries: 0,
            by_kind: Tally::default(),
            ring: None,
        }
    }

    /// Registers a socket. `window` is the compression window, as a power of two, in bytes; 0 without
    /// compression.
    #[expect(
        clippy::indexing_slicing,
        reason = "slots and channels are places in the tables of the fan"
    )]
    pub(crate) fn open(&mut self, socket: S, window: u8) -> ConnectionId {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.lanes.push(Lane {
                start: 0,
                end: 0,
                finished: NONE,
                generation: 0,
                phase: Phase::Free,
                touched: false,
                blocked: false,
                window: 0,
            });
            self.cold.push(None);
            self.lanes.len() as u32 - 1
        });
        let lane = &mut self.lanes[slot as usize];
        lane.phase = Phase::Open;
        lane.window = window;
        self.deflated.connections += usize::from(window != 0);
        let generation = lane.generation;
        let cold = Cold {
            socket: Some(socket),
            backlog: None,
            membership: Membership::default(),
            has_identified: false,
        };
        self.cold[slot as usize] = Some(Box::new(cold));
        ConnectionId {
            edge: self.edge,
            slot,
            generation,
        }
    }

    /// The phase of the connection in a slot.
    pub(crate) fn phase(&self, slot: u32) -> Phase {
        self.lanes
            .get(slot as usize)
            .map_or(Phase::Free, |lane| lane.phase)
    }

    /// Sets the phase of a connection. From [`Phase::Lingering`] on, the connection belongs to no audience.
    pub(crate) fn set_phase(&mut self, slot: u32, phase: Phase) {
        if phase == Phase::Lingering {
            self.withdraw(slot);
        }
        if let Some(lane) = self.lanes.get_mut(slot as usize) {
            lane.phase = phase;
        }
    }

    /// Releases a connection and its socket. The slot can be reused.
    #[expect(
        clippy::indexing_slicing,
        reason = "slots and channels are places in the tables of the fan"
    )]
    pub(crate) fn release(&mut self, slot: u32) {
        self.flush();
        self.withdraw(slot);
        self.cold[slot as usize] = None;
        // Old events must not apply to the next connection in the slot.
        self.events.retain(|event| event.slot() != slot);
        let lane = &mut self.lanes[slot as usize];
        lane.generation = lane.generation.wrapping_add(1);
        lane.phase = Phase::Free;
        lane.blocked = false;
        self.deflated.connections -= usize::from(lane.window != 0);
        self.free.push(slot);
    }

    /// The slots in use.
    pub(crate) fn slots(&self) -> impl Iterator<Item = u32> {
        let used = |&(_, lane): &(usize, &Lane)| lane.phase != Phase::Free;
        self.lanes
            .iter()
            .enumerate()
            .filter(used)
            .map(|(slot, _)| slot as u32)
    }

    /// Number of connections.
    pub(crate) fn len(&self) -> usize {
        self.lanes.len() - self.free.len()
    }

    /// The socket of a connection.
    pub(crate) fn socket(&self, slot: u32) -> Option<&S> {
        self.cold.get(slot as usize)?.as_ref()?.socket.as_ref()
    }

    /// Whether the connection's socket has not accepted all bytes that may be sent.
    pub(crate) fn is_blocked(&self, slot: u32) -> bool {
        self.lanes.get(slot as usize).is_some_and(|lane| lane.blocked) && !self.only_waits(slot)
    }

    /// Weight of the connection's backlog, in bytes.
    pub(crate) fn backlog(&self, slot: u32) -> usize {
        match self.cold.get(slot as usize) {
            Some(Some(cold)) => cold.backlog.as_ref().map_or(0, |backlog| backlog.weight()),
            _ => 0,
        }
    }

    /// The events since the last call.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Applies the core's operations, in order.
    #[expect(
        clippy::indexing_slicing,
        reason = "slots and channels are places in the tables of the fan"
    )]
    pub(crate) fn apply(&mut self, outputs: &Outputs) {
        for &operation in &outputs.operations {
            let before = self.deliveries;
            match operation {
                Operation::Send { connection, frame } => {
                    if let Some(slot) = self.slot_of(connection) {
                        let range = self.append_for(slot, Opcode::Text, outputs.bytes_of(frame));
                        if self.awaited == 0 {
                            self.push(slot, range);
                        } else {
                            self.hold(slot, range);
                        }
                        self.count(before, outputs.bytes_of(frame));
                    }
                }
                Operation::SendChannel {
                    channel,
                    except,
                    frame,
                } => {
                    let Some(audience) = self.channels.get_mut(channel.0 as usize) else {
                        continue;
                    };
                    let audience = std::mem::take(audience);
                    let except = except.and_then(|connection| self.slot_of(connection));
                    self.push_all(&audience, except, outputs.bytes_of(frame));
                    self.channels[channel.0 as usize] = audience;
                    self.count(before, outputs.bytes_of(frame));
                }
                Operation::SendEveryone { frame } => {
                    let audience = std::mem::take(&mut self.everyone);
                    self.push_all(&audience, None, outputs.bytes_of(frame));
                    self.everyone = audience;
                    self.count(before, outputs.bytes_of(frame));
                }
                Operation::Identified { connection } => self.identify(connection),
                Operation::Departed { connection } => {
                    if let Some(slot) = self.slot_of(connection) {
                        self.withdraw(slot);
                    }
                }
                Operation::Join { channel, connection } => self.join(channel, connection),
                Operation::Leave { channel, connection } => self.leave(channel, connection),
                Operation::CloseChannel { channel } => self.close_channel(channel),
                Operation::Await { commit } => self.begin_waiting(commit),
                Operation::Close {
                    connection,
                    delay_milliseconds,
                } => {
                    if let Some(slot) = self.slot_of(connection) {
                        self.lanes[slot as usize].phase = Phase::Closing;
                        self.events.push(Event::Close(slot, delay_milliseconds));
                    }
                }
            }
        }
        // Frames that the edge itself sends wait for no commit.
        self.awaited = 0;
    }

    /// Counts the deliveries of one frame by its kind. `before` is the number of deliveries before them.
    fn count(&mut self, before: u64, frame: &[u8]) {
        self.by_kind.add(kind_of(frame), self.deliveries - before);
    }

    /// Queues a frame that the edge itself creates for one connection, such as a pong.
    pub(crate) fn send(&mut self, slot: u32, opcode: Opcode, payload: &[u8]) {
        let before = self.deliveries;
        let range = self.append_for(slot, opcode, payload);
        self.push(slot, range);
        self.by_kind.add(PING, self.deliveries - before);
    }

    /// Queues one frame for several connections.
    pub(crate) fn send_to(&mut self, slots: impl Iterator<Item = u32>, opcode: Opcode, payload: &[u8]) {
        self.make_room();
        let before = self.deliveries;
        let mut forms = Forms::new(opcode, payload);
        for slot in slots {
            let range = self.form(&mut forms, slot);
            self.push(slot, range);
        }
        self.count(before, payload);
    }

    fn slot_of(&self, connection: ConnectionId) -> Option<u32> {
        if connection.edge != self.edge {
            return None;
        }
        let lane = self.lanes.get(connection.slot as usize)?;
        let known =
            lane.generation == connection.generation && matches!(lane.phase, Phase::Open | Phase::Closing);
        known.then_some(connection.slot)
    }

    /// Flushes full logs before a frame is appended: ranges must not move while the frame is distributed.
    fn make_room(&mut self) {
        if self.log.len() > LOG_BYTES_MAX || self.deflated.len() > LOG_BYTES_MAX || self.ranges > RANGES_MAX {
            self.flush();
        }
    }

    /// Appends a frame for one connection, in the form that this connection gets.
    fn append_for(&mut self, slot: u32, opcode: Opcode, payload: &[u8]) -> (u32, u32) {
        self.make_room();
        match self.lanes.get(slot as usize) {
            Some(lane) if lane.window != 0 => self.deflated.append_alone(lane.window, opcode, payload),
            _ => self.append(opcode, payload),
        }
    }

    fn append(&mut self, opcode: Opcode, payload: &[u8]) -> (u32, u32) {
        let start = self.log.len() as u32;
        encode::write_frame(&mut self.log, opcode, payload);
        (start, self.log.len() as u32)
    }

    fn push_all(&mut self, audience: &Audience, except: Option<u32>, payload: &[u8]) {
        if audience.is_empty() {
            return;
        }
        self.make_room();
        if self.deflated.connections != 0 {
            self.push_forms(audience, except, payload);
            return;
        }
        let range = self.append(Opcode::Text, payload);
        if self.awaited != 0 {
            for slot in audience.iter().filter(|&slot| Some(slot) != except) {
                self.hold(slot, range);
            }
            return;
        }
        for slot in audience.iter() {
            if Some(slot) != except {
                self.push(slot, range);
            }
        }
    }

    #[inline]
    #[expect(
        clippy::indexing_slicing,
        reason = "slots and channels are places in the tables of the fan"
    )]
    fn push(&mut self, slot: u32, (start, end): (u32, u32)) {
        let Some(lane) = self.lanes.get_mut(slot as usize) else {
            return;
        };
        self.deliveries += 1;
        if lane.end == start && lane.touched {
            lane.end = end;
            return;
        }
        if lane.blocked {
            self.push_blocked(slot, start, end);
            return;
        }
        if lane.touched {
            if lane.finished == NONE {
                lane.finished = self.finished_used as u32;
                self.finished_used += 1;
                if self.finished.len() < self.finished_used {
                    self.finished.push(Vec::new());
                }
            }
            self.finished[lane.finished as usize].push((lane.start, lane.end));
            self.ranges += 1;
        } else {
            lane.touched = true;
            self.touched.push(slot);
        }
        lane.start = start;
        lane.end = end;
    }
}

#[cfg(test)]
mod tests;
