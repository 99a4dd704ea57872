//! Beyond the classic server.

use crate::settings::key::section;

section! {
    "Beyond the classic server",
    keys: [
        RESUME_GRACE = key(
            "resume_grace",
            Number(60.0, 0.0, 3600.0, "seconds"),
            Live,
            "a character whose connection broke stays online so long, and so long it has for its channels when it is back; 0 logs it off at once",
        ),
        RELOAD_GRACE = key(
            "reload_grace",
            Number(15.0, 0.0, 3600.0, "seconds"),
            Live,
            "a character whose browser reloads or leaves the page (close code 1001) stays online so long; 0 logs it off at once, and so does resume_grace = 0",
        ),
        FLOOD_MODE = key(
            "flood_mode",
            Choice(&["delay", "reject"]),
            Live,
            "a message that comes too early (msg_flood) waits its turn (\"delay\"), or is an error (\"reject\")",
        ),
        ROOM_GRACE = key(
            "room_grace",
            Number(300.0, 0.0, 86400.0, "seconds"),
            Live,
            "a room whose last member's connection broke lives on so long; 0 ends it at once",
        ),
        STATUS_RESTORE = key(
            "status_restore",
            Flag(true),
            Live,
            "whether the status \"offline\", which clients send after a failed reconnect, is ignored instead of taken as \"online\"",
        ),
        ERROR_CONTEXT = key(
            "error_context",
            Flag(true),
            Live,
            "whether ERR also tells the command, channel and character that it is about",
        ),
        IGNORE_ON_SERVER = key(
            "ignore_on_server",
            Flag(true),
            Live,
            "whether people hear nothing of whom they ignore; the sender gets ERR 20",
        ),
        TAKEOVER_LIMIT = key(
            "takeover_limit",
            Whole(5, 0, 1000, "in a minute"),
            Live,
            "a character can be taken over so often by another connection, then the newcomer is refused; 0 for no limit",
        ),
        AD_INTERVALS = key(
            "ad_intervals",
            Flag(true),
            Live,
            "whether [ads: 30min] in the description of a channel is the least time between two ads there",
        ),
        CHANNEL_BAN_ACCOUNTS = key(
            "channel_ban_accounts",
            Flag(true),
            Live,
            "whether bans and timeouts of channels keep out every character of the account",
        ),
        OFFLINE_BANS = key(
            "offline_bans",
            Flag(true),
            Live,
            "whether accounts can be banned, timed out and hell-banned by the name of a character that is not online",
        ),
        ADMINISTRATORS_ON_STAFF = key(
            "administrators_on_staff",
            Flag(true),
            Live,
            "whether administrators hear reports, are in the list of the staff (ADL) and come into the staff room at the log-in, as global moderators do",
        ),
        RECENT_CHARACTERS = key(
            "recent_characters",
            Whole(10_000, 0, 1_000_000, "characters"),
            Live,
            "so many characters that have left are remembered with their accounts, so that moderators can ban them by name",
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
            "what may wait for a client that reads slowly; then it is cut off",
        ),
        DEFLATE = key(
            "deflate",
            Flag(true),
            Live,
            "whether clients that offer compression (permessage-deflate) get it; for new connections",
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
            "open sockets at once, logged in or not",
        ),
        IO_URING = key(
            "io_uring",
            Flag(true),
            Restart,
            "write to many sockets with one system call, where the system lets us",
        ),
        DRAIN_TIME = key(
            "drain_time",
            Whole(5, 0, 600, "seconds"),
            Live,
            "the least time over which connections are closed when the server stops, so that people do not all come back at once; where checking all their passwords takes longer than password_patience it is longer by that, up to drain_time_max; 0 closes all at once",
        ),
        DRAIN_TIME_MAX = key(
            "drain_time_max",
            Whole(60, 0, 600, "seconds"),
            Live,
            "the greatest time over which connections are closed when the server stops or restarts",
        ),
        COMPAT = key(
            "compat",
            Choice(&["", "classic"]),
            Restart,
            "\"classic\" turns off what the classic server did not have, but for keys that are set themselves",
        ),
    ]
}
