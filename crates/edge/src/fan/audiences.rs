//! The audiences of the channels and of everyone: joining, leaving and lookup.

use fchatd_protocol::exchange::{ChannelId, ConnectionId};

use super::{Event, Fan, Socket};
use crate::members::Audience;

impl<S: Socket> Fan<S> {
    /// Whether the connection has identified.
    pub(crate) fn is_identified(&self, slot: u32) -> bool {
        matches!(self.cold.get(slot as usize), Some(Some(cold)) if cold.membership.everyone.is_some())
    }

    pub(super) fn identify(&mut self, connection: ConnectionId) {
        let Some(slot) = self.slot_of(connection) else {
            return;
        };
        let Some(Some(cold)) = self.cold.get_mut(slot as usize) else {
            return;
        };
        if cold.membership.everyone.is_none() {
            cold.membership.everyone = Some(self.everyone.add(slot));
            cold.has_identified = true;
            self.events.push(Event::Identified(slot));
        }
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "channels are numbered by their place in this table"
    )]
    pub(super) fn join(&mut self, channel: ChannelId, connection: ConnectionId) {
        let Some(slot) = self.slot_of(connection) else {
            return;
        };
        let index = channel.0 as usize;
        if index >= self.channels.len() {
            self.channels.resize_with(index + 1, Audience::default);
        }
        let Some(Some(cold)) = self.cold.get_mut(slot as usize) else {
            return;
        };
        if cold.membership.position(channel).is_none() {
            cold.membership
                .channels
                .push((channel, self.channels[index].add(slot)));
        }
    }

    pub(super) fn leave(&mut self, channel: ChannelId, connection: ConnectionId) {
        let Some(slot) = self.slot_of(connection) else {
            return;
        };
        let Some(Some(cold)) = self.cold.get_mut(slot as usize) else {
            return;
        };
        if let Some(position) = cold.membership.take(channel) {
            self.remove_member(channel, position);
        }
    }

    fn remove_member(&mut self, channel: ChannelId, position: u32) {
        let Some(audience) = self.channels.get_mut(channel.0 as usize) else {
            return;
        };
        if let Some(moved) = audience.remove(position)
            && let Some(Some(cold)) = self.cold.get_mut(moved as usize)
        {
            cold.membership.moved(channel, position);
        }
    }

    pub(super) fn close_channel(&mut self, channel: ChannelId) {
        let Some(audience) = self.channels.get_mut(channel.0 as usize) else {
            return;
        };
        let audience = std::mem::take(audience);
        for slot in audience.iter() {
            if let Some(Some(cold)) = self.cold.get_mut(slot as usize) {
                cold.membership.take(channel);
            }
        }
    }

    /// Removes a connection from every audience.
    pub(super) fn withdraw(&mut self, slot: u32) {
        let Some(Some(cold)) = self.cold.get_mut(slot as usize) else {
            return;
        };
        let membership = std::mem::take(&mut cold.membership);
        for (channel, position) in membership.channels {
            self.remove_member(channel, position);
        }
        if let Some(position) = membership.everyone
            && let Some(moved) = self.everyone.remove(position)
            && let Some(Some(cold)) = self.cold.get_mut(moved as usize)
        {
            cold.membership.everyone = Some(position);
        }
    }
}
