//! Sockets: listeners, HTTP, WebSocket, outboxes and fan-out. An edge owns its connections exclusively: one
//! thread with one current-thread runtime. It knows frames and audiences, never rules. The application is
//! either on the same thread, where no message takes a lock, or on a thread of its own with one or more edges
//! on others.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod accept;
mod afar;
mod apart;
mod backlog;
mod budget;
mod change;
mod clock;
mod common;
mod doors;
mod drain;
mod edge;
mod edges;
mod end;
mod entrance;
mod fan;
mod fetch_site;
mod figures;
mod gate;
mod gauges;
pub mod http;
mod http_trace;
mod intake;
mod journey;
mod kinds;
mod members;
mod patient;
pub mod proxy;
mod reader;
mod reception;
mod replica;
mod respond;
pub mod side;
mod timings;
mod tls;
mod turn;
pub mod websocket;

pub use accept::serve;
pub use afar::{
    EdgeStatus, EngineEnds, EngineLink, EngineState, KeepView, News, Outpost, OutpostSettings, PairNews,
    PairSettings, PairStatus, Pairing, Relay, Seats, SeatsSettings, Security, engine_link, make_key,
};
pub use apart::Remote;
pub use edge::{Application, Edge, EdgeSettings, runtime};
pub use edges::{EDGES_MAX, Edges};
pub use entrance::{BACKLOG, Entrance, Listener, listen};
pub use fchatd_cluster::Timing;
pub use fchatd_cluster::{pair, view};
pub use figures::TABLES as FIGURES;
pub use gate::Gate;
pub use gauges::Gauges;
pub use intake::{Intake, IntakeLimits};
pub use kinds::Tally;
pub use replica::Replica;
pub use tls::{Certificate, Tls};
pub use turn::Shares;
