//! Rules that every known client relies on (docs/clients.md). Each frame that a client receives in any play
//! is checked against them.

use serde_json::Value;

/// The received frames of one connection, as far as the rules need them.
#[derive(Debug, Clone)]
pub struct Etiquette {
    character: String,
    /// Whether its own `NLN` has arrived.
    is_in: bool,
    /// The command that must come next, and its channel.
    owed: Option<(&'static str, String)>,
}

/// Commands with exactly these fields: some clients pass them on as arguments and fail on additional ones.
const EXACT: &[(&str, &[&str])] = &[
    ("MSG", &["channel", "character", "message"]),
    ("LRP", &["channel", "character", "message"]),
    ("JCH", &["channel", "character", "title"]),
];

/// Commands with at least these text fields: some clients fail when one is missing.
const TEXTS: &[(&str, &[&str])] = &[
    ("MSG", &["channel", "character", "message"]),
    ("LRP", &["channel", "character", "message"]),
    ("PRI", &["character", "message", "recipient"]),
    ("JCH", &["channel", "title"]),
    ("LCH", &["channel", "character"]),
    ("ICH", &["channel", "mode"]),
    ("CDS", &["channel", "description"]),
    ("COL", &["channel"]),
    ("STA", &["character", "status", "statusmsg"]),
    ("NLN", &["identity", "gender", "status"]),
    ("FLN", &["character"]),
    ("TPN", &["character", "status"]),
    ("CIU", &["sender", "title", "name"]),
    ("RLL", &["type", "message", "character"]),
    ("CKU", &["channel", "operator", "character"]),
    ("CBU", &["channel", "operator", "character"]),
    ("CTU", &["channel", "operator", "character"]),
    ("SFC", &["action", "character", "tab"]),
    ("BRO", &["message"]),
    ("SYS", &["message"]),
    ("ERR", &["message"]),
    ("HLO", &["message"]),
];

/// Commands with at least these integer fields.
const NUMBERS: &[(&str, &[&str])] = &[
    ("CON", &["count"]),
    ("ERR", &["number"]),
    ("CTU", &["length"]),
    (
        "UPT",
        &["time", "starttime", "accepted", "channels", "users", "maxusers"],
    ),
];

fn row<'a>(table: &'a [(&str, &[&'a str])], code: &str) -> &'a [&'a str] {
    let found = table.iter().find(|(of, _)| *of == code);
    found.map_or(&[], |(_, keys)| keys)
}

impl Etiquette {
    /// The rules for a connection that is about to identify as a character.
    pub fn new(character: &str) -> Self {
        Self {
            character: character.to_owned(),
            is_in: false,
            owed: None,
        }
    }

    /// Checks the next frame.
    ///
    /// # Errors
    /// The violated rule.
    pub fn hear(&mut self, frame: &str) -> Result<(), String> {
        let (code, json) = frame.split_once(' ').unwrap_or((frame, "{}"));
        if code == "PIN" || code == "RTB" {
            return Ok(());
        }
        let value: Value = serde_json::from_str(json).map_err(|error| format!("no JSON: {error}"))?;
        if !value.is_object() {
            return Err("no object".into());
        }
        shape(code, &value)?;
        self.order(code, &value)
    }

    fn order(&mut self, code: &str, value: &Value) -> Result<(), String> {
        let text = |key: &str| value[key].as_str().unwrap_or_default();
        if let Some((owed, channel)) = self.owed.take() {
            if code != owed || text("channel") != channel {
                return Err(format!("{owed} of {channel} has to come right now"));
            }
            self.owed = match owed {
                "COL" => Some(("ICH", channel)),
                "ICH" => Some(("CDS", channel)),
                _ => None,
            };
            return Ok(());
        }
        let is_me = |name: &str| name.eq_ignore_ascii_case(&self.character);
        match code {
            "JCH" if is_me(value["character"]["identity"].as_str().unwrap_or_default()) => {
                self.owed = Some(("COL", text("channel").to_owned()));
            }
            "ICH" => return Err("ICH comes only after the own JCH and COL".into()),
            "NLN" if is_me(text("identity")) && self.is_in => {
                return Err("the own NLN comes once".into());
            }
            "NLN" if is_me(text("identity")) => self.is_in = true,
            "NLN" if !self.is_in => return Err("the own NLN comes before any other".into()),
            _ => {}
        }
        Ok(())
    }
}

fn shape(code: &str, value: &Value) -> Result<(), String> {
    whole(value)?;
    let exact = row(EXACT, code);
    if let Some(object) = value.as_object()
        && !exact.is_empty()
        && object.keys().any(|key| !exact.contains(&key.as_str()))
    {
        return Err(format!("{code} has the keys {exact:?} and no other"));
    }
    if let Some(key) = row(TEXTS, code).iter().find(|key| !value[**key].is_string()) {
        return Err(format!("{key} has to be a text"));
    }
    if let Some(key) = row(NUMBERS, code).iter().find(|key| !value[**key].is_i64()) {
        // Minutes may have a fraction.
        if code != "CTU" || !value[*key].is_number() {
            return Err(format!("{key} has to be a whole number"));
        }
    }
    let texts = |list: &Value| {
        list.as_array()
            .is_some_and(|list| list.iter().all(Value::is_string))
    };
    let rows = |list: &Value, good: &dyn Fn(&Value) -> bool| {
        list.as_array().is_some_and(|list| list.iter().all(good))
    };
    let has_topic = |value: &Value| value["topic"].is_null() || value["topic"].is_string();
    let is_right = match code {
        "LIS" => rows(&value["characters"], &|row| {
            texts(row) && row.as_array().is_some_and(|row| row.len() == 4)
        }),
        "ICH" => has_topic(value) && rows(&value["users"], &|user| user["identity"].is_string()),
        "COL" => texts(&value["oplist"]) && value["oplist"][0].is_string(),
        "ADL" => texts(&value["ops"]),
        "FRL" => texts(&value["characters"]),
        "IGN" if value["characters"].is_array() => rows(&value["characters"], &|name| {
            name.as_str().is_some_and(|name| name.to_lowercase() == name)
        }),
        "BRO" => value["character"].as_str().is_none_or(|name| {
            let begin = format!("[b]Broadcast from {name}:[/b] ");
            value["message"].as_str().unwrap_or_default().starts_with(&begin)
        }),
        "SFC" => value["logid"].is_null() || value["logid"].is_i64(),
        "CHA" | "ORS" => rows(&value["channels"], &|channel| {
            channel["characters"].is_i64() && has_topic(channel)
        }),
        "RLL" => {
            value["type"] == "bottle"
                || (value["rolls"].is_array()
                    && value["results"].is_array()
                    && value["endresult"].is_number())
        }
        _ => true,
    };
    if is_right {
        Ok(())
    } else {
        Err(format!("{code} has not the shape that clients expect"))
    }
}

/// Checks that a value is an integer without a fraction: some clients cannot parse `12.0`.
fn whole(value: &Value) -> Result<(), String> {
    match value {
        Value::Number(number) if number.is_f64() && number.as_f64().is_some_and(|n| n.fract() == 0.0) => {
            Err(format!("{number} is written with a fraction"))
        }
        Value::Array(items) => items.iter().try_for_each(whole),
        Value::Object(members) => members.values().try_for_each(whole),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(frames: &[&str]) -> Option<String> {
        let mut etiquette = Etiquette::new("Ada");
        frames.iter().find_map(|frame| etiquette.hear(frame).err())
    }

    #[test]
    fn frames_that_break_clients_are_found() {
        let nln = r#"NLN {"identity":"Ada","gender":"None","status":"online"}"#;
        let jch = r#"JCH {"channel":"X","character":{"identity":"Ada"},"title":"X"}"#;
        let col = r#"COL {"channel":"X","oplist":[""]}"#;
        let ich = r#"ICH {"channel":"X","mode":"both","users":[{"identity":"Ada"}]}"#;
        let cds = r#"CDS {"channel":"X","description":""}"#;
        let msg = r#"MSG {"channel":"X","character":"Bob","message":"hi"}"#;
        assert_eq!(fault(&[nln, jch, col, ich, cds, msg]), None);
        for frames in [
            &[nln, nln][..],
            &[r#"NLN {"identity":"Bob","gender":"None","status":"online"}"#],
            &[jch, msg],
            &[jch, col, msg],
            &[jch, ich],
            &[ich],
            &[jch, col, ich, msg],
            &[r#"MSG {"channel":"X","character":"Bob","message":"hi","id":1}"#],
            &[r#"JCH {"channel":"X","character":{"identity":"Bob"}}"#],
            &[r#"CON {"count":12.0}"#],
            &[r#"CON {"count":"12"}"#],
            &[r#"LIS {"characters":[["Ada","None","online"]]}"#],
            &[r#"IGN {"action":"init","characters":["Bob"]}"#],
            &[r#"BRO {"character":"Ann","message":"hi"}"#],
            &[r#"STA {"character":"Bob","status":"busy"}"#],
            &[r#"ERR {"number":"5","message":"x"}"#],
        ] {
            assert!(fault(frames).is_some(), "{frames:?}");
        }
    }
}
