//! Random numbers from a seed, and connections as bytes that arrive in pieces or not at all.

use std::collections::VecDeque;

use fchatd_cluster::Decoder;

/// Random numbers from a seed (splitmix64).
#[derive(Debug)]
pub(super) struct Random(pub(super) u64);

impl Random {
    fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.number() % bound.max(1) as u64) as usize
    }

    pub(super) fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }
}

/// Bytes under way in one direction, and what has arrived of them.
#[derive(Debug, Default)]
pub(super) struct Pipe {
    under_way: VecDeque<u8>,
    pub(super) arrived: Decoder,
}

impl Pipe {
    pub(super) fn send(&mut self, bytes: &[u8]) {
        self.under_way.extend(bytes);
    }

    /// Some bytes arrive, or all.
    pub(super) fn deliver(&mut self, random: &mut Random) {
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
pub(super) struct Connection {
    pub(super) number: u64,
    /// The seat of the edge, once the core has accepted it.
    pub(super) seat: Option<u16>,
    /// Whether the core has said that it leads.
    pub(super) is_invited: bool,
    pub(super) up: Pipe,
    pub(super) down: Pipe,
}
