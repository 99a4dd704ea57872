//! Rows of the table: passkeys.

use super::identity::{ACCOUNT, NUMBER, PASSWORD, SIGNED_IN, TICKET, call, json};
use super::second_factor::CODE;
use super::shape::{Field, Kind, Shape, member, optional, required};
use super::{Access, Endpoint, Handler};
use crate::http::api::made_up;
use crate::http::passkeys;
use crate::http::reply::Readers;
use crate::service::guard::Cost;

use Kind::{Flag, Text};

const CLIENT_DATA: Field = required(
    &[("client_data", Text)],
    "`clientDataJSON` of the browser, as base64url",
);
const NAME: Field = required(&[("name", Text)], "one line of at most 60 characters");

/// The endpoints of passkeys.
pub(super) const ROWS: &[Endpoint] = &[
    call("/api/passkey-start", Access::Anyone, json!(passkeys::start))
        .about("Gives a challenge for signing in with a passkey. It is good once, for ten minutes.")
        .answers(&[
            member("challenge", Shape::Text, "base64url"),
            member("rp_id", Shape::Text, "the host of `site_address`"),
        ]),
    call(
        "/api/passkey-sign-in",
        Access::Anyone,
        Handler::Whole(|own, request, _| Box::pin(passkeys::sign_in(own, request))),
    )
    .about("Gives a ticket for the signature of a passkey.")
    .fields(&[
        required(&[("credential", Text)], "its identifier, as base64url"),
        CLIENT_DATA,
        required(&[("authenticator_data", Text)], "base64url"),
        required(&[("signature", Text)], "base64url"),
        optional(&[("user_handle", Text)], "base64url"),
        optional(&[("stay", Flag)], "this device is to stay signed in"),
    ])
    .answers(SIGNED_IN),
    call(
        "/api/passkey-add-start",
        Access::Anyone,
        json!(passkeys::add_start),
    )
    .about("Gives a challenge for a new passkey of the account.")
    .fields(&[ACCOUNT, TICKET, PASSWORD, CODE])
    .answers(&[
        member("challenge", Shape::Text, "base64url"),
        member("rp_id", Shape::Text, "the host of `site_address`"),
        member(
            "user_handle",
            Shape::Text,
            "the account's random name for authenticators, as base64url",
        ),
        member("account", Shape::Text, "the account's name"),
        member(
            "algorithms",
            Shape::Any,
            "the numbers of the methods of signing that are accepted",
        ),
        member(
            "known",
            Shape::Texts,
            "the identifiers of the account's passkeys, as base64url",
        ),
    ]),
    call(
        "/api/passkey-add",
        Access::Ticket,
        ticket!(passkeys::add, made_up::keeps_nothing),
    )
    .costs(Cost::Change)
    .about("Adds a passkey to the account, after `/api/passkey-add-start`.")
    .fields(&[
        NAME,
        CLIENT_DATA,
        required(&[("attestation", Text)], "`attestationObject`, as base64url"),
    ]),
    call(
        "/api/passkey-rename",
        Access::Ticket,
        ticket!(passkeys::rename, made_up::keeps_nothing),
    )
    .costs(Cost::Change)
    .about("Gives a passkey another name.")
    .fields(&[NUMBER, NAME]),
    call("/api/passkey-remove", Access::Anyone, json!(passkeys::remove))
        .about("Removes a passkey from the account, unless it is the only way to sign in.")
        .fields(&[ACCOUNT, TICKET, PASSWORD, CODE, NUMBER]),
];
