//! Sockets: listeners, HTTP, WebSocket, outboxes and fan-out. An edge owns its connections outright: one thread,
//! one current-thread runtime. It knows frames and audiences, never rules. The application is on the same thread, where
//! there is no lock on the way of a message, or on one of its own, apart from one or more edges.
#![forbid(unsafe_code)]

mod accept;
mod apart;
mod backlog;
mod change;
mod clock;
mod drain;
mod edge;
mod edges;
mod end;
mod fan;
pub mod http;
mod members;
mod patient;
pub mod proxy;
mod reader;
mod respond;
pub mod websocket;

pub use accept::{listen, serve};
pub use apart::Remote;
pub use edge::{Application, Edge, EdgeSettings, Gauges, runtime};
pub use edges::{EDGES_MAX, Edges};
