//! A row of the table of settings.

use fchatd_protocol::duration;

use super::values::Value;

/// The type of a key, with its default and its allowed values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A switch: the default.
    Flag(bool),
    /// A whole number: the default, the least and the greatest value, and the unit (empty where there is none).
    Whole(u64, u64, u64, &'static str),
    /// A number: the default, the least and the greatest value, and the unit (empty where there is none).
    Number(f64, f64, f64, &'static str),
    /// A text: the default.
    Text(&'static str),
    /// A text that has to be given to have an effect.
    Unset,
    /// As [`Kind::Unset`], and secret: it is never shown in a message.
    Secret,
    /// One of several words, the first of them by default. An empty word means "unset".
    Choice(&'static [&'static str]),
    /// A list of texts: the default.
    List(&'static [&'static str]),
}

/// The step that puts another value in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Reading the configuration again.
    Live,
    /// Starting the server again.
    Restart,
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// As written in `startup_config.lua`; upper-cased with `FCHATD_` before it in the environment.
    pub key: &'static str,
    /// Its type, default, range and unit.
    pub kind: Kind,
    /// Whether it can change while the server runs.
    pub change: Change,
    /// Its effect, as a phrase that goes on after "key:".
    pub meaning: &'static str,
}

/// Keys that belong together.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// Their subject, as a heading.
    pub heading: &'static str,
    /// The keys.
    pub definitions: &'static [Definition],
}

impl Kind {
    /// The value of a key that is not set.
    pub fn default_value(self) -> Value {
        let list = |texts: &[&str]| texts.iter().map(|&text| text.into()).collect();
        match self {
            Self::Flag(value) => Value::Boolean(value),
            Self::Whole(value, ..) => Value::Number(value as f64),
            Self::Number(value, ..) => Value::Number(value),
            Self::Text(value) => Value::Text(value.into()),
            Self::Unset | Self::Secret => Value::Text(String::new()),
            Self::Choice(words) => Value::Text(words.first().copied().unwrap_or_default().into()),
            Self::List(texts) => Value::List(list(texts)),
        }
    }

    /// The rule for a value, as in "must be ...".
    pub fn wanted(self) -> String {
        let range =
            |number: &str, least: &dyn std::fmt::Display, most: &dyn std::fmt::Display, unit: &str| {
                let space = if unit.is_empty() { "" } else { " " };
                format!("{number} from {least} to {most}{space}{unit}")
            };
        match self {
            Self::Flag(_) => "true or false".into(),
            Self::Whole(_, least, most, unit) => range("a whole number", &least, &most, unit),
            Self::Number(_, least, most, unit) => range("a number", &least, &most, unit),
            Self::Text(_) | Self::Unset | Self::Secret => "text in quotes".into(),
            Self::Choice(words) => {
                let quoted: Vec<String> = words
                    .iter()
                    .rev()
                    .map(|word| match *word {
                        "" => "empty".to_owned(),
                        word => format!("{word:?}"),
                    })
                    .collect();
                quoted.join(" or ")
            }
            Self::List(_) => "a list of texts, such as {\"one\", \"two\"}".into(),
        }
    }

    /// A value as it is kept. A duration with a unit of its own, such as "5min", becomes the number in the unit of the
    /// key; all other values stay as they are.
    pub(super) fn in_its_unit(self, value: Value) -> Value {
        match (&value, duration::unit(self.unit())) {
            (Value::Text(text), Some(unit)) => match duration::parse(text) {
                Ok(time) => Value::Number(time.as_secs_f64() / unit.as_secs_f64()),
                Err(_) => value,
            },
            _ => value,
        }
    }

    /// The unit of a number; empty where there is none.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Whole(.., unit) | Self::Number(.., unit) => unit,
            _ => "",
        }
    }
}
