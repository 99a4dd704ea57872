//! Edges on other machines: the carrying part of the protocol in `fchatd_cluster`, for both ends.
//!
//! The queues of [`apart`](crate::apart) stay between edge and application, on both machines. At the core each edge has
//! a link like that of a thread, and one further thread stands for all edges ([`hall`]): it carries between these links
//! and connections. At the edge, tasks of the main thread stand for the core ([`uplinks`]). So edges and application
//! work in the same way on one machine and on many, and a server without a cluster pays nothing.

mod guests;
mod hall;
mod outpost;
mod pair;
mod pairing;
mod relay;
mod seats;
mod security;
#[cfg(test)]
mod simulation;
mod uplinks;
mod wire;

pub use outpost::{News, Outpost, OutpostSettings};
pub(crate) use pair::ToHall;
pub use pair::{EngineEnds, EngineLink, EngineState, KeepView, PairSettings, engine_link};
pub use pairing::{PairNews, PairStatus, Pairing};
pub use relay::Relay;
pub use seats::{EdgeStatus, Seats, SeatsSettings};
pub use security::{Security, make_key};
