//! The folder with the state, opened for a server.

use std::path::{Path, PathBuf};

use fchatd_store::{Claim, Store};

use crate::Failure;
use crate::command_line::CommandLine;

/// The folder with the state of a server.
pub(crate) fn data_folder(dir: &Path) -> PathBuf {
    dir.join("data")
}

/// What lasts, and the right to keep it.
pub(crate) struct State {
    pub(crate) store: Store,
    _claim: Claim,
}

impl State {
    /// Opens the state; with `--dev` there is none.
    pub(crate) fn open(line: &CommandLine) -> Result<Option<Self>, Failure> {
        if line.dev {
            return Ok(None);
        }
        let folder = data_folder(&line.dir);
        let claim = Claim::take(&folder).map_err(|error| error.to_string())?;
        let store = Store::open_claimed(&claim).map_err(|error| error.to_string())?;
        Ok(Some(Self { store, _claim: claim }))
    }
}
