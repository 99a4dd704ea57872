//! The values in force.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use fchatd_protocol::duration::{self, DurationError};

use super::definition::{Change, Definition, Kind};
use super::definitions::{definition, definitions};
use super::key::Key;
use super::key::of::{self, Numeric, Textual};
use super::suggestion::near;

/// The value of a setting.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `true` or `false`.
    Boolean(bool),
    /// A number, in the unit of the key.
    Number(f64),
    /// Text.
    Text(String),
    /// A list of texts.
    List(Vec<String>),
}

/// A setting was refused; the text is a sentence with the allowed values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingError(String);

impl fmt::Display for SettingError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for SettingError {}

/// The error of a key that there is not.
pub fn unknown(key: &str) -> SettingError {
    let key = shortened(key);
    SettingError(match near(&key) {
        Some(near) => format!("{key} is no setting; did you mean {near}?"),
        None => format!("{key} is no setting; \"fchatd config sample\" shows all there are"),
    })
}

/// The error of a value that no setting can have; `what` is its kind in a few words.
pub fn unusable(key: &str, what: &str) -> SettingError {
    match definition(key) {
        None => unknown(key),
        Some(definition) => definition.refuse(what),
    }
}

/// As much of a text as fits into a message.
fn shortened(text: &str) -> String {
    const MOST: usize = 40;
    let mut short: String = text.chars().take(MOST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

impl Value {
    /// The kind of a value, for a message about a wrong one.
    fn described(&self) -> String {
        match self {
            Self::Boolean(value) => value.to_string(),
            Self::Number(value) => value.to_string(),
            Self::Text(text) => format!("{:?}", shortened(text)),
            Self::List(_) => "a list".into(),
        }
    }
}

/// The values in force. Every key of the table has one. `Debug` shows none: some are secret.
#[derive(Clone, PartialEq)]
pub struct Settings {
    pub(super) values: HashMap<&'static str, Value>,
    /// Keys that were set and not only left as they are.
    pub(super) given: BTreeSet<&'static str>,
    /// Keys that only the operator's file has, for scripts that read them. No recording has them, since some may be secret.
    own: BTreeMap<String, Value>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Settings")
    }
}

impl Default for Settings {
    fn default() -> Self {
        let values = definitions().map(|definition| (definition.key, definition.kind.default_value()));
        Self {
            values: values.collect(),
            given: BTreeSet::new(),
            own: BTreeMap::new(),
        }
    }
}

impl Definition {
    /// Whether a value has the right type and is within its bounds.
    fn allows(&self, value: &Value) -> bool {
        match (self.kind, value) {
            (Kind::Whole(_, least, most, _), Value::Number(number)) => {
                number.fract() == 0.0 && (least as f64..=most as f64).contains(number)
            }
            (Kind::Number(_, least, most, _), Value::Number(number)) => (least..=most).contains(number),
            (Kind::Choice(words), Value::Text(text)) => words.contains(&text.as_str()),
            (Kind::Flag(_), Value::Boolean(_))
            | (Kind::Text(_) | Kind::Unset | Kind::Secret, Value::Text(_))
            | (Kind::List(_), Value::List(_)) => true,
            _ => false,
        }
    }

    /// The error of a value that is `given`.
    fn refuse(&self, given: &str) -> SettingError {
        let Self {
            key, kind, meaning, ..
        } = self;
        let wanted = kind.wanted();
        SettingError(match kind {
            Kind::Secret => format!("{key} must be {wanted} ({meaning})"),
            _ => format!("{key} must be {wanted}, not {given} ({meaning})"),
        })
    }
}

impl Settings {
    /// Sets a key.
    ///
    /// # Errors
    /// When there is no such key, or the value has the wrong type or is out of bounds.
    pub fn set(&mut self, key: &str, value: Value) -> Result<(), SettingError> {
        let definition = definition(key).ok_or_else(|| unknown(key))?;
        let value = definition.kind.in_its_unit(value);
        if !definition.allows(&value) {
            let SettingError(mut told) = definition.refuse(&value.described());
            if matches!(value, Value::Text(_)) && duration::unit(definition.kind.unit()).is_some() {
                told = format!("{told}; {DurationError}");
            }
            return Err(SettingError(told));
        }
        self.values.insert(definition.key, value);
        self.given.insert(definition.key);
        if definition.key == "compat" {
            self.follow_compat();
        }
        Ok(())
    }

    /// The differences of `other`, in the order of the table.
    pub fn differences<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'static Definition> + 'a {
        definitions().filter(|definition| self.get(definition.key) != other.get(definition.key))
    }

    /// The settings that are in force when these are to follow those `before` while the server runs: keys that need a
    /// restart stay as they were before.
    pub fn live_after(mut self, before: &Self) -> Self {
        for definition in definitions().filter(|definition| definition.change == Change::Restart) {
            if let Some(value) = before.get(definition.key) {
                self.values.insert(definition.key, value.clone());
            }
        }
        self.follow_compat();
        self
    }

    /// Whether a key was set, and not only left as it is.
    pub fn is_given(&self, key: &str) -> bool {
        self.given.contains(key)
    }

    /// The value of a key; nothing when there is no such key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    /// Keeps the value of a key of the operator's own.
    pub fn set_own(&mut self, key: String, value: Value) {
        self.own.insert(key, value);
    }

    /// The value of a key that is no setting, where the operator's file has it.
    pub fn own(&self, key: &str) -> Option<&Value> {
        self.own.get(key)
    }

    /// A number.
    pub fn number<K: Numeric>(&self, key: Key<K>) -> f64 {
        match self.get(key.name()) {
            Some(Value::Number(number)) => *number,
            _ => 0.0,
        }
    }

    /// A number as a count of something; negative ones are 0.
    pub fn count<K: Numeric>(&self, key: Key<K>) -> usize {
        self.number(key) as usize
    }

    /// A number of seconds as a duration.
    pub fn seconds<K: Numeric>(&self, key: Key<K>) -> std::time::Duration {
        std::time::Duration::try_from_secs_f64(self.number(key)).unwrap_or_default()
    }

    /// A text.
    pub fn text<K: Textual>(&self, key: Key<K>) -> &str {
        match self.get(key.name()) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    /// A switch.
    pub fn flag(&self, key: Key<of::Flag>) -> bool {
        matches!(self.get(key.name()), Some(Value::Boolean(true)))
    }

    /// A list.
    pub fn list(&self, key: Key<of::List>) -> &[String] {
        match self.get(key.name()) {
            Some(Value::List(list)) => list,
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::keys;
    use super::*;

    #[test]
    fn types_and_bounds_are_checked() {
        let mut settings = Settings::default();
        assert_eq!(settings.number(keys::PORT), 9722.0);
        assert!(settings.set_from_text("port", "80").is_ok());
        assert_eq!(settings.count(keys::PORT), 80);
        let refused = |settings: &mut Settings, key: &str, text: &str| {
            settings.set_from_text(key, text).unwrap_err().to_string()
        };
        assert!(refused(&mut settings, "port", "99999").contains("0 to 65535, not 99999"));
        assert!(refused(&mut settings, "port", "80.5").contains("a whole number"));
        assert!(refused(&mut settings, "port", "x").contains("a whole number"));
        assert!(refused(&mut settings, "msg_flood", "-1").contains("0 to 86400 seconds"));
        assert!(refused(&mut settings, "msg_flood", "nan").contains("a number"));
        assert!(refused(&mut settings, "msg_flood", "inf").contains("a number"));
        assert!(refused(&mut settings, "prot", "1").contains("did you mean port?"));
        assert!(refused(&mut settings, "nothing_like_it", "1").contains("config sample"));
        assert!(refused(&mut settings, "luaenabletimeout", "maybe").contains("true or false"));
        assert!(
            refused(&mut settings, "registration", "perhaps")
                .contains("\"closed\" or \"invitation\" or \"open\"")
        );
        assert!(refused(&mut settings, "compat", "modern").contains("\"classic\" or empty"));
        assert!(settings.set("port", Value::Text("80".into())).is_err());
        assert!(
            settings
                .set_from_text("load_balancers", "10.0.0.1, 10.1.0.0/16")
                .is_ok()
        );
        assert_eq!(settings.list(keys::LOAD_BALANCERS).len(), 2);
    }

    #[test]
    fn a_time_is_a_number_or_a_duration() {
        let mut settings = Settings::default();
        let mut set = |key: &str, text: &str| -> Result<f64, SettingError> {
            settings.set_from_text(key, text)?;
            match settings.get(key) {
                Some(&Value::Number(number)) => Ok(number),
                other => panic!("{key} is {other:?}"),
            }
        };
        assert_eq!(set("saveinterval", "90"), Ok(90.0));
        assert_eq!(set("saveinterval", "1h30m"), Ok(5400.0));
        assert_eq!(set("saveinterval", "90 min"), Ok(5400.0));
        assert_eq!(set("ticket_lifetime", "2h"), Ok(120.0));
        assert_eq!(set("action_log_days", "1y"), Ok(365.0));
        let mut refused = |key: &str, text: &str| set(key, text).unwrap_err().to_string();
        assert!(refused("saveinterval", "3 moons").contains(&DurationError.to_string()));
        assert!(refused("saveinterval", "3 days").contains("1 to 86400 seconds, not 259200"));
        assert!(refused("action_log_days", "36h").contains("3650 days, not 1.5"));
        assert!(!refused("maxusers", "3 days").contains("duration"));
        assert!(settings.set("saveinterval", Value::Text("5min".into())).is_ok());
        assert_eq!(settings.get("saveinterval"), Some(&Value::Number(300.0)));
    }

    #[test]
    fn every_default_is_allowed() {
        for definition in definitions() {
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
    fn no_key_is_there_twice() {
        let mut keys: Vec<&str> = definitions().map(|definition| definition.key).collect();
        keys.sort_unstable();
        let count = keys.len();
        keys.dedup();
        assert_eq!(keys.len(), count);
    }

    #[test]
    fn secrets_and_long_values_stay_out_of_messages() {
        let mut settings = Settings::default();
        let refused = settings.set("rtbsecret", Value::Number(123_456.0)).unwrap_err();
        assert!(!refused.to_string().contains("123456"), "{refused}");
        let long = Value::Text("x".repeat(100_000));
        assert!(settings.set("port", long).unwrap_err().to_string().len() < 200);
        let long = settings
            .set(&"x".repeat(100_000), Value::Boolean(true))
            .unwrap_err();
        assert!(long.to_string().len() < 200);
    }

    #[test]
    fn settings_that_need_a_restart_stay() {
        let before = Settings::default();
        let mut after = before.clone();
        after.set_from_text("port", "1").unwrap();
        after.set_from_text("msg_max", "10").unwrap();
        let named: Vec<_> = before
            .differences(&after)
            .map(|definition| definition.key)
            .collect();
        assert_eq!(named, ["port", "msg_max"]);
        let live = after.live_after(&before);
        assert_eq!((live.count(keys::PORT), live.count(keys::MSG_MAX)), (9722, 10));
    }
}
