//! The pages of notes and of messages of the site: lists and single notes. Notes are written in the chat page.

use fchatd_edge::http::HttpRequest;
use fchatd_store::{Account, Note, NoteBox, NoteHead, NoteId};

use super::Asked;
use super::bbcode::rich;
use super::frame::{Page, paragraph};
use super::html::{Html, segment};
use crate::desk::AccountDesk;
use crate::desk::website::Session;
use crate::error::AccountError;
use crate::http::form::Form;
use crate::service::AccountService;
use crate::service::guard::Cost;

/// Notes on a page.
const NOTES_SHOWN: u32 = 50;

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

/// A page of notes for a visitor that is signed in.
pub(super) async fn page(
    service: &AccountService,
    request: &HttpRequest,
    session: &Session,
    asked: &Asked,
) -> Result<Page, AccountError> {
    let view = match asked {
        Asked::Note => View::One(Form::query(request).number("note_id").unwrap_or_default()),
        Asked::Messages => View::Messages,
        Asked::Notes | Asked::Profile(_) | Asked::SignIn | Asked::SignOut => View::List,
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

/// Unread notes and messages of the site of an account. There are no messages of the site.
pub(super) fn unread(desk: &mut AccountDesk, account: &Account) -> Result<(u64, u64), AccountError> {
    Ok((desk.unread_notes(account.id)?, 0))
}

fn notes_page(desk: &mut AccountDesk, account: &Account, view: View) -> Result<Page, AccountError> {
    Ok(match view {
        View::List => {
            let page = desk.notes(account.id, NoteBox::In, None, None, NOTES_SHOWN)?;
            Page::titled(200, "Notes", &list(&page.notes))
        }
        View::One(id) => match desk.read_note(account.id, NoteId(id)) {
            Ok(note) => Page::titled(200, &note.head.title, &shown(&note)),
            Err(AccountError::Refused(_)) => Page::titled(404, "Note", &paragraph("There is no such note.")),
            Err(error) => return Err(error),
        },
        View::Messages => Page::titled(200, "Messages", &paragraph("There are no messages of the site.")),
    })
}

fn list(notes: &[NoteHead]) -> Html {
    let rows = Html::default().each(notes, |html, note| {
        let address = format!("/view_note.php?note_id={}", note.id.0);
        let link = html
            .raw("<li><a")
            .attribute("href", &address)
            .raw(">")
            .text(&note.title)
            .raw("</a> ");
        let from = link
            .raw("<span class=\"muted\">from ")
            .text(note.sender.as_deref().unwrap_or("somebody who is gone"));
        let from = from.raw("</span>");
        let from = if note.is_read {
            from
        } else {
            from.raw(" <strong>unread</strong>")
        };
        from.raw("</li>")
    });
    if rows.is_empty() {
        return paragraph("There are no notes.");
    }
    Html::default()
        .raw("<ul class=\"custom-list\">")
        .add(&rows)
        .raw("</ul>")
}

fn shown(note: &Note) -> Html {
    let html = Html::default().raw("<p class=\"muted\">From ");
    let html = match &note.head.sender {
        Some(name) => {
            let link = html
                .raw("<a")
                .attribute("href", &format!("/c/{}", segment(name)))
                .raw(">");
            link.text(name).raw("</a>")
        }
        None => html.text("somebody who is gone"),
    };
    let html = html
        .raw(" to ")
        .text(note.head.recipient.as_deref().unwrap_or("somebody who is gone"));
    html.raw("</p><div class=\"formatted\">")
        .add(&rich(&note.message, false))
        .raw("</div>")
}
