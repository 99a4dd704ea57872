//! Connections to other services: web servers that are requested ([`web`]) or notified ([`webhooks`]), certificate
//! authorities ([`acme`]), identity providers ([`oidc`]), Redis ([`redis`]), a receiver of traces ([`traces`]), readers of the chat
//! log ([`chat_log`]), embeds that request a Flash policy ([`flash`]), the engine that decides which core leads ([`engine`]), and
//! the real-time bridge, by which a website sends commands for connected users.
//!
//! [`Verifier`] parses and authenticates a datagram, without a socket or a clock; [`Bridge`] is the socket
//! around it.

#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

use fchatd_figures::AnyTable;

pub mod acme;
mod bridge;
pub mod chat_log;
pub mod engine;
pub mod errands;
pub mod flash;
mod freshness;
pub mod hosts;
pub mod local_socket;
pub mod oidc;
mod patience;
pub mod redis;
pub mod sign;
mod sources;
pub mod traces;
mod verifier;
pub mod web;
pub mod webhooks;

pub use bridge::{Bridge, BridgeSettings};
pub use sources::{Counters, Source};

/// All tables of figures of this crate.
pub static FIGURES: &[&dyn AnyTable] = &[
    &redis::FIGURES,
    &webhooks::FIGURES,
    &chat_log::FIGURES,
    &sources::FIGURES,
    &fchatd_traces::FIGURES,
];
pub use verifier::{COMMANDS, OWN_COMMANDS, Order, Refusal, Verifier};
