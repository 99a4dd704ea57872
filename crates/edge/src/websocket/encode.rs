//! Server frames: unmasked and unfragmented (RFC 6455, section 5.2).

use super::close::CloseCode;
use super::frame::MAX_CONTROL;
pub use super::frame::Opcode;

/// The longest header of a server frame, in bytes.
pub const MAX_HEADER: usize = 10;

/// The bit in the first byte of a frame that marks its message as compressed (RFC 7692, section 6).
const COMPRESSED: u8 = 0x40;

/// The longest reason that fits into a close frame beside the code, in bytes.
pub const MAX_CLOSE_REASON: usize = MAX_CONTROL - 2;

/// The header of a frame with a payload of `payload_length` bytes: a buffer and the number of used bytes in
/// it. The payload of a control frame must not exceed 125 bytes.
#[must_use]
pub fn frame_header(opcode: Opcode, payload_length: usize) -> ([u8; MAX_HEADER], usize) {
    debug_assert!(
        !opcode.is_control() || payload_length <= MAX_CONTROL,
        "control frame too long"
    );
    let mut header = [0; MAX_HEADER];
    header[0] = 0x80 | opcode as u8;
    if let Ok(length @ 0..=125) = u8::try_from(payload_length) {
        header[1] = length;
        (header, 2)
    } else if let Ok(length) = u16::try_from(payload_length) {
        header[1] = 126;
        header[2..4].copy_from_slice(&length.to_be_bytes());
        (header, 4)
    } else {
        header[1] = 127;
        header[2..].copy_from_slice(&(payload_length as u64).to_be_bytes());
        (header, 10)
    }
}

/// Appends the header of a frame with a payload of `payload_length` bytes.
#[expect(clippy::indexing_slicing, reason = "a header is never longer than its buffer")]
pub fn write_header(out: &mut Vec<u8>, opcode: Opcode, payload_length: usize) {
    let (header, size) = frame_header(opcode, payload_length);
    out.extend_from_slice(&header[..size]);
}

/// Appends a complete frame.
pub fn write_frame(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
    out.reserve(MAX_HEADER + payload.len());
    write_header(out, opcode, payload.len());
    out.extend_from_slice(payload);
}

/// Appends a complete frame with the compressed form `payload`. The opcode is that of a message.
#[expect(clippy::indexing_slicing, reason = "a header is never longer than its buffer")]
pub fn write_compressed_frame(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
    let (mut header, size) = frame_header(opcode, payload.len());
    header[0] |= COMPRESSED;
    out.reserve(size + payload.len());
    out.extend_from_slice(&header[..size]);
    out.extend_from_slice(payload);
}

/// Appends the pong that answers a ping. `payload` is the ping's, at most 125 bytes.
pub fn write_pong(out: &mut Vec<u8>, payload: &[u8]) {
    write_frame(out, Opcode::Pong, payload);
}

/// Appends a close frame. A reason longer than [`MAX_CLOSE_REASON`] is cut at a character boundary.
pub fn write_close(out: &mut Vec<u8>, code: CloseCode, reason: &str) {
    let mut end = reason.len().min(MAX_CLOSE_REASON);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    let reason = &reason[..end];
    write_header(out, Opcode::Close, 2 + reason.len());
    out.extend_from_slice(&code.number().to_be_bytes());
    out.extend_from_slice(reason.as_bytes());
}

/// Appends the answer to the peer's close frame: with its code, or empty when there was none.
pub fn write_close_reply(out: &mut Vec<u8>, code: Option<u16>) {
    match code {
        Some(code) => write_frame(out, Opcode::Close, &code.to_be_bytes()),
        None => write_header(out, Opcode::Close, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_sizes() {
        let header = |length| {
            let (header, size) = frame_header(Opcode::Text, length);
            header[..size].to_vec()
        };
        assert_eq!(header(0), [0x81, 0]);
        assert_eq!(header(125), [0x81, 125]);
        assert_eq!(header(126), [0x81, 126, 0, 126]);
        assert_eq!(header(65535), [0x81, 126, 0xFF, 0xFF]);
        assert_eq!(header(65536), [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn close_frames() {
        let mut out = Vec::new();
        write_close(&mut out, CloseCode::Protocol, "no");
        assert_eq!(out, [0x88, 4, 0x03, 0xEA, b'n', b'o']);

        out.clear();
        write_close(&mut out, CloseCode::Normal, &"ä".repeat(100));
        assert_eq!(out[1], 2 + 122, "123 would cut a character in two");
        assert_eq!(str::from_utf8(&out[4..]), Ok("ä".repeat(61).as_str()));

        out.clear();
        write_close_reply(&mut out, Some(4000));
        write_close_reply(&mut out, None);
        assert_eq!(out, [0x88, 2, 0x0F, 0xA0, 0x88, 0]);
    }
}
