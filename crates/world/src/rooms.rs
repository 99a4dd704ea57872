//! Making channels and ending them, and the permissions in them.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use fchatd_protocol::exchange::{ChannelId, Operation};
use fchatd_protocol::{frame, text};
use rand::RngExt;

use crate::allowance::MILLISECOND;
use crate::changes::Thing;
use crate::channel::{Channel, Kind, Mode};
use crate::people::PersonId;
use crate::settings::keys;
use crate::world::{ChannelKey, ConnectionKey, World};

/// Why a room was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoomRefusal {
    /// The account has as many as it may have: so many.
    TooMany(usize),
    /// The account makes them too quickly; the next can be made after so many seconds.
    TooQuick(u64),
    /// The server has as many as it may have.
    ServerFull,
    /// There is no place for it, or no person that makes it.
    Impossible,
}

impl fmt::Display for RoomRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany(most) => write!(
                f,
                "You have made {most} rooms that are still there, and may not have more. Close one first."
            ),
            Self::TooQuick(seconds) => write!(
                f,
                "You are making rooms too quickly. Wait {seconds} s before you make the next one."
            ),
            Self::ServerFull => f.write_str("This server has as many rooms as it may have. Try again later."),
            Self::Impossible => f.write_str("No more channels can be made."),
        }
    }
}

impl World {
    /// A channel.
    pub fn channel(&self, key: ChannelKey) -> Option<&Channel> {
        self.channels.get(key)
    }

    /// A channel, to change it. Lists that show it are made anew.
    pub fn channel_mut(&mut self, key: ChannelKey) -> Option<&mut Channel> {
        self.touch_lists(key);
        let channel = self.channels.get_mut(key)?;
        self.marks.changed(Thing::Head(key));
        Some(channel)
    }

    /// The channel of a name, in any case.
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
        // A name of an old state may have markup; clients know it as it stands in frames.
        if let Cow::Owned(other) = text::in_frames(&folded) {
            self.channel_names.entry(Arc::from(other)).or_insert(key);
        }
        self.channel_names.insert(folded, key);
        if let Some(channel) = self.channels.get_mut(key) {
            channel.id = ChannelId(key.index);
            channel.active = now;
        }
        self.touch_lists(key);
        self.changed(Thing::Head(key));
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
    ///
    /// # Errors
    /// A limit forbids it, and nothing was done.
    pub fn create_room(&mut self, creator: ConnectionKey, title: &str) -> Result<ChannelKey, RoomRefusal> {
        let (owner, folded) = match self.connections.get(creator) {
            Some(creator) => (creator.name.clone(), creator.folded.clone()),
            None => return Err(RoomRefusal::Impossible),
        };
        let maker = self.allow_room(creator).inspect_err(|_| {
            self.limit_counts.rooms_refused += 1;
        })?;
        let number: u128 = self.random.random();
        let name = format!("ADH-{:020x}", number >> 48);
        let key = self.create_channel(&name, title, Kind::Private);
        let key = key.ok_or(RoomRefusal::Impossible)?;
        let room = self.channels.get_mut(key).ok_or(RoomRefusal::Impossible)?;
        room.owner = owner;
        room.invited.insert(folded);
        room.maker = maker;
        if maker != 0 {
            self.people.of(maker).rooms += 1;
        }
        // A room that no character ever enters goes like an empty one.
        self.emptied.push(key);
        Ok(key)
    }

    /// Whether a character may make a room now; then the pace of the account counts it. Gives the person that made it.
    fn allow_room(&mut self, creator: ConnectionKey) -> Result<PersonId, RoomRefusal> {
        let most = self.settings.count(keys::ROOMS_MAX);
        // The count of all channels says most of the time that it need not be looked at more closely.
        if self.channels.len() >= most && self.room_count() >= most {
            return Err(RoomRefusal::ServerFull);
        }
        let Some(maker) = self.person_of(creator) else {
            return Ok(0);
        };
        let most = self.settings.count(keys::ROOMS_PER_ACCOUNT);
        let pause = (self.settings.number(keys::ROOM_FLOOD) * 1e9) as u64;
        let size = pause.saturating_mul(self.settings.count(keys::ROOM_BURST).saturating_sub(1) as u64);
        let now = self.now.monotonic * MILLISECOND;
        let person = self.people.of(maker);
        if person.rooms as usize >= most {
            return Err(RoomRefusal::TooMany(most));
        }
        match person.rooms_made.wait(now, size) {
            0 => person.rooms_made.take(now, pause),
            wait => return Err(RoomRefusal::TooQuick(wait.div_ceil(1000 * MILLISECOND))),
        }
        Ok(maker)
    }

    /// How many channels there are that are not public.
    pub fn room_count(&self) -> usize {
        let is_room = |channel: &Channel| channel.kind != Kind::Public;
        self.channels
            .iter()
            .filter(|(_, channel)| is_room(channel))
            .count()
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
            // A member that has yet to join it again does not know it.
            if !absent.contains(&member) {
                self.send(member, |out| frame::left(out, &name, &who));
            }
            self.part(key, member);
        }
        self.touch_lists(key);
        if let Some(channel) = self.channels.remove(key) {
            self.channel_names.remove(&channel.folded);
            let other = text::in_frames(&channel.folded);
            if self.channel_names.get(&*other) == Some(&key) {
                self.channel_names.remove(&*other);
            }
            for name in channel.bans.keys() {
                self.forget_unbound(key, name);
            }
            if channel.maker != 0 {
                let maker = self.people.of(channel.maker);
                maker.rooms = maker.rooms.saturating_sub(1);
            }
            self.outputs
                .operations
                .push(Operation::CloseChannel { channel: channel.id });
            // A store that was never told of the channel has nothing to forget.
            self.changed(match channel.kept {
                true => Thing::Gone(channel.name.clone()),
                false => Thing::Head(key),
            });
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
