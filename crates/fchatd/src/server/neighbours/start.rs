//! The surroundings in which neighbours start.

use std::path::Path;

use fchatd_world::Settings;
use tokio::sync::mpsc::UnboundedSender;

use crate::server::answer::Answer;

/// The material for the start of a neighbour.
pub(crate) struct Start<'a> {
    pub(crate) settings: &'a Settings,
    /// The server's folder.
    pub(crate) dir: &'a Path,
    /// The folder with the state; none with `--dev`.
    pub(crate) data: Option<&'a Path>,
    /// Takes a neighbour's wish to hear everything again.
    pub(crate) answers: &'a UnboundedSender<Answer>,
}
