//! Scripts.

use crate::settings::key::section;

section! {
    "Scripts",
    keys: [
        LUAENABLETIMEOUT = key(
            "luaenabletimeout",
            Flag(true),
            Live,
            "stop scripts that run too long",
        ),
        LUATIMEOUT = key(
            "luatimeout",
            Number(0.25, 0.001, 60.0, "seconds"),
            Live,
            "time limit for one call of a script",
        ),
        LUAREPEATTIMEOUT = key(
            "luarepeattimeout",
            Number(0.05, 0.001, 60.0, "seconds"),
            Live,
            "time limit for further calls right after one that ran too long",
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
            "memory for the data that scripts store with one connection: friends, ignored names, info tags, kinks, roles and setMiscData",
        ),
        SCRIPT_PROBATION = key(
            "script_probation",
            Number(60.0, 0.0, 86400.0, "seconds"),
            Live,
            "probation of reloaded scripts, and for at least 100 calls: when they fail, the previous scripts return; 0 for no probation",
        ),
        SCRIPT_PROBATION_FAILURES = key(
            "script_probation_failures",
            Whole(3, 1, 1000, "failures"),
            Live,
            "failures of one function, in at least half of its calls, that end the probation; functions that failed before the reload do not count",
        ),
        ISOLATEDMAX = key(
            "isolatedmax",
            Whole(4, 0, 100, "administrators"),
            Live,
            "maximum number of administrators with trial rules (ZZZ isolate)",
        ),
        ISOLATEDTIMEOUT = key(
            "isolatedtimeout",
            Number(0.1, 0.001, 60.0, "seconds"),
            Live,
            "time limit for one call of trial rules; after a longer call they pause for 2 seconds",
        ),
        ISOLATEDMEMORY = key(
            "isolatedmemory",
            Whole(16, 4, 65536, "MiB"),
            Live,
            "memory for the trial rules of one administrator",
        ),
    ]
}
