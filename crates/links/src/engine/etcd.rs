//! etcd through its JSON gateway: the record is one key, and its revision is the one at which the key was written last.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use fchatd_cluster::view::{Revision, Swapped};
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::{Value, json};

use super::{ANSWER_BYTES_MAX, EngineSettings, LIMIT, Survey, Unusable, printable, silent, tls};
use crate::web::{WebAddress, causes};

/// Time limit for one of several servers: the rest of the question's time is for the next one.
const SHARE: Duration = Duration::from_millis(240);
/// Time limit for opening a connection.
const CONNECT: Duration = Duration::from_millis(200);
/// Time for which an idle connection is kept.
const IDLE: Duration = Duration::from_secs(30);
/// Codes of gRPC: the log-in is missing or has run out; the user may not do this.
const UNAUTHENTICATED: u64 = 16;
const PERMISSION_DENIED: u64 = 7;

/// The adapter. See the module.
pub(super) struct Etcd {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    /// URLs without a path.
    servers: Vec<String>,
    /// The key, in base64.
    key: String,
    /// User and password.
    login: Option<(String, String)>,
    /// The server that is asked first: the last one that answered.
    first: AtomicUsize,
    /// The token of the log-in.
    token: Mutex<Option<HeaderValue>>,
    /// The number of the etcd cluster that answered first. Servers of another one are not believed.
    cluster: Mutex<Option<String>>,
}

/// The reason why there is no answer.
enum Trouble {
    /// The request was not sent.
    NotSent(String),
    /// The request may have been carried out.
    Lost(String),
    /// The log-in has run out.
    LoggedOut(String),
}

impl Trouble {
    fn reason(self) -> String {
        match self {
            Self::NotSent(reason) | Self::Lost(reason) | Self::LoggedOut(reason) => reason,
        }
    }
}

impl Etcd {
    pub(super) fn new(settings: &EngineSettings) -> Result<Self, Unusable> {
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls::config(settings.authorities.as_deref())?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(1)
            .http1_max_buf_size(ANSWER_BYTES_MAX)
            // A change that is sent twice is refused the second time.
            .retry_canceled_requests(false)
            .build(connector);
        let servers = settings.servers.iter().map(|text| server(text));
        let login = (!settings.user.is_empty()).then(|| (settings.user.clone(), settings.password.clone()));
        Ok(Self {
            client,
            servers: servers.collect::<Result<_, _>>()?,
            key: STANDARD.encode(format!("fchatd/{}/view", settings.name)),
            login,
            first: AtomicUsize::new(0),
            token: Mutex::default(),
            cluster: Mutex::default(),
        })
    }

    pub(super) async fn read(&self) -> Result<(Revision, Option<String>), String> {
        let question = json!({"key": self.key});
        let mut reasons = Vec::new();
        for _ in 0..self.servers.len() {
            let server = self.server();
            match self.ask(server, "/v3/kv/range", &question).await {
                Ok(answer) => return found(&answer).map_err(|reason| at(server, &reason)),
                Err(trouble) => self.next_server(server, &trouble.reason(), &mut reasons),
            }
        }
        Err(reasons.join("; "))
    }

    pub(super) async fn swap(&self, from: Revision, text: &str) -> Swapped {
        let question = json!({
            "compare": [{"key": self.key, "target": "MOD", "result": "EQUAL", "mod_revision": from.to_string()}],
            "success": [{"request_put": {"key": self.key, "value": STANDARD.encode(text)}}],
        });
        let mut reasons = Vec::new();
        for _ in 0..self.servers.len() {
            let server = self.server();
            match self.ask(server, "/v3/kv/txn", &question).await {
                Ok(answer) => {
                    return swapped(&answer).unwrap_or_else(|| Swapped::Unknown(at(server, NOT_ETCD)));
                }
                Err(Trouble::NotSent(reason)) => self.next_server(server, &reason, &mut reasons),
                Err(trouble) => {
                    self.next_server(server, &trouble.reason(), &mut reasons);
                    break;
                }
            }
        }
        Swapped::Unknown(reasons.join("; "))
    }

