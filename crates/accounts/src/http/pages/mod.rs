//! The pages of the website, as HTML without scripts: profiles at `/c/NAME`, signing in and out, and notes. Clients link
//! to these addresses, and some sign in by themselves to count notes.

mod bbcode;
mod frame;
mod html;
mod notes;
mod profile;
mod sign_in;

use fchatd_edge::http::{HttpRequest, HttpResponse};

use self::frame::{COOKIE, Page};
pub(super) use self::html::segment;
use super::pictures::decoded;
use super::reply::Refusal;
use super::{AccountHttp, cookies};
use fchatd_store::Account;

use crate::desk::website::Session;
use crate::error::AccountError;
use crate::secret::Secret;
use crate::service::AccountService;
use crate::service::guard::Cost;

/// Bytes of a name in a path.
const NAME_MAX: usize = 64;

/// Something that the website has an address for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// The profile of a character.
    Profile(String),
    SignIn,
    SignOut,
    Notes,
    Note,
    Messages,
}

/// The part of the page at `/` that depends on the visitor: clients look for it in the markup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrontPage {
    /// The token of the form to sign in: letters and digits.
    pub csrf_token: String,
    /// Unread notes and messages of the site, for a visitor that is signed in.
    pub unread: Option<(u64, u64)>,
}

impl Asked {
    /// The profile of the character that a part of a path names.
    pub(super) fn profile(part: &str) -> Self {
        // Some clients write a space as in a form; no name has a plus sign.
        let name = decoded(&part.replace('+', " "))
            .map(|name| name.trim().trim_end_matches('/').to_owned())
            .filter(|name| name.len() <= NAME_MAX);
        Self::Profile(name.unwrap_or_default())
    }
}

/// The page for a request by another method than those of the endpoint.
pub(super) fn wrong_method() -> HttpResponse {
    let sentence = "This address takes another kind of request.";
    Page::sentence(405, "Not possible", sentence).answer()
}

/// Answers with a page.
pub(super) async fn answer(own: &AccountHttp, request: &HttpRequest, asked: Asked) -> HttpResponse {
    let Some(service) = own.provider.accounts() else {
        return without_accounts(own, &asked).answer();
    };
    match asked {
        Asked::SignIn => sign_in::sign_in(own, service, request).await,
        Asked::SignOut => sign_in::sign_out(own, service, request),
        Asked::Profile(_) | Asked::Notes | Asked::Note | Asked::Messages => {
            content(own, service, request, &asked).await.answer()
        }
    }
}

/// The page where the server keeps no accounts.
fn without_accounts(own: &AccountHttp, asked: &Asked) -> Page {
    match asked {
        Asked::Profile(name) if own.provider.is_open() => profile::made_up(own, name),
        Asked::Profile(_) => {
            let sentence =
                "This server keeps no profiles of its own: they are on the website that the chat belongs to.";
            Page::sentence(404, "No profile here", sentence)
        }
        Asked::SignIn | Asked::SignOut | Asked::Notes | Asked::Note | Asked::Messages => {
            Page::sentence(404, "Not here", &AccountError::KeptElsewhere.to_string())
        }
    }
}

/// A page with content that depends on the session, or the form to sign in.
async fn content(own: &AccountHttp, service: &AccountService, request: &HttpRequest, asked: &Asked) -> Page {
    let session = session(own, service, request);
    let page = match asked {
        Asked::Profile(name) => profile::page(own, service, request, session.as_ref(), name).await,
        // The other two have no content.
        Asked::Notes | Asked::Note | Asked::Messages | Asked::SignIn | Asked::SignOut => match &session {
            Some(session) => notes::page(service, request, session, asked).await,
            None => Err(AccountError::SessionOver),
        },
    };
    let mut page = match page {
        Ok(page) => page,
        // A visitor that signs in is led back here.
        Err(AccountError::SessionOver) => {
            match token(request) {
                // The account is gone or has another password.
                Some(token) if session.is_some() => own.website.end(&token),
                _ => {}
            }
            if session.is_none()
                && let Err(error) = service.begin_request(request.address)
            {
                return failed(own, error);
            }
            let token = own.website.forms.token(request.address, service.steady());
            let form = frame::sign_in_form(&token, &address_of(request), "", "");
            return Page::titled(403, "Sign in", &form);
        }
        Err(AccountError::UnknownCharacter) => Page::sentence(
            404,
            "No such character",
            "There is no character of this name, or not any more.",
        ),
        Err(error) => failed(own, error),
    };
    page.viewer = session.map(|session| {
        let token = own.website.forms.token(request.address, service.steady());
        (session.name, token)
    });
    page
}

/// The page for a request that was refused, which is counted.
fn failed(own: &AccountHttp, error: AccountError) -> Page {
    let refusal = Refusal::from(error);
    let (status, wait) = refusal.status();
    Page {
        wait,
        ..Page::sentence(
            if status == 200 { 403 } else { status },
            "Not now",
            &own.refusal(refusal),
        )
    }
}

/// The path with the query, to come back to.
fn address_of(request: &HttpRequest) -> String {
    match request.query.as_str() {
        "" => request.path.clone(),
        query => format!("{}?{query}", request.path),
    }
}

/// The session that a browser has, if it is good. The work for it checks the account once more.
fn session(own: &AccountHttp, service: &AccountService, request: &HttpRequest) -> Option<Session> {
    own.website.session(&token(request)?, service.steady())
}

/// The token in the session's cookie.
fn token(request: &HttpRequest) -> Option<Secret> {
    cookies::value(request, COOKIE).map(Secret::new)
}

/// The part of the page at `/` that depends on the visitor; `None` where no one can sign in here.
pub(super) async fn front_page(own: &AccountHttp, request: &HttpRequest) -> Option<FrontPage> {
    let service = own.provider.accounts()?;
    let unread = match session(own, service, request) {
        Some(session) => {
            let unread = |desk: &mut _, account: Account| notes::unread(desk, &account);
            let unread = service.with_session(session, request.address, Cost::Read, unread);
            // The page is there for visitors with an ended session, too.
            unread.await.ok()
        }
        None => None,
    };
    Some(FrontPage {
        csrf_token: own.website.forms.token(request.address, service.steady()),
        unread,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_website() {
        for (part, wanted) in [
            ("Ada%20Lovelace", "Ada Lovelace"),
            ("ada+lovelace/", "ada lovelace"),
            ("", ""),
            ("%", ""),
            ("%ff", ""),
        ] {
            assert_eq!(Asked::profile(part), Asked::Profile(wanted.to_owned()), "{part}");
        }
    }
}
