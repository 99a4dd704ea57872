//! The questions of a core for its engine, and the answers. The adapters to real engines are in the crate `links`.

use super::Record;

/// The engine's own number of a state of the record: a swap names the one that it replaces. 0 stands for "there is no record".
pub type Revision = u64;

/// A question for the engine. A core has at most one under way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Ask {
    /// Read the record. It has to be the newest one (linearizable).
    Read,
    /// Write this record if the one in the engine still has this revision.
    Swap(Revision, Box<Record>),
}

/// The engine's answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Answer {
    /// To [`Ask::Read`]: the record and its revision; revision 0 and nothing when there is none.
    Record(Revision, Option<Box<Record>>),
    /// To [`Ask::Read`]: the engine has not answered, or can't be used, for this reason; or its record can't be read.
    Away(String),
    /// To [`Ask::Swap`].
    Swapped(Swapped),
}

/// The outcome of a swap.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Swapped {
    /// The record is written, and has this revision.
    Done(Revision),
    /// The engine says that the record had another revision. That does not prove that this swap was not carried out: some
    /// engines say so about the repetition of their own write.
    Not,
    /// Nobody knows whether it was written, for this reason.
    Unknown(String),
}
