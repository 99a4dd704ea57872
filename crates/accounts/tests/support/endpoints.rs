//! The paths that want a ticket.

/// `/json/api/NAME.php`.
const CLIENTS: &[&str] = &[
    "bookmark-add",
    "bookmark-list",
    "bookmark-remove",
    "character-customkinks",
    "character-data",
    "character-friend-list",
    "character-friends",
    "character-get",
    "character-guestbook",
    "character-images",
    "character-info",
    "character-kinks",
    "character-list",
    "character-memo-get",
    "character-memo-get2",
    "character-memo-save",
    "friend-bookmark-lists",
    "friend-list",
    "friend-remove",
    "ignore-list",
    "note-count",
    "note-delete",
    "note-get",
    "note-list",
    "note-send",
    "report-submit",
    "request-accept",
    "request-cancel",
    "request-deny",
    "request-list",
    "request-pending",
    "request-send",
    "request-send2",
];

/// `/api/NAME`.
const PAGE: &[&str] = &[
    "avatar-remove",
    "avatar-save",
    "character-create",
    "characters",
    "default-character",
    "ignore-add",
    "ignore-remove",
    "profile-save",
    "renew",
    "report",
];

/// All of them.
pub(crate) fn paths_with_ticket() -> impl Iterator<Item = String> {
    let endpoints = CLIENTS.iter().map(|name| format!("/json/api/{name}.php"));
    endpoints.chain(PAGE.iter().map(|name| format!("/api/{name}")))
}
