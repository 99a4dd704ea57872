//! One connection between an edge and the core: bytes in each direction, which arrive in pieces or not at all.

use std::collections::VecDeque;

use fchatd_cluster::Decoder;

use crate::random::Random;

/// Bytes under way in one direction, and what has arrived of them.
#[derive(Debug, Default)]
pub(crate) struct Pipe {
    under_way: VecDeque<u8>,
    pub(crate) arrived: Decoder,
}

impl Pipe {
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.under_way.extend(bytes);
    }

    /// Some bytes arrive, or all.
    pub(crate) fn deliver(&mut self, random: &mut Random) {
        let most = self.under_way.len();
        let count = if random.one_in(3) {
            random.below(most + 1)
        } else {
            most
        };
        let bytes: Vec<u8> = self.under_way.drain(..count).collect();
        self.arrived.push(&bytes);
    }
}

/// One connection. A new one has a new number.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    pub(crate) number: u64,
    /// The seat of the edge, once the core has accepted it.
    pub(crate) seat: Option<u16>,
    pub(crate) up: Pipe,
    pub(crate) down: Pipe,
    /// Nothing arrives until this time.
    pub(crate) frozen_until: u64,
}
