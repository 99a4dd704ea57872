//! Log-in.

use crate::settings::key::section;

section! {
    "Log-in",
    keys: [
        LOGINSLOTS = key(
            "loginslots",
            Whole(30, 1, 1_000_000, "checks"),
            Live,
            "log-in checks that are with the log-in site at once; the others wait their turn, up to logintimeout. Log-ins for which no site is asked have no such bound",
        ),
        LOGINTIMEOUT = key(
            "logintimeout",
            Number(30.0, 1.0, 3600.0, "seconds"),
            Live,
            "time for one log-in check",
        ),
        LOGIN_CHECKS_WAITING = key(
            "login_checks_waiting",
            Whole(20_000, 1, 1_000_000, "checks"),
            Live,
            "log-in checks that wait for their turn; beyond it those of the address with the most fail (ERR -4)",
        ),
        LOGIN_URL = key(
            "login_url",
            Unset,
            Restart,
            "the http:// or https:// address of the site that checks log-ins; without it the server keeps accounts itself",
        ),
        LOGIN_CONNECTION_POOL = key(
            "login_connection_pool",
            Whole(15, 1, 10_000, "checks"),
            Live,
            "connections to the log-in site; with fewer of them than loginslots, fewer checks are with the site at once",
        ),
    ]
}
