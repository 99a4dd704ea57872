//! The application on a thread of its own, apart from its edges, each of which has a thread, too.
//!
//! An edge hands over the inputs of its turns, and the application's thread takes them in the order in which they came,
//! whichever edge they came from. What it wants done goes to the edges as batches that they share; each carries out its own
//! part. All edges get the batches in one order, so that recipients see what the core made in its order, whichever edge
//! they are at. What an edge gets beside batches (commits that are on disk, new sockets, settings) goes through the
//! same queue.
//!
//! Nobody waits for a lock longer than it takes to append to a list. The queues have bounds: an edge that has
//! handed over more than [`WAITING_MAX`](link::WAITING_MAX) keeps its inputs, and stops reading when they grow; while an edge
//! has more than [`UNSENT_MAX`](link::UNSENT_MAX) to carry out, the application waits. An edge never waits for the
//! application, so they can't wait for each other.

mod accept;
mod center;
mod link;
mod remote;
mod thread;

pub(crate) use center::Center;
pub use remote::Remote;
