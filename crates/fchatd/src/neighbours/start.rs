//! The surroundings in which neighbours start.

use std::path::Path;
use std::sync::Arc;

use fchatd_traces::Traces;
use fchatd_world::Settings;

/// The material for the start of a neighbour.
pub(crate) struct Start<'a> {
    pub(crate) settings: &'a Settings,
    /// The server's folder.
    pub(crate) dir: &'a Path,
    /// The folder with the state; none with `--dev`.
    pub(crate) data: Option<&'a Path>,
    /// The traces of the server, if they are to be sent.
    pub(crate) traces: Option<Arc<Traces>>,
    /// Asks the server for [`Neighbour::tell_all`](super::neighbour::Neighbour::tell_all). Threads of neighbours call it.
    pub(crate) wants_all: Arc<dyn Fn() + Send + Sync>,
}
