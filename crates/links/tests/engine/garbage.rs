//! Servers that are no engine, or lie: each answer is a sentence, and none a change of the record.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::thread;

use fchatd_cluster::view::{Answer, Ask, Swapped};
use fchatd_links::engine::{Engine, EngineSettings, Kind};

use crate::plays::{engine, record, swap};

/// A server that answers the first bytes of each connection with these, and keeps the connection open if it is told to.
fn server(answer: Vec<u8>, keep: bool) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let mut open = Vec::new();
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(&answer);
            if keep {
                open.push(stream);
            }
        }
    });
    port
}

fn settings(kind: Kind, port: u16) -> EngineSettings {
    let scheme = match kind {
        Kind::Etcd => "http",
        Kind::Postgres => "postgres",
        Kind::Nats => "nats",
    };
    EngineSettings {
        kind,
        servers: vec![format!("{scheme}://127.0.0.1:{port}")],
        name: "chat".to_owned(),
        user: if kind == Kind::Postgres { "me" } else { "" }.to_owned(),
        password: "hush".to_owned(),
        authorities: None,
    }
}

fn http(status: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

async fn is_harmless(engine: &Engine, case: usize) {
    let Answer::Away(reason) = engine.ask(Ask::Read).await else {
        panic!("case {case}: it was believed");
    };
    let Swapped::Unknown(why) = swap(engine, 0, &record(1, "core-a")).await else {
        panic!("case {case}: it was believed");
    };
    for sentence in [reason, why] {
        let is_fine =
            sentence.len() < 2048 && !sentence.contains(char::is_control) && !sentence.contains("hush");
        assert!(is_fine, "case {case}: {sentence:?}");
    }
}

#[tokio::test]
async fn answers_that_are_not_those_of_etcd_are_not_believed() {
    let header = r#""header":{"cluster_id":"7","member_id":"8","revision":"9"}"#;
    let record = |value: &str, revision: &str| {
        let kvs = format!(r#""kvs":[{{"key":"x","mod_revision":{revision},"value":"{value}"}}]"#);
        // To a change this is no answer either.
        http("200 OK", &format!(r#"{{{header},{kvs},"succeeded":"perhaps"}}"#))
    };
    let long = "x".repeat(70_000);
    let cases = [
        Vec::new(),
        b"\0\x01\x02 nonsense".to_vec(),
        b"SSH-2.0-OpenSSH_9.2p1\r\n".to_vec(),
        http("200 OK", ""),
        http("200 OK", "<html>"),
        http("200 OK", "[]"),
        http("200 OK", "null"),
        http("200 OK", "{}"),
        http("200 OK", r#"{"succeeded":true,"header":{"revision":"3"}}"#),
        http("200 OK", &format!("{}{}", "[".repeat(5000), "]".repeat(5000))),
        http("200 OK", &format!(r#"{{{header},"more":"{long}"}}"#)),
        http("404 Not Found", "there is\u{7}\n nothing here"),
        http("500 No", r#"{"message":"\u0000\u001b[31mred\nlines","code":2}"#),
        http("503 No", r#"{"error":"etcdserver: no leader","code":14}"#),
        http(
            "401 No",
            r#"{"error":"etcdserver: invalid auth token","code":16}"#,
        ),
        http("307 Elsewhere", ""),
        record("AAAA", r#""5""#),
        record("/w==", r#""5""#),
        record("not base64!", r#""5""#),
        record("e30=", r#""5""#),
        record("bnVsbA==", r#""-1""#),
        record("bnVsbA==", "0"),
        record("bnVsbA==", "[]"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_vec(),
        [b"HTTP/1.1 200 OK\r\nX: ".to_vec(), long.clone().into_bytes()].concat(),
    ];
    for (case, answer) in cases.into_iter().enumerate() {
        is_harmless(&engine(&settings(Kind::Etcd, server(answer, false))), case).await;
    }
}

#[tokio::test]
async fn answers_that_are_not_those_of_postgresql_are_not_believed() {
    let message = |tag: u8, length: u32, body: &[u8]| {
        let mut bytes = vec![tag];
        bytes.extend(length.to_be_bytes());
        bytes.extend(body);
        bytes
    };
    let cases = [
        Vec::new(),
        b"\0\x01\x02 nonsense".to_vec(),
        http("400 Bad Request", "{}"),
        message(b'R', 0, b""),
        message(b'R', 3, b""),
        message(b'R', 8, &[0, 0, 0, 99]),
        message(b'R', 12, &[0, 0, 0, 5, 1, 2, 3, 4]),
        message(b'R', 0x7fff_ffff, &vec![0; 1 << 20]),
        message(b'E', 0x7fff_fff0, &[b'S'; 100_000]),
        message(
            b'E',
            40,
            b"SFATAL\0C28P01\0Mno\x07\n\x1b[31m password for hush\0\0",
        ),
        message(b'R', 8, &[0; 4]),
        vec![b'Z'; 100_000],
    ];
    for (case, answer) in cases.into_iter().enumerate() {
        is_harmless(
            &engine(&settings(Kind::Postgres, server(answer, case % 2 == 0))),
            case,
        )
        .await;
    }
}

#[tokio::test]
async fn answers_that_are_not_those_of_nats_are_not_believed() {
    let info =
        r#"INFO {"server_id":"x","version":"2.12.0","max_payload":1048576,"headers":true,"jetstream":true}"#;
    let after = |rest: &str| format!("{info}\r\n{rest}").into_bytes();
    let cases = [
        Vec::new(),
        b"\0\x01\x02 nonsense\r\n".to_vec(),
        http("400 Bad Request", "{}"),
        b"INFO {}\r\n".to_vec(),
        b"INFO nonsense\r\n".to_vec(),
        after(""),
        after("PONG\r\n"),
        after("-ERR 'Authorization \x1b[31m Violation'\r\n"),
        after("PONG\r\nMSG _INBOX.x 1 9999999999\r\n"),
        after("PONG\r\nMSG _INBOX.x 1 -5\r\n\r\n"),
        after(&format!("PONG\r\n{}", "x".repeat(100_000))),
    ];
    for (case, answer) in cases.into_iter().enumerate() {
        is_harmless(
            &engine(&settings(Kind::Nats, server(answer, case % 2 == 0))),
            case,
        )
        .await;
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    for kind in [Kind::Etcd, Kind::Postgres, Kind::Nats] {
        let engine = engine(&settings(kind, server(Vec::new(), true)));
        let Answer::Away(reason) = engine.ask(Ask::Read).await else {
            panic!("nobody answers");
        };
        let is_silence = reason.contains("no answer came within 500 ms") || reason.contains("timed out");
        assert!(is_silence, "{reason}");
    }
}
