//! `note-send`, `note-list`, `note-get`, `note-delete`, `note-count`: notes between characters.

use fchatd_store::{NoteBox, NoteHead, NoteId};
use serde_json::{Value, json};

use crate::desk::people::{NOTE_TITLE_BYTES_MAX, ToSend};
use crate::http::endpoints::Signed;
use crate::http::reply::{Refusal, done};

/// Notes in one answer of `note-list`, where the request does not want fewer.
const PAGE: u32 = 50;
/// Notes that one request deletes.
const DELETED_AT_ONCE: usize = 50;
/// Bytes of the field that names them.
const NUMBERS_BYTES_MAX: usize = 1024;
/// The most bytes that a text can have with any setting; the desk applies the setting.
pub(in crate::http) const MESSAGE_BYTES_MAX: usize = 64 * 1024;

pub(in crate::http) async fn count(signed: Signed) -> Result<Value, Refusal> {
    let (unread, most) = signed
        .work(|desk, account| Ok((desk.unread_notes(account.id)?, desk.live.quotas().note_bytes)))
        .await?;
    Ok(json!({ "error": "", "unread": unread, "message_max": most }))
}

pub(in crate::http) async fn send(signed: Signed) -> Result<Value, Refusal> {
    let form = &signed.form;
    let note = ToSend {
        sender: form.character("source_id", "source_name")?,
        recipient: form.character("dest_id", "dest_name")?,
        // The desk says how long they may be; this only keeps the rest away from it.
        title: form.long("title", NOTE_TITLE_BYTES_MAX * 2)?.to_owned(),
        message: form.long("message", MESSAGE_BYTES_MAX * 2)?.to_owned(),
    };
    let id = signed.service.send_note(signed.caller, signed.cost, note).await?;
    Ok(json!({ "error": "", "id": id.0 }))
}

pub(in crate::http) async fn list(signed: Signed) -> Result<Value, Refusal> {
    let form = &signed.form;
    let which = match form.optional("box")? {
        "" | "inbox" => NoteBox::In,
        "outbox" => NoteBox::Out,
        _ => return Err(Refusal::new("The field \"box\" must be \"inbox\" or \"outbox\".")),
    };
    let character = match form.given("id").or(form.given("name")) {
        None | Some("") => None,
        Some(_) => Some(form.character("id", "name")?),
    };
    let before = match form.given("before") {
        None | Some("") => None,
        Some(_) => Some(NoteId(form.number("before")?)),
    };
    let most = match form.given("limit") {
        None | Some("") => PAGE,
        Some(_) => u32::try_from(form.number("limit")?).unwrap_or(0).clamp(1, PAGE),
    };
    let page = signed
        .work(move |desk, account| desk.notes(account.id, which, character.as_ref(), before, most))
        .await?;
    let notes: Vec<_> = page.notes.iter().map(|head| shown(head, which)).collect();
    Ok(json!({ "error": "", "notes": notes, "more": page.has_more, "unread": page.unread }))
}

/// A sender is not told whether its note was read.
#[expect(clippy::indexing_slicing, reason = "the value is a JSON object")]
fn shown(head: &NoteHead, which: NoteBox) -> Value {
    let mut shown = json!({
        "id": head.id.0,
        "source": head.sender,
        "dest": head.recipient,
        "title": head.title,
        "created_at": head.created_at,
    });
    if which == NoteBox::In {
        shown["read"] = json!(head.is_read);
    }
    shown
}

#[expect(clippy::indexing_slicing, reason = "the value is a JSON object")]
pub(in crate::http) async fn get(signed: Signed) -> Result<Value, Refusal> {
    let form = &signed.form;
    let id = NoteId(form.number("note_id")?);
    let (note, unread) = signed
        .work(move |desk, account| {
            let note = desk.read_note(account.id, id)?;
            Ok((note, desk.unread_notes(account.id)?))
        })
        .await?;
    let which = if note.is_incoming {
        NoteBox::In
    } else {
        NoteBox::Out
    };
    let mut shown = shown(&note.head, which);
    shown["message"] = json!(note.message);
    shown["box"] = json!(if note.is_incoming { "inbox" } else { "outbox" });
    Ok(json!({ "error": "", "note": shown, "unread": unread }))
}

/// `note_id` is a number, or several with commas between them.
pub(in crate::http) async fn delete(signed: Signed) -> Result<Value, Refusal> {
    let form = &signed.form;
    let numbers = form.long("note_id", NUMBERS_BYTES_MAX)?;
    if numbers.is_empty() {
        return Err(Refusal::new("The field \"note_id\" is missing."));
    }
    let ids: Result<Vec<NoteId>, std::num::ParseIntError> = numbers
        .split(',')
        .map(|number| number.trim().parse().map(NoteId))
        .collect();
    let Ok(ids) = ids else {
        return Err(Refusal::new(
            "The field \"note_id\" must be a number, or several with commas between them.",
        ));
    };
    if ids.len() > DELETED_AT_ONCE {
        return Err(Refusal::new(format!(
            "At most {DELETED_AT_ONCE} notes can be deleted at once."
        )));
    }
    signed
        .work(move |desk, account| desk.delete_notes(account.id, &ids))
        .await?;
    Ok(done())
}
