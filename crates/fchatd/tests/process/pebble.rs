//! Pebble, a real certificate authority for tests. `tests/run` installs it.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tempfile::TempDir;

use crate::site::PATIENCE;
use crate::tls::Pair;

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
pub(crate) struct Pebble {
    pub(crate) directory: String,
    management: SocketAddr,
    pair: Pair,
    /// The ports where it looks for proofs, by HTTP and by TLS.
    pub(crate) http: u16,
    pub(crate) tls: u16,
    programs: Option<[Running; 2]>,
    pub(crate) folder: TempDir,
}

pub(crate) fn free_port() -> u16 {
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
    pub(crate) fn start() -> Self {
        Self::start_with("")
    }

    /// With certificates that are valid for this many seconds.
    pub(crate) fn start_short(seconds: u32) -> Self {
        Self::start_with(&format!(r#", "certificateValidityPeriod": {seconds}"#))
    }

    fn start_with(further: &str) -> Self {
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
                "ocspResponderURL": "", "externalAccountBindingRequired": false{further}}}}}"#
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
            programs: Some([resolver, pebble]),
            folder,
        }
    }

    /// The settings for a server that gets its certificate here.
    pub(crate) fn settings(&self, listen: &str, challenge: &str) -> Vec<String> {
        vec![
            format!("listen={listen}"),
            format!("acme_directory={}", self.directory),
            format!("acme_root={}", self.folder.path().join("pebble.pem").display()),
            "acme_names=chat.example, www.chat.example".to_owned(),
            format!("acme_challenge={challenge}"),
        ]
    }

    /// Ends it: nothing answers there any more.
    pub(crate) fn end(&mut self) {
        self.programs = None;
    }

    /// The root certificate of this run.
    pub(crate) fn root(&self) -> CertificateDer<'static> {
        let mut stream = self.pair.connect(self.management, "127.0.0.1").unwrap();
        stream
            .write_all(b"GET /roots/0 HTTP/1.1\r\nHost: pebble\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        CertificateDer::from_pem_slice(&answer).unwrap()
    }
}
