//! The log for connections with compression. A frame is compressed once, for its first recipient, and shared
//! by all of them. Frames that would not get shorter (short frames, control frames) are stored uncompressed.

use super::repeated::Repeated;
use super::{Audience, Fan, Opcode, Socket};
use crate::websocket::{Deflater, encode, window_needed};

/// A range of a log.
type Range = (u32, u32);

/// The output for connections with compression in this turn, and the compressor.
#[derive(Debug, Default)]
pub(crate) struct Deflated {
    log: Vec<u8>,
    deflater: Deflater,
    repeated: Repeated,
    /// Number of connections with compression.
    pub(super) connections: usize,
    /// Minimum size of a compressed message, in bytes.
    pub(crate) bytes_min: usize,
}

/// One frame for several connections. Each form is created when the first recipient needs it.
pub(super) struct Forms<'a> {
    opcode: Opcode,
    payload: &'a [u8],
    /// The form in the plain log.
    plain: Option<Range>,
    /// The compressed form in the log of connections with compression, for windows of at least this size.
    deflated: Option<Range>,
    window: u8,
    /// The uncompressed form in the same log, for smaller windows.
    copied: Option<Range>,
}

impl<'a> Forms<'a> {
    pub(super) fn new(opcode: Opcode, payload: &'a [u8]) -> Self {
        Self {
            opcode,
            payload,
            plain: None,
            deflated: None,
            window: window_needed(payload.len()),
            copied: None,
        }
    }
}

impl Deflated {
    pub(super) fn len(&self) -> usize {
        self.log.len()
    }

    pub(super) fn log(&self) -> &[u8] {
        &self.log
    }

    /// Clears the log and releases memory beyond `keep` bytes.
    pub(super) fn clear(&mut self, keep: usize) {
        self.log.clear();
        self.log.shrink_to(keep);
        self.deflater.shrink();
        if self.connections == 0 {
            self.repeated.clear();
        }
    }

    /// Appends a frame for one connection with this window.
    pub(super) fn append_alone(&mut self, window: u8, opcode: Opcode, payload: &[u8]) -> Range {
        let worth_it = window >= window_needed(payload.len());
        self.append(opcode, payload, |this| {
            worth_it && this.append_repeated(opcode, payload)
        })
    }

    /// Appends a frame; it is the compressed form when `compressed` has appended that.
    fn append(
        &mut self,
        opcode: Opcode,
        payload: &[u8],
        compressed: impl FnOnce(&mut Self) -> bool,
    ) -> Range {
        let start = self.log.len() as u32;
        if !compressed(self) {
            encode::write_frame(&mut self.log, opcode, payload);
        }
        (start, self.log.len() as u32)
    }

    fn is_worth_it(&self, opcode: Opcode, payload: &[u8]) -> bool {
        payload.len() >= self.bytes_min && matches!(opcode, Opcode::Text | Opcode::Binary)
    }

    /// Appends a frame in its compressed form; false when that is not shorter.
    fn append_compressed(&mut self, opcode: Opcode, payload: &[u8]) -> bool {
        if !self.is_worth_it(opcode, payload) {
            return false;
        }
        let Some(compressed) = self.deflater.compress(payload) else {
            return false;
        };
        encode::write_compressed_frame(&mut self.log, opcode, compressed);
        true
    }

    /// The same for a message to one connection. Messages that several connections get one after another,
    /// such as the parts of the user list, are compressed only for the first.
    fn append_repeated(&mut self, opcode: Opcode, payload: &[u8]) -> bool {
        if !Repeated::may_repeat(payload) || !self.is_worth_it(opcode, payload) {
            return self.append_compressed(opcode, payload);
        }
        let Self {
            log,
            deflater,
            repeated,
            ..
        } = self;
        match repeated.compressed(payload, || deflater.compress(payload)) {
            Some(compressed) => {
                encode::write_compressed_frame(log, opcode, compressed);
                true
            }
            None => false,
        }
    }
}

impl<S: Socket> Fan<S> {
    /// The range of the frame's form for a connection.
    pub(super) fn form(&mut self, forms: &mut Forms<'_>, slot: u32) -> Range {
        let window = self.lanes.get(slot as usize).map_or(0, |lane| lane.window);
        let &mut Forms { opcode, payload, .. } = forms;
        let deflated = &mut self.deflated;
        if window == 0 {
            match forms.plain {
                Some(range) => range,
                None => *forms.plain.insert(self.append(opcode, payload)),
            }
        } else if window >= forms.window {
            *forms.deflated.get_or_insert_with(|| {
                deflated.append(opcode, payload, |this| this.append_compressed(opcode, payload))
            })
        } else {
            *forms
                .copied
                .get_or_insert_with(|| deflated.append(opcode, payload, |_| false))
        }
    }

    /// Queues a frame for an audience with compression on some connections.
    pub(super) fn push_forms(&mut self, audience: &Audience, except: Option<u32>, payload: &[u8]) {
        let mut forms = Forms::new(Opcode::Text, payload);
        for slot in audience.iter().filter(|&slot| Some(slot) != except) {
            let range = self.form(&mut forms, slot);
            if self.awaited == 0 {
                self.push(slot, range);
            } else {
                self.hold(slot, range);
            }
        }
    }
}
