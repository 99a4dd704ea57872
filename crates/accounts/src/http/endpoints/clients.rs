//! Rows of the table: the interface of existing clients, `/json/*`, but for profiles of characters.

use super::shape::{Field, Kind, Member, Shape, member, optional, required};
use super::{Access, Endpoint, Family, Handler, MadeUp, Place};
use crate::http::api::{friends, lists, made_up, notes, reports};
use crate::http::ticket as grant;
use crate::service::guard::Cost;

use Kind::{Flag, Number, Text};

pub(super) const CHARACTER: Field = required(&[("name", Text), ("id", Number)], "the character");
const SOURCE: Field = required(
    &[("source_name", Text), ("source_id", Number)],
    "one of the account's own characters",
);
const DESTINATION: Field = required(&[("dest_name", Text), ("dest_id", Number)], "the other character");
const REQUEST: Field = required(&[("request_id", Number)], "the number of the request");

const IDENTITY: &[Member] = &[
    member("id", Shape::Number, ""),
    member("name", Shape::Text, ""),
    member("deleted", Shape::Flag, ""),
];
const LINK: &[Member] = &[
    member("id", Shape::Number, ""),
    member("source", Shape::Object(IDENTITY), ""),
    member("target", Shape::Object(IDENTITY), ""),
    member("createdAt", Shape::Number, "Unix seconds"),
];
const OPEN_REQUEST: &[Member] = &[
    member("id", Shape::Number, ""),
    member("source", Shape::Text, ""),
    member("dest", Shape::Text, ""),
];
const FRIEND: &[Member] = &[
    member("id", Shape::Number, ""),
    member("source", Shape::Text, "one's own character"),
    member("dest", Shape::Text, ""),
    member("last_online", Shape::Number, "always 0"),
];
const NOTE: &[Member] = &[
    member("id", Shape::Number, ""),
    member("source", Shape::TextOrNull, "null for a deleted character"),
    member("dest", Shape::TextOrNull, "null for a deleted character"),
    member("title", Shape::Text, ""),
    member("created_at", Shape::Number, "Unix seconds"),
    member("read", Shape::Flag, "in the inbox only"),
];
const WHOLE_NOTE: &[Member] = &[
    member("id", Shape::Number, ""),
    member("source", Shape::TextOrNull, "null for a deleted character"),
    member("dest", Shape::TextOrNull, "null for a deleted character"),
    member("title", Shape::Text, ""),
    member("created_at", Shape::Number, "Unix seconds"),
    member("message", Shape::Text, "BBCode"),
    member("box", Shape::Text, "`inbox` or `outbox`"),
    member("read", Shape::Flag, "in the inbox only"),
];

/// An endpoint at `/json/api/NAME.php` that needs a ticket.
pub(super) const fn call(place: &'static str, cost: Cost, handler: Handler) -> Endpoint {
    Endpoint::new(Place::Script(place), Family::Clients, Access::Ticket, handler).costs(cost)
}

const NOTHING: MadeUp = made_up::keeps_nothing;

