//! Encoding the frames that the host itself sends. Each function appends one message, `CMD {json}`, to a
//! buffer; the WebSocket header is the edge's concern.

use crate::json::write::{self, Object};

/// Opens the payload of a frame with the command `code`.
pub fn open<'a>(out: &'a mut Vec<u8>, code: &str) -> Object<'a> {
    out.extend_from_slice(code.as_bytes());
    out.push(b' ');
    Object::open(out)
}

/// `ERR {number, message}`.
pub fn error(out: &mut Vec<u8>, number: i32, message: &str) {
    open(out, "ERR")
        .text("message", message)
        .integer("number", i64::from(number))
        .close();
}

/// `FLN {character}`: a character went offline.
pub fn offline(out: &mut Vec<u8>, character: &str) {
    open(out, "FLN").text("character", character).close();
}

/// `JCH {channel, character: {identity}, title}`.
pub fn joined(out: &mut Vec<u8>, channel: &str, title: &str, character: &str) {
    let mut object = open(out, "JCH").text("channel", channel);
    Object::open(object.key("character"))
        .text("identity", character)
        .close();
    object.text("title", title).close();
}

/// `LCH {channel, character}`.
pub fn left(out: &mut Vec<u8>, channel: &str, character: &str) {
    open(out, "LCH")
        .text("channel", channel)
        .text("character", character)
        .close();
}

/// `COL {channel, oplist}`; the first of `moderators` is the owner, or empty text where there is none.
pub fn moderators<'a>(out: &mut Vec<u8>, channel: &str, moderators: impl IntoIterator<Item = &'a str>) {
    open(out, "COL")
        .text("channel", channel)
        .strings("oplist", moderators)
        .close();
}

/// `ICH {channel, mode, users: [{identity}], topic}`; a channel without a topic has no key for one.
pub fn members<'a>(
    out: &mut Vec<u8>,
    channel: &str,
    mode: &str,
    topic: &str,
    members: impl IntoIterator<Item = &'a str>,
) {
    let mut object = open(out, "ICH").text("channel", channel).text("mode", mode);
    let list = object.key("users");
    list.push(b'[');
    for (position, member) in members.into_iter().enumerate() {
        if position > 0 {
            list.push(b',');
        }
        Object::open(list).text("identity", member).close();
    }
    list.push(b']');
    object.text_unless_empty("topic", topic).close();
}

/// `CDS {channel, description}`.
pub fn description(out: &mut Vec<u8>, channel: &str, description: &str) {
    open(out, "CDS")
        .text("channel", channel)
        .text("description", description)
        .close();
}

/// One row of `LIS`: `[name, gender, status, status message]`.
pub fn user_row(out: &mut Vec<u8>, row: [&str; 4]) {
    write::strings(out, row);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_read_as_the_protocol_says() {
        let text = |encode: &dyn Fn(&mut Vec<u8>)| {
            let mut out = Vec::new();
            encode(&mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            text(&|out| joined(out, "ADH-1", "A \"room\"", "Ada")),
            r#"JCH {"channel":"ADH-1","character":{"identity":"Ada"},"title":"A \"room\""}"#
        );
        assert_eq!(
            text(&|out| members(out, "Frontpage", "both", "", ["Ada", "Bob"])),
            r#"ICH {"channel":"Frontpage","mode":"both","users":[{"identity":"Ada"},{"identity":"Bob"}]}"#
        );
        assert_eq!(
            text(&|out| members(out, "Den", "chat", "Tea &amp; talk", [])),
            r#"ICH {"channel":"Den","mode":"chat","users":[],"topic":"Tea &amp; talk"}"#
        );
        assert_eq!(
            text(&|out| moderators(out, "X", ["", "Bob"])),
            r#"COL {"channel":"X","oplist":["","Bob"]}"#
        );
        assert_eq!(
            text(&|out| error(out, -4, "no")),
            r#"ERR {"message":"no","number":-4}"#
        );
    }
}
