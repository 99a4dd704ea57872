//! Flood protection.

use crate::settings::key::section;

section! {
    "Flood protection",
    keys: [
        MSG_FLOOD = key(
            "msg_flood",
            Number(0.5, 0.0, 86400.0, "seconds"),
            Live,
            "time between two messages of a character",
        ),
        STA_FLOOD = key(
            "sta_flood",
            Number(5.0, 0.0, 86400.0, "seconds"),
            Live,
            "time between two changes of status",
        ),
        TOPIC_FLOOD = key(
            "topic_flood",
            Number(5.0, 0.0, 86400.0, "seconds"),
            Live,
            "time between two changes of a topic by a character",
        ),
        LFRP_FLOOD = key(
            "lfrp_flood",
            Number(600.0, 0.0, 604_800.0, "seconds"),
            Live,
            "time between two ads of a character in a channel",
        ),
        KINKS_FLOOD = key(
            "kinks_flood",
            Number(10.0, 0.0, 86400.0, "seconds"),
            Live,
            "time between two requests for kinks",
        ),
        PROFILE_FLOOD = key(
            "profile_flood",
            Number(10.0, 0.0, 86400.0, "seconds"),
            Live,
            "time between two requests for profiles",
        ),
        FIND_FLOOD = key(
            "find_flood",
            Number(10.0, 0.0, 86400.0, "seconds"),
            Live,
            "time between two searches, for scripts that ask; FKS itself always allows one in 5 seconds",
        ),
        STAFFCALL_FLOOD = key(
            "staffcall_flood",
            Number(120.0, 0.0, 86400.0, "seconds"),
            Live,
            "time between two reports to the staff",
        ),
        IGNORE_FLOOD = key(
            "ignore_flood",
            Number(30.0, 0.0, 86400.0, "seconds"),
            Live,
            "time between two notices (IGN notify) to an ignored character",
        ),
        COMMAND_RATE = key(
            "command_rate",
            Number(10.0, 0.0, 1_000_000.0, "commands per second"),
            Live,
            "rate limit of plain commands of an account; a command with many recipients or much output counts as several; 0 for no limit",
        ),
        COMMAND_BURST = key(
            "command_burst",
            Whole(300, 1, 1_000_000_000, "commands"),
            Live,
            "plain commands that an account may send at once before command_rate applies",
        ),
        COMMANDS_WAITING_MAX = key(
            "commands_waiting_max",
            Whole(100, 1, 100_000, "commands"),
            Live,
            "maximum number of waiting commands of a connection, other than messages (because of command_rate, or behind a message)",
        ),
        MESSAGES_WAITING_MAX = key(
            "messages_waiting_max",
            Whole(5, 1, 1000, "messages"),
            Live,
            "maximum number of delayed messages of a connection (flood_mode)",
        ),
        WAITING_BYTES_MAX = key(
            "waiting_bytes_max",
            Whole(262_144, 1024, 16_777_216, "bytes"),
            Live,
            "length of all commands of a connection that wait",
        ),
        MODERATOR_LISTS_BURST = key(
            "moderator_lists_burst",
            Whole(20, 1, 10_000, "lists"),
            Live,
            "lists of moderators (COL) that are sent to a whole channel at once before moderator_lists_pause applies",
        ),
        MODERATOR_LISTS_PAUSE = key(
            "moderator_lists_pause",
            Number(1.0, 0.0, 3600.0, "seconds"),
            Live,
            "time between two lists of moderators (COL) to a whole channel; changes meanwhile are combined; 0 for no limit",
        ),
        PEOPLE_REMEMBERED_MAX = key(
            "people_remembered_max",
            Whole(100_000, 1000, 10_000_000, "accounts"),
            Live,
            "maximum number of offline accounts with remembered rate limits; the limits that end first are forgotten first",
        ),
        LOGIN_BURST = key(
            "login_burst",
            Whole(20, 1, 1_000_000, "log-ins"),
            Live,
            "log-ins of an account at once before login_pause applies",
        ),
        LOGIN_PAUSE = key(
            "login_pause",
            Number(5.0, 0.0, 3600.0, "seconds"),
            Live,
            "time between two log-ins of an account in the long run; 0 for no limit",
        ),
        LOGIN_WAIT_MAX = key(
            "login_wait_max",
            Number(15.0, 0.0, 300.0, "seconds"),
            Live,
            "maximum wait of a log-in for login_pause; a log-in that would wait longer is refused",
        ),
        LOGINS_WAITING_MAX = key(
            "logins_waiting_max",
            Whole(1000, 1, 100_000, "log-ins"),
            Live,
            "log-ins of the whole server that wait for login_pause; further ones are refused",
        ),
        INVITATION_FLOOD = key(
            "invitation_flood",
            Number(60.0, 0.0, 86400.0, "seconds"),
            Live,
            "time between two invitations of the same character to the same room by the same account; 0 for no limit",
        ),
        INVITATIONS_PER_RECIPIENT = key(
            "invitations_per_recipient",
            Whole(5, 1, 10_000, "invitations"),
            Live,
            "invitations that an account may send to one character, for different rooms, within invitation_flood",
        ),
        INVITATIONS_PER_ACCOUNT = key(
            "invitations_per_account",
            Whole(500, 1, 10_000, "invitations"),
            Live,
            "invitations that an account may send within invitation_flood",
        ),
        ROOM_FLOOD = key(
            "room_flood",
            Number(15.0, 0.0, 86400.0, "seconds"),
            Live,
            "time between two rooms that an account makes, after room_burst at once; 0 for no limit",
        ),
        ROOM_BURST = key(
            "room_burst",
            Whole(5, 1, 1_000_000, "rooms"),
            Live,
            "rooms that an account may make at once before room_flood applies",
        ),
        ROOMS_PER_ACCOUNT = key(
            "rooms_per_account",
            Whole(20, 1, 1_000_000, "rooms"),
            Live,
            "maximum number of existing rooms that an account has made",
        ),
        ROOMS_MAX = key(
            "rooms_max",
            Whole(10_000, 1, 10_000_000, "rooms"),
            Live,
            "rooms of the whole server, private and open ones",
        ),
        CHANNEL_LIST_MAX = key(
            "channel_list_max",
            Whole(262_144, 1024, 16_777_216, "bytes"),
            Live,
            "maximum length of the lists of channels (CHA) and open rooms (ORS); beyond it the channels with the fewest members are left out",
        ),
    ]
}
