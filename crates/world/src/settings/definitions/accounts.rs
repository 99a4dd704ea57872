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
            "ticket_lifetime",
            Whole(30, 1, 10_080, "minutes"),
            Live,
            "time for which a ticket is good; clients get a new one for a ticket that is good, until session_max",
        ),
        key(
            "session_max",
            Number(168.0, 1.0, 87_600.0, "hours"),
            Live,
            "time after which the password has to be entered again: until then a ticket can be renewed",
        ),
        key(
            "logins_per_account",
            Whole(120, 1, 1_000_000, "log-ins"),
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
            "wrong_passwords_per_address",
            Whole(10, 1, 1_000_000, "passwords"),
            Live,
            "wrong passwords from one address at once; then one every 30 seconds",
        ),
        key(
            "wrong_passwords_per_account",
            Whole(20, 1, 1_000_000, "passwords"),
            Live,
            "wrong passwords for one account at once, from addresses from which it has not logged in lately; then one every minute",
        ),
        key(
            "bad_tickets_per_address",
            Whole(60, 1, 1_000_000, "tickets"),
            Live,
            "tickets from one address at once that are not good; then one every 5 seconds",
        ),
        key(
            "account_requests_per_address",
            Whole(2000, 1, 100_000_000, "requests"),
            Live,
            "requests from one address at once, pictures included; then 50 a second",
        ),
        key(
            "account_reads",
            Whole(400, 1, 100_000_000, "requests"),
            Live,
            "requests with the tickets of one account at once that only read; then 10 a second",
        ),
        key(
            "account_changes",
            Whole(60, 1, 100_000_000, "requests"),
            Live,
            "requests with the tickets of one account at once that change something; then one a second",
        ),
        key(
            "characters_per_account",
            Whole(50, 1, 10_000, "characters"),
            Live,
            "characters of one account",
        ),
        key(
            "bookmarks_per_account",
            Whole(2000, 0, 100_000, "characters"),
            Live,
            "characters that one account bookmarks",
        ),
        key(
            "friends_per_character",
            Whole(500, 0, 5000, "characters"),
            Live,
            "friends and open requests of one character",
        ),
        key(
            "reports_per_account",
            Whole(5, 1, 1_000_000, "reports"),
            Live,
            "reports with logs by one account at once; then one every minute",
        ),
        key(
            "reports_max",
            Whole(5000, 1, 1_000_000, "reports"),
            Live,
            "reports with logs that are kept; the oldest make room for new ones",
        ),
        key(
            "passwords_waiting",
            Whole(4096, 16, 1_000_000, "passwords"),
            Live,
            "passwords that may wait for their turn to be checked; when there are more, the newest of the address with the most is answered with status 503",
        ),
        key(
            "password_patience",
            Whole(45, 1, 120, "seconds"),
            Live,
            "time that a log-in may wait for its turn, so that everybody who comes back after a restart is let in; then it is answered with status 503; a reverse proxy has to wait longer than this",
        ),
        key(
            "password_threads",
            Whole(0, 0, 64, "threads"),
            Restart,
            "threads that check passwords, at a lower priority than the chat; 0 means as many as there are processors on one to three, else three quarters of them, at most 8",
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
