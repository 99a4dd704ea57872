//! Bookmarks, ignored characters and memos.

use serde_json::{Value, json};

use crate::desk::people::MEMO_BYTES_MAX;
use crate::http::endpoints::Signed;
use crate::http::form::Form;
use crate::http::reply::{Refusal, done};

pub(in crate::http) async fn ignore_list(signed: Signed) -> Result<Value, Refusal> {
    let names = signed.work(|desk, account| desk.ignores(account.id)).await?;
    Ok(json!({ "error": "", "ignores": names, "characters": names }))
}

pub(in crate::http) async fn bookmark_list(signed: Signed) -> Result<Value, Refusal> {
    let bookmarks = signed
        .work(|desk, account| Ok(desk.accounts.bookmarks(account.id)?))
        .await?;
    let names: Vec<_> = bookmarks.iter().map(|one| one.name.as_str()).collect();
    Ok(json!({ "error": "", "characters": names }))
}

pub(in crate::http) async fn bookmark_add(signed: Signed) -> Result<Value, Refusal> {
    let key = signed.form.character("id", "name")?;
    signed
        .work(move |desk, account| desk.add_bookmark(account.id, &key))
        .await?;
    Ok(done())
}

pub(in crate::http) async fn bookmark_remove(signed: Signed) -> Result<Value, Refusal> {
    let key = signed.form.character("id", "name")?;
    signed
        .work(move |desk, account| desk.remove_bookmark(account.id, &key))
        .await?;
    Ok(done())
}

/// Clients of `character-memo-get2` send the name of the character in `target`.
pub(in crate::http) async fn memo_get(signed: Signed) -> Result<Value, Refusal> {
    let target = if is_in_pair(&signed.form) {
        signed.form.character("target_id", "target_name")?
    } else {
        signed.form.character("", "target")?
    };
    let (character, note) = signed
        .work(move |desk, account| desk.memo(account.id, &target))
        .await?;
    Ok(json!({ "error": "", "id": character.id.0, "note": note }))
}

/// Clients of `character-memo-save` send the number of the character in `target`; a name works, too.
pub(in crate::http) async fn memo_save(signed: Signed) -> Result<Value, Refusal> {
    let target = if is_in_pair(&signed.form) {
        signed.form.character("target_id", "target_name")?
    } else if signed.form.number("target").is_ok() {
        signed.form.character("target", "target")?
    } else {
        signed.form.character("", "target")?
    };
    // The desk has the exact limit; this only keeps larger texts away from it.
    let note = signed.form.long("note", MEMO_BYTES_MAX * 4)?.to_owned();
    let saved = signed.work(move |desk, account| {
        desk.save_memo(account.id, &target, &note)?;
        Ok(note)
    });
    Ok(json!({ "error": "", "note": saved.await? }))
}

/// Whether the character is named by `target_id` or `target_name`.
fn is_in_pair(form: &Form) -> bool {
    form.given("target").is_none()
}
