//! Coming into channels and leaving them. Only who is where changes here; the frames that tell of it are the
//! script's.

use fchatd_protocol::exchange::Operation;
use fchatd_protocol::frame;

use crate::channel::{Channel, Kind};
use crate::world::{ChannelKey, ConnectionKey, World};

/// A room lives on empty, if so many were in it at once.
const LASTING_MEMBERS: usize = 5;
/// How long such a room lives on, in milliseconds.
const LASTING_MILLISECONDS: u64 = 24 * 60 * 60 * 1000;

impl World {
    /// Puts an identified connection into a channel; false when it is in it already or one of them is gone.
    pub fn join(&mut self, channel: ChannelKey, connection: ConnectionKey) -> bool {
        let now = self.now.monotonic;
        let Some(place) = self.channels.get_mut(channel) else {
            return false;
        };
        let Some(member) = self
            .connections
            .get_mut(connection)
            .filter(|member| member.is_identified())
        else {
            return false;
        };
        if place.has_member(connection) {
            return false;
        }
        place.positions.insert(connection, place.members.len() as u32);
        place.members.push(connection);
        place.peak = place.peak.max(place.members.len());
        place.active = now;
        member.channels.push(channel);
        let join = Operation::Join {
            channel: place.id,
            connection: member.id,
        };
        self.outputs.operations.push(join);
        self.touch_lists(channel);
        true
    }

    /// Takes a connection out of a channel; false when it is not in it. A room that is empty then may go when
    /// the script's call has ended.
    pub fn part(&mut self, channel: ChannelKey, connection: ConnectionKey) -> bool {
        if !self.forget_member(channel, connection) {
            return false;
        }
        if let Some(member) = self.connections.get_mut(connection) {
            member.channels.retain(|&other| other != channel);
            let (Some(place), connection) = (self.channels.get(channel), member.id) else {
                return true;
            };
            self.outputs.operations.push(Operation::Leave {
                channel: place.id,
                connection,
            });
        }
        true
    }

    /// Takes a connection out of the channel's side of the membership.
    pub(crate) fn forget_member(&mut self, channel: ChannelKey, connection: ConnectionKey) -> bool {
        let now = self.now.monotonic;
        let Some(place) = self.channels.get_mut(channel) else {
            return false;
        };
        let Some(position) = place.positions.remove(&connection) else {
            return false;
        };
        place.members.swap_remove(position as usize);
        if let Some(moved) = place.members.get(position as usize) {
            place.positions.insert(*moved, position);
        }
        place.active = now;
        if place.members.is_empty() && !place.permanent {
            self.emptied.push(channel);
        }
        self.touch_lists(channel);
        true
    }

    /// The names of a channel's members, and what else `ICH` says, to one connection.
    pub fn send_members(&mut self, channel: ChannelKey, connection: ConnectionKey) {
        let Some(place) = self.channels.get(channel) else {
            return;
        };
        let Some(recipient) = self.connections.get(connection) else {
            return;
        };
        let recipient = recipient.id;
        let names = place
            .members
            .iter()
            .filter_map(|&key| self.connections.get(key))
            .map(|member| &*member.name);
        let (name, mode) = (&*place.name, place.mode.as_str());
        let frame = self.outputs.frame(|out| frame::members(out, name, mode, names));
        self.outputs.operations.push(Operation::Send {
            connection: recipient,
            frame,
        });
    }

    /// Lets rooms go that were emptied since the last call (page 2, "Leaving"): private ones at once, open ones
    /// unless they once had five members.
    pub fn sweep_emptied(&mut self) {
        for key in std::mem::take(&mut self.emptied) {
            let goes = |room: &Channel| {
                room.members.is_empty()
                    && !room.permanent
                    && (room.kind == Kind::Private || room.peak < LASTING_MEMBERS)
            };
            if self.channels.get(key).is_some_and(goes) {
                self.destroy_channel(key);
            }
        }
    }

    /// Lets open rooms go that stood empty for a day, and forgets timers that no longer matter.
    pub fn housekeep(&mut self) {
        let now = self.now.monotonic;
        let stale = |room: &Channel| {
            room.members.is_empty()
                && !room.permanent
                && now.saturating_sub(room.active) >= LASTING_MILLISECONDS
        };
        let gone: Vec<_> = self
            .channels
            .iter()
            .filter(|(_, room)| stale(room))
            .map(|(key, _)| key)
            .collect();
        for key in gone {
            self.destroy_channel(key);
        }
        self.expire_sanctions();
        self.forget_old_ads();
        self.forget_old_takeovers();
    }
}