    pub(super) async fn survey(&self) -> Survey {
        let mut survey = Survey::default();
        let mut clusters: Vec<(String, &str)> = Vec::new();
        let mut members = None;
        let nothing = json!({});
        for server in &self.servers {
            let status = self.post(server, "/v3/maintenance/status", &nothing, None);
            match limited(LIMIT, status).await {
                Ok(status) => {
                    let cluster = text(&status, "/header/cluster_id");
                    if let Some((_, other)) = clusters.iter().find(|(known, _)| *known != cluster) {
                        survey.faults.push(format!(
                            "cluster_engine: {server} and {other} belong to different etcd clusters; name servers of one cluster"
                        ));
                    }
                    clusters.push((cluster, server));
                    if let Some(alarm) = status.pointer("/errors/0").and_then(Value::as_str) {
                        survey
                            .remarks
                            .push(at(server, &format!("etcd has an alarm: {}", printable(alarm))));
                    }
                    if members.is_none() {
                        members = self.members(server).await;
                    }
                }
                Err(trouble) => survey.remarks.push(at(server, &trouble.reason())),
            }
        }
        if let Some(members @ 1..=2) = members {
            survey.remarks.push(format!(
                "the etcd cluster has {members} of the 3 members that it needs to survive the loss of one: when a member is gone, no \
                 core can take over"
            ));
        }
        if !clusters.is_empty()
            && let Err(reason) = self.read().await
        {
            survey.faults.push(format!("cluster_engine: {reason}"));
        }
        survey
    }

    /// The number of members of the etcd cluster.
    async fn members(&self, server: &str) -> Option<usize> {
        let answer = self
            .ask(server, "/v3/cluster/member/list", &json!({}))
            .await
            .ok()?;
        answer.get("members")?.as_array().map(Vec::len)
    }

    fn server(&self) -> &str {
        let first = self.first.load(Ordering::Relaxed) % self.servers.len().max(1);
        self.servers.get(first).map_or("", String::as_str)
    }

    /// The next question goes to another server first.
    fn next_server(&self, server: &str, reason: &str, reasons: &mut Vec<String>) {
        reasons.push(at(server, reason));
        self.first.fetch_add(1, Ordering::Relaxed);
    }

    /// Asks one server, and logs in first where that is needed.
    async fn ask(&self, server: &str, path: &str, question: &Value) -> Result<Value, Trouble> {
        let limit = if self.servers.len() > 1 { SHARE } else { LIMIT };
        let answer = limited(limit, self.ask_logged_in(server, path, question)).await?;
        let theirs = text(&answer, "/header/cluster_id");
        let mut cluster = self.cluster.lock().unwrap_or_else(PoisonError::into_inner);
        match &*cluster {
            Some(ours) if *ours != theirs => Err(Trouble::Lost(
                "this server belongs to another etcd cluster than the one that answered before; name servers of one cluster in \
                 cluster_engine, and restart after replacing a cluster"
                    .to_owned(),
            )),
            Some(_) => Ok(answer),
            None if theirs.is_empty() => Err(Trouble::Lost(NOT_ETCD.to_owned())),
            None => {
                *cluster = Some(theirs);
                Ok(answer)
            }
        }
    }

    async fn ask_logged_in(&self, server: &str, path: &str, question: &Value) -> Result<Value, Trouble> {
        let Some((user, password)) = &self.login else {
            return self.post(server, path, question, None).await;
        };
        let known = self.token.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(token) = known {
            match self.post(server, path, question, Some(token)).await {
                Err(Trouble::LoggedOut(_)) => {}
                answer => return answer,
            }
        }
        let login = json!({"name": user, "password": password});
        let answer = self.post(server, "/v3/auth/authenticate", &login, None).await;
        // No change has been sent yet, whatever became of the log-in.
        let answer = answer.map_err(|trouble| Trouble::NotSent(trouble.reason()))?;
        let token = text(&answer, "/token");
        let token = HeaderValue::from_str(&token)
            .ok()
            .filter(|token| !token.is_empty());
        let mut token = token.ok_or_else(|| Trouble::NotSent(NOT_ETCD.to_owned()))?;
        token.set_sensitive(true);
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        self.post(server, path, question, Some(token)).await
    }

    async fn post(
        &self,
        server: &str,
        path: &str,
        body: &Value,
        token: Option<HeaderValue>,
    ) -> Result<Value, Trouble> {
        let address: Uri = format!("{server}{path}")
            .parse()
            .map_err(|_| Trouble::NotSent("the address is malformed".to_owned()))?;
        let mut request = Request::new(Full::new(Bytes::from(body.to_string())));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = address;
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(token) = token {
            headers.insert(AUTHORIZATION, token);
        }
        let answer = self.client.request(request).await.map_err(|error| {
            let reason = printable(&causes(&error));
            if error.is_connect() {
                Trouble::NotSent(format!("it can't be reached: {reason}"))
            } else {
                Trouble::Lost(format!("the connection broke: {reason}"))
            }
        })?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|error| {
            if error.is::<http_body_util::LengthLimitError>() {
                Trouble::Lost(format!(
                    "its answer is longer than {} KiB",
                    ANSWER_BYTES_MAX / 1024
                ))
            } else {
                Trouble::Lost(format!("its answer broke off: {}", printable(&causes(&*error))))
            }
        })?;
        let answer: Option<Value> = serde_json::from_slice(&body.to_bytes()).ok();
        match (status, answer) {
            (200, Some(answer)) if answer.is_object() => Ok(answer),
            (200, _) => Err(Trouble::Lost(NOT_ETCD.to_owned())),
            (_, answer) => Err(refusal(status, &answer.unwrap_or_default())),
        }
    }
}

