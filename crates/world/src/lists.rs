//! `CHA` and `ORS`: the lists of channels, kept encoded until something in them changes. Their size has a bound
//! (`channel_list_max`): beyond it the channels with the fewest members are left out.

use std::cmp::Reverse;

use fchatd_protocol::json::write::Object;
use serde::{Deserialize, Serialize};

use crate::arena::Arena;
use crate::changes::Thing;
use crate::channel::{Channel, Kind};
use crate::settings::keys;
use crate::world::{ChannelKey, ConnectionKey, World};

/// A list of so many bytes is long.
const LONG: usize = 65_536;
/// A long list is kept so long even when something in it has changed.
const LONG_LIST_MILLISECONDS: u64 = 1000;

/// A list of channels, encoded.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct ChannelList {
    text: Vec<u8>,
    /// Nothing in it has changed since.
    is_current: bool,
    /// In milliseconds of [`crate::Now::monotonic`].
    made_at: u64,
}

impl World {
    /// Sends the public channels: `CHA {channels: [{name, mode, characters, topic}]}`.
    pub fn send_public_list(&mut self, key: ConnectionKey) {
        let describe = |object: Object<'_>, channel: &Channel, topic: &str| {
            object
                .text("name", &channel.name)
                .text("mode", channel.mode.as_str())
                .integer("characters", channel.members.len() as i64)
                .text_unless_empty("topic", topic)
                .close();
        };
        let mut list = std::mem::take(&mut self.public_list);
        self.renew(&mut list, "CHA", Kind::Public, describe);
        self.send(key, |out| out.extend_from_slice(&list.text));
        self.public_list = list;
    }

    /// Sends the open rooms: `ORS {channels: [{name, title, characters, topic}]}`.
    pub fn send_room_list(&mut self, key: ConnectionKey) {
        let describe = |object: Object<'_>, channel: &Channel, topic: &str| {
            object
                .text("name", &channel.name)
                .text("title", &channel.title)
                .integer("characters", channel.members.len() as i64)
                .text_unless_empty("topic", topic)
                .close();
        };
        let mut list = std::mem::take(&mut self.room_list);
        self.renew(&mut list, "ORS", Kind::PubPrivate, describe);
        self.send(key, |out| out.extend_from_slice(&list.text));
        self.room_list = list;
    }

    /// Makes a list anew, if something in it has changed. A long one is kept for a moment all the same: in a large chat
    /// people come and go all the time, and it is requested all the time.
    fn renew(
        &self,
        list: &mut ChannelList,
        code: &str,
        kind: Kind,
        describe: impl Fn(Object<'_>, &Channel, &str),
    ) {
        let now = self.now.monotonic;
        let age = now.saturating_sub(list.made_at);
        let is_young = list.text.len() >= LONG && age < LONG_LIST_MILLISECONDS;
        if list.is_current || is_young {
            return;
        }
        let most = self.settings.count(keys::CHANNEL_LIST_MAX);
        *list = ChannelList {
            text: encode(code, &self.channels, kind, most, describe),
            is_current: true,
            made_at: now,
        };
    }

    /// A list that shows the channel has to be made anew.
    pub(crate) fn touch_lists(&mut self, key: ChannelKey) {
        match self.channels.get(key).map(|channel| channel.kind) {
            Some(Kind::Public) => self.public_list.is_current = false,
            Some(Kind::PubPrivate) => self.room_list.is_current = false,
            _ => {}
        }
    }

    /// Makes a private room open, or an open one private; public channels stay as they are.
    pub fn set_open(&mut self, key: ChannelKey, open: bool) {
        let Some(channel) = self
            .channels
            .get_mut(key)
            .filter(|channel| channel.kind != Kind::Public)
        else {
            return;
        };
        channel.kind = if open { Kind::PubPrivate } else { Kind::Private };
        self.changed(Thing::Head(key));
        self.room_list.is_current = false;
    }
}

