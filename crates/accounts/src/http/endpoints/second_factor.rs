//! Rows of the table: the second factor, recovery codes, application passwords, and links that reset a password.

use super::shape::{Field, Kind, Member, Shape, member, optional, required};
use super::{Access, Endpoint, Family, Handler, Place};
use crate::http::api::made_up;
use crate::http::reply::Readers;
use crate::http::{reset, second_factor};
use crate::service::guard::Cost;

use Kind::{Number, Text};

const RECOVERY: &[Member] = &[member(
    "recovery_codes",
    Shape::Texts,
    "shown this once; each is good once",
)];
const CODE: Field = optional(
    &[("code", Text)],
    "of the app, or a recovery code; required where the account has a second factor",
);

const fn signed(path: &'static str, cost: Cost, handler: Handler) -> Endpoint {
    Endpoint::new(Place::Exact(path), Family::Site, Access::Ticket, handler).costs(cost)
}

const fn confirmed(path: &'static str, handler: Handler) -> Endpoint {
    Endpoint::new(Place::Exact(path), Family::Site, Access::Password, handler)
}

/// The endpoints for second factors.
pub(super) const ROWS: &[Endpoint] = &[
    signed(
        "/api/second-factor",
        Cost::Read,
        ticket!(second_factor::state, made_up::keeps_nothing),
    )
    .about("Tells whether the account has a second factor, and lists its application passwords.")
    .answers(&[
        member("on", Shape::Flag, ""),
        member("recovery_codes", Shape::Number, "codes that are left"),
        member(
            "applications",
            Shape::List(&[
                member("id", Shape::Number, ""),
                member("name", Shape::Text, ""),
                member("created_at", Shape::Number, "Unix seconds"),
                member("used_at", Shape::Number, "Unix seconds; 0 for never"),
            ]),
            "",
        ),
    ]),
    confirmed("/api/second-factor-begin", password!(second_factor::begin))
        .about("Gives the secret for an authenticator app. It counts when `second-factor-confirm` got a code of it, within 15 minutes.")
        .fields(&[optional(&[("issuer", Text)], "the name of the site in the app"), CODE])
        .answers(&[
            member("secret", Shape::Text, "in base32, to be typed"),
            member("uri", Shape::Text, "`otpauth://…`"),
            member("qr", Shape::Text, "a picture with the address: SVG as a `data:` address"),
        ]),
    signed(
        "/api/second-factor-confirm",
        Cost::Change,
        ticket!(second_factor::confirm, made_up::keeps_nothing),
    )
    .about("Puts the second factor in force. From then on each password needs a code, and clients need an application password.")
    .fields(&[required(&[("code", Text)], "the code that the app shows")])
    .answers(RECOVERY),
    confirmed("/api/second-factor-remove", password!(second_factor::remove))
        .about("Switches the second factor off. Recovery codes and application passwords end.")
        .fields(&[CODE]),
    confirmed("/api/recovery-codes", password!(second_factor::new_recovery_codes))
        .about("Gives new recovery codes. All others end.")
        .fields(&[CODE])
        .answers(RECOVERY),
    confirmed("/api/application-password", password!(second_factor::add_application))
        .about("Makes a password for a program that cannot ask for a code: `getApiTicket` and the website take it.")
        .fields(&[required(&[("name", Text)], "at most 40 characters, such as the program's"), CODE])
        .answers(&[
            member("id", Shape::Number, ""),
            member("application_password", Shape::Text, "shown this once"),
        ]),
    signed(
        "/api/application-password-remove",
        Cost::Change,
        ticket!(second_factor::remove_application, made_up::keeps_nothing),
    )
    .about("Removes an application password. The tickets that it got end.")
    .fields(&[required(&[("id", Number)], "its number")]),
    Endpoint::new(
        Place::Exact("/api/reset"),
        Family::Site,
        Access::Anyone,
        Handler::Whole(|own, request, _| {
            Box::pin(async move { own.json(reset::answer(&own, &request).await, Readers::Site) })
        }),
    )
    .about("Sets a new password by a link of the operator, once. All tickets, devices and application passwords of the account end; a second factor stays.")
    .fields(&[
        required(&[("token", Text)], "the part of the link's address after `reset=`"),
        required(&[("new_password", Text)], ""),
    ])
    .answers(&[member("account", Shape::Text, "the account's name")]),
];
