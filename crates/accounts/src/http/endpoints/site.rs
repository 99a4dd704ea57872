//! Rows of the table: the interface of the built-in page, `/api/*`.

use super::shape::{Field, Kind, Member, Shape, member, optional, required};
use super::{Access, Endpoint, Family, Handler, Method, Place};
use crate::http::api::made_up;
use crate::http::reply::Readers;
use crate::http::{edit, export, site};
use crate::profile::picture::PICTURE_BYTES_MAX;
use crate::service::guard::Cost;

use Kind::{Json, Number, Text};

const NAME: Field = required(&[("name", Text)], "one of the account's own characters");
const IGNORED: Field = required(&[("name", Text)], "the character to ignore");
const CHARACTERS: &[Member] = &[
    member("character_id", Shape::Number, ""),
    member("name", Shape::Text, ""),
    member("gender", Shape::Text, ""),
];
const EXPORT: &[Member] = &[
    member(
        "account",
        Shape::Object(&[
            member("id", Shape::Number, ""),
            member("name", Shape::Text, ""),
            member("created_at", Shape::Number, "Unix seconds"),
            member("administrator", Shape::Flag, ""),
            member("default_character", Shape::TextOrNull, "a name"),
        ]),
        "",
    ),
    member(
        "characters",
        Shape::List(EXPORTED_CHARACTER),
        "with their profiles",
    ),
    member(
        "friends",
        Shape::List(&[
            member("character", Shape::Text, "one's own"),
            member("friend", Shape::Text, ""),
            member("since", Shape::Number, "Unix seconds"),
        ]),
        "",
    ),
    member(
        "friend_requests",
        Shape::List(&[
            member("source", Shape::Text, ""),
            member("target", Shape::Text, ""),
            member("created_at", Shape::Number, "Unix seconds"),
        ]),
        "",
    ),
    member(
        "devices",
        Shape::List(&[
            member("name", Shape::Text, "the browser in words"),
            member("address", Shape::Text, "the address group of the last use"),
            member("created_at", Shape::Number, "Unix seconds"),
            member("seen_at", Shape::Number, "Unix seconds"),
        ]),
        "that stay signed in",
    ),
    member(
        "application_passwords",
        Shape::List(&[
            member("name", Shape::Text, ""),
            member("created_at", Shape::Number, "Unix seconds"),
            member("used_at", Shape::Number, "Unix seconds; 0 for never"),
        ]),
        "without the passwords",
    ),
    member("second_factor", Shape::Flag, "whether there is one"),
    member("bookmarks", Shape::Texts, "names"),
    member(
        "memos",
        Shape::List(&[
            member("character", Shape::Text, ""),
            member("note", Shape::Text, ""),
        ]),
        "",
    ),
    member("ignored", Shape::Texts, "names in lower case"),
    member(
        "reports",
        Shape::List(&[
            member("id", Shape::Number, ""),
            member("character", Shape::Text, "the author"),
            member("reported", Shape::Text, ""),
            member("channel", Shape::Text, ""),
            member("text", Shape::Text, ""),
            member("log", Shape::Text, ""),
            member("created_at", Shape::Number, "Unix seconds"),
        ]),
        "made by the account",
    ),
    member(
        "notes",
        Shape::List(&[
            member("id", Shape::Number, ""),
            member("box", Shape::Text, "`inbox` or `outbox`"),
            member("source", Shape::TextOrNull, "null for a deleted character"),
            member("dest", Shape::TextOrNull, "null for a deleted character"),
            member("title", Shape::Text, ""),
            member("message", Shape::Text, "BBCode"),
            member("created_at", Shape::Number, "Unix seconds"),
        ]),
        "the newest first",
    ),
    member(
        "complete",
        Shape::Flag,
        "false where the data has more than 3 MiB and the last reports or notes are missing",
    ),
];
const EXPORTED_CHARACTER: &[Member] = &[
    member("id", Shape::Number, ""),
    member("name", Shape::Text, ""),
    member("avatar", Shape::Text, "the path of the picture"),
    member("title", Shape::Text, ""),
    member("description", Shape::Text, "BBCode"),
    member("fields", Shape::TextMap, "by name"),
    member("kinks", Shape::TextMap, "by name"),
    member(
        "custom_kinks",
        Shape::List(&[
            member("name", Shape::Text, ""),
            member("choice", Shape::Text, ""),
            member("description", Shape::Text, ""),
        ]),
        "",
    ),
    member("settings", Shape::Any, ""),
    member("timezone", Shape::Number, "hours east of Greenwich"),
    member("views", Shape::Number, ""),
    member("created_at", Shape::Number, "Unix seconds"),
    member("updated_at", Shape::Number, "Unix seconds"),
];
const NEW_TICKET: &[Member] = &[member("ticket", Shape::Text, "")];

/// An endpoint that needs a ticket.
const fn call(path: &'static str, cost: Cost, handler: Handler) -> Endpoint {
    Endpoint::new(Place::Exact(path), Family::Site, Access::Ticket, handler).costs(cost)
}

/// An endpoint that needs the password once more, because its effect cannot be undone.
const fn confirmed(path: &'static str, handler: Handler) -> Endpoint {
    Endpoint::new(Place::Exact(path), Family::Site, Access::Password, handler)
}

