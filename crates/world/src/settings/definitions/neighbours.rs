//! Neighbours.

use crate::settings::definition::{Change, Kind, Section, key};

use Change::{Live, Restart};
use Kind::{Flag, List, Number, Secret, Text, Unset, Whole};

pub(super) const SECTION: Section = Section {
    heading: "Neighbours",
    definitions: &[
        key(
            "enablertb",
            Flag(false),
            Restart,
            "real-time bridge: accept orders from a website by UDP on port + 1",
        ),
        key(
            "rtbaddress",
            Text("127.0.0.1"),
            Restart,
            "IP address of the website; loopback addresses may always send",
        ),
        key(
            "rtbsecret",
            Secret,
            Restart,
            "the secret that the website signs with; needed with enablertb",
        ),
        key(
            "rtbclassic",
            Flag(true),
            Restart,
            "accept the classic signature too, which can be replayed; v2 is always accepted",
        ),
        key(
            "rtb_commands",
            List(&[]),
            Restart,
            "commands of the bridge that your own scripts answer (rtb.XYZ), beside RTB, HLB, KIK and CDL; all others are refused",
        ),
        key(
            "enableredis",
            Flag(false),
            Restart,
            "write the characters online, ignore lists and actions of moderators to Redis",
        ),
        key(
            "redishost",
            Text("127.0.0.1"),
            Restart,
            "host name or IP address of the Redis",
        ),
        key(
            "redisport",
            Whole(6379, 1, 65535, ""),
            Restart,
            "TCP port of the Redis",
        ),
        key(
            "redispass",
            Secret,
            Restart,
            "password of the Redis; without one none is sent",
        ),
        key(
            "log_socket_path",
            Unset,
            Restart,
            "Unix socket for readers of the chat log, relative to DIR; without it the chat log cannot be read (see log_start)",
        ),
        key(
            "handle_report_url",
            Unset,
            Live,
            "address to which confirmed reports with a log are posted",
        ),
        key(
            "handle_report_secret",
            Secret,
            Live,
            "the secret that is posted with them",
        ),
        key(
            "http_hosts",
            List(&[]),
            Live,
            "hosts that scripts may reach by http.get and http.post, beside the host of handle_report_url: host names, \
             *.domains, addresses and CIDR blocks, with or without :PORT; * is every public host",
        ),
        key(
            "http_timeout",
            Number(30.0, 0.1, 3600.0, "seconds"),
            Live,
            "timeout of such a request: once for its turn, and again for its answer",
        ),
        key(
            "http_answer_max",
            Whole(256, 1, 4096, "KiB"),
            Live,
            "maximum length of the answer to such a request",
        ),
        key(
            "http_parallel",
            Whole(16, 1, 1000, "questions"),
            Live,
            "maximum number of such requests in progress, half of them with one host",
        ),
        key(
            "http_open",
            Whole(1000, 1, 100_000, "questions"),
            Live,
            "maximum number of such requests in progress or waiting",
        ),
        key(
            "http_per_call",
            Whole(20, 1, 10_000, "questions"),
            Live,
            "maximum number of such requests in one call of a script",
        ),
        key(
            "webhooks",
            Secret,
            Restart,
            "receivers of webhooks: pairs of an event (report, action, users>NUMBER, users<NUMBER) and an http:// or \
             https:// address, separated by spaces or line breaks",
        ),
        key(
            "webhook_secret",
            Secret,
            Restart,
            "the secret that webhooks are signed with; needed with webhooks",
        ),
        key(
            "webhook_queue",
            Whole(10_000, 1, 1_000_000, "deliveries"),
            Restart,
            "maximum number of deliveries that wait on disk for their receivers; beyond it the oldest are dropped",
        ),
        key(
            "webhook_keep",
            Whole(72, 1, 8760, "hours"),
            Restart,
            "time after which an undelivered webhook is dropped",
        ),
    ],
};
