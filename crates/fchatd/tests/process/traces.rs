//! Traces: the spans of real commands at a receiver, and receivers with bad manners.

use std::net::SocketAddr;

use socket2::{Domain, Socket, Type};

use crate::backup::{furnished, log_in_with};
use crate::monitoring::{ask, watched};
use crate::otlp::{ACCEPTED, Receiver, Seen};
use crate::site::{Server, Site};
use crate::websocket::WebSocket;

fn endpoint(address: SocketAddr) -> String {
    format!("trace_endpoint=http://{address}/v1/traces")
}

/// The spans of the trace of a command with this text size.
fn trace_of(spans: &[Seen], command: &str, size: usize) -> Option<Vec<Seen>> {
    let root = spans.iter().find(|span| {
        span.attributes
            .get("fchatd.command")
            .is_some_and(|name| name == command)
            && span.attributes["fchatd.command.size"] == size.to_string()
    })?;
    let of_trace = spans.iter().filter(|span| span.trace == root.trace);
    Some(of_trace.cloned().collect())
}

#[track_caller]
fn named<'a>(trace: &'a [Seen], name: &str) -> &'a Seen {
    let found = trace.iter().find(|span| span.name == name);
    found.unwrap_or_else(|| panic!("no span {name} in {trace:#?}"))
}

/// Checks that all spans are children of the root, lie in it, and follow each other as these names do.
#[track_caller]
fn assert_order(trace: &[Seen], names: &[&str]) {
    let root = named(trace, "command");
    assert_eq!(
        (root.kind, root.parent.len()),
        (2, 0),
        "a root of a server: {root:?}"
    );
    for span in trace.iter().filter(|span| span.name != "command") {
        assert_eq!(span.parent, root.id, "{span:?}");
        assert_ne!(span.id, root.id);
        assert!(span.time.0 <= span.time.1, "{span:?}");
        assert!(
            span.time.0 >= root.time.0 && (span.time.1 <= root.time.1 || span.name == "log-in check"),
            "{span:?} in {root:?}"
        );
    }
    for pair in names.windows(2) {
        let (first, second) = (named(trace, pair[0]), named(trace, pair[1]));
        assert!(first.time.1 <= second.time.0, "{first:?} before {second:?}");
    }
    assert_eq!(root.time.0, named(trace, "read").time.0);
}

