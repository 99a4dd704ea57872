//! The record in the engine: JSON of some hundred bytes.

use std::collections::BTreeMap;

/// Which core leads, as it stands in the engine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Record {
    /// The number of the view. It grows by one with each change.
    pub epoch: u64,
    /// The name of the leader.
    pub leader: String,
    /// The name of the standby, which holds everything that the leader has let out.
    pub standby: Option<String>,
    /// The name of the core that has written this record.
    pub wrote: String,
    /// A random number of this write: by it the writer knows its own record again.
    pub nonce: u64,
    /// The addresses of the cores for other nodes, by name, for operators.
    pub at: BTreeMap<String, String>,
}

/// A text that is no record, with the reason as a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the record of the view in the engine can't be read: {0}")]
pub struct Unreadable(pub String);

impl Record {
    /// The record as JSON, at most some kilobytes.
    #[must_use]
    pub fn to_json(&self) -> String {
        unimplemented!()
    }

    /// A record from JSON.
    ///
    /// # Errors
    /// It is no JSON, is longer than 16 KiB, or a field is missing or has another shape.
    pub fn from_json(_text: &str) -> Result<Self, Unreadable> {
        unimplemented!()
    }
}
