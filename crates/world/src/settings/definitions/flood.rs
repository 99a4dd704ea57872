//! Flood protection.

use crate::settings::definition::{Change, Kind, Section, key};

use Change::Live;
use Kind::{Number, Whole};

pub(super) const SECTION: Section = Section {
    heading: "Flood protection",
    definitions: &[
        key(
            "msg_flood",
            Number(0.5, 0.0, 86400.0, "seconds"),
            Live,
            "time between two messages of a character",
        ),
        key(
            "sta_flood",
            Number(5.0, 0.0, 86400.0, "seconds"),
            Live,
            "time between two changes of status",
        ),
        key(
            "lfrp_flood",
            Number(600.0, 0.0, 604_800.0, "seconds"),
            Live,
            "time between two ads of a character in a channel",
        ),
        key(
            "kinks_flood",
            Number(10.0, 0.0, 86400.0, "seconds"),
            Live,
            "time between two requests for kinks",
        ),
        key(
            "profile_flood",
            Number(10.0, 0.0, 86400.0, "seconds"),
            Live,
            "time between two requests for profiles",
        ),
        key(
            "find_flood",
            Number(10.0, 0.0, 86400.0, "seconds"),
            Live,
            "time between two searches, for scripts that ask; FKS itself always allows one in 5 seconds",
        ),
        key(
            "staffcall_flood",
            Number(120.0, 0.0, 86400.0, "seconds"),
            Live,
            "time between two reports to the staff",
        ),
        key(
            "ignore_flood",
            Number(30.0, 0.0, 86400.0, "seconds"),
            Live,
            "time between two notices (IGN notify) to an ignored character",
        ),
        key(
            "command_rate",
            Number(10.0, 0.0, 1_000_000.0, "commands per second"),
            Live,
            "rate limit of plain commands of an account; a command with many recipients or much output counts as several; 0 for no limit",
        ),
        key(
            "command_burst",
            Whole(300, 1, 1_000_000_000, "commands"),
            Live,
            "plain commands that an account may send at once before command_rate applies",
        ),
        key(
            "commands_waiting_max",
            Whole(100, 1, 100_000, "commands"),
            Live,
            "maximum number of waiting commands of a connection, other than messages (because of command_rate, or behind a message)",
        ),
        key(
            "messages_waiting_max",
            Whole(5, 1, 1000, "messages"),
            Live,
            "maximum number of delayed messages of a connection (flood_mode)",
        ),
        key(
            "waiting_bytes_max",
            Whole(262_144, 1024, 16_777_216, "bytes"),
            Live,
            "length of all commands of a connection that wait",
        ),
        key(
            "moderator_lists_burst",
            Whole(20, 1, 10_000, "lists"),
            Live,
            "lists of moderators (COL) that are sent to a whole channel at once before moderator_lists_pause applies",
        ),
        key(
            "moderator_lists_pause",
            Number(1.0, 0.0, 3600.0, "seconds"),
            Live,
            "time between two lists of moderators (COL) to a whole channel; changes meanwhile are combined; 0 for no limit",
        ),
        key(
            "people_remembered_max",
            Whole(100_000, 1000, 10_000_000, "accounts"),
            Live,
            "maximum number of offline accounts with remembered rate limits; the limits that end first are forgotten first",
        ),
        key(
            "login_burst",
            Whole(20, 1, 1_000_000, "log-ins"),
            Live,
            "log-ins of an account at once before login_pause applies",
        ),
        key(
            "login_pause",
            Number(5.0, 0.0, 3600.0, "seconds"),
            Live,
            "time between two log-ins of an account in the long run; 0 for no limit",
        ),
        key(
            "login_wait_max",
            Number(15.0, 0.0, 300.0, "seconds"),
            Live,
            "maximum wait of a log-in for login_pause; a log-in that would wait longer is refused",
        ),
        key(
            "logins_waiting_max",
            Whole(1000, 1, 100_000, "log-ins"),
            Live,
            "log-ins of the whole server that wait for login_pause; further ones are refused",
        ),
        key(
            "invitation_flood",
            Number(60.0, 0.0, 86400.0, "seconds"),
            Live,
            "time between two invitations of the same character to the same room by the same account; 0 for no limit",
        ),
        key(
            "invitations_per_recipient",
            Whole(5, 1, 10_000, "invitations"),
            Live,
            "invitations that an account may send to one character, for different rooms, within invitation_flood",
        ),
        key(
            "invitations_per_account",
            Whole(500, 1, 10_000, "invitations"),
            Live,
            "invitations that an account may send within invitation_flood",
        ),
        key(
            "room_flood",
            Number(15.0, 0.0, 86400.0, "seconds"),
            Live,
            "time between two rooms that an account makes, after room_burst at once; 0 for no limit",
        ),
        key(
            "room_burst",
            Whole(5, 1, 1_000_000, "rooms"),
            Live,
            "rooms that an account may make at once before room_flood applies",
        ),
        key(
            "rooms_per_account",
            Whole(20, 1, 1_000_000, "rooms"),
            Live,
            "maximum number of existing rooms that an account has made",
        ),
        key(
            "rooms_max",
            Whole(10_000, 1, 10_000_000, "rooms"),
            Live,
            "rooms of the whole server, private and open ones",
        ),
        key(
            "channel_list_max",
            Whole(262_144, 1024, 16_777_216, "bytes"),
            Live,
            "maximum length of the lists of channels (CHA) and open rooms (ORS); beyond it the channels with the fewest members are left out",
        ),
    ],
};
