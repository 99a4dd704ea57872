//! Identification: the name, the account, and the data of a character that others see.

use std::sync::Arc;

use fchatd_protocol::exchange::{Operation, Request};
use fchatd_protocol::{name, text};

use crate::connection::{Connection, State};
use crate::sessions::Part;
use crate::settings::keys;
use crate::world::{ConnectionKey, World};

impl World {
    /// Puts a character online under `name`. From now on it hears frames for all people and stands in the user
    /// list. False, and nothing done, when the name is none or taken, or the connection is identified already.
    pub fn identify(&mut self, key: ConnectionKey, name: &str) -> bool {
        let folded: Arc<str> = Arc::from(&*text::fold(name));
        if !name::is_shaped(name) || self.by_name.contains_key(&folded) {
            return false;
        }
        match self.connections.get(key).map(|connection| connection.state) {
            Some(State::Connected | State::Identifying { .. }) => {}
            _ => return false,
        }
        self.set_state(key, State::Identified);
        let place = self.user_list.add(key);
        let Some(connection) = self.connections.get_mut(key) else {
            return false;
        };
        connection.name = Arc::from(name);
        connection.folded = folded.clone();
        connection.list_position = place;
        let (connection, address) = (connection.id, connection.address);
        self.enter_address(address);
        self.by_name.insert(folded, key);
        self.peak_users = self.peak_users.max(self.user_list.len());
        self.outputs.operations.push(Operation::Identified { connection });
        self.tell_presence(name, true);
        self.refresh_search(key);
        self.mark_session(key, Part::Head);
        self.apply_measures(key);
        true
    }

    /// Whether a text may be kept or relayed as the name of a character. Where the accounts are ours, their alphabet is
    /// known; a log-in site may have others, and a character that is online has a valid name in any case.
    pub fn is_name(&self, text: &str) -> bool {
        name::is_plain(text)
            || self.find_character(text).is_some()
            || name::is_possible(text) && !self.settings.text(keys::LOGIN_URL).is_empty()
    }

    pub(crate) fn tell_presence(&mut self, name: &str, online: bool) {
        if !self.tells_presence {
            return;
        }
        let name = name.to_owned();
        self.outputs.requests.push(Request::Presence { name, online });
    }

    /// Sets the account number, under which [`World::of_account`] finds the connection.
    pub fn set_account(&mut self, key: ConnectionKey, account: i64) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        let was = std::mem::replace(&mut connection.account, account);
        self.forget_account(key, was);
        self.by_account.entry(account).or_default().push(key);
        self.mark_session(key, Part::Head);
        self.apply_measures(key);
    }

    pub(crate) fn forget_account(&mut self, key: ConnectionKey, account: i64) {
        if let Some(list) = self.by_account.get_mut(&account) {
            list.retain(|&other| other != key);
            if list.is_empty() {
                self.by_account.remove(&account);
            }
        }
    }

    /// Sets the gender.
    pub fn set_gender(&mut self, key: ConnectionKey, gender: &str) {
        self.change_row(key, |connection| connection.gender = Arc::from(gender));
    }

    /// Sets status and status message. Without a message the old one stays.
    pub fn set_status(&mut self, key: ConnectionKey, status: &str, message: Option<&str>) {
        self.change_row(key, |connection| {
            connection.status = Arc::from(status);
            if let Some(message) = message {
                connection.status_message = Arc::from(message);
            }
        });
        self.refresh_search(key);
    }

    /// Changes something that the user list shows.
    fn change_row(&mut self, key: ConnectionKey, change: impl FnOnce(&mut Connection)) {
        if let Some(connection) = self.connections.get_mut(key) {
            change(connection);
            self.user_list.touch(connection.list_position);
            self.mark_session(key, Part::Head);
        }
    }
}
