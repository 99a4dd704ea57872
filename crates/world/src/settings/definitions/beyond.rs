//! Beyond the classic server.

use crate::settings::definition::{Change, Kind, Section, key};

use Change::{Live, Restart};
use Kind::{Choice, Whole};

pub(super) const SECTION: Section = Section {
    heading: "Beyond the classic server",
    definitions: &[
        key(
            "ping_interval",
            Whole(30, 1, 80, "seconds"),
            Live,
            "time between two PINs; clients give up after 90 seconds without one",
        ),
        key(
            "outbox_max",
            Whole(16_777_216, 65_536, 1_000_000_000, "bytes"),
            Live,
            "what may wait for a client that reads slowly; then it is cut off",
        ),
        key(
            "maxconnections",
            Whole(100_000, 1, 10_000_000, "sockets"),
            Live,
            "open sockets at once, logged in or not",
        ),
        key(
            "compat",
            Choice(&["", "classic"]),
            Restart,
            "\"classic\" turns off what the classic server did not have, for comparing the two",
        ),
    ],
};
