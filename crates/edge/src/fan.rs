//! Fan-out: from one operation of the core to bytes for many sockets.
//!
//! All frames of a turn stand once in one byte log. What a connection is to get is a range of that log; frames
//! that follow each other for a connection extend its range, so that most connections are written with a single
//! call on a single range, without a copy. Only a connection that skipped a frame (the sender of a message, a
//! member of several channels) has more than one range. At the end of the turn every touched socket is written
//! once, and the log is cleared. What a socket does not take goes to a backlog of its own, which no other
//! connection has.
//!
//! Connections with compression have a log of their own, in which frames stand as these connections get them
//! ([`deflated`]): so nothing changes for the others.

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
use crate::members::{Audience, Membership};
use crate::websocket::Opcode;
use crate::websocket::encode;

/// The log is flushed in the middle of a turn when it has grown over this.
const LOG_BYTES_MAX: usize = 4 << 20;
/// The same for the number of its ranges that are kept for connections which skipped a frame.
const RANGES_MAX: usize = 1 << 18;

/// The writing side of a socket that never blocks.
pub(crate) trait Socket {
    /// Writes some of `bytes`; [`io::ErrorKind::WouldBlock`] when the socket is full.
    ///
    /// # Errors
    /// Those of the socket.
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Writes some of `pieces` in one call.
    ///
    /// # Errors
    /// Those of the socket.
    fn try_write_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize>;

    /// The socket as the system knows it, if it is one.
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

/// What a connection is to get of the log, and where it stands in its life: what fan-out touches.
#[derive(Debug, Clone, Copy)]
struct Lane {
    /// The range that grows; empty when `start == end`.
    start: u32,
    end: u32,
    /// Which of the lists of finished ranges is this connection's; [`NONE`] for most.
    finished: u32,
    generation: u32,
    phase: Phase,
    touched: bool,
    blocked: bool,
    /// Which log its ranges are of: 0 for the plain one, else that of compressed frames. Then this is also how far
    /// back they may refer, as a power of two, in bytes.
    window: u8,
}

const NONE: u32 = u32::MAX;

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The slot is free.
    Free,
    /// Frames flow both ways.
    Open,
    /// The core has closed it: nothing is taken from it any more, what is queued still goes out.
    Closing,
    /// The core does not know it any more; only the last bytes are on their way.
    Lingering,
}

/// What is needed of a connection only when its socket is written or its memberships change.
#[derive(Debug)]
struct Cold<S> {
    socket: Option<S>,
    /// Boxed, because most connections have none.
    backlog: Option<Box<Backlog>>,
    membership: Membership,
    /// Whether it has identified, and may have the larger outbox.
    has_identified: bool,
}

/// Something that the edge has to do about a connection after applying or flushing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// The socket is full: wait until it can be written again.
    Blocked(u32),
    /// The outbox grew over its limit: cut the connection off. Its socket is already gone.
    Overflow(u32),
    /// All outboxes together grew over their limit, and this one is among the largest: as for an overflow.
    Relieved(u32),
    /// The connection has identified.
    Identified(u32),
    /// The socket is broken, and gone.
    Broken(u32),
    /// The core closes the connection: after the delay in milliseconds, end it.
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

/// The sockets of one edge and what they are to get.
#[derive(Debug)]
pub(crate) struct Fan<S> {
    edge: u16,
    /// Bounds what waits for one connection.
    pub(crate) outbox_bytes_max: usize,
    /// The same before it has identified.
    pub(crate) early_outbox_bytes_max: usize,
    /// Bounds what waits for all connections together.
    pub(crate) common: Arc<Common>,
    log: Vec<u8>,
    /// What connections with compression are to get.
    pub(crate) deflated: Deflated,
    lanes: Vec<Lane>,
    cold: Vec<Option<Box<Cold<S>>>>,
    free: Vec<u32>,
    touched: Vec<u32>,
    finished: Vec<Vec<(u32, u32)>>,
    finished_used: usize,
    /// How many finished ranges there are.
    ranges: usize,
    channels: Vec<Audience>,
    everyone: Audience,
    scratch: Vec<u8>,
    events: Vec<Event>,
    /// What is sent now waits for this commit; 0 for none.
    awaited: u64,
    /// All commits up to this one are on disk.
    stored: u64,
    /// Slots with something that waits for a commit.
    holding: Vec<u32>,
    /// Frames handed to connections since the start.
    pub(crate) deliveries: u64,
    /// Writes to many sockets at once, where the system has that.
    pub(crate) ring: Option<Ring>,
}

