//! The answers to requests at `admin_listen`: metrics, health and readiness. One collection of values serves all readers of a moment.

use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fchatd_edge::http::HttpResponse;
use fchatd_edge::side::SideRequest;
use fchatd_figures::{Format, Sample, exposition};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::timeout;

use super::question::Question;
use super::readiness::Readiness;

/// For so long, the same values serve all readers.
const FRESH: Duration = Duration::from_secs(1);
/// How long the chat's thread may take for an answer. Prometheus waits for ten seconds.
const PATIENCE: Duration = Duration::from_secs(5);

const NOT_ALIVE: &str = "The event loop of the server does not answer.\n";

/// Answers requests.
pub(super) struct Answers {
    ask: mpsc::Sender<Question>,
    readiness: Readiness,
    /// Held during a collection, so that there is one at a time.
    collected: Mutex<Option<Collected>>,
}

/// The values of a moment, and their texts where a reader has asked for them.
struct Collected {
    at: Instant,
    samples: Vec<Sample>,
    texts: Vec<(Format, Bytes)>,
}

impl Collected {
    fn text(&mut self, format: Format) -> Bytes {
        if let Some((_, text)) = self.texts.iter().find(|(known, _)| *known == format) {
            return text.clone();
        }
        let text = Bytes::from(exposition(&self.samples, format));
        self.texts.push((format, text.clone()));
        text
    }
}

impl Answers {
    pub(super) fn new(ask: mpsc::Sender<Question>, readiness: Readiness) -> Self {
        Self {
            ask,
            readiness,
            collected: Mutex::new(None),
        }
    }

    /// Answers one request.
    pub(super) async fn answer(self: Rc<Self>, request: SideRequest) -> HttpResponse {
        if !matches!(request.method.as_str(), "GET" | "HEAD") {
            let mut refusal = sentence(405, "Only GET and HEAD are understood here.\n");
            refusal.headers.push(("allow", "GET, HEAD".to_owned()));
            return refusal;
        }
        match request.path.as_str() {
            "/metrics" => self.metrics(Format::for_reader(request.accept.as_deref())).await,
            "/health" => match self.is_alive().await {
                true => sentence(200, "The server is alive.\n"),
                false => sentence(503, NOT_ALIVE),
            },
            "/ready" => match self.readiness.refusal() {
                Some(refusal) => sentence(503, refusal),
                None if self.is_alive().await => sentence(200, "The server is ready.\n"),
                None => sentence(503, NOT_ALIVE),
            },
            _ => sentence(404, "There is nothing here but /metrics, /health and /ready.\n"),
        }
    }

    async fn metrics(&self, format: Format) -> HttpResponse {
        let mut collected = self.collected.lock().await;
        let fresh = collected
            .take()
            .filter(|collected| collected.at.elapsed() < FRESH);
        let fresh = match fresh {
            Some(fresh) => Some(fresh),
            None => self.ask(Question::Samples).await.map(|samples| Collected {
                at: Instant::now(),
                samples,
                texts: Vec::new(),
            }),
        };
        let Some(mut fresh) = fresh else {
            return sentence(503, NOT_ALIVE);
        };
        let body = fresh.text(format);
        *collected = Some(fresh);
        HttpResponse {
            status: 200,
            headers: headers(format.content_type()),
            body,
        }
    }

    async fn is_alive(&self) -> bool {
        self.ask(Question::Alive).await.unwrap_or(false)
    }

    /// Asks the chat's thread; nothing if it does not answer in time.
    async fn ask<T>(&self, question: impl FnOnce(oneshot::Sender<T>) -> Question) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        timeout(PATIENCE, async {
            self.ask.send(question(answer)).await.ok()?;
            answered.await.ok()
        })
        .await
        .ok()?
    }
}

/// The answer of the chat's own port to `/health` and `/ready`, for load balancers: that it answers, and nothing else.
pub(crate) fn probe(path: &str, readiness: &Readiness) -> Option<HttpResponse> {
    match (path, readiness.refusal()) {
        ("/health", _) => Some(sentence(200, "The server is alive.\n")),
        ("/ready", None) => Some(sentence(200, "The server is ready.\n")),
        ("/ready", Some(refusal)) => Some(sentence(503, refusal)),
        _ => None,
    }
}

fn sentence(status: u16, text: &'static str) -> HttpResponse {
    HttpResponse {
        status,
        headers: headers("text/plain; charset=utf-8"),
        body: Bytes::from_static(text.as_bytes()),
    }
}

fn headers(content_type: &'static str) -> Vec<(&'static str, String)> {
    vec![
        ("content-type", content_type.to_owned()),
        ("cache-control", "no-store".to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
    ]
}
