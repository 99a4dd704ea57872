//! The fields of commands, checked before a script sees them: names of characters and channels, titles, dice, and the
//! size of every text. So no rule of a script, ours or another, can forget it. The meaning of a value is the script's to
//! judge; texts that cannot be right in any command end here.

use std::borrow::Cow;

use fchatd_protocol::command::Code;
use fchatd_protocol::command::nature::Names;
use fchatd_protocol::error;
use fchatd_protocol::json::read::{Node, Tape};
use fchatd_protocol::name::{self, NAME_BYTES_MAX, TITLE_BYTES_MAX};
use fchatd_world::settings::keys;
use fchatd_world::{Settings, World};

/// The largest name of a field, in bytes.
const KEY_BYTES_MAX: usize = 64;
/// The values of one command, those in its lists included.
const VALUES_MAX: usize = 2000;
/// The largest argument of a command that is one word or one number, in bytes.
const WORD_BYTES_MAX: usize = 256;
/// How many times as large as its limit a message or description may be before it does not reach the script.
const BEYOND: usize = 2;
/// The largest dice, in bytes.
const DICE_BYTES_MAX: usize = 100;

const ROOM: Code = Code::new(b"CCR");
const TOPIC: Code = Code::new(b"CTO");
const CHANNEL: Code = Code::new(b"CRC");

/// A field that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The number of the error.
    pub(crate) number: i32,
    /// Its text, where the usual one does not fit.
    pub(crate) text: Option<&'static str>,
}

impl Fault {
    const NAME: Self = Self::with_text(error::USER_NOT_FOUND, "No character can have this name.");
    const TOO_LARGE: Self = Self::with_text(error::BAD_SYNTAX, "A field of this command is too large.");

    const fn new(number: i32) -> Self {
        Self { number, text: None }
    }

    const fn with_text(number: i32, text: &'static str) -> Self {
        Self {
            number,
            text: Some(text),
        }
    }
}

/// The bounds that settings give.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    message: usize,
    description: usize,
    report: usize,
    reason: usize,
    text: usize,
}

impl Bounds {
    /// The bounds of these settings.
    pub(crate) fn of(settings: &Settings) -> Self {
        // The scripts hold messages and descriptions against their limits, and do so after other checks, in an order
        // that clients know. This is for scripts that do not.
        let message = BEYOND
            * settings
                .count(keys::MSG_MAX)
                .max(settings.count(keys::PRIV_MAX))
                .max(settings.count(keys::LFRP_MAX));
        let description = BEYOND * settings.count(keys::CDS_MAX);
        let report = settings.count(keys::STAFFCALL_MAX);
        Self {
            message,
            description,
            report,
            reason: settings.count(keys::REASON_MAX),
            text: message.max(description).max(report),
        }
    }

    /// Looks at the fields of a command, which are on the tape.
    ///
    /// # Errors
    /// The first field that no command can have.
    pub(crate) fn check(&self, world: &World, code: Code, tape: &Tape) -> Result<(), Fault> {
        let Node::Object(members) = tape.root() else {
            return Ok(());
        };
        for (key, value) in members {
            if let Node::Text(text) = value {
                self.check_text(world, code, tape, key, text)?;
            }
            if key.len() > KEY_BYTES_MAX {
                return Err(Fault::TOO_LARGE);
            }
        }
        if tape.len() > VALUES_MAX {
            return Err(Fault::TOO_LARGE);
        }
        Ok(())
    }

