//! Scripts.

use crate::settings::key::section;

section! {
    "Scripts",
    keys: [
        LUAENABLETIMEOUT = key(
            "luaenabletimeout",
            Flag(true),
            Live,
            "whether scripts are stopped when they run too long",
        ),
        LUATIMEOUT = key(
            "luatimeout",
            Number(0.25, 0.001, 60.0, "seconds"),
            Live,
            "time for one call of a script",
        ),
        LUAREPEATTIMEOUT = key(
            "luarepeattimeout",
            Number(0.05, 0.001, 60.0, "seconds"),
            Live,
            "time for further calls right after one that ran too long",
        ),
        LUAMEMORY = key(
            "luamemory",
            Whole(64, 4, 65536, "MiB"),
            Live,
            "memory for the script",
        ),
        LUACONNECTIONDATA = key(
            "luaconnectiondata",
            Whole(1024, 16, 1_048_576, "KiB"),
            Live,
            "what scripts can have the server keep with one connection: friends, ignored names, info tags, kinks, roles and setMiscData",
        ),
        SCRIPT_PROBATION = key(
            "script_probation",
            Number(60.0, 0.0, 86400.0, "seconds"),
            Live,
            "scripts that were read again are on probation so long, and for 100 calls: when they fail, the ones before them come back; 0 for no probation",
        ),
        SCRIPT_PROBATION_FAILURES = key(
            "script_probation_failures",
            Whole(3, 1, 1000, "failures"),
            Live,
            "a function of such scripts may fail less often than this, or in less than half of its calls; functions that failed before do not count",
        ),
        ISOLATEDMAX = key(
            "isolatedmax",
            Whole(4, 0, 100, "administrators"),
            Live,
            "who may try out rules of their own at once (ZZZ isolate)",
        ),
        ISOLATEDTIMEOUT = key(
            "isolatedtimeout",
            Number(0.1, 0.001, 60.0, "seconds"),
            Live,
            "time for one call of such rules; after one that took longer they rest for 2 seconds",
        ),
        ISOLATEDMEMORY = key(
            "isolatedmemory",
            Whole(16, 4, 65536, "MiB"),
            Live,
            "memory for such rules, for each who tries some out",
        ),
    ]
}
