//! Roles of the characters online, with an index from a role to its holders.

use crate::channel::Kind;
use crate::sessions::Part;
use crate::world::{ConnectionKey, World};

/// The role of administrators.
pub const ADMIN: &str = "admin";
/// The role of global moderators.
pub const GLOBAL: &str = "global";
/// The role of super moderators.
pub const SUPER: &str = "super-cop";
/// The role of moderators of a public channel.
pub const CHANNEL_OPERATOR: &str = "cop";

/// The roles of the staff.
const STAFF: [&str; 4] = [ADMIN, GLOBAL, SUPER, CHANNEL_OPERATOR];

impl World {
    /// The connections that have lost a role of the staff since this was asked last.
    pub fn take_demoted(&mut self) -> Vec<ConnectionKey> {
        std::mem::take(&mut self.demoted)
    }

    /// Gives a connection a role.
    pub fn add_role(&mut self, key: ConnectionKey, role: &str) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        if !connection.has_role(role) {
            connection.add_role(role);
            self.by_role.entry(role.into()).or_default().push(key);
            self.mark_session(key, Part::Head);
        }
    }

    /// Takes a role away from a connection.
    pub fn remove_role(&mut self, key: ConnectionKey, role: &str) {
        if let Some(connection) = self.connections.get_mut(key)
            && connection.has_role(role)
        {
            connection.remove_role(role);
            self.mark_session(key, Part::Head);
            if STAFF.contains(&role) && !self.demoted.contains(&key) {
                self.demoted.push(key);
            }
        }
        self.unlist(key, role);
    }

    /// The connections that have a role.
    pub fn holders(&self, role: &str) -> &[ConnectionKey] {
        self.by_role.get(role).map_or(&[], Vec::as_slice)
    }

    /// Gives or takes the role of a channel moderator, as the public channels have it.
    pub(crate) fn refresh_channel_operator(&mut self, name: &str) {
        let Some(key) = self.find_character(name) else {
            return;
        };
        if self.is_channel_operator(name) {
            self.add_role(key, CHANNEL_OPERATOR);
        } else {
            self.remove_role(key, CHANNEL_OPERATOR);
        }
    }

    /// Whether a character is on the list of moderators of a public channel. Owners are not for that alone.
    pub fn is_channel_operator(&self, name: &str) -> bool {
        self.channels()
            .any(|(_, channel)| channel.kind == Kind::Public && channel.is_appointed(name))
    }

    /// The index forgets a departing character. The connection's own roles stay for the
    /// script's farewell.
    pub(crate) fn forget_roles(&mut self, key: ConnectionKey) {
        let Some(connection) = self.connections.get(key) else {
            return;
        };
        for role in connection.roles.clone() {
            self.unlist(key, &role);
        }
        self.staff_targets.retain(|&other| other != key);
    }

    fn unlist(&mut self, key: ConnectionKey, role: &str) {
        if let Some(holders) = self.by_role.get_mut(role) {
            holders.retain(|&other| other != key);
            if holders.is_empty() {
                self.by_role.remove(role);
            }
        }
    }
}