    fn check_text(&self, world: &World, code: Code, tape: &Tape, key: &str, text: &str) -> Result<(), Fault> {
        let within = |most: usize, fault: Fault| if text.len() > most { Err(fault) } else { Ok(()) };
        match key {
            "message" => within(self.message, Fault::new(error::MESSAGE_TOO_LONG)),
            "channel" => match code {
                ROOM if !name::is_title(text) => Err(Fault::new(error::BAD_CHANNEL_TITLE)),
                // An empty name is the script's to refuse, here and below.
                CHANNEL if !text.is_empty() && !name::is_channel(text) => Err(Fault::with_text(
                    error::BAD_CHANNEL_TITLE,
                    "The name must have 1 to 64 characters that can be seen, on one line, and none of &, < and >.",
                )),
                _ => within(TITLE_BYTES_MAX, Fault::new(error::CHANNEL_NOT_FOUND)),
            },
            "character" | "recipient" => check_name(world, code, tape, text),
            "tab" => {
                if !text.is_empty() && (text.len() > TITLE_BYTES_MAX || !name::is_visible(text)) {
                    return Err(Fault::with_text(
                        error::BAD_SYNTAX,
                        "A tab has a name of at most 256 bytes, on one line.",
                    ));
                }
                Ok(())
            }
            "description" => within(self.description, Fault::new(error::DESCRIPTION_TOO_LONG)),
            "topic" if code == TOPIC && !name::is_topic(text) => Err(Fault::with_text(
                error::DESCRIPTION_TOO_LONG,
                "A topic is one line of at most 160 characters that can be seen.",
            )),
            "report" => within(self.report, Fault::new(error::MESSAGE_TOO_LONG)),
            "reason" => within(self.reason, Fault::new(error::MESSAGE_TOO_LONG)),
            "dice" => within(DICE_BYTES_MAX, Fault::new(error::BAD_ROLL_FORMAT)),
            "action" | "arg" | "callid" | "command" | "length" | "logid" | "method" | "mode" | "save"
            | "seconds" | "silent" | "status" | "time" | "type" => within(WORD_BYTES_MAX, Fault::TOO_LARGE),
            _ => within(self.text, Fault::TOO_LARGE),
        }
    }
}

/// A name that is only looked up has the size and the characters of a name; one that is kept or relayed has to be a
/// character's of this site, as far as can be known.
fn check_name(world: &World, code: Code, tape: &Tape, text: &str) -> Result<(), Fault> {
    let is_kept = match world.natures.of(code).names_check() {
        Names::LookedUp => false,
        Names::Kept => true,
        Names::KeptWhenAdded => tape.text("action").is_some_and(|action| action == "add"),
    };
    let fits = if is_kept {
        text.is_empty() || world.is_name(text)
    } else {
        name::is_simple(text)
            || name::is_possible(text)
            || text == "*"
            || world.find_character(text).is_some()
    };
    if fits { Ok(()) } else { Err(Fault::NAME) }
}

/// The largest `IDN`, in bytes.
pub(crate) const IDENTIFICATION_BYTES_MAX: usize = 8 * 1024;
/// The largest account, ticket or character of an `IDN`, in bytes.
pub(crate) const CREDENTIAL_BYTES_MAX: usize = 1024;
/// As much of a client's name and version as the log-in site is told, in bytes.
const CLIENT_BYTES_MAX: usize = NAME_BYTES_MAX;

/// The name or version of a client, as the log-in site is told of it: short, and without control characters.
pub(crate) fn client(text: &str) -> String {
    let text: Cow<'_, str> = if text.chars().any(char::is_control) {
        Cow::Owned(text.chars().filter(|character| !character.is_control()).collect())
    } else {
        Cow::Borrowed(text)
    };
    fchatd_protocol::text::cut(&text, CLIENT_BYTES_MAX).to_owned()
}

#[cfg(test)]
mod tests {
    use fchatd_world::{Now, Settings, World};

    use super::*;

    fn check(code: &'static [u8; 3], payload: &str) -> Option<i32> {
        let settings = Settings::default();
        let bounds = Bounds::of(&settings);
        let world = World::new(settings, Now::default(), [0; 32]);
        let tape = Tape::of(payload).unwrap();
        bounds
            .check(&world, Code::new(code), &tape)
            .err()
            .map(|fault| fault.number)
    }

