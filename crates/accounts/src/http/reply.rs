//! The shapes of JSON answers: results, refusals with their status and `Retry-After`, and the headers for browsers.

use bytes::Bytes;
use fchatd_edge::http::HttpResponse;
use serde::Serialize;
use serde_json::{Value, json};

use crate::error::AccountError;

/// After how many seconds to try again when too much waits.
const BUSY_SECONDS: u64 = 2;
/// After how many seconds to try again when something of ours is broken.
const FAILED_SECONDS: u64 = 10;
/// After how many seconds to look whether registration goes on that the operator has paused.
const PAUSED_SECONDS: u64 = 600;

/// The fault of a request, in words for the person that made it.
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
}

impl From<AccountError> for Refusal {
    fn from(error: AccountError) -> Self {
        let (status, wait) = match error {
            AccountError::TooManyAttempts { seconds }
            | AccountError::TooManyNotes { seconds }
            | AccountError::TooManyRecipients { seconds } => (429, Some(seconds)),
            AccountError::Busy => (503, Some(BUSY_SECONDS)),
            AccountError::Failed(_) => (503, Some(FAILED_SECONDS)),
            AccountError::RegistrationPaused => (503, Some(PAUSED_SECONDS)),
            AccountError::WrongPassword
            | AccountError::InvalidTicket
            | AccountError::TicketExpired
            | AccountError::SessionOver
            | AccountError::DeviceOver
            | AccountError::NotFresh
            | AccountError::NeedsCode
            | AccountError::WrongCode
            | AccountError::NeedsApplicationPassword
            | AccountError::LinkOver
            | AccountError::RegistrationClosed
            | AccountError::PasswordLength
            | AccountError::ProfileField { .. }
            | AccountError::Name(_)
            | AccountError::AccountNameTaken
            | AccountError::CharacterNameTaken
            | AccountError::CharacterNameLooksTaken
            | AccountError::CharacterNameHasRole
            | AccountError::ReservedName
            | AccountError::TooManyCharacters { .. }
            | AccountError::NoSuchAccount
            | AccountError::NoSuchCharacter
            | AccountError::UnknownCharacter
            | AccountError::NotInvited
            | AccountError::Banned { .. }
            | AccountError::BannedInChat { .. }
            | AccountError::Refused(_)
            | AccountError::KeptElsewhere
            | AccountError::NothingKept
            | AccountError::NothingNeeded => (200, None),
        };
        Self {
            text: error.to_string(),
            status,
            wait,
        }
    }
}

/// The pages that may read an answer in a browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    /// Pages of this site.
    Site,
    /// Any web page: client apps load their pages from local files (docs/clients.md).
    Anyone,
}

/// The answer to something that is done and has nothing to tell.
pub(super) fn done() -> Value {
    json!({ "error": "" })
}

/// JSON that is written already and the same for all callers.
pub(super) fn written(text: Bytes) -> HttpResponse {
    response(200, text, Readers::Anyone)
}