impl<S: Socket> Fan<S> {
    /// No connections yet. `outbox_bytes_max` bounds what waits for one connection.
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
            ring: None,
        }
    }

    /// Takes a socket in. `window` is how far back compressed messages may refer, as a power of two, in bytes; 0
    /// without compression.
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

    /// How far the connection in a slot has come.
    pub(crate) fn phase(&self, slot: u32) -> Phase {
        self.lanes
            .get(slot as usize)
            .map_or(Phase::Free, |lane| lane.phase)
    }

    /// Moves a connection on. From [`Phase::Lingering`] on it is in no audience.
    pub(crate) fn set_phase(&mut self, slot: u32, phase: Phase) {
        if phase == Phase::Lingering {
            self.withdraw(slot);
        }
        if let Some(lane) = self.lanes.get_mut(slot as usize) {
            lane.phase = phase;
        }
    }

    /// Lets go of a connection and its socket; the slot is free for another.
    #[expect(
        clippy::indexing_slicing,
        reason = "slots and channels are places in the tables of the fan"
    )]
    pub(crate) fn release(&mut self, slot: u32) {
        self.flush();
        self.withdraw(slot);
        self.cold[slot as usize] = None;
        // They must not meet the next user of the slot.
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

    /// How many connections there are.
    pub(crate) fn len(&self) -> usize {
        self.lanes.len() - self.free.len()
    }

    /// The socket of a connection.
    pub(crate) fn socket(&self, slot: u32) -> Option<&S> {
        self.cold.get(slot as usize)?.as_ref()?.socket.as_ref()
    }

    /// Whether the connection's socket did not take everything that may go out.
    pub(crate) fn is_blocked(&self, slot: u32) -> bool {
        self.lanes.get(slot as usize).is_some_and(|lane| lane.blocked) && !self.only_waits(slot)
    }

    /// The weight of what a connection has not taken, in bytes.
    pub(crate) fn backlog(&self, slot: u32) -> usize {
        match self.cold.get(slot as usize) {
            Some(Some(cold)) => cold.backlog.as_ref().map_or(0, |backlog| backlog.weight()),
            _ => 0,
        }
    }

    /// What there is to do about connections since the last call.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Carries out what the core wants, in order.
    #[expect(
        clippy::indexing_slicing,
        reason = "slots and channels are places in the tables of the fan"
    )]
    pub(crate) fn apply(&mut self, outputs: &Outputs) {
        for &operation in &outputs.operations {
            match operation {
                Operation::Send { connection, frame } => {
                    if let Some(slot) = self.slot_of(connection) {
                        let range = self.append_for(slot, Opcode::Text, outputs.bytes_of(frame));
                        if self.awaited == 0 {
                            self.push(slot, range);
                        } else {
                            self.hold(slot, range);
                        }
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
                }
                Operation::SendEveryone { frame } => {
                    let audience = std::mem::take(&mut self.everyone);
                    self.push_all(&audience, None, outputs.bytes_of(frame));
                    self.everyone = audience;
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
        // What the edge sends of its own accord waits for nothing.
        self.awaited = 0;
    }

    /// Queues a frame that the edge itself makes for one connection, such as a pong.
    pub(crate) fn send(&mut self, slot: u32, opcode: Opcode, payload: &[u8]) {
        let range = self.append_for(slot, opcode, payload);
        self.push(slot, range);
    }

    /// Queues one frame for several connections.
    pub(crate) fn send_to(&mut self, slots: impl Iterator<Item = u32>, opcode: Opcode, payload: &[u8]) {
        self.make_room();
        let mut forms = Forms::new(opcode, payload);
        for slot in slots {
            let range = self.form(&mut forms, slot);
            self.push(slot, range);
        }
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

    /// Before a frame is appended: ranges must not move while it is handed out.
    fn make_room(&mut self) {
        if self.log.len() > LOG_BYTES_MAX || self.deflated.len() > LOG_BYTES_MAX || self.ranges > RANGES_MAX {
            self.flush();
        }
    }

    /// Appends a frame for one connection, in the form that it gets.
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
