//! Metrics and health checks at `admin_listen`, for well-behaved readers and for bad ones.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;

use crate::site::{PATIENCE, Server, Site, taken_port};
use crate::websocket::WebSocket;

/// More connections than are served at once.
const MANY: usize = 40;

/// A server with metrics on a free port, and their address.
pub(crate) fn watched(site: &Site, words: &[&str]) -> (Server, SocketAddr) {
    let mut all = vec!["--dev", "--set", "admin_listen=127.0.0.1:0"];
    all.extend(words);
    let server = site.start(&all);
    let line = server
        .announcement
        .iter()
        .find_map(|line| line.strip_prefix("metrics: http://"));
    let (address, _) = line.unwrap().split_once('/').unwrap();
    let address = address.parse().unwrap();
    (server, address)
}

/// A connection that waits for long.
pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// The answer to a request of these lines, with its head.
pub(crate) fn ask(address: SocketAddr, lines: &str) -> String {
    let mut stream = connect(address);
    let lines = lines.replace('\n', "\r\n");
    stream
        .write_all(format!("{lines}\r\nHost: chat\r\n\r\n").as_bytes())
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The value of a series in a text of metrics.
fn value(text: &str, series: &str) -> f64 {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{series} is not in {text}"))
        .parse()
        .unwrap()
}

#[test]
fn metrics_show_what_happens() {
    let site = Site::new();
    let (server, address) = watched(&site, &[]);
    let mut ada = WebSocket::log_in(&server, "Ada", "any");
    ada.say("PRO {\"character\":\"Nobody\"}");
    ada.await_text("ERR ");
    assert!(server.get("/").starts_with("HTTP/1.1 200 "));
    let text = ask(address, "GET /metrics HTTP/1.1");
    assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
    assert!(text.contains("content-type: text/plain; version=0.0.4"), "{text}");
    assert_eq!(value(&text, "fchatd_characters"), 1.0);
    assert_eq!(value(&text, "fchatd_connections"), 1.0);
    assert!(value(&text, "fchatd_commands_total{kind=\"other\"}") >= 2.0);
    assert_eq!(value(&text, "fchatd_frames_sent_total{kind=\"error\"}"), 1.0);
    assert_eq!(value(&text, "fchatd_errors_total{number=\"6\"}"), 1.0);
    assert!(value(&text, "fchatd_turn_seconds_count") >= 2.0);
    assert!(value(&text, "fchatd_http_request_seconds_bucket{le=\"+Inf\"}") >= 1.0);
    assert_eq!(value(&text, "fchatd_login_check_seconds_count"), 1.0);
    let version = concat!("fchatd_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"}");
    assert_eq!(value(&text, version), 1.0);
    let series = text.lines().filter(|line| line.starts_with("fchatd_")).count();
    assert!(series > 100 && series < 2000, "{series} series");
    assert!(
        !text.contains("Ada") && !text.contains("Nobody"),
        "people have no place in metrics"
    );
}

#[test]
fn a_reader_chooses_the_format() {
    let site = Site::new();
    let (_server, address) = watched(&site, &[]);
    let text = ask(
        address,
        "GET /metrics HTTP/1.1\nAccept: application/openmetrics-text;version=1.0.0,*/*;q=0.1",
    );
    assert!(
        text.contains("content-type: application/openmetrics-text; version=1.0.0"),
        "{text}"
    );
    assert!(text.ends_with("# EOF\n"), "{text}");
    assert!(ask(address, "HEAD /metrics HTTP/1.1").starts_with("HTTP/1.1 200 "));
}

#[test]
fn health_checks_are_answered_on_both_ports() {
    let site = Site::new();
    let (server, address) = watched(&site, &[]);
    for path in ["/health", "/ready"] {
        assert!(ask(address, &format!("GET {path} HTTP/1.1")).starts_with("HTTP/1.1 200 "));
        assert!(server.get(path).starts_with("HTTP/1.1 200 "));
    }
    assert!(
        server.get("/metrics").starts_with("HTTP/1.1 404 "),
        "metrics are not for everybody"
    );
    for (request, status) in [
        ("POST /metrics HTTP/1.1", "405"),
        ("GET /metrics/../x HTTP/1.1", "404"),
        ("GET / HTTP/1.1", "404"),
        ("nonsense", "400"),
    ] {
        let answer = ask(address, request);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{request}: {answer}"
        );
    }
    let long = format!("GET /metrics HTTP/1.1\nX-Long: {}", "x".repeat(20_000));
    let mut stream = connect(address);
    // The server may refuse before all of it is sent.
    let _ = stream.write_all(long.replace('\n', "\r\n").as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431 "),
        "{answer}"
    );
    assert!(ask(address, "GET /ready HTTP/1.1").starts_with("HTTP/1.1 200 "));
}

#[test]
fn many_readers_and_slow_ones_are_no_matter() {
    let site = Site::new();
    let (server, address) = watched(&site, &[]);
    let mut ada = WebSocket::log_in(&server, "Ada", "any");
    let silent: Vec<_> = (0..MANY).map(|_| connect(address)).collect();
    let mut unread: Vec<_> = (0..MANY / 4).map(|_| connect(address)).collect();
    for stream in &mut unread {
        stream
            .write_all(b"GET /metrics HTTP/1.1\r\nHost: chat\r\n\r\n")
            .unwrap();
    }
    let readers: Vec<_> = (0..2 * MANY)
        .map(|_| thread::spawn(move || ask(address, "GET /metrics HTTP/1.1")))
        .collect();
    for reader in readers {
        let text = reader.join().unwrap();
        assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
    }
    ada.say("UPT");
    ada.await_text("UPT ");
    drop((silent, unread));
}

#[test]
fn a_server_that_drains_is_not_ready() {
    let site = Site::new();
    let (server, address) = watched(&site, &[]);
    // This client does not answer the close frame, so the server waits for it.
    let _silent = WebSocket::log_in(&server, "Ada", "any");
    server.terminate();
    // The drain is short, so the listener may be gone already.
    while let Ok(mut stream) = TcpStream::connect(address) {
        let asked = stream.write_all(b"GET /ready HTTP/1.1\r\nHost: chat\r\n\r\n");
        let mut answer = String::new();
        if asked.is_err() || stream.read_to_string(&mut answer).is_err() || answer.is_empty() {
            continue;
        }
        if answer.starts_with("HTTP/1.1 503 ") {
            assert!(answer.contains("stops or restarts"), "{answer}");
            break;
        }
    }
    server.terminate();
    assert_eq!(server.ended().code, Some(0));
}

#[test]
fn a_chosen_address_in_use_is_a_mistake_and_none_is_fine() {
    let (_listener, port) = taken_port();
    let setting = format!("admin_listen=127.0.0.1:{port}");
    let ended = Site::new().run(&["--dev", "--set", "port=0", "--set", &setting]);
    ended.assert_refused(&["admin_listen", &format!("127.0.0.1:{port}"), "\"\" for none"]);
    let ended = Site::new().run(&["--dev", "--set", "port=0", "--set", "admin_listen=here"]);
    ended.assert_refused(&["admin_listen must be an IP address and a port"]);
    let site = Site::new();
    let server = site.start(&["--dev", "--set", "admin_listen="]);
    assert!(!server.announcement.iter().any(|line| line.starts_with("metrics")));
}
