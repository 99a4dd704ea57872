//! Accounts that the server keeps itself.

use crate::settings::definition::{Change, Kind, Section, key};

use Change::Live;
use Kind::{Choice, Whole};

pub(super) const SECTION: Section = Section {
    heading: "Accounts that the server keeps itself",
    definitions: &[
        key(
            "registration",
            Choice(&["open", "invitation", "closed"]),
            Live,
            "who may make an account on the page: everybody (open), who has an invitation's code (invitation), or nobody (closed)",
        ),
        key(
            "registrations_per_address",
            Whole(3, 1, 1_000_000, "accounts"),
            Live,
            "accounts one address may make at once; then one more every 20 minutes",
        ),
        key(
            "tickets_per_account",
            Whole(8, 1, 1000, "tickets"),
            Live,
            "tickets of an account that are good side by side",
        ),
    ],
};
