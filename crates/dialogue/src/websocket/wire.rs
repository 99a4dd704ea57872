//! The client's side of the WebSocket protocol without sockets: the handshake, frames to send, well formed or not, and
//! received frames. It shares no code with the server. Tests with an event loop of their own use it directly.

use std::io::{self, Read};

/// First byte of a text in one frame.
pub const TEXT: u8 = 0x81;
/// First byte of a close frame.
pub const CLOSE: u8 = 0x88;
/// First byte of a ping.
pub const PING: u8 = 0x89;
/// First byte of a pong.
pub const PONG: u8 = 0x8A;

/// The server's answer to the key of [`upgrade`] (RFC 6455, section 1.3).
pub const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];
/// The longest header of a frame from a server, in bytes.
const HEADER_BYTES_MAX: usize = 10;

/// The request that opens a WebSocket. `headers` are further header lines, each with its line break; one of them has to
/// be the version of the protocol, as in [`VERSION`].
#[must_use]
pub fn upgrade(path: &str, host: &str, headers: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {KEY}\r\n{headers}\r\n"
    )
}

/// The header line of the usual version of the protocol.
pub const VERSION: &str = "Sec-WebSocket-Version: 13\r\n";

/// A client's frame with its mask. `first` is the first byte: the final bit, the reserved bits and the opcode.
#[must_use]
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        short @ 0..=125 => frame.push(0x80 | short as u8),
        middle @ 126..=0xFFFF => {
            frame.push(0x80 | 126);
            frame.extend((middle as u16).to_be_bytes());
        }
        long => {
            frame.push(0x80 | 127);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(
        payload
            .iter()
            .zip(MASK.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    frame
}

/// A client's text in one frame.
#[must_use]
pub fn text(text: &str) -> Vec<u8> {
    frame(TEXT, text.as_bytes())
}

/// The frame at the start of `bytes`, which come from a server: its first byte, its payload, and the size of all of it;
/// `None` while it is incomplete.
#[must_use]
pub fn parse(bytes: &[u8]) -> Option<(u8, &[u8], usize)> {
    let header = bytes.get(..header_size(*bytes.get(1)?))?;
    let end = header.len().checked_add(payload_size(header)?)?;
    Some((*header.first()?, bytes.get(header.len()..end)?, end))
}

/// Reads a frame from a server: its first byte and its payload.
///
/// # Errors
/// The stream ends or fails.
pub fn read(from: &mut impl Read) -> io::Result<(u8, Vec<u8>)> {
    let mut header = [0; HEADER_BYTES_MAX];
    from.read_exact(&mut header[..2])?;
    let size = header_size(header[1]);
    from.read_exact(&mut header[2..size])?;
    let length = payload_size(&header[..size]).ok_or_else(|| io::Error::other("a frame without an end"))?;
    let mut payload = vec![0; length];
    from.read_exact(&mut payload)?;
    Ok((header[0], payload))
}

/// Reads the head of the answer to a request, with its empty line.
///
/// # Errors
/// The stream ends or fails.
pub fn read_head(from: &mut impl Read) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        from.read_exact(&mut byte)?;
        head.extend(byte);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// The size of a server's frame with a payload of `length` bytes.
#[must_use]
pub fn size_of(length: usize) -> usize {
    length
        + match length {
            0..=125 => 2,
            126..=0xFFFF => 4,
            _ => HEADER_BYTES_MAX,
        }
}

/// The size of a header, by its second byte.
fn header_size(second: u8) -> usize {
    match second {
        126 => 4,
        127 => HEADER_BYTES_MAX,
        _ => 2,
    }
}

/// The size of the payload, by the whole header.
fn payload_size(header: &[u8]) -> Option<usize> {
    match header {
        [_, length] => Some(usize::from(*length)),
        [_, _, length @ ..] => length.iter().try_fold(0_usize, |sum, byte| {
            Some(sum.checked_mul(256)? | usize::from(*byte))
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_found_when_all_of_it_is_there() {
        for length in [0, 125, 126, 0xFFFF, 0x1_0000] {
            let sent = frame(TEXT, &vec![b'x'; length]);
            // A server's frame is the same without the mask.
            let size = sent.len() - length - MASK.len();
            let mut bytes = sent[..size].to_vec();
            bytes[1] &= 0x7F;
            bytes.extend(vec![b'x'; length]);
            for cut in [0, 1, size - 1, size + length / 2] {
                let part = &bytes[..cut.min(bytes.len())];
                assert_eq!(
                    parse(part).is_some(),
                    part.len() == bytes.len(),
                    "{length}: {cut}"
                );
            }
            let (first, payload, end) = parse(&bytes).unwrap();
            assert_eq!((first, payload.len(), end), (TEXT, length, bytes.len()));
            assert_eq!(size_of(length), end);
            let read = read(&mut bytes.as_slice()).unwrap();
            assert_eq!((read.0, read.1.len()), (TEXT, length));
        }
        let endless = [TEXT, 127, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
        assert!(parse(&endless).is_none());
    }
}
