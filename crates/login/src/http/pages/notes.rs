//! The pages of notes and of messages of the site. Where notes come from is up to [`notes_page`] and [`unread`] alone.

use fchatd_edge::http::HttpRequest;
use fchatd_store::Account;

use super::Asked;
use super::frame::{Page, paragraph};
use super::html::Html;
use crate::desk::AccountDesk;
use crate::error::AccountError;
use crate::guard::Cost;
use crate::http::form::Form;
use crate::service::AccountService;
use crate::website::Session;

/// The content of a page of notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    /// The notes that came.
    List,
    /// One note by its number, which counts as read then.
    One(i64),
    /// Messages of the site.
    Messages,
}

/// A page of notes for somebody who is signed in.
pub(super) async fn page(
    service: &AccountService,
    request: &HttpRequest,
    session: &Session,
    asked: &Asked,
) -> Result<Page, AccountError> {
    let view = match asked {
        Asked::Note => View::One(Form::query(request).number("note_id").unwrap_or_default()),
        Asked::Messages => View::Messages,
        _ => View::List,
    };
    service
        .with_session(
            session.clone(),
            request.address,
            Cost::Read,
            move |desk, account| notes_page(desk, &account, view),
        )
        .await
}

/// Unread notes and messages of the site of an account.
pub(super) fn unread(_desk: &mut AccountDesk, _account: Account) -> Result<(u64, u64), AccountError> {
    Ok((0, 0))
}

/// Makes the page of a view. The server keeps no notes yet.
fn notes_page(_desk: &mut AccountDesk, _account: &Account, view: View) -> Result<Page, AccountError> {
    Ok(match view {
        View::List => Page::titled(200, "Notes", &empty("There are no notes.")),
        View::One(_) => Page::titled(404, "Note", &empty("There is no such note.")),
        View::Messages => Page::titled(200, "Messages", &empty("There are no messages of the site.")),
    })
}

fn empty(sentence: &str) -> Html {
    paragraph(sentence)
}
