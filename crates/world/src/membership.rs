//! Coming into channels and leaving them. Only the membership changes here; the frames that tell of it are the
//! script's.

use fchatd_protocol::exchange::Operation;
use fchatd_protocol::frame;

use crate::channel::{Channel, Kind};
use crate::sessions::Heard;
use crate::settings::keys;
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
        place.kept_until = 0;
        member.channels.push(channel);
        let join = Operation::Join {
            channel: place.id,
            connection: member.id,
        };
        self.outputs.operations.push(join);
        self.mark_seat(channel, connection, Heard::default());
        self.touch_lists(channel);
        true
    }

    /// Takes a connection out of a channel; false when it is not in it. A room that is empty then may go when
    /// the script's call has ended.
    pub fn part(&mut self, channel: ChannelKey, key: ConnectionKey) -> bool {
        let was_heard = !self.is_apart(channel, key);
        if !self.forget_member(channel, key) {
            return false;
        }
        if let Some(member) = self.connections.get_mut(key) {
            member.channels.retain(|&other| other != channel);
            let was_missed = member.absence.is_some();
            let (Some(place), connection) = (self.channels.get(channel), member.id) else {
                return true;
            };
            if was_heard {
                self.outputs.operations.push(Operation::Leave {
                    channel: place.id,
                    connection,
                });
            }
            if was_missed {
                self.forget_apart(channel, key);
            }
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
        if !place.absent.is_empty() {
            place.absent.retain(|&other| other != connection);
        }
        place.active = now;
        if place.members.is_empty() && !place.permanent {
            self.emptied.push(channel);
        }
        self.mark_seat(channel, connection, Heard::default());
        self.touch_lists(channel);
        true
    }

    /// Sends the names of a channel's members, and the other fields of `ICH`, to one connection.
    pub fn send_members(&mut self, channel: ChannelKey, connection: ConnectionKey) {
        let Some(place) = self.channels.get(channel) else {
            return;
        };
        let names = place
            .members
            .iter()
            .filter_map(|&key| self.connections.get(key))
            .map(|member| &*member.name);
        let (name, mode, topic) = (&*place.name, place.mode.as_str(), &*place.topic);
        let frame = self
            .outputs
            .frame(|out| frame::members(out, name, mode, topic, names));
        self.send_frame(connection, frame);
    }

    /// Closes rooms that became empty since the last call: private ones at once, open ones
    /// unless they once had five members.
    pub fn sweep_emptied(&mut self) {
        let now = self.now.monotonic;
        for key in std::mem::take(&mut self.emptied) {
            let goes = |room: &Channel| {
                room.members.is_empty()
                    && !room.permanent
                    && room.kept_until <= now
                    && (room.kind == Kind::Private || room.peak < LASTING_MEMBERS)
            };
            if self.channels.get(key).is_some_and(goes) {
                self.destroy_channel(key);
            }
        }
    }

    /// The connection of a character has broken: rooms that are empty without it live on for `room_grace`.
    pub fn keep_rooms(&mut self, key: ConnectionKey) {
        let channels = self
            .connections
            .get(key)
            .map(|connection| connection.channels.clone());
        for channel in channels.unwrap_or_default() {
            self.keep_room(channel);
        }
    }

    /// A room loses a member that did not want to go: if it was the last, the room lives on for `room_grace`.
    pub(crate) fn keep_room(&mut self, key: ChannelKey) {
        let grace = (self.settings.number(keys::ROOM_GRACE) * 1000.0) as u64;
        let until = self.now.monotonic + grace;
        if grace > 0
            && let Some(room) = self.channels.get_mut(key)
            && !room.permanent
            && room.members.len() == 1
        {
            room.kept_until = until;
            self.kept_rooms.push(key);
        }
    }

    /// Ends the rooms without members after their `room_grace`.
    pub fn end_kept_rooms(&mut self) {
        let now = self.now.monotonic;
        let (channels, emptied) = (&self.channels, &mut self.emptied);
        self.kept_rooms.retain(|&key| {
            let until = channels.get(key).map_or(0, |room| room.kept_until);
            if until != 0 && until <= now {
                emptied.push(key);
            }
            until > now
        });
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
        self.expire_network_bans();
        self.forget_old_ads();
        self.forget_old_takeovers();
        self.people
            .sweep(now, self.settings.count(keys::PEOPLE_REMEMBERED_MAX));
    }
}
