//! The settings: one table of keys with their defaults, bounds and meanings (page 5), and the values in force.

use std::collections::HashMap;
use std::fmt;

use Fallback::{Empty, Flag, Number, Text, Unset};

/// The value of a setting.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `true` or `false`.
    Boolean(bool),
    /// A number, in the unit that the key's meaning tells.
    Number(f64),
    /// Text.
    Text(String),
    /// A list of texts.
    List(Vec<String>),
}

/// What a key has when nobody sets it, and with it the type of the key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fallback {
    /// A switch.
    Flag(bool),
    /// A number with the least and the greatest value allowed.
    Number(f64, f64, f64),
    /// A text.
    Text(&'static str),
    /// A text that has to be given to have an effect.
    Unset,
    /// A list, empty at first.
    Empty,
    /// A list with these texts at first.
    Listed(&'static [&'static str]),
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// As written in `startup_config.lua`; upper-cased with `FCHATD_` before it in the environment.
    pub key: &'static str,
    /// Its value at first.
    pub default: Fallback,
    /// What it does, with its unit.
    pub meaning: &'static str,
}

const fn key(key: &'static str, default: Fallback, meaning: &'static str) -> Definition {
    Definition {
        key,
        default,
        meaning,
    }
}

/// The genders that the protocol names.
pub const GENDERS: &[&str] = &[
    "None",
    "Male",
    "Female",
    "Transgender",
    "Herm",
    "Shemale",
    "Male-Herm",
    "Cunt-boy",
];

