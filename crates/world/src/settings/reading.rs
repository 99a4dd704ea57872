//! Settings as plain text, from the environment and the command line.

use super::definition::Kind;
use super::definitions::definition;
use super::values::{SettingError, Settings, Value, unknown};

impl Settings {
    /// Sets a key from plain text, as it comes from the command line or the environment; lists are separated
    /// by commas, and spaces around their items do not count.
    ///
    /// # Errors
    /// As [`Settings::set`].
    pub fn set_from_text(&mut self, key: &str, text: &str) -> Result<(), SettingError> {
        let kind = definition(key).ok_or_else(|| unknown(key))?.kind;
        let value = match kind {
            Kind::Flag(_) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "1" => Value::Boolean(true),
                "false" | "no" | "off" | "0" => Value::Boolean(false),
                // Has the wrong type, which is told.
                _ => Value::Text(text.into()),
            },
            Kind::Whole(..) | Kind::Number(..) => match text.trim().parse() {
                Ok(number) => Value::Number(number),
                Err(_) => Value::Text(text.into()),
            },
            Kind::Text(_) | Kind::Unset | Kind::Secret | Kind::Choice(_) => Value::Text(text.into()),
            Kind::List(_) => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                Value::List(items.map(Into::into).collect())
            }
        };
        self.set(key, value)
    }
}
