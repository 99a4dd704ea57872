//! Limits of texts and lists.

use crate::settings::key::section;

section! {
    "Limits of texts and lists",
    keys: [
        MSG_MAX = key(
            "msg_max",
            Whole(4096, 1, 524_288, "bytes"),
            Live,
            "length of a message in a public channel",
        ),
        PRIV_MAX = key(
            "priv_max",
            Whole(50_000, 1, 524_288, "bytes"),
            Live,
            "length of a private message, or of a message in a room",
        ),
        LFRP_MAX = key(
            "lfrp_max",
            Whole(50_000, 1, 524_288, "bytes"),
            Live,
            "length of an ad",
        ),
        CDS_MAX = key(
            "cds_max",
            Whole(50_000, 1, 524_288, "bytes"),
            Live,
            "length of a channel description",
        ),
        CHANNEL_MODERATORS_MAX = key(
            "channel_moderators_max",
            Whole(100, 1, 10_000, "names"),
            Live,
            "moderators of a channel, beside its owner",
        ),
        CHANNEL_BANS_MAX = key(
            "channel_bans_max",
            Whole(300, 1, 10_000, "names"),
            Live,
            "bans and timeouts of a channel; the staff may add more, up to channel_bans_staff_max",
        ),
        CHANNEL_BANS_STAFF_MAX = key(
            "channel_bans_staff_max",
            Whole(1000, 1, 10_000, "names"),
            Live,
            "bans and timeouts of a channel, also for the staff",
        ),
        NAME_BANS_MAX = key(
            "name_bans_max",
            Whole(10_000, 1, 1_000_000, "names"),
            Live,
            "bans, timeouts and hell-bans by the names of characters whose accounts are not known",
        ),
        TIMEOUT_MAX = key(
            "timeout_max",
            Whole(5_256_000, 1, 52_560_000, "minutes"),
            Live,
            "longest timeout from a channel or the server; the default is ten years",
        ),
        REASON_MAX = key(
            "reason_max",
            Whole(1000, 1, 65_536, "bytes"),
            Live,
            "length of the reason that a moderator gives",
        ),
        GLOBAL_MODERATORS_MAX = key(
            "global_moderators_max",
            Whole(1000, 1, 10_000, "names"),
            Live,
            "global moderators, and as many super moderators",
        ),
        IGNORES_MAX = key(
            "ignores_max",
            Whole(300, 1, 10_000, "names"),
            Live,
            "names that the characters of an account may ignore",
        ),
        INVITATIONS_MAX = key(
            "invitations_max",
            Whole(1000, 1, 10_000, "names"),
            Live,
            "invitations of a room; when it is full, those of offline characters are dropped",
        ),
        STAFFCALL_MAX = key(
            "staffcall_max",
            Whole(10_240, 1, 524_288, "bytes"),
            Live,
            "length of a report to the staff",
        ),
        STAFFCALLS_PER_ACCOUNT = key(
            "staffcalls_per_account",
            Whole(3, 1, 1000, "reports"),
            Live,
            "open reports of one account",
        ),
        STAFFCALLS_MAX = key(
            "staffcalls_max",
            Whole(1000, 1, 100_000, "reports"),
            Live,
            "all open reports; when there are more, the newest reports of the sender with the most bytes are dropped",
        ),
        STAFFCALLS_PAGE = key(
            "staffcalls_page",
            Whole(50, 1, 10_000, "reports"),
            Live,
            "open reports that a moderator gets in one second; the others follow",
        ),
        STAFFCALLS_BYTES = key(
            "staffcalls_bytes",
            Whole(1_048_576, 4096, 67_108_864, "bytes"),
            Live,
            "all open reports together; when it is full, the newest reports of the sender with the most bytes are dropped",
        ),
    ]
}
