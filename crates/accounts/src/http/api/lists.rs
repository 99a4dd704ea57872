//! Endpoints of the tables behind profiles (kinks, fields, lists), and of memos.

use serde_json::{Value, json};

use super::Endpoint;
use crate::desk::people::MEMO_BYTES_MAX;
use crate::http::form::Form;
use crate::http::reply::{Refusal, done};
use crate::service::guard::Cost;
use crate::service::{AccountService, Caller};

pub(super) async fn answer(
    service: &AccountService,
    endpoint: Endpoint,
    form: &Form,
    caller: Caller,
) -> Result<Value, Refusal> {
    match endpoint {
        Endpoint::IgnoreList => {
            let names = service
                .with_account(caller, Cost::Read, |desk, account| desk.ignores(account.id))
                .await?;
            Ok(json!({ "error": "", "ignores": names, "characters": names }))
        }
        Endpoint::BookmarkList => {
            let bookmarks = service
                .with_account(caller, Cost::Read, |desk, account| {
                    Ok(desk.accounts.bookmarks(account.id)?)
                })
                .await?;
            let names: Vec<_> = bookmarks.iter().map(|one| one.name.as_str()).collect();
            Ok(json!({ "error": "", "characters": names }))
        }
        _ => {
            let key = form.character("id", "name")?;
            let add = endpoint == Endpoint::BookmarkAdd;
            service
                .with_account(caller, Cost::Change, move |desk, account| {
                    if add {
                        desk.add_bookmark(account.id, &key)
                    } else {
                        desk.remove_bookmark(account.id, &key)
                    }
                })
                .await?;
            Ok(done())
        }
    }
}

/// `character-memo-get2` names its target, `character-memo-save` numbers it; both are taken by both.
pub(super) async fn memo(
    service: &AccountService,
    endpoint: Endpoint,
    form: &Form,
    caller: Caller,
) -> Result<Value, Refusal> {
    let target = if form.given("target").is_none() {
        form.character("target_id", "target_name")?
    } else if endpoint == Endpoint::CharacterMemoSave && form.number("target").is_ok() {
        form.character("target", "target")?
    } else {
        form.character("", "target")?
    };
    if endpoint == Endpoint::CharacterMemoSave {
        // The desk says how long it may be; this only keeps the rest away from it.
        let note = form.long("note", MEMO_BYTES_MAX * 4)?.to_owned();
        let saved = service.with_account(caller, Cost::Change, move |desk, account| {
            desk.save_memo(account.id, &target, &note)?;
            Ok(note)
        });
        return Ok(json!({ "error": "", "note": saved.await? }));
    }
    let (character, note) = service
        .with_account(caller, Cost::Read, move |desk, account| {
            desk.memo(account.id, &target)
        })
        .await?;
    Ok(json!({ "error": "", "id": character.id.0, "note": note }))
}
