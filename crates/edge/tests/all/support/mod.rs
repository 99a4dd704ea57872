//! An edge with a small test application, and a client whose frames `fchatd_dialogue` makes and reads, independent of
//! this crate's WebSocket code. Server and clients of a test run on one thread, so all writes of a client between two
//! awaits arrive together.
#![allow(dead_code, reason = "not every test file uses all of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests"
)]

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fchatd_dialogue::websocket::wire;
use fchatd_edge::http::{HttpFuture, HttpRequest, HttpResponse, HttpService};
use fchatd_edge::{Application, EdgeSettings, Edges, listen, runtime};
use fchatd_protocol::exchange::{ChannelId, ConnectionId, Departure, Input, Operation, Outputs};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Time limit of every wait; longer than any step takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Size of an answer that no socket can hold, in bytes.
pub(crate) const LARGE: usize = 32 << 20;

/// The inputs of the application, without ticks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Heard {
    Opened(ConnectionId, IpAddr),
    Message(ConnectionId, String),
    Closed(ConnectionId, Departure),
}

/// Executes the commands in messages; a message without a command is echoed.
pub(crate) struct Room {
    heard: Rc<RefCell<Vec<Heard>>>,
    dropped: Rc<Cell<bool>>,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.dropped.set(true);
    }
}

impl Application for Room {
    fn handle(&mut self, input: Input<'_>, outputs: &mut Outputs) {
        let (connection, text) = match input {
            Input::Opened { connection, address } => {
                return self.heard.borrow_mut().push(Heard::Opened(connection, address));
            }
            Input::Closed {
                connection,
                departure,
            } => return self.heard.borrow_mut().push(Heard::Closed(connection, departure)),
            Input::Message { connection, text } => (connection, text),
            _ => return,
        };
        let message = Heard::Message(connection, text.to_owned());
        self.heard.borrow_mut().push(message);
        let (command, rest) = text.split_once(' ').unwrap_or((text, ""));
        let mut frame = |text: &str| outputs.frame(|out| out.extend_from_slice(text.as_bytes()));
        let channel = ChannelId(0);
        let operations = match command {
            "identify" => vec![Operation::Identified { connection }],
            "join" => vec![Operation::Join { channel, connection }],
            "say" => vec![Operation::SendChannel {
                channel,
                except: Some(connection),
                frame: frame(rest),
            }],
            // `wait COMMIT TEXT`; a `close` in TEXT waits, too.
            "wait" => {
                let (commit, said) = rest.split_once(' ').unwrap();
                let mut operations = vec![Operation::Await {
                    commit: commit.parse().unwrap(),
                }];
                match said {
                    "close" => operations.extend([
                        Operation::Send {
                            connection,
                            frame: frame("bye"),
                        },
                        Operation::Close {
                            connection,
                            delay_milliseconds: 0,
                        },
                    ]),
                    said => operations.push(Operation::SendChannel {
                        channel,
                        except: None,
                        frame: frame(said),
                    }),
                }
                operations.push(Operation::Await { commit: 0 });
                operations
            }
            "everyone" => vec![Operation::SendEveryone { frame: frame(rest) }],
            "close" => vec![
                Operation::Send {
                    connection,
                    frame: frame("bye"),
                },
                Operation::Close {
                    connection,
                    delay_milliseconds: rest.parse().unwrap(),
                },
            ],
            _ => vec![Operation::Send {
                connection,
                frame: frame(text),
            }],
        };
        outputs.operations.extend(operations);
    }
}

/// Answers with the data of the request.
struct EchoHttp;

impl HttpService for EchoHttp {
    fn call(&self, request: HttpRequest) -> HttpFuture {
        let HttpRequest {
            method,
            path,
            query,
            body,
            address,
            ..
        } = request;
        static FILE: [u8; LARGE] = [0; LARGE];
        let body = match path.as_str() {
            "/large" => Bytes::from_static(&FILE),
            "/made" => Bytes::from("x".repeat(LARGE)),
            _ => Bytes::from(format!("{method} {path} {query} {} {address}", body.len())),
        };
        Box::pin(std::future::ready(HttpResponse {
            status: 200,
            headers: vec![("content-type", "text/plain".into())],
            body,
        }))
    }

