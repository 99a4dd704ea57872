//! The server.

use crate::settings::definition::{Change, Kind, Section, key};

use Change::{Live, Restart};
use Kind::{Flag, List, Number, Text, Unset, Whole};

const VERSION: &str = concat!("fchatd ", env!("CARGO_PKG_VERSION"));

pub(super) const SECTION: Section = Section {
    heading: "The server",
    definitions: &[
        key(
            "bindaddr",
            Text("127.0.0.1"),
            Restart,
            "the IP address to listen on, such as 127.0.0.1, or the name of a host, which is resolved; 0.0.0.0 is every address of the machine",
        ),
        key(
            "port",
            Whole(9722, 0, 65535, ""),
            Restart,
            "the TCP port to listen on; 0 takes any free one",
        ),
        key(
            "threads",
            Whole(0, 0, 64, "threads"),
            Restart,
            "threads that serve the chat: with 1 it does everything, with more the rules have one and the clients are shared out among the others; 0 chooses by the number of processors",
        ),
        key(
            "version",
            Text(VERSION),
            Live,
            "the version told to clients in HLO",
        ),
        key(
            "maxusers",
            Whole(2000, 1, 1_000_000, "connections"),
            Live,
            "identified connections at once",
        ),
        key(
            "max_per_ip",
            Whole(3, 1, 1_000_000, "connections"),
            Live,
            "characters online from one address (IPv6: from one network of 64 bits) at once, also those that are away",
        ),
        key(
            "saveinterval",
            Number(300.0, 1.0, 86400.0, "seconds"),
            Live,
            "time between housekeeping turns",
        ),
        key(
            "recorder",
            Whole(0, 0, 65536, "MiB"),
            Restart,
            "room for recordings of all that goes into the chat, in DIR/recordings, for \"fchatd replay\"; they hold what people say; 0 records nothing",
        ),
        key(
            "recorder_goes_on",
            Flag(true),
            Restart,
            "whether a full recording is followed by another one, and the oldest are deleted; the scripts are started afresh with each",
        ),
        key(
            "load_balancers",
            List(&[]),
            Live,
            "trusted proxies, as addresses or CIDR blocks: what they tell of their clients' addresses is believed",
        ),
        key(
            "proxy_header",
            Unset,
            Live,
            "the one header in which trusted proxies tell the client's address: x-forwarded-for, x-real-ip, forwarded, \
             cf-connecting-ip or the like; unset: X-Forwarded-For or X-Real-IP, and the proxy's own address where the two \
             disagree",
        ),
        key(
            "network_bans_max",
            Whole(10_000, 0, 100_000, "bans"),
            Live,
            "banned networks at once (fchatd ban)",
        ),
        key(
            "http_requests_per_address",
            Whole(128, 1, 1_000_000, "requests"),
            Live,
            "HTTP requests of one address (IPv6: of one /64) that are worked on at once",
        ),
        key(
            "http_uploads",
            Whole(32, 1, 10_000, "uploads"),
            Live,
            "request bodies over 64 KiB, such as pictures, that are on their way at once",
        ),
        key(
            "http_uploads_per_address",
            Whole(8, 1, 10_000, "uploads"),
            Live,
            "those of one address (IPv6: of one /64)",
        ),
        key(
            "http_answers",
            Whole(32_768, 1024, 4_194_304, "KiB"),
            Live,
            "answers over 32 KiB that are made for one request, such as pictures, and that clients have not read yet; further requests for them are answered with 503",
        ),
        key(
            "http_answers_per_address",
            Whole(4096, 256, 4_194_304, "KiB"),
            Live,
            "those of one address (IPv6: of one /64)",
        ),
        key(
            "allowed_origin",
            Unset,
            Live,
            "the only browser origin that may open a WebSocket, such as https://chat.example; desktop and phone apps send the origin null and are refused then",
        ),
        key(
            "allowed_origin_host",
            Unset,
            Live,
            "a host name whose pages may open a WebSocket, such as chat.example",
        ),
        key(
            "websocketorigin",
            Unset,
            Live,
            "has no effect, as on the classic server: see allowed_origin",
        ),
        key(
            "websockethost",
            Unset,
            Live,
            "has no effect, as on the classic server: see allowed_origin_host",
        ),
        key(
            "log_start",
            Flag(false),
            Restart,
            "whether what is said goes to the chat log from the start",
        ),
        key(
            "action_log_size",
            Whole(16, 1, 4096, "MiB"),
            Restart,
            "the action log (DIR/data/actions) goes on in a new file when one has so much",
        ),
        key(
            "action_log_days",
            Whole(30, 1, 3650, "days"),
            Restart,
            "the action log goes on in a new file when one is so old",
        ),
        key(
            "action_log_keep",
            Whole(0, 0, 36500, "days"),
            Restart,
            "files of the action log whose last entry is so old are deleted; 0 keeps all",
        ),
        key(
            "profilelimit",
            Number(300.0, 1.0, 3600.0, "seconds"),
            Live,
            "after which a profile that an administrator has started ends by itself",
        ),
    ],
};
