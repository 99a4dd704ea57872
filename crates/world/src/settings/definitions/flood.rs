//! Flood protection.

use crate::settings::definition::{Change, Kind, Section, key};

use Change::Live;
use Kind::Number;

pub(super) const SECTION: Section = Section {
    heading: "Flood protection",
    definitions: &[
        key(
            "msg_flood",
            Number(0.5, 0.0, 86400.0, "seconds"),
            Live,
            "time between two messages of a connection",
        ),
        key(
            "sta_flood",
            Number(5.0, 0.0, 86400.0, "seconds"),
            Live,
            "time between two changes of status",
        ),
        key(
            "lfrp_flood",
            Number(600.0, 0.0, 604_800.0, "seconds"),
            Live,
            "time between two ads of a character in a channel",
        ),
        key(
            "kinks_flood",
            Number(10.0, 0.0, 86400.0, "seconds"),
            Live,
            "time between two requests for kinks",
        ),
        key(
            "profile_flood",
            Number(10.0, 0.0, 86400.0, "seconds"),
            Live,
            "time between two requests for profiles",
        ),
        key(
            "find_flood",
            Number(10.0, 0.0, 86400.0, "seconds"),
            Live,
            "time between two searches, for scripts that ask; FKS itself always allows one in 5 seconds",
        ),
        key(
            "staffcall_flood",
            Number(120.0, 0.0, 86400.0, "seconds"),
            Live,
            "time between two reports to the staff",
        ),
        key(
            "ignore_flood",
            Number(30.0, 0.0, 86400.0, "seconds"),
            Live,
            "time between two notes to somebody that one ignores them",
        ),
    ],
};
