//! The lasting state of the chat, in tables: read as a whole, written as a whole or change by change, so that the tables
//! always belong together.

mod channels;
pub(crate) mod load;
pub(crate) mod sessions;
mod write;

use fchatd_protocol::snapshot::Snapshot;

pub use write::ChatWriter;

use crate::database::Store;
use crate::error::StoreError;
use crate::rows::Reader;

impl Store {
    /// The state of the chat and the people online, or nothing when none was ever saved. Channels are in the order of their names, their
    /// bans in the order of time, account bans and timeouts in that of the accounts; the other lists keep theirs.
    ///
    /// # Errors
    /// The store failed.
    pub fn load_snapshot(&self) -> Result<Option<Snapshot>, StoreError> {
        let failure = |error| StoreError::from_sqlite(self.path(), &error);
        let mut connection = self.connection()?;
        // One transaction, so that a save in between can't mix two states.
        let transaction = connection.transaction().map_err(failure)?;
        if !load::is_saved(&transaction).map_err(failure)? {
            return Ok(None);
        }
        let mut reader = Reader::loading(&transaction);
        let mut snapshot = load::load(&mut reader).map_err(failure)?;
        snapshot.sessions = sessions::load(&mut reader).map_err(failure)?;
        Ok(Some(snapshot))
    }

    /// Replaces the state of the chat as [`ChatWriter::replace`] does, on a connection of its own.
    ///
    /// # Errors
    /// The store failed; the old state is still there.
    pub fn save_snapshot(&self, snapshot: &Snapshot) -> Result<bool, StoreError> {
        self.chat_writer()?.replace(snapshot)
    }

    /// A connection that writes the state of the chat, for as long as there are changes to write.
    ///
    /// # Errors
    /// The file cannot be opened any more.
    pub fn chat_writer(&self) -> Result<ChatWriter, StoreError> {
        Ok(ChatWriter::new(self.connection()?, self.place().clone()))
    }
}
