//! Access to the administration: administrators with a session of its page, and programs with a token. A change by a session
//! needs a password that was entered a short while ago; a token needs the scope of the endpoint. Wrong tokens count against
//! their address group, wrong passwords as everywhere.

use std::net::IpAddr;
use std::rc::Rc;

use fchatd_accounts::{AddressGroup, AdminScope, Secret};
use fchatd_edge::http::HttpRequest;
use fchatd_protocol::network;
use fchatd_world::Settings;
use fchatd_world::settings::keys;
use serde_json::{Value, json};

use super::asked::Asked;
use super::caller::Caller;
use super::fields;
use super::reply::Refusal;
use super::work::{Admin, told};
use crate::server::orders;

/// The name of the cookie.
const COOKIE: &str = "fchatd_admin";
/// Refuses a request to the API that comes without a session's cookie, without a token and without the fields to sign in.
pub(super) fn require_some_proof(request: &HttpRequest) -> Result<(), Refusal> {
    let is_api = request.path.starts_with("/admin/api/");
    let has_proof = request.authorization.is_some() || cookie(request).is_some();
    match is_api && !has_proof && ![fields::SIGN_IN, fields::SESSION].contains(&request.path.as_str()) {
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
        fields::SIGN_IN => Some(sign_in(admin, request, asked).await),
        fields::CONFIRM => Some(confirm(admin, request, asked).await.map(|value| (value, None))),
        fields::SIGN_OUT => Some(sign_out(admin, request)),
        fields::SESSION => Some(session(admin, request).await.map(|value| (value, None))),
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
    let secrets = secrets(asked)?;
    let signed = admin
        .service()?
        .admin_sign_in(account, secrets, request.address)
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

/// The password, and the code of a second factor.
fn secrets(asked: &Asked) -> Result<(Secret, Secret), Refusal> {
    let secret = |key| {
        asked
            .optional(key)
            .map(|text| Secret::new(text.unwrap_or_default()))
    };
    Ok((secret("password")?, secret("code")?))
}

async fn confirm(admin: &Rc<Admin>, request: &HttpRequest, asked: &Asked) -> Result<Value, Refusal> {
    check_sender(request)?;
    let (token, signed) = signed(admin, request)?;
    let secrets = secrets(asked)?;
    let name = signed.session.name().to_owned();
    let session = admin
        .service()?
        .admin_sign_in(name.clone(), secrets, request.address)
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
        told("You are signed out."),
        Some(set_cookie(request, "", Some(0))),
    ))
}

/// The caller, or nobody: the page asks before it knows whether there is a session.
async fn session(admin: &Rc<Admin>, request: &HttpRequest) -> Result<Value, Refusal> {
    let nobody = json!({ "name": null, "account": null, "scopes": [], "fresh_seconds": 0 });
    if request.authorization.is_none() && cookie(request).is_none() {
        return Ok(nobody);
    }
    match caller(admin, request, AdminScope::Read, false).await {
        Err(refusal) if refusal.code == "signed_out" => Ok(nobody),
        known => known.map(|caller| caller.describe()),
    }
}

/// The caller of a request, if it may make it.
pub(super) async fn caller(
    admin: &Rc<Admin>,
    request: &HttpRequest,
    scope: AdminScope,
    is_change: bool,
) -> Result<Caller, Refusal> {
    let caller = match &request.authorization {
        Some(header) => caller_by_token(admin, request.address, header).await?,
        None => caller_by_session(admin, request).await?,
    };
    if !caller.scopes.contains(&scope) {
        return Err(Refusal::scope(scope.word()));
    }
    let is_session = caller.account.is_some();
    if is_session && is_change {
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
