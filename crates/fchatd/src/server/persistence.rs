//! The folder with the state, opened for a server.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use fchatd_store::{Claim, Store};

use crate::failure::Failure;
use crate::folder::note::Note;
use crate::folder::places::data_folder;
use crate::options::Options;

/// The durable state, and the right to keep it.
pub(crate) struct Persistence {
    pub(crate) store: Store,
    folder: PathBuf,
    claim: Arc<Mutex<Claim>>,
    note: Note,
}

impl Persistence {
    /// Opens the state; with `--dev` there is none.
    pub(crate) fn open(options: &Options) -> Result<Option<Self>, Failure> {
        if options.dev {
            return Ok(None);
        }
        let folder = data_folder(&options.dir);
        let claim = Claim::take(&folder).map_err(|error| error.to_string())?;
        let store = Store::open_claimed(&claim).map_err(|error| error.to_string())?;
        Ok(Some(Self {
            store,
            folder,
            claim: Arc::new(Mutex::new(claim)),
            note: Note::new(),
        }))
    }

    /// The data folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The right to the folder, for the thread that looks after it.
    pub(crate) fn claim(&self) -> Arc<Mutex<Claim>> {
        Arc::clone(&self.claim)
    }

    /// Notes for `fchatd restart` that the server serves.
    pub(crate) fn serving(&self) {
        let mut claim = self.claim.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = claim.note(&self.note.to_string()) {
            tracing::warn!(%error, "fchatd restart will not find this server: its lock file can't be written");
        }
    }

    /// Notes for `fchatd restart` why it does not.
    pub(crate) fn restart_refused(&mut self, failure: &str) {
        self.note.refuse(failure);
        self.serving();
    }

    /// Empties the database's log into its file, at the end of a run.
    pub(crate) fn close(&self) {
        if let Err(error) = self.store.checkpoint() {
            // Nothing is lost: the content of the log goes into the file at the next start.
            tracing::warn!(%error, "the database's log could not be emptied");
        }
    }
}