/// The endpoints at `/json/`.
pub(super) const ROWS: &[Endpoint] = &[
    Endpoint::new(
        Place::Script("/json/getApiTicket"),
        Family::Clients,
        Access::Password,
        Handler::Whole(|own, request, _| Box::pin(async move { grant::answer(&own, &request).await })),
    )
    .about("Gives a ticket for the right password.")
    .fields(&[
        optional(
            &[("new_character_list", Flag)],
            "`characters` becomes an object of numbers by name, and `default_character` a number",
        ),
        optional(&[("no_characters", Flag)], "leaves out `characters`"),
        optional(&[("no_friends", Flag)], "leaves out `friends`"),
        optional(&[("no_bookmarks", Flag)], "leaves out `bookmarks`"),
    ])
    .answers(&[
        member("ticket", Shape::Text, ""),
        member("account_id", Shape::Number, ""),
        member("characters", Shape::Any, "names, or numbers by name"),
        member("default_character", Shape::Any, "a name, or a number"),
        member(
            "friends",
            Shape::List(&[
                member("source_name", Shape::Text, ""),
                member("dest_name", Shape::Text, ""),
            ]),
            "",
        ),
        member("bookmarks", Shape::List(&[member("name", Shape::Text, "")]), ""),
    ]),
    call(
        "/json/api/bookmark-list",
        Cost::Read,
        ticket!(lists::bookmark_list, made_up::no_bookmarks),
    )
    .about("Lists the bookmarks of the account.")
    .answers(&[member("characters", Shape::Texts, "names")]),
    call(
        "/json/api/bookmark-add",
        Cost::Change,
        ticket!(lists::bookmark_add, NOTHING),
    )
    .about("Bookmarks a character.")
    .fields(&[CHARACTER]),
    call(
        "/json/api/bookmark-remove",
        Cost::Change,
        ticket!(lists::bookmark_remove, NOTHING),
    )
    .about("Removes a bookmark.")
    .fields(&[CHARACTER]),
    call(
        "/json/api/friend-list",
        Cost::Read,
        ticket!(friends::friend_list, made_up::no_friends),
    )
    .about("Lists the friends of all characters of the account.")
    .answers(&[member("friends", Shape::List(FRIEND), "")]),
    call(
        "/json/api/friend-bookmark-lists",
        Cost::Read,
        ticket!(friends::all_lists, made_up::no_lists),
    )
    .about("Gives several lists at once: those whose flags are set, or all of them.")
    .fields(&[
        optional(&[("bookmarklist", Flag)], ""),
        optional(&[("friendlist", Flag)], ""),
        optional(&[("requestlist", Flag)], ""),
        optional(&[("requestpending", Flag)], ""),
    ])
    .answers(&[
        member("bookmarklist", Shape::Texts, "names"),
        member("friendlist", Shape::List(FRIEND), ""),
        member("requestlist", Shape::List(OPEN_REQUEST), ""),
        member("requestpending", Shape::List(OPEN_REQUEST), ""),
    ]),
    call(
        "/json/api/request-list",
        Cost::Read,
        ticket!(friends::request_list, made_up::no_requests),
    )
    .about("Lists the requests for friendship that wait for the account.")
    .answers(&[member("requests", Shape::List(OPEN_REQUEST), "")]),
    call(
        "/json/api/request-pending",
        Cost::Read,
        ticket!(friends::request_pending, made_up::no_requests),
    )
    .about("Lists the requests for friendship that the account has sent.")
    .answers(&[member("requests", Shape::List(OPEN_REQUEST), "")]),
    call(
        "/json/api/request-send",
        Cost::Change,
        ticket!(friends::request_send, NOTHING),
    )
    .about("Asks another character for friendship.")
    .fields(REQUEST_FIELDS)
    .answers(&[member("request", Shape::Object(LINK), "")]),
    call(
        "/json/api/request-send2",
        Cost::Change,
        ticket!(friends::request_send, NOTHING),
    )
    .about("The same as `request-send`.")
    .fields(REQUEST_FIELDS)
    .answers(&[member("request", Shape::Object(LINK), "")]),
    call(
        "/json/api/request-accept",
        Cost::Change,
        ticket!(friends::request_accept, NOTHING),
    )
    .about("Accepts a request for friendship.")
    .fields(&[REQUEST]),
    call(
        "/json/api/request-deny",
        Cost::Change,
        ticket!(friends::request_deny, NOTHING),
    )
    .about("Declines a request for friendship.")
    .fields(&[REQUEST]),
    call(
        "/json/api/request-cancel",
        Cost::Change,
        ticket!(friends::request_cancel, NOTHING),
    )
    .about("Withdraws a request for friendship.")
    .fields(&[REQUEST]),
    call(
        "/json/api/friend-remove",
        Cost::Change,
        ticket!(friends::friend_remove, NOTHING),
    )
    .about("Ends a friendship.")
    .fields(&[SOURCE, DESTINATION]),
    call(
        "/json/api/character-friends",
        Cost::Read,
        ticket!(friends::of_character, made_up::no_friends),
    )
    .about("Lists the friends of a character, where its owner shows them.")
    .fields(&[CHARACTER])
    .answers(&[member("friends", Shape::List(IDENTITY), "")]),
    call(
        "/json/api/character-friend-list",
        Cost::Read,
        ticket!(friends::with_character, made_up::no_links),
    )
    .about("Lists the friendships and requests between a character and one's own characters.")
    .fields(&[CHARACTER])
    .answers(&[
        member("name", Shape::Text, ""),
        member("existing", Shape::List(LINK), ""),
        member("pending", Shape::List(LINK), ""),
        member("incoming", Shape::List(LINK), ""),
    ]),
    call(
        "/json/api/character-memo-get",
        Cost::Read,
        ticket!(lists::memo_get, made_up::no_memo),
    )
    .about("The same as `character-memo-get2`.")
    .fields(&[MEMO_TARGET])
    .answers(MEMO),
    call(
        "/json/api/character-memo-get2",
        Cost::Read,
        ticket!(lists::memo_get, made_up::no_memo),
    )
    .about("Gives the account's memo about a character.")
    .fields(&[MEMO_TARGET])
    .answers(MEMO),
    call(
        "/json/api/character-memo-save",
        Cost::Change,
        ticket!(lists::memo_save, NOTHING),
    )
    .about("Saves the account's memo about a character. An empty one is deleted.")
    .fields(&[
        required(
            &[("target", Number), ("target_id", Number), ("target_name", Text)],
            "the character",
        ),
        required(&[("note", Text)], "at most 2000 bytes"),
    ])
    .answers(&[member("note", Shape::Text, "as it was saved")]),
    call(
        "/json/api/ignore-list",
        Cost::Read,
        ticket!(lists::ignore_list, made_up::no_ignores),
    )
    .about("Lists the characters that the account ignores.")
    .answers(&[
        member("ignores", Shape::Texts, "names in lower case"),
        member("characters", Shape::Texts, "the same"),
    ]),
    call("/json/api/note-send", Cost::Change, ticket!(notes::send, NOTHING))
        .body(4 * notes::MESSAGE_BYTES_MAX)
        .about("Sends a note.")
        .fields(&[
            SOURCE,
            DESTINATION,
            required(&[("title", Text)], "one line, at most 100 characters"),
            required(&[("message", Text)], "BBCode, at most `note_max` bytes"),
        ])
        .answers(&[member("id", Shape::Number, "")]),
    call(
        "/json/api/note-list",
        Cost::Read,
        ticket!(notes::list, made_up::no_notes),
    )
    .about("Lists notes, the newest first.")
    .fields(&[
        optional(&[("box", Text)], "`inbox` (the default) or `outbox`"),
        optional(
            &[("name", Text), ("id", Number)],
            "one of the account's characters; without it the notes of all of them",
        ),
        optional(&[("before", Number)], "the number of a note: only older ones"),
        optional(&[("limit", Number)], "at most 50"),
    ])
    .answers(&[
        member("notes", Shape::List(NOTE), ""),
        member("more", Shape::Flag, "whether there are older ones"),
        member("unread", Shape::Number, "of all characters"),
    ]),
    call("/json/api/note-get", Cost::Read, ticket!(notes::get, NOTHING))
        .about("Gives a note. A note in the inbox counts as read from then on.")
        .fields(&[required(&[("note_id", Number)], "")])
        .answers(&[
            member("note", Shape::Object(WHOLE_NOTE), ""),
            member("unread", Shape::Number, "of all characters"),
        ]),
    call(
        "/json/api/note-delete",
        Cost::Change,
        ticket!(notes::delete, NOTHING),
    )
    .about("Deletes notes from the account's boxes.")
    .fields(&[required(
        &[("note_id", Text)],
        "a number, or up to 50 with commas between them",
    )]),
    call(
        "/json/api/note-count",
        Cost::Read,
        ticket!(notes::count, made_up::no_unread),
    )
    .about("Counts the unread notes of all characters of the account.")
    .answers(&[
        member("unread", Shape::Number, ""),
        member("message_max", Shape::Number, "bytes of a note"),
    ]),
    call(
        "/json/api/report-submit",
        Cost::Report,
        ticket!(reports::submit, NOTHING),
    )
    // Form encoding can make three bytes of one.
    .body(2 * reports::LOG_BYTES_MAX)
    .about("Sends a report to the moderators.")
    .fields(&[
        required(&[("character", Text)], "one of the account's own characters"),
        optional(
            &[("reportText", Text)],
            "the problem, in the words of the person who reports it",
        ),
        optional(&[("log", Text)], "the messages, as the client has them"),
        optional(&[("channel", Text)], ""),
        optional(&[("reportUser", Text)], "the name of the reported character"),
        optional(
            &[("note_id", Number)],
            "a received note, which the server puts into the report",
        ),
    ])
    .answers(&[member("log_id", Shape::Text, "to be sent with `SFC`")]),
];

const REQUEST_FIELDS: &[Field] = &[
    required(
        &[("source", Text), ("source_name", Text), ("source_id", Number)],
        "one of the account's own characters; `source` takes a name or a number",
    ),
    required(
        &[
            ("target", Text),
            ("target_name", Text),
            ("target_id", Number),
            ("dest_name", Text),
            ("dest_id", Number),
        ],
        "the other character; `target` takes a name or a number",
    ),
];
const MEMO_TARGET: Field = required(
    &[("target", Text), ("target_id", Number), ("target_name", Text)],
    "the character",
);
const MEMO: &[Member] = &[
    member("id", Shape::Number, "of the character"),
    member("note", Shape::TextOrNull, "null where there is none"),
];
