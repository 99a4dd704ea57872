//! The server's neighbours: web servers that are asked ([`web`]) or told what happens
//! ([`webhooks`]), a Redis that is told ([`redis`]), those who read the chat log ([`chat_log`]), embeds that want to connect
//! ([`flash`]), and the real-time bridge, by which a website talks to people who are online.
//!
//! What a datagram says and whether it may be believed is decided by [`Verifier`], which knows no socket and no
//! clock; [`Bridge`] is the socket around it.

#![forbid(unsafe_code)]

use fchatd_figures::AnyTable;

mod bridge;
pub mod chat_log;
pub mod errands;
pub mod flash;
pub mod hosts;
pub mod local_socket;
mod patience;
pub mod redis;
mod replay;
pub mod sign;
mod sources;
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
];
pub use verifier::{COMMANDS, OWN_COMMANDS, Order, Refusal, Verifier};
