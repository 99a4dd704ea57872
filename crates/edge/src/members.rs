//! Who hears what on this edge: audiences as lists of slots, and each connection's places in them.

use fchatd_protocol::exchange::ChannelId;

/// The slots that hear a channel, or everything. Walking it is what fan-out does, so it is a plain list;
/// removal is quick because each member knows its place.
#[derive(Debug, Default)]
pub(crate) struct Audience {
    slots: Vec<u32>,
}

impl Audience {
    /// Adds a slot and returns its place.
    pub(crate) fn add(&mut self, slot: u32) -> u32 {
        self.slots.push(slot);
        self.slots.len() as u32 - 1
    }

    /// Takes out what stands at a place; returns the slot that stands there now, if any.
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

    /// Whether nobody hears it.
    pub(crate) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }
}

/// One connection's places.
#[derive(Debug, Default)]
pub(crate) struct Membership {
    /// Its place among everyone, once it is identified.
    pub(crate) everyone: Option<u32>,
    /// Its channels and its place in each.
    pub(crate) channels: Vec<(ChannelId, u32)>,
}

impl Membership {
    /// The place in a channel.
    pub(crate) fn position(&self, channel: ChannelId) -> Option<u32> {
        self.channels
            .iter()
            .find(|(other, _)| *other == channel)
            .map(|&(_, position)| position)
    }

    /// Forgets a channel and returns the place that was held in it.
    pub(crate) fn take(&mut self, channel: ChannelId) -> Option<u32> {
        let index = self.channels.iter().position(|(other, _)| *other == channel)?;
        Some(self.channels.swap_remove(index).1)
    }

    /// The place in a channel has changed.
    pub(crate) fn moved(&mut self, channel: ChannelId, position: u32) {
        if let Some(entry) = self.channels.iter_mut().find(|(other, _)| *other == channel) {
            entry.1 = position;
        }
    }
}
