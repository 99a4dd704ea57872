//! Who may use the administration: administrators with a session of its page, and programs with a token. A change by a session
//! needs a password that was entered a short while ago; a token needs the scope of the endpoint. Wrong tokens count against
//! their address group, wrong passwords as everywhere.

use std::net::IpAddr;
use std::rc::Rc;
use std::time::Instant;

use fchatd_accounts::{AddressGroup, AdminScope, AdminSessions, Limit, RateLimiter, Secret};
use fchatd_edge::http::HttpRequest;
use fchatd_protocol::exchange::Undo;
use fchatd_protocol::network;
use fchatd_world::Settings;
use fchatd_world::settings::keys;
use serde_json::{Value, json};

use super::asked::Asked;
use super::endpoints::{self, Endpoint};
use super::reply::Refusal;
use super::{Admin, orders};

/// The name of the cookie.
const COOKIE: &str = "fchatd_admin";
/// Wrong tokens of an address group.
const WRONG_TOKENS: Limit = Limit {
    burst: 10,
    seconds_each: 60,
};
/// Address groups that are remembered for it.
const GROUPS_MAX: usize = 4096;

/// Sessions, and the limits of wrong tokens.
pub(super) struct Access {
    sessions: AdminSessions,
    wrong_tokens: RateLimiter<AddressGroup>,
    begun: Instant,
}

impl Default for Access {
    fn default() -> Self {
        Self {
            sessions: AdminSessions::default(),
            wrong_tokens: RateLimiter::new(WRONG_TOKENS, GROUPS_MAX),
            begun: Instant::now(),
        }
    }
}

impl Access {
    /// Seconds on a clock that does not go back.
    fn now(&self) -> u64 {
        self.begun.elapsed().as_secs()
    }
}

/// A caller that is known.
#[derive(Debug)]
pub(super) struct Caller {
    /// The name in the action log, which no character can have.
    pub(super) name: String,
    /// The account of a session.
    pub(super) account: Option<String>,
    /// Its scopes.
    scopes: Vec<AdminScope>,
    /// For so many seconds a session can change things without the password.
    fresh: u64,
}

impl Caller {
    /// The operator on the command line.
    pub(super) fn operator() -> Self {
        Self {
            name: Undo::OPERATOR.to_owned(),
            account: None,
            scopes: AdminScope::ALL.to_vec(),
            fresh: 0,
        }
    }

    /// What the page shows of itself.
    pub(super) fn describe(&self) -> Value {
        let scopes: Vec<&str> = self.scopes.iter().map(|scope| scope.word()).collect();
        json!({ "name": self.name, "account": self.account, "scopes": scopes, "fresh_seconds": self.fresh })
    }

    /// Whether this is the account of the caller itself.
    pub(super) fn is(&self, account: &str) -> bool {
        self.account
            .as_deref()
            .is_some_and(|own| own.eq_ignore_ascii_case(account))
    }
}

/// Refuses a request to the API that comes without a session's cookie, without a token and without the fields to sign in.
pub(super) fn require_some_proof(request: &HttpRequest) -> Result<(), Refusal> {
    let is_api = request.path.starts_with("/admin/api/");
    let has_proof = request.authorization.is_some() || cookie(request).is_some();
    match is_api && !has_proof && request.path != endpoints::SIGN_IN {
        true => Err(Refusal::signed_out()),
        false => Ok(()),
    }
}

/// Whether the settings let this address reach the administration.
pub(super) fn check_open(settings: &Settings, address: IpAddr) -> Result<(), Refusal> {
    let networks = settings.list(keys::ADMIN_NETWORKS);
    let is_near = networks.is_empty()
        || networks
            .iter()
            .filter_map(|text| network::parse(text))
            .any(|network| network::contains(&network, address));
    match settings.flag(keys::ADMIN_PAGE) && is_near {
        true => Ok(()),
        false => Err(Refusal::closed()),
    }
}

/// Answers the requests that begin, refresh and end a session; `None` for all others.
pub(super) async fn sessions(
    admin: &Rc<Admin>,
    request: &HttpRequest,
    asked: &Asked,
) -> Option<Result<(Value, Option<String>), Refusal>> {
    match request.path.as_str() {
        endpoints::SIGN_IN => Some(sign_in(admin, request, asked).await),
        endpoints::CONFIRM => Some(confirm(admin, request, asked).await.map(|value| (value, None))),
        endpoints::SIGN_OUT => Some(sign_out(admin, request)),
        _ => None,
    }
}

async fn sign_in(
    admin: &Rc<Admin>,
    request: &HttpRequest,
    asked: &Asked,
) -> Result<(Value, Option<String>), Refusal> {
    check_sender(request)?;
    let account = asked.text("account")?.to_owned();
    let password = Secret::new(asked.optional("password")?.unwrap_or_default());
    let signed = admin
        .service()?
        .admin_sign_in(account, password, request.address)
        .await;
    let session = signed.inspect_err(|error| {
        tracing::info!(address = %request.address, %error, "a log-in to the administration was refused");
    })?;
    let caller = caller_of_session(admin, session.name(), 0);
    let token = {
        let mut access = admin.access.borrow_mut();
        let now = access.now();
        access.sessions.begin(session, now)?
    };
    orders::note(&caller.name, "ASI", "{}", &admin.edge, &admin.chat).await;
    Ok((caller.describe(), Some(set_cookie(request, token.reveal(), None))))
}

