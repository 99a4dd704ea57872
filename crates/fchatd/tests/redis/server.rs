//! A `redis-server` of a test's own, and a client that looks into it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Longer than anything here may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const PASSWORD: &str = "correct horse";

/// Where a Redis runs, or will.
pub(crate) struct Place {
    pub(crate) port: u16,
    folder: TempDir,
}

/// A running one; it is killed with this value.
pub(crate) struct Redis {
    child: Child,
    port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    Text(String),
    Number(i64),
    List(Vec<Reply>),
    Nothing,
    Error(String),
}

impl Place {
    /// A free port and an empty folder.
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        Self {
            port: listener.local_addr().unwrap().port(),
            folder: TempDir::new().unwrap(),
        }
    }

    /// The folder with its data.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts an empty one.
    pub(crate) fn start(&self, further: &[&str]) -> Redis {
        let program = std::env::var_os("REDIS_SERVER").unwrap_or_else(|| "redis-server".into());
        std::fs::create_dir_all(self.data()).unwrap();
        let child = Command::new(&program)
            .args([
                "--bind",
                "127.0.0.1",
                "--requirepass",
                PASSWORD,
                "--appendonly",
                "no",
            ])
            .args(["--port", &self.port.to_string()])
            .arg("--dir")
            .arg(self.data())
            .args(["--save", ""])
            .args(further)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let child = child.unwrap_or_else(|error| {
            panic!(
                "{} can't be run ({error}): run tests/run, which installs redis-server, or name the program in the \
                 environment variable REDIS_SERVER",
                program.to_string_lossy()
            )
        });
        let redis = Redis {
            child,
            port: self.port,
        };
        eventually("redis-server answers", || {
            redis.try_ask(&["PING"]) == Some(Reply::Text("PONG".into()))
        });
        redis
    }
}

impl Redis {
    pub(crate) fn ask(&self, words: &[&str]) -> Reply {
        self.try_ask(words).expect("redis-server answers")
    }

    /// Nothing, when it is not there.
    fn try_ask(&self, words: &[&str]) -> Option<Reply> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let mut stream = TcpStream::connect(address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut text = String::new();
        for words in [["AUTH", PASSWORD].as_slice(), words] {
            text.push_str(&format!("*{}\r\n", words.len()));
            for word in words {
                text.push_str(&format!("${}\r\n{word}\r\n", word.len()));
            }
        }
        stream.write_all(text.as_bytes()).ok()?;
        let mut reader = BufReader::new(stream);
        read(&mut reader)?;
        read(&mut reader)
    }

    /// The characters online, as it knows them.
    pub(crate) fn online(&self) -> Vec<String> {
        let mut names = texts(self.ask(&["SMEMBERS", "users.online"]));
        names.sort();
        names
    }

    /// A list, as it has it.
    pub(crate) fn list(&self, key: &str) -> Vec<String> {
        texts(self.ask(&["LRANGE", key, "0", "-1"]))
    }

    pub(crate) fn stop_for_now(&self) {
        self.signal(Signal::STOP);
    }

    pub(crate) fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn texts(reply: Reply) -> Vec<String> {
    let Reply::List(items) = reply else {
        panic!("{reply:?}")
    };
    let text = |item| match item {
        Reply::Text(text) => text,
        other => panic!("{other:?}"),
    };
    items.into_iter().map(text).collect()
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Reply> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let line = line.strip_suffix("\r\n")?;
    let (kind, rest) = line.split_at_checked(1)?;
    let number = rest.parse::<i64>();
    Some(match kind {
        "+" => Reply::Text(rest.to_owned()),
        "-" => Reply::Error(rest.to_owned()),
        ":" => Reply::Number(number.ok()?),
        "$" => match usize::try_from(number.ok()?) {
            Ok(length) => {
                let mut text = vec![0; length + 2];
                reader.read_exact(&mut text).ok()?;
                text.truncate(length);
                Reply::Text(String::from_utf8(text).unwrap())
            }
            Err(_) => Reply::Nothing,
        },
        _ => Reply::List((0..number.ok()?).map(|_| read(reader)).collect::<Option<_>>()?),
    })
}

/// Waits until something holds.
#[track_caller]
pub(crate) fn eventually(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "it never came to be that {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
