//! The ways to keep people out of a channel: bans that hold for whole accounts, the lock, and slow mode. Coming in itself is in
//! [`crate::membership`].

use std::sync::Arc;

use fchatd_protocol::error;
use fchatd_protocol::frame;
use fchatd_protocol::text::fold;

use crate::changes::Thing;
use crate::channel::{Ban, Channel, Kind};
use crate::connection::Connection;
use crate::roles::{ADMIN, CHANNEL_OPERATOR, GLOBAL, SUPER};
use crate::settings::keys;
use crate::world::{ChannelKey, ConnectionKey, World};

/// Whether a ban of another character of the account does not count for this one.
fn is_exempt(channel: &Channel, connection: &Connection) -> bool {
    let roles: &[&str] = if channel.kind == Kind::Public {
        &[ADMIN, GLOBAL, SUPER, CHANNEL_OPERATOR]
    } else {
        &[ADMIN, GLOBAL]
    };
    channel.is_moderator(&connection.name) || roles.iter().any(|role| connection.has_role(role))
}

impl World {
    /// The ban that keeps a connection out of a channel: of its character, or with `channel_ban_accounts` of another
    /// one of its account.
    pub fn ban_against(&self, key: ChannelKey, connection: ConnectionKey) -> Option<&Ban> {
        let now = self.unix_seconds();
        let channel = self.channels.get(key)?;
        let connection = self.connections.get(connection)?;
        let own = channel.ban_of(&connection.folded, now);
        let of_account = || {
            let holds = self.settings.flag(keys::CHANNEL_BAN_ACCOUNTS) && !is_exempt(channel, connection);
            channel.ban_of_account(connection.account, now).filter(|_| holds)
        };
        own.or_else(of_account)
    }

    /// Removes the characters from a channel that a ban of another character of their account excludes, as if they had left.
    pub fn put_out_banned(&mut self, key: ChannelKey, account: i64) {
        for member in self.of_account(account).to_vec() {
            let (Some(channel), Some(connection)) = (self.channels.get(key), self.connections.get(member))
            else {
                continue;
            };
            if !channel.has_member(member) || self.ban_against(key, member).is_none() {
                continue;
            }
            let (place, name) = (Arc::clone(&channel.name), Arc::clone(&connection.name));
            let text = format!("Your account is banned from the channel {}.", channel.title);
            let frame = self.outputs.frame(|out| frame::left(out, &place, &name));
            if self.is_apart(key, member) {
                self.send_frame(member, frame);
            }
            self.send_channel_frame(key, None, frame);
            self.part(key, member);
            self.send_error(member, error::CHANNEL_BANNED, Some(&text));
        }
    }

    /// Account and name of a connection are known: measures that were taken while they were not take effect. Account
    /// bans do so when the script asks for them, since some people are exempt.
    pub(crate) fn apply_measures(&mut self, key: ConnectionKey) {
        let Some(connection) = self.connections.get(key) else {
            return;
        };
        let (account, name, folded) = (
            connection.account,
            Arc::clone(&connection.name),
            Arc::clone(&connection.folded),
        );
        if account == 0 || name.is_empty() {
            return;
        }
        self.bind_hellban(&name, account);
        if self.is_account_hellbanned(account) {
            self.set_hellbanned(key, true);
        }
        if self.unbound_bans.is_empty() {
            return;
        }
        for channel in self.unbound_bans.remove(&folded).unwrap_or_default() {
            let ban = self
                .channels
                .get_mut(channel)
                .and_then(|found| found.bans.get_mut(&folded));
            if let Some(ban) = ban {
                ban.account = account;
                self.ban_changed(channel, &name);
                self.put_out_banned(channel, account);
            }
        }
    }

    /// A ban is new: it is remembered where its account is not known.
    pub(crate) fn note_unbound(&mut self, key: ChannelKey, folded: &Arc<str>) {
        let channels = self.unbound_bans.entry(Arc::clone(folded)).or_default();
        if !channels.contains(&key) {
            channels.push(key);
        }
    }

    /// A ban has ended.
    pub(crate) fn forget_unbound(&mut self, key: ChannelKey, name: &str) {
        if self.unbound_bans.is_empty() {
            return;
        }
        if let Some(channels) = self.unbound_bans.get_mut(&*fold(name)) {
            channels.retain(|&other| other != key);
            if channels.is_empty() {
                self.unbound_bans.remove(&*fold(name));
            }
        }
    }

    /// Ends the invitations of all characters of an account that are online, in every room.
    pub(crate) fn withdraw_invitations(&mut self, account: i64) {
        let names: Vec<_> = self
            .of_account(account)
            .iter()
            .filter_map(|&key| self.connections.get(key))
            .map(|connection| Arc::clone(&connection.folded))
            .collect();
        if names.is_empty() {
            return;
        }
        let invites = |channel: &Channel| names.iter().any(|name| channel.invited.contains(name));
        let inviting = self.channels.iter().filter(|(_, channel)| invites(channel));
        let keys: Vec<_> = inviting.map(|(key, _)| key).collect();
        for key in keys {
            for name in &names {
                self.uninvite(key, name);
            }
        }
    }

    /// Locks a channel, or opens it again, which ends the invitations that only the lock made needful.
    pub fn set_locked(&mut self, key: ChannelKey, locked: bool) {
        if let Some(channel) = self.channel_mut(key) {
            channel.locked = locked;
            if channel.kind == Kind::Public {
                for folded in std::mem::take(&mut channel.invited) {
                    self.marks.changed(Thing::Invitation(key, folded));
                }
            }
        }
    }

    /// Sets slow mode: the least time between two joins in seconds, 0 without one.
    pub fn set_join_pause(&mut self, key: ChannelKey, seconds: u32) {
        if let Some(channel) = self.channel_mut(key) {
            channel.join_pause = seconds;
            channel.last_join = 0;
        }
    }

    /// The seconds until slow mode lets the next member speak. 0 lets this member speak, and the time begins anew.
    pub fn take_join_turn(&mut self, key: ChannelKey) -> u64 {
        let now = self.now.monotonic;
        let Some(channel) = self
            .channels
            .get_mut(key)
            .filter(|channel| channel.join_pause > 0)
        else {
            return 0;
        };
        // `last_join` is a time plus one, so that 0 can say "never".
        let due = channel.last_join.saturating_sub(1) + u64::from(channel.join_pause) * 1000;
        if channel.last_join != 0 && due > now {
            return (due - now).div_ceil(1000);
        }
        channel.last_join = now + 1;
        0
    }

    /// The channels that a character of this name owns.
    pub fn owned_by(&self, name: &str) -> Vec<ChannelKey> {
        let owned = self.channels.iter().filter(|(_, channel)| channel.is_owner(name));
        owned.map(|(key, _)| key).collect()
    }
}
