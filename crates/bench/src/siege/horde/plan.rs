//! The actions of the attackers of one attack, as data.

use std::time::Duration;

/// The number of the attackers' addresses.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sources {
    /// This many addresses, used in turn.
    Few(usize),
    /// Each attacker has its own address.
    Each,
}

/// The identity of the attackers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Who {
    /// They never identify.
    Nobody,
    /// Each has an account.
    Own,
    /// They share accounts, with five characters each.
    Shared,
    /// They identify with a wrong ticket.
    Pretender,
}

/// The values that the content of one batch depends on.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    /// Number of earlier batches of this socket, over all of its connections.
    pub(crate) said: u64,
    /// The room that the first socket has created; empty before.
    pub(crate) room: &'a str,
}

/// The actions of the attackers of one attack.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// Number of attackers.
    pub(crate) sockets: usize,
    pub(crate) sources: Sources,
    pub(crate) who: Who,
    /// Whether they read the server's output.
    pub(crate) reads: bool,
    /// Commands of the first socket after its log-in. A `CCR` creates the shared room.
    pub(crate) first: &'static [&'static str],
    /// Commands of the other sockets, sent when the shared room exists. `{room}` is its name.
    pub(crate) others: &'static [&'static str],
    /// The range of sockets that send batches; the others only prepare and listen.
    pub(crate) speakers: (usize, usize),
    /// The frames of one batch.
    pub(crate) words: fn(&Turn<'_>) -> Vec<u8>,
    /// Interval between two batches of a socket; zero at full rate.
    pub(crate) pause: Duration,
    /// Number of batches after which a socket closes and reconnects.
    pub(crate) stays_for: Option<u64>,
}

/// The default: one attacker with its own account, which reads.
pub(crate) const PLAN: Plan = Plan {
    sockets: 1,
    sources: Sources::Each,
    who: Who::Own,
    reads: true,
    first: &[],
    others: &[],
    speakers: (0, usize::MAX),
    words: |_| Vec::new(),
    pause: Duration::ZERO,
    stays_for: None,
};
