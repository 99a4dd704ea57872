//! Rows of the table: signing in through an identity provider, and the ways to sign in to an account.

use super::second_factor::CODE;
use super::shape::{Field, Kind, Member, Shape, member, optional, required};
use super::{Access, Endpoint, Family, Handler, Place};
use crate::http::api::made_up;
use crate::http::identity::{self, Next};
use crate::http::reply::Readers;
use crate::service::guard::Cost;

use Kind::{Flag, Number, Text};

pub(super) const PASSWORD: Field = optional(
    &[("password", Text)],
    "the password of the account; without one the ticket has to come from a log-in of the last ten minutes",
);
pub(super) const ACCOUNT: Field = required(&[("account", Text)], "");
pub(super) const TICKET: Field = required(&[("ticket", Text)], "");
pub(super) const NUMBER: Field = required(&[("id", Number)], "the number in the answer of `/api/sign-ins`");

const ADDRESS: &[Member] = &[member(
    "address",
    Shape::Text,
    "the page of the provider, to which the browser goes on",
)];
pub(super) const SIGNED_IN: &[Member] = &[
    member("account", Shape::Text, "the name of the account"),
    member("ticket", Shape::Text, ""),
    member("stays", Shape::Flag, "whether the device stays signed in"),
    member("characters", Shape::List(super::site::CHARACTERS), ""),
    member("default_character", Shape::Text, "a name"),
];
pub(super) const IDENTITY: &[Member] = &[
    member("id", Shape::Number, ""),
    member("issuer", Shape::Text, "the identity provider"),
    member("label", Shape::Text, "such as an e-mail address"),
    member("created_at", Shape::Number, "Unix seconds"),
    member("used_at", Shape::Number, "Unix seconds"),
];
pub(super) const PASSKEY: &[Member] = &[
    member("id", Shape::Number, ""),
    member("name", Shape::Text, ""),
    member("created_at", Shape::Number, "Unix seconds"),
    member("used_at", Shape::Number, "Unix seconds"),
];

/// An endpoint that checks the request itself and answers with JSON.
macro_rules! json {
    ($handler:expr) => {
        Handler::Whole(|own, request, _| {
            Box::pin(async move { own.json($handler(&own, &request).await, Readers::Site) })
        })
    };
}
pub(super) use json;

/// An endpoint of the page.
pub(super) const fn call(path: &'static str, access: Access, handler: Handler) -> Endpoint {
    Endpoint::new(Place::Exact(path), Family::Site, access, handler)
}

/// A step of the flow of a browser, which its cookie names.
macro_rules! step {
    ($step:expr) => {
        Handler::Whole(|own, request, _| Box::pin(async move { identity::next(&own, &request, $step).await }))
    };
}

/// The endpoints of identities.
pub(super) const ROWS: &[Endpoint] = &[
    call(
        "/api/oidc-start",
        Access::Anyone,
        Handler::Whole(|own, request, _| Box::pin(async move { identity::start(&own, &request, false).await })),
    )
    .about(
        "Begins to sign in through the identity provider. The answer sets a cookie for ten minutes, by which the browser is \
         known when it comes back.",
    )
    .fields(&[optional(&[("stay", Flag)], "this device is to stay signed in")])
    .answers(ADDRESS),
    call(
        "/api/oidc-link",
        Access::Anyone,
        Handler::Whole(|own, request, _| Box::pin(async move { identity::start(&own, &request, true).await })),
    )
    .about("Begins to link an identity with the account, as `/api/oidc-start`.")
    .fields(&[ACCOUNT, TICKET, PASSWORD, CODE])
    .answers(ADDRESS),
    Endpoint::new(
        Place::Exact("/oidc/return"),
        Family::Pages,
        Access::Anyone,
        Handler::Whole(|own, request, _| Box::pin(async move { identity::back(&own, &request) })),
    )
    .about("The address to which the identity provider sends the browser back. It leads on to the page of the chat.")
    .fields(&[
        optional(&[("code", Text)], ""),
        optional(&[("state", Text)], ""),
        optional(&[("error", Text)], ""),
    ]),
    call("/api/oidc-finish", Access::Anyone, step!(Next::Finish))
        .about(
            "Ends the flow of the browser, by its cookie. `done` is `signed-in`, `linked`, or `choose` where no account has \
             the identity: then `/api/oidc-register` makes one, and `/api/oidc-connect` links one.",
        )
        .answers(&[
            member("done", Shape::Text, "`signed-in`, `linked` or `choose`"),
            member("account", Shape::Text, "with `signed-in`: the name of the account"),
            member("ticket", Shape::Text, "with `signed-in`"),
            member("stays", Shape::Flag, "with `signed-in`: whether the device stays signed in"),
            member("characters", Shape::List(super::site::CHARACTERS), "with `signed-in`"),
            member("default_character", Shape::Text, "with `signed-in`: a name"),
            member("label", Shape::Text, "with `choose`: the identity, such as an e-mail address"),
            member("suggestion", Shape::Text, "with `choose`: a name for an account; may be empty"),
            member("registration", Shape::Text, "with `choose`: `open`, `invitation`, `paused` or `closed`"),
        ]),
    call("/api/oidc-register", Access::Anyone, step!(Next::Register))
        .about("Makes an account without a password for the identity of the browser's flow.")
        .fields(&[
            required(&[("account", Text)], "the name of the new account"),
            optional(&[("invitation", Text)], "a code, where `registration` is `invitation`"),
        ])
        .answers(SIGNED_IN),
    call("/api/oidc-connect", Access::Anyone, step!(Next::Connect))
        .about("Links the identity of the browser's flow with an account that exists.")
        .fields(&[ACCOUNT, required(&[("password", Text)], ""), CODE])
        .answers(SIGNED_IN),
    call(
        "/api/sign-ins",
        Access::Ticket,
        ticket!(identity::sign_ins, made_up::keeps_nothing),
    )
    .costs(Cost::Read)
    .about("Lists the ways to sign in to the account.")
    .answers(&[
        member("password", Shape::Flag, "whether the account has a password"),
        member("identities", Shape::List(IDENTITY), ""),
        member("passkeys", Shape::List(PASSKEY), ""),
    ]),
    call("/api/identity-remove", Access::Anyone, json!(identity::remove))
        .about("Removes an identity from the account, unless it is the only way to sign in.")
        .fields(&[ACCOUNT, TICKET, PASSWORD, CODE, NUMBER]),
    call("/api/password-set", Access::Anyone, json!(identity::set_password))
        .about(
            "Sets the first password of an account that has none. The ticket has to come from a log-in of the last ten \
             minutes. All tickets end, and all connections of the account are closed, as with `/api/password`.",
        )
        .fields(&[
            ACCOUNT,
            TICKET,
            required(&[("new_password", Text)], ""),
            optional(&[("character", Text)], "a character that is online from the same address: its connection stays"),
        ])
        .answers(&[member("ticket", Shape::Text, "")]),
];
