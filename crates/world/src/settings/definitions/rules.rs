//! Rules.

use crate::settings::definition::{Change, Kind, Section, key};

use Change::Live;
use Kind::List;

/// The genders that the protocol names.
pub const GENDERS: &[&str] = &[
    "None",
    "Male",
    "Female",
    "Transgender",
    "Herm",
    "Shemale",
    "Male-Herm",
    "Cunt-boy",
];

pub(super) const SECTION: Section = Section {
    heading: "Rules",
    definitions: &[
        key(
            "blacklist_phrases",
            List(&[]),
            Live,
            "messages with one of these phrases are swallowed",
        ),
        key(
            "genders",
            List(GENDERS),
            Live,
            "the genders that a character can have; others become None",
        ),
    ],
};
