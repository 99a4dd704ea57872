//! The fields of a request: those of its query, or of the JSON object in its body. A field that the endpoint does not know is a
//! mistake, so that a misspelt one does nothing by silence.

use fchatd_edge::http::HttpRequest;
use serde_json::{Map, Value};

use super::fields::Field;
use super::reply::Refusal;

/// The longest text of a field, in bytes.
const TEXT_MAX: usize = 8192;

/// The fields.
#[derive(Debug)]
pub(super) struct Asked(Map<String, Value>);

impl Asked {
    /// Reads the fields of a request to an endpoint.
    ///
    /// # Errors
    /// The body is no JSON object, or a field is unknown, too long, or there twice.
    pub(super) fn read(request: &HttpRequest, is_post: bool, known: &[Field]) -> Result<Self, Refusal> {
        let fields = if is_post {
            if !is_json(request) {
                return Err(Refusal::foreign());
            }
            match serde_json::from_slice(&request.body) {
                Ok(Value::Object(fields)) => fields,
                _ => {
                    let told = "The body must be a JSON object, such as {\"account\": \"ada\"}.";
                    return Err(Refusal::field(told));
                }
            }
        } else {
            let mut fields = Map::new();
            for (key, value) in form_urlencoded::parse(request.query.as_bytes()) {
                if fields
                    .insert(key.to_string(), Value::String(value.into_owned()))
                    .is_some()
                {
                    return Err(Refusal::field(format!("The field {key:?} is there twice.")));
                }
            }
            fields
        };
        Self::checked(fields, known)
    }

    /// Fields from a text with a JSON object, as the command line sends them: all values are texts.
    ///
    /// # Errors
    /// As there.
    pub(super) fn from_texts(fields: &str, known: &[Field]) -> Result<Self, Refusal> {
        match serde_json::from_str(fields) {
            Ok(Value::Object(fields)) => Self::checked(fields, known),
            _ => Err(Refusal::field("The fields are no JSON object.")),
        }
    }

    fn checked(fields: Map<String, Value>, known: &[Field]) -> Result<Self, Refusal> {
        for (key, value) in &fields {
            if !known.iter().any(|field| field.name == key) {
                let names: Vec<&str> = known.iter().map(|field| field.name).collect();
                let names = match names.as_slice() {
                    [] => "none".to_owned(),
                    names => names.join(", "),
                };
                return Err(Refusal::field(format!(
                    "There is no field {:?} here. The fields of this endpoint: {names}.",
                    key.chars().take(64).collect::<String>()
                )));
            }
            if value.as_str().is_some_and(|text| text.len() > TEXT_MAX) {
                return Err(Refusal::field(format!(
                    "The field {key:?} has more than {TEXT_MAX} bytes."
                )));
            }
        }
        let is_missing = |name: &str| fields.get(name).is_none_or(Value::is_null);
        if let Some(field) = known
            .iter()
            .find(|field| field.is_needed && is_missing(field.name))
        {
            return Err(Refusal::field(format!("The field {:?} is missing.", field.name)));
        }
        Ok(Self(fields))
    }

    /// A text that has to be there and not empty.
    pub(super) fn text(&self, key: &str) -> Result<&str, Refusal> {
        match self.optional(key)? {
            Some(text) if !text.trim().is_empty() => Ok(text.trim()),
            _ => Err(Refusal::field(format!("The field {key:?} is missing."))),
        }
    }

    /// A text that may be missing, which is the same as empty.
    pub(super) fn text_or_empty(&self, key: &str) -> Result<&str, Refusal> {
        Ok(self.optional(key)?.unwrap_or_default().trim())
    }

    /// A text as it was sent.
    pub(super) fn optional(&self, key: &str) -> Result<Option<&str>, Refusal> {
        match self.0.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Refusal::field(format!("The field {key:?} must be a text."))),
        }
    }

    /// A whole number that is not negative.
    pub(super) fn whole(&self, key: &str) -> Result<Option<u64>, Refusal> {
        let number = match self.0.get(key) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) if text.is_empty() => return Ok(None),
            Some(Value::String(text)) => text.parse().ok(),
            Some(value) => value.as_u64(),
        };
        // As far as all programs count exactly.
        let number = number.filter(|number| *number < 1 << 53);
        let told = || Refusal::field(format!("The field {key:?} must be a whole number, 0 or more."));
        number.map(Some).ok_or_else(told)
    }

    /// A whole number within bounds, with a default.
    pub(super) fn whole_within(&self, key: &str, usual: u64, most: u64) -> Result<u64, Refusal> {
        match self.whole(key)? {
            None => Ok(usual),
            Some(number @ 1..) if number <= most => Ok(number),
            Some(_) => Err(Refusal::field(format!(
                "The field {key:?} must be from 1 to {most}."
            ))),
        }
    }

    /// True or false; false where it is missing.
    pub(super) fn flag(&self, key: &str) -> Result<bool, Refusal> {
        match self.0.get(key) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::String(text)) if text == "true" => Ok(true),
            Some(Value::String(text)) if text == "false" || text.is_empty() => Ok(false),
            Some(_) => Err(Refusal::field(format!(
                "The field {key:?} must be true or false."
            ))),
        }
    }
}

/// Pages of other sites can't send this type without asking first, which is never allowed here.
fn is_json(request: &HttpRequest) -> bool {
    let kind = request.content_type.as_deref().unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}
