//! Scripts.

use crate::settings::definition::{Change, Kind, Section, key};

use Change::Live;
use Kind::{Flag, Number, Whole};

pub(super) const SECTION: Section = Section {
    heading: "Scripts",
    definitions: &[
        key(
            "luaenabletimeout",
            Flag(true),
            Live,
            "whether scripts are stopped when they run too long",
        ),
        key(
            "luatimeout",
            Number(0.25, 0.001, 60.0, "seconds"),
            Live,
            "time for one call of a script",
        ),
        key(
            "luarepeattimeout",
            Number(0.05, 0.001, 60.0, "seconds"),
            Live,
            "time for further calls right after one that ran too long",
        ),
        key(
            "luamemory",
            Whole(64, 4, 65536, "MiB"),
            Live,
            "memory for the script",
        ),
    ],
};
