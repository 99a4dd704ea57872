//! Accounts that the server keeps itself.

use crate::settings::definition::{Change, Kind, Section, key};

use Change::{Live, Restart};
use Kind::{Choice, List, Number, Whole};

pub(super) const SECTION: Section = Section {
    heading: "Accounts that the server keeps itself",
    definitions: &[
        key(
            "registration",
            Choice(&["open", "invitation", "closed"]),
            Live,
            "who may make an account on the page: everybody (open), who has an invitation's code (invitation), or nobody (closed)",
        ),
        key(
            "registrations_per_address",
            Whole(3, 1, 1_000_000, "accounts"),
            Live,
            "accounts one address may make at once; then one more every 20 minutes",
        ),
        key(
            "tickets_per_account",
            Whole(8, 1, 1000, "tickets"),
            Live,
            "tickets of an account that are good side by side",
        ),
        key(
            "session_max",
            Number(168.0, 1.0, 87_600.0, "hours"),
            Live,
            "time after which the password has to be entered again: until then a ticket can be renewed",
        ),
        key(
            "logins_per_account",
            Whole(30, 1, 1_000_000, "log-ins"),
            Live,
            "log-ins to one account from one address at once, good ones too; then one every 2 seconds, for which the next ones wait",
        ),
        key(
            "logins_per_address",
            Whole(1000, 1, 1_000_000, "log-ins"),
            Live,
            "log-ins from one address at once, good ones too; then 50 a second, for which the next ones wait",
        ),
        key(
            "passwords_waiting",
            Whole(1024, 16, 1_000_000, "passwords"),
            Live,
            "passwords that may wait for their turn to be checked; when there are more, the newest of the address with the most is answered with status 503",
        ),
        key(
            "password_patience",
            Whole(10, 1, 60, "seconds"),
            Live,
            "time that a password may wait for its turn to be checked; then it is answered with status 503",
        ),
        key(
            "password_threads",
            Whole(0, 0, 64, "threads"),
            Restart,
            "threads that check passwords, at a lower priority than the chat; 0 means half as many as there are processors, from 1 to 4",
        ),
        key(
            "password_memory",
            Whole(19, 7, 1024, "MiB"),
            Restart,
            "memory that the check of one password takes; with less of it a check makes more passes, as OWASP advises",
        ),
        key(
            "reserved_names",
            List(&[
                "Admin",
                "Administrator",
                "Moderator",
                "Mod",
                "Operator",
                "System",
                "Server",
                "Staff",
                "Support",
                "Helpdesk",
                "Official",
                "Webmaster",
                "Console",
                "Root",
                "Everyone",
                "Fchatd",
            ]),
            Live,
            "names that people may not give to an account or a character, nor names that look the same; the command line may",
        ),
        key(
            "min_account_age",
            Number(0.0, 0.0, 8760.0, "hours"),
            Live,
            "age that an account must have to make rooms and post ads; 0 for any. Staff may always",
        ),
    ],
};