/// Status 200 and the JSON of the result; a refusal becomes `{"error": text}`. Where it is temporary, the status is 429 or
/// 503, `Retry-After` says when to try again, and any page may read it.
pub(super) fn json<T: Serialize>(result: Result<T, Refusal>, readers: Readers) -> HttpResponse {
    let written = result.and_then(|value| {
        serde_json::to_string(&value).map_err(|error| {
            tracing::error!(%error, "an answer could not be written");
            AccountError::Failed(None).into()
        })
    });
    match written {
        Ok(text) => response(200, text.into(), readers),
        Err(refusal) => {
            // A temporary refusal holds nothing of an account.
            let readers = match refusal.wait {
                Some(_) => Readers::Anyone,
                None => readers,
            };
            let mut response = response(refusal.status, refusal_text(&refusal.text).into(), readers);
            let wait = refusal
                .wait
                .map(|seconds| ("retry-after", seconds.max(1).to_string()));
            response.headers.extend(wait);
            response
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether clients take an answer for temporary, and can read when to try again.
    fn is_temporary(response: &HttpResponse) -> bool {
        let has = |name: &str| response.headers.iter().any(|(own, _)| *own == name);
        matches!(response.status, 429 | 503) && has("retry-after") && has("access-control-allow-origin")
    }

    /// Every error of the account service, with whether it is temporary. An error that is added has to be added here: the
    /// match below does not compile without it.
    fn all() -> Vec<(AccountError, bool)> {
        let all = vec![
            (AccountError::WrongPassword, false),
            (AccountError::TooManyAttempts { seconds: 0 }, true),
            (AccountError::TooManyNotes { seconds: 1 }, true),
            (AccountError::TooManyRecipients { seconds: 1 }, true),
            (AccountError::SessionOver, false),
            (AccountError::DeviceOver, false),
            (AccountError::NotFresh, false),
            (AccountError::NeedsCode, false),
            (AccountError::WrongCode, false),
            (AccountError::NeedsApplicationPassword, false),
            (AccountError::LinkOver, false),
            (AccountError::InvalidTicket, false),
            (AccountError::TicketExpired, false),
            (AccountError::RegistrationClosed, false),
            (AccountError::RegistrationPaused, true),
            (AccountError::PasswordLength, false),
            (AccountError::ProfileField { field: "role" }, false),
            (AccountError::Name(fchatd_store::NameError::Reserved), false),
            (AccountError::AccountNameTaken, false),
            (AccountError::CharacterNameTaken, false),
            (AccountError::CharacterNameLooksTaken, false),
            (AccountError::CharacterNameHasRole, false),
            (AccountError::ReservedName, false),
            (AccountError::TooManyCharacters { limit: 1 }, false),
            (AccountError::NoSuchAccount, false),
            (AccountError::NoSuchCharacter, false),
            (AccountError::UnknownCharacter, false),
            (AccountError::NotInvited, false),
            (
                AccountError::Banned {
                    seconds: 5,
                    reason: String::new(),
                },
                false,
            ),
            (AccountError::BannedInChat { seconds: 5 }, false),
            (AccountError::Refused("no".to_owned()), false),
            (AccountError::KeptElsewhere, false),
            (AccountError::NothingKept, false),
            (AccountError::NothingNeeded, false),
            (AccountError::Busy, true),
            (AccountError::Failed(None), true),
        ];
        for (error, _) in &all {
            match error {
                AccountError::WrongPassword
                | AccountError::TooManyAttempts { .. }
                | AccountError::TooManyNotes { .. }
                | AccountError::TooManyRecipients { .. }
                | AccountError::SessionOver
                | AccountError::InvalidTicket
                | AccountError::TicketExpired
                | AccountError::DeviceOver
                | AccountError::NotFresh
                | AccountError::NeedsCode
                | AccountError::WrongCode
                | AccountError::NeedsApplicationPassword
                | AccountError::LinkOver
                | AccountError::RegistrationClosed
                | AccountError::RegistrationPaused
                | AccountError::PasswordLength
                | AccountError::ProfileField { .. }
                | AccountError::Name(_)
                | AccountError::AccountNameTaken
                | AccountError::CharacterNameTaken
                | AccountError::CharacterNameLooksTaken
                | AccountError::CharacterNameHasRole
                | AccountError::ReservedName
                | AccountError::TooManyCharacters { .. }
                | AccountError::NoSuchAccount
                | AccountError::NoSuchCharacter
                | AccountError::UnknownCharacter
                | AccountError::NotInvited
                | AccountError::Banned { .. }
                | AccountError::BannedInChat { .. }
                | AccountError::Refused(_)
                | AccountError::KeptElsewhere
                | AccountError::NothingKept
                | AccountError::NothingNeeded
                | AccountError::Busy
                | AccountError::Failed(_) => {}
            }
        }
        all
    }

    #[test]
    fn only_what_is_final_stands_in_an_answer_with_status_200() {
        for (error, temporary) in all() {
            let text = error.to_string();
            let response = json::<Value>(Err(error.into()), Readers::Site);
            assert_eq!(is_temporary(&response), temporary, "{text}");
            assert_eq!(response.status == 200, !temporary, "{text}");
        }
    }

    #[test]
    fn an_answer_that_cannot_be_written_is_temporary_trouble() {
        let unwritable = std::collections::HashMap::from([((1, 2), 3)]);
        assert!(is_temporary(&json(Ok(unwritable), Readers::Site)));
    }
}
