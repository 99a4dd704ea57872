//! `/json/api/NAME.php`: the site's interface for clients (docs/api.md).

mod characters;
mod friends;
mod lists;
mod made_up;
mod notes;
mod page_json;
mod reports;

use fchatd_edge::http::{HttpRequest, HttpResponse};
use serde_json::Value;

use super::AccountHttp;
use super::form::Form;
use super::reply::{self, Readers, Refusal};
use crate::login::provider::LoginProvider;
use crate::service::{AccountService, Caller};

pub(super) use notes::MESSAGE_BYTES_MAX;
pub(super) use page_json::fields;
pub(super) use reports::LOG_BYTES_MAX;

/// Something that clients can ask for with a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    BookmarkAdd,
    BookmarkList,
    BookmarkRemove,
    CharacterCustomKinks,
    CharacterData,
    CharacterFriendList,
    CharacterFriends,
    CharacterGet,
    CharacterGuestbook,
    CharacterImages,
    CharacterInfo,
    CharacterKinks,
    CharacterList,
    CharacterMemoGet,
    CharacterMemoSave,
    FriendBookmarkLists,
    FriendList,
    FriendRemove,
    IgnoreList,
    NoteCount,
    NoteDelete,
    NoteGet,
    NoteList,
    NoteSend,
    ReportSubmit,
    RequestAccept,
    RequestCancel,
    RequestDeny,
    RequestList,
    RequestPending,
    RequestSend,
    RequestSendTwo,
}

/// Something that is the same for everybody and needs no ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Mapping,
    Kinks,
    Infos,
    Groups,
}

/// The table at a path.
pub(super) fn table(path: &str) -> Option<Table> {
    Some(match name(path)? {
        "mapping-list" => Table::Mapping,
        "kink-list" => Table::Kinks,
        "info-list" => Table::Infos,
        "group-list" => Table::Groups,
        _ => return None,
    })
}

/// The endpoint at a path.
pub(super) fn endpoint(path: &str) -> Option<Endpoint> {
    Some(match name(path)? {
        "bookmark-add" => Endpoint::BookmarkAdd,
        "bookmark-list" => Endpoint::BookmarkList,
        "bookmark-remove" => Endpoint::BookmarkRemove,
        "character-customkinks" => Endpoint::CharacterCustomKinks,
        "character-data" => Endpoint::CharacterData,
        "character-friend-list" => Endpoint::CharacterFriendList,
        "character-friends" => Endpoint::CharacterFriends,
        "character-get" => Endpoint::CharacterGet,
        "character-guestbook" => Endpoint::CharacterGuestbook,
        "character-images" => Endpoint::CharacterImages,
        "character-info" => Endpoint::CharacterInfo,
        "character-kinks" => Endpoint::CharacterKinks,
        "character-list" => Endpoint::CharacterList,
        "character-memo-get" | "character-memo-get2" => Endpoint::CharacterMemoGet,
        "character-memo-save" => Endpoint::CharacterMemoSave,
        "friend-bookmark-lists" => Endpoint::FriendBookmarkLists,
        "friend-list" => Endpoint::FriendList,
        "friend-remove" => Endpoint::FriendRemove,
        "ignore-list" => Endpoint::IgnoreList,
        "note-count" => Endpoint::NoteCount,
        "note-delete" => Endpoint::NoteDelete,
        "note-get" => Endpoint::NoteGet,
        "note-list" => Endpoint::NoteList,
        "note-send" => Endpoint::NoteSend,
        "report-submit" => Endpoint::ReportSubmit,
        "request-accept" => Endpoint::RequestAccept,
        "request-cancel" => Endpoint::RequestCancel,
        "request-deny" => Endpoint::RequestDeny,
        "request-list" => Endpoint::RequestList,
        "request-pending" => Endpoint::RequestPending,
        "request-send" => Endpoint::RequestSend,
        "request-send2" => Endpoint::RequestSendTwo,
        _ => return None,
    })
}

fn name(path: &str) -> Option<&str> {
    let name = path.strip_prefix("/json/api/")?;
    name.strip_suffix(".php").or_else(|| name.strip_suffix(".json"))
}

/// Answers with a table.
pub(super) fn answer_table(own: &AccountHttp, table: Table) -> HttpResponse {
    match table {
        Table::Mapping => reply::written(own.catalogue.now().mapping_list()),
        Table::Kinks => reply::written(own.catalogue.now().kink_list()),
        Table::Infos => reply::written(own.catalogue.now().info_list()),
        Table::Groups => reply::json(
            Ok(serde_json::json!({ "error": "", "groups": [] })),
            Readers::Anyone,
        ),
    }
}

/// Answers what needs a ticket.
pub(super) async fn answer(own: &AccountHttp, endpoint: Endpoint, request: &HttpRequest) -> HttpResponse {
    if request.method == "OPTIONS" {
        return reply::preflight();
    }
    own.json(dispatch(own, endpoint, request).await, Readers::Anyone)
}

async fn dispatch(own: &AccountHttp, endpoint: Endpoint, request: &HttpRequest) -> Result<Value, Refusal> {
    let form = Form::by_method(request)?;
    let caller = form.caller(request)?;
    match &own.provider {
        LoginProvider::Remote(_) => Err(Refusal::elsewhere()),
        LoginProvider::Open => made_up::answer(own, endpoint, &form, &caller),
        LoginProvider::Embedded(service) => embedded(service, endpoint, &form, caller).await,
    }
}

async fn embedded(
    service: &AccountService,
    endpoint: Endpoint,
    form: &Form,
    caller: Caller,
) -> Result<Value, Refusal> {
    match endpoint {
        Endpoint::BookmarkAdd | Endpoint::BookmarkList | Endpoint::BookmarkRemove | Endpoint::IgnoreList => {
            lists::answer(service, endpoint, form, caller).await
        }
        Endpoint::CharacterMemoGet | Endpoint::CharacterMemoSave => {
            lists::memo(service, endpoint, form, caller).await
        }
        Endpoint::FriendList
        | Endpoint::FriendBookmarkLists
        | Endpoint::RequestList
        | Endpoint::RequestPending => friends::lists(service, endpoint, form, caller).await,
        Endpoint::RequestSend
        | Endpoint::RequestSendTwo
        | Endpoint::RequestAccept
        | Endpoint::RequestCancel
        | Endpoint::RequestDeny
        | Endpoint::FriendRemove => friends::change(service, endpoint, form, caller).await,
        Endpoint::CharacterFriends | Endpoint::CharacterFriendList => {
            friends::of_character(service, endpoint, form, caller).await
        }
        Endpoint::NoteCount
        | Endpoint::NoteDelete
        | Endpoint::NoteGet
        | Endpoint::NoteList
        | Endpoint::NoteSend => notes::answer(service, endpoint, form, caller).await,
        Endpoint::ReportSubmit => reports::submit(service, form, caller).await,
        Endpoint::CharacterList => characters::list(service, caller).await,
        Endpoint::CharacterData
        | Endpoint::CharacterGet
        | Endpoint::CharacterInfo
        | Endpoint::CharacterKinks
        | Endpoint::CharacterCustomKinks
        | Endpoint::CharacterImages
        | Endpoint::CharacterGuestbook => characters::answer(service, endpoint, form, caller).await,
    }
}
