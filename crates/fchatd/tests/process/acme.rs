//! Certificates by ACME from a real authority for tests (Pebble), by both kinds of proof; authorities that fail.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::pebble::{Pebble, free_port};
use crate::site::Site;
use crate::tls::{Pair, Secured, trusting, trusting_at};
use crate::websocket::WebSocket;

fn words(settings: &[String]) -> Vec<&str> {
    settings.iter().flat_map(|setting| ["--set", setting]).collect()
}

#[test]
fn a_certificate_is_got_kept_and_used() {
    let pebble = Pebble::start();
    let tls = format!("tls://127.0.0.1:{}", pebble.tls);
    let http = format!("tls://127.0.0.1:0, tcp://127.0.0.1:{} redirect", pebble.http);
    for (listen, challenge) in [(tls, "tls-alpn-01"), (http, "http-01")] {
        let site = Site::new();
        let settings = pebble.settings(&listen, challenge);
        let server = site.start_logging(&words(&settings), "info");
        let told = server.await_log("there is a new certificate for ");
        assert!(told.contains("asking https://127.0.0.1"), "{told}");
        let root = pebble.root();
        for name in ["chat.example", "www.chat.example"] {
            trusting(root.clone(), server.address, name).unwrap();
        }
        server.terminate();
        assert_eq!(server.ended().code, Some(0));
        // The next run has the certificate, and asks for none.
        let account = fs::read_to_string(site.path("data/acme/account")).unwrap();
        assert!(account.starts_with(&pebble.directory), "{account}");
        let server = site.start_logging(&words(&settings), "info");
        trusting(root, server.address, "chat.example").unwrap();
        assert!(!server.logged().contains("asking "), "{}", server.logged());
    }
}

/// The life of a certificate that is renewed in the test, in seconds. A third before its end the server asks for the next one.
const LIFE: u32 = 30;

#[test]
fn a_certificate_is_renewed_while_people_talk_and_kept_when_that_fails() {
    let mut pebble = Pebble::start_short(LIFE);
    let site = Site::new();
    let settings = pebble.settings(&format!("tls://127.0.0.1:{}", pebble.tls), "tls-alpn-01");
    let server = site.start_logging(&[&["--dev"], &words(&settings)[..]].concat(), "info");
    let root = pebble.root();
    // Connections are checked for the time of the issue: a slow machine may need longer than a certificate lives.
    let connect = |at: UnixTime| trusting_at(root.clone(), server.address, "chat.example", at).unwrap();
    let leaf = |stream: &Secured| -> CertificateDer<'static> {
        stream.conn.peer_certificates().unwrap()[0].clone().into_owned()
    };
    server.await_log("there is a new certificate for ");
    let first_issue = UnixTime::now();
    let stream = connect(first_issue);
    let first = leaf(&stream);
    let mut people =
        [stream, connect(first_issue)].map(|stream| WebSocket::over_stream(Box::new(stream)).unwrap());
    for (person, name) in people.iter_mut().zip(["Ada", "Bob"]) {
        person.identify(name, "any").unwrap();
    }
    let [ada, bob] = &mut people;
    let mut talk = |text: &str| {
        ada.say(&format!(r#"PRI {{"recipient":"Bob","message":"{text}"}}"#));
        assert!(bob.await_text("PRI ").contains(text));
    };
    talk("with the first");
    let told = server.await_log("there is a new certificate for ");
    assert!(!told.contains(" ERROR "), "{told}");
    let second_issue = UnixTime::now();
    let second = leaf(&connect(second_issue));
    assert_ne!(first, second, "the new one is served");
    assert!(trusting_at(root.clone(), server.address, "chat.example", first_issue).is_err());
    talk("with the second");
    let kept = fs::read(site.path("data/acme/certificate.pem")).unwrap();
    pebble.end();
    let told = server.await_log("no new certificate, the old one stays in force until ");
    assert!(told.contains("The next try is in 60 s"), "{told}");
    assert_eq!(leaf(&connect(second_issue)), second);
    assert_eq!(fs::read(site.path("data/acme/certificate.pem")).unwrap(), kept);
    talk("without an authority");
    server.terminate();
    assert_eq!(server.ended().code, Some(0));
}

/// An authority that answers everything with a page.
fn liar(pair: &Pair) -> SocketAddr {
    let key = rustls::pki_types::PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![pair.der.clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(tls, stream.unwrap());
            let mut asked = [0; 1024];
            if stream.read(&mut asked).is_ok() {
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>");
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    address
}

#[test]
fn an_authority_that_fails_stops_nothing() {
    let pair = Pair::of("127.0.0.1");
    let lying = liar(&pair);
    let absent = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    for (authority, told) in [
        (lying, "gives an answer that is no ACME"),
        (absent, "can't be used"),
    ] {
        let site = Site::new();
        pair.write(&site, "authority");
        let settings = [
            "listen=tcp://127.0.0.1:0, tls://127.0.0.1:0".to_owned(),
            format!("acme_directory=https://{authority}/dir"),
            "acme_root=authority.pem".to_owned(),
            "acme_names=chat.example".to_owned(),
        ];
        let server = site.start_logging(&words(&settings), "info");
        let log = server.await_log("no new certificate, there is none: the certificate authority https://");
        assert!(log.contains(told), "{log}");
        assert!(server.get("/").starts_with("HTTP/1.1 200 "));
        assert!(!site.path("data/acme/certificate.pem").exists());
    }
    let site = Site::new();
    for (setting, part) in [
        ("acme_names=*.chat.example", "without wildcards"),
        ("acme_directory=http://authority.example/", "begins with https://"),
        ("acme_root=none.pem", "none.pem is not there"),
    ] {
        let settings = [
            "listen=tls://127.0.0.1:0".to_owned(),
            "acme_names=chat.example".to_owned(),
            setting.to_owned(),
        ];
        site.run(&words(&settings)).assert_refused(&[part]);
    }
}
