//! `fchatd flash-policy`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fchatd_links::flash::REQUEST;
use rustix::process::{Pid, Signal, kill_process};

struct Service {
    child: Child,
    address: SocketAddr,
    stdout: BufReader<std::process::ChildStdout>,
}

impl Service {
    fn start(words: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_fchatd"))
            .args(["flash-policy", "--listen", "127.0.0.1:0"])
            .args(words)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.trim().rsplit(' ').next().unwrap().parse().unwrap();
        Self {
            child,
            address,
            stdout,
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// The bytes until the connection is closed.
    fn rest(mut stream: TcpStream) -> Vec<u8> {
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    }

    fn ask(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = self.connect();
        stream.write_all(bytes).unwrap();
        Self::rest(stream)
    }

    /// Ends it; gives its output then.
    fn end(mut self) -> String {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let mut said = String::new();
        self.stdout.read_to_string(&mut said).unwrap();
        assert!(self.child.wait().unwrap().success());
        said
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_policy_is_given_to_who_asks_for_it_and_nothing_to_others() {
    let service = Service::start(&[]);
    let policy = service.ask(REQUEST);
    let text = String::from_utf8(policy.clone()).unwrap();
    assert!(
        text.contains(r#"<allow-access-from domain="*" to-ports="*"/>"#),
        "{text}"
    );
    assert!(text.ends_with("</cross-domain-policy>\n\0"), "{text}");
    let mut stream = service.connect();
    for byte in REQUEST {
        stream.write_all(&[*byte]).unwrap();
    }
    assert_eq!(Service::rest(stream), policy);
    let more = [REQUEST, b"and so on"].concat();
    assert_eq!(service.ask(&more), policy);
    for nonsense in [
        &b"<policy-file-request>\0"[..],
        b"\0",
        b"GET / HTTP/1.1\r\n\r\n\0",
        &[b'x'; 1024],
    ] {
        assert_eq!(service.ask(nonsense), b"");
    }
    let mut half = service.connect();
    half.write_all(b"<policy-file").unwrap();
    half.shutdown(Shutdown::Write).unwrap();
    assert_eq!(Service::rest(half), b"");
    let said = service.end();
    assert!(
        said.contains("3 requests answered") && said.contains("4 that asked something else"),
        "{said}"
    );
}

#[test]
fn many_at_once_and_no_more_than_there_may_be() {
    let service = Service::start(&["--connections", "50"]);
    let many: Vec<TcpStream> = (0..50).map(|_| service.connect()).collect();
    // The last of them has its place when the one after it is turned away.
    assert_eq!(Service::rest(service.connect()), b"");
    let answers = many.into_iter().map(|mut stream| {
        stream.write_all(REQUEST).unwrap();
        Service::rest(stream)
    });
    assert!(answers.into_iter().all(|answer| answer.starts_with(b"<?xml")));
    let said = service.end();
    assert!(
        said.contains("50 requests answered") && said.contains("1 beyond the limit"),
        "{said}"
    );
}

#[test]
fn the_policy_can_be_another_and_must_be_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.xml");
    let path = file.to_str().unwrap();
    std::fs::write(&file, "<cross-domain-policy><!-- ours --></cross-domain-policy>").unwrap();
    let service = Service::start(&["--policy", path]);
    assert_eq!(
        service.ask(REQUEST),
        b"<cross-domain-policy><!-- ours --></cross-domain-policy>\0"
    );
    std::fs::write(&file, "something else").unwrap();
    let refused = Command::new(env!("CARGO_BIN_EXE_fchatd"))
        .args(["flash-policy", "--listen", "127.0.0.1:0", "--policy", path])
        .output()
        .unwrap();
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("<cross-domain-policy>"));
}
