//! Stopping: everyone is told, and the program ends well.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use fchatd_dialogue::websocket::{WebSocket as Malformed, wire};
use rustix::process::Signal;

use crate::site::Site;
use crate::websocket::{Frame, WebSocket, log_in};

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
    for known in &mut visitors[..2] {
        assert_eq!(
            known.await_text("BRO "),
            r#"BRO {"message":"The server is going down."}"#
        );
    }
    for visitor in &mut visitors {
        assert_eq!(visitor.closed(), 1001, "going away");
        visitor.close();
    }
    let ended = server.ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("stopping"), "{ended:?}");
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

/// A quarter of the time that a person would find long, four times the usual one.
const ALLOWED: Duration = Duration::from_secs(20);

#[test]
fn clients_of_all_kinds_are_let_go_in_time_and_everything_is_saved() {
    let site = Site::new();
    // A log-in site that never answers.
    let login = TcpListener::bind("127.0.0.1:0").unwrap();
    let login_url = format!("login_url=http://{}/", login.local_addr().unwrap());
    let server = site.start(&["--set", &login_url, "--set", "drain_time=1"]);
    let mut idle = WebSocket::open(&server);
    let mut checked = WebSocket::open(&server);
    checked.say(&log_in("a", "b", "Ada"));
    let (mut asked, _) = login.accept().unwrap();
    asked.read_exact(&mut [0; 4]).unwrap();
    let mut half = Malformed::over(server.connect(), "/chat2", wire::VERSION).unwrap();
    half.raw(&[wire::TEXT, 0xFE, 0x01]).unwrap();
    let nothing_said = server.connect();
    let mut half_asked = server.connect();
    half_asked.write_all(b"GET / HTT").unwrap();
    let mut uploading = server.connect();
    uploading
        .write_all(b"POST /json/getApiTicket.php HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\naccount")
        .unwrap();
    let begin = Instant::now();
    server.signal(Signal::INT);
    for visitor in [&mut idle, &mut checked] {
        assert_eq!(visitor.closed(), 1001);
    }
    half.await_close().unwrap();
    assert_eq!(half.closed_with, Some(1001));
    let ended = server.ended();
    assert!(begin.elapsed() < ALLOWED);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!ended.stderr.contains(" ERROR "), "{ended:?}");
    drop((nothing_said, half_asked, uploading));
    site.run(&["state", "show"]).assert_done();
}

#[test]
fn a_client_that_never_reads_does_not_delay_the_end() {
    let site = Site::new();
    let server = site.start(&["--dev", "--set", "msg_flood=0", "--set", "drain_time=1"]);
    let mut mute = WebSocket::log_in(&server, "Mute", "any");
    let mut talker = WebSocket::log_in(&server, "Talker", "any");
    for visitor in [&mut mute, &mut talker] {
        visitor.say(r#"JCH {"channel":"Frontpage"}"#);
        visitor.await_text("CDS ");
    }
    // More than the sockets between them hold.
    let message = format!(r#"PRI {{"recipient":"Mute","message":"{}"}}"#, "x".repeat(40_000));
    for _ in 0..200 {
        talker.say(&message);
    }
    talker.say("CHA");
    talker.await_text("CHA ");
    let begin = Instant::now();
    server.terminate();
    assert_eq!(talker.closed(), 1001);
    assert_eq!(server.ended().code, Some(0));
    assert!(begin.elapsed() < ALLOWED);
}

#[test]
fn a_request_under_way_is_answered() {
    let site = Site::new();
    let server = site.start(&["--set", "drain_time=0"]);
    let mut uploading = server.connect();
    uploading
        .write_all(b"POST /json/getApiTicket.php HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nacc")
        .unwrap();
    // A client with an answer after it shows that it has been read.
    assert!(server.get("/").starts_with("HTTP/1.1 200 "));
    let mut witness = WebSocket::open(&server);
    server.terminate();
    assert_eq!(witness.closed(), 1001);
    uploading.write_all(b"ount=a").unwrap();
    let mut answer = String::new();
    uploading.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(
        answer.to_ascii_lowercase().contains("connection: close"),
        "{answer}"
    );
    assert_eq!(server.ended().code, Some(0));
}

#[test]
fn an_administrator_halts_the_server() {
    let site = Site::new();
    let server = site.start(&["--dev"]);
    let mut admin = WebSocket::log_in(&server, "admin", "any");
    admin.say(r#"ZZZ {"command":"halt"}"#);
    admin.await_text("BRO ");
    assert_eq!(admin.closed(), 1001);
    assert_eq!(server.ended().code, Some(0));
}

#[test]
fn a_limit_of_files_that_is_too_low_is_told() {
    let site = Site::new();
    let mut command = site.command("sh");
    let script = r#"ulimit -n 300; exec "$0" "$@""#;
    command.arg("-c").arg(script).arg(env!("CARGO_BIN_EXE_fchatd"));
    let server = site.start_by(command, &["--dev"]);
    server.terminate();
    let ended = server.ended();
    assert_eq!(ended.code, Some(0));
    assert!(
        ended.stderr.contains("lets this process open 300 files")
            && ended
                .stderr
                .contains("connections fit instead of maxconnections = 100000"),
        "{ended:?}"
    );
}
