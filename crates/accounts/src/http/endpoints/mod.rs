//! The table of HTTP endpoints: path, methods, access, body limit, cost class and handler of each, and its fields for the
//! documents. Requests find their handler here and nowhere else; docs/api.md and docs/openapi.json are generated from
//! the same rows. The handlers are in `api`, `site`, `edit`, `pages` and the files of pictures and reports.

/// A handler for the account of a ticket, and the answer where each account exists.
macro_rules! ticket {
    ($handler:expr, $made_up:expr) => {
        Handler::Ticket(|signed| Box::pin($handler(signed)), $made_up)
    };
}

/// A handler for the account of the entered password.
macro_rules! password {
    ($handler:expr) => {
        Handler::Password(|confirmed| Box::pin($handler(confirmed)))
    };
}

mod clients;
mod devices;
mod profiles;
mod second_factor;
mod shape;
mod site;
mod website;

use std::future::Future;
use std::pin::Pin;

use fchatd_edge::http::{HttpFuture, HttpRequest, HttpResponse};
use fchatd_store::Account;
use serde_json::Value;

pub use self::shape::{Field, Kind, Member, Shape};
use super::form::Form;
use super::reply::{self, Readers, Refusal};
use super::{AccountHttp, pages};
use crate::desk::AccountDesk;
use crate::error::AccountError;
use crate::secret::Secret;
use crate::service::guard::Cost;
use crate::service::{AccountService, Caller};

/// The paths of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// One path.
    Exact(&'static str),
    /// One path, which ends in `.php` or in `.json`.
    Script(&'static str),
    /// All paths with this start and this end. The part between them names the thing.
    Below {
        /// The start, with the slash.
        start: &'static str,
        /// The name of the part between, for the documents.
        part: &'static str,
        /// The end; may be empty.
        end: &'static str,
    },
}

impl Place {
    /// The variable part of a path, which is empty where the endpoint has one path only; `None` for other paths.
    fn part(self, path: &str) -> Option<&str> {
        match self {
            Self::Exact(own) => (path == own).then_some(""),
            Self::Script(own) => {
                let ending = path.strip_prefix(own)?;
                matches!(ending, ".php" | ".json").then_some("")
            }
            Self::Below { start, end, .. } => path.strip_prefix(start)?.strip_suffix(end),
        }
    }

    /// The path as documents write it, such as `/c/{name}`.
    #[must_use]
    pub fn template(self) -> String {
        match self {
            Self::Exact(path) => path.to_owned(),
            Self::Script(path) => format!("{path}.php"),
            Self::Below { start, part, end } => format!("{start}{{{part}}}{end}"),
        }
    }
}

/// The kind of interface that an endpoint belongs to. It decides the shape of refusals, and the pages of which origins
/// may read the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// JSON for clients: pages of all origins may read it.
    Clients,
    /// JSON for the built-in page: only pages of this origin may read it.
    Site,
    /// HTML.
    Pages,
    /// Pictures: pages of all origins may show them.
    Pictures,
    /// The page of the chat and its files, which the program brings along. They need no accounts.
    Chat,
}

/// The proof of identity that an endpoint asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// None.
    Anyone,
    /// The fields `account` and `ticket`.
    Ticket,
    /// The fields `account` and `password`, and `code` where the account has a second factor.
    Password,
    /// The cookie of a device that stays signed in.
    Device,
    /// The cookie of a session of the website.
    Session,
    /// None, or the cookie of a session, as the setting `profile_pages` says.
    ProfilePages,
}

/// The most bytes of a request's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// The limit of the edge.
    Usual,
    /// This many, or the limit of the edge where that is higher.
    AtLeast(usize),
}

/// An HTTP method that an endpoint takes. `HEAD` goes with `GET`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `GET` and `HEAD`.
    Get,
    /// `POST`.
    Post,
}

impl Method {
    fn is(self, name: &str) -> bool {
        match self {
            Self::Get => matches!(name, "GET" | "HEAD"),
            Self::Post => name == "POST",
        }
    }
}

/// The JSON of a handler, when it is there.
pub(super) type JsonFuture = Pin<Box<dyn Future<Output = Result<Value, Refusal>>>>;
/// The answer where each account and each character exists (`--dev`).
pub(super) type MadeUp = fn(&AccountHttp, &Form, &Caller) -> Result<Value, Refusal>;

