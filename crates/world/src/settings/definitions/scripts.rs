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
        key(
            "isolatedmax",
            Whole(4, 0, 100, "administrators"),
            Live,
            "who may try out rules of their own at once (ZZZ isolate)",
        ),
        key(
            "isolatedtimeout",
            Number(0.1, 0.001, 60.0, "seconds"),
            Live,
            "time for one call of such rules; after one that took longer they rest for 2 seconds",
        ),
        key(
            "isolatedmemory",
            Whole(16, 4, 65536, "MiB"),
            Live,
            "memory for such rules, for each who tries some out",
        ),
    ],
};
