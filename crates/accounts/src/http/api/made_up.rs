//! The interface where each account and each character exists (`--dev`): nothing is kept, lists are empty, and every
//! character has a profile.

use serde_json::{Value, json};

use super::page_json::{self, Render, View};
use crate::desk::ticket::new_ticket;
use crate::error::AccountError;
use crate::http::AccountHttp;
use crate::http::form::Form;
use crate::http::reply::Refusal;
use crate::http::site;
use crate::login::open;
use crate::service::Caller;

/// The answer of an endpoint.
type Answer = Result<Value, Refusal>;

/// Refuses a change.
pub(in crate::http) fn keeps_nothing(_: &AccountHttp, _: &Form, _: &Caller) -> Answer {
    Err(AccountError::NothingKept.into())
}

/// Refuses to make a character, because each name is let in.
pub(in crate::http) fn needs_nothing(_: &AccountHttp, _: &Form, _: &Caller) -> Answer {
    Err(AccountError::NothingNeeded.into())
}

pub(in crate::http) fn no_bookmarks(_: &AccountHttp, _: &Form, _: &Caller) -> Answer {
    Ok(json!({ "error": "", "characters": [] }))
}

pub(in crate::http) fn no_ignores(_: &AccountHttp, _: &Form, _: &Caller) -> Answer {
    Ok(json!({ "error": "", "ignores": [], "characters": [] }))
}

pub(in crate::http) fn no_friends(_: &AccountHttp, _: &Form, _: &Caller) -> Answer {
    Ok(json!({ "error": "", "friends": [] }))
}

pub(in crate::http) fn no_requests(_: &AccountHttp, _: &Form, _: &Caller) -> Answer {
    Ok(json!({ "error": "", "requests": [] }))
}

pub(in crate::http) fn no_links(_: &AccountHttp, _: &Form, _: &Caller) -> Answer {
    Ok(json!({ "error": "", "name": "", "existing": [], "pending": [], "incoming": [] }))
}

pub(in crate::http) fn no_lists(_: &AccountHttp, _: &Form, _: &Caller) -> Answer {
    Ok(json!({
        "error": "", "bookmarklist": [], "friendlist": [], "requestlist": [], "requestpending": [],
    }))
}

pub(in crate::http) fn no_unread(_: &AccountHttp, _: &Form, _: &Caller) -> Answer {
    Ok(json!({ "error": "", "unread": 0 }))
}

pub(in crate::http) fn no_notes(_: &AccountHttp, _: &Form, _: &Caller) -> Answer {
    Ok(json!({ "error": "", "notes": [], "more": false, "unread": 0 }))
}

pub(in crate::http) fn no_memo(_: &AccountHttp, form: &Form, caller: &Caller) -> Answer {
    let key = form.character("target_id", "target")?;
    let id = open::page(&caller.account, &key)?.character.id;
    Ok(json!({ "error": "", "id": id.0, "note": null }))
}

pub(in crate::http) fn ticket(_: &AccountHttp, _: &Form, _: &Caller) -> Answer {
    Ok(json!({ "error": "", "ticket": new_ticket()?.reveal() }))
}

/// `/api/characters`.
pub(in crate::http) fn characters(_: &AccountHttp, _: &Form, caller: &Caller) -> Answer {
    Ok(site::character_list(&open::characters(&caller.account)?))
}

/// `character-list`.
pub(in crate::http) fn character_list(_: &AccountHttp, _: &Form, caller: &Caller) -> Answer {
    let list = open::characters(&caller.account)?;
    let names: Vec<_> = list.characters.iter().map(|one| one.name.as_str()).collect();
    Ok(json!({ "error": "", "characters": names }))
}

pub(in crate::http) fn data(own: &AccountHttp, form: &Form, caller: &Caller) -> Answer {
    profile(own, form, caller, page_json::data)
}

pub(in crate::http) fn get(own: &AccountHttp, form: &Form, caller: &Caller) -> Answer {
    profile(own, form, caller, page_json::get)
}

pub(in crate::http) fn info(own: &AccountHttp, form: &Form, caller: &Caller) -> Answer {
    profile(own, form, caller, page_json::info)
}

pub(in crate::http) fn kinks(own: &AccountHttp, form: &Form, caller: &Caller) -> Answer {
    profile(own, form, caller, page_json::kinks)
}

pub(in crate::http) fn custom_kinks(own: &AccountHttp, form: &Form, caller: &Caller) -> Answer {
    profile(own, form, caller, page_json::custom_kinks)
}

pub(in crate::http) fn images(own: &AccountHttp, form: &Form, caller: &Caller) -> Answer {
    profile(own, form, caller, page_json::images)
}

pub(in crate::http) fn guestbook(own: &AccountHttp, form: &Form, caller: &Caller) -> Answer {
    profile(own, form, caller, page_json::guestbook)
}

fn profile(own: &AccountHttp, form: &Form, caller: &Caller, render: Render) -> Answer {
    let head = open::page(&caller.account, &form.character("id", "name")?)?;
    let view = View {
        own: true,
        ..View::default()
    };
    Ok(render(&own.catalogue.now(), &head, &view))
}