/// The function that answers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Handler {
    /// JSON that is the same for each request.
    Table(fn(&AccountHttp) -> HttpResponse),
    /// JSON for the account that a ticket belongs to.
    Ticket(fn(Signed) -> JsonFuture, MadeUp),
    /// JSON for the account of the entered password.
    Password(fn(Confirmed) -> JsonFuture),
    /// A handler that checks the request itself. It gets the variable part of the path.
    Whole(fn(AccountHttp, HttpRequest, String) -> HttpFuture),
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint {
    /// Its paths.
    pub place: Place,
    /// Its methods.
    pub methods: &'static [Method],
    /// Its kind of interface.
    pub family: Family,
    /// The proof of identity that it asks for.
    pub access: Access,
    /// The most bytes of a body.
    pub body: Body,
    /// The rate limit of the account that a request counts against; each request counts against its address, too.
    pub cost: Option<Cost>,
    /// One sentence: the effect.
    pub summary: &'static str,
    /// The fields of a request beside `account`, `ticket` and `password`.
    pub fields: &'static [Field],
    /// The members of the answer beside `error`.
    pub answer: &'static [Member],
    pub(super) handler: Handler,
}

impl Endpoint {
    /// A row with the parts that all endpoints have.
    const fn new(place: Place, family: Family, access: Access, handler: Handler) -> Self {
        Self {
            place,
            methods: match family {
                Family::Clients => &[Method::Post, Method::Get],
                Family::Site => &[Method::Post],
                Family::Pages | Family::Pictures | Family::Chat => &[Method::Get],
            },
            family,
            access,
            body: Body::Usual,
            cost: None,
            summary: "",
            fields: &[],
            answer: &[],
            handler,
        }
    }

    const fn takes(mut self, methods: &'static [Method]) -> Self {
        self.methods = methods;
        self
    }

    const fn body(mut self, bytes: usize) -> Self {
        self.body = Body::AtLeast(bytes);
        self
    }

    const fn costs(mut self, cost: Cost) -> Self {
        self.cost = Some(cost);
        self
    }

    const fn about(mut self, summary: &'static str) -> Self {
        self.summary = summary;
        self
    }

    const fn fields(mut self, fields: &'static [Field]) -> Self {
        self.fields = fields;
        self
    }

    const fn answers(mut self, members: &'static [Member]) -> Self {
        self.answer = members;
        self
    }

    /// The name of the endpoint: the last part of its path without an ending.
    #[must_use]
    pub fn name(&self) -> &'static str {
        let path = match self.place {
            Place::Exact(path) | Place::Script(path) => path,
            Place::Below { start, .. } => start.trim_end_matches('/'),
        };
        path.rsplit('/').next().unwrap_or(path)
    }

    fn readers(&self) -> Readers {
        match self.family {
            Family::Clients | Family::Pictures => Readers::Anyone,
            Family::Site | Family::Pages | Family::Chat => Readers::Site,
        }
    }

    /// Answers a request to one of its paths. `part` is the variable part of the path.
    pub(super) fn respond(&'static self, own: &AccountHttp, request: &HttpRequest, part: &str) -> HttpFuture {
        let method = request.method.as_str();
        if self.family == Family::Clients && method == "OPTIONS" {
            return ready(reply::preflight());
        }
        if !self.methods.iter().any(|one| one.is(method)) {
            return ready(self.wrong_method(own));
        }
        match self.handler {
            Handler::Table(answer) => ready(answer(own)),
            Handler::Whole(answer) => answer(own.clone(), request.clone(), part.to_owned()),
            Handler::Ticket(..) | Handler::Password(_) => {
                let (own, request) = (own.clone(), request.clone());
                Box::pin(async move {
                    let result = self.json(&own, &request).await;
                    own.json(result, self.readers())
                })
            }
        }
    }

    fn wrong_method(&self, own: &AccountHttp) -> HttpResponse {
        match self.family {
            Family::Clients | Family::Site => {
                let sentence = match self.methods.first() {
                    Some(Method::Get) => "Please use GET.",
                    Some(Method::Post) | None => "Please use POST.",
                };
                own.json::<Value>(Err(Refusal::new(sentence)), self.readers())
            }
            Family::Pages | Family::Chat => pages::wrong_method(),
            Family::Pictures => reply::not_found(),
        }
    }

    /// The answer of a handler of JSON, after the checks that all of them share.
    async fn json(&self, own: &AccountHttp, request: &HttpRequest) -> Result<Value, Refusal> {
        let form = Form::by_method(request)?;
        let Some(service) = own.provider.accounts() else {
            return self.without_accounts(own, request, &form);
        };
        let service = service.clone();
        match self.handler {
            Handler::Ticket(answer, _) => {
                let caller = form.caller(request)?;
                let signed = Signed {
                    own: own.clone(),
                    service,
                    form,
                    caller,
                    cost: self.cost.unwrap_or(Cost::Read),
                };
                answer(signed).await
            }
            Handler::Password(answer) => {
                let account = form.required("account")?.to_owned();
                let password = Secret::new(form.required("password")?);
                let code = Secret::new(form.optional("code")?);
                let confirmed = Confirmed {
                    address: request.address,
                    service,
                    form,
                    account,
                    password,
                    code,
                };
                answer(confirmed).await
            }
            Handler::Table(_) | Handler::Whole(_) => Err(Refusal::new("There is nothing at this address.")),
        }
    }

    /// The answer where the server keeps no accounts.
    fn without_accounts(
        &self,
        own: &AccountHttp,
        request: &HttpRequest,
        form: &Form,
    ) -> Result<Value, Refusal> {
        match self.handler {
            Handler::Ticket(_, made_up) if own.provider.is_open() => {
                let caller = match self.family {
                    Family::Clients => form.caller(request)?,
                    // The page may come with any ticket, or with none.
                    Family::Site | Family::Pages | Family::Pictures | Family::Chat => Caller {
                        account: form.required("account")?.to_owned(),
                        ticket: Secret::new(form.optional("ticket")?),
                        address: request.address,
                    },
                };
                made_up(own, form, &caller)
            }
            Handler::Ticket(..) | Handler::Password(_) | Handler::Table(_) | Handler::Whole(_) => {
                Err(own.provider.refusal().into())
            }
        }
    }
}

