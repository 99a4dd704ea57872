//! The figures of the chat: connections, characters, channels, limits, state and scripts. The counters are plain integers
//! of the world, which are part of recordings.

use fchatd_figures::{AnyTable, Row, Series, Sink, Table, Value};
use fchatd_protocol::error;
use fchatd_protocol::exchange::ConnectionId;
use fchatd_script::engine::Watchdog;
use fchatd_world::settings::keys;

use crate::Core;
use crate::trial::Trial;

static TABLES: [&Table<Core>; 16] = [
    &CHARACTERS,
    &CONNECTIONS,
    &CHANNELS,
    &UP,
    &SCRIPTS,
    &CONDUCT,
    &STATE,
    &REPORTS,
    &ERRORS,
    &FIELDS,
    &LIMITS,
    &LISTS,
    &HELD_LINES,
    &CHAT_LOG,
    &BANS,
    &REGISTRATION,
];

/// The tables of the figures of the chat.
pub fn tables() -> impl Iterator<Item = &'static dyn AnyTable> {
    TABLES.iter().map(|table| *table as &dyn AnyTable)
}

static CHARACTERS: Table<Core> = Table {
    section: "characters",
    rows: &[
        Row::gauge(
            "fchatd_characters",
            "online",
            "Characters online, those that are away after a broken connection included.",
            |core| core.world.user_count().into(),
        ),
        Row::gauge(
            "fchatd_characters_peak",
            "at most so far",
            "The highest number of characters online since the start.",
            |core| core.world.peak_users.into(),
        ),
    ],
};

static CONNECTIONS: Table<Core> = Table {
    section: "connections",
    rows: &[
        Row::gauge(
            "fchatd_sessions",
            "",
            "Connections that the chat knows, before and after their log-in.",
            |core| core.world.connection_count().into(),
        ),
        Row::gauge(
            "fchatd_sessions_identifying",
            "of them waiting for their log-in check",
            "Connections that wait for the answer to their log-in check.",
            |core| core.world.identifying_count().into(),
        ),
        Row::gauge(
            "fchatd_sessions_limit",
            "at most after their log-in",
            "Upper bound for connections that have logged in (`maxusers`).",
            |core| core.world.settings.count(keys::MAXUSERS).into(),
        ),
        Row::counter("fchatd_logins_total", "accepted", "Accepted log-ins.", |core| {
            core.world.accepted.into()
        }),
    ],
};

static CHANNELS: Table<Core> = Table {
    section: "channels",
    rows: &[Row::gauges(
        "fchatd_channels",
        "in all",
        "kind",
        "Channels by their kind.",
        &[
            Series::new("public", "public", |core| {
                core.world
                    .channel_count()
                    .saturating_sub(core.world.room_count())
                    .into()
            }),
            Series::new("room", "rooms", |core| core.world.room_count().into()),
        ],
    )],
};

static UP: Table<Core> = Table {
    section: "up",
    rows: &[Row::gauge(
        "fchatd_uptime_seconds",
        "",
        "Time since the start of the server.",
        |core| {
            // After the clock was set back, the start lies ahead.
            let seconds = (core.world.unix_seconds() - core.world.started).max(0);
            Value::Real(seconds as f64)
        },
    )],
};

static SCRIPTS: Table<Core> = Table {
    section: "scripts",
    rows: &[
        Row::gauges(
            "fchatd_script_memory_bytes",
            "of memory",
            "rules",
            "Memory of the states of the scripts.",
            &[
                Series::new("common", "in everybody's rules", |core| {
                    core.engine.memory().into()
                }),
                Series::new("isolated", "in isolated rules", |core| {
                    core.isolated.values().map(Trial::memory).sum::<usize>().into()
                }),
            ],
        ),
        Row::gauge(
            "fchatd_script_isolated",
            "isolated",
            "Connections whose commands are answered by isolated rules.",
            |core| core.isolated.len().into(),
        ),
        Row::gauge(
            "fchatd_script_isolated_limit",
            "isolated at most",
            "Upper bound of `fchatd_script_isolated`.",
            |core| core.isolated_max().into(),
        ),
        Row::counter(
            "fchatd_script_seconds_total",
            "in calls",
            "Time in calls of scripts, estimated by the watchdog, which looks 50 times a second whether a call runs.",
            |core| core.watchdog.as_ref().map(Watchdog::running_time).into(),
        ),
        Row::counter(
            "fchatd_script_timeouts_total",
            "calls out of time",
            "Calls of scripts that were stopped because they exceeded their time limit.",
            |core| core.time_outs().into(),
        ),
    ],
};

