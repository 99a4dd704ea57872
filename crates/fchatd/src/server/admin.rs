//! The administration page at `/admin` and its HTTP API (docs/admin-api.md). Requests come from the threads of the edges through one
//! bounded queue; everything is answered on the chat's thread, where the work that can block is handed to other threads.
//! Each kind of change is done by the functions that the commands of the program use, and stands in the action log.

mod access;
mod accounts;
mod actions;
mod asked;
mod backup;
mod bans;
mod caller;
mod channels;
mod edited;
mod endpoint;
mod endpoints;
mod fields;
mod invitations;
mod logs;
mod now;
mod people;
mod reference;
mod reply;
mod reports;
mod scripts;
mod series;
mod settings;
mod work;

use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use fchatd_accounts::{AddressGroup, Pace, RateLimiter};
use fchatd_edge::http::{HttpFuture, HttpRequest, HttpResponse};
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval};

use self::asked::Asked;
use self::caller::Caller;
use self::endpoint::Endpoint;
use self::reply::Refusal;
use self::series::SAMPLE;
pub(crate) use self::work::Admin;
use self::work::Work;
use crate::server::page;

/// Requests that wait for the chat's thread.
const WAITING_MAX: usize = 64;
/// Requests that are answered at once.
const AT_ONCE: usize = 16;
/// Requests of one address group. The page asks some times in a few seconds.
const REQUESTS: Pace = Pace {
    burst: 600,
    per_second: 20,
};
/// Address groups that are remembered for it.
const GROUPS_MAX: usize = 4096;
/// The end of the queue at the edges.
#[derive(Clone)]
pub(crate) struct AdminDoor {
    ask: mpsc::Sender<Asking>,
    pace: Arc<Mutex<RateLimiter<AddressGroup>>>,
    begun: Instant,
}

/// The other end, before the chat is there.
pub(crate) struct AdminQueue(mpsc::Receiver<Asking>);

/// A request on its way to the chat's thread.
struct Asking {
    request: HttpRequest,
    answer: oneshot::Sender<HttpResponse>,
}

/// The two ends of the queue.
pub(crate) fn queue() -> (AdminDoor, AdminQueue) {
    let (ask, asked) = mpsc::channel(WAITING_MAX);
    let door = AdminDoor {
        ask,
        pace: Arc::new(Mutex::new(RateLimiter::paced(REQUESTS, GROUPS_MAX))),
        begun: Instant::now(),
    };
    (door, AdminQueue(asked))
}

impl AdminDoor {
    /// The answer to a request below `/admin`; `None` for other paths.
    pub(crate) fn route(&self, request: &HttpRequest) -> Option<HttpFuture> {
        let rest = request.path.strip_prefix("/admin")?;
        if !rest.is_empty() && !rest.starts_with('/') {
            return None;
        }
        Some(match self.enter(request) {
            Ok(answered) => Box::pin(async move {
                answered
                    .await
                    .unwrap_or_else(|_| reply::refused(&Refusal::busy()))
            }),
            Err(refusal) => Box::pin(std::future::ready(reply::refused(&refusal))),
        })
    }

    /// Hands a request over.
    fn enter(&self, request: &HttpRequest) -> Result<oneshot::Receiver<HttpResponse>, Refusal> {
        let seconds = self.begun.elapsed().as_secs();
        let taken = self
            .pace
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(&request.address.into(), seconds);
        taken.map_err(Refusal::too_many)?;
        // A flood without any proof of identity costs the chat nothing.
        access::require_some_proof(request)?;
        let (answer, answered) = oneshot::channel();
        let asking = Asking {
            request: request.clone(),
            answer,
        };
        self.ask.try_send(asking).map_err(|_| Refusal::busy())?;
        Ok(answered)
    }
}

impl Admin {
    /// Answers requests, until the server ends.
    pub(crate) fn serve(self: &Rc<Self>, queue: AdminQueue) {
        let AdminQueue(mut asked) = queue;
        let admin = Rc::clone(self);
        let places = Arc::new(Semaphore::new(AT_ONCE));
        tokio::task::spawn_local(sample(Rc::clone(&admin)));
        tokio::task::spawn_local(async move {
            while let Some(Asking { request, answer }) = asked.recv().await {
                let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                    return;
                };
                let admin = Rc::clone(&admin);
                tokio::task::spawn_local(async move {
                    let _place = place;
                    // A reader that has given up is no matter.
                    let _ = answer.send(admin.answer(request).await);
                });
            }
        });
    }

    async fn answer(self: Rc<Self>, request: HttpRequest) -> HttpResponse {
        if let Err(refusal) = self.check_open(&request) {
            return reply::refused(&refusal);
        }
        if let "/admin" | "/admin/" = request.path.as_str() {
            return page::administration(&request);
        }
        match self.work(&request).await {
            Ok((value, cookie)) => reply::done(&value, cookie),
            Err(refusal) => reply::refused(&refusal),
        }
    }

    /// Whether the settings let this request reach the administration at all.
    fn check_open(&self, request: &HttpRequest) -> Result<(), Refusal> {
        self.with_settings(|settings| access::check_open(settings, request.address))
    }

    /// Finds the endpoint, checks the caller and does the work. The result goes with a cookie where a session begins or ends.
    async fn work(self: &Rc<Self>, request: &HttpRequest) -> Result<(Value, Option<String>), Refusal> {
        let endpoint = endpoints::find(&request.path).ok_or_else(Refusal::not_found)?;
        endpoint.check_method(&request.method)?;
        let asked = Asked::read(request, endpoint.is_post(), endpoint.fields)?;
        if let Some(answer) = access::sessions(self, request, &asked).await {
            return answer;
        }
        let caller = access::caller(self, request, endpoint.scope, endpoint.is_change()).await?;
        if endpoint.is_change() && !self.edge.leads() {
            return Err(Refusal::standby());
        }
        let work = Work {
            admin: Rc::clone(self),
            caller,
            asked,
        };
        Ok((answer_of(endpoint, work).await?, None))
    }

    /// Makes a call for the operator on the command line: the answer as JSON. The fields are a JSON object.
    ///
    /// # Errors
    /// A sentence that says why not.
    pub(crate) async fn order(self: &Rc<Self>, endpoint: &str, fields: &str) -> Result<String, String> {
        let path = format!("/admin/api/{endpoint}");
        let answered = async {
            let endpoint = endpoints::find(&path).ok_or_else(Refusal::not_found)?;
            let work = Work {
                admin: Rc::clone(self),
                caller: Caller::operator(),
                asked: Asked::from_texts(fields, endpoint.fields)?,
            };
            answer_of(endpoint, work).await
        };
        let answer = answered.await.map_err(Refusal::into_text)?;
        Ok(answer.to_string())
    }
}

/// The answer of an endpoint. The one that describes all of them has its work here, beside their table.
async fn answer_of(endpoint: &Endpoint, work: Work) -> Result<Value, Refusal> {
    match endpoint.path {
        fields::OPENAPI => Ok(reference::document()),
        _ => (endpoint.handler)(work).await,
    }
}

/// Adds points to the charts, for as long as the server runs.
async fn sample(admin: Rc<Admin>) {
    let mut ticks = interval(SAMPLE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let samples = now::figures(&admin);
        admin.series.borrow_mut().add(&samples);
    }
}
