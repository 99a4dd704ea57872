//! TLS without a proxy in front: the page and conversations, certificates that change, restarts, and clients with bad manners.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::cluster::nodes::{Cluster, borrowed, edge_words};
use crate::site::{PATIENCE, Server, Site};
use crate::websocket::WebSocket;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: chat.example\r\nConnection: close\r\n\r\n";

pub(crate) type Secured = StreamOwned<ClientConnection, TcpStream>;

/// A certificate that signs itself, with its key, as PEM.
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
    pub(crate) der: CertificateDer<'static>,
}

impl Pair {
    fn new(name: &str, years: std::ops::Range<i32>) -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        parameters.not_before = rcgen::date_time_ymd(years.start, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(years.end, 1, 1);
        let certificate = parameters.self_signed(&key).unwrap();
        Self {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
            der: certificate.der().clone(),
        }
    }

    /// A valid certificate for a name.
    pub(crate) fn of(name: &str) -> Self {
        Self::new(name, 2020..2120)
    }

    /// Writes the files `NAME.pem` and `NAME.key`.
    pub(crate) fn write(&self, site: &Site, name: &str) {
        site.write(&format!("{name}.pem"), &self.certificate);
        site.write(&format!("{name}.key"), &self.key);
    }

    /// A connection for this host that trusts this certificate alone.
    pub(crate) fn connect(&self, address: SocketAddr, name: &'static str) -> std::io::Result<Secured> {
        trusting(self.der.clone(), address, name)
    }

    fn log_in(&self, address: SocketAddr, character: &str) -> WebSocket {
        let stream = self.connect(address, "chat.example").unwrap();
        let mut socket = WebSocket::over_stream(Box::new(stream)).unwrap();
        socket.identify(character, "any").unwrap();
        socket
    }
}

/// A connection for a host that trusts one certificate or authority alone.
pub(crate) fn trusting(
    root: CertificateDer<'static>,
    address: SocketAddr,
    name: &'static str,
) -> std::io::Result<Secured> {
    trusting_at(root, address, name, UnixTime::now())
}

/// A time that stands still, for the check of certificates.
#[derive(Debug)]
struct At(UnixTime);

impl TimeProvider for At {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.0)
    }
}

/// Like [`trusting`], at a time of the test's choice.
pub(crate) fn trusting_at(
    root: CertificateDer<'static>,
    address: SocketAddr,
    name: &'static str,
    time: UnixTime,
) -> std::io::Result<Secured> {
    let mut roots = RootCertStore::empty();
    roots.add(root).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_details(provider, Arc::new(At(time)))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name).unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    while client.is_handshaking() {
        client.complete_io(&mut stream)?;
    }
    Ok(StreamOwned::new(client, stream))
}

