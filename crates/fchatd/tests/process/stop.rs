//! Stopping: everyone is told, and the program ends well.

use crate::site::Site;
use crate::websocket::{Frame, WebSocket};

#[test]
fn everyone_gets_a_close_frame_before_the_end() {
    let site = Site::new();
    let server = site.start(&["--dev"]);
    let mut visitors = [
        WebSocket::log_in(&server, "Ada", "any"),
        WebSocket::log_in(&server, "Bob", "any"),
        WebSocket::open(&server),
    ];
    server.terminate();
    for visitor in &mut visitors {
        let code = loop {
            if let Frame::Close(code) = visitor.frame() {
                break code;
            }
        };
        assert_eq!(code, 1001, "going away");
        visitor.close(code);
    }
    let ended = server.ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("stopping"), "{ended:?}");
    assert!(
        !ended.stderr.contains("ERROR") && !ended.stderr.contains("panicked"),
        "{ended:?}"
    );
}

#[test]
fn nobody_holds_up_the_end() {
    let site = Site::new();
    let server = site.start(&["--dev"]);
    let silent = WebSocket::log_in(&server, "Ada", "any");
    let nothing_said = server.connect();
    server.terminate();
    assert_eq!(server.ended().code, Some(0));
    drop((silent, nothing_said));
}

#[test]
fn a_second_signal_ends_at_once() {
    let site = Site::new();
    let server = site.start(&["--dev"]);
    let mut silent = WebSocket::log_in(&server, "Ada", "any");
    server.terminate();
    while !matches!(silent.frame(), Frame::Close(1001)) {}
    server.terminate();
    assert_eq!(server.ended().code, Some(0));
}
