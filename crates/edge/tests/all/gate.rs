//! The gate, and the limits on HTTP for one address: banned networks, the header `Host`, requests with slow
//! bodies.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;
use std::time::Duration;

use crate::support::{Client, Server, settings, upgrade, with_server};
use fchatd_edge::proxy::Proxies;
use fchatd_edge::{EdgeSettings, Gate, Intake, IntakeLimits};
use fchatd_protocol::network::{self, NetworkBan};

fn ban(gate: &Gate, text: &str) {
    gate.ban(NetworkBan {
        network: network::parse(text).unwrap(),
        until: 0,
        reason: "raid".into(),
        by: String::new(),
        time: 0,
    });
}

/// New settings with a new gate: clones of the settings share their gate.
fn guarded() -> (Arc<Gate>, EdgeSettings) {
    let gate = Arc::new(Gate::default());
    let settings = EdgeSettings {
        gate: Arc::clone(&gate),
        proxies: Proxies::parse(&["127.0.0.1".into()]).unwrap(),
        ..settings()
    };
    (gate, settings)
}

async fn ask(server: &Server, request: &str) -> (u16, String) {
    let mut client = server.connect().await;
    client.send(request.as_bytes()).await;
    let response = client.response().await;
    (response.status, response.body)
}

fn get(headers: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: a\r\n{headers}\r\n")
}

#[test]
fn a_banned_peer_is_told_why_before_anything_is_read() {
    let (gate, settings) = guarded();
    with_server(settings, async |server| {
        ban(&gate, "127.0.0.0/8");
        for request in [get(""), upgrade(""), "this is not HTTP\r\n\r\n".into()] {
            let (status, body) = ask(server, &request).await;
            assert_eq!(status, 403);
            assert!(body.contains("banned") && body.contains("raid"), "{body}");
        }
        gate.lift(&network::parse("127.0.0.0/8").unwrap());
        assert_eq!(ask(server, &get("")).await.0, 200);
        assert!(server.heard().is_empty());
    });
}

#[test]
fn a_ban_holds_for_the_client_of_a_proxy_and_for_nobody_else() {
    let (gate, settings) = guarded();
    ban(&gate, "203.0.113.0/24");
    ban(&gate, "2001:db8::/32");
    with_server(settings, async |server| {
        for (headers, status) in [
            ("X-Forwarded-For: 203.0.113.9\r\n", 403),
            ("X-Forwarded-For: ::ffff:203.0.113.9\r\n", 403),
            ("X-Forwarded-For: 1.2.3.4, [2001:db8::7]:4711\r\n", 403),
            ("X-Forwarded-For: 203.0.113.9, 1.2.3.4\r\n", 200),
            // The proxy's header is unknown, so the ban applies to either address.
            ("X-Forwarded-For: 203.0.113.9\r\nX-Real-IP: 1.2.3.4\r\n", 403),
            ("X-Forwarded-For: 1.2.3.4\r\n", 200),
            ("", 200),
        ] {
            assert_eq!(ask(server, &get(headers)).await.0, status, "{headers}");
            let upgraded = if status == 200 { 101 } else { status };
            assert_eq!(ask(server, &upgrade(headers)).await.0, upgraded, "{headers}");
        }
        server.until("the handshakes", || server.heard().len() >= 3).await;
    });
    assert!(gate.refused() >= 8 * 3);
}

#[test]
fn a_connection_that_is_kept_is_looked_at_with_each_request() {
    let (gate, settings) = guarded();
    with_server(settings, async |server| {
        let request = get("X-Real-IP: 198.51.100.1\r\n");
        let mut client = server.connect().await;
        client.send(request.as_bytes()).await;
        assert_eq!(client.response().await.status, 200);
        ban(&gate, "198.51.100.1");
        client.send(request.as_bytes()).await;
        assert_eq!(client.response().await.status, 403);
        assert!(client.is_over().await);
        gate.lift(&network::parse("198.51.100.1").unwrap());
    });
}

#[test]
fn the_host_is_named_exactly_once() {
    with_server(settings(), async |server| {
        let socket = |hosts: &str| upgrade("").replace("Host: localhost\r\n", hosts);
        for (request, status) in [
            ("GET / HTTP/1.1\r\n\r\n".to_owned(), 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n".to_owned(), 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n".to_owned(), 400),
            ("GET / HTTP/1.0\r\n\r\n".to_owned(), 200),
            ("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n".to_owned(), 400),
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 200),
            (socket(""), 400),
            (socket("Host: a\r\nHost: b\r\n"), 400),
            (socket("Host: a\r\n"), 101),
        ] {
            assert_eq!(ask(server, &request).await.0, status, "{request}");
        }
    });
}

/// Starts a request whose body does not end, and sends `sent` bytes of it.
async fn begin(server: &Server, address: &str, sent: usize) -> Client {
    let mut client = server.connect().await;
    let head = format!(
        "POST /upload HTTP/1.1\r\nHost: a\r\nX-Real-IP: {address}\r\nContent-Length: 100000\r\n\r\n{}",
        "x".repeat(sent)
    );
    client.send(head.as_bytes()).await;
    client
}