impl fmt::Debug for Etcd {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Etcd")
    }
}

const NOT_ETCD: &str = "the server there does not answer as etcd 3.4 or later does; is the address right?";

/// An address of a server, without a slash at its end.
fn server(text: &str) -> Result<String, Unusable> {
    let wrong = |reason: &str| {
        Unusable(format!(
            "cluster_engine must be the addresses of the etcd servers, such as http://10.0.0.1:2379: {reason}"
        ))
    };
    let trimmed = text.trim().trim_end_matches('/');
    let address = WebAddress::parse(trimmed).map_err(|error| wrong(&error.to_string()))?;
    let uri: Uri = trimmed.parse().map_err(|_| wrong("one is malformed"))?;
    if uri.path() != "/" && !uri.path().is_empty() || uri.query().is_some() {
        return Err(wrong(&format!(
            "that of {} must end after the port",
            address.host()
        )));
    }
    if uri.port().is_none() {
        return Err(wrong(&format!("that of {} needs a port", address.host())));
    }
    Ok(trimmed.to_owned())
}

async fn limited(
    limit: Duration,
    question: impl Future<Output = Result<Value, Trouble>>,
) -> Result<Value, Trouble> {
    let answer = tokio::time::timeout(limit, question).await;
    answer.unwrap_or_else(|_| Err(Trouble::Lost(silent())))
}

fn at(server: &str, reason: &str) -> String {
    format!("{server}: {reason}")
}

fn text(answer: &Value, pointer: &str) -> String {
    let text = answer.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

/// The gateway writes 64-bit numbers as text.
fn number(answer: &Value, pointer: &str) -> Option<u64> {
    let value = answer.pointer(pointer)?;
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// The answer to a reading.
fn found(answer: &Value) -> Result<(Revision, Option<String>), String> {
    if answer.get("kvs").is_none() {
        return Ok((0, None));
    }
    let wrong = || NOT_ETCD.to_owned();
    let revision = number(answer, "/kvs/0/mod_revision").filter(|&revision| revision > 0);
    let value = STANDARD
        .decode(text(answer, "/kvs/0/value"))
        .map_err(|_| wrong())?;
    let value = String::from_utf8(value).map_err(|_| wrong())?;
    Ok((revision.ok_or_else(wrong)?, Some(value)))
}

/// The answer to a change. The gateway leaves out fields that are false.
fn swapped(answer: &Value) -> Option<Swapped> {
    match answer.get("succeeded") {
        None | Some(Value::Bool(false)) => Some(Swapped::Not),
        Some(Value::Bool(true)) => {
            let revision = number(answer, "/header/revision").filter(|&revision| revision > 0)?;
            Some(Swapped::Done(revision))
        }
        Some(_) => None,
    }
}

/// The sentence for an answer that is an error.
fn refusal(status: u16, answer: &Value) -> Trouble {
    let code = answer.get("code").and_then(Value::as_u64).unwrap_or_default();
    let said = answer.get("message").or_else(|| answer.get("error"));
    let said = printable(said.and_then(Value::as_str).unwrap_or_default());
    if code == UNAUTHENTICATED || said.contains("revision of auth store is old") {
        return Trouble::LoggedOut(format!("etcd does not accept the log-in ({said})"));
    }
    Trouble::Lost(if said.contains("authentication is not enabled") {
        "etcd's authentication is off: turn it on with `etcdctl auth enable`, or remove cluster_engine_user"
            .to_owned()
    } else if said.contains("user name is empty") {
        "etcd wants a user: set cluster_engine_user and cluster_engine_password".to_owned()
    } else if said.contains("authentication failed") {
        "etcd refuses the password; are cluster_engine_user and cluster_engine_password right?".to_owned()
    } else if code == PERMISSION_DENIED {
        "the user of etcd may not read and write the key: grant the role of cluster_engine_user `readwrite --prefix=true fchatd/`"
            .to_owned()
    } else if said.contains("no leader") || said.contains("leader changed") {
        format!("etcd has no leader at the moment ({said})")
    } else if said.is_empty() {
        format!("{NOT_ETCD} (status {status})")
    } else {
        format!("etcd refuses the request: {said} (status {status})")
    })
}
