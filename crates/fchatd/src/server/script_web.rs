//! Requests of scripts to web servers (`http.get`, `http.post`; docs/http-for-scripts.md): the allowed hosts, the limits, and the order.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use fchatd_figures::{Row, Series, Sink, Table};
use fchatd_links::errands::{Errands, Line};
use fchatd_links::hosts::Hosts;
use fchatd_links::web::{Form, WebAddress, WebAnswer, WebClient};
use fchatd_protocol::exchange::Request;
use fchatd_world::settings::keys;
use fchatd_world::{Now, Settings};
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::AbortHandle;

use crate::configuration::network::script_hosts;
use crate::failure::Failure;
use crate::server::answer::Answer;

/// Unused connections that are kept to each host.
const IDLE: usize = 8;

/// One question on its way.
struct Errand {
    address: Result<WebAddress, Failure>,
    form: Option<Vec<(String, String)>>,
    /// When it was asked, in monotonic milliseconds.
    asked: u64,
}

#[derive(Debug, Default)]
struct Counters {
    answered: u64,
    failed: u64,
    cancelled: u64,
}

/// See the module.
pub(crate) struct ScriptWeb {
    answers: UnboundedSender<Answer>,
    client: WebClient,
    hosts: Arc<Hosts>,
    /// The text that the hosts were read from.
    listed: (Vec<String>, String),
    errands: Errands<Errand>,
    under_way: HashMap<u64, AbortHandle>,
    counters: Counters,
}

impl ScriptWeb {
    /// One that gives its answers to `answers`.
    ///
    /// # Errors
    /// The settings name a host that can't be, or TLS can't be used.
    pub(crate) fn new(settings: &Settings, answers: UnboundedSender<Answer>) -> Result<Self, Failure> {
        let hosts = Arc::new(script_hosts(settings)?);
        Ok(Self {
            answers,
            client: client(&hosts)?,
            hosts,
            listed: listed(settings),
            errands: Errands::default(),
            under_way: HashMap::new(),
            counters: Counters::default(),
        })
    }

    /// A script asks, or a request is not needed any more.
    pub(crate) fn hear(&mut self, request: Request, settings: &Settings, now: Now) {
        match request {
            Request::HttpGet { id, line, url } => self.ask(id, line, &url, None, settings, now),
            Request::HttpPost { id, line, url, form } => self.ask(id, line, &url, Some(form), settings, now),
            Request::HttpCancel { ids } => {
                for id in ids {
                    if let Some(task) = self.under_way.remove(&id) {
                        task.abort();
                    }
                    self.counters.cancelled += u64::from(self.errands.end(id));
                }
                self.start(settings, now);
            }
            _ => {}
        }
    }

    fn ask(
        &mut self,
        id: u64,
        line: u64,
        url: &str,
        form: Option<Vec<(String, String)>>,
        settings: &Settings,
        now: Now,
    ) {
        self.follow(settings);
        let address = match WebAddress::parse(url) {
            Ok(address) => match self.hosts.allow(&address) {
                Ok(()) => Ok(address),
                Err(refusal) => Err(refusal.to_string()),
            },
            Err(error) => Err(format!("the address can't be used: {error}")),
        };
        let host = address.as_ref().map_or("", WebAddress::host).to_owned();
        let asked = now.monotonic;
        // One that is refused waits for its turn too: answers come in the order of the questions.
        self.errands
            .push(id, Line::of(line, &host), host, Errand { address, form, asked });
        self.start(settings, now);
    }

    /// Another configuration may allow others. Connections that the old one allowed are not kept.
    fn follow(&mut self, settings: &Settings) {
        let listed = listed(settings);
        if listed == self.listed {
            return;
        }
        // Invalid values were refused when the configuration was read.
        if let Ok(hosts) = script_hosts(settings) {
            let hosts = Arc::new(hosts);
            if let Ok(client) = client(&hosts) {
                (self.client, self.hosts, self.listed) = (client, hosts, listed);
            }
        }
    }