    #[test]
    fn good_fields_pass() {
        for (code, payload) in [
            (b"MSG", r#"{"channel":"Development","message":"<b>\n"}"#),
            (b"PRI", r#"{"recipient":"Ada Lovelace","message":"x"}"#),
            (b"PRI", r#"{"recipient":"Élise","message":"x"}"#),
            (b"IGN", r#"{"action":"add","character":"Nobody"}"#),
            (b"IGN", r#"{"action":"delete","character":"*"}"#),
            (b"CUB", r#"{"channel":"x","character":"Élise"}"#),
            (b"CCR", r#"{"channel":"My <room> & co"}"#),
            (b"CBU", r#"{"channel":5,"character":null}"#),
            (b"CTO", r#"{"channel":"x","topic":""}"#),
            (b"CTO", r#"{"channel":"x","topic":"Tea & <talk>, \u00e9\u65e5"}"#),
            (b"XYZ", r#"{"topic":"any\nlines"}"#),
            (b"XYZ", r#"{"whatever":["x",{"a":1}]}"#),
        ] {
            assert_eq!(check(code, payload), None, "{payload}");
        }
    }

    #[test]
    fn bad_names_are_nobodys() {
        let long = "x".repeat(65);
        for bad in [
            "a\\u0001b",
            "a\\nb",
            "\\u202eadA",
            "<b>x</b>",
            "[b]x[/b]",
            "\\u3164",
            &long,
        ] {
            for (code, field) in [
                (b"IGN", r#""action":"add","character""#),
                (b"CBU", r#""channel":"x","character""#),
                (b"PRI", r#""recipient""#),
                (b"XYZ", r#""character""#),
            ] {
                let payload = format!("{{{field}:\"{bad}\"}}");
                assert_eq!(check(code, &payload), Some(error::USER_NOT_FOUND), "{payload}");
            }
        }
        // Where the accounts are ours, their alphabet is known.
        let payload = r#"{"channel":"x","character":"Élise"}"#;
        assert_eq!(check(b"CBU", payload), Some(error::USER_NOT_FOUND));
    }

    #[test]
    fn texts_have_bounds() {
        let large = "x".repeat(110_000);
        for (field, number) in [
            ("message", error::MESSAGE_TOO_LONG),
            ("description", error::DESCRIPTION_TOO_LONG),
            ("report", error::MESSAGE_TOO_LONG),
            ("reason", error::MESSAGE_TOO_LONG),
            ("dice", error::BAD_ROLL_FORMAT),
            ("channel", error::CHANNEL_NOT_FOUND),
            ("status", error::BAD_SYNTAX),
            ("anything", error::BAD_SYNTAX),
        ] {
            assert_eq!(
                check(b"XYZ", &format!("{{\"{field}\":\"{large}\"}}")),
                Some(number),
                "{field}"
            );
        }
        assert_eq!(
            check(b"XYZ", &format!("{{\"{large}\":1}}")),
            Some(error::BAD_SYNTAX)
        );
        let many = format!("{{\"a\":[{}1]}}", "1,".repeat(VALUES_MAX));
        assert_eq!(check(b"XYZ", &many), Some(error::BAD_SYNTAX));
        for topic in [
            " ",
            "\\u3164",
            "a\\nb",
            "a\\u202eb",
            &"x".repeat(161),
            &"\u{301}".repeat(9),
        ] {
            let payload = format!("{{\"channel\":\"x\",\"topic\":\"{topic}\"}}");
            assert_eq!(
                check(b"CTO", &payload),
                Some(error::DESCRIPTION_TOO_LONG),
                "{topic}"
            );
        }
        for title in [" ", "\\u3164", "\\u2800", "a\\nb", "a\\u202eb"] {
            let payload = format!("{{\"channel\":\"{title}\"}}");
            assert_eq!(check(b"CCR", &payload), Some(error::BAD_CHANNEL_TITLE), "{title}");
        }
    }
}
