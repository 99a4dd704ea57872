//! The administration page at `/admin` and its HTTP API (docs/admin-api.md). Requests come from the threads of the edges through one
//! bounded queue; everything is answered on the chat's thread, where the work that can block is handed to other threads.
//! Each kind of change is done by the functions that the commands of the program use, and stands in the action log.

mod access;
mod accounts;
mod actions;
mod asked;
mod bans;
mod channels;
mod endpoints;
mod invitations;
mod now;
mod people;
mod reference;
mod reply;
mod reports;
mod series;

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use fchatd_accounts::{
    AccountDesk, AccountError, AccountService, AddressGroup, LoginProvider, Pace, RateLimiter,
};
use fchatd_edge::http::{HttpFuture, HttpRequest, HttpResponse};
use fchatd_protocol::exchange::Outputs;
use fchatd_world::{Settings, World};
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval};

use self::access::{Access, Caller};
use self::asked::Asked;
use self::reply::Refusal;
use self::series::Series;
use crate::failure::Failure;
use crate::folder::action_log;
use crate::options::Options;
use crate::server::chat::Chat;
use crate::server::layout::ChatEdges;
use crate::server::{orders, page};

/// Requests that wait for the chat's thread.
const WAITING_MAX: usize = 64;
/// Requests that are answered at once.
const AT_ONCE: usize = 16;
/// Requests of one address group. The page asks some times in a few seconds.
const REQUESTS: Pace = Pace {
    burst: 120,
    per_second: 10,
};
/// Address groups that are remembered for it.
const GROUPS_MAX: usize = 4096;
/// Rows of a list, where a request does not say how many, and at most.
const ROWS: u64 = 50;
const ROWS_MAX: u64 = 200;
/// The time between two points of the small charts.
const SAMPLE: Duration = Duration::from_secs(10);

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

/// The administration on the chat's thread.
pub(crate) struct Admin {
    edge: ChatEdges,
    chat: Chat,
    options: Options,
    provider: LoginProvider,
    /// The desk of the command line; none where nothing is stored.
    desk: Option<Arc<Mutex<AccountDesk>>>,
    access: RefCell<Access>,
    series: RefCell<Series>,
    /// Held while the action log is read, which may be long.
    reading: Semaphore,
}

impl Admin {
    /// The administration of a chat.
    pub(crate) fn new(
        options: &Options,
        edge: &ChatEdges,
        chat: &Chat,
        provider: LoginProvider,
        desk: Option<AccountDesk>,
    ) -> Self {
        Self {
            edge: edge.clone(),
            chat: chat.clone(),
            options: options.clone(),
            provider,
            desk: desk.map(|desk| Arc::new(Mutex::new(desk))),
            access: RefCell::default(),
            series: RefCell::default(),
            reading: Semaphore::new(1),
        }
    }

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
        let asked = Asked::read(request, endpoint)?;
        if let Some(answer) = access::sessions(self, request, &asked).await {
            return answer;
        }
        let caller = access::caller(self, request, endpoint).await?;
        if endpoint.is_change() && !self.edge.leads() {
            return Err(Refusal::standby());
        }
        let work = Work {
            admin: Rc::clone(self),
            caller,
            asked,
        };
        Ok(((endpoint.handler)(work).await?, None))
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
                asked: Asked::from_texts(fields, endpoint)?,
            };
            (endpoint.handler)(work).await
        };
        let answer = answered.await.map_err(Refusal::into_text)?;
        Ok(answer.to_string())
    }

    /// Reads the settings in force.
    fn with_settings<T>(&self, work: impl FnOnce(&Settings) -> T) -> T {
        self.with_world(|world| work(&world.settings))
    }

    /// Reads the world between two inputs.
    fn with_world<T>(&self, work: impl FnOnce(&World) -> T) -> T {
        self.edge
            .interject(|chat, _| chat.with_core(&mut Outputs::default(), |core, _, _| work(core.world())))
    }

    /// Does something at the desk of the command line, on a thread that may block.
    async fn at_desk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut AccountDesk) -> Result<T, AccountError> + Send + 'static,
    ) -> Result<T, Refusal> {
        let desk = self.desk.clone().ok_or_else(Refusal::nothing_stored)?;
        let done = tokio::task::spawn_blocking(move || {
            let mut desk = desk.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut desk)
        });
        done.await
            .map_err(|_| Refusal::failed("the server failed while it did this; its log says how"))?
            .map_err(Refusal::from)
    }

    /// The account service; refuses where a website keeps the accounts.
    fn service(&self) -> Result<&AccountService, Refusal> {
        self.provider.accounts().ok_or_else(Refusal::accounts_elsewhere)
    }

    /// As [`Admin::at_desk`], about accounts that are kept here. The chat hears of the change at once.
    async fn with_accounts<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut AccountDesk) -> Result<T, AccountError> + Send + 'static,
    ) -> Result<T, Refusal> {
        let service = self.service()?.clone();
        let done = self.at_desk(work).await?;
        if let Err(error) = service.hear_operators().await {
            // It is heard within a second all the same.
            tracing::debug!(%error, "a change of an account could not be told at once");
        }
        Ok(done)
    }

    fn action_log(&self) -> PathBuf {
        action_log::folder(&self.options.dir)
    }
}

/// A request whose caller may make it.
pub(super) struct Work {
    admin: Rc<Admin>,
    caller: Caller,
    asked: Asked,
}

impl Work {
    /// Puts the action into the action log in the name of the caller.
    async fn note(&self, code: &str, arguments: &Value) {
        let Admin { edge, chat, .. } = &*self.admin;
        orders::note(&self.caller.name, code, &arguments.to_string(), edge, chat).await;
    }
}

/// Rows of a page of a list.
fn page_of(asked: &Asked) -> Result<usize, Refusal> {
    Ok(asked.whole_within("limit", ROWS, ROWS_MAX)? as usize)
}

/// The answer to a change: a sentence about the result.
fn told(sentence: impl Into<String>) -> Value {
    serde_json::json!({ "done": sentence.into() })
}

/// The refusal of a change by a rule.
fn refused(sentence: Failure) -> Refusal {
    Refusal::refused(sentence)
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
