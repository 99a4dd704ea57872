//! Beyond the classic server.

use crate::settings::key::section;

section! {
    "Beyond the classic server",
    keys: [
        RESUME_GRACE = key(
            "resume_grace",
            Number(60.0, 0.0, 3600.0, "seconds"),
            Live,
            "time that a character stays online after its connection broke, and again time to rejoin its channels after its return; 0 logs it off at once",
        ),
        RELOAD_GRACE = key(
            "reload_grace",
            Number(15.0, 0.0, 3600.0, "seconds"),
            Live,
            "time that a character stays online after its browser reloads or leaves the page (close code 1001); 0 logs it off at once, and so does resume_grace = 0",
        ),
        FLOOD_MODE = key(
            "flood_mode",
            Choice(&["delay", "reject"]),
            Live,
            "a message that is sent too early (msg_flood) is delayed (\"delay\") or refused (\"reject\")",
        ),
        ROOM_GRACE = key(
            "room_grace",
            Number(300.0, 0.0, 86400.0, "seconds"),
            Live,
            "time that a room lives on after the connection of its last member broke; 0 ends it at once",
        ),
        STATUS_RESTORE = key(
            "status_restore",
            Flag(true),
            Live,
            "ignore the status \"offline\", which clients send after a failed reconnect, instead of taking it as \"online\"",
        ),
        ERROR_CONTEXT = key(
            "error_context",
            Flag(true),
            Live,
            "add the command, channel and character to ERR",
        ),
        IGNORE_ON_SERVER = key(
            "ignore_on_server",
            Flag(true),
            Live,
            "do not deliver private messages of ignored people; the sender gets ERR 20",
        ),
        TAKEOVER_LIMIT = key(
            "takeover_limit",
            Whole(5, 0, 1000, "in a minute"),
            Live,
            "number of takeovers of a character by another connection; beyond it the newcomer is refused; 0 for no limit",
        ),
        AD_INTERVALS = key(
            "ad_intervals",
            Flag(true),
            Live,
            "[ads: 30min] in the description of a channel sets the minimum time between two ads there",
        ),
        CHANNEL_BAN_ACCOUNTS = key(
            "channel_ban_accounts",
            Flag(true),
            Live,
            "extend bans and timeouts in channels to every character of the account",
        ),
        OFFLINE_BANS = key(
            "offline_bans",
            Flag(true),
            Live,
            "allow bans, timeouts and hell-bans of accounts by the name of an offline character",
        ),
        ADMINISTRATORS_ON_STAFF = key(
            "administrators_on_staff",
            Flag(true),
            Live,
            "administrators receive reports, are in the list of the staff (ADL) and join the staff room at the log-in, like global moderators",
        ),
        RECENT_CHARACTERS = key(
            "recent_characters",
            Whole(10_000, 0, 1_000_000, "characters"),
            Live,
            "number of logged-off characters that are remembered with their accounts, so that moderators can ban them by name",
        ),
        PING_INTERVAL = key(
            "ping_interval",
            Whole(30, 1, 80, "seconds"),
            Live,
            "time between two PINs; clients give up after 90 seconds without one",
        ),
        OUTBOX_MAX = key(
            "outbox_max",
            Whole(16_777_216, 65_536, 1_000_000_000, "bytes"),
            Live,
            "output buffer for a slow client; beyond it the connection is closed",
        ),
        DEFLATE = key(
            "deflate",
            Flag(true),
            Live,
            "compress for clients that offer it (permessage-deflate); for new connections",
        ),
        DEFLATE_MIN = key(
            "deflate_min",
            Whole(512, 0, 1_000_000, "bytes"),
            Live,
            "messages shorter than this are not compressed: they gain little",
        ),
        MAXCONNECTIONS = key(
            "maxconnections",
            Whole(100_000, 1, 10_000_000, "sockets"),
            Live,
            "maximum number of open sockets, with and without a log-in",
        ),
        IO_URING = key(
            "io_uring",
            Flag(true),
            Restart,
            "write to many sockets with one system call (io_uring), where the system permits it",
        ),
        DRAIN_TIME = key(
            "drain_time",
            Whole(5, 0, 600, "seconds"),
            Live,
            "graceful shutdown: minimum time over which connections are closed, so that clients do not all reconnect at once; longer, up to drain_time_max, if checking all passwords takes longer than password_patience; 0 closes all at once",
        ),
        DRAIN_TIME_MAX = key(
            "drain_time_max",
            Whole(60, 0, 600, "seconds"),
            Live,
            "maximum time over which connections are closed when the server stops or restarts",
        ),
        COMPAT = key(
            "compat",
            Choice(&["", "classic"]),
            Restart,
            "\"classic\" turns off the improvements over the classic server, except keys that are set explicitly",
        ),
    ]
}
