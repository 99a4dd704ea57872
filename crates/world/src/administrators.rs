//! The administrators that clients know of (`ADL`): the characters of administrators that were online since the start, with
//! their accounts. A character stays on this list when it goes offline, so the list changes only when an administrator is
//! made or unmade, not whenever one comes or goes. Nothing here lasts over a restart. The role itself is in
//! [`crate::roles`].

use std::sync::Arc;

use fchatd_protocol::exchange::Frame;
use serde::{Deserialize, Serialize};

use crate::settings::keys;
use crate::world::{ConnectionKey, World};

/// A character of an administrator.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Administrator {
    name: Arc<str>,
    account: i64,
}

impl World {
    /// Puts the character of a connection on the list of administrators. Returns whether it is new there; false also when
    /// the list is full (`global_moderators_max`).
    pub fn list_administrator(&mut self, key: ConnectionKey) -> bool {
        let Some(connection) = self.connections.get(key) else {
            return false;
        };
        let (name, account) = (Arc::clone(&connection.name), connection.account);
        let most = self.settings.count(keys::GLOBAL_MODERATORS_MAX);
        if self.is_listed_administrator(&name) || self.acquaintances.administrators.len() >= most {
            return false;
        }
        self.acquaintances
            .administrators
            .push(Administrator { name, account });
        true
    }

    /// Takes the characters of an account off the list of administrators. Returns their names.
    pub fn unlist_administrators(&mut self, account: i64) -> Vec<Arc<str>> {
        let of_account = |listed: &mut Administrator| listed.account == account;
        self.acquaintances
            .administrators
            .extract_if(.., of_account)
            .map(|listed| listed.name)
            .collect()
    }

    /// Takes a character off the list of administrators. Returns its name as it was on the list.
    pub fn unlist_administrator(&mut self, name: &str) -> Option<Arc<str>> {
        let place = self.place_of_administrator(name)?;
        Some(self.acquaintances.administrators.remove(place).name)
    }

    /// Whether a character is on the list of administrators; the case of the name does not matter.
    pub fn is_listed_administrator(&self, name: &str) -> bool {
        self.place_of_administrator(name).is_some()
    }

    /// The names on the list of administrators, in the order in which they came.
    pub fn listed_administrators(&self) -> impl Iterator<Item = &Arc<str>> {
        self.acquaintances
            .administrators
            .iter()
            .map(|listed| &listed.name)
    }

    /// Sends a frame that stands in [`World::outputs`] to all people online except the connection `key`.
    pub fn send_to_others(&mut self, key: ConnectionKey, frame: Frame) {
        let others = self.connections.iter().filter(|&(other, connection)| {
            other != key && connection.is_identified() && !connection.away && !connection.closing
        });
        let others: Vec<_> = others.map(|(other, _)| other).collect();
        for other in others {
            self.send_frame(other, frame);
        }
    }

    fn place_of_administrator(&self, name: &str) -> Option<usize> {
        self.acquaintances
            .administrators
            .iter()
            .position(|listed| listed.name.eq_ignore_ascii_case(name))
    }
}