/// Every key that has an effect.
pub const DEFINITIONS: &[Definition] = &[
    key("bindaddr", Text("127.0.0.1"), "the address to listen on"),
    key(
        "port",
        Number(9722.0, 0.0, 65535.0),
        "the TCP port to listen on; 0 takes any free one",
    ),
    key(
        "version",
        Text(concat!("fchatd ", env!("CARGO_PKG_VERSION"))),
        "the version told to clients in HLO",
    ),
    key(
        "maxusers",
        Number(2000.0, 1.0, 1e6),
        "identified connections at once",
    ),
    key(
        "max_per_ip",
        Number(3.0, 1.0, 1e6),
        "identified connections from one address at once",
    ),
    key(
        "loginslots",
        Number(30.0, 1.0, 1e6),
        "log-in checks pending at once",
    ),
    key(
        "logintimeout",
        Number(30.0, 1.0, 3600.0),
        "seconds for one log-in check",
    ),
    key(
        "login_url",
        Unset,
        "the http:// or https:// address of the site that checks log-ins; without it the server keeps accounts itself",
    ),
    key(
        "login_connection_pool",
        Number(15.0, 1.0, 10_000.0),
        "log-in checks that are with the site at once",
    ),
    key(
        "saveinterval",
        Number(300.0, 1.0, 86400.0),
        "seconds between housekeeping turns",
    ),
    key(
        "load_balancers",
        Empty,
        "trusted proxies, as addresses or CIDR blocks",
    ),
    key(
        "websocketorigin",
        Unset,
        "the only browser origin that may open a WebSocket, such as https://chat.example",
    ),
    key(
        "websockethost",
        Unset,
        "a host name whose pages may open a WebSocket, such as chat.example",
    ),
    key(
        "msg_max",
        Number(4096.0, 1.0, 524_288.0),
        "bytes of a message in a public channel",
    ),
    key(
        "priv_max",
        Number(50_000.0, 1.0, 524_288.0),
        "bytes of a private message, or of a message in a room",
    ),
    key("lfrp_max", Number(50_000.0, 1.0, 524_288.0), "bytes of an ad"),
    key(
        "cds_max",
        Number(50_000.0, 1.0, 524_288.0),
        "bytes of a channel description",
    ),
    key(
        "msg_flood",
        Number(0.5, 0.0, 86400.0),
        "seconds between two messages of a connection",
    ),
    key(
        "sta_flood",
        Number(5.0, 0.0, 86400.0),
        "seconds between two changes of status",
    ),
    key(
        "lfrp_flood",
        Number(600.0, 0.0, 604_800.0),
        "seconds between two ads of a character in a channel",
    ),
    key(
        "kinks_flood",
        Number(10.0, 0.0, 86400.0),
        "seconds between two requests for kinks",
    ),
    key(
        "profile_flood",
        Number(10.0, 0.0, 86400.0),
        "seconds between two requests for profiles",
    ),
    key(
        "find_flood",
        Number(10.0, 0.0, 86400.0),
        "seconds between two searches, for scripts that ask; FKS itself always allows one in 5 seconds",
    ),
    key(
        "staffcall_flood",
        Number(120.0, 0.0, 86400.0),
        "seconds between two reports to the staff",
    ),
    key(
        "ignore_flood",
        Number(30.0, 0.0, 86400.0),
        "seconds between two notes to somebody that one ignores them",
    ),
    key(
        "log_start",
        Flag(false),
        "whether what is said goes to the chat log from the start",
    ),
    key(
        "handle_report_url",
        Unset,
        "where confirmed reports with a log are posted",
    ),
    key(
        "handle_report_secret",
        Unset,
        "the secret that is posted with them",
    ),
    key(
        "blacklist_phrases",
        Empty,
        "messages with one of these phrases are swallowed",
    ),
    key(
        "luaenabletimeout",
        Flag(true),
        "whether scripts are stopped when they run too long",
    ),
    key(
        "luatimeout",
        Number(0.25, 0.001, 60.0),
        "seconds for one call of a script",
    ),
    key(
        "luarepeattimeout",
        Number(0.05, 0.001, 60.0),
        "seconds for further calls right after one that ran too long",
    ),
    key(
        "luamemory",
        Number(64.0, 4.0, 65536.0),
        "MiB of memory for the script",
    ),
    key(
        "genders",
        Fallback::Listed(GENDERS),
        "the genders that a character can have; others become None",
    ),
    key(
        "registration",
        Text("open"),
        "who may make an account on the page: \"open\" or \"closed\"",
    ),
    key(
        "registrations_per_address",
        Number(3.0, 1.0, 1e6),
        "accounts one address may make at once; then one more every 20 minutes",
    ),
    key(
        "tickets_per_account",
        Number(8.0, 1.0, 1000.0),
        "tickets of an account that are good side by side",
    ),
    key(
        "ping_interval",
        Number(30.0, 1.0, 80.0),
        "seconds between two PINs; clients give up after 90 without one",
    ),
    key(
        "outbox_max",
        Number(16_777_216.0, 65_536.0, 1e9),
        "bytes that may wait for a client that reads slowly",
    ),
    key(
        "maxconnections",
        Number(100_000.0, 1.0, 1e7),
        "open sockets at once, logged in or not",
    ),
    key(
        "enablertb",
        Flag(false),
        "whether a website may talk to people who are online, by UDP on port + 1",
    ),
    key(
        "rtbaddress",
        Text("127.0.0.1"),
        "the address of the website; loopback may always send",
    ),
    key(
        "rtbsecret",
        Unset,
        "the secret that the website signs with; needed with enablertb",
    ),
    key(
        "rtbclassic",
        Flag(true),
        "whether the bridge takes the classic signature too, which can be replayed; v2 is always taken",
    ),
    key(
        "compat",
        Unset,
        "\"classic\" turns off what the classic server did not have, for comparing the two",
    ),
];

/// Keys of the classic server whose features this version does not have: they are named at the start and have
/// no effect.
pub const WITHOUT_EFFECT: [&str; 5] = [
    "enableredis",
    "redishost",
    "redisport",
    "redispass",
    "log_socket_path",
];

/// A setting was refused; the text is a sentence that says what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingError(String);

impl fmt::Display for SettingError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for SettingError {}

/// The values in force. Every key of [`DEFINITIONS`] has one. `Debug` shows none: some are secret.
#[derive(Clone, PartialEq)]
pub struct Settings {
    values: HashMap<&'static str, Value>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Settings")
    }
}

