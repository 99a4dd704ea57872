//! The trace of a sampled HTTP request: one span, from its last byte to its answer.

use std::sync::Arc;
use std::time::Instant;

use fchatd_traces::{Context, Kind, Span, Thread, Traces, Value};

use crate::edge::EdgeSettings;
use crate::http::{HttpRequest, HttpResponse, HttpService};

/// The methods that spans name. A client may invent others.
const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// A sampled request that is being answered.
#[derive(Debug)]
pub(crate) struct Trace {
    traces: Arc<Traces>,
    context: Context,
    method: &'static str,
    endpoint: &'static str,
    thread: Thread,
}

impl Trace {
    /// The trace of a request, if it is sampled.
    pub(crate) fn begin<H: HttpService>(
        request: &HttpRequest,
        service: &H,
        settings: &EdgeSettings,
    ) -> Option<Self> {
        let traces = settings.traces.as_ref()?;
        let context = traces.sample()?;
        let methods = METHODS.iter().find(|method| **method == request.method);
        Some(Self {
            traces: Arc::clone(traces),
            context,
            method: methods.copied().unwrap_or("_OTHER"),
            endpoint: service.endpoint(&request.path),
            thread: match std::thread::current().name() {
                Some(name) if name.starts_with("edge ") => Thread::Edge(settings.edge),
                _ => Thread::Chat,
            },
        })
    }

    /// The request was answered.
    pub(crate) fn end(self, begun: Instant, answer: &HttpResponse) {
        let status = i64::from(answer.status);
        self.traces.push(&[Span {
            context: self.context,
            parent: None,
            name: "HTTP request",
            kind: Kind::Server,
            thread: self.thread,
            time: (begun, Instant::now()),
            attributes: [
                Some(("http.request.method", Value::Word(self.method))),
                Some(("http.route", Value::Word(self.endpoint))),
                Some(("http.response.status_code", Value::Number(status))),
                Some(("http.response.body.size", Value::Number(answer.body.len() as i64))),
            ],
        }]);
    }
}
