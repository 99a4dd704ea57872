//! The server.

use crate::settings::key::section;

const VERSION: &str = concat!("fchatd ", env!("CARGO_PKG_VERSION"));

section! {
    "The server",
    keys: [
        BINDADDR = key(
            "bindaddr",
            Text("127.0.0.1"),
            Restart,
            "the IP address to listen on, such as 127.0.0.1, or the name of a host, which is resolved; 0.0.0.0 is every address of the machine",
        ),
        PORT = key(
            "port",
            Whole(9722, 0, 65535, ""),
            Restart,
            "the TCP port to listen on; 0 takes any free one",
        ),
        THREADS = key(
            "threads",
            Whole(0, 0, 64, "threads"),
            Restart,
            "threads that serve the chat: with 1 it does everything, with more the rules have one and the clients are shared out among the others; 0 chooses by the number of processors",
        ),
        VERSION = key(
            "version",
            Text(VERSION),
            Live,
            "the version told to clients in HLO",
        ),
        MAXUSERS = key(
            "maxusers",
            Whole(2000, 1, 1_000_000, "connections"),
            Live,
            "identified connections at once",
        ),
        MAX_PER_IP = key(
            "max_per_ip",
            Whole(3, 1, 1_000_000, "connections"),
            Live,
            "characters online from one address (IPv6: from one network of 64 bits) at once, also those that are away",
        ),
        SAVEINTERVAL = key(
            "saveinterval",
            Number(300.0, 1.0, 86400.0, "seconds"),
            Live,
            "time between housekeeping turns",
        ),
        RECORDER = key(
            "recorder",
            Whole(0, 0, 65536, "MiB"),
            Restart,
            "room for recordings of all that goes into the chat, in DIR/recordings, for \"fchatd replay\"; they hold what people say; 0 records nothing",
        ),
        RECORDER_GOES_ON = key(
            "recorder_goes_on",
            Flag(true),
            Restart,
            "whether a full recording is followed by another one, and the oldest are deleted; the scripts are started afresh with each",
        ),
        LOAD_BALANCERS = key(
            "load_balancers",
            List(&[]),
            Live,
            "trusted proxies, as addresses or CIDR blocks: what they tell of their clients' addresses is believed",
        ),
        PROXY_HEADER = key(
            "proxy_header",
            Unset,
            Live,
            "the one header in which trusted proxies tell the client's address: x-forwarded-for, x-real-ip, forwarded, \
             cf-connecting-ip or the like; unset: X-Forwarded-For or X-Real-IP, and the proxy's own address where the two \
             disagree",
        ),
        NETWORK_BANS_MAX = key(
            "network_bans_max",
            Whole(10_000, 0, 100_000, "bans"),
            Live,
            "banned networks at once (fchatd ban)",
        ),
        HTTP_REQUESTS_PER_ADDRESS = key(
            "http_requests_per_address",
            Whole(128, 1, 1_000_000, "requests"),
            Live,
            "HTTP requests of one address (IPv6: of one /64) that are worked on at once",
        ),
        HTTP_UPLOADS = key(
            "http_uploads",
            Whole(32, 1, 10_000, "uploads"),
            Live,
            "request bodies over 64 KiB, such as pictures, that are on their way at once",
        ),
        HTTP_UPLOADS_PER_ADDRESS = key(
            "http_uploads_per_address",
            Whole(8, 1, 10_000, "uploads"),
            Live,
            "those of one address (IPv6: of one /64)",
        ),
        HTTP_ANSWERS = key(
            "http_answers",
            Whole(32_768, 1024, 4_194_304, "KiB"),
            Live,
            "answers over 32 KiB that are made for one request, such as pictures, and that clients have not read yet; further requests for them are answered with 503",
        ),
        HTTP_ANSWERS_PER_ADDRESS = key(
            "http_answers_per_address",
            Whole(4096, 256, 4_194_304, "KiB"),
            Live,
            "those of one address (IPv6: of one /64)",
        ),
        ALLOWED_ORIGIN = key(
            "allowed_origin",
            Unset,
            Live,
            "the only browser origin that may open a WebSocket, such as https://chat.example; desktop and phone apps send the origin null and are refused then",
        ),
        ALLOWED_ORIGIN_HOST = key(
            "allowed_origin_host",
            Unset,
            Live,
            "a host name whose pages may open a WebSocket, such as chat.example",
        ),
        WEBSOCKETORIGIN = key(
            "websocketorigin",
            Unset,
            Live,
            "has no effect, as on the classic server: see allowed_origin",
        ),
        WEBSOCKETHOST = key(
            "websockethost",
            Unset,
            Live,
            "has no effect, as on the classic server: see allowed_origin_host",
        ),
        LOG_START = key(
            "log_start",
            Flag(false),
            Restart,
            "whether what is said goes to the chat log from the start",
        ),
        ACTION_LOG_SIZE = key(
            "action_log_size",
            Whole(16, 1, 4096, "MiB"),
            Restart,
            "the action log (DIR/data/actions) goes on in a new file when one has so much",
        ),
        ACTION_LOG_DAYS = key(
            "action_log_days",
            Whole(30, 1, 3650, "days"),
            Restart,
            "the action log goes on in a new file when one is so old",
        ),
        ACTION_LOG_KEEP = key(
            "action_log_keep",
            Whole(0, 0, 36500, "days"),
            Restart,
            "files of the action log whose last entry is so old are deleted; 0 keeps all",
        ),
        PROFILELIMIT = key(
            "profilelimit",
            Number(300.0, 1.0, 3600.0, "seconds"),
            Live,
            "after which a profile that an administrator has started ends by itself",
        ),
    ]
}
