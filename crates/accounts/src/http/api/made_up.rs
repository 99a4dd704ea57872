//! The interface where everybody is let in (`--dev`): nothing is kept, lists are empty, and every character has a page.

use serde_json::{Value, json};

use super::{Endpoint, page_json};
use crate::http::AccountHttp;
use crate::http::form::Form;
use crate::http::reply::Refusal;
use crate::login::open;
use crate::service::Caller;

pub(super) fn answer(
    own: &AccountHttp,
    endpoint: Endpoint,
    form: &Form,
    caller: &Caller,
) -> Result<Value, Refusal> {
    Ok(match endpoint {
        Endpoint::BookmarkList => json!({ "error": "", "characters": [] }),
        Endpoint::IgnoreList => json!({ "error": "", "ignores": [], "characters": [] }),
        Endpoint::FriendList | Endpoint::CharacterFriends => json!({ "error": "", "friends": [] }),
        Endpoint::RequestList | Endpoint::RequestPending => json!({ "error": "", "requests": [] }),
        Endpoint::CharacterFriendList => {
            json!({ "error": "", "name": "", "existing": [], "pending": [], "incoming": [] })
        }
        Endpoint::FriendBookmarkLists => json!({
            "error": "", "bookmarklist": [], "friendlist": [], "requestlist": [], "requestpending": [],
        }),
        Endpoint::NoteCount => json!({ "error": "", "unread": 0 }),
        Endpoint::NoteList => json!({ "error": "", "notes": [], "more": false, "unread": 0 }),
        Endpoint::CharacterMemoGet => {
            let key = form.character("target_id", "target")?;
            let id = open::page(&caller.account, &key)?.character.id;
            json!({ "error": "", "id": id.0, "note": null })
        }
        Endpoint::CharacterList => {
            let list = open::characters(&caller.account)?;
            let names: Vec<_> = list.characters.iter().map(|one| one.name.as_str()).collect();
            json!({ "error": "", "characters": names })
        }
        Endpoint::CharacterData
        | Endpoint::CharacterGet
        | Endpoint::CharacterInfo
        | Endpoint::CharacterKinks
        | Endpoint::CharacterCustomKinks
        | Endpoint::CharacterImages
        | Endpoint::CharacterGuestbook => {
            let head = open::page(&caller.account, &form.character("id", "name")?)?;
            let view = page_json::View {
                own: true,
                ..page_json::View::default()
            };
            page_json::answer(&own.catalogue.now(), endpoint, &head, &view)
        }
        Endpoint::BookmarkAdd
        | Endpoint::BookmarkRemove
        | Endpoint::CharacterMemoSave
        | Endpoint::FriendRemove
        | Endpoint::NoteDelete
        | Endpoint::NoteGet
        | Endpoint::NoteSend
        | Endpoint::ReportSubmit
        | Endpoint::RequestAccept
        | Endpoint::RequestCancel
        | Endpoint::RequestDeny
        | Endpoint::RequestSend
        | Endpoint::RequestSendTwo => {
            return Err(Refusal::new("This server lets everybody in and keeps nothing."));
        }
    })
}
