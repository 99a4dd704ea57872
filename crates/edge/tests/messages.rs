//! What goes over an open WebSocket, and what a client may not send.

mod support;

use fchatd_edge::EdgeSettings;
use fchatd_protocol::exchange::Departure;
use support::{frame, settings, text, with_server};

#[test]
fn many_frames_in_one_segment_are_answered_in_order() {
    with_server(settings(), async |server| {
        let mut client = server.open().await;
        let all: Vec<u8> = (0..500)
            .flat_map(|index| text(&format!("message {index}")))
            .collect();
        client.send(&all).await;
        for index in 0..500 {
            assert_eq!(client.text().await, format!("message {index}"));
        }
        server
            .until("all are counted", || server.edge.gauges().deliveries == 500)
            .await;
    });
}

#[test]
fn a_frame_may_come_byte_by_byte() {
    with_server(settings(), async |server| {
        let mut client = server.open().await;
        client.stream.set_nodelay(true).unwrap();
        let message = "ä".repeat(100);
        for byte in text(&message) {
            client.send(&[byte]).await;
            tokio::task::yield_now().await;
        }
        assert_eq!(client.text().await, message);
    });
}

#[test]
fn fragments_with_a_ping_between_them() {
    with_server(settings(), async |server| {
        let mut client = server.open().await;
        let parts = [
            frame(0x01, b"one "),
            frame(0x89, b"alive?"),
            frame(0x80, b"message"),
        ];
        client.send(&parts.concat()).await;
        assert_eq!(client.frame().await, Some((0x8A, b"alive?".to_vec())));
        assert_eq!(client.text().await, "one message");
    });
}

#[test]
fn large_messages_go_both_ways() {
    with_server(settings(), async |server| {
        let mut client = server.open().await;
        for length in [125, 126, 65_535, 65_536, 512 * 1024] {
            let message = "x".repeat(length);
            client.say(&message).await;
            assert!(client.text().await == message);
        }
    });
}

#[test]
fn what_breaks_the_protocol_is_named_after_all_that_came_before() {
    let table: [(&str, Vec<u8>, u16); 10] = [
        ("unmasked", vec![0x81, 2, b'h', b'i'], 1002),
        ("reserved bits", frame(0xC1, b"hi"), 1002),
        ("reserved opcode", frame(0x83, b"hi"), 1002),
        ("continuation of nothing", frame(0x80, b"hi"), 1002),
        ("fragmented ping", frame(0x09, b"hi"), 1002),
        ("long ping", frame(0x89, &[b'x'; 126]), 1002),
        (
            "close code that may not be sent",
            frame(0x88, &1005u16.to_be_bytes()),
            1002,
        ),
        ("binary", frame(0x82, b"hi"), 1003),
        ("not UTF-8", frame(0x81, b"\xFF\xFE"), 1007),
        ("too big", frame(0x81, &[b'x'; 1001]), 1009),
    ];
    let settings = EdgeSettings {
        message_bytes_max: 1000,
        ..settings()
    };
    with_server(settings, async |server| {
        let count = table.len();
        for (what, bytes, code) in table.clone() {
            let mut client = server.open().await;
            let segment = [text("first"), frame(0x89, b"ping"), bytes, text("never")].concat();
            client.send(&segment).await;
            assert_eq!(client.frame().await, Some((0x8A, b"ping".to_vec())), "{what}");
            assert_eq!(client.text().await, "first", "{what}");
            assert_eq!(client.close_code().await, code, "{what}");
        }
        server.all_gone(&vec![Departure::Violation; count]).await;
        server
            .until("all are counted", || {
                server.edge.gauges().violations == count as u64
            })
            .await;
        assert_eq!(server.messages(), vec!["first"; count]);
    });
}

#[test]
fn binary_comes_back_where_the_edge_is_told_so() {
    let settings = EdgeSettings {
        echo_binary: true,
        ..settings()
    };
    with_server(settings, async |server| {
        let mut client = server.open().await;
        client.send(&frame(0x82, b"\xFF\x00")).await;
        assert_eq!(client.frame().await, Some((0x82, b"\xFF\x00".to_vec())));
    });
}

#[test]
fn channels_and_everyone() {
    with_server(settings(), async |server| {
        let mut clients = Vec::new();
        for index in 0..4 {
            let mut client = server.open().await;
            if index < 3 {
                client.say("join").await;
            }
            if index > 0 {
                client.say("identify").await;
            }
            client.say("ready").await;
            assert_eq!(client.text().await, "ready");
            clients.push(client);
        }
        clients[0].say("say to the channel").await;
        clients[0].say("everyone to all").await;
        clients[0].say("end").await;
        assert_eq!(clients[0].text().await, "end");
        for client in &mut clients[1..3] {
            assert_eq!(client.text().await, "to the channel");
            assert_eq!(client.text().await, "to all");
        }
        assert_eq!(clients[3].text().await, "to all");
    });
}
