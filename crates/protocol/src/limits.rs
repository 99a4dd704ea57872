//! Limits that the protocol fixes (docs/protocol.md). Limits that an operator can change are settings.

/// Bytes of one client message, header not counted.
pub const CLIENT_MESSAGE_BYTES_MAX: usize = 512 * 1024;
/// Bytes of a WebSocket or HTTP request head.
pub const HANDSHAKE_BYTES_MAX: usize = 8 * 1024;
/// Seconds without a byte after which a connection that has not finished its handshake is closed.
pub const HANDSHAKE_SECONDS: u32 = 30;
/// Seconds without a byte after which a WebSocket connection is closed.
pub const SILENCE_SECONDS: u32 = 120;
/// Milliseconds between a fatal `ERR` and the close, so that the error arrives first.
pub const CLOSE_DELAY_MILLISECONDS: u32 = 1000;
/// Rows of one `LIS` frame.
pub const USER_LIST_CHUNK: usize = 100;
/// Nested JSON arrays and objects.
pub const JSON_DEPTH_MAX: usize = 32;
