//! Messages over an open WebSocket, valid and invalid.

use crate::support::{settings, with_server, with_threads};
use fchatd_dialogue::websocket::wire::{frame, text};
use fchatd_edge::EdgeSettings;
use fchatd_protocol::exchange::Departure;

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
            .until("all are counted", || {
                server.edge.gauges().deliveries.total() == 500
            })
            .await;
    });
}

#[test]
fn connections_take_turns_however_much_one_of_them_sends() {
    const FLOOD: usize = 5000;
    // On one thread, so that both clients have sent all messages before the server reads.
    with_threads(1, settings(), async |server| {
        let (mut flood, mut person) = (server.open().await, server.open().await);
        flood.send(&text("x").repeat(FLOOD)).await;
        person.say("hello").await;
        for _ in 0..FLOOD {
            assert_eq!(flood.text().await, "x");
        }
        assert_eq!(person.text().await, "hello");
        let messages = server.messages();
        assert_eq!(messages.len(), FLOOD + 1);
        let place = messages.iter().position(|text| text == "hello");
        assert!(
            place < Some(300),
            "a person waited for {place:?} messages of another"
        );
    });
}

#[test]
fn the_largest_backlogs_go_when_all_together_are_too_much() {
    let settings = EdgeSettings {
        backlog_bytes_max: 4 << 20,
        ..settings()
    };
    with_server(settings, async |server| {
        let mut quick = server.open().await;
        let mut slow = Vec::new();
        for _ in 0..3 {
            let mut client = server.open().await;
            client.say("join").await;
            slow.push(client);
        }
        let line = format!("say {}", "x".repeat(400_000));
        while server.edge.gauges().relieved == 0 {
            quick.say(&line).await;
        }
        let gauges = server.edge.gauges();
        assert!(gauges.backlog <= 5 << 20, "{gauges:?}");
        server
            .until("they are gone", || {
                server.departures().contains(&Departure::SlowReader)
            })
            .await;
        quick.say("still here").await;
        assert_eq!(quick.text().await, "still here");
    });
}

#[test]
fn an_unidentified_connection_is_closed_in_time_whatever_comes() {
    let settings = EdgeSettings {
        identify_seconds: 1,
        ..settings()
    };
    with_server(settings, async |server| {
        let mut known = server.open().await;
        known.say("identify").await;
        let mut stranger = server.open().await;
        let mut heard = 0;
        loop {
            stranger.say("me").await;
            match stranger.frame().await.unwrap() {
                (0x81, _) => heard += 1,
                (first, payload) => {
                    assert_eq!((first, &payload[..2]), (0x88, &1008_u16.to_be_bytes()[..]));
                    break;
                }
            }
        }
        assert!(heard > 0);
        server.all_gone_but(1, &[Departure::Closed]).await;
        assert_eq!(server.edge.gauges().unidentified, 1);
        known.say("here").await;
        assert_eq!(known.text().await, "here");
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
fn a_breach_of_the_protocol_has_its_code_after_all_earlier_answers() {
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
