//! The application on a thread of its own; each edge has a separate thread, too.
//!
//! An edge hands over the inputs of its turns. The application's thread handles them in the order of their
//! arrival, across all edges. Its outputs go to the edges as shared batches; each edge applies the operations
//! for its own connections. All edges get the batches in one order, so recipients at every edge see the
//! core's outputs in the core's order. Other commands to an edge (stored commits, new sockets, settings) use
//! the same queue.
//!
//! A lock is held only for an append to a list. The queues are bounded: an edge that has handed over more
//! than [`WAITING_MAX`](link::WAITING_MAX) keeps its inputs, and stops reading when they grow. While an edge
//! has more than [`UNSENT_MAX`](link::UNSENT_MAX) to apply, the application waits. An edge never waits for
//! the application, so there is no deadlock.

mod accept;
mod center;
mod ledger;
pub(crate) mod link;
mod remote;
mod thread;

pub(crate) use center::Center;
pub(crate) use ledger::Part;
pub use remote::Remote;
