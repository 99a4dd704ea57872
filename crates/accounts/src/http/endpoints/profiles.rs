//! Rows of the table: profiles of characters and the catalogue of their fields, `/json/api/*`.

use super::clients::{CHARACTER, call};
use super::shape::{Member, Shape, member};
use super::{Access, Endpoint, Family, Handler, Place};
use crate::http::api::{characters, made_up, tables};
use crate::service::guard::Cost;

const GROUP: &[Member] = &[
    member("group", Shape::Text, "the title"),
    member("items", Shape::Any, "a list"),
];
const CUSTOM_KINK: &[Member] = &[
    member("name", Shape::Text, ""),
    member("choice", Shape::Text, ""),
    member("description", Shape::Text, ""),
];
const PROFILE: &[Member] = &[
    member("id", Shape::Number, ""),
    member("name", Shape::Text, ""),
    member("custom_title", Shape::Text, ""),
    member("description", Shape::Text, "BBCode"),
    member("created_at", Shape::Number, "Unix seconds"),
    member("updated_at", Shape::Number, "Unix seconds"),
    member("views", Shape::Number, ""),
    member(
        "kinks",
        Shape::TextMap,
        "`fave`, `yes`, `maybe` or `no` by number",
    ),
    member("custom_kinks", Shape::Any, "by number"),
    member("infotags", Shape::TextMap, "by number"),
    member("settings", Shape::Any, ""),
    member("timezone", Shape::Number, ""),
    member("is_self", Shape::Flag, ""),
    member("memo", Shape::Any, "where there is one"),
];

/// An endpoint at `/json/api/NAME.php` that is the same for each client.
const fn table(place: &'static str, handler: Handler) -> Endpoint {
    Endpoint::new(Place::Script(place), Family::Clients, Access::Anyone, handler)
}

/// The endpoints of profiles.
pub(super) const ROWS: &[Endpoint] = &[
    call(
        "/json/api/character-data",
        Cost::Read,
        ticket!(characters::data, made_up::data),
    )
    .about("Gives the whole profile of a character.")
    .fields(&[CHARACTER])
    .answers(PROFILE),
    call(
        "/json/api/character-get",
        Cost::Read,
        ticket!(characters::get, made_up::get),
    )
    .about("Gives the title and the text of a character's profile.")
    .fields(&[CHARACTER])
    .answers(&[member(
        "character",
        Shape::Object(&[
            member("id", Shape::Number, ""),
            member("name", Shape::Text, ""),
            member("title", Shape::Text, ""),
            member("description", Shape::Text, "BBCode"),
            member("pageviews", Shape::Number, ""),
            member("datetime_created", Shape::Number, "Unix seconds"),
            member("datetime_changed", Shape::Number, "Unix seconds"),
        ]),
        "",
    )]),
    call(
        "/json/api/character-info",
        Cost::Read,
        ticket!(characters::info, made_up::info),
    )
    .about("Gives the fields of a character's profile in words.")
    .fields(&[CHARACTER])
    .answers(&[member("info", Shape::Map(GROUP), "by the number of the group")]),
    call(
        "/json/api/character-kinks",
        Cost::Read,
        ticket!(characters::kinks, made_up::kinks),
    )
    .about("Gives the kinks of a character in words.")
    .fields(&[CHARACTER])
    .answers(&[member("kinks", Shape::Map(GROUP), "by the number of the group")]),
    call(
        "/json/api/character-customkinks",
        Cost::Read,
        ticket!(characters::custom_kinks, made_up::custom_kinks),
    )
    .about("Lists the custom kinks of a character.")
    .fields(&[CHARACTER])
    .answers(&[member("kinks", Shape::List(CUSTOM_KINK), "")]),
    call(
        "/json/api/character-list",
        Cost::Read,
        ticket!(characters::list, made_up::character_list),
    )
    .about("Lists the characters of the account.")
    .answers(&[member("characters", Shape::Texts, "names")]),
    call(
        "/json/api/character-images",
        Cost::Read,
        ticket!(characters::images, made_up::images),
    )
    .about("Gives an empty list: this server keeps no images of profiles.")
    .fields(&[CHARACTER])
    .answers(&[member("images", Shape::Any, "an empty list")]),
    call(
        "/json/api/character-guestbook",
        Cost::Read,
        ticket!(characters::guestbook, made_up::guestbook),
    )
    .about("Gives an empty list: this server keeps no guestbooks.")
    .fields(&[CHARACTER])
    .answers(&[
        member("page", Shape::Number, "0"),
        member("canEdit", Shape::Flag, ""),
        member("nextPage", Shape::Flag, ""),
        member("posts", Shape::Any, "an empty list"),
    ]),
    table("/json/api/mapping-list", Handler::Table(tables::mapping))
        .about("Gives the catalogue of profile fields and kinks. All numbers are texts.")
        .answers(&[
            member("kinks", Shape::Any, "a list"),
            member("kink_groups", Shape::Any, "a list"),
            member("infotags", Shape::Any, "a list"),
            member("infotag_groups", Shape::Any, "a list"),
            member("listitems", Shape::Any, "a list"),
        ]),
    table("/json/api/kink-list", Handler::Table(tables::kinks))
        .about("Gives the catalogue of kinks by group.")
        .answers(&[member("kinks", Shape::Any, "")]),
    table("/json/api/info-list", Handler::Table(tables::infos))
        .about("Gives the catalogue of profile fields by group.")
        .answers(&[member("info", Shape::Any, "")]),
    table("/json/api/group-list", Handler::Table(tables::groups))
        .about("Gives an empty list: this server keeps no groups.")
        .answers(&[member("groups", Shape::Any, "an empty list")]),
];
