//! Rows of the table: log-ins of the built-in page, and devices that stay signed in.

use super::shape::{Field, Kind, Member, Shape, member, optional};
use super::{Access, Endpoint, Family, Handler, Place};
use crate::http::api::made_up;
use crate::http::devices;
use crate::service::guard::Cost;

use Kind::{Flag, Number, Text};

const GRANT: &[Member] = &[
    member("account", Shape::Text, "the account's name"),
    member("ticket", Shape::Text, ""),
    member("stays", Shape::Flag, "whether the device stays signed in"),
    member(
        "characters",
        Shape::List(&[
            member("character_id", Shape::Number, ""),
            member("name", Shape::Text, ""),
            member("gender", Shape::Text, ""),
        ]),
        "",
    ),
    member("default_character", Shape::Text, "a name"),
];
const KEPT: Field = optional(
    &[("character", Text)],
    "a character that is online from the same address: its connection stays",
);

/// An endpoint that sets or reads the cookie of a device.
macro_rules! page {
    ($path:literal, $access:expr, $handler:path) => {
        Endpoint::new(
            Place::Exact($path),
            Family::Site,
            $access,
            Handler::Whole(|own, request, _| Box::pin($handler(own, request))),
        )
    };
}

/// The endpoints for log-ins of the page.
pub(super) const ROWS: &[Endpoint] = &[
    page!("/api/sign-in", Access::Password, devices::sign_in)
        .about(
            "Gives a ticket for the right password. With `stay` the device stays signed in: the answer sets its cookie. The \
             device of an earlier cookie is signed out.",
        )
        .fields(&[optional(&[("stay", Flag)], "this device is to stay signed in")])
        .answers(GRANT),
    page!("/api/confirm", Access::Password, devices::confirm)
        .about(
            "Gives a ticket that goes back to now, for endpoints that ask for a fresh log-in. With the cookie of a device the \
             ticket is the device's.",
        )
        .answers(GRANT),
    page!("/api/resume", Access::Device, devices::resume)
        .costs(Cost::Change)
        .about("Gives a ticket for a device that stays signed in. The answer may set the next cookie.")
        .answers(GRANT),
    page!("/api/sign-out", Access::Device, devices::sign_out)
        .about("Signs the device out. The tickets that it got end."),
    Endpoint::new(
        Place::Exact("/api/devices"),
        Family::Site,
        Access::Ticket,
        ticket!(devices::devices, made_up::keeps_nothing),
    )
    .costs(Cost::Read)
    .about("Lists the devices that stay signed in, the last used first.")
    .answers(&[member(
        "devices",
        Shape::List(&[
            member("id", Shape::Number, ""),
            member("name", Shape::Text, "the browser in words"),
            member("address", Shape::Text, "the address group of the last use"),
            member("created_at", Shape::Number, "Unix seconds"),
            member("seen_at", Shape::Number, "Unix seconds"),
            member("current", Shape::Flag, "whether the ticket is the device's"),
        ]),
        "",
    )]),
    Endpoint::new(
        Place::Exact("/api/device-revoke"),
        Family::Site,
        Access::Ticket,
        ticket!(devices::revoke, made_up::keeps_nothing),
    )
    .costs(Cost::Change)
    .about("Signs a device out, or all others. Their tickets end, and the connections of the account are closed.")
    .fields(&[
        optional(&[("id", Number)], "the number of the device"),
        optional(&[("others", Flag)], "all devices but the one of the ticket"),
        KEPT,
    ])
    .answers(&[member("ended", Shape::Number, "devices that were signed out")]),
];
