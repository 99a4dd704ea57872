//! The questions of the core that a standby remembers until it leads.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use fchatd_protocol::exchange::{ConnectionId, Input, Request};

/// The open questions of the core. A leader asks them; a standby asks them when it leads.
#[derive(Debug, Default)]
pub(crate) struct Standby {
    pub(crate) is_following: bool,
    /// Whether the chat has made steps of a leader, so that its clock has to go on.
    pub(crate) has_followed: bool,
    /// Log-in checks, by their connections.
    pub(crate) checks: HashMap<ConnectionId, Request>,
    /// Questions for characters.
    pub(crate) searches: BTreeMap<u64, Request>,
    /// Questions to web servers.
    pub(crate) web: BTreeSet<u64>,
    /// The generation of the keeper's reports about the present state.
    pub(crate) generation: u64,
}

impl Standby {
    /// An input may answer a question.
    pub(crate) fn note(&mut self, input: &Input<'_>) {
        if !self.is_following {
            return;
        }
        match *input {
            Input::LoginAnswer { connection, .. } | Input::Closed { connection, .. } => {
                self.checks.remove(&connection);
            }
            Input::CharactersFound { id, .. } => drop(self.searches.remove(&id)),
            Input::HttpAnswer { id, .. } => drop(self.web.remove(&id)),
            _ => {}
        }
    }
}
