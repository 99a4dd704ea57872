//! The questions of the listener's thread to the chat's thread.

use fchatd_figures::Sample;
use tokio::sync::oneshot;

/// A question to the chat's thread.
#[derive(Debug)]
pub(super) enum Question {
    /// The values of all figures.
    Samples(oneshot::Sender<Vec<Sample>>),
    /// Whether all event loops run. The chat's own loop does if the question is answered.
    Alive(oneshot::Sender<bool>),
}
