//! Limits of what is said.

use crate::settings::definition::{Change, Kind, Section, key};

use Change::Live;
use Kind::Whole;

pub(super) const SECTION: Section = Section {
    heading: "Limits of what is said",
    definitions: &[
        key(
            "msg_max",
            Whole(4096, 1, 524_288, "bytes"),
            Live,
            "length of a message in a public channel",
        ),
        key(
            "priv_max",
            Whole(50_000, 1, 524_288, "bytes"),
            Live,
            "length of a private message, or of a message in a room",
        ),
        key(
            "lfrp_max",
            Whole(50_000, 1, 524_288, "bytes"),
            Live,
            "length of an ad",
        ),
        key(
            "cds_max",
            Whole(50_000, 1, 524_288, "bytes"),
            Live,
            "length of a channel description",
        ),
    ],
};
