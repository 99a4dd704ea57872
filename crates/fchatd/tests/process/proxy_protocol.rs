//! A real HAProxy before the server names its clients by the PROXY protocol, in both versions: WebSockets, bans, health checks.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::monitoring::{ask, connect};
use crate::site::{PATIENCE, Site};
use crate::websocket::{Refused, WebSocket};

/// A HAProxy of this test's own; it is killed with this value. It believes the PROXY protocol of its own clients, so a test
/// chooses their addresses.
struct Haproxy {
    child: Child,
    /// Where it listens: for version 1 and for version 2.
    versions: [SocketAddr; 2],
    statistics: SocketAddr,
    _folder: TempDir,
}

fn free_addresses() -> [SocketAddr; 3] {
    let listeners = [(); 3].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap())
}

impl Haproxy {
    fn start(server: SocketAddr) -> Self {
        let folder = TempDir::new().unwrap();
        let [one, two, statistics] = free_addresses();
        let configuration = format!(
            "global\n  nbthread 1\n  maxconn 100\n\
             defaults\n  mode tcp\n  timeout connect 30s\n  timeout client 60s\n  timeout server 60s\n  timeout check 30s\n\
             frontend one\n  bind {one} accept-proxy\n  default_backend one\n\
             frontend two\n  bind {two} accept-proxy\n  default_backend two\n\
             backend one\n  option httpchk GET /ready\n  server chat {server} send-proxy check inter 200ms\n\
             backend two\n  option httpchk GET /ready\n  server chat {server} send-proxy-v2 check inter 200ms\n\
             frontend statistics\n  mode http\n  bind {statistics}\n  stats enable\n  stats uri /\n"
        );
        let path = folder.path().join("haproxy.cfg");
        fs::write(&path, configuration).unwrap();
        let program = std::env::var_os("HAPROXY").unwrap_or_else(|| "haproxy".into());
        let child = Command::new(&program)
            .arg("-db")
            .arg("-f")
            .arg(&path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let child = child.unwrap_or_else(|error| {
            panic!("{program:?} can't be run ({error}): tests/run installs the package haproxy, which has it")
        });
        Self {
            child,
            versions: [one, two],
            statistics,
            _folder: folder,
        }
    }

    /// Waits until its health checks of both backends have got a good answer.
    fn await_health(&self) {
        let start = Instant::now();
        let mut last = String::new();
        while start.elapsed() < PATIENCE {
            if TcpStream::connect(self.statistics).is_ok() {
                last = ask(self.statistics, "GET /;csv HTTP/1.1\nConnection: close");
                let checked = last
                    .lines()
                    .filter(|line| line.contains(",chat,") && line.contains("L7OK"));
                if checked.count() == 2 {
                    return;
                }
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("the server is not healthy for HAProxy: {last}");
    }

    /// A connection of a client with this address.
    fn client(&self, version: usize, address: &str) -> TcpStream {
        let mut stream = connect(self.versions[version]);
        let (family, own) = match address.contains(':') {
            true => ("TCP6", "2001:db8::1"),
            false => ("TCP4", "192.0.2.1"),
        };
        // HAProxy wants the whole header in one packet.
        let header = format!("PROXY {family} {address} {own} 4711 443\r\n");
        stream.write_all(header.as_bytes()).unwrap();
        stream
    }
}

impl Drop for Haproxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn clients_behind_haproxy_have_their_own_addresses() {
    let site = Site::new();
    let words = [
        "--dev",
        "--set",
        "proxy_protocol=127.0.0.1",
        "--set",
        "max_per_ip=1",
    ];
    let server = site.start(&words);
    let haproxy = Haproxy::start(server.address);
    haproxy.await_health();
    let mut operator = WebSocket::over(haproxy.client(0, "198.51.100.1"));
    operator.identify("Admin", "any").unwrap();
    let names = [["Ada", "Bob", "Cyd"], ["Dot", "Eve", "Fay"]];
    for (version, [ada, bob, cyd]) in names.into_iter().enumerate() {
        let open = |address: &str| WebSocket::over_with(haproxy.client(version, address), &[]);
        let network = version + 1;
        let (one, other) = (format!("203.0.{network}.9"), format!("2001:db8:{network}::7"));
        let mut first = open(&one).unwrap();
        first.identify(ada, "any").unwrap();
        let refused = open(&one).unwrap().identify(bob, "any").unwrap_err();
        assert!(refused.contains("\"number\":30"), "{refused}");
        open(&other).unwrap().identify(cyd, "any").unwrap();
        // A header of the client says nothing against the load balancer.
        let header = [("X-Forwarded-For", "198.51.100.1")];
        let forged = WebSocket::over_with(haproxy.client(version, &one), &header);
        let refused = forged.unwrap().identify(bob, "any").unwrap_err();
        assert!(refused.contains("\"number\":30"), "{refused}");
        operator.say(&format!(
            r#"NBN {{"network":"2001:db8:{network}::/64","reason":"raid"}}"#
        ));
        operator.await_text("SYS ");
        let refused = open(&other).map(drop).unwrap_err();
        assert_eq!(refused, Refused::Status(403));
        let lone = open(&format!("203.0.{network}.10")).unwrap().identify(bob, "any");
        assert_eq!(lone, Ok(()), "another address is another person");
    }
}

#[test]
fn a_load_balancer_without_the_header_is_refused() {
    let site = Site::new();
    let server = site.start(&["--dev", "--set", "proxy_protocol=127.0.0.0/8"]);
    let ended = |bytes: &[u8]| {
        let mut stream = server.connect();
        // The server may close before all of it is sent.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    };
    assert_eq!(ended(b"GET / HTTP/1.1\r\nHost: chat\r\n\r\n"), "");
    let log = server.await_log("is in proxy_protocol and");
    assert!(log.contains("does not begin its connections with it"), "{log}");
    for garbage in [
        b"PROXY nonsense\r\n".to_vec(),
        vec![0xff; 5000],
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff".to_vec(),
    ] {
        assert_eq!(ended(&garbage), "", "{garbage:?}");
    }
    let request = b"GET /ready HTTP/1.1\r\nHost: chat\r\nConnection: close\r\n\r\n";
    let answer = ended(&[b"PROXY UNKNOWN\r\n", &request[..]].concat());
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let local = b"\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00";
    let answer = ended(&[&local[..], request].concat());
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let times = server.logged().matches("is in proxy_protocol and").count();
    assert_eq!(times, 0, "the log has it once a minute");
}