static CONDUCT: Table<Core> = Table {
    section: "scripts' conduct",
    rows: &[
        Row::switch(
            "fchatd_script_probation",
            ["on probation", "not on probation"],
            "Whether reloaded scripts are on probation.",
            |core| core.probation.is_some().into(),
        ),
        Row::gauge(
            "fchatd_script_probation_seconds",
            "left",
            "Time until the end of the probation.",
            |core| core.probation_left().map(|(seconds, _)| seconds).into(),
        ),
        Row::gauge(
            "fchatd_script_probation_calls",
            "calls left",
            "Number of calls of scripts until the end of the probation.",
            |core| core.probation_left().map(|(_, calls)| calls).into(),
        ),
        Row::gauge(
            "fchatd_script_functions_failed",
            "functions have failed",
            "Functions of the current scripts that have failed at least once.",
            |core| core.conduct.failed_count().into(),
        ),
        Row::counter(
            "fchatd_script_rollbacks_total",
            "returns to earlier scripts",
            "Returns to the earlier scripts because reloaded scripts failed.",
            |core| core.conduct.taken_back.into(),
        ),
    ],
};

static STATE: Table<Core> = Table {
    section: "state",
    rows: &[Row::gauge_unless_zero(
        "fchatd_commits_unsaved",
        ["everything is on disk", "changes are not on disk yet"],
        "Commits of the chat that are not on disk yet. Absent with `--dev`.",
        |core| core.commits.is_recording().then(|| core.unsaved_commits()).into(),
    )],
};

static REPORTS: Table<Core> = Table {
    section: "reports",
    rows: &[
        Row::gauge(
            "fchatd_reports",
            "open",
            "Reports that no moderator has confirmed.",
            |core| core.world.staff_calls.len().into(),
        ),
        Row::gauge(
            "fchatd_reports_bytes",
            "in them",
            "Size of all open reports.",
            |core| core.world.staff_call_bytes().into(),
        ),
    ],
};

static ERRORS: Table<Core> = Table {
    section: "errors",
    rows: &[Row::counters_by(
        "fchatd_errors_total",
        "sent, by number",
        "number",
        "Errors (`ERR`) sent to clients, by their number.",
        error::NUMBERS,
        |core, place| core.world.errors_sent(place).into(),
    )],
};

static FIELDS: Table<Core> = Table {
    section: "fields",
    rows: &[Row::counter(
        "fchatd_fields_refused_total",
        "refused for a field",
        "Commands refused because a field exceeded its bounds.",
        |core| core.world.refused_fields.into(),
    )],
};