    fn body_bytes_max(&self, path: &str, usual: usize) -> usize {
        if path == "/upload" { usual * 16 } else { usual }
    }
}

/// Edges in one layout, listening on a free port.
pub(crate) struct Server {
    pub(crate) edge: Edges<Room>,
    pub(crate) address: SocketAddr,
    pub(crate) serving: tokio::task::JoinHandle<()>,
    heard: Rc<RefCell<Vec<Heard>>>,
    pub(crate) application_dropped: Rc<Cell<bool>>,
}

/// Settings with a short linger.
pub(crate) fn settings() -> EdgeSettings {
    EdgeSettings {
        linger: Duration::from_millis(200),
        ..EdgeSettings::default()
    }
}

/// The layouts: all on one thread; the application apart from one edge; the application apart from two edges.
pub(crate) const THREADS: [usize; 3] = [1, 2, 3];

/// Runs a test against each layout. Afterwards no state of the edges may be left.
#[allow(
    clippy::needless_pass_by_value,
    reason = "so that tests can make both where they call this"
)]
pub(crate) fn with_server(settings: EdgeSettings, test: impl AsyncFn(&Server)) {
    for threads in THREADS {
        #[allow(clippy::print_stderr, reason = "figures for the person who runs the test")]
        {
            eprintln!("on {threads} threads");
        }
        with_threads(threads, settings.clone(), &test);
    }
}

/// Like [`with_server`], on `threads` threads.
pub(crate) fn with_threads(threads: usize, settings: EdgeSettings, test: impl AsyncFnOnce(&Server)) {
    let runtime = runtime().unwrap();
    let dropped = runtime.block_on(async {
        let heard = Rc::new(RefCell::new(Vec::new()));
        let dropped = Rc::new(Cell::new(false));
        let room = Room {
            heard: Rc::clone(&heard),
            dropped: Rc::clone(&dropped),
        };
        let edge = Edges::start(threads, settings, room, || EchoHttp).unwrap();
        let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let server = Server {
            serving: edge.serve(listener, Arc::default()),
            edge,
            address,
            heard,
            application_dropped: dropped,
        };
        test(&server).await;
        server.application_dropped
    });
    drop(runtime);
    assert!(dropped.get(), "something holds the edge for ever");
}

impl Server {
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.borrow().clone()
    }

    /// The texts that the application got.
    pub(crate) fn messages(&self) -> Vec<String> {
        let texts = self.heard().into_iter().filter_map(|heard| match heard {
            Heard::Message(_, text) => Some(text),
            _ => None,
        });
        texts.collect()
    }

    /// The ends of connections, in order.
    pub(crate) fn departures(&self) -> Vec<Departure> {
        let departures = self.heard().into_iter().filter_map(|heard| match heard {
            Heard::Closed(_, departure) => Some(departure),
            _ => None,
        });
        departures.collect()
    }

    /// Waits until a condition is true.
    pub(crate) async fn until(&self, what: &str, mut is_true: impl FnMut() -> bool) {
        let waiting = async {
            while !is_true() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        if timeout(PATIENCE, waiting).await.is_err() {
            panic!("{what}: not yet; heard {:?}", self.heard());
        }
    }

    /// Waits until all connections have ended; the departures must be exactly these.
    pub(crate) async fn all_gone(&self, departures: &[Departure]) {
        self.until("all gone", || {
            self.edge.gauges().connections == 0 && self.departures().len() >= departures.len()
        })
        .await;
        assert_eq!(self.departures(), departures);
    }

    /// Like [`Server::all_gone`], but `count` connections stay.
    pub(crate) async fn all_gone_but(&self, count: usize, departures: &[Departure]) {
        self.until("gone", || {
            self.edge.gauges().connections == count && self.departures().len() >= departures.len()
        })
        .await;
        assert_eq!(self.departures(), departures);
    }

    /// A TCP connection without a handshake.
    pub(crate) async fn connect(&self) -> Client {
        Client {
            stream: TcpStream::connect(self.address).await.unwrap(),
            buffer: Vec::new(),
        }
    }

    /// An open WebSocket.
    pub(crate) async fn open(&self) -> Client {
        self.open_with("", b"").await
    }

    /// A WebSocket with additional header lines, and with bytes in the same packet as the handshake.
    pub(crate) async fn open_with(&self, headers: &str, early: &[u8]) -> Client {
        let mut client = self.connect().await;
        client.send(&[upgrade(headers).as_bytes(), early].concat()).await;
        let response = client.response().await;
        assert_eq!(response.status, 101, "{}", response.head);
        let accept = format!("sec-websocket-accept: {}", wire::ACCEPT.to_lowercase());
        assert!(response.head.contains(&accept), "{}", response.head);
        client
    }
}

