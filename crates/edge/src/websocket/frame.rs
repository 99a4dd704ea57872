//! The header of a client frame and the rules that depend on the header alone (RFC 6455, section 5.2).

use super::close::CloseCode;
use super::decode::Violation;

/// The longest header of a client frame: two bytes, a 64-bit length, the mask.
pub(super) const MAX_HEADER: usize = 14;

/// The longest payload of a control frame.
pub(super) const MAX_CONTROL: usize = 125;

/// The kind of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Opcode {
    /// A further fragment of a message.
    Continuation = 0,
    /// The first or only frame of a text message.
    Text = 1,
    /// The first or only frame of a binary message.
    Binary = 2,
    /// The last frame of a peer.
    Close = 8,
    /// Requests a pong with the same payload.
    Ping = 9,
    /// Answers a ping, or is sent unasked as a sign of life.
    Pong = 10,
}

impl Opcode {
    fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return None,
        })
    }

    /// Whether this is a control frame, which may be sent between the fragments of a message.
    pub(super) const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// A frame whose header has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) opcode: Opcode,
    /// Whether this is the last frame of its message.
    pub(super) last: bool,
    /// Whether this is the first frame of a compressed message.
    pub(super) compressed: bool,
    /// Aligned with the next byte of the payload.
    pub(super) mask: [u8; 4],
    /// Number of missing bytes of the payload.
    pub(super) remaining: usize,
}

const fn protocol(reason: &'static str) -> Violation {
    Violation {
        code: CloseCode::Protocol,
        reason,
    }
}

impl Frame {
    /// Parses the header at the start of `bytes`: the frame and the size of the header, or `None` while the
    /// header is incomplete. An invalid header is refused at the first byte that shows the error. `deflate`
    /// says whether compression was negotiated.
    pub(super) fn parse(bytes: &[u8], deflate: bool) -> Result<Option<(Self, usize)>, Violation> {
        let [first, rest @ ..] = bytes else {
            return Ok(None);
        };
        let compressed = deflate && first & 0x40 != 0;
        if first & 0x70 != 0 && (!compressed || first & 0x30 != 0) {
            return Err(protocol(
                "reserved bit set, but no extension for it was negotiated",
            ));
        }
        let last = first & 0x80 != 0;
        let Some(opcode) = Opcode::from_bits(first & 0x0F) else {
            return Err(protocol("reserved opcode"));
        };
        if opcode.is_control() && !last {
            return Err(protocol("fragmented control frame"));
        }
        if compressed && !matches!(opcode, Opcode::Text | Opcode::Binary) {
            return Err(protocol(
                "only the first frame of a message says that it is compressed",
            ));
        }

        let [second, rest @ ..] = rest else {
            return Ok(None);
        };
        if second & 0x80 == 0 {
            return Err(protocol("client frames must be masked"));
        }
        let short = second & 0x7F;
        if opcode.is_control() && usize::from(short) > MAX_CONTROL {
            return Err(protocol("control frame longer than 125 bytes"));
        }

        let (length, minimum, rest) = match short {
            126 => {
                let Some((length, rest)) = rest.split_first_chunk::<2>() else {
                    return Ok(None);
                };
                (u64::from(u16::from_be_bytes(*length)), 126, rest)
            }
            127 => {
                let Some((length, rest)) = rest.split_first_chunk::<8>() else {
                    return Ok(None);
                };
                (u64::from_be_bytes(*length), 1 << 16, rest)
            }
            short => (u64::from(short), 0, rest),
        };
        if length >> 63 != 0 {
            return Err(protocol("highest bit of the length set"));
        }
        if length < minimum {
            return Err(protocol("length not in its shortest form"));
        }

        let Some((mask, rest)) = rest.split_first_chunk::<4>() else {
            return Ok(None);
        };
        // A length beyond the address space exceeds every limit, so it may be saturated.
        let remaining = usize::try_from(length).unwrap_or(usize::MAX);
        Ok(Some((
            Self {
                opcode,
                last,
                compressed,
                mask: *mask,
                remaining,
            },
            bytes.len() - rest.len(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        let bad = |bytes: &[u8]| Frame::parse(bytes, false).unwrap_err().reason;
        let more = |bytes: &[u8]| Frame::parse(bytes, false) == Ok(None);
        let good = |bytes: &[u8]| {
            let (frame, size) = Frame::parse(bytes, false).unwrap().unwrap();
            (frame.opcode, frame.last, frame.remaining, size)
        };

        for bit in [0x10, 0x20, 0x40] {
            assert!(bad(&[0x81 | bit]).starts_with("reserved bit"));
        }
        for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
            assert_eq!(bad(&[0x80 | opcode]), "reserved opcode");
        }
        for opcode in [8, 9, 10] {
            assert_eq!(bad(&[opcode]), "fragmented control frame");
            assert_eq!(
                bad(&[0x80 | opcode, 0x80 | 126]),
                "control frame longer than 125 bytes"
            );
            assert_eq!(
                bad(&[0x80 | opcode, 0x80 | 127]),
                "control frame longer than 125 bytes"
            );
        }
        assert_eq!(bad(&[0x81, 0x05]), "client frames must be masked");
        assert_eq!(bad(&[0x81, 0xFE, 0, 125]), "length not in its shortest form");
        assert_eq!(
            bad(&[0x81, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]),
            "length not in its shortest form"
        );
        assert_eq!(
            bad(&[0x81, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0]),
            "highest bit of the length set"
        );

        assert!(more(&[]));
        assert!(more(&[0x81]));
        assert!(more(&[0x81, 0xFE, 1]));
        assert!(more(&[0x81, 0xFF, 0, 0, 0, 0, 0, 1, 0]));
        assert!(more(&[0x81, 0x81, 1, 2, 3]));

        assert_eq!(good(&[0x81, 0x85, 1, 2, 3, 4, 9, 9]), (Opcode::Text, true, 5, 6));
        assert_eq!(
            good(&[0x02, 0xFE, 0, 126, 1, 2, 3, 4]),
            (Opcode::Binary, false, 126, 8)
        );
        assert_eq!(
            good(&[0x80, 0xFF, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4]),
            (Opcode::Continuation, true, 65536, 14)
        );
        assert_eq!(good(&[0x8A, 0x80, 1, 2, 3, 4]), (Opcode::Pong, true, 0, 6));
    }
    #[test]
    fn the_bit_of_compression() {
        let compressed = |first| {
            Frame::parse(&[first, 0x80, 1, 2, 3, 4], true)
                .map(|parsed| parsed.unwrap().0.compressed)
                .map_err(|violation| violation.reason)
        };
        for first in [0xC1, 0xC2, 0x41, 0x42] {
            assert_eq!(compressed(first), Ok(true));
            assert_eq!(compressed(first & !0x40), Ok(false));
            assert!(Frame::parse(&[first], false).is_err());
            for bit in [0x10, 0x20] {
                assert!(compressed(first | bit).unwrap_err().starts_with("reserved bit"));
            }
        }
        for first in [0xC0, 0x40, 0xC8, 0xC9, 0xCA] {
            assert!(compressed(first).unwrap_err().starts_with("only the first frame"));
        }
    }
}
