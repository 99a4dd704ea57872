//! Neighbours.

use crate::settings::key::section;

section! {
    "Neighbours",
    keys: [
        ENABLERTB = key(
            "enablertb",
            Flag(false),
            Restart,
            "real-time bridge: accept orders from a website by UDP on port + 1",
        ),
        RTBADDRESS = key(
            "rtbaddress",
            Text("127.0.0.1"),
            Restart,
            "IP address of the website; loopback addresses may always send",
        ),
        RTBSECRET = key(
            "rtbsecret",
            Secret,
            Restart,
            "the secret that the website signs with; needed with enablertb",
        ),
        RTBCLASSIC = key(
            "rtbclassic",
            Flag(true),
            Restart,
            "accept the classic signature too, which can be replayed; v2 is always accepted",
        ),
        RTB_COMMANDS = key(
            "rtb_commands",
            List(&[]),
            Restart,
            "commands of the bridge that your own scripts answer (rtb.XYZ), beside RTB, HLB, KIK and CDL; all others are refused",
        ),
        ENABLEREDIS = key(
            "enableredis",
            Flag(false),
            Restart,
            "write the characters online, ignore lists and actions of moderators to Redis",
        ),
        REDISHOST = key(
            "redishost",
            Text("127.0.0.1"),
            Restart,
            "host name or IP address of the Redis",
        ),
        REDISPORT = key(
            "redisport",
            Whole(6379, 1, 65535, ""),
            Restart,
            "TCP port of the Redis",
        ),
        REDISPASS = key(
            "redispass",
            Secret,
            Restart,
            "password of the Redis; without one none is sent",
        ),
        LOG_SOCKET_PATH = key(
            "log_socket_path",
            Unset,
            Restart,
            "Unix socket for readers of the chat log, relative to DIR; without it the chat log cannot be read (see log_start)",
        ),
        HANDLE_REPORT_URL = key(
            "handle_report_url",
            Unset,
            Live,
            "address to which confirmed reports with a log are posted",
        ),
        HANDLE_REPORT_SECRET = key(
            "handle_report_secret",
            Secret,
            Live,
            "the secret that is posted with them",
        ),
        HTTP_HOSTS = key(
            "http_hosts",
            List(&[]),
            Live,
            "hosts that scripts may reach by http.get and http.post, beside the host of handle_report_url: host names, \
             *.domains, addresses and CIDR blocks, with or without :PORT; * is every public host",
        ),
        HTTP_TIMEOUT = key(
            "http_timeout",
            Number(30.0, 0.1, 3600.0, "seconds"),
            Live,
            "timeout of such a request: once for its turn, and again for its answer",
        ),
        HTTP_ANSWER_MAX = key(
            "http_answer_max",
            Whole(256, 1, 4096, "KiB"),
            Live,
            "maximum length of the answer to such a request",
        ),
        HTTP_PARALLEL = key(
            "http_parallel",
            Whole(16, 1, 1000, "questions"),
            Live,
            "maximum number of such requests in progress, half of them with one host",
        ),
        HTTP_OPEN = key(
            "http_open",
            Whole(1000, 1, 100_000, "questions"),
            Live,
            "maximum number of such requests in progress or waiting",
        ),
        HTTP_PER_CALL = key(
            "http_per_call",
            Whole(20, 1, 10_000, "questions"),
            Live,
            "maximum number of such requests in one call of a script",
        ),
        WEBHOOKS = key(
            "webhooks",
            Secret,
            Restart,
            "receivers of webhooks: pairs of an event (report, action, users>NUMBER, users<NUMBER) and an http:// or \
             https:// address, separated by spaces or line breaks",
        ),
        WEBHOOK_SECRET = key(
            "webhook_secret",
            Secret,
            Restart,
            "the secret that webhooks are signed with; needed with webhooks",
        ),
        WEBHOOK_QUEUE = key(
            "webhook_queue",
            Whole(10_000, 1, 1_000_000, "deliveries"),
            Restart,
            "maximum number of deliveries that wait on disk for their receivers; beyond it the oldest are dropped",
        ),
        WEBHOOK_KEEP = key(
            "webhook_keep",
            Whole(72, 1, 8760, "hours"),
            Restart,
            "time after which an undelivered webhook is dropped",
        ),
    ]
}
