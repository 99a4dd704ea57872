//! The profiles of characters, and the list of the account's own characters.

use fchatd_store::PageHead;
use serde_json::{Value, json};

use super::page_json::{self, Render, View};
use crate::desk::AccountDesk;
use crate::error::AccountError;
use crate::http::endpoints::Signed;
use crate::http::reply::Refusal;
use fchatd_store::CharacterKey;

/// `character-list`: the account's own characters.
pub(in crate::http) async fn list(signed: Signed) -> Result<Value, Refusal> {
    let list = signed.work(|desk, account| desk.characters(&account)).await?;
    let names: Vec<_> = list.characters.iter().map(|one| one.name.as_str()).collect();
    Ok(json!({ "error": "", "characters": names }))
}

/// `character-data` counts as a view of the profile.
pub(in crate::http) async fn data(signed: Signed) -> Result<Value, Refusal> {
    let look: Look = |desk, account, key| desk.look_at(account.id, key);
    answer(signed, look, page_json::data).await
}

pub(in crate::http) async fn get(signed: Signed) -> Result<Value, Refusal> {
    answer(signed, WITHOUT_A_VIEW, page_json::get).await
}

pub(in crate::http) async fn info(signed: Signed) -> Result<Value, Refusal> {
    answer(signed, WITHOUT_A_VIEW, page_json::info).await
}

pub(in crate::http) async fn kinks(signed: Signed) -> Result<Value, Refusal> {
    answer(signed, WITHOUT_A_VIEW, page_json::kinks).await
}

pub(in crate::http) async fn custom_kinks(signed: Signed) -> Result<Value, Refusal> {
    answer(signed, WITHOUT_A_VIEW, page_json::custom_kinks).await
}

pub(in crate::http) async fn images(signed: Signed) -> Result<Value, Refusal> {
    answer(signed, WITHOUT_A_VIEW, page_json::images).await
}

pub(in crate::http) async fn guestbook(signed: Signed) -> Result<Value, Refusal> {
    answer(signed, WITHOUT_A_VIEW, page_json::guestbook).await
}

/// Reads a profile for an account.
type Look = fn(&mut AccountDesk, &fchatd_store::Account, &CharacterKey) -> Result<PageHead, AccountError>;

const WITHOUT_A_VIEW: Look = |desk, _, key| desk.page(key);

/// One rendering of the profile of the character that the request names.
async fn answer(signed: Signed, look: Look, render: Render) -> Result<Value, Refusal> {
    let key = signed.form.character("id", "name")?;
    let catalogue = signed.service.catalogue();
    let (head, view) = signed
        .work(move |desk, account| {
            let head = look(desk, &account, &key)?;
            let own = head.character.account == account.id;
            let characters = if own {
                desk.characters(&account)?.characters
            } else {
                Vec::new()
            };
            let memo = desk.accounts.memo(account.id, head.character.id)?;
            let view = View {
                own,
                characters,
                memo,
            };
            Ok((head, view))
        })
        .await?;
    Ok(render(&catalogue, &head, &view))
}
