//! Sockets: listeners, HTTP, WebSocket, outboxes and fan-out. An edge owns its connections outright: one thread,
//! one current-thread runtime, no lock on the way of a message. It knows frames and audiences, never rules.
#![forbid(unsafe_code)]

mod accept;
mod backlog;
mod change;
mod drain;
mod edge;
mod fan;
pub mod http;
mod members;
mod patient;
pub mod proxy;
mod reader;
mod respond;
pub mod websocket;

pub use accept::{listen, serve};
pub use edge::{Application, Edge, EdgeSettings, Gauges, runtime};
