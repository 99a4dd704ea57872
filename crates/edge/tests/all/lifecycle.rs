//! The ways in which connections end; no state of them may be left.

use std::time::{Duration, Instant};

use crate::support::{Client, Heard, Server, settings, upgrade, with_server};
use fchatd_dialogue::websocket::wire::{frame, text};
use fchatd_edge::EdgeSettings;
use fchatd_protocol::exchange::Departure;
use tokio::io::AsyncWriteExt;

#[test]
fn a_close_frame_is_answered_with_its_code() {
    with_server(settings(), async |server| {
        let mut expected = Vec::new();
        for (payload, code) in [(&[0x0F, 0xA1, b'x'][..], 4001), (&[0x03, 0xE8], 1000), (&[], 0)] {
            let mut client = server.open().await;
            client
                .send(&[text("last"), frame(0x88, payload), text("never")].concat())
                .await;
            assert_eq!(client.text().await, "last");
            assert_eq!(client.close_code().await, code);
            expected.push(Departure::Goodbye);
        }
        server.all_gone(&expected).await;
        assert_eq!(server.messages(), ["last"; 3]);
    });
}

#[test]
fn a_close_frame_with_the_end_of_the_stream_is_a_goodbye() {
    with_server(settings(), async |server| {
        let mut client = server.open().await;
        client
            .send(&[text("last"), frame(0x88, &[0x03, 0xE8])].concat())
            .await;
        client.stream.shutdown().await.unwrap();
        assert_eq!(client.text().await, "last");
        assert_eq!(client.close_code().await, 1000);
        server.all_gone(&[Departure::Goodbye]).await;
    });
}

#[test]
fn a_broken_connection_is_lost_once() {
    with_server(settings(), async |server| {
        let client = server.open().await;
        client.reset();
        server.all_gone(&[Departure::Lost]).await;
        drop(server.open().await);
        server.all_gone(&[Departure::Lost, Departure::Lost]).await;
    });
}

#[test]
fn the_end_of_one_connection_does_not_touch_the_next_in_its_slot() {
    with_server(settings(), async |server| {
        let ends = [frame(0x88, &[0x03, 0xE8]), frame(0x82, b"binary"), text("echo")];
        for (round, last) in ends.into_iter().enumerate() {
            let mut rude = server.open().await;
            let mut next = server.connect().await;
            next.send(upgrade("").as_bytes()).await;
            let before = server.departures().len();
            rude.send(&last).await;
            rude.reset();
            assert_eq!(next.response().await.status, 101);
            let mut third = server.open().await;
            server.until("gone", || server.departures().len() > before).await;
            let mut fourth = server.open().await;
            for client in [&mut next, &mut third, &mut fourth] {
                client.say("hello").await;
                assert_eq!(client.text().await, "hello");
            }
            drop((next, third, fourth));
            server
                .until("all gone", || {
                    server.edge.gauges().connections == 0 && server.departures().len() >= 4 * (round + 1)
                })
                .await;
        }
        assert_eq!(
            server.departures().len(),
            12,
            "each connection ends once: {:?}",
            server.heard()
        );
    });
}

#[test]
fn a_close_by_the_application_lets_the_last_frames_arrive() {
    with_server(settings(), async |server| {
        let mut client = server.open().await;
        let begin = Instant::now();
        client.send(&[text("hello"), text("close 300")].concat()).await;
        assert_eq!(client.text().await, "hello");
        assert_eq!(client.text().await, "bye");
        client.say("after").await;
        client.send(&frame(0x89, b"ping")).await;
        assert_eq!(client.frame().await, Some((0x8A, b"ping".to_vec())));
        assert_eq!(client.close_code().await, 1000);
        assert!(begin.elapsed() >= Duration::from_millis(300), "the delay is kept");
        server.all_gone(&[Departure::Closed]).await;
        assert_eq!(server.messages(), ["hello", "close 300"]);
    });
}

#[test]
fn a_client_that_never_ends_is_let_go() {
    with_server(settings(), async |server| {
        let mut client = server.open().await;
        client.say("close 0").await;
        assert_eq!(client.text().await, "bye");
        assert_eq!(client.close_code().await, 1000);
        // The client keeps its side of the connection open.
        server.all_gone(&[Departure::Closed]).await;
    });
}

