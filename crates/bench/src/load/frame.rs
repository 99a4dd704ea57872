//! The WebSocket protocol for the load generator, which trusts its server to observe the limits.
//!
//! It is not the client of the tests, because the generator drives up to 20,000 connections on one thread beside the
//! server that it measures: frames are read where they arrived in one shared buffer, and sent with a mask of zeroes,
//! without a copy and without a buffer for each connection. A usual client (tungstenite) has a buffer of 128 KiB for each
//! connection and copies each message.

/// The request that opens a WebSocket. `headers` are further header lines, each with its line break.
#[must_use]
pub fn upgrade(path: &str, host: &str, headers: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{headers}\r\n"
    )
}

/// Appends a masked text frame. The mask is zero, which is valid and costs the server the same work as any
/// other mask.
pub fn write_text(payload: &[u8], to: &mut Vec<u8>) {
    to.push(0x81);
    match payload.len() {
        length @ 0..126 => to.push(0x80 | length as u8),
        length @ 126..65_536 => {
            to.push(0x80 | 126);
            to.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            to.push(0x80 | 127);
            to.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    to.extend_from_slice(&[0; 4]);
    to.extend_from_slice(payload);
}

/// An empty masked pong.
pub const PONG: [u8; 6] = [0x8a, 0x80, 0, 0, 0, 0];

/// The kind of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text or a part of one.
    Text,
    /// A close frame.
    Close,
    /// A ping.
    Ping,
    /// Any other frame.
    Other,
}

/// The frame at the start of `bytes`: kind, payload and total size; `None` while it is incomplete.
#[must_use]
pub fn read(bytes: &[u8]) -> Option<(Kind, &[u8], usize)> {
    let (&first, &second) = (bytes.first()?, bytes.get(1)?);
    let (length, head) = match second & 0x7f {
        126 => (
            u64::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)),
            4,
        ),
        127 => (u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?), 10),
        length => (u64::from(length), 2),
    };
    let end = head + usize::try_from(length).ok()?;
    let kind = match first & 0x0f {
        1 => Kind::Text,
        8 => Kind::Close,
        9 => Kind::Ping,
        _ => Kind::Other,
    };
    Some((kind, bytes.get(head..end)?, end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn frames_of_a_server_are_read_however_they_are_cut(
            lengths in proptest::collection::vec(prop_oneof![0_usize..200, 65_500_usize..65_600], 1..6),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut wire = Vec::new();
            for length in &lengths {
                let mut masked = Vec::new();
                write_text(&vec![b'x'; *length], &mut masked);
                // A server's frames are the same without the mask.
                let head = masked.len() - length - 4;
                wire.push(masked[0]);
                wire.push(masked[1] & 0x7f);
                wire.extend_from_slice(&masked[2..head]);
                wire.extend_from_slice(&masked[head + 4..]);
            }
            let cut = cut.index(wire.len() + 1);
            let mut seen = Vec::new();
            let mut rest = &wire[..cut];
            while let Some((kind, payload, size)) = read(rest) {
                prop_assert_eq!(kind, Kind::Text);
                seen.push(payload.len());
                rest = &rest[size..];
            }
            let left: Vec<u8> = rest.iter().chain(&wire[cut..]).copied().collect();
            let mut rest = &left[..];
            while let Some((_, payload, size)) = read(rest) {
                seen.push(payload.len());
                rest = &rest[size..];
            }
            prop_assert!(rest.is_empty());
            prop_assert_eq!(seen, lengths);
        }
    }
}
