//! Compression of single messages (permessage-deflate, RFC 7692). Every message is compressed independently,
//! in both directions: no state is kept for a connection, one [`Deflater`] and one [`Inflater`] serve all
//! connections of a thread, and a compressed frame is the same for all recipients.

use std::fmt;

use zlib_rs::{Deflate, DeflateFlush, Inflate, InflateFlush, Status};

use super::close::CloseCode;
use super::decode::Violation;

/// The compression window of the server's messages, as a power of two, in bytes. The largest lists that the
/// chat sends have about this size: a window of 32 KiB makes them no smaller.
const WINDOW: u8 = 12;

/// The level of zlib after which more time gains little. Lower levels use fixed codes, which hardly compress
/// messages of a few hundred bytes.
const LEVEL: i32 = 2;

/// The bytes that a flush appends to a compressed message, and that are not sent.
const FLUSHED: [u8; 4] = [0, 0, 0xFF, 0xFF];

/// The bytes appended to a received message: the omitted bytes, and an empty block that ends the stream. Only
/// a complete message ends exactly here.
const TAIL: [u8; 9] = [0, 0, 0xFF, 0xFF, 1, 0, 0, 0xFF, 0xFF];

/// Any deflate stream can be read with this window, as a power of two.
const ANY_WINDOW: u8 = 15;

/// The initial buffer of an inflater, which it keeps between messages, in bytes.
const ROOM: usize = 64 * 1024;

/// The window, as a power of two, that a client needs for a message of `length` bytes compressed by
/// [`Deflater`]; from 8 to 15. A message never refers to data before its beginning.
#[must_use]
pub fn window_needed(length: usize) -> u8 {
    let bits = usize::BITS - length.saturating_sub(1).leading_zeros();
    u8::try_from(bits).unwrap_or(u8::MAX).clamp(8, WINDOW)
}

/// Compresses messages one after another. It needs some hundred KiB from the first message on.
#[derive(Default)]
pub struct Deflater {
    state: Option<Deflate>,
    buffer: Vec<u8>,
}

impl Deflater {
    /// The compressed payload for a frame with the first reserved bit; `None` when it would not be shorter
    /// than the message.
    pub fn compress(&mut self, message: &[u8]) -> Option<&[u8]> {
        let state = match &mut self.state {
            Some(state) => {
                state.reset();
                state
            }
            none => none.insert(Deflate::new(LEVEL, false, WINDOW)),
        };
        let room = message.len() + FLUSHED.len();
        if self.buffer.len() < room {
            self.buffer.resize(room, 0);
        }
        let room = self.buffer.get_mut(..room)?;
        state.compress(message, room, DeflateFlush::SyncFlush).ok()?;
        let written = usize::try_from(state.total_out()).ok()?;
        // Room left over means that all output has been written.
        if written == room.len() {
            return None;
        }
        self.buffer.get(..written)?.strip_suffix(&FLUSHED)
    }

    /// Releases memory that a large message has needed.
    pub fn shrink(&mut self) {
        if self.buffer.len() > ROOM {
            self.buffer = Vec::new();
        }
    }
}

impl fmt::Debug for Deflater {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Deflater").finish_non_exhaustive()
    }
}

/// Inflates messages one after another. It needs no memory before the first message, then some tens of KiB,
/// and while it inflates as much as the largest allowed message.
#[derive(Default)]
pub struct Inflater {
    state: Option<Inflate>,
    buffer: Vec<u8>,
    /// Remaining inflated bytes; unlimited before the first [`Inflater::allow`].
    allowance: Option<usize>,
}

const DAMAGED: Violation = Violation {
    code: CloseCode::InvalidText,
    reason: "compressed message is damaged",
};

const TOO_BIG: Violation = Violation {
    code: CloseCode::TooBig,
    reason: "message larger than the limit",
};

const TOO_MUCH: Violation = Violation {
    code: CloseCode::TooBig,
    reason: "too much at once in compressed messages",
};

impl Inflater {
    /// Limits the inflated bytes of all messages until the next call; there is no limit at first.
    pub(super) fn allow(&mut self, allowance: usize) {
        self.allowance = Some(allowance);
    }

    /// The content of a compressed message, all fragments together. It takes at most `limit` bytes, and no
    /// more memory than that.
    ///
    /// # Errors
    /// 1007 for an invalid deflate stream, 1009 when the content exceeds the limit or the allowance.
    pub fn inflate(&mut self, payload: &[u8], limit: usize) -> Result<&[u8], Violation> {
        let mut state = match self.state.take() {
            Some(mut state) => {
                state.reset(false);
                state
            }
            None => Inflate::new(false, ANY_WINDOW),
        };
        if self.buffer.len() > ROOM {
            self.buffer = Vec::new();
        }
        let result = self.run(&mut state, payload, limit);
        self.state = Some(state);
        let length = result?;
        if let Some(allowance) = &mut self.allowance {
            *allowance = allowance.checked_sub(length).ok_or(TOO_MUCH)?;
        }
        self.buffer.get(..length).ok_or(DAMAGED)
    }

    /// Inflates into the buffer and returns the size of the content.
    fn run(&mut self, state: &mut Inflate, payload: &[u8], limit: usize) -> Result<usize, Violation> {
        let mut length = 0;
        let mut ended = false;
        for part in [payload, &TAIL] {
            let mut input = part;
            loop {
                if length > limit {
                    return Err(TOO_BIG);
                }
                if length == self.buffer.len() {
                    // One byte more than allowed, to detect an excess.
                    let room = (2 * length).max(ROOM).min(limit.saturating_add(1));
                    // Exact, without doubling: the limit holds for the allocation, too.
                    self.buffer.reserve_exact(room.saturating_sub(length));
                    self.buffer.resize(room, 0);
                }
                let room = self.buffer.get_mut(length..).unwrap_or_default();
                let (taken, given) = (state.total_in(), state.total_out());
                let status = state
                    .decompress(input, room, InflateFlush::NoFlush)
                    .map_err(|_| DAMAGED)?;
                let taken = (state.total_in() - taken) as usize;
                let given = (state.total_out() - given) as usize;
                input = input.get(taken..).unwrap_or_default();
                length += given;
                ended = status == Status::StreamEnd;
                if ended {
                    // Senders may end a stream inside a message; the following bytes are a separate stream.
                    state.reset(false);
                }
                if input.is_empty() && (ended || length < self.buffer.len()) {
                    break;
                }
                if taken == 0 && given == 0 && !ended {
                    return Err(DAMAGED);
                }
            }
        }
        if length > limit {
            return Err(TOO_BIG);
        }
        if ended { Ok(length) } else { Err(DAMAGED) }
    }

    /// Size of its buffer, in bytes.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.buffer.capacity()
    }
}

impl fmt::Debug for Inflater {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Inflater").finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "deflate_tests.rs"]
mod tests;
