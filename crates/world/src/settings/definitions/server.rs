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
            "IP address or host name to listen on, such as 127.0.0.1; 0.0.0.0 means all IPv4 addresses of the machine",
        ),
        PORT = key(
            "port",
            Whole(9722, 0, 65535, ""),
            Restart,
            "TCP port to listen on; 0 takes any free port",
        ),
        LISTEN = key(
            "listen",
            List(&[]),
            Restart,
            "listeners instead of bindaddr and port, such as {\"tls://0.0.0.0:443\", \"tcp://0.0.0.0:80 redirect\", \"unix:/run/fchatd.sock\"}; words after the place: redirect, trust=NETWORK, header=NAME, proxy_protocol=NETWORK; see docs/tls.md",
        ),
        ADMIN_LISTEN = key(
            "admin_listen",
            Text("127.0.0.1:9724"),
            Restart,
            "IP address and TCP port for metrics (/metrics, for Prometheus) and health checks (/health, /ready), without a password; empty: none; the default address is left out if it is in use or port is 0",
        ),
        ADMIN_PAGE = key(
            "admin_page",
            Flag(true),
            Live,
            "whether the administration page at /admin and its API are there, for administrators and for tokens (fchatd admin token)",
        ),
        ADMIN_NETWORKS = key(
            "admin_networks",
            List(&[]),
            Live,
            "networks that reach the administration page and its API, as addresses or CIDR blocks, such as {\"127.0.0.1\", \"10.0.0.0/8\"}; empty: all",
        ),
        ADMIN_FRESH = key(
            "admin_fresh",
            Whole(900, 0, 86_400, "seconds"),
            Live,
            "time after the password was entered in which an administrator changes something on the administration page without entering it again; 0 asks for it each time",
        ),
        ADMIN_IDLE = key(
            "admin_idle",
            Whole(1800, 60, 86_400, "seconds"),
            Live,
            "time without a request after which an administrator is signed out of the administration page",
        ),
        THREADS = key(
            "threads",
            Whole(0, 0, 64, "threads"),
            Restart,
            "threads for the chat: 1 is one thread for everything; with more, the rules have one thread and the others share the clients; 0 chooses by the number of processors",
        ),
        LOG_LEVEL = key(
            "log_level",
            Choice(&["info", "error", "warn", "debug", "trace"]),
            Live,
            "least important lines of the log; the variable RUST_LOG, which filters by module, overrides it",
        ),
        LOG_FORMAT = key(
            "log_format",
            Choice(&["text", "json"]),
            Live,
            "format of the log on standard error: text for people, or an object of JSON in each line for programs",
        ),
        TRACE_ENDPOINT = key(
            "trace_endpoint",
            Unset,
            Restart,
            "receiver of OpenTelemetry traces by OTLP over HTTP, such as http://127.0.0.1:4318/v1/traces; without one there are no traces",
        ),
        TRACE_SAMPLE = key(
            "trace_sample",
            Number(0.01, 0.0, 1.0, ""),
            Live,
            "share of all commands and HTTP requests that are traced, from 0 to 1",
        ),
        VERSION = key(
            "version",
            Text(VERSION),
            Live,
            "version text sent to clients in HLO",
        ),
        MAXUSERS = key(
            "maxusers",
            Whole(2000, 1, 1_000_000, "connections"),
            Live,
            "maximum number of identified connections",
        ),
        MAX_PER_IP = key(
            "max_per_ip",
            Whole(3, 1, 1_000_000, "connections"),
            Live,
            "maximum number of characters online from one address (IPv6: from one /64 network), including characters whose connection is broken",
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
            "disk space for recordings of all input of the chat, in DIR/recordings, for \"fchatd replay\"; recordings contain private conversations; 0 turns the recorder off",
        ),
        RECORDER_GOES_ON = key(
            "recorder_goes_on",
            Flag(true),
            Restart,
            "continue with a new file when a recording is full, and delete the oldest; each new file restarts the scripts",
        ),
        LOAD_BALANCERS = key(
            "load_balancers",
            List(&[]),
            Live,
            "trusted reverse proxies, as addresses or CIDR blocks: the server believes the client address in their header",
        ),
        PROXY_HEADER = key(
            "proxy_header",
            Unset,
            Live,
            "header in which trusted proxies send the client's address: x-forwarded-for, x-real-ip, forwarded, \
             cf-connecting-ip or similar; unset: X-Forwarded-For or X-Real-IP, and the proxy's own address if the two \
             disagree",
        ),
        PROXY_PROTOCOL = key(
            "proxy_protocol",
            List(&[]),
            Live,
            "trusted load balancers, as addresses or CIDR blocks, that begin each connection with the header of the PROXY protocol (version 1 or 2); connections of them without it are closed",
        ),
        NETWORK_BANS_MAX = key(
            "network_bans_max",
            Whole(10_000, 0, 100_000, "bans"),
            Live,
            "maximum number of banned networks (fchatd ban)",
        ),
        HTTP_REQUESTS_PER_ADDRESS = key(
            "http_requests_per_address",
            Whole(128, 1, 1_000_000, "requests"),
            Live,
            "maximum number of concurrent HTTP requests of one address (IPv6: of one /64)",
        ),
        HTTP_UPLOADS = key(
            "http_uploads",
            Whole(32, 1, 10_000, "uploads"),
            Live,
            "maximum number of concurrent uploads: request bodies over 64 KiB, such as pictures",
        ),
        HTTP_UPLOADS_PER_ADDRESS = key(
            "http_uploads_per_address",
            Whole(8, 1, 10_000, "uploads"),
            Live,
            "the same for one address (IPv6: for one /64)",
        ),
        HTTP_ANSWERS = key(
            "http_answers",
            Whole(32_768, 1024, 4_194_304, "KiB"),
            Live,
            "memory for large generated answers, such as pictures, that clients have not read yet; further requests for them are answered with 503",
        ),
        HTTP_ANSWERS_PER_ADDRESS = key(
            "http_answers_per_address",
            Whole(4096, 256, 4_194_304, "KiB"),
            Live,
            "the same for one address (IPv6: for one /64)",
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
            "a host name; its pages may open a WebSocket, such as chat.example",
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
            "turn the chat log on at the start",
        ),
        ACTION_LOG_SIZE = key(
            "action_log_size",
            Whole(16, 1, 4096, "MiB"),
            Restart,
            "size at which the action log (DIR/data/actions) begins a new file",
        ),
        ACTION_LOG_DAYS = key(
            "action_log_days",
            Whole(30, 1, 3650, "days"),
            Restart,
            "age at which the action log begins a new file",
        ),
        ACTION_LOG_KEEP = key(
            "action_log_keep",
            Whole(0, 0, 36500, "days"),
            Restart,
            "age of its last entry at which a file of the action log is deleted; 0 keeps all files",
        ),
        PROFILELIMIT = key(
            "profilelimit",
            Number(300.0, 1.0, 3600.0, "seconds"),
            Live,
            "maximum duration of a profile that an administrator has started",
        ),
    ]
}