    fn start(&mut self, settings: &Settings, now: Now) {
        let patience = settings.seconds(keys::HTTP_TIMEOUT);
        let bytes_max = settings.count(keys::HTTP_ANSWER_MAX) << 10;
        while let Some((id, errand)) = self.errands.start(settings.count(keys::HTTP_PARALLEL)) {
            let waited = Duration::from_millis(now.monotonic.saturating_sub(errand.asked));
            let (client, answers) = (self.client.clone(), self.answers.clone());
            let task = tokio::task::spawn_local(async move {
                let answer = match errand.address {
                    Ok(address) if waited > patience => {
                        Err(format!("its turn to ask {} did not come in time", address.host()))
                    }
                    Ok(address) => fetch(&client, &address, errand.form, patience, bytes_max).await,
                    Err(failure) => Err(failure),
                };
                let answer = match answer {
                    Ok(answer) => Answer::Web(
                        id,
                        answer.status,
                        String::from_utf8_lossy(&answer.body).into_owned(),
                    ),
                    Err(failure) => {
                        tracing::warn!("a script asked a web server and got no answer: {failure}");
                        Answer::Web(id, 0, String::new())
                    }
                };
                // The receiver is gone when the server is going down.
                let _ = answers.send(answer);
            });
            self.under_way.insert(id, task.abort_handle());
        }
    }

    /// An answer has been given to the scripts: the next question of its line may be asked.
    pub(crate) fn answered(&mut self, id: u64, status: u16, settings: &Settings, now: Now) {
        self.under_way.remove(&id);
        if self.errands.end(id) {
            match status {
                0 => self.counters.failed += 1,
                _ => self.counters.answered += 1,
            }
        }
        self.start(settings, now);
    }
}

/// The figures of the requests that scripts make.
pub(crate) static FIGURES: Table<ScriptWeb> = Table {
    section: "scripts' web servers",
    rows: &[
        Row::gauge(
            "fchatd_script_http_requests",
            "questions under way",
            "HTTP requests of scripts that wait for an answer.",
            |of| of.errands.under_way().into(),
        ),
        Row::gauge(
            "fchatd_script_http_waiting",
            "waiting",
            "HTTP requests of scripts that wait for their turn.",
            |of| of.errands.waiting().into(),
        ),
        Row::counters(
            "fchatd_script_http_requests_total",
            "ended",
            "result",
            "HTTP requests of scripts that have ended.",
            &[
                Series::new("answered", "answered", |of| of.counters.answered.into()),
                Series::new("failed", "failed or refused", |of| of.counters.failed.into()),
                Series::new("cancelled", "given up", |of| of.counters.cancelled.into()),
            ],
        ),
    ],
};

impl ScriptWeb {
    /// Puts the figures into a sink.
    pub(crate) fn figures(&self, sink: &mut dyn Sink) {
        FIGURES.put(self, sink);
    }
}

fn listed(settings: &Settings) -> (Vec<String>, String) {
    (
        settings.list(keys::HTTP_HOSTS).to_vec(),
        settings.text(keys::HANDLE_REPORT_URL).to_owned(),
    )
}

fn client(hosts: &Arc<Hosts>) -> Result<WebClient, Failure> {
    WebClient::restricted(IDLE, Arc::clone(hosts)).map_err(|error| format!("TLS can't be used: {error}"))
}

async fn fetch(
    client: &WebClient,
    address: &WebAddress,
    form: Option<Vec<(String, String)>>,
    patience: Duration,
    bytes_max: usize,
) -> Result<WebAnswer, Failure> {
    let asked = client.ask(address, form.map(Form::new), bytes_max);
    match tokio::time::timeout(patience, asked).await {
        Ok(answer) => answer.map_err(|error| format!("{}: {error}", address.host())),
        Err(_) => Err(format!("{} did not answer in time", address.host())),
    }
}
