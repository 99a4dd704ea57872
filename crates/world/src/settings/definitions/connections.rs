//! Connections: how many there may be, and what each may take before its log-in.

use crate::settings::definition::{Change, Kind, Section, key};

use Change::Live;
use Kind::Whole;

pub(super) const SECTION: Section = Section {
    heading: "Connections",
    definitions: &[
        key(
            "sockets_per_ip",
            Whole(0, 0, 1_000_000, "sockets"),
            Live,
            "open sockets of one address (IPv4, or an IPv6 network of 64 bits) at once, logged in or not; 0 is 100, or 4 for each connection that max_per_ip allows if that is more",
        ),
        key(
            "identify_timeout",
            Whole(30, 1, 3600, "seconds"),
            Live,
            "time from the WebSocket handshake to the log-in; then the connection is closed, whatever it sends",
        ),
        key(
            "commands_before_login",
            Whole(10, 1, 1000, "commands"),
            Live,
            "the connection is closed at so many commands other than IDN before the log-in",
        ),
        key(
            "outbox_before_login",
            Whole(65_536, 4096, 16_777_216, "bytes"),
            Live,
            "what may wait for a client that reads slowly and has not logged in; then it is cut off",
        ),
        key(
            "backlog_max",
            Whole(0, 0, 1_048_576, "MiB"),
            Live,
            "what may wait for all clients together, as memory: beyond it the connections with the largest backlogs are cut off; 0 is a quarter of the memory that the process may use",
        ),
        key(
            "silence_timeout",
            Whole(120, 5, 3600, "seconds"),
            Live,
            "a connection from which nothing comes for so long is closed; clients answer PINs, so it should be several times ping_interval",
        ),
    ],
};