impl Default for Settings {
    fn default() -> Self {
        let values = DEFINITIONS
            .iter()
            .map(|definition| (definition.key, definition.default.value()));
        Self {
            values: values.collect(),
        }
    }
}

impl Fallback {
    fn value(self) -> Value {
        match self {
            Flag(value) => Value::Boolean(value),
            Number(value, ..) => Value::Number(value),
            Text(value) => Value::Text(value.into()),
            Unset => Value::Text(String::new()),
            Empty => Value::List(Vec::new()),
            Fallback::Listed(list) => Value::List(list.iter().map(|&text| text.into()).collect()),
        }
    }
}

impl Settings {
    /// Sets a key.
    ///
    /// # Errors
    /// When there is no such key, or the value has the wrong type or is out of bounds.
    pub fn set(&mut self, key: &str, value: Value) -> Result<(), SettingError> {
        let definition = find(key)?;
        let fault = |wanted: &str| Err(SettingError(format!("{key} must be {wanted}")));
        match (definition.default, &value) {
            (Flag(_), Value::Boolean(_)) => {}
            (Flag(_), _) => return fault("true or false"),
            (Number(_, least, most), Value::Number(number)) => {
                if !(least..=most).contains(number) {
                    return fault(&format!(
                        "a number from {least} to {most}: {}",
                        definition.meaning
                    ));
                }
            }
            (Number(..), _) => return fault("a number"),
            (Text(_) | Unset, Value::Text(text)) => {
                if key == "registration" && !matches!(text.as_str(), "open" | "closed") {
                    return fault("\"open\" or \"closed\"");
                }
                if key == "compat" && !matches!(text.as_str(), "" | "classic") {
                    return fault("\"classic\" or empty");
                }
            }
            (Text(_) | Unset, _) => return fault("text in quotes"),
            (Empty | Fallback::Listed(_), Value::List(_)) => {}
            (Empty | Fallback::Listed(_), _) => return fault("a list of texts, such as {\"one\", \"two\"}"),
        }
        self.values.insert(definition.key, value);
        Ok(())
    }

    /// Sets a key from plain text, as it comes from the command line or the environment; lists are separated
    /// by commas.
    ///
    /// # Errors
    /// As [`Settings::set`].
    pub fn set_from_text(&mut self, key: &str, text: &str) -> Result<(), SettingError> {
        let value = match find(key)?.default {
            Flag(_) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "1" => Value::Boolean(true),
                "false" | "no" | "off" | "0" => Value::Boolean(false),
                _ => return Err(SettingError(format!("{key} must be true or false"))),
            },
            Number(..) => match text.trim().parse() {
                Ok(number) => Value::Number(number),
                Err(_) => return Err(SettingError(format!("{key} must be a number"))),
            },
            Text(_) | Unset => Value::Text(text.into()),
            Empty | Fallback::Listed(_) => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                Value::List(items.map(Into::into).collect())
            }
        };
        self.set(key, value)
    }

    /// The value of a key; nothing when there is no such key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    /// A number; 0 when the key is no number.
    pub fn number(&self, key: &str) -> f64 {
        match self.get(key) {
            Some(Value::Number(number)) => *number,
            _ => 0.0,
        }
    }

    /// A number as a count of something; negative ones are 0.
    pub fn count(&self, key: &str) -> usize {
        self.number(key) as usize
    }

    /// A number of seconds as a duration.
    pub fn seconds(&self, key: &str) -> std::time::Duration {
        std::time::Duration::try_from_secs_f64(self.number(key)).unwrap_or_default()
    }

    /// A text; empty when the key is no text.
    pub fn text(&self, key: &str) -> &str {
        match self.get(key) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    /// A switch; off when the key is no switch.
    pub fn flag(&self, key: &str) -> bool {
        matches!(self.get(key), Some(Value::Boolean(true)))
    }

    /// A list; empty when the key is no list.
    pub fn list(&self, key: &str) -> &[String] {
        match self.get(key) {
            Some(Value::List(list)) => list,
            _ => &[],
        }
    }
}