#[test]
fn silence_is_ended_and_life_is_not() {
    let settings = EdgeSettings {
        silence_seconds: 1,
        ..settings()
    };
    with_server(settings, async |server| {
        // Starts late in a second, which must not shorten the timeout.
        tokio::time::sleep(Duration::from_millis(800)).await;
        let begin = Instant::now();
        let mut quiet = server.open().await;
        let mut alive = server.open().await;
        while server.departures().is_empty() {
            alive.send(&frame(0x89, b"")).await;
            assert_eq!(alive.frame().await, Some((0x8A, Vec::new())));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(begin.elapsed() >= Duration::from_millis(700));
        assert_eq!(quiet.close_code().await, 1008);
        assert_eq!(server.departures(), [Departure::Silent]);
        server
            .until("it is counted", || server.edge.gauges().silent == 1)
            .await;
        alive.say("still here").await;
        assert_eq!(alive.text().await, "still here");
    });
}

#[test]
fn identified_clients_get_pins() {
    let settings = EdgeSettings {
        ping_seconds: 1,
        ..settings()
    };
    with_server(settings, async |server| {
        let mut stranger = server.open().await;
        let mut client = server.open().await;
        client.say("identify").await;
        assert_eq!(client.text().await, "PIN");
        assert_eq!(client.text().await, "PIN");
        stranger.say("anything for me?").await;
        assert_eq!(stranger.text().await, "anything for me?");
    });
}

#[test]
fn a_drain_says_goodbye_to_all() {
    with_server(settings(), async |server| {
        let mut clients = Vec::new();
        for _ in 0..3 {
            clients.push(server.open().await);
        }
        let mut greeting = server.connect().await;
        greeting.send(b"GET / HTTP/1.1\r\nHost: ").await;
        // It neither reads nor closes, and must not block the shutdown. Once it is open, the connection
        // before it is open, too.
        let _mute = server.open().await;
        server
            .until("all in", || server.edge.gauges().connections == 4)
            .await;
        let clients = async {
            tokio::task::yield_now().await;
            let rest = upgrade("");
            let rest = rest.split_once("Host: ").unwrap().1;
            greeting.send(rest.as_bytes()).await;
            // It was accepted earlier, so it gets a close frame like the others and not a dead connection.
            assert_eq!(greeting.response().await.status, 101);
            clients.push(greeting);
            for mut client in clients {
                assert_eq!(client.close_code().await, 1001);
            }
        };
        let begin = Instant::now();
        let drained = server.edge.drain(Duration::ZERO, Duration::from_secs(60));
        tokio::join!(drained, clients);
        assert!(
            begin.elapsed() < Duration::from_secs(30),
            "all were gone long before"
        );
        assert_eq!(server.edge.gauges().connections, 0);
        assert_eq!(server.departures(), [], "all users stay in the saved state");
        server
            .until("no longer serving", || server.serving.is_finished())
            .await;
        assert!(tokio::net::TcpStream::connect(server.address).await.is_err());
    });
}

#[test]
fn requests_under_way_are_answered_in_a_drain_and_idle_connections_end() {
    with_server(settings(), async |server| {
        let mut idle = server.connect().await;
        idle.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert_eq!(idle.response().await.status, 200);
        let mut uploading = server.connect().await;
        uploading
            .send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc")
            .await;
        // Its request is in transit when the shutdown begins.
        let mut new = server.connect().await;
        server.until("all accepted", || server.edge.sockets() == 3).await;
        let clients = async {
            tokio::task::yield_now().await;
            new.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
            assert_eq!(new.response().await.status, 200);
            uploading.send(b"def").await;
            assert_eq!(uploading.response().await.status, 200);
        };
        let begin = Instant::now();
        let drained = server.edge.drain(Duration::ZERO, Duration::from_secs(60));
        tokio::join!(drained, clients);
        assert!(begin.elapsed() < Duration::from_secs(30));
        assert_eq!(
            server.edge.sockets(),
            0,
            "kept-alive connections do not hold it up"
        );
    });
}

#[test]
fn those_who_are_not_closed_yet_are_served_while_others_go() {
    with_server(settings(), async |server| {
        let mut clients = Vec::new();
        for _ in 0..40 {
            clients.push(server.open().await);
        }
        let mut last = clients.pop().unwrap();
        let talk = async {
            assert_eq!(clients[0].close_code().await, 1001);
            last.say("still here").await;
            assert_eq!(last.text().await, "still here");
            assert_eq!(last.close_code().await, 1001);
            drop(clients);
        };
        let drained = server
            .edge
            .drain(Duration::from_millis(400), Duration::from_secs(60));
        tokio::join!(drained, talk);
    });
}

#[test]
fn there_is_room_for_so_many_and_again_after_one_has_gone() {
    let settings = EdgeSettings {
        connections_max: 6,
        ..settings()
    };
    with_server(settings, async |server| {
        let mut clients = Vec::new();
        for _ in 0..2 {
            clients.push(open_identified(server).await);
        }
        // A connection in its handshake counts as well. Of four anonymous connections, the oldest is evicted.
        let mut silent = server.connect().await;
        silent.send(b"GET / ").await;
        server.until("in", || server.edge.sockets() == 3).await;
        for _ in 0..4 {
            clients.push(server.open().await);
        }
        assert!(silent.is_over().await);
        for client in &mut clients[2..] {
            client.say("identify").await;
        }
        server
            .until("identified", || server.edge.gauges().anonymous == 0)
            .await;
        assert!(server.connect().await.is_over().await, "no connection is evicted");
        assert_eq!(server.edge.gauges().evicted, 1);
        drop(clients.pop());
        server.until("gone", || server.edge.sockets() == 5).await;
        let mut client = server.open().await;
        client.say("hello").await;
        assert_eq!(client.text().await, "hello");
    });
}

#[test]
fn five_hundred_connections_leave_nothing_behind() {
    const ROOM: usize = 100;
    // From seven eighths of the places on, anonymous connections are evicted for new ones.
    const EARLY: usize = 80;
    let settings = EdgeSettings {
        connections_max: ROOM,
        ..settings()
    };
    with_server(settings, async |server| {
        for round in 1..=5 {
            let mut clients = open_all(server, EARLY).await;
            for client in &mut clients {
                client.say("identify").await;
            }
            server
                .until("identified", || server.edge.gauges().anonymous == 0)
                .await;
            for _ in EARLY..ROOM {
                clients.push(open_identified(server).await);
            }
            assert!(server.connect().await.is_over().await, "one more is turned away");
            server
                .until("all in", || server.edge.gauges().connections == ROOM)
                .await;
            for (index, mut client) in clients.drain(..).enumerate() {
                match index % 4 {
                    0 => client.reset(),
                    1 => client.send(&frame(0x88, &[0x03, 0xE8])).await,
                    2 => client.send(&frame(0x82, b"")).await,
                    _ => client.say("close 0").await,
                }
            }
            server
                .until("all gone", || {
                    server.edge.gauges().connections == 0 && server.departures().len() == ROOM * round
                })
                .await;
        }
        let mut slots: Vec<(u16, u32)> = server
            .heard()
            .iter()
            .filter_map(|heard| match heard {
                Heard::Opened(id, _) => Some((id.edge, id.slot)),
                _ => None,
            })
            .collect();
        slots.sort_unstable();
        slots.dedup();
        assert_eq!(slots.len(), ROOM, "slots are used again");
    });
}

/// A WebSocket that has identified and so cannot be evicted.
async fn open_identified(server: &Server) -> Client {
    let mut client = server.open().await;
    client.say("identify").await;
    server
        .until("identified", || server.edge.gauges().anonymous == 0)
        .await;
    client
}

async fn open_all(server: &Server, count: usize) -> Vec<Client> {
    let mut clients = Vec::new();
    for _ in 0..count {
        let mut client = server.connect().await;
        client.send(upgrade("").as_bytes()).await;
        clients.push(client);
    }
    for client in &mut clients {
        assert_eq!(client.response().await.status, 101);
    }
    clients
}
