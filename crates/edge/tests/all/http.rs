//! The first phase of a connection: HTTP, its limits and the upgrade to a WebSocket.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{Heard, Server, settings, upgrade, with_server};
use fchatd_dialogue::websocket::wire;
use fchatd_edge::proxy::Proxies;
use fchatd_edge::{EdgeSettings, Entrance, Tls, listen};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Settings with short time limits for handshakes and bodies.
fn hasty() -> EdgeSettings {
    EdgeSettings {
        handshake_timeout: Duration::from_millis(300),
        ..settings()
    }
}

async fn status(server: &Server, request: &str) -> u16 {
    let mut client = server.connect().await;
    client.send(request.as_bytes()).await;
    client.response().await.status
}

#[test]
fn bad_requests_are_answered() {
    with_server(settings(), async |server| {
        assert_eq!(status(server, "this is not HTTP\r\n\r\n").await, 400);
        assert_eq!(status(server, "GET / HTTP/1.1\r\nno colon\r\n\r\n").await, 400);
        let long = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(9000));
        assert_eq!(status(server, &long).await, 431);
        let no_key = upgrade("").replace("Sec-WebSocket-Key", "X-Key");
        assert_eq!(status(server, &no_key).await, 400);
        assert_eq!(status(server, &upgrade("").replacen("GET", "POST", 1)).await, 400);
        assert!(server.heard().is_empty());
    });
}

#[test]
fn an_upgrade_to_another_version_is_told_the_right_one() {
    with_server(settings(), async |server| {
        let mut client = server.connect().await;
        client
            .send(upgrade("").replace("Version: 13", "Version: 7").as_bytes())
            .await;
        let response = client.response().await;
        assert_eq!(response.status, 426);
        assert!(
            response.head.contains("\r\nsec-websocket-version: 13\r\n"),
            "{}",
            response.head
        );
        // The connection still accepts a correct request.
        client.send(upgrade("").as_bytes()).await;
        assert_eq!(client.response().await.status, 101);
        client.say("hello").await;
        assert_eq!(client.text().await, "hello");
    });
}

#[test]
fn a_head_of_nearly_8_kib_is_taken() {
    with_server(settings(), async |server| {
        let headers = format!("X-Long: {}\r\n", "x".repeat(7900));
        server.open_with(&headers, b"").await;
    });
}

#[test]
fn a_body_has_a_limit_and_a_time() {
    let settings = EdgeSettings {
        body_bytes_max: 1000,
        ..hasty()
    };
    with_server(settings, async |server| {
        let post = |length: usize, sent: usize| {
            format!(
                "POST /form?a=b HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{}",
                "x".repeat(sent)
            )
        };
        let mut client = server.connect().await;
        client.send(post(1000, 1000).as_bytes()).await;
        assert_eq!(client.response().await.body, "POST /form a=b 1000 127.0.0.1");
        assert_eq!(status(server, &post(1001, 1001)).await, 413);
        assert_eq!(status(server, &post(1_000_000_000, 0)).await, 413);
        assert_eq!(status(server, &post(1000, 999)).await, 408);
        let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        let chunked = format!("{chunked}7d0\r\n{}\r\n0\r\n\r\n", "x".repeat(2000));
        assert_eq!(status(server, &chunked).await, 413);
        assert_eq!(server.edge.gauges().refused_bodies, 4);
    });
}

#[test]
fn one_connection_serves_several_requests() {
    with_server(settings(), async |server| {
        let mut client = server.connect().await;
        for round in 0..5 {
            let request = format!("GET /page?{round} HTTP/1.1\r\nHost: a\r\n\r\n");
            client.send(request.as_bytes()).await;
            let response = client.response().await;
            assert_eq!(response.status, 200);
            assert_eq!(response.body, format!("GET /page {round} 0 127.0.0.1"));
        }
        let two = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n";
        client.send(two.as_bytes()).await;
        assert_eq!(client.response().await.body, "GET /1  0 127.0.0.1");
        assert_eq!(client.response().await.body, "GET /2  0 127.0.0.1");
    });
}

#[test]
fn an_unfinished_handshake_is_closed() {
    with_server(hasty(), async |server| {
        let mut silent = server.connect().await;
        let mut half = server.connect().await;
        half.send(b"GET / HTTP/1.1\r\nHost: loc").await;
        let mut idle = server.connect().await;
        idle.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(idle.response().await.status, 200);
        let mut open = server.open().await;
        assert!(silent.is_over().await);
        assert!(half.is_over().await);
        assert!(idle.is_over().await);
        // The handshake timeout does not apply to WebSockets.
        open.say("still here").await;
        assert_eq!(open.text().await, "still here");
    });
}