/// The value of a counter of spans.
fn spans_total(address: SocketAddr, result: &str) -> u64 {
    let text = ask(address, "GET /metrics HTTP/1.1");
    let series = format!("fchatd_trace_spans_total{{result=\"{result}\"}} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&series));
    line.unwrap_or_else(|| panic!("{series} is not in {text}"))
        .parse()
        .unwrap()
}

#[test]
fn a_message_is_traced_from_socket_to_socket() {
    for threads in ["threads=1", "threads=3"] {
        let receiver = Receiver::start(&[ACCEPTED]);
        let site = furnished();
        site.run(&["character", "add", "ada", "Bob"]).assert_done();
        let words = [
            "--set",
            threads,
            "--set",
            &endpoint(receiver.address),
            "--set",
            "trace_sample=1",
        ];
        let server = site.start(&words);
        let mut people = ["Ada", "Bob"].map(|name| log_in_with(&server, name));
        for person in &mut people {
            person.say(r#"JCH {"channel":"Frontpage"}"#);
            // Moderators are in another room already.
            while !person.await_text("CDS ").contains("Frontpage") {}
        }
        let [ada, bob] = &mut people;
        let message = r#"MSG {"channel":"Frontpage","message":"a secret of Ada"}"#;
        ada.say(message);
        assert!(bob.await_text("MSG ").contains("a secret of Ada"));
        let trace = receiver.await_spans(|spans| trace_of(spans, "MSG", message.len()));
        assert_order(&trace, &["read", "queue", "rules", "fan-out"]);
        // The answer to a change waits for the disk.
        let change = r#"CDS {"channel":"Frontpage","description":"a change of Ada"}"#;
        ada.say(change);
        while !ada.await_text("CDS ").contains("a change of Ada") {}
        let trace = receiver.await_spans(|spans| trace_of(spans, "CDS", change.len()));
        assert_order(&trace, &["read", "queue", "rules", "fan-out", "commit"]);
        // A log-in has its check, and a request its span.
        assert!(server.get("/c/Ada%20the%20hidden").starts_with("HTTP/1.1 "));
        let is_page = |span: &&Seen| {
            span.attributes
                .get("http.route")
                .is_some_and(|route| route == "/c/")
        };
        let (check, request) = receiver.await_spans(|spans| {
            let check = spans.iter().find(|span| span.name == "log-in check")?;
            Some((check.clone(), spans.iter().find(is_page)?.clone()))
        });
        let spans = receiver.spans();
        let asked = spans.iter().find(|span| span.id == check.parent).unwrap();
        assert_eq!(
            (asked.attributes["fchatd.command"].as_str(), check.kind),
            ("IDN", 3)
        );
        assert_eq!((request.name.as_str(), request.kind), ("HTTP request", 2));
        assert_eq!(request.attributes["http.request.method"], "GET");
        // Nothing of people is in any span.
        for person in ["Ada", "Bob", "ada", "secret", "Frontpage", "127.0.0.1", "hidden"] {
            assert!(!format!("{spans:?}").contains(person), "{person} in {spans:#?}");
        }
    }
}

#[test]
fn the_share_of_samples_changes_while_the_server_runs() {
    let receiver = Receiver::start(&[ACCEPTED]);
    let site = Site::new();
    site.write("script/startup_config.lua", "trace_sample = 0\n");
    let (server, address) = watched(&site, &["--set", &endpoint(receiver.address)]);
    let mut ada = WebSocket::log_in(&server, "Ada", "any");
    let mut ask_for = |payload: &str| {
        ada.say(&format!("UPT {payload}"));
        ada.await_text("UPT ");
    };
    ask_for("{}");
    let reload = |share: &str| {
        site.write("script/startup_config.lua", &format!("trace_sample = {share}\n"));
        server.hang_up();
        server.await_log("In force now: trace_sample");
    };
    reload("1");
    ask_for(r#"{"x":12345678}"#);
    let trace = receiver.await_spans(|spans| trace_of(spans, "UPT", r#"UPT {"x":12345678}"#.len()));
    assert_order(&trace, &["read", "queue", "rules", "fan-out"]);
    assert!(trace_of(&receiver.spans(), "UPT", "UPT {}".len()).is_none());
    while spans_total(address, "exported") < 5 {}
    let ended = Site::new().run(&["--dev", "--set", "port=0", "--set", "trace_sample=1.5"]);
    ended.assert_refused(&["trace_sample"]);
    let ended = Site::new().run(&["--dev", "--set", "port=0", "--set", "trace_endpoint=here"]);
    ended.assert_refused(&["trace_endpoint: it must be an address"]);
}

/// Commands that make more spans than the queue holds. Answers to pings cost their sender nothing.
fn flood(server: &Server) {
    let mut ada = WebSocket::log_in(server, "Ada", "any");
    for _ in 0..1500 {
        ada.say("PIN");
    }
    ada.say("UPT");
    ada.await_text("UPT ");
}

#[test]
fn receivers_that_are_away_slow_or_lying_do_not_matter() {
    const PAGE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>";
    const BUSY: &[u8] = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
    const PARTIAL: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n\x0a\x06\x08\x02\x12\x02no";
    const SILENCE: &[u8] = b"";
    let long = [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n"[..],
        &[b'x'; 200_000],
    ]
    .concat();
    let long: &[u8] = long.leak();
    // A port that is taken, and on which nothing listens.
    let taken = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    taken.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let closed = taken.local_addr().unwrap().as_socket().unwrap();
    for (answer, told, result) in [
        (Some(PAGE), "its answer is not OTLP", "refused"),
        (Some(PARTIAL), "it refuses spans: no", "refused"),
        (Some(BUSY), "it answers with the status 503", "queue_full"),
        (Some(long), "the site's answer is longer", "queue_full"),
        (Some(SILENCE), "it does not answer within 10 s", "queue_full"),
        (None, "the site can't be reached", "queue_full"),
    ] {
        let receiver = answer.map(|answer| Receiver::start(&[answer]));
        let address = receiver.as_ref().map_or(closed, |receiver| receiver.address);
        let site = Site::new();
        let words = [
            "--set",
            &endpoint(address),
            "--set",
            "trace_sample=1",
            "--set",
            "max_per_ip=9",
        ];
        let (server, metrics) = watched(&site, &words);
        flood(&server);
        server.await_log(&format!("traces: 127.0.0.1 does not accept them: {told}"));
        while spans_total(metrics, result) == 0 {
            flood(&server);
        }
        assert!(
            !server.logged().contains("does not accept them"),
            "it is told once"
        );
        // A receiver that comes back gets the spans that wait.
        if let Some(receiver) = receiver.filter(|_| answer == Some(BUSY)) {
            receiver.answer(&[ACCEPTED]);
            receiver.await_spans(|spans| spans.iter().find(|span| span.name == "rules").cloned());
            server.await_log("traces: 127.0.0.1 accepts them again");
        }
        server.terminate();
        assert_eq!(server.ended().code, Some(0));
    }
}