/// The request for a WebSocket, with further header lines.
pub(crate) fn upgrade(headers: &str) -> String {
    wire::upgrade("/chat2", "localhost", &format!("{}{headers}", wire::VERSION))
}

/// An HTTP answer; header names in lower case.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// One end of a connection.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        timeout(PATIENCE, self.stream.write_all(bytes))
            .await
            .unwrap()
            .unwrap();
    }

    pub(crate) async fn say(&mut self, message: &str) {
        self.send(&wire::text(message)).await;
    }

    /// Reads until the buffer has `count` bytes; false when the stream ends first.
    pub(crate) async fn fill(&mut self, count: usize) -> bool {
        while self.buffer.len() < count {
            let read = timeout(PATIENCE, self.stream.read_buf(&mut self.buffer));
            match read.await.expect("the server says nothing") {
                Ok(1..) => {}
                // A server that closes with unread input resets the connection.
                Ok(0) | Err(_) => return false,
            }
        }
        true
    }

    /// The next HTTP answer.
    pub(crate) async fn response(&mut self) -> Response {
        self.try_response().await.expect("an HTTP answer, not the end")
    }

    /// The next HTTP answer; `None` when the stream ends before it.
    pub(crate) async fn try_response(&mut self) -> Option<Response> {
        let end = loop {
            let found = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
            if let Some(end) = found {
                break end + 4;
            }
            if !self.fill(self.buffer.len() + 1).await {
                return None;
            }
        };
        let head = String::from_utf8(self.buffer[..end].to_vec())
            .unwrap()
            .to_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        assert!(self.fill(end + length).await);
        let body = String::from_utf8(self.buffer[end..end + length].to_vec()).unwrap();
        self.buffer.drain(..end + length);
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Some(Response { status, head, body })
    }

    /// The next frame: its first byte and its payload. `None` at the end of the stream, which must be between
    /// frames.
    pub(crate) async fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let frame = self.whole_frame().await;
        assert!(
            frame.is_some() || self.buffer.is_empty(),
            "the stream ends inside a frame"
        );
        frame
    }

    /// The next frame; `None` when the stream ends before it or inside it.
    pub(crate) async fn whole_frame(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if let Some((first, payload, size)) = wire::parse(&self.buffer) {
                let frame = (first, payload.to_vec());
                self.buffer.drain(..size);
                return Some(frame);
            }
            if !self.fill(self.buffer.len() + 1).await {
                return None;
            }
        }
    }

    /// The next frame, which must be a text.
    pub(crate) async fn text(&mut self) -> String {
        let (first, payload) = self.frame().await.expect("a text, not the end");
        let payload = String::from_utf8_lossy(&payload).into_owned();
        assert_eq!(first, wire::TEXT, "{payload:?}");
        payload
    }

    /// Expects a close frame, then the end. Returns the code, or 0 for none.
    pub(crate) async fn close_code(&mut self) -> u16 {
        let (first, payload) = self.frame().await.expect("a close frame before the end");
        assert_eq!(first, wire::CLOSE, "{:?}", String::from_utf8_lossy(&payload));
        assert!(self.is_over().await, "nothing follows a close frame");
        payload
            .first_chunk::<2>()
            .map_or(0, |code| u16::from_be_bytes(*code))
    }

    /// Waits for the end of the stream; false when data arrives.
    pub(crate) async fn is_over(&mut self) -> bool {
        self.buffer.is_empty() && !self.fill(1).await
    }

    /// Resets the connection instead of closing it.
    pub(crate) fn reset(self) {
        socket2::SockRef::from(&self.stream)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
    }
}
