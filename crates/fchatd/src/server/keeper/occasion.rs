//! Why a whole state is saved.

/// Why a whole state is saved. The database always gets the whole; the classic server wrote its channels at its turns
/// only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Occasion {
    /// The server has started: nothing has changed except by the start of the scripts.
    Start,
    /// A member of the staff has decided something.
    Decision,
    /// The housekeeping turn has come, an administrator asks for it, or the server stops.
    Turn,
}
