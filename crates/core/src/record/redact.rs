//! Removes tickets from the messages of clients, so that the machine does the same with the rest.

use std::borrow::Cow;

use fchatd_protocol::command;
use fchatd_protocol::json::read::{Node, Tape};
use fchatd_protocol::json::write::Object;

/// The fields of `IDN`, and a name that an error may have; the machine looks at nothing else in it.
const FIELDS: [&str; 8] = [
    "method",
    "account",
    "ticket",
    "character",
    "cname",
    "cversion",
    "channel",
    "recipient",
];

/// A client's message as it stands in a recording: an `IDN` has no ticket, and nothing else that the machine does not
/// look at. A message that only resembles one is treated in the same way.
pub fn message(text: &str) -> Cow<'_, str> {
    let resembles = text.get(..3).is_some_and(|code| code.eq_ignore_ascii_case("IDN"));
    let Some(Ok(message)) = resembles.then(|| command::split(text)) else {
        return Cow::Borrowed(text);
    };
    let code = text.get(..3).unwrap_or_default();
    if message.payload.is_empty() {
        return Cow::Borrowed(code);
    }
    let Ok(tape) = Tape::of(message.payload) else {
        return Cow::Owned(format!("{code} {{"));
    };
    let mut out = format!("{code} ").into_bytes();
    let mut object = Object::open(&mut out);
    for field in FIELDS {
        match tape.get(field) {
            Some(Node::Text(_)) if field == "ticket" => object = object.text(field, ""),
            Some(Node::Text(text)) => object = object.text(field, text),
            Some(node @ Node::Number(_)) if field != "ticket" => {
                let number = node.text().unwrap_or_default();
                object.key(field).extend_from_slice(number.as_bytes());
            }
            _ => {}
        }
    }
    object.close();
    String::from_utf8(out).map_or(Cow::Borrowed(code), Cow::Owned)
}

/// The command of a message, to be named; a text that is no command may be anything.
pub(super) fn code(text: &str) -> &str {
    match command::split(text) {
        Ok(message) if message.code.is_some() => text.get(..3).unwrap_or_default(),
        _ => "an unknown command",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_taken_out_and_the_rest_stays() {
        let idn = r#"IDN {"method":"ticket","account":"ada","ticket":"s3cret","character":"Ada","cname":"c","cversion":"1","x":"s3cret"}"#;
        let kept = r#"IDN {"method":"ticket","account":"ada","ticket":"","character":"Ada","cname":"c","cversion":"1"}"#;
        assert_eq!(message(idn), kept);
        assert_eq!(
            message(r#"IDN {"ticket":7,"account":"ada","character":1.50}"#),
            r#"IDN {"account":"ada","character":1.5}"#
        );
        assert_eq!(message(r#"IDN {"ticket":"s3cret""#), "IDN {");
        assert_eq!(message(r#"IDN ["s3cret"]"#), "IDN {}");
        assert_eq!(message(r#"idn {"password":"s3cret"}"#), "idn {}");
        assert_eq!(message("IDNs3cret"), "IDN {");
        assert_eq!(message("IDN"), "IDN");
        for other in ["MSG {\"message\":\"IDN\"}", "ID", "", "ÿÿÿÿ"] {
            assert_eq!(message(other), other);
        }
    }
}
