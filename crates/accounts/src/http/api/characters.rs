//! Endpoints that read characters: `character-list`, `character-data` and related ones.

use fchatd_store::PageHead;
use serde_json::{Value, json};

use super::{Endpoint, page_json};
use crate::http::form::Form;
use crate::http::reply::Refusal;
use crate::service::guard::Cost;
use crate::service::{AccountService, Caller};

/// `character-list`: the account's own ones.
pub(super) async fn list(service: &AccountService, caller: Caller) -> Result<Value, Refusal> {
    let list = service.characters(caller).await?;
    let names: Vec<_> = list.characters.iter().map(|one| one.name.as_str()).collect();
    Ok(json!({ "error": "", "characters": names }))
}

/// What is told of one character.
pub(super) async fn answer(
    service: &AccountService,
    endpoint: Endpoint,
    form: &Form,
    caller: Caller,
) -> Result<Value, Refusal> {
    let key = form.character("id", "name")?;
    let (head, view) = service
        .with_account(caller, Cost::Read, move |desk, account| {
            let head: PageHead = if endpoint == Endpoint::CharacterData {
                desk.look_at(account.id, &key)?
            } else {
                desk.page(&key)?
            };
            let own = head.character.account == account.id;
            let characters = if own {
                desk.characters(&account)?.characters
            } else {
                Vec::new()
            };
            let memo = desk.accounts.memo(account.id, head.character.id)?;
            Ok((
                head,
                page_json::View {
                    own,
                    characters,
                    memo,
                },
            ))
        })
        .await?;
    Ok(page_json::answer(&service.catalogue(), endpoint, &head, &view))
}
