//! HTTP requests that an edge passes on to its core, over a connection of their own: long bodies do not delay the chat.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use fchatd_cluster::{Down, Up, frame};
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{sleep, timeout};

use super::security::{Security, Stream};
use super::wire::{Inbox, STEP, greet, in_time, short, write_all};
use crate::common::lock;
use crate::http::{HttpRequest, HttpResponse, HttpService};

/// Maximum number of requests that wait for the core.
const WAITING_MAX: usize = 1024;
/// Time for which a request that can be repeated waits for a core.
const REPEAT: Duration = Duration::from_secs(3);
/// Interval of signs of life.
const BEAT: Duration = Duration::from_millis(250);
/// Maximum number of different names of headers.
const NAMES_MAX: usize = 64;

/// A request, as it is passed on.
#[derive(Serialize, Deserialize)]
struct Request {
    method: String,
    path: String,
    query: String,
    content_type: Option<String>,
    if_none_match: Option<String>,
    accept_encoding: Option<String>,
    cookie: Option<String>,
    authorization: Option<String>,
    user_agent: Option<String>,
    is_cross_site: bool,
    is_https: bool,
    body: Vec<u8>,
    address: IpAddr,
}

/// An answer, as it comes back.
#[derive(Serialize, Deserialize)]
struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// How long an edge has had no core, for all its threads.
#[derive(Debug)]
pub(super) struct Absence {
    started: Instant,
    /// The beginning of the absence in milliseconds after `started`, plus one; 0 while the core is there.
    since: AtomicU64,
}

impl Absence {
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            since: AtomicU64::new(1),
        }
    }

    /// Notes whether the core is there.
    pub(super) fn note(&self, is_there: bool) {
        let now = self.started.elapsed().as_millis() as u64 + 1;
        match is_there {
            true => self.since.store(0, Ordering::Relaxed),
            false => {
                let _ = self
                    .since
                    .compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
            }
        }
    }

    fn elapsed(&self) -> Option<Duration> {
        match self.since.load(Ordering::Relaxed) {
            0 => None,
            since => Some(
                self.started
                    .elapsed()
                    .saturating_sub(Duration::from_millis(since - 1)),
            ),
        }
    }
}

/// A request on its way to the task with the connection.
pub(super) struct Asked {
    request: Vec<u8>,
    is_repeatable: bool,
    answer: oneshot::Sender<HttpResponse>,
}

/// Passes HTTP requests on to the core. It may be used on any thread.
#[derive(Debug, Clone)]
pub struct Relay {
    asks: mpsc::Sender<Asked>,
    absence: Arc<Absence>,
}

impl Relay {
    /// A relay, and the end from which [`run`] takes the requests.
    pub(super) fn new(absence: Arc<Absence>) -> (Self, mpsc::Receiver<Asked>) {
        let (asks, asked) = mpsc::channel(WAITING_MAX);
        (Self { asks, absence }, asked)
    }

    /// How long there has been no core; `None` while there is one.
    #[must_use]
    pub fn away_for(&self) -> Option<Duration> {
        self.absence.elapsed()
    }

    /// Asks the core. While the core is away, a request that changes nothing is repeated for 3 seconds, and any other
    /// one is refused with 503.
    pub async fn ask(&self, request: HttpRequest) -> HttpResponse {
        let is_repeatable = matches!(request.method.as_str(), "GET" | "HEAD" | "OPTIONS");
        let request = Request {
            method: request.method,
            path: request.path,
            query: request.query,
            content_type: request.content_type,
            if_none_match: request.if_none_match,
            accept_encoding: request.accept_encoding,
            cookie: request.cookie,
            authorization: request.authorization,
            user_agent: request.user_agent,
            is_cross_site: request.is_cross_site,
            is_https: request.is_https,
            body: request.body.to_vec(),
            address: request.address,
        };
        let Ok(request) = postcard::to_allocvec(&request) else {
            return unavailable();
        };
        let (answer, answered) = oneshot::channel();
        let asked = Asked {
            request,
            is_repeatable,
            answer,
        };
        if self.asks.try_send(asked).is_err() {
            return unavailable();
        }
        answered.await.unwrap_or_else(|_| unavailable())
    }
}

/// The answer while the core is away.
fn unavailable() -> HttpResponse {
    HttpResponse {
        status: 503,
        headers: vec![
            ("content-type", "text/plain; charset=utf-8".to_owned()),
            ("retry-after", "1".to_owned()),
            ("access-control-allow-origin", "*".to_owned()),
            ("access-control-expose-headers", "Retry-After".to_owned()),
        ],
        body: Bytes::from_static(b"The chat is being moved. Please try again in a moment."),
    }
}

