//! The receivers of frames on this edge: audiences as lists of slots, and each connection's positions in
//! them.

use fchatd_protocol::exchange::ChannelId;

/// The slots that receive a channel's frames, or frames for everyone. Fan-out iterates over it, so it is a
/// plain list. Removal is fast because each member knows its position.
#[derive(Debug, Default)]
pub(crate) struct Audience {
    slots: Vec<u32>,
}

impl Audience {
    /// Adds a slot and returns its position.
    pub(crate) fn add(&mut self, slot: u32) -> u32 {
        self.slots.push(slot);
        self.slots.len() as u32 - 1
    }

    /// Removes the slot at a position; returns the slot that moved there, if any.
    pub(crate) fn remove(&mut self, position: u32) -> Option<u32> {
        if (position as usize) < self.slots.len() {
            self.slots.swap_remove(position as usize);
        }
        self.slots.get(position as usize).copied()
    }

    /// The slots.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        self.slots.iter().copied()
    }

    /// Whether the audience has no members.
    pub(crate) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }
}

/// The positions of one connection.
#[derive(Debug, Default)]
pub(crate) struct Membership {
    /// Its position in the audience of everyone, once it has identified.
    pub(crate) everyone: Option<u32>,
    /// Its channels and its position in each.
    pub(crate) channels: Vec<(ChannelId, u32)>,
}

impl Membership {
    /// The position in a channel.
    pub(crate) fn position(&self, channel: ChannelId) -> Option<u32> {
        self.channels
            .iter()
            .find(|(other, _)| *other == channel)
            .map(|&(_, position)| position)
    }

    /// Removes a channel and returns the position in it.
    pub(crate) fn take(&mut self, channel: ChannelId) -> Option<u32> {
        let index = self.channels.iter().position(|(other, _)| *other == channel)?;
        Some(self.channels.swap_remove(index).1)
    }

    /// Updates the position in a channel.
    pub(crate) fn moved(&mut self, channel: ChannelId, position: u32) {
        if let Some(entry) = self.channels.iter_mut().find(|(other, _)| *other == channel) {
            entry.1 = position;
        }
    }
}
