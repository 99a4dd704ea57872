//! Decodes bytes of a socket into messages: unmasking, fragments, limits, UTF-8 (RFC 6455, sections 5 to 8).

use std::ops::ControlFlow;

use super::close::{self, CloseCode};
use super::deflate::Inflater;
use super::frame::{Frame, MAX_CONTROL, MAX_HEADER, Opcode};
use super::mask;

/// Default maximum size of a client's message, in bytes (docs/protocol.md, limits).
pub const DEFAULT_MAX_MESSAGE: usize = 512 * 1024;

/// Minimum limit on the inflated size of all compressed messages of one read, in bytes.
const INFLATED_MIN: usize = 1 << 20;

/// An event from a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// A complete text message.
    Text(&'a str),
    /// A complete binary message.
    Binary(&'a [u8]),
    /// A ping, at most 125 bytes: answer with a pong of the same payload.
    Ping(&'a [u8]),
    /// A pong; no answer is needed.
    Pong,
    /// A close frame: answer with a close frame (unless one was sent already), then end the connection.
    Close {
        /// The client's valid code, or `None` when the frame was empty.
        code: Option<u16>,
        /// The client's reason, often empty.
        reason: &'a str,
    },
}

/// A violation of the protocol: send this as a close frame, then end the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{reason} ({})", code.number())]
pub struct Violation {
    /// The code for the close frame.
    pub code: CloseCode,
    /// The reason for the close frame and the log.
    pub reason: &'static str,
}

/// The limits and features of a [`Decoder`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Maximum size of a message in bytes, all fragments together, uncompressed. A larger message is a
    /// violation with code 1009. This is also the limit of the decoder's buffer, plus a sixteenth for a
    /// compressed message.
    pub max_message: usize,
    /// Whether binary messages are accepted; if not, a binary message is a violation with code 1003.
    pub accepts_binary: bool,
    /// Whether compression was negotiated ([`super::extension`]).
    pub deflate: bool,
}

impl Default for Options {
    /// The chat's options: text messages of at most [`DEFAULT_MAX_MESSAGE`].
    fn default() -> Self {
        Self {
            max_message: DEFAULT_MAX_MESSAGE,
            accepts_binary: false,
            deflate: false,
        }
    }
}

/// Decodes the input of one client. It owns no buffer between complete messages.
#[derive(Debug)]
pub struct Decoder {
    max_message: usize,
    accepts_binary: bool,
    deflate: bool,
    finished: bool,
    unfinished: Option<Box<Unfinished>>,
}

/// The incomplete parts of earlier reads. Allocated separately, because most reads end at the end of a frame.
#[derive(Debug, Default)]
struct Unfinished {
    /// The first bytes of an incomplete header.
    header: [u8; MAX_HEADER],
    /// Number of these bytes; always fewer than a complete header.
    header_length: usize,
    /// The frame with an incomplete payload.
    frame: Option<Frame>,
    /// The received, unmasked part of that frame if it is a control frame.
    control: Vec<u8>,
    /// The incomplete message.
    message: Option<Message>,
}

#[derive(Debug)]
struct Message {
    is_text: bool,
    /// A compressed message is inflated when it is complete.
    compressed: bool,
    /// Unmasked payload.
    bytes: Vec<u8>,
    /// Number of bytes of a text that are validated as complete characters.
    checked: usize,
}

pub(super) const INVALID_TEXT: Violation = Violation {
    code: CloseCode::InvalidText,
    reason: "text is not UTF-8",
};

pub(super) const fn protocol(reason: &'static str) -> Violation {
    Violation {
        code: CloseCode::Protocol,
        reason,
    }
}

/// The reason why delivery stops before the end of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// The client has sent a close frame.
    Closed,
    /// The receiver of the events has asked for a pause.
    Paused,
}

/// `Break` when delivery stops.
type Progress = Result<ControlFlow<Stop>, Violation>;

