//! Compression over real sockets: clients with and without compression get the same messages in the same
//! order.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests")]

use crate::support::{Client, Server, settings, upgrade, with_server};
use fchatd_dialogue::websocket::wire::frame;
use fchatd_edge::EdgeSettings;
use fchatd_edge::websocket::{Deflater, Inflater};
use fchatd_protocol::exchange::Departure;

const OFFER: &str = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
const SMALL_WINDOW: &str = "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9\r\n";

fn compressing() -> EdgeSettings {
    EdgeSettings {
        deflate_bytes_min: 100,
        ..settings()
    }
}

/// The server's answer to an offer.
async fn answer(server: &Server, headers: &str) -> Option<String> {
    let mut client = server.connect().await;
    client.send(upgrade(headers).as_bytes()).await;
    let response = client.response().await;
    assert_eq!(response.status, 101);
    let mut lines = response.head.lines();
    lines.find_map(|line| line.strip_prefix("sec-websocket-extensions: ").map(str::to_owned))
}

/// The next text, and whether its frame was compressed.
async fn hear(client: &mut Client) -> (String, bool) {
    let (first, payload) = client.frame().await.expect("a text, not the end");
    let bytes = match first {
        0x81 => payload,
        0xC1 => Inflater::default()
            .inflate(&payload, 1 << 20)
            .expect("it can be inflated")
            .to_vec(),
        other => panic!("a frame that begins with {other:#x}"),
    };
    (String::from_utf8(bytes).expect("it is text"), first == 0xC1)
}

/// All clients must get this text; `compressed` says which of them get it compressed.
async fn all_hear(clients: &mut [Client], text: &str, compressed: [bool; 3]) {
    for (client, compressed) in clients.iter_mut().zip(compressed) {
        assert_eq!(hear(client).await, (text.to_owned(), compressed));
    }
}

async fn room(server: &Server) -> Vec<Client> {
    let mut clients = Vec::new();
    for headers in ["", OFFER, SMALL_WINDOW] {
        let mut client = server.open_with(headers, b"").await;
        client.say("join").await;
        client.say("joined").await;
        assert_eq!(hear(&mut client).await.0, "joined");
        clients.push(client);
    }
    clients
}

#[test]
fn it_is_granted_to_who_offers_it_unless_it_is_switched_off() {
    with_server(settings(), async |server| {
        let granted = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
        assert_eq!(answer(server, OFFER).await.as_deref(), Some(granted));
        let window = format!("{granted}; server_max_window_bits=9");
        assert_eq!(answer(server, SMALL_WINDOW).await, Some(window));
        assert_eq!(answer(server, "").await, None);
        let unknown = "Sec-WebSocket-Extensions: permessage-deflate; level=9\r\n";
        assert_eq!(answer(server, unknown).await, None);
        server.edge.configure(EdgeSettings {
            deflate: false,
            ..settings()
        });
        assert_eq!(answer(server, OFFER).await, None);
    });
}

#[test]
fn a_mixed_room_hears_the_same_also_what_waits_for_a_commit() {
    with_server(compressing(), async |server| {
        let mut clients = room(server).await;
        let mut speaker = server.open().await;
        let (middle, long) = ("some words ".repeat(20), "more words ".repeat(200));
        speaker.say("join").await;
        for text in ["short", &middle, &long] {
            speaker.say(&format!("say {text}")).await;
        }
        speaker.say(&format!("wait 1 {long}")).await;
        speaker.say(&format!("say {middle}")).await;
        speaker.say(&format!("wait 2 {middle}")).await;
        speaker.say("say last").await;
        all_hear(&mut clients, "short", [false; 3]).await;
        all_hear(&mut clients, &middle, [false, true, true]).await;
        all_hear(&mut clients, &long, [false, true, false]).await;
        server
            .until("all is said", || {
                server.messages().contains(&"say last".to_owned())
            })
            .await;
        server.edge.stored(1);
        all_hear(&mut clients, &long, [false, true, false]).await;
        all_hear(&mut clients, &middle, [false, true, true]).await;
        server.edge.stored(2);
        all_hear(&mut clients, &middle, [false, true, true]).await;
        all_hear(&mut clients, "last", [false; 3]).await;
    });
}

#[test]
fn more_than_a_socket_holds_arrives_whole() {
    with_server(compressing(), async |server| {
        let mut clients = room(server).await;
        let mut noise = 1_u32;
        for number in 0..300 {
            let words: String = (0..5000)
                .map(|_| {
                    noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    char::from(b'a' + (noise >> 28) as u8)
                })
                .collect();
            clients[0].say(&format!("say {number} {words}")).await;
        }
        clients[0].say("say end").await;
        for (client, compressed) in clients[1..].iter_mut().zip([true, false]) {
            for number in 0..300 {
                let (text, was) = hear(client).await;
                assert!(text.starts_with(&format!("{number} ")) && text.len() > 5000);
                assert_eq!(was, compressed);
            }
            assert_eq!(hear(client).await.0, "end");
        }
    });
}

#[test]
fn compressed_messages_come_in_and_broken_ones_end_the_connection() {
    with_server(compressing(), async |server| {
        let long = "words of a client ".repeat(100);
        let mut deflater = Deflater::default();
        let payload = deflater
            .compress(long.as_bytes())
            .expect("it is shorter")
            .to_vec();
        let mut client = server.open_with(OFFER, &frame(0xC1, &payload)).await;
        assert_eq!(hear(&mut client).await, (long.clone(), true));
        let (head, tail) = payload.split_at(10);
        let parts = [frame(0x41, head), frame(0x89, b"alive?"), frame(0x80, tail)];
        client.send(&parts.concat()).await;
        assert_eq!(client.frame().await, Some((0x8A, b"alive?".to_vec())));
        assert_eq!(hear(&mut client).await, (long, true));

        let bomb = vec![b' '; 600 * 1024];
        let bomb = deflater.compress(&bomb).expect("it is shorter").to_vec();
        let table = [
            ("", frame(0xC1, &payload), 1002),
            (OFFER, [frame(0x41, head), frame(0xC0, tail)].concat(), 1002),
            (OFFER, frame(0xC1, head), 1007),
            (OFFER, frame(0xC1, &bomb), 1009),
        ];
        let count = table.len();
        for (headers, bytes, code) in table {
            let mut client = server.open_with(headers, &bytes).await;
            assert_eq!(client.close_code().await, code);
        }
        drop(client);
        let mut departures = vec![Departure::Violation; count];
        departures.push(Departure::Lost);
        server.all_gone(&departures).await;
    });
}