/// The endpoints at `/api/`.
pub(super) const ROWS: &[Endpoint] = &[
    Endpoint::new(
        Place::Exact("/api/site"),
        Family::Site,
        Access::Anyone,
        Handler::Table(|own| own.json(Ok(site::site(own)), Readers::Site)),
    )
    .takes(&[Method::Get])
    .about("Tells how accounts are kept and made on this server.")
    .answers(&[
        member("accounts", Shape::Text, "`embedded`, `remote` or `open`"),
        member("registration", Shape::Text, "`open`, `invitation`, `paused` or `closed`"),
        member("stay_signed_in", Shape::Number, "seconds for which a device stays signed in after its last use; 0 where none does"),
        member("genders", Shape::Texts, ""),
    ]),
    Endpoint::new(
        Place::Exact("/api/register"),
        Family::Site,
        Access::Anyone,
        Handler::Whole(|own, request, _| {
            Box::pin(async move { own.json(site::register(&own, &request).await, Readers::Site) })
        }),
    )
    .about("Makes an account.")
    .fields(&[
        required(&[("account", Text)], "the name of the new account"),
        required(&[("password", Text)], ""),
        optional(&[("invitation", Text)], "a code, where `/api/site` says that `registration` is `invitation`"),
    ])
    .answers(&[member("account_id", Shape::Number, "")]),
    call("/api/renew", Cost::Change, ticket!(site::renew, made_up::ticket))
        .about("Gives another ticket for a good one, until `session_max` after the password was entered.")
        .answers(NEW_TICKET),
    call("/api/characters", Cost::Read, ticket!(site::characters, made_up::characters))
        .about("Lists the characters of the account.")
        .answers(&[
            member("characters", Shape::List(CHARACTERS), ""),
            member("default_character", Shape::Text, "a name"),
        ]),
    call("/api/character-create", Cost::Change, ticket!(site::create_character, made_up::needs_nothing))
        .about("Makes a character.")
        .fields(&[
            required(&[("name", Text)], "the name of the new character"),
            required(&[("gender", Text)], "one of those in the answer of `/api/site`"),
            optional(&[("orientation", Text)], ""),
            optional(&[("language_preference", Text)], ""),
            optional(&[("furry_preference", Text)], ""),
            optional(&[("role", Text)], ""),
            optional(&[("position", Text)], ""),
        ])
        .answers(&[
            member("character_id", Shape::Number, ""),
            member("name", Shape::Text, ""),
        ]),
    call("/api/profile-save", Cost::Change, ticket!(edit::profile_save, made_up::keeps_nothing))
        .body(256 * 1024)
        .about("Changes the profile of a character. Fields that are not given stay as they are.")
        .fields(&[
            NAME,
            optional(&[("title", Text)], ""),
            optional(&[("description", Text)], "BBCode"),
            optional(&[("timezone", Number)], "hours east of Greenwich"),
            optional(&[("infotags", Json)], "an object: all of them"),
            optional(&[("kinks", Json)], "an object: all of them"),
            optional(&[("custom_kinks", Json)], "a list of {name, description, choice, children}: all of them"),
            optional(&[("settings", Json)], "an object with `customs_first`, `show_friends`, `prevent_bookmarks`"),
        ]),
    call("/api/avatar-save", Cost::Change, ticket!(edit::avatar_save, made_up::keeps_nothing))
        .body(PICTURE_BYTES_MAX * 2)
        .about("Replaces the avatar of a character.")
        .fields(&[
            NAME,
            required(
                &[("image", Text)],
                "base64, or a `data:` address. PNG, JPEG, GIF or WebP, at most 128 KiB and 512 pixels each side",
            ),
        ]),
    call("/api/avatar-remove", Cost::Change, ticket!(edit::avatar_remove, made_up::keeps_nothing))
        .about("Removes the avatar of a character.")
        .fields(&[NAME]),
    call("/api/default-character", Cost::Change, ticket!(edit::default_character, made_up::keeps_nothing))
        .about("Sets the character that clients offer first.")
        .fields(&[NAME]),
    call("/api/ignore-add", Cost::Change, ticket!(edit::ignore_add, made_up::keeps_nothing))
        .about("Ignores a character.")
        .fields(&[IGNORED]),
    call("/api/ignore-remove", Cost::Change, ticket!(edit::ignore_remove, made_up::keeps_nothing))
        .about("Ignores a character no longer.")
        .fields(&[IGNORED]),
    call("/api/report", Cost::Read, ticket!(edit::report, made_up::keeps_nothing))
        .about("Gives a report; for administrators and global moderators.")
        .fields(&[required(&[("log_id", Number)], "")])
        .answers(&[
            member("character", Shape::Text, "the author"),
            member("reported", Shape::Text, ""),
            member("channel", Shape::Text, ""),
            member("text", Shape::Text, ""),
            member("log", Shape::Text, ""),
            member("time", Shape::Number, "Unix seconds"),
        ]),
    call("/api/me/export", Cost::Export, ticket!(export::export, made_up::keeps_nothing))
        .takes(&[Method::Post, Method::Get])
        .about("Gives all data of the account, for the person whose account it is. `POST` keeps the ticket out of the logs of proxies.")
        .answers(EXPORT),
    confirmed("/api/password", password!(edit::change_password))
        .about(
            "Changes the password. All tickets and sessions end, and all connections of the account are closed with `ERR 40`.",
        )
        .fields(&[
            required(&[("new_password", Text)], ""),
            optional(&[("character", Text)], "a character that is online from the same address: its connection stays"),
        ])
        .answers(NEW_TICKET),
    confirmed("/api/character-delete", password!(edit::delete_character))
        .about("Deletes a character with everything that belongs to it.")
        .fields(&[NAME]),
    confirmed("/api/account-delete", password!(edit::delete_account))
        .about("Deletes the account with everything that belongs to it."),
];
