//! The door for neighbours: programs beside the chat that hear of it or speak to it.

use fchatd_figures::Sink;
use fchatd_protocol::exchange::{LogEntry, Request};
use fchatd_world::{Now, World};

/// Runs on the thread that writes the state, after a commit is on disk and before its answer goes out.
pub(crate) type Barrier = Box<dyn Fn() + Send>;

/// A neighbour of the chat. Each method runs on the thread of the core, so none may wait for I/O; a neighbour has a thread or
/// a task behind a bounded queue. A method that a neighbour does not need keeps its default.
pub(crate) trait Neighbour {
    /// Whether the neighbour needs [`Request::Presence`]. The world makes these requests only where a neighbour does.
    fn needs_presence(&self) -> bool {
        false
    }

    /// A barrier between a commit on disk and its answer: a client that has the answer then finds the neighbour's part of the
    /// commit stored, too.
    fn barrier(&self) -> Option<Barrier> {
        None
    }

    /// Reads a request of the core before the application carries it out. Entries of the chat log go to
    /// [`Neighbour::log`] instead.
    fn hear(&mut self, _request: &Request) {}

    /// Takes an entry of the chat log, or returns it for the next neighbour.
    fn log(&mut self, entry: Box<LogEntry>) -> Option<Box<LogEntry>> {
        Some(entry)
    }

    /// Called once a second.
    fn tick(&mut self, _world: &World, _now: Now) {}

    /// Sends the whole state again: at each housekeeping turn, and when a neighbour asks for it by
    /// [`Start::wants_all`](super::start::Start::wants_all).
    fn tell_all(&mut self, _world: &World, _now: Now) {}

    /// Puts the neighbour's figures into a sink.
    fn figures(&self, sink: &mut dyn Sink);

    /// Ends the neighbour. All characters are offline by then.
    fn finish(&mut self) {}
}