static LIMITS: Table<Core> = Table {
    section: "limits",
    rows: &[
        Row::gauge(
            "fchatd_commands_waiting",
            "commands wait",
            "Commands that wait for the budget of their account.",
            |core| core.world.waiting_counts().0.into(),
        ),
        Row::gauge(
            "fchatd_connections_waiting",
            "connections with such commands",
            "Connections with commands that wait for the budget of their account.",
            |core| core.world.waiting_counts().1.into(),
        ),
        Row::gauge(
            "fchatd_logins_waiting",
            "log-ins wait",
            "Log-ins that wait for a log-in check.",
            |core| core.world.queued_logins().into(),
        ),
        Row::gauge(
            "fchatd_people_remembered",
            "people remembered",
            "Accounts whose limits the server remembers.",
            |core| core.world.people_count().into(),
        ),
        Row::counter(
            "fchatd_commands_delayed_total",
            "commands held back",
            "Commands that had to wait for the budget of their account.",
            |core| core.world.limit_counts().commands_delayed.into(),
        ),
        Row::counter(
            "fchatd_commands_refused_total",
            "commands refused",
            "Commands refused because too many commands of their account waited.",
            |core| core.world.limit_counts().commands_refused.into(),
        ),
        Row::counter(
            "fchatd_logins_delayed_total",
            "log-ins held back",
            "Log-ins that had to wait because of the pace of their account.",
            |core| core.world.limit_counts().logins_delayed.into(),
        ),
        Row::counters(
            "fchatd_logins_refused_total",
            "log-ins refused",
            "reason",
            "Log-ins refused by a limit of the chat.",
            &[
                Series::new("pace", "too often", |core| {
                    core.world.limit_counts().logins_refused.into()
                }),
                Series::new("address", "from addresses with all their sessions", |core| {
                    core.world.limit_counts().addresses_full.into()
                }),
            ],
        ),
        Row::counter(
            "fchatd_rooms_refused_total",
            "rooms refused",
            "Rooms not created because of a limit.",
            |core| core.world.limit_counts().rooms_refused.into(),
        ),
        Row::counter(
            "fchatd_invitations_refused_total",
            "invitations refused",
            "Invitations not sent because of a limit.",
            |core| core.world.limit_counts().invitations_refused.into(),
        ),
        Row::counter(
            "fchatd_messages_dropped_total",
            "messages dropped",
            "Delayed messages dropped after their sender had gone.",
            |core| core.world.limit_counts().messages_dropped.into(),
        ),
    ],
};

static LISTS: Table<Core> = Table {
    section: "lists",
    rows: &[
        Row::gauge(
            "fchatd_name_bans",
            "bans by names without an account",
            "Bans of names that belong to no account.",
            |core| core.world.name_ban_count().into(),
        ),
        Row::gauge(
            "fchatd_moderator_lists_waiting",
            "lists of moderators wait",
            "Lists of channel moderators that are due to be sent.",
            |core| core.world.waiting_list_count().into(),
        ),
    ],
};

static HELD_LINES: Table<Core> = Table {
    section: "held lines",
    rows: &[
        Row::gauge(
            "fchatd_held_lines",
            "lines",
            "Lines held for characters whose connection is broken.",
            |core| core.world.held_lines().0.into(),
        ),
        Row::gauge(
            "fchatd_held_lines_bytes",
            "in them",
            "Size of the held lines.",
            |core| core.world.held_lines().1.into(),
        ),
        Row::gauge(
            "fchatd_characters_away",
            "characters that are away",
            "Characters online whose connection is broken.",
            |core| core.world.away().count().into(),
        ),
    ],
};

static CHAT_LOG: Table<Core> = Table {
    section: "chat log",
    rows: &[Row::switch(
        "fchatd_chat_log_enabled",
        ["on", "off"],
        "Whether the chat is logged.",
        |core| core.world.chat_log.into(),
    )],
};

static BANS: Table<Core> = Table {
    section: "network bans",
    rows: &[
        Row::gauge(
            "fchatd_network_bans",
            "in force",
            "Networks that are banned.",
            |core| core.world.network_bans().len().into(),
        ),
        Row::gauge(
            "fchatd_network_bans_limit",
            "at most",
            "Upper bound of `fchatd_network_bans`.",
            |core| core.world.settings.count(keys::NETWORK_BANS_MAX).into(),
        ),
    ],
};

static REGISTRATION: Table<Core> = Table {
    section: "registration",
    rows: &[Row::switch(
        "fchatd_registration_paused",
        ["paused", "not paused"],
        "Whether registration is paused.",
        |core| core.world.is_registration_paused().into(),
    )],
};

impl Core {
    /// Puts the figures of the chat into a sink, and the remarks for the administrator that asks.
    pub fn figures(&self, asker: Option<ConnectionId>, sink: &mut dyn Sink) {
        if let Some(asker) = asker {
            let trial = self.world.find_id(asker).and_then(|key| self.isolated.get(&key));
            let rules = match trial {
                Some(trial) => format!("your own, isolated, {} KiB", trial.memory() / 1024),
                None => "everybody's".to_owned(),
            };
            sink.remark("your rules", rules);
        }
        for table in TABLES {
            table.put(self, sink);
        }
        if !self.commits.is_recording() {
            sink.remark("state", "nothing is kept".to_owned());
        }
    }
}
