//! Connections: their number, and the resources of each before its log-in.

use crate::settings::key::section;

section! {
    "Connections",
    keys: [
        SOCKETS_PER_IP = key(
            "sockets_per_ip",
            Whole(0, 0, 1_000_000, "sockets"),
            Live,
            "maximum number of open sockets of one address (IPv6: of one /64 network), with and without a log-in; 0 means 160, or 4 for each connection that max_per_ip allows if that is more",
        ),
        IDENTIFY_TIMEOUT = key(
            "identify_timeout",
            Whole(30, 1, 3600, "seconds"),
            Live,
            "timeout from the WebSocket handshake to the log-in; then the connection is closed",
        ),
        COMMANDS_BEFORE_LOGIN = key(
            "commands_before_login",
            Whole(10, 1, 1000, "commands"),
            Live,
            "maximum number of commands other than IDN before the log-in; then the connection is closed",
        ),
        OUTBOX_BEFORE_LOGIN = key(
            "outbox_before_login",
            Whole(65_536, 4096, 16_777_216, "bytes"),
            Live,
            "output buffer for a slow client without a log-in; beyond it the connection is closed",
        ),
        TURN_SHARE = key(
            "turn_share",
            Whole(64, 8, 4096, "KiB"),
            Live,
            "input that a connection may send in one turn, before other connections have theirs; a command counts as at least 1 KiB; an eighth of it while the server is busy",
        ),
        TURN_CONNECTIONS = key(
            "turn_connections",
            Whole(8, 1, 100_000, "connections"),
            Live,
            "number of connections that have used up turn_share and are read again after a turn; the others wait for a later turn",
        ),
        UNREAD_MAX = key(
            "unread_max",
            Whole(524_288, 65_536, 67_108_864, "bytes"),
            Live,
            "backpressure: the server reads no commands of a client while more output than this waits for it",
        ),
        RESUME_LINES_MAX = key(
            "resume_lines_max",
            Whole(500, 0, 100_000, "lines"),
            Live,
            "maximum number of messages held for a character while its connection is broken (resume_grace); the oldest are dropped",
        ),
        RESUME_BYTES_MAX = key(
            "resume_bytes_max",
            Whole(262_144, 0, 67_108_864, "bytes"),
            Live,
            "length of the messages that are held for a character while its connection is broken; the oldest are dropped",
        ),
        BACKLOG_MAX = key(
            "backlog_max",
            Whole(0, 0, 1_048_576, "MiB"),
            Live,
            "memory for the output that waits for all clients together; beyond it the connections with the largest backlogs are closed; 0 means a quarter of the memory that the process may use",
        ),
        SILENCE_TIMEOUT = key(
            "silence_timeout",
            Whole(120, 5, 3600, "seconds"),
            Live,
            "timeout of a silent connection; clients answer PINs, so it should be several times ping_interval",
        ),
    ]
}
