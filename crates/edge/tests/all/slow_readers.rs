//! Clients that read slowly or not at all.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::os::fd::AsFd;
use std::time::Duration;

use crate::support::{Client, settings, with_server};
use fchatd_dialogue::websocket::wire::{frame, text};
use fchatd_edge::EdgeSettings;
use fchatd_protocol::exchange::Departure;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// Small enough that the sockets cannot hold a few megabytes, large enough that they drain quickly.
const RECEIVE_BUFFER: usize = 128 * 1024;

#[test]
fn a_reader_that_does_not_read_is_cut_off_and_holds_nobody_up() {
    let settings = EdgeSettings {
        outbox_bytes_max: 64 * 1024,
        ..settings()
    };
    with_server(settings, async |server| {
        let mut speaker = server.open().await;
        let mut slow = server.open().await;
        socket2::SockRef::from(&slow.stream)
            .set_recv_buffer_size(RECEIVE_BUFFER)
            .unwrap();
        let mut quick: Vec<Client> = Vec::new();
        for _ in 0..3 {
            quick.push(server.open().await);
        }
        for client in quick.iter_mut().chain([&mut slow, &mut speaker]) {
            client.send(&[text("join"), text("ready")].concat()).await;
            assert_eq!(client.text().await, "ready");
        }
        let filler = "x".repeat(32 * 1024);
        let mut round = 0;
        while server.departures().is_empty() {
            assert!(round < 3000, "100 MB fit into no socket");
            speaker.say(&format!("say {round} {filler}")).await;
            for client in &mut quick {
                let message = client.text().await;
                assert!(message.starts_with(&format!("{round} ")) && message.len() > filler.len());
            }
            round += 1;
        }
        assert_eq!(server.departures(), [Departure::SlowReader]);
        server
            .until("it is counted", || server.edge.gauges().slow_readers == 1)
            .await;
        server
            .until("its slot is free", || server.edge.gauges().connections == 4)
            .await;
        speaker.say("say the last").await;
        for client in &mut quick {
            assert_eq!(client.text().await, "the last");
        }
        // The slow client gets complete frames in order, and then the end of the stream without the rest.
        let mut expected = 0;
        while let Some(message) = whole_text(&mut slow).await {
            assert!(message.starts_with(&format!("{expected} ")));
            expected += 1;
        }
        assert!(expected < round);
        assert_eq!(server.departures(), [Departure::SlowReader]);
    });
}

/// The next text; `None` when the stream ends before it or within it.
async fn whole_text(client: &mut Client) -> Option<String> {
    let (first, payload) = client.whole_frame().await?;
    assert_eq!(first, 0x81);
    Some(String::from_utf8(payload).unwrap())
}

#[test]
fn a_slow_reader_that_catches_up_gets_everything() {
    with_server(settings(), async |server| {
        let mut speaker = server.open().await;
        let mut client = server.open().await;
        socket2::SockRef::from(&client.stream)
            .set_recv_buffer_size(RECEIVE_BUFFER)
            .unwrap();
        client.send(&[text("join"), text("ready")].concat()).await;
        assert_eq!(client.text().await, "ready");
        let filler = "x".repeat(60 * 1024);
        // More bytes than the sockets hold, fewer than the outbox holds.
        for round in 0..200 {
            speaker.say(&format!("say {round} {filler}")).await;
        }
        server.until("all said", || server.messages().len() == 202).await;
        for round in 0..200 {
            assert!(client.text().await.starts_with(&format!("{round} ")));
        }
        client.send(&frame(0x88, &[0x03, 0xE8])).await;
        assert_eq!(client.close_code().await, 1000);
        server.all_gone_but(1, &[Departure::Goodbye]).await;
    });
}

#[test]
fn a_client_that_reads_no_answers_is_not_read() {
    let settings = EdgeSettings {
        outbox_bytes_max: 2 << 20,
        ..settings()
    };
    with_server(settings, async |server| {
        let mut client = server.open().await;
        socket2::SockRef::from(&client.stream)
            .set_recv_buffer_size(RECEIVE_BUFFER)
            .unwrap();
        let descriptor = client.stream.as_fd().try_clone_to_owned().unwrap();
        let mut writer = TcpStream::from_std(descriptor.into()).unwrap();
        let filler = "x".repeat(60 * 1024);
        // All the answers together are far larger than the outbox.
        let speaking = async {
            for round in 0..500 {
                writer
                    .write_all(&text(&format!("{round} {filler}")))
                    .await
                    .unwrap();
            }
        };
        let hearing = async {
            // Waits until the server has had time to read too much, if it does.
            server.until("some said", || server.messages().len() > 10).await;
            for round in 0..500 {
                assert!(client.text().await.starts_with(&format!("{round} ")));
            }
        };
        tokio::join!(speaking, hearing);
        assert_eq!(server.edge.gauges().slow_readers, 0);
    });
}

/// Both ways of writing to sockets, where the system supports both.
#[test]
fn slow_and_broken_readers_delay_no_other_client() {
    for ring in [true, false] {
        with_server(EdgeSettings { ring, ..settings() }, async |server| {
            let mut clients = Vec::new();
            for _ in 0..8 {
                let mut client = server.open().await;
                client.say("join").await;
                clients.push(client);
            }
            server.until("all in", || server.messages().len() == 8).await;
            let mut speaker = server.open().await;
            let mut slow = clients.remove(3);
            socket2::SockRef::from(&slow.stream)
                .set_recv_buffer_size(RECEIVE_BUFFER)
                .unwrap();
            let broken = clients.remove(5);
            socket2::SockRef::from(&broken.stream)
                .set_linger(Some(Duration::ZERO))
                .unwrap();
            drop(broken);
            let filler = "x".repeat(60 * 1024);
            for round in 0..200 {
                speaker.say(&format!("say {round} {filler}")).await;
                for client in &mut clients {
                    assert!(client.text().await.starts_with(&format!("{round} ")));
                }
            }
            for round in 0..200 {
                assert!(slow.text().await.starts_with(&format!("{round} ")));
            }
        });
    }
}
