//! Moderators, owners and bans of channels.

use std::sync::Arc;

use fchatd_protocol::text::fold;

use crate::changes::Thing;
use crate::channel::{Ban, Kind, Moderator};
use crate::settings::keys;
use crate::world::{ChannelKey, World};

impl World {
    /// Makes a character moderator of a channel; on a public one it has the role `cop` at once. False when it
    /// is on the list already, or the list is full (`channel_moderators_max`).
    pub fn add_moderator(&mut self, key: ChannelKey, by: &str, name: &str) -> bool {
        let time = self.unix_seconds();
        let most = self.settings.count(keys::CHANNEL_MODERATORS_MAX);
        let Some(channel) = self.channels.get_mut(key) else {
            return false;
        };
        if channel.moderators.len() >= most || channel.is_appointed(name) {
            return false;
        }
        channel.moderators.push(Moderator {
            name: Arc::from(name),
            by: Arc::from(by),
            time,
        });
        let public = channel.kind == Kind::Public;
        self.moderators_changed(key);
        if public {
            self.refresh_channel_operator(name);
        }
        true
    }

    /// Takes a character off a channel's list of moderators and gives its name as it stood there. The role `cop`
    /// goes with the last public channel.
    pub fn remove_moderator(&mut self, key: ChannelKey, name: &str) -> Option<Arc<str>> {
        let channel = self.channels.get_mut(key)?;
        let place = channel
            .moderators
            .iter()
            .position(|held| held.name.eq_ignore_ascii_case(name))?;
        let removed = channel.moderators.remove(place);
        let public = channel.kind == Kind::Public;
        self.moderators_changed(key);
        if public {
            self.refresh_channel_operator(name);
        }
        Some(removed.name)
    }

    /// Keeps a character out of a channel, for good (`until` 0) or until then (Unix seconds), and with
    /// `channel_ban_accounts` its whole account. Its invitation ends. False when the list is full, for the staff too.
    pub fn ban_from_channel(&mut self, key: ChannelKey, by: &str, name: &str, until: i64) -> bool {
        let time = self.unix_seconds();
        let most = self
            .settings
            .count(keys::CHANNEL_BANS_MAX)
            .max(self.settings.count(keys::CHANNEL_BANS_STAFF_MAX));
        let account = self.account_of(name).unwrap_or(0);
        let Some(channel) = self.channels.get_mut(key) else {
            return true;
        };
        let folded: Arc<str> = Arc::from(&*fold(name));
        if channel.bans.len() >= most && !channel.bans.contains_key(&folded) {
            return false;
        }
        let ban = Ban {
            name: Arc::from(name),
            banner: Arc::from(by),
            time,
            until,
            account,
        };
        channel.bans.insert(Arc::clone(&folded), ban);
        self.uninvite(key, &folded);
        self.ban_changed(key, name);
        if account == 0 {
            self.note_unbound(key, &folded);
        } else if self.settings.flag(keys::CHANNEL_BAN_ACCOUNTS) {
            self.put_out_invitations(key, account);
        }
        true
    }

    /// Ends the invitations to a channel of all characters of an account that are online.
    fn put_out_invitations(&mut self, key: ChannelKey, account: i64) {
        for member in self.of_account(account).to_vec() {
            if let Some(connection) = self.connections.get(member) {
                let folded = Arc::clone(&connection.folded);
                self.uninvite(key, &folded);
            }
        }
    }

    /// Ends an invitation.
    pub fn uninvite(&mut self, key: ChannelKey, folded: &str) {
        if let Some(channel) = self.channels.get_mut(key)
            && let Some(folded) = channel.invited.take(folded)
        {
            self.changed(Thing::Invitation(key, folded));
        }
    }

    /// Invites a character to a room. When the list is full (`invitations_max`), invitations of characters that are
    /// offline are forgotten; false when it is still full.
    pub fn invite(&mut self, key: ChannelKey, folded: &Arc<str>) -> bool {
        let most = self.settings.count(keys::INVITATIONS_MAX);
        let online = &self.by_name;
        let Some(channel) = self.channels.get_mut(key) else {
            return false;
        };
        if channel.invited.len() >= most && !channel.invited.contains(folded) {
            let (owner, moderators) = (fold(&channel.owner), &channel.moderators);
            let marks = &mut self.marks;
            channel.invited.retain(|name| {
                let stays = online.contains_key(name)
                    || **name == *owner
                    || moderators.iter().any(|held| held.name.eq_ignore_ascii_case(name));
                if !stays {
                    marks.changed(Thing::Invitation(key, Arc::clone(name)));
                }
                stays
            });
            if channel.invited.len() >= most {
                return false;
            }
        }
        if channel.invited.insert(folded.clone()) {
            self.changed(Thing::Invitation(key, Arc::clone(folded)));
        }
        true
    }

    /// Lifts a ban.
    pub fn unban_from_channel(&mut self, key: ChannelKey, name: &str) {
        if let Some(channel) = self.channels.get_mut(key) {
            channel.bans.remove(&*fold(name));
            self.forget_unbound(key, name);
            self.ban_changed(key, name);
        }
    }

    /// Forgets the bans of a channel that have ended.
    pub fn expire_channel_bans(&mut self, key: ChannelKey) {
        let now = self.unix_seconds();
        let Some(channel) = self.channels.get_mut(key) else {
            return;
        };
        let mut over = Vec::new();
        channel.bans.retain(|name, ban| {
            let stays = ban.until == 0 || ban.until > now;
            if !stays {
                over.push(Arc::clone(name));
            }
            stays
        });
        for name in over {
            self.forget_unbound(key, &name);
            self.ban_changed(key, &name);
        }
    }

    fn moderators_changed(&mut self, key: ChannelKey) {
        self.changed(Thing::Moderators(key));
    }

    pub(crate) fn ban_changed(&mut self, key: ChannelKey, name: &str) {
        self.changed(Thing::ChannelBan(key, Arc::from(&*fold(name))));
    }
}
