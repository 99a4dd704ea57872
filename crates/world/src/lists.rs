//! `CHA` and `ORS`: the lists of channels, kept encoded until something in them changes.

use fchatd_protocol::json::write::Object;

use crate::arena::Arena;
use crate::channel::{Channel, Kind};
use crate::world::{ChannelKey, ConnectionKey, World};

impl World {
    /// Sends the public channels: `CHA {channels: [{name, mode, characters}]}`.
    pub fn send_public_list(&mut self, key: ConnectionKey) {
        let mut kept = self.public_list.take();
        let list = kept.get_or_insert_with(|| {
            encode("CHA", &self.channels, Kind::Public, |object, channel| {
                object
                    .text("name", &channel.name)
                    .text("mode", channel.mode.as_str())
            })
        });
        self.send_list(key, list);
        self.public_list = kept;
    }

    /// Sends the open rooms: `ORS {channels: [{name, title, characters}]}`.
    pub fn send_room_list(&mut self, key: ConnectionKey) {
        let mut kept = self.room_list.take();
        let list = kept.get_or_insert_with(|| {
            encode("ORS", &self.channels, Kind::PubPrivate, |object, channel| {
                object.text("name", &channel.name).text("title", &channel.title)
            })
        });
        self.send_list(key, list);
        self.room_list = kept;
    }

    fn send_list(&mut self, key: ConnectionKey, list: &[u8]) {
        self.send(key, |out| out.extend_from_slice(list));
    }

    /// A list that shows the channel has to be made anew.
    pub(crate) fn touch_lists(&mut self, key: ChannelKey) {
        match self.channels.get(key).map(|channel| channel.kind) {
            Some(Kind::Public) => self.public_list = None,
            Some(Kind::PubPrivate) => self.room_list = None,
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
        self.lasting += 1;
        self.marks.channel(key);
        self.room_list = None;
    }
}

fn encode(
    code: &str,
    channels: &Arena<Channel>,
    kind: Kind,
    describe: impl for<'a> Fn(Object<'a>, &Channel) -> Object<'a>,
) -> Vec<u8> {
    let mut out = Vec::new();
    let mut object = fchatd_protocol::frame::open(&mut out, code);
    let list = object.key("channels");
    list.push(b'[');
    let mut some: Vec<&Channel> = channels
        .iter()
        .map(|(_, channel)| channel)
        .filter(|channel| channel.kind == kind)
        .collect();
    some.sort_by(|one, other| one.title.cmp(&other.title));
    for channel in some {
        if list.last() == Some(&b'}') {
            list.push(b',');
        }
        let characters = channel.members.len() as i64;
        describe(Object::open(list), channel)
            .integer("characters", characters)
            .close();
    }
    list.push(b']');
    object.close();
    out
}
