//! Frames that wait for a commit, over real sockets.

use std::time::Duration;

use crate::support::{settings, with_server};
use fchatd_edge::EdgeSettings;
use fchatd_protocol::exchange::Departure;

#[test]
fn a_frame_waits_with_all_that_its_recipients_get_later() {
    with_server(settings(), async |server| {
        let (mut ada, mut bob, mut eve) = (server.open().await, server.open().await, server.open().await);
        for client in [&mut ada, &mut bob] {
            client.say("join").await;
            client.say("joined").await;
            assert_eq!(client.text().await, "joined");
        }
        ada.say("before").await;
        ada.say("wait 1 first change").await;
        ada.say("between").await;
        ada.say("wait 2 second change").await;
        ada.say("after").await;
        assert_eq!(ada.text().await, "before");
        // A client without a pending commit gets answers meanwhile, for any number of messages.
        for _ in 0..50 {
            eve.say("hello").await;
            assert_eq!(eve.text().await, "hello");
        }
        server
            .until("all is said", || server.messages().contains(&"after".to_owned()))
            .await;
        server.edge.stored(1);
        assert_eq!(ada.text().await, "first change");
        assert_eq!(ada.text().await, "between");
        assert_eq!(bob.text().await, "first change");
        bob.say("still here").await;
        server
            .until("bob has spoken", || {
                server.messages().contains(&"still here".to_owned())
            })
            .await;
        server.edge.stored(2);
        assert_eq!(ada.text().await, "second change");
        assert_eq!(ada.text().await, "after");
        assert_eq!(bob.text().await, "second change");
        assert_eq!(bob.text().await, "still here");
        ada.say("wait 2 nothing new").await;
        assert_eq!(ada.text().await, "nothing new", "that commit is on disk already");
    });
}

#[test]
fn more_than_a_socket_holds_can_wait_and_goes_out_as_it_is_read() {
    with_server(settings(), async |server| {
        let mut client = server.open().await;
        client.say("join").await;
        let large = "x".repeat(100_000);
        for number in 0..100 {
            client.say(&format!("wait 1 {number} {large}")).await;
        }
        client.say("last").await;
        server
            .until("all is said", || server.messages().contains(&"last".to_owned()))
            .await;
        server.edge.stored(1);
        for number in 0..100 {
            assert!(client.text().await == format!("{number} {large}"));
        }
        assert_eq!(client.text().await, "last");
    });
}

#[test]
fn waiting_frames_count_against_the_outbox() {
    let small = EdgeSettings {
        outbox_bytes_max: 1000,
        ..settings()
    };
    with_server(small, async |server| {
        let mut client = server.open().await;
        client.say("join").await;
        for _ in 0..30 {
            client.say(&format!("wait 1 {}", "x".repeat(50))).await;
        }
        assert!(client.is_over().await);
        server.all_gone(&[Departure::SlowReader]).await;
        server.edge.stored(1);
    });
}

#[test]
fn last_words_wait_too_and_go_out_within_the_time_that_is_left() {
    let patient = EdgeSettings {
        linger: Duration::from_secs(20),
        ..settings()
    };
    with_server(patient, async |server| {
        let mut client = server.open().await;
        client.say("wait 1 close").await;
        server
            .until("it is closed", || {
                server.departures().contains(&Departure::Closed)
            })
            .await;
        server.edge.stored(1);
        assert_eq!(client.text().await, "bye");
        assert_eq!(client.close_code().await, 1000);
        drop(client);
        server.all_gone(&[Departure::Closed]).await;
    });
}
