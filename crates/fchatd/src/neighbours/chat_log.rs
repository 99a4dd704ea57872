//! The chat log as a neighbour: a socket whose readers get an entry for every message.

use std::path::{Path, PathBuf};

use fchatd_figures::Sink;
use fchatd_links::chat_log::ChatLog;
use fchatd_protocol::exchange::LogEntry;
use fchatd_world::Settings;
use fchatd_world::settings::keys;

use super::neighbour::Neighbour;
use super::start::Start;
use crate::failure::Failure;

/// The path of the chat log's socket for a server in this folder, if the settings name one.
pub(crate) fn chat_log_path(settings: &Settings, dir: &Path) -> Option<PathBuf> {
    let path = settings.text(keys::LOG_SOCKET_PATH);
    // A path that is absolute stays as it is.
    (!path.is_empty()).then(|| dir.join(path))
}

/// The chat log of a server.
pub(super) struct ChatLogLink(ChatLog);

impl ChatLogLink {
    /// Opens the socket, where the settings name one.
    ///
    /// # Errors
    /// The socket can't be made, or another program listens on it.
    pub(super) fn start(start: &Start<'_>) -> Result<Option<Self>, Failure> {
        let Some(path) = chat_log_path(start.settings, start.dir) else {
            return Ok(None);
        };
        match ChatLog::start(&path) {
            Ok(log) => Ok(Some(Self(log))),
            // Nothing is lost before an administrator switches the log on.
            Err(error) if !start.settings.flag(keys::LOG_START) => {
                tracing::warn!(
                    "log_socket_path: {error}. The chat log is off, so the server starts without it"
                );
                Ok(None)
            }
            Err(error) => Err(format!("log_socket_path: {error}")),
        }
    }
}

impl Neighbour for ChatLogLink {
    fn log(&mut self, entry: Box<LogEntry>) -> Option<Box<LogEntry>> {
        self.0.push(entry);
        None
    }

    fn figures(&self, sink: &mut dyn Sink) {
        fchatd_links::chat_log::FIGURES.put(&self.0.gauges(), sink);
    }

    fn finish(&mut self) {
        self.0.finish();
    }
}