impl Decoder {
    /// A decoder for a new connection.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            max_message: options.max_message,
            accepts_binary: options.accepts_binary,
            deflate: options.deflate,
            finished: false,
            unfinished: None,
        }
    }

    /// Takes the bytes of one read, unmasks them in place and delivers all complete messages, in order.
    /// Frames that are complete in `bytes` are delivered from there without a copy. `inflater` may be shared
    /// with other connections.
    ///
    /// The decoder is finished after a close frame, after a `Break` of `deliver`, and after an error: it
    /// delivers no further events and ignores further bytes.
    ///
    /// # Errors
    /// [`Violation`] when the client broke the protocol; earlier events have been delivered. Also when the
    /// messages of one read inflate to more than twice the maximum message size: reading must not outrun the
    /// handling of messages.
    pub fn receive(
        &mut self,
        bytes: &mut [u8],
        inflater: &mut Inflater,
        deliver: &mut impl FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Result<(), Violation> {
        let mut stopped = false;
        self.receive_some(bytes, inflater, &mut |event| {
            let flow = deliver(event);
            stopped |= flow.is_break();
            flow
        })?;
        if stopped {
            self.finish();
        }
        Ok(())
    }

    /// Like [`Decoder::receive`], but `Break` only ends this call: the result is the number of used bytes.
    /// The caller passes the rest again, in front of later input.
    ///
    /// # Errors
    /// As for [`Decoder::receive`].
    pub fn receive_some(
        &mut self,
        bytes: &mut [u8],
        inflater: &mut Inflater,
        deliver: &mut impl FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Result<usize, Violation> {
        let total = bytes.len();
        if self.finished {
            return Ok(total);
        }
        inflater.allow(self.max_message.saturating_mul(2).max(INFLATED_MIN));
        let mut left = bytes;
        let progress = self.consume(&mut left, inflater, deliver);
        if matches!(progress, Err(_) | Ok(ControlFlow::Break(Stop::Closed))) {
            self.finish();
            return progress.map(|_| total);
        }
        self.unfinished.take_if(|unfinished| unfinished.is_empty());
        // The first bytes of a header are kept, and so count as used.
        let unused = if progress == Ok(ControlFlow::Continue(())) {
            0
        } else {
            left.len()
        };
        Ok(total - unused)
    }

    fn finish(&mut self) {
        self.finished = true;
        self.unfinished = None;
    }

    /// Number of missing bytes in the payload of an incomplete frame.
    #[must_use]
    pub fn expected(&self) -> usize {
        let unfinished = self.unfinished.as_ref();
        unfinished
            .and_then(|unfinished| unfinished.frame.as_ref())
            .map_or(0, |frame| frame.remaining)
    }

    /// Whether no further events will be delivered; see [`Decoder::receive`].
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// Size of the decoder's buffers for a client's input, in bytes; 0 between messages.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.unfinished.as_ref().map_or(0, |unfinished| {
            let message = unfinished
                .message
                .as_ref()
                .map_or(0, |message| message.bytes.capacity());
            unfinished.header_length + unfinished.control.capacity() + message
        })
    }

    fn consume(
        &mut self,
        input: &mut &mut [u8],
        inflater: &mut Inflater,
        deliver: &mut impl FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Progress {
        while !input.is_empty() {
            let begun = self
                .unfinished
                .as_mut()
                .and_then(|unfinished| unfinished.frame.take());
            let is_begun = begun.is_some();
            let mut frame = match begun {
                Some(frame) => frame,
                None => match self.take_header(input)? {
                    Some(frame) => frame,
                    None => break,
                },
            };

            let available = frame.remaining.min(input.len());
            let (payload, rest) = std::mem::take(input).split_at_mut(available);
            *input = rest;
            mask::unmask(payload, frame.mask);
            frame.mask = mask::advance(frame.mask, available);
            frame.remaining -= available;

            let flow = if frame.opcode.is_control() {
                self.control(frame, is_begun, payload, deliver)?
            } else {
                self.data(frame, is_begun, payload, inflater, deliver)?
            };
            if flow.is_break() {
                return Ok(flow);
            }
            if frame.remaining > 0 {
                self.unfinished_mut().frame = Some(frame);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Takes a header, or the rest of one, from the front of the input. `None` when it is still incomplete;
    /// all input is used up in that case.
    #[expect(clippy::indexing_slicing, reason = "lengths are checked")]
    fn take_header(&mut self, input: &mut &mut [u8]) -> Result<Option<Frame>, Violation> {
        let kept = self
            .unfinished
            .as_ref()
            .map_or(0, |unfinished| unfinished.header_length);
        let (parsed, used) = if kept == 0 {
            let parsed = Frame::parse(input, self.deflate)?;
            if parsed.is_none() {
                self.keep_header(0, input);
            }
            (parsed, 0)
        } else {
            self.keep_header(kept, input);
            let deflate = self.deflate;
            let unfinished = self.unfinished_mut();
            let parsed = Frame::parse(&unfinished.header[..unfinished.header_length], deflate)?;
            if parsed.is_some() {
                unfinished.header_length = 0;
            }
            (parsed, kept)
        };
        let Some((frame, size)) = parsed else {
            return Ok(None);
        };
        self.admit(&frame)?;
        *input = std::mem::take(input).get_mut(size - used..).unwrap_or_default();
        Ok(Some(frame))
    }

    /// Copies the front of the input behind the `kept` bytes of a header, as far as a header can reach.
    #[expect(clippy::indexing_slicing, reason = "lengths are checked")]
    fn keep_header(&mut self, kept: usize, input: &[u8]) {
        let unfinished = self.unfinished_mut();
        let room = &mut unfinished.header[kept..];
        let count = room.len().min(input.len());
        room[..count].copy_from_slice(&input[..count]);
        unfinished.header_length = kept + count;
    }

    /// Checks a header against the state of the message and the limits. So a frame that will not be accepted
    /// is refused before its payload is stored.
    fn admit(&self, frame: &Frame) -> Result<(), Violation> {
        if frame.opcode.is_control() {
            return Ok(());
        }
        let message = self
            .unfinished
            .as_ref()
            .and_then(|unfinished| unfinished.message.as_ref());
        match (frame.opcode, message) {
            (Opcode::Continuation, None) => return Err(protocol("continuation of no message")),
            (Opcode::Text | Opcode::Binary, Some(_)) => {
                return Err(protocol("new message inside a fragmented one"));
            }
            (Opcode::Binary, None) if !self.accepts_binary => {
                return Err(Violation {
                    code: CloseCode::Unsupported,
                    reason: "send text, not binary messages",
                });
            }
            _ => {}
        }
        let length = message.map_or(0, |message| message.bytes.len());
        let limit = payload_max(
            self.max_message,
            message.map_or(frame.compressed, |message| message.compressed),
        );
        if frame.remaining > limit.saturating_sub(length) {
            return Err(Violation {
                code: CloseCode::TooBig,
                reason: "message larger than the limit",
            });
        }
        Ok(())
    }

    /// Handles a control frame or a part of one.
    fn control(
        &mut self,
        frame: Frame,
        is_begun: bool,
        part: &[u8],
        deliver: &mut impl FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Progress {
        let is_complete = frame.remaining == 0;
        if is_complete && !is_begun {
            return deliver_control(frame.opcode, part, deliver);
        }
        let payload = &mut self.unfinished_mut().control;
        append(payload, part, MAX_CONTROL);
        if !is_complete {
            return Ok(ControlFlow::Continue(()));
        }
        let payload = std::mem::take(payload);
        deliver_control(frame.opcode, &payload, deliver)
    }

    /// Handles a text, binary or continuation frame or a part of one.
    fn data(
        &mut self,
        frame: Frame,
        is_begun: bool,
        part: &[u8],
        inflater: &mut Inflater,
        deliver: &mut impl FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Progress {
        let ends_message = frame.last && frame.remaining == 0;
        if ends_message && !is_begun && frame.opcode != Opcode::Continuation {
            let payload = if frame.compressed {
                inflater.inflate(part, self.max_message)?
            } else {
                part
            };
            return deliver_message(frame.opcode == Opcode::Text, payload, deliver);
        }

        let max_message = self.max_message;
        let open = &mut self.unfinished_mut().message;
        let message = open.get_or_insert_with(|| Message {
            is_text: frame.opcode == Opcode::Text,
            compressed: frame.compressed,
            bytes: Vec::new(),
            checked: 0,
        });
        append(
            &mut message.bytes,
            part,
            payload_max(max_message, message.compressed),
        );
        if message.is_text && !message.compressed {
            message.check()?;
        }
        match open.take_if(|_| ends_message) {
            Some(message) if message.compressed => {
                let payload = inflater.inflate(&message.bytes, max_message)?;
                deliver_message(message.is_text, payload, deliver)
            }
            Some(message) => deliver_message(message.is_text, &message.bytes, deliver),
            None => Ok(ControlFlow::Continue(())),
        }
    }

    fn unfinished_mut(&mut self) -> &mut Unfinished {
        self.unfinished.get_or_insert_default()
    }
}

impl Unfinished {
    fn is_empty(&self) -> bool {
        self.header_length == 0 && self.frame.is_none() && self.message.is_none()
    }
}

impl Message {
    /// Refuses a text at the first byte that no further input can make valid. The end of the message is
    /// checked on delivery: only there an incomplete character is an error.
    fn check(&mut self) -> Result<(), Violation> {
        let new = self.bytes.get(self.checked..).unwrap_or_default();
        match str::from_utf8(new) {
            Ok(text) => self.checked += text.len(),
            Err(error) if error.error_len().is_none() => self.checked += error.valid_up_to(),
            Err(_) => return Err(INVALID_TEXT),
        }
        Ok(())
    }
}

/// Maximum size of a message's payload. Data that cannot be compressed grows a little in the attempt.
fn payload_max(max_message: usize, compressed: bool) -> usize {
    if compressed {
        max_message.saturating_add(max_message / 16 + 64)
    } else {
        max_message
    }
}

/// Appends bytes. The capacity doubles as bytes arrive and never exceeds `limit`.
fn append(buffer: &mut Vec<u8>, bytes: &[u8], limit: usize) {
    let needed = buffer.len() + bytes.len();
    if needed > buffer.capacity() {
        let room = buffer.capacity().saturating_mul(2).min(limit).max(needed);
        buffer.reserve_exact(room - buffer.len());
    }
    buffer.extend_from_slice(bytes);
}

fn deliver_message(
    is_text: bool,
    bytes: &[u8],
    deliver: &mut impl FnMut(Event<'_>) -> ControlFlow<()>,
) -> Progress {
    if !is_text {
        return Ok(deliver(Event::Binary(bytes)).map_break(|()| Stop::Paused));
    }
    let text = str::from_utf8(bytes).map_err(|_| INVALID_TEXT)?;
    Ok(deliver(Event::Text(text)).map_break(|()| Stop::Paused))
}

fn deliver_control(
    opcode: Opcode,
    payload: &[u8],
    deliver: &mut impl FnMut(Event<'_>) -> ControlFlow<()>,
) -> Progress {
    match opcode {
        Opcode::Close => {
            let (code, reason) = close::payload(payload)?;
            // The result of `deliver` does not matter: no event may follow a close frame.
            let _ = deliver(Event::Close { code, reason });
            Ok(ControlFlow::Break(Stop::Closed))
        }
        Opcode::Ping => Ok(deliver(Event::Ping(payload)).map_break(|()| Stop::Paused)),
        _ => Ok(deliver(Event::Pong).map_break(|()| Stop::Paused)),
    }
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
