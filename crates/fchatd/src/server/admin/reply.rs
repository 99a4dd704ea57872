//! Answers of the administration's API: JSON, and refusals with a status, a word for programs and a sentence for people.

use bytes::Bytes;
use fchatd_accounts::AccountError;
use fchatd_edge::http::HttpResponse;
use serde_json::{Value, json};

/// Seconds after which another try makes sense where something is busy.
const BUSY_SECONDS: u64 = 2;

/// Adds a member to a JSON object. Other values have no members, and stay as they are.
pub(super) fn member(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(members) = object {
        members.insert(name.to_owned(), value);
    }
}

/// The reason for which a request is not answered.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    /// The word for programs.
    pub(super) code: &'static str,
    text: String,
    /// Seconds after which another try makes sense, where that is known.
    wait: Option<u64>,
}

impl Refusal {
    fn new(status: u16, code: &'static str, text: impl Into<String>) -> Self {
        Self {
            status,
            code,
            text: text.into(),
            wait: None,
        }
    }

    /// A field is missing, unknown or not as it must be.
    pub(super) fn field(text: impl Into<String>) -> Self {
        Self::new(400, "field", text)
    }

    pub(super) fn signed_out() -> Self {
        Self::new(
            401,
            "signed_out",
            "You are not signed in, or not any more. Sign in at /admin, or send a token as \"Authorization: Bearer TOKEN\".",
        )
    }

    pub(super) fn bad_token() -> Self {
        Self::new(
            401,
            "token",
            "This token is not good: it has ended or was revoked, or it is not whole. \"fchatd admin token list\" shows the tokens.",
        )
    }

    pub(super) fn confirm() -> Self {
        Self::new(
            403,
            "confirm",
            "Please enter your password again: this changes something.",
        )
    }

    pub(super) fn scope(word: &str) -> Self {
        Self::new(
            403,
            "scope",
            format!("This needs a token with the scope \"{word}\"."),
        )
    }

    pub(super) fn foreign() -> Self {
        Self::new(
            403,
            "foreign",
            "This request was sent by a page of another site, or not as JSON, and has changed nothing.",
        )
    }

    pub(super) fn closed() -> Self {
        Self::new(404, "not_found", "There is nothing at this address.")
    }

    pub(super) fn not_found() -> Self {
        Self::new(
            404,
            "not_found",
            "There is nothing at this address. docs/admin-api.md lists all endpoints.",
        )
    }

    pub(super) fn missing(text: impl Into<String>) -> Self {
        Self::new(404, "missing", text)
    }

    pub(super) fn method(wanted: &str) -> Self {
        Self::new(405, "method", format!("This endpoint takes {wanted} requests."))
    }

    /// A rule forbids it.
    pub(super) fn refused(text: impl Into<String>) -> Self {
        Self::new(409, "refused", text)
    }

    pub(super) fn accounts_elsewhere() -> Self {
        Self::refused("This server keeps no accounts: a website checks its log-ins.")
    }

    pub(super) fn nothing_stored() -> Self {
        Self::refused("This server stores nothing (--dev), so it has no accounts and no tokens.")
    }

    pub(super) fn standby() -> Self {
        let mut refusal = Self::new(
            503,
            "standby",
            "This core is a standby, or is about to be one: ask the core that leads (fchatd cluster status).",
        );
        refusal.wait = Some(BUSY_SECONDS);
        refusal
    }

    pub(super) fn too_many(seconds: u64) -> Self {
        let mut refusal = Self::new(
            429,
            "too_many",
            format!(
                "Too many requests of your address. Please try again in {} s.",
                seconds.max(1)
            ),
        );
        refusal.wait = Some(seconds.max(1));
        refusal
    }

    pub(super) fn busy() -> Self {
        let mut refusal = Self::new(503, "busy", "The server is busy. Please try again in a moment.");
        refusal.wait = Some(BUSY_SECONDS);
        refusal
    }

    pub(super) fn failed(text: impl Into<String>) -> Self {
        Self::new(500, "failed", text)
    }
}

impl Refusal {
    /// The sentence for people.
    pub(super) fn into_text(self) -> String {
        self.text
    }
}

impl From<AccountError> for Refusal {
    fn from(error: AccountError) -> Self {
        let text = match std::error::Error::source(&error) {
            Some(source) => source.to_string(),
            None => error.to_string(),
        };
        match error {
            AccountError::TooManyAttempts { seconds } => Self {
                wait: Some(seconds.max(1)),
                ..Self::new(429, "too_many", text)
            },
            AccountError::Busy => Self::busy(),
            AccountError::Failed(_) => Self::failed(text),
            AccountError::SessionOver => Self::signed_out(),
            AccountError::WrongPassword => Self::new(401, "password", text),
            AccountError::NeedsCode => Self::new(401, "needs_code", text),
            AccountError::WrongCode => Self::new(401, "code", text),
            AccountError::NoSuchAccount | AccountError::NoSuchCharacter => Self::missing(text),
            _ => Self::refused(text),
        }
    }
}

/// The answer to a request that was answered.
pub(super) fn done(value: &Value, cookie: Option<String>) -> HttpResponse {
    let mut response = response(200, value);
    response
        .headers
        .extend(cookie.map(|cookie| ("set-cookie", cookie)));
    response
}

/// The answer to a refused request.
pub(super) fn refused(refusal: &Refusal) -> HttpResponse {
    let Refusal {
        status,
        code,
        text,
        wait,
    } = refusal;
    let mut response = response(*status, &json!({ "error": text, "code": code }));
    response
        .headers
        .extend(wait.map(|seconds| ("retry-after", seconds.to_string())));
    response
}

/// Only this site's own page can read it, and no cache keeps it.
fn response(status: u16, value: &Value) -> HttpResponse {
    HttpResponse {
        status,
        headers: vec![
            ("content-type", "application/json".to_owned()),
            ("cache-control", "no-store".to_owned()),
            ("x-content-type-options", "nosniff".to_owned()),
            ("cross-origin-resource-policy", "same-origin".to_owned()),
            (
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'".to_owned(),
            ),
        ],
        body: Bytes::from(value.to_string()),
    }
}
