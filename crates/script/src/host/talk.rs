//! Messages between people, in few calls: the usual checks of a message in one function, and its frame in another one. The
//! libraries `c` and `u` have a function for each single check, too, for rules that need others or another order.

use std::borrow::Cow;

use fchatd_protocol::text::escape_html;
use fchatd_protocol::{error, frame};
use fchatd_world::{Kind, Mode, Party, Said, World};

use super::{channel, channel_handle, connection, connection_handle};
use crate::engine::{Arguments, Function, HostError, Kind as Type, Reply, Value};

type Answer = Result<Reply, HostError>;

/// The name and the text of a message.
type Fields<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The timer of messages. Rules that delay messages name it, too.
const TIMER: &str = "msg";

pub(super) static FUNCTIONS: &[Function<World>] = &[
    Function {
        library: "c",
        name: "admitMessage",
        signature: "(con: Connection, channel: any?, message: any?, refused: \"both\"|\"ads\"|\"chat\", publicMax: number, privateMax: number, \
                    seconds: number): (number, Channel?, string?)",
        summary: "+ The usual checks of a message to a channel, in this order: its fields, the timer \"msg\" \
                  (u.checkUpdateTimer), the channel, its mode (which must not be `refused`), the size, membership, \
                  s.isBlacklisted. The error number; and, if the message is admitted, the channel and the escaped text.",
        run: admit_to_channel,
    },
    Function {
        library: "c",
        name: "sendMessage",
        signature: "(chan: Channel, con: Connection, code: string, message: string, type: string?)",
        summary: "+ Sends everyone in the channel but this connection the command, with the names of channel and \
                  character, and the text: {channel, character, message}. With a type it is also written to the chat log \
                  (s.logMessage).",
        run: send_to_channel,
    },
    Function {
        library: "u",
        name: "admitMessage",
        signature: "(con: Connection, recipient: any?, message: any?, max: number, seconds: number, ignores: boolean): \
                    (number, Connection?, string?)",
        summary: "+ The usual checks of a private message, in this order: its fields, the timer \"msg\" \
                  (u.checkUpdateTimer), the size, the recipient, with `ignores` also u.ignores, s.isBlacklisted. The error \
                  number; and, if the message is admitted, the recipient and the escaped text.",
        run: admit_to_character,
    },
    Function {
        library: "u",
        name: "sendMessage",
        signature: "(to: Connection, con: Connection, code: string, message: string, type: string?)",
        summary: "+ Sends a connection the command, with the names of both characters, and the text: {character, message, \
                  recipient}. With a type it is also written to the chat log (s.logMessage).",
        run: send_to_character,
    },
];

/// The index of the text in both functions that admit a message.
const MESSAGE: usize = 3;

fn admit_to_channel(world: &mut World, arguments: &Arguments<'_>) -> Answer {
    let (key, _) = connection(world, arguments, 1)?;
    let Some(mode) = Mode::parse(&arguments.text(4)?) else {
        return Err(arguments.bad(4, "\"both\", \"ads\" or \"chat\" expected"));
    };
    let (public_max, private_max, pause) = (arguments.number(5)?, arguments.number(6)?, arguments.number(7)?);
    let Some((name, message)) = fields(arguments)? else {
        return refused(error::BAD_SYNTAX);
    };
    if world.throttle(key, TIMER, pause) {
        return refused(error::THROTTLE_MESSAGE);
    }
    let found = world.find_channel(&name);
    let Some((place, channel)) = found.and_then(|place| Some((place, world.channel(place)?))) else {
        return refused(error::CHANNEL_NOT_FOUND);
    };
    if channel.mode == mode {
        return refused(match mode {
            Mode::Ads => error::ADS_ONLY,
            Mode::Chat | Mode::Both => error::CHAT_ONLY,
        });
    }
    let most = match channel.kind {
        Kind::Public => public_max,
        Kind::Private | Kind::PubPrivate => private_max,
    };
    if message.len() as f64 > most {
        return refused(error::MESSAGE_TOO_LONG);
    }
    if !channel.has_member(key) {
        return refused(error::NOT_IN_CHANNEL);
    }
    admitted(world, message, channel_handle(place).into())
}

