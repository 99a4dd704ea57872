//! A web server that does as it is told, and remembers its requests.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Generous, since other tests want the processor, too.
const PATIENCE: Duration = Duration::from_secs(40);

/// A request to it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    head: String,
    pub(crate) body: String,
}

/// Its behaviour.
#[derive(Debug, Clone)]
pub(crate) enum Deed {
    /// Answers with a status and a body.
    Answer(u16, String),
    /// Writes these bytes, of any kind, and closes the connection.
    Raw(String),
    /// Says nothing until the other side gives up.
    Silence,
}

type Rule = dyn Fn(&Asked) -> Deed + Send;

struct Inner {
    asked: Vec<Asked>,
    rule: Box<Rule>,
    closed: bool,
    /// Connections that the other side gave up while it waited.
    given_up: usize,
}

/// See the module.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    inner: Arc<Mutex<Inner>>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Receiver {
    pub(crate) fn start(rule: impl Fn(&Asked) -> Deed + Send + 'static) -> Self {
        Self::start_at(0, rule)
    }

    pub(crate) fn start_at(port: u16, rule: impl Fn(&Asked) -> Deed + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        let address = listener.local_addr().unwrap();
        let inner = Arc::new(Mutex::new(Inner {
            asked: Vec::new(),
            rule: Box::new(rule),
            closed: false,
            given_up: 0,
        }));
        let shared = Arc::clone(&inner);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if shared.lock().unwrap().closed {
                    return;
                }
                let shared = Arc::clone(&shared);
                thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { address, inner }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.inner.lock().unwrap().asked.clone()
    }

    pub(crate) fn given_up(&self) -> usize {
        self.inner.lock().unwrap().given_up
    }

    /// Waits until it was asked so often.
    #[track_caller]
    pub(crate) fn await_asked(&self, count: usize) -> Vec<Asked> {
        eventually(&format!("it is asked {count} times"), || {
            self.asked().len() >= count
        });
        self.asked()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.inner.lock().unwrap().closed = true;
        let _ = TcpStream::connect(self.address);
    }
}

pub(crate) fn answer(status: u16, body: &str) -> Deed {
    Deed::Answer(status, body.to_owned())
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "it never happens: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

fn serve(stream: TcpStream, inner: &Mutex<Inner>) -> std::io::Result<()> {
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    loop {
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            head.push_str(&line);
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let asked = Asked {
            path: head.split(' ').nth(1).unwrap_or_default().to_owned(),
            head,
            body: String::from_utf8_lossy(&body).into_owned(),
        };
        let deed = {
            let mut inner = inner.lock().unwrap();
            if inner.closed {
                return Ok(());
            }
            let deed = (inner.rule)(&asked);
            inner.asked.push(asked);
            deed
        };
        match deed {
            Deed::Answer(status, body) => {
                let head = format!(
                    "HTTP/1.1 {status} So\r\nLocation: /elsewhere\r\nContent-Length: {}\r\n\r\n",
                    body.len()
                );
                writer.write_all(format!("{head}{body}").as_bytes())?;
            }
            Deed::Raw(bytes) => {
                writer.write_all(bytes.as_bytes())?;
                return writer.shutdown(std::net::Shutdown::Both);
            }
            Deed::Silence => {
                let _ = reader.read(&mut [0]);
                inner.lock().unwrap().given_up += 1;
                return Ok(());
            }
        }
    }
}