/// A name of a header for as long as the program runs. The core uses few names, so few are kept.
fn name_of(name: &str) -> Option<&'static str> {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = lock(&NAMES);
    if let Some(known) = names.get(name) {
        return Some(known);
    }
    let is_fine = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    if names.len() >= NAMES_MAX || name.is_empty() || !is_fine {
        return None;
    }
    let kept: &'static str = Box::leak(name.to_owned().into_boxed_str());
    names.insert(kept);
    Some(kept)
}

/// A request that waits for its answer.
struct Waiting {
    request: Vec<u8>,
    is_repeatable: bool,
    answer: oneshot::Sender<HttpResponse>,
    /// When it came, or when the core was lost.
    since: Instant,
}

/// The edge's side.
struct Desk {
    waiting: RefCell<BTreeMap<u64, Waiting>>,
    unsent: RefCell<VecDeque<u64>>,
    last: Cell<u64>,
    is_connected: Cell<bool>,
    spoke: Cell<Instant>,
    wake: Notify,
}

/// Carries requests to the core and answers back, until the edge ends.
pub(super) async fn run(
    mut asked: mpsc::Receiver<Asked>,
    node: String,
    cores: Vec<String>,
    security: Arc<Security>,
    silence: impl Fn() -> Duration + 'static,
) {
    let desk = Rc::new(Desk {
        waiting: RefCell::default(),
        unsent: RefCell::default(),
        last: Cell::new(0),
        is_connected: Cell::new(false),
        spoke: Cell::new(Instant::now()),
        wake: Notify::new(),
    });
    let clock = Rc::clone(&desk);
    tokio::task::spawn_local(async move {
        loop {
            sleep(STEP).await;
            clock.give_up();
            clock.wake.notify_one();
        }
    });
    let own = Rc::clone(&desk);
    tokio::task::spawn_local(async move {
        let mut next = 0_usize;
        loop {
            if let Some(core) = cores.get(next % cores.len().max(1)) {
                // The links of the edge tell the operator about failures.
                let _ = own.connect(core, &node, &security, &silence).await;
            }
            own.lose();
            next += 1;
            sleep(BEAT).await;
        }
    });
    while let Some(asked) = asked.recv().await {
        desk.take(asked);
    }
}

impl Desk {
    fn take(&self, asked: Asked) {
        let waiting = &mut *self.waiting.borrow_mut();
        let is_hopeless = !asked.is_repeatable && !self.is_connected.get();
        if waiting.len() >= WAITING_MAX || is_hopeless {
            let _ = asked.answer.send(unavailable());
            return;
        }
        self.last.set(self.last.get() + 1);
        let id = self.last.get();
        waiting.insert(
            id,
            Waiting {
                request: asked.request,
                is_repeatable: asked.is_repeatable,
                answer: asked.answer,
                since: Instant::now(),
            },
        );
        self.unsent.borrow_mut().push_back(id);
        self.wake.notify_one();
    }

    /// The connection is lost. Requests that change something may have been carried out, so they are not repeated.
    fn lose(&self) {
        self.is_connected.set(false);
        self.unsent.borrow_mut().clear();
        let waiting = std::mem::take(&mut *self.waiting.borrow_mut());
        for (id, mut request) in waiting {
            if !request.is_repeatable {
                let _ = request.answer.send(unavailable());
                continue;
            }
            if self.spoke.get() > request.since {
                request.since = Instant::now();
            }
            self.waiting.borrow_mut().insert(id, request);
        }
    }

    /// Refuses requests that have waited too long for a core, and forgets those whose client has gone.
    fn give_up(&self) {
        let is_connected = self.is_connected.get();
        let waiting = std::mem::take(&mut *self.waiting.borrow_mut());
        for (id, request) in waiting {
            if request.answer.is_closed() {
                continue;
            }
            if !is_connected && request.since.elapsed() > REPEAT {
                let _ = request.answer.send(unavailable());
            } else {
                self.waiting.borrow_mut().insert(id, request);
            }
        }
    }

