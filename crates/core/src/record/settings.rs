//! Settings as data, without their secrets.

use fchatd_world::Settings;
use fchatd_world::settings::{Definition, Kind, Value, definitions};
use serde::{Deserialize, Serialize};

/// The replacement of a secret. It is as long, so that a script's memory is the same too.
pub(super) fn stand_in(secret: &str) -> String {
    "*".repeat(secret.len())
}

/// The secrets of these settings.
pub(super) fn secrets(settings: &Settings) -> Vec<String> {
    let secret = definitions().filter(|definition| definition.kind == Kind::Secret);
    let texts = secret.filter_map(|definition| match settings.get(definition.key)? {
        Value::Text(text) => Some(text),
        _ => None,
    });
    texts.filter(|text| !text.is_empty()).cloned().collect()
}

#[derive(Debug, Serialize, Deserialize)]
enum ValueData {
    Boolean(bool),
    Number(f64),
    Text(String),
    List(Vec<String>),
}

/// [`Settings`] as a recording has them: the secret ones are replaced by asterisks.
#[derive(Debug, Serialize, Deserialize)]
pub struct SettingsData(Vec<(String, ValueData)>);

impl From<&Settings> for SettingsData {
    fn from(settings: &Settings) -> Self {
        let values = definitions().filter_map(|Definition { key, kind, .. }| {
            let value = match settings.get(key)? {
                Value::Boolean(value) => ValueData::Boolean(*value),
                Value::Number(value) => ValueData::Number(*value),
                Value::Text(text) if *kind == Kind::Secret => ValueData::Text(stand_in(text)),
                Value::Text(text) => ValueData::Text(text.clone()),
                Value::List(list) => ValueData::List(list.clone()),
            };
            Some(((*key).to_owned(), value))
        });
        Self(values.collect())
    }
}

impl SettingsData {
    /// The settings again. A value that this program does not take keeps its default.
    pub fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        for (key, value) in &self.0 {
            let value = match value {
                ValueData::Boolean(value) => Value::Boolean(*value),
                ValueData::Number(value) => Value::Number(*value),
                ValueData::Text(text) => Value::Text(text.clone()),
                ValueData::List(list) => Value::List(list.clone()),
            };
            // The values were in force, so none is refused but by another version, and that one is told before.
            let _ = settings.set(key, value);
        }
        settings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_without_their_secrets() {
        let mut settings = Settings::default();
        settings.set_from_text("rtbsecret", "very-secret").unwrap();
        settings.set_from_text("msg_flood", "0.7").unwrap();
        settings.set_from_text("blacklist_phrases", "one,two").unwrap();
        assert_eq!(secrets(&settings), ["very-secret"]);
        let bytes = postcard::to_stdvec(&SettingsData::from(&settings)).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("very-secret"));
        let data: SettingsData = postcard::from_bytes(&bytes).unwrap();
        settings.set_from_text("rtbsecret", "***********").unwrap();
        let changed = data.settings();
        let other: Vec<&str> = settings
            .differences(&changed)
            .map(|definition| definition.key)
            .collect();
        assert_eq!(other, [""; 0]);
    }
}