/// The reference of all settings as a page in Markdown, `docs/settings.md`.
pub fn reference() -> String {
    let mut page = String::from(
        "# Settings\n\n\
         Each is set in `script/startup_config.lua` (`key = value`), in the environment (`FCHATD_` and the key in\n\
         upper case) or on the command line (`--set key=value`); the later one wins. Lists are written\n\
         `{\"one\", \"two\"}` in the file and `one,two` elsewhere.\n\n\
         | key | default | range | meaning |\n|---|---|---|---|\n",
    );
    for Definition {
        key,
        default,
        meaning,
    } in DEFINITIONS
    {
        let (value, range) = match default {
            Flag(value) => (value.to_string(), "true, false".to_owned()),
            Number(value, least, most) => (value.to_string(), format!("{least} to {most}")),
            // The build's own version would change this page with each release.
            Text(_) if *key == "version" => ("the build's".to_owned(), "text".to_owned()),
            Text(value) => (format!("{value:?}"), "text".to_owned()),
            Unset => ("unset".to_owned(), "text".to_owned()),
            Empty => ("{}".to_owned(), "list".to_owned()),
            Fallback::Listed(list) => (list.join(", "), "list".to_owned()),
        };
        page.push_str(&format!("| `{key}` | {value} | {range} | {meaning} |\n"));
    }
    page.push_str("\nKeys of the classic server that are accepted and have no effect in this version: ");
    page.push_str(&WITHOUT_EFFECT.map(|key| format!("`{key}`")).join(", "));
    page.push_str(".\n");
    page
}

fn find(key: &str) -> Result<&'static Definition, SettingError> {
    DEFINITIONS
        .iter()
        .find(|definition| definition.key == key)
        .ok_or_else(|| {
            let near = DEFINITIONS
                .iter()
                .map(|definition| definition.key)
                .min_by_key(|known| distance(known, key));
            SettingError(format!(
                "{key} is no setting; did you mean {}?",
                near.unwrap_or_default()
            ))
        })
}

/// The number of letters to insert, delete or replace to make one word of the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, from) in one.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, to) in other.bytes().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_bounds_are_checked() {
        let mut settings = Settings::default();
        assert_eq!(settings.number("port"), 9722.0);
        assert!(settings.set_from_text("port", "80").is_ok());
        assert_eq!(settings.count("port"), 80);
        let refused = |settings: &mut Settings, key: &str, text: &str| {
            settings.set_from_text(key, text).unwrap_err().to_string()
        };
        assert!(refused(&mut settings, "port", "99999").contains("0 to 65535"));
        assert!(refused(&mut settings, "port", "x").contains("a number"));
        assert!(refused(&mut settings, "prot", "1").contains("did you mean port?"));
        assert!(refused(&mut settings, "luaenabletimeout", "maybe").contains("true or false"));
        assert!(refused(&mut settings, "registration", "perhaps").contains("closed"));
        assert!(settings.set("port", Value::Text("80".into())).is_err());
        assert!(
            settings
                .set_from_text("load_balancers", "10.0.0.1, 10.1.0.0/16")
                .is_ok()
        );
        assert_eq!(settings.list("load_balancers").len(), 2);
    }

    #[test]
    fn every_default_is_allowed() {
        for definition in DEFINITIONS {
            let value = Settings::default().get(definition.key).unwrap().clone();
            assert_eq!(
                Settings::default().set(definition.key, value),
                Ok(()),
                "{}",
                definition.key
            );
        }
    }

    #[test]
    fn the_reference_is_the_one_in_the_documentation() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/settings.md");
        if std::env::var_os("UPDATE_REFERENCE").is_some() {
            std::fs::write(file, reference()).unwrap();
        }
        let written = std::fs::read_to_string(file).unwrap();
        assert!(
            written == reference(),
            "docs/settings.md is old: run this test with UPDATE_REFERENCE=1"
        );
    }
}
