//! Certificates by ACME from a real authority for tests (Pebble), by both kinds of proof; authorities that fail.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

use crate::site::{PATIENCE, Site};
use crate::tls::{Pair, trusting};

/// A program that is killed with this value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn run(name: &str, variable: &str, folder: &Path, words: &[&str]) -> Running {
    let program = std::env::var_os(variable).unwrap_or_else(|| name.into());
    let child = Command::new(&program)
        .args(words)
        .current_dir(folder)
        .env("PEBBLE_VA_NOSLEEP", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    Running(child.unwrap_or_else(|error| {
        panic!("{program:?} can't be run ({error}): tests/run installs the package pebble, which has it")
    }))
}

/// A Pebble for which every name is this machine.
struct Pebble {
    directory: String,
    management: SocketAddr,
    pair: Pair,
    /// The ports where it looks for proofs, by HTTP and by TLS.
    http: u16,
    tls: u16,
    _programs: [Running; 2],
    folder: TempDir,
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

fn free_datagram_port() -> u16 {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.local_addr().unwrap().port()
}

fn await_port(address: SocketAddr) {
    let start = Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(start.elapsed() < PATIENCE, "nothing listens on {address}");
        thread::sleep(Duration::from_millis(20));
    }
}

impl Pebble {
    fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let pair = Pair::of("127.0.0.1");
        fs::write(folder.path().join("pebble.pem"), &pair.certificate).unwrap();
        fs::write(folder.path().join("pebble.key"), &pair.key).unwrap();
        let local = |port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let [directory, management, names_management] = [free_port(), free_port(), free_port()].map(local);
        let names = local(free_datagram_port());
        let (http, tls) = (free_port(), free_port());
        let configuration = format!(
            r#"{{"pebble": {{"listenAddress": "{directory}", "managementListenAddress": "{management}",
                "certificate": "pebble.pem", "privateKey": "pebble.key", "httpPort": {http}, "tlsPort": {tls},
                "ocspResponderURL": "", "externalAccountBindingRequired": false}}}}"#
        );
        fs::write(folder.path().join("pebble.json"), configuration).unwrap();
        let (names, names_management) = (names.to_string(), names_management.to_string());
        let words = [
            "-defaultIPv4",
            "127.0.0.1",
            "-defaultIPv6",
            "",
            "-http01",
            "",
            "-https01",
            "",
        ];
        let more = [
            "-tlsalpn01",
            "",
            "-dns01",
            &names,
            "-management",
            &names_management,
        ];
        let resolver = run(
            "pebble-challtestsrv",
            "PEBBLE_CHALLTESTSRV",
            folder.path(),
            &[&words[..], &more[..]].concat(),
        );
        let words = ["-config", "pebble.json", "-dnsserver", &names];
        let pebble = run("pebble", "PEBBLE", folder.path(), &words);
        await_port(directory);
        await_port(management);
        Self {
            directory: format!("https://{directory}/dir"),
            management,
            pair,
            http,
            tls,
            _programs: [resolver, pebble],
            folder,
        }
    }

    /// The settings for a server that gets its certificate here.
    fn settings(&self, listen: &str, challenge: &str) -> Vec<String> {
        vec![
            format!("listen={listen}"),
            format!("acme_directory={}", self.directory),
            format!("acme_root={}", self.folder.path().join("pebble.pem").display()),
            "acme_names=chat.example, www.chat.example".to_owned(),
            format!("acme_challenge={challenge}"),
        ]
    }

    /// The root certificate of this run.
    fn root(&self) -> CertificateDer<'static> {
        let mut stream = self.pair.connect(self.management, "127.0.0.1").unwrap();
        stream
            .write_all(b"GET /roots/0 HTTP/1.1\r\nHost: pebble\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        CertificateDer::from_pem_slice(&answer).unwrap()
    }
}

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
