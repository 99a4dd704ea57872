//! Neighbours.

use crate::settings::definition::{Change, Kind, Section, key};

use Change::{Live, Restart};
use Kind::{Flag, Secret, Text, Unset, Whole};

pub(super) const SECTION: Section = Section {
    heading: "Neighbours",
    definitions: &[
        key(
            "enablertb",
            Flag(false),
            Restart,
            "whether a website may talk to people who are online, by UDP on port + 1",
        ),
        key(
            "rtbaddress",
            Text("127.0.0.1"),
            Restart,
            "the IP address of the website; loopback may always send",
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
            "whether the bridge takes the classic signature too, which can be replayed; v2 is always taken",
        ),
        key(
            "enableredis",
            Flag(false),
            Restart,
            "whether a Redis is told who is online, whom accounts ignore, and what moderators do",
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
            "handle_report_url",
            Unset,
            Live,
            "where confirmed reports with a log are posted",
        ),
        key(
            "handle_report_secret",
            Secret,
            Live,
            "the secret that is posted with them",
        ),
    ],
};
