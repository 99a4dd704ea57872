use bytes::Bytes;
use fchatd_edge::http::HttpResponse;
use serde::Serialize;
use serde_json::{Value, json};

use crate::error::AccountError;

/// After how many seconds to try again when too much waits.
const BUSY_SECONDS: u64 = 2;
/// After how many seconds to try again when something of ours is broken.
const FAILED_SECONDS: u64 = 10;

/// What is wrong with a request, in words for the person who made it.
#[derive(Debug)]
pub(super) struct Refusal {
    text: String,
    /// The status of the answer: 200 where the refusal is final, because clients take the `error` of such an answer for
    /// final, and of no other one.
    status: u16,
    /// Seconds after which another try makes sense, where that is known.
    wait: Option<u64>,
}

impl Refusal {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            status: 200,
            wait: None,
        }
    }

    /// The status of the answer, and the seconds to wait before another try.
    pub(super) fn status(&self) -> (u16, Option<u64>) {
        (self.status, self.wait)
    }

    /// The words.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// The accounts belong to another website.
    pub(super) fn elsewhere() -> Self {
        Self::new(
            "This server keeps no accounts of its own: please get a ticket from the website it belongs to.",
        )
    }
}

impl From<AccountError> for Refusal {
    fn from(error: AccountError) -> Self {
        let (status, wait) = match error {
            AccountError::TooManyAttempts { seconds }
            | AccountError::TooManyNotes { seconds }
            | AccountError::TooManyRecipients { seconds } => (429, Some(seconds)),
            AccountError::Busy => (503, Some(BUSY_SECONDS)),
            AccountError::Failed(_) => (503, Some(FAILED_SECONDS)),
            _ => (200, None),
        };
        Self {
            text: error.to_string(),
            status,
            wait,
        }
    }
}

/// Who may read an answer in a browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    /// Pages of this site.
    Site,
    /// Any page: the clients' own apps load from files (page 7, finding 3).
    Anyone,
}

/// The answer to something that is done and has nothing to tell.
pub(super) fn done() -> Value {
    json!({ "error": "" })
}

/// JSON that is written already and the same for everybody.
pub(super) fn written(text: Bytes) -> HttpResponse {
    response(200, text, Readers::Anyone)
}

/// Status 200 and the JSON of the result; a refusal becomes `{"error": text}`. Where it is temporary, the status is 429 or
/// 503 and `Retry-After` says when to try again.
pub(super) fn json<T: Serialize>(result: Result<T, Refusal>, readers: Readers) -> HttpResponse {
    let refusal = result.as_ref().err();
    let wait = refusal.and_then(|refusal| refusal.wait);
    let status = refusal.map_or(200, |refusal| refusal.status);
    let text = match result {
        Ok(value) => serde_json::to_string(&value).unwrap_or_else(|error| {
            tracing::error!(%error, "an answer could not be written");
            refusal_text(&AccountError::Failed(None).to_string())
        }),
        Err(refusal) => refusal_text(&refusal.text),
    };
    let mut response = response(status, text.into(), readers);
    response
        .headers
        .extend(wait.map(|seconds| ("retry-after", seconds.max(1).to_string())));
    response
}

/// The answer to a browser that asks whether it may send a request.
pub(super) fn preflight() -> HttpResponse {
    let mut response = response(204, Bytes::new(), Readers::Anyone);
    response
        .headers
        .push(("access-control-allow-methods", "GET, POST, OPTIONS".to_owned()));
    response
        .headers
        .push(("access-control-allow-headers", "Content-Type".to_owned()));
    response
        .headers
        .push(("access-control-max-age", "86400".to_owned()));
    response
}

pub(super) fn not_found() -> HttpResponse {
    response(
        404,
        refusal_text("There is nothing at this address.").into(),
        Readers::Anyone,
    )
}

fn refusal_text(text: &str) -> String {
    json!({ "error": text }).to_string()
}

fn response(status: u16, body: Bytes, readers: Readers) -> HttpResponse {
    let mut headers = vec![
        ("content-type", "application/json".to_owned()),
        // Tickets must not stay in a cache.
        ("cache-control", "no-store".to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
    ];
    if readers == Readers::Anyone {
        headers.push(("access-control-allow-origin", "*".to_owned()));
        headers.push(("access-control-expose-headers", "Retry-After".to_owned()));
    }
    HttpResponse {
        status,
        headers,
        body,
    }
}
