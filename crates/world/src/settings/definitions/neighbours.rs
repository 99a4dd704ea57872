//! Neighbours.

use crate::settings::key::section;

section! {
    "Neighbours",
    keys: [
        ENABLERTB = key(
            "enablertb",
            Flag(false),
            Restart,
            "whether a website may talk to people who are online, by UDP on port + 1",
        ),
        RTBADDRESS = key(
            "rtbaddress",
            Text("127.0.0.1"),
            Restart,
            "the IP address of the website; loopback may always send",
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
            "whether the bridge takes the classic signature too, which can be replayed; v2 is always taken",
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
            "whether a Redis is told who is online, whom accounts ignore, and what moderators do",
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
            "a Unix socket on which the chat log can be read, relative to DIR; without one nobody can (see log_start)",
        ),
        HANDLE_REPORT_URL = key(
            "handle_report_url",
            Unset,
            Live,
            "where confirmed reports with a log are posted",
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
            "whom scripts may ask by http.get and http.post, beside the host of handle_report_url: host names, \
             *.domains, addresses and CIDR blocks, with :PORT or without; * is every public host",
        ),
        HTTP_TIMEOUT = key(
            "http_timeout",
            Number(30.0, 0.1, 3600.0, "seconds"),
            Live,
            "how long such a question may wait for its turn, and then again for its answer",
        ),
        HTTP_ANSWER_MAX = key(
            "http_answer_max",
            Whole(256, 1, 4096, "KiB"),
            Live,
            "the longest answer to such a question",
        ),
        HTTP_PARALLEL = key(
            "http_parallel",
            Whole(16, 1, 1000, "questions"),
            Live,
            "such questions that are with web servers at once, half of them with one host",
        ),
        HTTP_OPEN = key(
            "http_open",
            Whole(1000, 1, 100_000, "questions"),
            Live,
            "such questions that are with web servers or wait for their turn",
        ),
        HTTP_PER_CALL = key(
            "http_per_call",
            Whole(20, 1, 10_000, "questions"),
            Live,
            "such questions that one call of a script may ask",
        ),
        WEBHOOKS = key(
            "webhooks",
            Secret,
            Restart,
            "who is told of what: pairs of an event (report, action, users>NUMBER, users<NUMBER) and an http:// or \
             https:// address, with spaces or line breaks between",
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
            "deliveries that may wait on disk for receivers that are away; then the oldest are dropped",
        ),
        WEBHOOK_KEEP = key(
            "webhook_keep",
            Whole(72, 1, 8760, "hours"),
            Restart,
            "after which a delivery that no receiver took is dropped",
        ),
    ]
}