    async fn connect(
        &self,
        core: &str,
        node: &str,
        security: &Security,
        silence: &impl Fn() -> Duration,
    ) -> io::Result<()> {
        let stream = in_time(TcpStream::connect(core)).await?;
        let mut stream = in_time(security.connect(stream)).await?;
        in_time(greet(&mut stream)).await?;
        let (mut inbox, writer) = Inbox::new(stream).split();
        let mut first = Some(short(&Up::Relay(node.to_owned())));
        self.is_connected.set(true);
        self.unsent.borrow_mut().extend(self.waiting.borrow().keys());
        let next = || {
            first
                .take()
                .map(|first| first.to_vec())
                .or_else(|| self.next_frame())
        };
        let read = async {
            loop {
                let message = timeout(silence(), inbox.next::<Down<'static>>()).await;
                if let Down::Answer { id, response } = message.map_err(|_| io::ErrorKind::TimedOut)?? {
                    self.answered(id, &response);
                }
            }
        };
        tokio::select! {
            ended = write_all(writer, &self.wake, next) => ended,
            ended = read => ended,
        }
    }

    fn next_frame(&self) -> Option<Vec<u8>> {
        loop {
            let Some(id) = self.unsent.borrow_mut().pop_front() else {
                if self.spoke.get().elapsed() < BEAT {
                    return None;
                }
                self.spoke.set(Instant::now());
                return frame(&Up::Beat(Vec::new())).ok();
            };
            let mut waiting = self.waiting.borrow_mut();
            let Some(request) = waiting.get(&id) else { continue };
            self.spoke.set(Instant::now());
            let message = Up::Ask {
                id,
                request: request.request.clone(),
            };
            if let Ok(bytes) = frame(&message) {
                return Some(bytes);
            }
            // Longer than a message may be.
            waiting.remove(&id);
        }
    }

    fn answered(&self, id: u64, response: &[u8]) {
        let Some(request) = self.waiting.borrow_mut().remove(&id) else {
            return;
        };
        let response: Result<Response, _> = postcard::from_bytes(response);
        let answer = response.map_or_else(
            |_| unavailable(),
            |response| HttpResponse {
                status: response.status,
                headers: response
                    .headers
                    .into_iter()
                    .filter_map(|(name, value)| Some((name_of(&name)?, value)))
                    .collect(),
                body: response.body.into(),
            },
        );
        let _ = request.answer.send(answer);
    }
}

/// The core's side: answers the requests of one connection until it ends.
pub(super) async fn answer<H: HttpService + 'static>(
    inbox: Inbox<Box<dyn Stream>>,
    service: Rc<H>,
    silence: Duration,
    node: String,
) {
    tracing::debug!("the edge {node} passes HTTP requests on");
    let (mut inbox, writer) = inbox.split();
    let answers: Rc<RefCell<VecDeque<Vec<u8>>>> = Rc::default();
    let (wake, under_way) = (Rc::new(Notify::new()), Rc::new(Cell::new(0_usize)));
    let beat = Rc::clone(&wake);
    let spoke = Cell::new(Instant::now());
    let next = || {
        let answer = answers.borrow_mut().pop_front();
        let answer = answer.or_else(|| (spoke.get().elapsed() >= BEAT).then(|| short(&Down::Beat).to_vec()));
        if answer.is_some() {
            spoke.set(Instant::now());
        }
        answer
    };
    let read = async {
        loop {
            let message = timeout(silence, inbox.next::<Up<'static>>()).await;
            let Up::Ask { id, request } = message.map_err(|_| io::ErrorKind::TimedOut)?? else {
                continue;
            };
            let request: Result<Request, _> = postcard::from_bytes(&request);
            let Ok(request) = request else {
                return Err::<(), _>(io::ErrorKind::InvalidData.into());
            };
            under_way.set(under_way.get() + 1);
            let answer = service.call(HttpRequest {
                method: request.method,
                path: request.path,
                query: request.query,
                content_type: request.content_type,
                if_none_match: request.if_none_match,
                accept_encoding: request.accept_encoding,
                cookie: request.cookie,
                authorization: request.authorization,
                user_agent: request.user_agent,
                is_cross_site: request.is_cross_site,
                is_https: request.is_https,
                body: request.body.into(),
                address: request.address,
            });
            let (answers, wake, under_way) = (Rc::clone(&answers), Rc::clone(&wake), Rc::clone(&under_way));
            let is_full = under_way.get() > WAITING_MAX;
            tokio::task::spawn_local(async move {
                let answer = if is_full { unavailable() } else { answer.await };
                under_way.set(under_way.get() - 1);
                let response = Response {
                    status: answer.status,
                    headers: answer
                        .headers
                        .into_iter()
                        .map(|(name, value)| (name.to_owned(), value))
                        .collect(),
                    body: answer.body.to_vec(),
                };
                let Ok(response) = postcard::to_allocvec(&response) else {
                    return;
                };
                if let Ok(bytes) = frame(&Down::Answer { id, response }) {
                    answers.borrow_mut().push_back(bytes);
                    wake.notify_one();
                }
            });
        }
    };
    let beats = async {
        loop {
            sleep(BEAT / 2).await;
            beat.notify_one();
        }
    };
    let _: io::Result<()> = tokio::select! {
        ended = write_all(writer, &wake, next) => ended,
        ended = read => ended,
        () = beats => Ok(()),
    };
}
