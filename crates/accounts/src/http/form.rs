//! The fields of a request: reading them from a body or a query, within bounds.

use fchatd_edge::http::HttpRequest;
use fchatd_store::{CharacterId, CharacterKey};
use serde::de::DeserializeOwned;

use super::reply::Refusal;
use crate::secret::Secret;
use crate::service::Caller;

/// More fields than any form of ours has; later fields are not looked at.
const MAX_FIELDS: usize = 64;
/// The longest value that a field may have, in bytes, unless it is one for long texts.
const MAX_VALUE: usize = 256;

/// The fields of a form-encoded body. Unknown ones are ignored, and of a repeated one the first counts.
pub(super) struct Form {
    fields: Vec<(String, String)>,
}

impl Form {
    /// Reads the body; an empty one is a form without fields, of any type.
    pub(super) fn read(request: &HttpRequest) -> Result<Self, Refusal> {
        let kind = request.content_type.as_deref().unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !request.body.is_empty() && !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Refusal::new(
                "Please send the fields form-encoded (Content-Type: application/x-www-form-urlencoded).",
            ));
        }
        Ok(Self::parse(&request.body))
    }

    /// Reads the query.
    pub(super) fn query(request: &HttpRequest) -> Self {
        Self::parse(request.query.as_bytes())
    }

    /// Reads the fields from where the method has them: `POST` from the body, `GET` from the query.
    pub(super) fn by_method(request: &HttpRequest) -> Result<Self, Refusal> {
        match request.method.as_str() {
            "POST" => Self::read(request),
            "GET" | "HEAD" => Ok(Self::query(request)),
            _ => Err(Refusal::new("Please use POST.")),
        }
    }

    fn parse(text: &[u8]) -> Self {
        Self {
            fields: form_urlencoded::parse(text)
                .into_owned()
                .take(MAX_FIELDS)
                .collect(),
        }
    }

    /// Whether a field is there at all.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// A field's value of at most `max` bytes; a missing one is an empty one.
    pub(super) fn long(&self, name: &str, max: usize) -> Result<&str, Refusal> {
        let value = self.given(name).unwrap_or_default();
        if value.len() > max {
            return Err(Refusal::new(format!("The field \"{name}\" is too long.")));
        }
        Ok(value)
    }

    /// A field's value; a missing one is an empty one.
    pub(super) fn optional(&self, name: &str) -> Result<&str, Refusal> {
        self.long(name, MAX_VALUE)
    }

    /// The value of a field that must not be empty.
    pub(super) fn required(&self, name: &str) -> Result<&str, Refusal> {
        match self.optional(name)? {
            "" => Err(Refusal::new(format!("The field \"{name}\" is missing."))),
            value => Ok(value),
        }
    }

    /// A number, which is text here like everything else.
    pub(super) fn number(&self, name: &str) -> Result<i64, Refusal> {
        let value = self.required(name)?;
        value
            .trim()
            .parse()
            .map_err(|_| Refusal::new(format!("The field \"{name}\" must be a number.")))
    }

    /// Whether a flag is set.
    pub(super) fn flag(&self, name: &str) -> bool {
        matches!(self.optional(name), Ok("true" | "1" | "yes"))
    }

    /// The JSON in a field, if the field is there.
    pub(super) fn json<T: DeserializeOwned>(&self, name: &str, max: usize) -> Result<Option<T>, Refusal> {
        if self.given(name).is_none() {
            return Ok(None);
        }
        let text = self.long(name, max)?;
        serde_json::from_str(text).map(Some).map_err(|error| {
            Refusal::new(format!(
                "The field \"{name}\" is not the JSON that it has to be: {error}."
            ))
        })
    }

    /// A character by its number or its name, whichever field is there.
    pub(super) fn character(&self, id: &str, name: &str) -> Result<CharacterKey, Refusal> {
        if self.given(id).is_some_and(|value| !value.is_empty()) {
            return Ok(CharacterKey::Id(CharacterId(self.number(id)?)));
        }
        Ok(CharacterKey::Name(self.required(name)?.to_owned()))
    }

    /// The caller.
    pub(super) fn caller(&self, request: &HttpRequest) -> Result<Caller, Refusal> {
        Ok(Caller {
            account: self.required("account")?.to_owned(),
            ticket: Secret::new(self.required("ticket")?),
            address: request.address,
        })
    }
}