async fn confirm(admin: &Rc<Admin>, request: &HttpRequest, asked: &Asked) -> Result<Value, Refusal> {
    check_sender(request)?;
    let (token, signed) = signed(admin, request)?;
    let password = Secret::new(asked.optional("password")?.unwrap_or_default());
    let name = signed.session.name().to_owned();
    let session = admin
        .service()?
        .admin_sign_in(name.clone(), password, request.address)
        .await?;
    let mut access = admin.access.borrow_mut();
    let now = access.now();
    access.sessions.confirm(&token, session, now);
    drop(access);
    Ok(caller_of_session(admin, &name, 0).describe())
}

fn sign_out(admin: &Rc<Admin>, request: &HttpRequest) -> Result<(Value, Option<String>), Refusal> {
    check_sender(request)?;
    if let Some(token) = cookie(request) {
        admin.access.borrow_mut().sessions.end(&token);
    }
    Ok((
        super::told("You are signed out."),
        Some(set_cookie(request, "", Some(0))),
    ))
}

/// The caller of a request, if it may make it.
pub(super) async fn caller(
    admin: &Rc<Admin>,
    request: &HttpRequest,
    endpoint: &Endpoint,
) -> Result<Caller, Refusal> {
    let caller = match &request.authorization {
        Some(header) => caller_by_token(admin, request.address, header).await?,
        None => caller_by_session(admin, request).await?,
    };
    if !caller.scopes.contains(&endpoint.scope) {
        return Err(Refusal::scope(endpoint.scope.word()));
    }
    let is_session = caller.account.is_some();
    if is_session && endpoint.is_change() {
        check_sender(request)?;
        if caller.fresh == 0 {
            return Err(Refusal::confirm());
        }
    }
    Ok(caller)
}

async fn caller_by_session(admin: &Rc<Admin>, request: &HttpRequest) -> Result<Caller, Refusal> {
    let (token, signed) = signed(admin, request)?;
    let checked = admin.service()?.check_admin(&signed.session).await;
    if let Err(error) = checked {
        let refusal = Refusal::from(error);
        // A busy store says nothing about the session.
        if refusal.status < 429 {
            admin.access.borrow_mut().sessions.end(&token);
        }
        return Err(refusal);
    }
    Ok(caller_of_session(admin, signed.session.name(), signed.age))
}

fn caller_of_session(admin: &Admin, account: &str, age: u64) -> Caller {
    let fresh = admin.with_settings(|settings| settings.count(keys::ADMIN_FRESH)) as u64;
    Caller {
        name: format!("(admin {account})"),
        account: Some(account.to_owned()),
        scopes: AdminScope::ALL.to_vec(),
        fresh: fresh.saturating_sub(age),
    }
}

/// The session of a request's cookie.
fn signed(admin: &Admin, request: &HttpRequest) -> Result<(Secret, fchatd_accounts::SignedAdmin), Refusal> {
    let token = cookie(request).ok_or_else(Refusal::signed_out)?;
    let idle = admin.with_settings(|settings| settings.count(keys::ADMIN_IDLE)) as u64;
    let mut access = admin.access.borrow_mut();
    let now = access.now();
    let signed = access.sessions.find(&token, now, idle);
    signed
        .map(|signed| (token, signed))
        .ok_or_else(Refusal::signed_out)
}

async fn caller_by_token(admin: &Rc<Admin>, address: IpAddr, header: &str) -> Result<Caller, Refusal> {
    let group = AddressGroup::from(address);
    {
        let access = admin.access.borrow();
        access
            .wrong_tokens
            .check(&group, access.now())
            .map_err(Refusal::too_many)?;
    }
    let token = header
        .split_once(' ')
        .filter(|(kind, _)| kind.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| Secret::new(token.trim()));
    let found = match token {
        Some(token) => admin.at_desk(move |desk| desk.admin_token(&token)).await?,
        None => None,
    };
    let Some(found) = found else {
        let mut access = admin.access.borrow_mut();
        let now = access.now();
        access.wrong_tokens.count(&group, now);
        tracing::info!(%address, "a token for the administration was not good");
        return Err(Refusal::bad_token());
    };
    Ok(Caller {
        name: format!("(token {})", found.name),
        account: None,
        scopes: found
            .scopes
            .iter()
            .filter_map(|word| AdminScope::parse(word))
            .collect(),
        fresh: 0,
    })
}

/// A browser sends the cookie along with requests of its page alone.
fn check_sender(request: &HttpRequest) -> Result<(), Refusal> {
    match request.is_cross_site {
        true => Err(Refusal::foreign()),
        false => Ok(()),
    }
}

/// The token in a request's cookie.
fn cookie(request: &HttpRequest) -> Option<Secret> {
    let header = request.cookie.as_deref()?;
    let mut cookies = header
        .split(';')
        .filter_map(|cookie| cookie.trim().split_once('='));
    cookies
        .find(|(name, value)| *name == COOKIE && !value.is_empty())
        .map(|(_, value)| Secret::new(value))
}

/// The header that sets the cookie: for the administration alone, and out of the reach of scripts and of other sites. It ends with
/// the browser, or at once.
fn set_cookie(request: &HttpRequest, token: &str, seconds: Option<u64>) -> String {
    let secure = if request.is_https { "; Secure" } else { "" };
    let end = seconds.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
    format!("{COOKIE}={token}; Path=/admin; HttpOnly; SameSite=Strict{secure}{end}")
}
