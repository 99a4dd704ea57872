//! The actions of the attackers of one attack, as data.

use std::time::Duration;

/// How many addresses the attackers have.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sources {
    /// So many, in turn.
    Few(usize),
    /// Each has its own.
    Each,
}

/// As whom the attackers come in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Who {
    /// They never identify.
    Nobody,
    /// Each has an account.
    Own,
    /// They are the characters of few accounts, five of each.
    Shared,
    /// They identify with a ticket that is wrong.
    Pretender,
}

/// The values on which the words of one batch depend.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    /// How many batches this socket has said before, over all of its connections.
    pub(crate) said: u64,
    /// The room that the first socket has founded; empty as long as there is none.
    pub(crate) room: &'a str,
}

/// The actions of the attackers of one attack.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// How many there are.
    pub(crate) sockets: usize,
    pub(crate) sources: Sources,
    pub(crate) who: Who,
    /// Whether they read what the server says.
    pub(crate) reads: bool,
    /// Said by the first socket after its log-in. A `CCR` founds the room of all.
    pub(crate) first: &'static [&'static str],
    /// Said by the others, as soon as there is the room that the first one founds. `{room}` is its name.
    pub(crate) others: &'static [&'static str],
    /// The first socket that speaks, and the first of the rest that do not: those only prepare and listen.
    pub(crate) speakers: (usize, usize),
    /// The frames of one batch.
    pub(crate) words: fn(&Turn<'_>) -> Vec<u8>,
    /// Between two batches of a socket; at full rate there is none.
    pub(crate) pause: Duration,
    /// After so many batches a socket says goodbye, and comes back.
    pub(crate) stays_for: Option<u64>,
}

/// The usual: one attacker with an account of its own, who reads.
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
