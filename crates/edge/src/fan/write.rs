//! Writes ranges of the log to sockets: one write for each touched socket; the rest goes to its backlog.

use std::io::{self, IoSlice};
use std::sync::Arc;

use fchatd_protocol::exchange::ConnectionId;
use fchatd_ring::{Ring, Send};

use super::{Charge, Cold, Event, Fan, Kind, Lane, NONE, Phase, Socket};
use crate::backlog::Backlog;
use crate::common::Common;

/// Minimum number of sockets for which io_uring pays off.
const RING_FROM: usize = 4;

/// Average size of pieces, in bytes, below which they are copied together instead of being passed to the
/// kernel one by one.
const COPY_BELOW: usize = 2048;
/// Maximum number of pieces in one vectored write.
const PIECES_MAX: usize = 64;
/// Memory that buffers keep between turns, in bytes.
const KEEP: usize = 256 << 10;
/// Memory that idle buffers keep, in bytes.
const KEEP_AT_REST: usize = 16 << 10;
/// Capacity that a list of finished ranges keeps between turns.
const KEEP_RANGES: usize = 64;

impl<S: Socket> Fan<S> {
    #[cold]
    #[expect(
        clippy::indexing_slicing,
        reason = "slots are places in the tables of the fan, and ranges are within its log"
    )]
    pub(super) fn push_blocked(&mut self, slot: u32, start: u32, end: u32) {
        let log = match self.lanes.get(slot as usize) {
            Some(lane) if lane.window != 0 => self.deflated.log(),
            _ => &self.log,
        };
        let bytes = &log[start as usize..end as usize];
        let outbox = (self.outbox_bytes_max, self.early_outbox_bytes_max);
        let Some(Some(cold)) = self.cold.get_mut(slot as usize) else {
            return;
        };
        if cold.socket.is_none() {
            return;
        }
        let connection = ConnectionId {
            edge: self.edge,
            slot,
            generation: self.lanes[slot as usize].generation,
        };
        let (backlog, bytes_max) = backlog(cold, &self.common, connection, outbox);
        if backlog.weight() + bytes.len() > bytes_max {
            return self.cut(Event::Overflow(slot));
        }
        if self.awaited == 0 {
            backlog.push(bytes);
        } else {
            if !backlog.waits() {
                self.holding.push(slot);
            }
            backlog.push_waiting(bytes, self.awaited);
        }
        if self.common.budget.is_over() {
            self.relieve(Some(slot));
        }
    }

    /// The memory budget is exceeded: cuts off the connections with the largest charges. `slot` has just got
    /// more; if the cuts do not help at once, it is cut off itself.
    #[cold]
    pub(crate) fn relieve(&mut self, slot: Option<u32>) {
        for victim in self.common.relieve(self.edge) {
            self.cut_off(victim);
        }
        if let Some(slot) = slot
            && self.common.budget.is_far_over()
            && self.socket(slot).is_some()
        {
            self.common.count_relieved(1);
            self.cut(Event::Relieved(slot));
        }
    }

    /// Cuts a connection off because the memory budget is exceeded.
    pub(crate) fn cut_off(&mut self, connection: ConnectionId) {
        let is_there = |lane: &Lane| lane.generation == connection.generation && lane.phase != Phase::Free;
        if self.lanes.get(connection.slot as usize).is_some_and(is_there) {
            self.cut(Event::Relieved(connection.slot));
        }
    }

    /// Gives up a socket at once: after a frame that was not accepted no later frame may be sent, and the
    /// backlog would only take memory. Further frames for it go to the cold path, which drops them.
    #[expect(
        clippy::indexing_slicing,
        reason = "slots are places in the tables of the fan, and ranges are within its log"
    )]
    pub(super) fn cut(&mut self, event: Event) {
        let slot = event.slot() as usize;
        if let Some(Some(cold)) = self.cold.get_mut(slot) {
            cold.socket = None;
            cold.backlog = None;
        }
        self.lanes[slot].blocked = true;
        self.events.push(event);
    }

    /// Writes all pending bytes, and releases memory that a burst has needed.
    pub(crate) fn trim(&mut self) {
        self.flush();
        self.log.shrink_to(KEEP_AT_REST);
        self.scratch.shrink_to(KEEP_AT_REST);
        self.deflated.clear(KEEP_AT_REST);
    }

    /// Writes every touched socket once and clears the log.
    pub(crate) fn flush(&mut self) {
        let mut touched = std::mem::take(&mut self.touched);
        if touched.len() >= RING_FROM && self.ring.as_ref().is_some_and(Ring::works) {
            self.flush_by_ring(&mut touched);
        }
        for slot in touched.drain(..) {
            self.flush_one(slot);
        }
        self.touched = touched;
        for list in self.finished.iter_mut().take(self.finished_used) {
            list.clear();
            list.shrink_to(KEEP_RANGES);
        }
        self.finished_used = 0;
        self.ranges = 0;
        self.log.clear();
        self.log.shrink_to(KEEP);
        self.deflated.clear(KEEP);
        self.scratch.shrink_to(KEEP);
    }

    /// Writes with one system call to all connections with a single range, which are nearly all. The others
    /// stay in `touched`.
    #[expect(
        clippy::indexing_slicing,
        reason = "slots are places in the tables of the fan, and ranges are within its log"
    )]
    fn flush_by_ring(&mut self, touched: &mut Vec<u32>) {
        let Some(ring) = &mut self.ring else { return };
        let mut sends = Vec::with_capacity(touched.len());
        let mut slots = Vec::with_capacity(touched.len());
        touched.retain(|&slot| {
            let lane = &mut self.lanes[slot as usize];
            let socket = match self.cold.get(slot as usize) {
                Some(Some(cold)) if lane.finished == NONE => cold.socket.as_ref(),
                _ => None,
            };
            let Some(socket) = socket.and_then(Socket::descriptor) else {
                return true;
            };
            lane.touched = false;
            let log = if lane.window == 0 {
                &self.log[..]
            } else {
                self.deflated.log()
            };
            sends.push(Send {
                socket,
                bytes: &log[lane.start as usize..lane.end as usize],
            });
            slots.push(slot);
            false
        });
        let mut results = Vec::with_capacity(slots.len());
        ring.send_all(&sends, &mut results);
        for (slot, written) in slots.into_iter().zip(results) {
            let lane = &self.lanes[slot as usize];
            let range = (lane.start as usize, lane.end as usize);
            if !matches!(&written, Ok(count) if *count == range.1 - range.0) {
                self.keep_rest(slot, written, [range].into_iter());
            }
        }
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "slots are places in the tables of the fan, and ranges are within its log"
    )]
    fn flush_one(&mut self, slot: u32) {
        let lane = &mut self.lanes[slot as usize];
        lane.touched = false;
        let last = (lane.start as usize, lane.end as usize);
        let window = lane.window;
        let finished = std::mem::replace(&mut lane.finished, NONE);
        let Some(Some(cold)) = self.cold.get_mut(slot as usize) else {
            return;
        };
        let Some(socket) = &cold.socket else { return };
        let list = if finished == NONE {
            &[][..]
        } else {
            &self.finished[finished as usize][..]
        };
        let total: usize = list
            .iter()
            .map(|&(start, end)| (end - start) as usize)
            .sum::<usize>()
            + last.1
            - last.0;
        let pieces = list
            .iter()
            .map(|&(start, end)| (start as usize, end as usize))
            .chain([last]);
        let log = if window == 0 {
            &self.log[..]
        } else {
            self.deflated.log()
        };
        let written = if list.is_empty() {
            socket.try_write(&log[last.0..last.1])
        } else if total / (list.len() + 1) < COPY_BELOW || list.len() >= PIECES_MAX {
            self.scratch.clear();
            pieces
                .clone()
                .for_each(|(start, end)| self.scratch.extend_from_slice(&log[start..end]));
            socket.try_write(&self.scratch)
        } else {
            let slices: Vec<IoSlice<'_>> = pieces
                .clone()
                .map(|(start, end)| IoSlice::new(&log[start..end]))
                .collect();
            socket.try_write_vectored(&slices)
        };
        if !matches!(&written, Ok(count) if *count == total) {
            let pieces: Vec<_> = pieces.collect();
            self.keep_rest(slot, written, pieces.into_iter());
        }
    }

    /// Stores the part of these ranges that a socket has not accepted in its backlog.
    #[cold]
    #[expect(
        clippy::indexing_slicing,
        reason = "slots are places in the tables of the fan, and ranges are within its log"
    )]
    fn keep_rest(
        &mut self,
        slot: u32,
        written: io::Result<usize>,
        pieces: impl Iterator<Item = (usize, usize)>,
    ) {
        let mut skip = match written {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(_) => return self.cut(Event::Broken(slot)),
        };
        let outbox = (self.outbox_bytes_max, self.early_outbox_bytes_max);
        let Some(Some(cold)) = self.cold.get_mut(slot as usize) else {
            return;
        };
        let log = if self.lanes[slot as usize].window == 0 {
            &self.log[..]
        } else {
            self.deflated.log()
        };
        let connection = ConnectionId {
            edge: self.edge,
            slot,
            generation: self.lanes[slot as usize].generation,
        };
        let (backlog, bytes_max) = backlog(cold, &self.common, connection, outbox);
        for (start, end) in pieces {
            let piece = &log[start..end];
            backlog.push(&piece[skip.min(piece.len())..]);
            skip = skip.saturating_sub(piece.len());
        }
        self.lanes[slot as usize].blocked = true;
        if backlog.weight() > bytes_max {
            return self.cut(Event::Overflow(slot));
        }
        self.events.push(Event::Blocked(slot));
        if self.common.budget.is_over() {
            self.relieve(Some(slot));
        }
    }

    /// Writes the backlog of a socket that is writable again, up to the first barrier. Returns true when all
    /// has been sent.
    ///
    /// # Errors
    /// Errors of the socket; it is broken then.
    #[expect(
        clippy::indexing_slicing,
        reason = "slots are places in the tables of the fan, and ranges are within its log"
    )]
    pub(crate) fn resume(&mut self, slot: u32) -> io::Result<bool> {
        let Some(Some(cold)) = self.cold.get_mut(slot as usize) else {
            return Ok(true);
        };
        let Some(socket) = &cold.socket else {
            return Ok(true);
        };
        if let Some(backlog) = &mut cold.backlog {
            while !backlog.bytes().is_empty() {
                match socket.try_write(backlog.bytes()) {
                    Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                    Ok(count) => backlog.advance(count),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                    Err(error) => return Err(error),
                }
            }
        }
        if cold.backlog.as_ref().is_some_and(|backlog| !backlog.is_empty()) {
            return Ok(false);
        }
        cold.backlog = None;
        self.lanes[slot as usize].blocked = false;
        Ok(true)
    }

    /// Closes the writing side after the last byte was sent; false while bytes are queued.
    pub(crate) fn finish_writing(&mut self, slot: u32) -> bool {
        let Some(Some(cold)) = self.cold.get_mut(slot as usize) else {
            return true;
        };
        if cold.backlog.is_none() {
            cold.socket = None;
        }
        cold.socket.is_none()
    }
}

/// The backlog of a connection, created if missing, and its limit in bytes. The limit is the first value of
/// `outbox` once the connection has identified, and the smaller one before.
fn backlog<'a, S>(
    cold: &'a mut Cold<S>,
    common: &Arc<Common>,
    connection: ConnectionId,
    outbox: (usize, usize),
) -> (&'a mut Backlog, usize) {
    let bytes_max = if cold.has_identified {
        outbox.0
    } else {
        outbox.0.min(outbox.1)
    };
    let backlog = cold
        .backlog
        .get_or_insert_with(|| Box::new(Backlog::new(Charge::new(common, connection, Kind::Output))));
    (backlog, bytes_max)
}