fn admit_to_character(world: &mut World, arguments: &Arguments<'_>) -> Answer {
    let (key, _) = connection(world, arguments, 1)?;
    let (most, pause, ignores_count) = (arguments.number(4)?, arguments.number(5)?, arguments.boolean(6)?);
    let Some((name, message)) = fields(arguments)? else {
        return refused(error::BAD_SYNTAX);
    };
    if world.throttle(key, TIMER, pause) {
        return refused(error::THROTTLE_MESSAGE);
    }
    if message.len() as f64 > most {
        return refused(error::MESSAGE_TOO_LONG);
    }
    let Some(other) = world.find_character(&name) else {
        return refused(error::USER_NOT_FOUND);
    };
    if ignores_count
        && let Some((recipient, author)) = world.connection(other).zip(world.connection(key))
        && recipient.ignores(author)
    {
        return refused(error::IGNORED);
    }
    admitted(world, message, connection_handle(other).into())
}

/// The name and the text of a message; nothing when one of them is no text.
fn fields<'a>(arguments: &'a Arguments<'_>) -> Result<Option<Fields<'a>>, HostError> {
    let is_text = |index| matches!(arguments.kind(index), Type::Text | Type::Number);
    if !is_text(2) || !is_text(MESSAGE) {
        return Ok(None);
    }
    Ok(Some((arguments.text(2)?, arguments.text(MESSAGE)?)))
}

fn refused(number: i32) -> Answer {
    Ok(number.into())
}

fn admitted(world: &mut World, message: Cow<'_, str>, place: Value) -> Answer {
    if world.is_blacklisted(&message) {
        // The author must not notice.
        return refused(error::OK);
    }
    let escaped = match message {
        Cow::Borrowed(text) => match escape_html(text) {
            // Most texts need no escaping; then the argument is returned without a copy.
            Cow::Borrowed(_) => Value::Argument(MESSAGE),
            Cow::Owned(escaped) => escaped.into(),
        },
        Cow::Owned(text) => escape_html(&text).into_owned().into(),
    };
    Ok(Reply::Three(error::OK.into(), place, escaped))
}

fn send_to_channel(world: &mut World, arguments: &Arguments<'_>) -> Answer {
    let (place, channel) = channel(world, arguments, 1)?;
    let channel = channel.name.clone();
    let (key, author) = connection(world, arguments, 2)?;
    let author = author.name.clone();
    let (code, message) = (arguments.text(3)?, arguments.text(4)?);
    let kind = arguments.optional_text(5)?;
    let frame = world.outputs.frame(|out| {
        frame::open(out, &code)
            .text("channel", &channel)
            .text("character", &author)
            .text("message", &message)
            .close();
    });
    world.send_channel_frame(place, Some(key), frame);
    if let Some(kind) = kind {
        world.log_said(Said {
            kind: &kind,
            from: key,
            channel: Some(place),
            to: None,
            body: Some(&message),
        });
    }
    Ok(Reply::None)
}

fn send_to_character(world: &mut World, arguments: &Arguments<'_>) -> Answer {
    let (to, recipient) = connection(world, arguments, 1)?;
    let recipient = recipient.name.clone();
    let (key, author) = connection(world, arguments, 2)?;
    let author = author.name.clone();
    let (code, message) = (arguments.text(3)?, arguments.text(4)?);
    let kind = arguments.optional_text(5)?;
    let frame = world.outputs.frame(|out| {
        frame::open(out, &code)
            .text("character", &author)
            .text("message", &message)
            .text("recipient", &recipient)
            .close();
    });
    world.send_frame(to, frame);
    if let Some(kind) = kind {
        world.log_said(Said {
            kind: &kind,
            from: key,
            channel: None,
            to: Some(Party::Online(to)),
            body: Some(&message),
        });
    }
    Ok(Reply::None)
}
