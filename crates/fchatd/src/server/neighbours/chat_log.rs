//! The chat log of a server, as the settings want it.

use std::path::{Path, PathBuf};

use fchatd_links::chat_log::ChatLog;
use fchatd_world::Settings;

use crate::failure::Failure;

/// Where the chat log of a server in this folder can be read, if it can be.
pub(crate) fn chat_log_path(settings: &Settings, dir: &Path) -> Option<PathBuf> {
    let path = settings.text("log_socket_path");
    // A path that is absolute stays as it is.
    (!path.is_empty()).then(|| dir.join(path))
}

/// Opens it.
///
/// # Errors
/// The socket can't be made, or somebody else listens on it.
pub(crate) fn chat_log(settings: &Settings, dir: &Path) -> Result<Option<ChatLog>, Failure> {
    let Some(path) = chat_log_path(settings, dir) else {
        return Ok(None);
    };
    match ChatLog::start(&path) {
        Ok(log) => Ok(Some(log)),
        // Nothing is lost before somebody switches the log on.
        Err(error) if !settings.flag("log_start") => {
            tracing::warn!("log_socket_path: {error}. The chat log is off, so the server starts without it");
            Ok(None)
        }
        Err(error) => Err(format!("log_socket_path: {error}")),
    }
}
