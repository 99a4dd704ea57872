//! Making channels and ending them, and who may do what in them.

use std::sync::Arc;

use fchatd_protocol::exchange::{ChannelId, Operation};
use fchatd_protocol::{frame, text};
use rand::RngExt;

use crate::channel::{Channel, Kind, Mode};
use crate::world::{ChannelKey, ConnectionKey, World};

impl World {
    /// A channel.
    pub fn channel(&self, key: ChannelKey) -> Option<&Channel> {
        self.channels.get(key)
    }

    /// A channel, to change it. Lists that show it are made anew.
    pub fn channel_mut(&mut self, key: ChannelKey) -> Option<&mut Channel> {
        self.touch_lists(key);
        let channel = self.channels.get_mut(key)?;
        if channel.kind != Kind::Private {
            self.lasting += 1;
            self.marks.channel(key);
        }
        Some(channel)
    }

    /// The channel of a name, in whatever case.
    pub fn find_channel(&self, name: &str) -> Option<ChannelKey> {
        text::with_folded(name, |folded| self.channel_names.get(folded).copied())
    }

    /// All channels.
    pub fn channels(&self) -> impl Iterator<Item = (ChannelKey, &Channel)> {
        self.channels.iter()
    }

    /// How many channels there are.
    pub fn channel_count(&self) -> usize {
        self.channels.len()
    }

    /// Makes a channel; nothing when the name is empty or taken.
    pub fn create_channel(&mut self, name: &str, title: &str, kind: Kind) -> Option<ChannelKey> {
        if name.is_empty() || self.find_channel(name).is_some() {
            return None;
        }
        let channel = Channel::new(name, title, kind);
        let folded = channel.folded.clone();
        let now = self.now.monotonic;
        let key = self.channels.insert(channel)?;
        self.channel_names.insert(folded, key);
        if let Some(channel) = self.channels.get_mut(key) {
            channel.id = ChannelId(key.index);
            channel.active = now;
        }
        self.touch_lists(key);
        if kind != Kind::Private {
            self.lasting += 1;
            self.marks.channel(key);
        }
        Some(key)
    }

    /// Makes a public channel with its mode and description.
    pub fn create_public(&mut self, name: &str, mode: Mode, description: &str) -> Option<ChannelKey> {
        let key = self.create_channel(name, name, Kind::Public)?;
        let channel = self.channels.get_mut(key)?;
        channel.mode = mode;
        channel.description = Arc::from(description);
        Some(key)
    }

    /// Makes a private room named `ADH-` and 20 hexadecimal digits; its creator owns it and is invited.
    pub fn create_room(&mut self, creator: ConnectionKey, title: &str) -> Option<ChannelKey> {
        let (owner, folded) = {
            let creator = self.connections.get(creator)?;
            (creator.name.clone(), creator.folded.clone())
        };
        let number: u128 = self.random.random();
        let name = format!("ADH-{:020x}", number >> 48);
        let key = self.create_channel(&name, title, Kind::Private)?;
        let room = self.channels.get_mut(key)?;
        room.owner = owner;
        room.invited.insert(folded);
        // A room that nobody ever enters goes as one that everybody has left.
        self.emptied.push(key);
        Some(key)
    }

    /// Ends a channel; each member gets `LCH` about itself.
    pub fn destroy_channel(&mut self, key: ChannelKey) {
        let Some(channel) = self.channels.get(key) else {
            return;
        };
        let (name, members, absent) = (
            channel.name.clone(),
            channel.members.clone(),
            channel.absent.clone(),
        );
        for member in members {
            let Some(who) = self.connections.get(member).map(|member| member.name.clone()) else {
                continue;
            };
            // Whose client has yet to join it again does not know it.
            if !absent.contains(&member) {
                self.send(member, |out| frame::left(out, &name, &who));
            }
            self.part(key, member);
        }
        self.touch_lists(key);
        if let Some(channel) = self.channels.remove(key) {
            self.channel_names.remove(&channel.folded);
            self.outputs
                .operations
                .push(Operation::CloseChannel { channel: channel.id });
            self.lasting += u64::from(channel.kind != Kind::Private);
            self.marks.channel_gone(&channel);
            if channel.kind == Kind::Public {
                for moderator in &channel.moderators {
                    self.refresh_channel_operator(&moderator.name);
                }
            }
        }
    }

    /// The owner (empty text where there is none), then the moderators of a channel, then on a public channel the
    /// super moderators.
    pub fn moderators(&self, key: ChannelKey) -> Vec<Arc<str>> {
        let Some(channel) = self.channels.get(key) else {
            return Vec::new();
        };
        let mut names = Vec::with_capacity(channel.moderators.len() + 1);
        names.push(channel.owner.clone());
        names.extend(
            channel
                .moderators
                .iter()
                .map(|moderator| &moderator.name)
                .filter(|name| !channel.is_owner(name))
                .cloned(),
        );
        if channel.kind == Kind::Public {
            names.extend(
                self.super_operators
                    .iter()
                    .filter(|name| !channel.is_moderator(name))
                    .cloned(),
            );
        }
        names
    }
}