fn ready(response: HttpResponse) -> HttpFuture {
    Box::pin(std::future::ready(response))
}

/// A request with the ticket of an account. The ticket is checked when the work is done.
pub(super) struct Signed {
    pub(super) service: AccountService,
    pub(super) form: Form,
    pub(super) caller: Caller,
    pub(super) cost: Cost,
    pub(super) own: AccountHttp,
}

impl Signed {
    /// Works for the account of the ticket, after it has paid the cost of the endpoint.
    pub(super) async fn work<T: Send + 'static>(
        self,
        work: impl FnOnce(&mut AccountDesk, Account) -> Result<T, AccountError> + Send + 'static,
    ) -> Result<T, Refusal> {
        Ok(self.service.with_account(self.caller, self.cost, work).await?)
    }
}

/// A request with an account's password. The password is checked when the work is done.
pub(super) struct Confirmed {
    pub(super) service: AccountService,
    pub(super) form: Form,
    pub(super) account: String,
    pub(super) password: Secret,
    /// Of the second factor; may be empty.
    pub(super) code: Secret,
    pub(super) address: std::net::IpAddr,
}

impl Confirmed {
    /// Works for the account of the password.
    pub(super) async fn work<T: Send + 'static>(
        self,
        work: impl FnOnce(&mut AccountDesk, Account) -> Result<T, AccountError> + Send + 'static,
    ) -> Result<T, Refusal> {
        let Self {
            service,
            account,
            password,
            code,
            address,
            ..
        } = self;
        Ok(service
            .with_password(account, (password, code), address, work)
            .await?)
    }
}

/// All endpoints, in the order of the documents.
pub fn endpoints() -> impl Iterator<Item = &'static Endpoint> {
    [
        clients::ROWS,
        profiles::ROWS,
        site::ROWS,
        devices::ROWS,
        second_factor::ROWS,
        website::ROWS,
    ]
    .into_iter()
    .flatten()
}

/// The endpoint at a path, with the variable part of the path.
pub(super) fn find(path: &str) -> Option<(&'static Endpoint, &str)> {
    endpoints().find_map(|endpoint| Some((endpoint, endpoint.place.part(path)?)))
}

/// The most bytes that the body of a request to this path may have.
pub(super) fn body_bytes_max(path: &str, usual: usize) -> usize {
    match find(path).map(|(endpoint, _)| endpoint.body) {
        Some(Body::AtLeast(bytes)) => usual.max(bytes),
        Some(Body::Usual) | None => usual,
    }
}

#[cfg(test)]
mod tests;
