//! The form of messages on the wire: a preamble in each direction, then frames of a length and a message.

use fchatd_protocol::exchange;
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::VERSION;
use crate::limits::FRAME_MAX;

/// The first bytes of each side.
const MAGIC: [u8; 4] = *b"FCHN";
/// Length of the preamble, in bytes: the magic number and two versions.
pub const PREAMBLE_BYTES: usize = 8;
/// Length of the field with the length of a frame, in bytes.
const LENGTH_BYTES: usize = 4;
/// Capacity of an idle decoder's buffer, in bytes.
const KEEP: usize = 256 << 10;

/// Bytes that are no message of a link.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Malformed {
    /// The first bytes are those of another protocol.
    #[error("the other side does not speak the protocol of fchatd clusters")]
    Stranger,
    /// The other side has another version.
    #[error(
        "the other side speaks version {theirs} of the cluster protocol, this program version {ours}: run the same version of fchatd on all nodes"
    )]
    Version {
        /// Versions of link and messages of the other side.
        theirs: String,
        /// Those of this program.
        ours: String,
    },
    /// A frame is longer than allowed.
    #[error("a message of {0} bytes is longer than the limit of {FRAME_MAX} bytes")]
    TooLong(usize),
    /// A frame does not hold a message.
    #[error("a message can't be read")]
    Garbage,
}

/// The preamble of this side.
#[must_use]
pub fn preamble() -> [u8; PREAMBLE_BYTES] {
    let (link, messages) = (VERSION.to_be_bytes(), exchange::VERSION.to_be_bytes());
    let [a, b, c, d] = MAGIC;
    [a, b, c, d, link[0], link[1], messages[0], messages[1]]
}

/// The preamble of the other side.
#[derive(Debug, Clone, Copy)]
pub struct Preamble(pub [u8; PREAMBLE_BYTES]);

impl Preamble {
    /// Compares it with the own one.
    ///
    /// # Errors
    /// The other side speaks another protocol or another version.
    pub fn check(self) -> Result<(), Malformed> {
        let [a, b, c, d, link_high, link_low, messages_high, messages_low] = self.0;
        if [a, b, c, d] != MAGIC {
            return Err(Malformed::Stranger);
        }
        let link = u16::from_be_bytes([link_high, link_low]);
        let messages = u16::from_be_bytes([messages_high, messages_low]);
        if (link, messages) != (VERSION, exchange::VERSION) {
            return Err(Malformed::Version {
                theirs: format!("{link}.{messages}"),
                ours: format!("{VERSION}.{}", exchange::VERSION),
            });
        }
        Ok(())
    }
}

/// A message as a frame.
///
/// # Errors
/// The message is longer than a frame may be.
pub fn frame(message: &impl Serialize) -> Result<Vec<u8>, Malformed> {
    let bytes = postcard::to_extend(message, vec![0; LENGTH_BYTES]).map_err(|_| Malformed::Garbage)?;
    let length = bytes.len() - LENGTH_BYTES;
    if length > FRAME_MAX {
        return Err(Malformed::TooLong(length));
    }
    let mut bytes = bytes;
    if let Some(head) = bytes.first_chunk_mut::<LENGTH_BYTES>() {
        *head = (length as u32).to_be_bytes();
    }
    Ok(bytes)
}

/// Collects received bytes into messages. Its buffer is bounded by the length of one frame and one read.
#[derive(Debug, Default)]
pub struct Decoder {
    bytes: Vec<u8>,
    start: usize,
}

impl Decoder {
    /// Adds received bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.start = 0;
            if self.bytes.len() < KEEP {
                self.bytes.shrink_to(KEEP);
            }
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole message, if there is one.
    ///
    /// # Errors
    /// The bytes are no message; the connection has to be closed.
    pub fn take<M: DeserializeOwned>(&mut self) -> Result<Option<M>, Malformed> {
        let rest = self.bytes.get(self.start..).unwrap_or_default();
        let Some((head, rest)) = rest.split_first_chunk::<LENGTH_BYTES>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*head) as usize;
        if length > FRAME_MAX {
            return Err(Malformed::TooLong(length));
        }
        let Some(frame) = rest.get(..length) else {
            return Ok(None);
        };
        let (message, left) = postcard::take_from_bytes(frame).map_err(|_| Malformed::Garbage)?;
        if !left.is_empty() {
            return Err(Malformed::Garbage);
        }
        self.start += LENGTH_BYTES + length;
        Ok(Some(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Down, Up};

    #[test]
    fn messages_survive_any_division_of_their_bytes() {
        let mut bytes = Vec::new();
        for n in 0..3 {
            bytes.extend(frame(&Up::Got(n)).unwrap());
        }
        for size in 1..bytes.len() {
            let (mut decoder, mut found) = (Decoder::default(), Vec::new());
            for piece in bytes.chunks(size) {
                decoder.push(piece);
                while let Some(message) = decoder.take::<Up<'static>>().unwrap() {
                    found.push(message);
                }
            }
            assert_eq!(found, [Up::Got(0), Up::Got(1), Up::Got(2)], "pieces of {size}");
        }
    }

    #[test]
    fn other_bytes_are_refused() {
        assert_eq!(Preamble(preamble()).check(), Ok(()));
        assert_eq!(Preamble(*b"GET / HT").check(), Err(Malformed::Stranger));
        let mut other = preamble();
        other[5] += 1;
        assert!(matches!(Preamble(other).check(), Err(Malformed::Version { .. })));
        let read = |bytes: &[u8]| {
            let mut decoder = Decoder::default();
            decoder.push(bytes);
            decoder.take::<Down<'static>>()
        };
        assert_eq!(read(&[0xff; 4]), Err(Malformed::TooLong(u32::MAX as usize)));
        assert_eq!(read(&[0, 0, 0, 1, 200]), Err(Malformed::Garbage));
        assert_eq!(
            read(&[0, 0, 0, 2, 4, 4]),
            Err(Malformed::Garbage),
            "more than a message"
        );
        assert_eq!(read(&[0, 0, 0, 9, 4]), Ok(None));
    }
}
