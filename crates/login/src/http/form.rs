use fchatd_edge::http::HttpRequest;

use super::reply::Refusal;

/// More fields than any form of ours has; what comes after is not looked at.
const MAX_FIELDS: usize = 64;
/// The longest value that any field may have, in bytes.
const MAX_VALUE: usize = 256;

/// The fields of a form-encoded body. Unknown ones are ignored, and of a repeated one the first counts.
pub(super) struct Form {
    fields: Vec<(String, String)>,
}

impl Form {
    /// Reads the body; an empty one is a form without fields, whatever its type.
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

    /// Reads the query, which may hold flags but never a password.
    pub(super) fn query(request: &HttpRequest) -> Self {
        Self::parse(request.query.as_bytes())
    }

    fn parse(text: &[u8]) -> Self {
        Self {
            fields: form_urlencoded::parse(text)
                .into_owned()
                .take(MAX_FIELDS)
                .collect(),
        }
    }

    /// A field's value; a missing one is an empty one.
    pub(super) fn optional(&self, name: &str) -> Result<&str, Refusal> {
        let value = self
            .fields
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value.as_str());
        if value.len() > MAX_VALUE {
            return Err(Refusal::new(format!("The field \"{name}\" is too long.")));
        }
        Ok(value)
    }

    /// The value of a field that must not be empty.
    pub(super) fn required(&self, name: &str) -> Result<&str, Refusal> {
        match self.optional(name)? {
            "" => Err(Refusal::new(format!("The field \"{name}\" is missing."))),
            value => Ok(value),
        }
    }

    /// Whether a flag is set.
    pub(super) fn flag(&self, name: &str) -> bool {
        matches!(self.optional(name), Ok("true" | "1" | "yes"))
    }
}