#[test]
fn a_head_that_trickles_in_is_closed_all_the_same() {
    with_server(hasty(), async |server| {
        let mut client = server.connect().await;
        client.send(b"GET / HTTP/1.1\r\n").await;
        let mut lines = 0;
        // A stop after ten seconds of lines, in case the server never closes.
        while lines < 200 && client.stream.try_write(b"X: y\r\n").is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
            lines += 1;
        }
        assert!(lines < 200, "each line must not start the time anew");
    });
}

#[test]
fn frames_in_the_packet_of_the_handshake_are_handled() {
    with_server(settings(), async |server| {
        let early = [wire::text("one"), wire::text("two")].concat();
        // The last frame is split in two.
        let (now, later) = early.split_at(early.len() - 2);
        let mut client = server.open_with("", now).await;
        assert_eq!(client.text().await, "one");
        client.send(later).await;
        assert_eq!(client.text().await, "two");
        let mut client = server.open_with("", &wire::frame(0x88, &[0x03, 0xE8])).await;
        assert_eq!(client.close_code().await, 1000);
    });
}

#[test]
fn only_a_trusted_proxy_tells_the_address() {
    let header = "X-Real-IP: 198.51.100.9\r\n";
    let expected = |server: &Server, address: &str| match &server.heard()[..] {
        [Heard::Opened(_, given)] => assert_eq!(*given, address.parse::<std::net::IpAddr>().unwrap()),
        other => panic!("{other:?}"),
    };
    let trusting = EdgeSettings {
        proxies: Proxies::parse(&["127.0.0.1".into()]).unwrap(),
        ..settings()
    };
    with_server(trusting, async |server| {
        let _client = server.open_with(header, b"").await;
        server.until("opened", || !server.heard().is_empty()).await;
        expected(server, "198.51.100.9");
    });
    with_server(settings(), async |server| {
        let _client = server.open_with(header, b"").await;
        server.until("opened", || !server.heard().is_empty()).await;
        expected(server, "127.0.0.1");
    });
}

#[test]
fn pages_from_elsewhere_are_refused() {
    // The setting `origin`, the setting `origin_host`, the header, the status.
    let table = [
        ("", "", Some("https://evil.example"), 101),
        ("https://chat.example", "", Some("https://chat.example"), 101),
        ("https://chat.example", "", Some("HTTPS://Chat.Example"), 101),
        ("https://chat.example", "", Some("https://evil.example"), 403),
        ("https://chat.example", "", Some("https://chat.example.evil"), 403),
        ("https://chat.example", "", None, 101),
        ("", "chat.example", Some("https://chat.example:8443"), 101),
        ("", "chat.example", Some("http://chat.example"), 101),
        ("", "chat.example", Some("http://evil.example"), 403),
        ("", "chat.example", Some("null"), 403),
        ("", "::1", Some("http://[::1]"), 101),
        ("", "[::1]", Some("http://[::1]:8080"), 101),
    ];
    for (origin, host, header, expected) in table {
        let settings = EdgeSettings {
            origin: origin.into(),
            origin_host: host.into(),
            ..settings()
        };
        with_server(settings, async |server| {
            let header = header.map_or(String::new(), |origin| format!("Origin: {origin}\r\n"));
            let given = status(server, &upgrade(&header)).await;
            assert_eq!(given, expected, "{origin:?} {host:?} {header:?}");
        });
    }
}

#[test]
fn a_client_that_does_not_read_an_answer_is_closed() {
    with_server(hasty(), async |server| {
        let mut client = server.connect().await;
        let begin = std::time::Instant::now();
        client.send(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n").await;
        server
            .until("given up", || client.stream.try_write(b"x").is_err())
            .await;
        assert!(begin.elapsed() >= Duration::from_millis(300));
        assert!(
            !client.fill(crate::support::LARGE).await,
            "it gets only the bytes that the sockets held"
        );
    });
}

#[test]
fn a_large_answer_arrives() {
    with_server(settings(), async |server| {
        let mut client = server.connect().await;
        client.send(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(client.response().await.body.len(), crate::support::LARGE);
    });
}

#[test]
fn a_slow_handshake_of_tls_is_ended() {
    with_server(hasty(), async |server| {
        let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let entrance = Entrance {
            tls: Some(Tls::new(Vec::new()).unwrap()),
            ..Entrance::default()
        };
        server.edge.serve(listener, Arc::new(entrance));
        // Half of a ClientHello, then a byte now and then: the whole handshake has a time limit.
        let mut stream = TcpStream::connect(address).await.unwrap();
        let _ = stream
            .write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
            .await;
        let (mut reading, mut writing) = stream.into_split();
        let dripping = tokio::task::spawn_local(async move {
            while writing.write_all(&[0]).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(crate::support::PATIENCE, reading.read_to_end(&mut answer))
            .await
            .unwrap();
        dripping.abort();
        server
            .until("its place is free", || server.edge.sockets() == 0)
            .await;
    });
}
