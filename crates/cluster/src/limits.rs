//! Bounds and times of a link.

/// Maximum size of one frame of the link, in bytes. A longer one ends the connection.
pub const FRAME_MAX: usize = 32 << 20;
/// Maximum number of edge threads on all other machines.
pub const SEATS: usize = 62;
/// Longest pause between two messages of one side, in milliseconds.
pub const BEAT: u64 = 250;
/// Longest pause between two reports of an edge's counters, in milliseconds.
pub(crate) const TALLY: u64 = 1_000;
/// Weight of unacknowledged batches beyond which an edge is behind, in bytes. The core handles nothing more then.
pub const BATCHES_MAX: usize = 16 << 20;
/// Time after which an edge that is behind is given up, in milliseconds.
pub(crate) const BEHIND: u64 = 5_000;
/// Number of received orders after which the edge acknowledges them.
pub(crate) const ORDERS_UNSAID: u64 = 64;
/// Weight of received batches after which the edge acknowledges them, in bytes.
pub(crate) const BYTES_UNSAID: usize = 1 << 20;
/// Time after which the edge acknowledges received orders, in milliseconds.
pub(crate) const UNSAID: u64 = 100;

/// The times of a link that operators set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Silence after which the other side counts as gone, in milliseconds (`cluster_silence`).
    pub silence: u64,
    /// Time without a core after which an edge closes its connections, in milliseconds (`cluster_patience`).
    pub patience: u64,
}