/// The list with the channels of a kind, by their titles. A list that would exceed `most` bytes has no topics; if it is still
/// too long, it has the channels with the most members.
fn encode(
    code: &str,
    channels: &Arena<Channel>,
    kind: Kind,
    most: usize,
    describe: impl Fn(Object<'_>, &Channel, &str),
) -> Vec<u8> {
    let mut some: Vec<&Channel> = channels
        .iter()
        .map(|(_, channel)| channel)
        .filter(|channel| channel.kind == kind)
        .collect();
    some.sort_by(|one, other| one.title.cmp(&other.title));
    let encode_rows = |with_topics: bool| {
        let mut rows = Vec::new();
        let mut ends = Vec::with_capacity(some.len());
        for channel in &some {
            let topic = if with_topics { &*channel.topic } else { "" };
            describe(Object::open(&mut rows), channel, topic);
            ends.push(rows.len());
        }
        (rows, ends)
    };
    let (mut rows, mut ends) = encode_rows(true);
    if !fits(&ends, most) {
        (rows, ends) = encode_rows(false);
    }
    let is_in = choose(&some, &ends, most);
    let mut out = Vec::with_capacity(rows.len().min(most) + some.len() + 64);
    let mut object = fchatd_protocol::frame::open(&mut out, code);
    let list = object.key("channels");
    list.push(b'[');
    let mut start = 0;
    for (&end, &is_in) in ends.iter().zip(&is_in) {
        if is_in {
            if list.last() == Some(&b'}') {
                list.push(b',');
            }
            list.extend_from_slice(rows.get(start..end).unwrap_or_default());
        }
        start = end;
    }
    list.push(b']');
    object.close();
    out
}

/// Whether rows that end at `ends` fit into a list of so many bytes. Each row has a comma before it.
fn fits(ends: &[usize], most: usize) -> bool {
    ends.last().is_none_or(|&bytes| bytes + ends.len() <= most)
}

/// Which of the channels are in a list of so many bytes; `ends` tells where the row of each ends.
fn choose(channels: &[&Channel], ends: &[usize], most: usize) -> Vec<bool> {
    if fits(ends, most) {
        return vec![true; channels.len()];
    }
    let mut by_size: Vec<usize> = (0..channels.len()).collect();
    // A stable sort: of equal ones those that come first in the alphabet.
    by_size.sort_by_key(|&place| Reverse(channels.get(place).map_or(0, |channel| channel.members.len())));
    let mut is_in = vec![false; channels.len()];
    let mut left = most;
    for place in by_size {
        let start = place.checked_sub(1).and_then(|before| ends.get(before));
        let end = ends.get(place).copied().unwrap_or(0);
        let bytes = end - start.copied().unwrap_or(0) + 1;
        if bytes > left {
            break;
        }
        left -= bytes;
        if let Some(is_in) = is_in.get_mut(place) {
            *is_in = true;
        }
    }
    is_in
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn rooms(settings: &[(&str, &str)], sizes: &[usize]) -> World {
        let mut wanted = crate::Settings::default();
        for (key, value) in settings {
            wanted.set_from_text(key, value).unwrap();
        }
        let mut world = World::new(wanted, crate::Now::default(), [0; 32]);
        for (number, &size) in sizes.iter().enumerate() {
            let title = format!("Room {number:03}");
            let key = world.create_channel(&title, &title, Kind::PubPrivate).unwrap();
            let channel = world.channels.get_mut(key).unwrap();
            channel.members = (0..size as u32)
                .map(|index| ConnectionKey::new(index, 0))
                .collect();
        }
        world
    }

    fn list(world: &mut World) -> String {
        let id = fchatd_protocol::exchange::ConnectionId {
            edge: 0,
            slot: 0,
            generation: 0,
        };
        let key = match world.find_id(id) {
            Some(key) => key,
            None => world.open(id, [127, 0, 0, 1].into()).unwrap(),
        };
        world.outputs.clear();
        world.send_room_list(key);
        String::from_utf8(world.outputs.bytes.clone()).unwrap()
    }

    #[test]
    fn a_list_that_is_too_long_has_the_largest_rooms() {
        let sizes: Vec<usize> = (0..200).map(|number| number % 50).collect();
        let mut world = rooms(&[("channel_list_max", "4096")], &sizes);
        let text = list(&mut world);
        assert!(text.len() <= 4096 + 64, "{}", text.len());
        assert!(text.len() > 3900, "{}", text.len());
        assert_eq!(text.matches("\"characters\":49}").count(), 4);
        assert_eq!(text.matches("\"characters\":1}").count(), 0);
        let titles: Vec<&str> = text
            .split("\"title\":\"")
            .skip(1)
            .map(|rest| &rest[..8])
            .collect();
        assert!(titles.is_sorted(), "by their titles, as always");
        serde_json_like(&text);
    }

    #[test]
    fn topics_take_no_place_from_channels() {
        let mut world = rooms(&[("channel_list_max", "4096")], &[1; 40]);
        let short = list(&mut world);
        let keys: Vec<ChannelKey> = world.channels().map(|(key, _)| key).collect();
        let set = |world: &mut World, key: ChannelKey, topic: &str| {
            world.channel_mut(key).unwrap().topic = Arc::from(topic);
        };
        set(&mut world, keys[0], "Tea &amp; talk");
        let text = list(&mut world);
        assert_eq!(text.matches("\"characters\":1}").count(), 39);
        assert_eq!(text.matches("\"topic\":\"Tea &amp; talk\"}").count(), 1);
        for key in keys {
            set(&mut world, key, &"x".repeat(160));
        }
        assert_eq!(list(&mut world), short, "a list that is full has no topics");
    }

    fn serde_json_like(text: &str) {
        assert!(
            text.starts_with("ORS {\"channels\":[{") && text.ends_with("}]}"),
            "{text}"
        );
        assert!(!text.contains(",,") && !text.contains("[,"), "{text}");
    }

    #[test]
    fn short_lists_are_current_and_long_ones_a_second_old_at_most() {
        let mut world = rooms(&[], &[1, 2]);
        assert_eq!(list(&mut world).matches("Room 00").count(), 4);
        world.create_channel("Third", "Third", Kind::PubPrivate).unwrap();
        assert!(list(&mut world).contains("Third"));

        let mut world = rooms(&[], &[1; 2000]);
        assert!(list(&mut world).len() >= LONG);
        world.create_channel("Last", "Last", Kind::PubPrivate).unwrap();
        assert!(!list(&mut world).contains("Last"));
        world.now.monotonic += LONG_LIST_MILLISECONDS;
        assert!(list(&mut world).contains("Last"));
    }
}
