//! Log-in.

use crate::settings::key::section;

section! {
    "Log-in",
    keys: [
        LOGINSLOTS = key(
            "loginslots",
            Whole(30, 1, 1_000_000, "checks"),
            Live,
            "maximum number of concurrent checks by the log-in site; further log-ins wait, up to logintimeout. Log-ins without a log-in site have no such bound",
        ),
        LOGINTIMEOUT = key(
            "logintimeout",
            Number(30.0, 1.0, 3600.0, "seconds"),
            Live,
            "timeout of a log-in check",
        ),
        LOGIN_CHECKS_WAITING = key(
            "login_checks_waiting",
            Whole(20_000, 1, 1_000_000, "checks"),
            Live,
            "maximum number of waiting log-in checks; beyond it those of the address with the most fail (ERR -4)",
        ),
        LOGIN_URL = key(
            "login_url",
            Unset,
            Restart,
            "http:// or https:// address of the log-in site; without it the server keeps the accounts itself",
        ),
        LOGIN_CONNECTION_POOL = key(
            "login_connection_pool",
            Whole(15, 1, 10_000, "checks"),
            Live,
            "maximum number of connections to the log-in site; if it is smaller than loginslots, it also bounds the concurrent checks",
        ),
    ]
}
