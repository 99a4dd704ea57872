//! The WebSocket protocol (RFC 6455), server side, sans-IO: no sockets, no time, no tasks. Received bytes go
//! into a [`Decoder`]; the functions of [`encode`] create the output. [`extension`] negotiates compression.

mod close;
mod decode;
mod deflate;
pub mod encode;
pub mod extension;
mod frame;
pub mod handshake;
mod mask;
#[cfg(test)]
mod properties;

pub use close::CloseCode;
pub use decode::{DEFAULT_MAX_MESSAGE, Decoder, Event, Options, Violation};
pub use deflate::{Deflater, Inflater, window_needed};
pub use frame::Opcode;
