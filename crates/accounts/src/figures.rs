//! The figures of log-ins and accounts of our own. Each other login provider has its figures in its file.

use fchatd_figures::{Row, Series, Table};

use crate::service::AccountService;

pub(crate) static ACCOUNTS: Table<AccountService> = Table {
    section: "accounts",
    rows: &[
        Row::gauge(
            "fchatd_passwords_waiting",
            "passwords wait",
            "Passwords that wait for a thread that checks them.",
            |of| of.passwords_waiting().into(),
        ),
        Row::gauge(
            "fchatd_password_check_seconds",
            "for a password",
            "Average duration of the last password checks.",
            |of| of.usual_hash_time().into(),
        ),
        Row::gauge(
            "fchatd_tickets_unsaved",
            "tickets are in memory only",
            "Tickets that could not be written to disk.",
            |of| of.tickets_in_memory().into(),
        ),
        Row::counters(
            "fchatd_tickets_issued_total",
            "tickets given",
            "password",
            "Tickets issued for a correct password, by the way the password was checked.",
            &[
                Series::new("hashed", "after hashing", |of| {
                    let counters = of.counters();
                    counters.tickets().saturating_sub(counters.recognised()).into()
                }),
                Series::new("remembered", "without hashing", |of| {
                    of.counters().recognised().into()
                }),
            ],
        ),
        Row::counter(
            "fchatd_registrations_total",
            "accounts made",
            "Accounts registered.",
            |of| of.counters().registrations().into(),
        ),
        Row::counter(
            "fchatd_password_logins_paced_total",
            "log-ins paced",
            "Log-ins with a password delayed by the pace of their address or account.",
            |of| of.counters().paced().into(),
        ),
        Row::counters(
            "fchatd_account_requests_refused_total",
            "requests refused",
            "reason",
            "Requests refused by the account service.",
            &[
                Series::new("password", "wrong passwords", |of| {
                    of.counters().wrong_passwords().into()
                }),
                Series::new("ticket", "bad tickets", |of| {
                    of.counters().invalid_tickets().into()
                }),
                Series::new("rate_limit", "over a limit", |of| of.counters().limited().into()),
                Series::new("busy", "while busy", |of| of.counters().busy().into()),
            ],
        ),
    ],
};