fn answer_of(mut stream: impl Read + Write) -> String {
    stream.write_all(REQUEST).unwrap();
    let mut answer = Vec::new();
    // Without the end of TLS this is an error.
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// A server with two certificates and a listener of each kind, and the address without TLS.
fn start(site: &Site, words: &[&str]) -> (Server, SocketAddr) {
    let listen = format!(
        "listen=tls://127.0.0.1:0, tcp://127.0.0.1:0 redirect, unix:{}",
        site.path("chat.sock").display()
    );
    let mut all = vec!["--dev", "--set", &listen];
    let files = [
        "tls_certificate=chat.pem, other.pem",
        "tls_key=chat.key, other.key",
    ];
    all.extend(files.iter().flat_map(|words| ["--set", words]));
    all.extend(words);
    let server = site.start_logging(&all, "info");
    let plain = server.announcement.iter().find_map(|line| {
        let address = line.strip_prefix("listener: tcp://")?;
        address.parse().ok()
    });
    let plain = plain.unwrap_or_else(|| panic!("{:?}", server.announcement));
    (server, plain)
}

#[test]
fn the_page_and_conversations_are_served_over_tls() {
    let site = Site::new();
    let (chat, other) = (Pair::of("chat.example"), Pair::of("*.other.example"));
    chat.write(&site, "chat");
    other.write(&site, "other");
    let (server, plain) = start(&site, &["--set", "hsts=600"]);
    let address = server.address;
    let answer = answer_of(chat.connect(address, "chat.example").unwrap());
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(
        answer
            .to_ascii_lowercase()
            .contains("strict-transport-security: max-age=600\r\n"),
        "{answer}"
    );
    // Each name has its certificate, and other names get the first.
    other.connect(address, "www.other.example").unwrap();
    assert!(chat.connect(address, "www.other.example").is_err());
    let refused = chat.connect(address, "stranger.example").unwrap_err();
    assert!(refused.to_string().contains("not valid for name"), "{refused}");
    // Without TLS there is a redirect, and an answer on the port of TLS.
    let redirected = answer_of(TcpStream::connect(plain).unwrap());
    assert!(redirected.starts_with("HTTP/1.1 308 "), "{redirected}");
    let location = format!("location: https://chat.example:{}/\r\n", address.port());
    assert!(redirected.contains(&location), "{redirected}");
    assert!(!redirected.contains("strict-transport"), "{redirected}");
    let refused = answer_of(TcpStream::connect(address).unwrap());
    assert!(refused.starts_with("HTTP/1.1 400 "), "{refused}");
    assert!(refused.contains("This port speaks HTTPS."), "{refused}");
    let local = answer_of(UnixStream::connect(site.path("chat.sock")).unwrap());
    assert!(local.starts_with("HTTP/1.1 200 "), "{local}");
    // A conversation, with a message of several records.
    let mut ada = chat.log_in(address, "Ada");
    let mut bob = chat.log_in(address, "Bob");
    ada.say(r#"PRI {"recipient":"Bob","message":"over TLS"}"#);
    assert!(bob.await_text("PRI ").contains("over TLS"));
    bob.say(&format!(
        r#"PRI {{"recipient":"Ada","message":"{}"}}"#,
        "x".repeat(40_000)
    ));
    assert!(ada.await_text("PRI ").len() > 40_000);
    bob.say(r#"PRI {"recipient":"Ada","message":"back"}"#);
    assert!(ada.await_text("PRI ").contains("back"));
    ada.close();
}

#[test]
fn certificates_change_while_people_talk() {
    let site = Site::new();
    let first = Pair::of("chat.example");
    first.write(&site, "chat");
    Pair::of("other.example").write(&site, "other");
    let (server, _) = start(&site, &[]);
    let address = server.address;
    let mut ada = first.log_in(address, "Ada");
    let mut bob = first.log_in(address, "Bob");
    let mut talk = |text: &str| {
        ada.say(&format!(r#"PRI {{"recipient":"Bob","message":"{text}"}}"#));
        assert!(bob.await_text("PRI ").contains(text));
    };
    talk("before");
    let second = Pair::of("chat.example");
    second.write(&site, "chat");
    server.hang_up();
    server.await_log("the certificates were read: chat.example, other.example, valid until 2120-");
    second.connect(address, "chat.example").unwrap();
    assert!(first.connect(address, "chat.example").is_err());
    talk("after a signal");
    // Faults keep the old certificate.
    let expired = Pair::new("chat.example", 2001..2002);
    for (certificate, key, part) in [
        (
            "nothing".to_owned(),
            second.key.clone(),
            "chat.pem: it has no certificate",
        ),
        (
            second.certificate.clone(),
            first.key,
            "chat.key: the private key does not belong to the certificate",
        ),
        (expired.certificate.clone(), expired.key, "chat.pem has expired"),
    ] {
        site.write("chat.pem", &certificate);
        site.write("chat.key", &key);
        server.hang_up();
        let told = server.await_log("the old ones stay in force");
        assert!(told.contains(part), "{told}");
        second.connect(address, "chat.example").unwrap();
    }
    talk("after faults");
    // Without a signal, the change is seen by itself.
    let third = Pair::of("chat.example");
    third.write(&site, "chat");
    let start = Instant::now();
    while third.connect(address, "chat.example").is_err() {
        assert!(start.elapsed() < PATIENCE, "{}", server.logged());
        thread::sleep(Duration::from_millis(50));
    }
    talk("after a change");
}

/// Idle connections whose memory is measured.
const IDLE: usize = 300;
/// Maximum memory of an idle TLS connection after its log-in, in bytes: the connection and the character together.
const IDLE_BYTES_MAX: u64 = 24 << 10;

#[test]
fn idle_connections_need_little_memory_after_their_log_in() {
    let site = Site::new();
    let pair = Pair::of("chat.example");
    pair.write(&site, "chat");
    pair.write(&site, "other");
    let (server, _) = start(&site, &["--set", "max_per_ip=1000", "--set", "maxusers=1000"]);
    let address = server.address;
    let log_in = |number: usize| pair.log_in(address, &format!("Idle {number}"));
    // The first ones pay for what all share.
    let mut people: Vec<WebSocket> = (0..20).map(log_in).collect();
    let before = resident(server.pid());
    people.extend((20..20 + IDLE).map(log_in));
    // All frames are read, so none waits in the server.
    for person in &mut people {
        person.say("UPT");
        person.await_text("UPT ");
    }
    let each = resident(server.pid()).saturating_sub(before) / IDLE as u64;
    eprintln!("{each} bytes for each idle connection after its log-in");
    assert!(each < IDLE_BYTES_MAX, "{each} bytes for each connection");
}

/// The resident memory of a process, in bytes.
fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
}

#[test]
fn edges_of_a_cluster_speak_tls() {
    let cluster = Cluster::start(&[]);
    let pair = Pair::of("chat.example");
    for threads in ["threads=1", "threads=3"] {
        let site = cluster.edge_site();
        pair.write(&site, "chat");
        let settings = [
            threads,
            "listen=tls://127.0.0.1:0",
            "tls_certificate=chat.pem",
            "tls_key=chat.key",
            "hsts=600",
        ];
        let words = edge_words(&threads.replace('=', "-"), cluster.address, &settings);
        let edge = site.start_logging(&borrowed(&words), "info");
        let answer = answer_of(pair.connect(edge.address, "chat.example").unwrap());
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(answer.contains("max-age=600"), "{answer}");
        let mut ada = pair.log_in(edge.address, "Ada");
        let mut bob = pair.log_in(edge.address, "Bob");
        for text in ["over an edge", &"x".repeat(40_000)] {
            ada.say(&format!(r#"PRI {{"recipient":"Bob","message":"{text}"}}"#));
            assert!(bob.await_text("PRI ").contains(text));
        }
        // A certificate that changes is served without a restart, and conversations go on.
        let next = Pair::of("chat.example");
        next.write(&site, "chat");
        edge.hang_up();
        edge.await_log("the certificates were read: chat.example");
        next.connect(edge.address, "chat.example").unwrap();
        pair.write(&site, "chat");
        bob.say(r#"PRI {"recipient":"Ada","message":"back"}"#);
        assert!(ada.await_text("PRI ").contains("back"));
    }
}

#[test]
fn a_restart_leaves_no_gap_for_tls() {
    let site = Site::new();
    let pair = Arc::new(Pair::of("chat.example"));
    pair.write(&site, "chat");
    let listen = format!(
        "listen=tls://127.0.0.1:0, unix:{}",
        site.path("chat.sock").display()
    );
    let words = ["tls_certificate=chat.pem", "tls_key=chat.key", &listen];
    let words: Vec<&str> = words.iter().flat_map(|word| ["--set", word]).collect();
    let server = site.start_logging(&words, "info");
    let (address, done) = (server.address, Arc::new(AtomicBool::new(false)));
    let knocking = {
        let (done, pair, local) = (Arc::clone(&done), Arc::clone(&pair), site.path("chat.sock"));
        thread::spawn(move || {
            let mut visits = 0;
            while !done.load(Ordering::Relaxed) {
                let stream = pair.connect(address, "chat.example").unwrap();
                WebSocket::over_stream(Box::new(stream)).unwrap();
                let stream = UnixStream::connect(&local).unwrap();
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                WebSocket::over_stream(Box::new(stream)).unwrap();
                visits += 1;
                thread::sleep(Duration::from_millis(5));
            }
            visits
        })
    };
    site.run(&["restart"]).assert_done();
    done.store(true, Ordering::Relaxed);
    assert!(knocking.join().unwrap() > 0);
    let answer = answer_of(pair.connect(address, "chat.example").unwrap());
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    server.terminate();
    let ended = server.ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!ended.stderr.contains(" ERROR "), "{ended:?}");
}

#[test]
fn bad_handshakes_hold_places_and_nothing_else() {
    let site = Site::new();
    let pair = Pair::of("chat.example");
    pair.write(&site, "chat");
    pair.write(&site, "other");
    let (server, _) = start(&site, &["--set", "sockets_per_ip=8"]);
    let address = server.address;
    for garbage in [
        vec![0; 600],
        vec![0x16; 70_000],
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"SSH-2.0-client\r\n".to_vec(),
    ] {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // The server may close before all of it is sent.
        let _ = stream.write_all(&garbage);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(!answer.starts_with(b"HTTP/1.1 2"), "{garbage:?}");
    }
    // Half of a ClientHello, on all sockets of the address.
    let begin = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    let mut open = Vec::new();
    for _ in 0..8 {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(begin).unwrap();
        open.push(stream);
    }
    // The oldest ones give way when they are older than any honest log-in.
    let start = Instant::now();
    let mut ada = loop {
        assert!(start.elapsed() < PATIENCE, "{}", server.logged());
        match pair.connect(address, "chat.example") {
            Ok(stream) => match WebSocket::over_stream(Box::new(stream)) {
                Ok(socket) => break socket,
                Err(_) => thread::sleep(Duration::from_millis(50)),
            },
            Err(_) => thread::sleep(Duration::from_millis(50)),
        }
    };
    ada.identify("Ada", "any").unwrap();
    drop(open);
}

#[test]
fn faults_of_certificates_are_told_before_the_start() {
    let site = Site::new();
    let (pair, expired) = (Pair::of("chat.example"), Pair::new("chat.example", 2001..2002));
    pair.write(&site, "chat");
    expired.write(&site, "expired");
    let refused = |command: Option<&str>, certificate: &str, key: &str, parts: &[&str]| {
        let (certificate, key) = (format!("tls_certificate={certificate}"), format!("tls_key={key}"));
        let settings = ["listen=tls://127.0.0.1:0", &certificate, &key];
        let settings = settings.iter().flat_map(|setting| ["--set", setting]);
        let words: Vec<&str> = command.into_iter().chain(settings).collect();
        site.run(&words).assert_refused(parts);
    };
    for command in [None, Some("check")] {
        refused(command, "", "", &["there is no certificate"]);
        refused(command, "chat.pem", "", &["one file for each file"]);
        refused(command, "none.pem", "chat.key", &["none.pem is not there"]);
        refused(
            command,
            "chat.pem",
            "chat.pem",
            &["no private key that can be read"],
        );
        refused(
            command,
            "chat.pem",
            "expired.key",
            &["expired.key", "does not belong to the certificate"],
        );
    }
    let words = [
        "listen=tls://127.0.0.1:0",
        "tls_certificate=expired.pem",
        "tls_key=expired.key",
    ];
    let words: Vec<&str> = words.iter().flat_map(|word| ["--set", word]).collect();
    let checked = site.run(&[&["check"], &words[..]].concat());
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert!(
        checked.stderr.contains("expired.pem has expired at 2002-01-01"),
        "{checked:?}"
    );
    let server = site.start_logging(&words, "info");
    server.await_log("expired.pem has expired at 2002-01-01");
}
