//! Ignore lists: one list for the account, the same on all its connections.

use fchatd_protocol::exchange::Request;
use fchatd_protocol::name;
use fchatd_protocol::text::fold;

use crate::sessions::Part;
use crate::settings::keys;
use crate::world::{ConnectionKey, World};

/// Ignored names that a log-in site may give, where clients stop at `ignores_max`.
const SITE_IGNORES_MAX: usize = 2000;

impl World {
    /// Replaces the list, kept in lower case; texts that can be no names are left out. The first time a connection only learns the present list, and
    /// no frame tells of it; later it is a change, for all connections of the account.
    pub fn set_ignores(&mut self, key: ConnectionKey, names: &[String]) {
        let most = self.settings.count(keys::IGNORES_MAX).max(SITE_IGNORES_MAX);
        let names = names.iter().filter(|name| name::is_shaped(name)).take(most);
        let names: Vec<String> = names.map(|name| fold(name).into_owned()).collect();
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        if std::mem::replace(&mut connection.profile.ignores_known, true) {
            self.share_ignores(key, names);
        } else {
            let account = connection.account;
            // The log-in check may have read the list before the last change was on disk.
            let names = self.unsaved_ignores(account).cloned().unwrap_or(names);
            if let Some(connection) = self.connections.get_mut(key) {
                connection.profile.ignores = names;
            }
            self.mark_session(key, Part::Profile);
        }
    }

    /// Adds a name to the list of the account. False when the list is full (`ignores_max`).
    pub fn add_ignore(&mut self, key: ConnectionKey, name: &str) -> bool {
        let name = fold(name);
        let held = self
            .connections
            .get(key)
            .map_or(&[][..], |connection| &connection.profile.ignores);
        if held.iter().any(|held| **held == *name) {
            return true;
        }
        if held.len() >= self.settings.count(keys::IGNORES_MAX) {
            return false;
        }
        let Some(mut names) = self.ignores_of(key) else {
            return false;
        };
        names.push(name.into_owned());
        self.share_ignores(key, names);
        true
    }

    /// Takes a name off the list of the account.
    pub fn remove_ignore(&mut self, key: ConnectionKey, name: &str) {
        let name = fold(name);
        let Some(mut names) = self.ignores_of(key) else {
            return;
        };
        let before = names.len();
        names.retain(|held| **held != *name);
        if names.len() < before {
            self.share_ignores(key, names);
        }
    }

    fn ignores_of(&self, key: ConnectionKey) -> Option<Vec<String>> {
        self.connections
            .get(key)
            .map(|connection| connection.profile.ignores.clone())
    }

    fn share_ignores(&mut self, key: ConnectionKey, names: Vec<String>) {
        let Some(account) = self.connections.get(key).map(|connection| connection.account) else {
            return;
        };
        for key in self
            .of_account(account)
            .iter()
            .copied()
            .chain([key])
            .collect::<Vec<_>>()
        {
            if let Some(connection) = self.connections.get_mut(key) {
                connection.profile.ignores.clone_from(&names);
                connection.profile.ignores_known = true;
            }
            self.mark_session(key, Part::Profile);
        }
        self.marks.ignores(account, &names);
        self.outputs.requests.push(Request::Ignores { account, names });
    }
}