fn narrow() -> (Arc<Intake>, EdgeSettings) {
    let (_, settings) = guarded();
    let intake = Arc::new(Intake::default());
    let settings = EdgeSettings {
        intake: Arc::clone(&intake),
        intake_limits: IntakeLimits {
            requests_per_address: 3,
            uploads: 4,
            uploads_per_address: 2,
            answers: 8 * crate::support::LARGE,
            answers_per_address: 2 * crate::support::LARGE,
        },
        body_bytes_max: 10_000,
        ..settings
    };
    (intake, settings)
}

#[test]
fn bodies_that_come_slowly_keep_nobody_else_from_uploading() {
    let (intake, settings) = narrow();
    with_server(settings, async |server| {
        // Twice as many slow requests as there are places, from addresses of one attacker, each a few bytes
        // long.
        let mut slow = Vec::new();
        for number in 0..8 {
            slow.push(begin(server, &format!("198.51.100.{number}"), 10).await);
        }
        server
            .until("eight requests", || intake.under_way() == (8, 0))
            .await;
        let mut victim = begin(server, "192.0.2.1", 100_000).await;
        assert_eq!(victim.response().await.body, "POST /upload  100000 192.0.2.1");
        drop(slow);
        server.until("all gone", || intake.under_way() == (0, 0)).await;
    });
}

#[test]
fn one_address_takes_its_share_of_the_places_and_no_more() {
    let (intake, settings) = narrow();
    with_server(settings, async |server| {
        let mut held = Vec::new();
        for number in 1..=2 {
            held.push(begin(server, "198.51.100.1", 50_000).await);
            server.until("an upload", || intake.under_way().1 == number).await;
        }
        let mut third = begin(server, "198.51.100.1", 50_000).await;
        assert_eq!(third.response().await.status, 429);
        let mut other = begin(server, "198.51.100.2", 100_000).await;
        assert_eq!(other.response().await.status, 200);
        for number in 3..=4 {
            held.push(begin(server, "198.51.100.3", 50_000).await);
            server.until("an upload", || intake.under_way().1 == number).await;
        }
        let mut other = begin(server, "198.51.100.4", 100_000).await;
        assert_eq!(other.response().await.status, 200);
        assert_eq!(held[0].response().await.status, 503, "it gave its place up");
        drop((held, third));
        server.until("all gone", || intake.under_way() == (0, 0)).await;
    });
}

#[test]
fn one_address_has_so_many_requests_under_way() {
    let (intake, settings) = narrow();
    with_server(settings, async |server| {
        let mut slow = Vec::new();
        for _ in 0..3 {
            slow.push(begin(server, "198.51.100.1", 10).await);
        }
        server.until("three requests", || intake.under_way().0 == 3).await;
        let ask_as = async |address: &str| ask(server, &get(&format!("X-Real-IP: {address}\r\n"))).await.0;
        assert_eq!(
            ask_as("198.51.100.1").await,
            200,
            "a complete request goes before a slow one"
        );
        assert_eq!(ask_as("198.51.100.2").await, 200);
        server
            .until("one gave its place up", || intake.under_way().0 == 2)
            .await;
        drop(slow);
        server.until("all gone", || intake.under_way() == (0, 0)).await;
        assert_eq!(ask_as("198.51.100.1").await, 200);
    });
}

#[test]
fn a_body_that_trickles_is_too_slow() {
    let hasty = EdgeSettings {
        handshake_timeout: Duration::from_millis(300),
        ..narrow().1
    };
    with_server(hasty, async |server| {
        let mut client = begin(server, "198.51.100.1", 10).await;
        // A byte now and then does not reset the time limit.
        let answer = loop {
            let _ = client.stream.try_write(b"x");
            let pause = Duration::from_millis(20);
            if let Ok(answer) = tokio::time::timeout(pause, client.response()).await {
                break answer;
            }
        };
        assert_eq!(answer.status, 408);
    });
}

#[test]
fn answers_that_are_not_read_are_bounded_for_each_address() {
    let (intake, settings) = narrow();
    with_server(settings, async |server| {
        let ask = async |address: &str| {
            let mut client = server.connect().await;
            let head = format!("GET /made HTTP/1.1\r\nHost: a\r\nX-Real-IP: {address}\r\n\r\n");
            client.send(head.as_bytes()).await;
            client
        };
        let mut unread = Vec::new();
        for count in 1..=2 {
            unread.push(ask("198.51.100.1").await);
            server
                .until("an answer", || {
                    intake.unread_answers() == count * crate::support::LARGE
                })
                .await;
        }
        let mut refused = ask("198.51.100.1").await;
        assert_eq!(refused.response().await.status, 503);
        let mut other = ask("192.0.2.1").await;
        assert_eq!(
            other.response().await.status,
            200,
            "others have places of their own"
        );
        drop((unread, other));
        server.until("all gone", || intake.unread_answers() == 0).await;
    });
}
