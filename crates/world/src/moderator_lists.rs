//! `COL` to all members of a channel, when its moderators change. Changes that follow each other quickly are told
//! together, since each `COL` has all names.

use fchatd_protocol::frame;

use crate::settings::keys;
use crate::world::{ChannelKey, World};

impl World {
    /// Tells the members of a channel its moderators. After `moderator_lists_burst` lists in a short time the next ones wait, and all
    /// changes until then are in one list.
    pub fn tell_moderators(&mut self, key: ChannelKey) {
        let now = self.now.monotonic;
        let pause = (self.settings.number(keys::MODERATOR_LISTS_PAUSE) * 1000.0) as u64;
        let burst = self.settings.count(keys::MODERATOR_LISTS_BURST) as u64;
        let Some(channel) = self.channels.get_mut(key) else {
            return;
        };
        if channel.list_paid >= now + burst * pause && pause > 0 {
            if !std::mem::replace(&mut channel.list_due, true) {
                self.lists_due.push(key);
            }
            return;
        }
        channel.list_paid = channel.list_paid.max(now) + pause;
        channel.list_due = false;
        let name = channel.name.clone();
        let moderators = self.moderators(key);
        let names = moderators.iter().map(|name| &**name);
        let frame = self.outputs.frame(|out| frame::moderators(out, &name, names));
        self.send_channel_frame(key, None, frame);
    }

    /// How many lists wait for their time.
    pub fn waiting_list_count(&self) -> usize {
        self.lists_due.len()
    }

    /// Sends the lists that are due.
    pub fn send_due_lists(&mut self) {
        for key in std::mem::take(&mut self.lists_due) {
            if let Some(channel) = self.channels.get_mut(key)
                && std::mem::take(&mut channel.list_due)
            {
                self.tell_moderators(key);
            }
        }
    }
}
