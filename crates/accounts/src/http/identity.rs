//! Handlers of signing in through an identity provider: the flow of a browser from the button to the account, and the list
//! of the ways to sign in to an account. The rows are in [`super::endpoints`], the flows in `identity`.

use std::sync::Arc;

use bytes::Bytes;
use fchatd_edge::http::{HttpRequest, HttpResponse};
use fchatd_links::oidc::{CODE_BYTES_MAX, Identity, is_error_code};
use fchatd_store::{Account, LinkedIdentity, Passkey};
use serde_json::{Value, json};

use super::devices::{Cookie, answer, json_of, service};
use super::endpoints::Signed;
use super::form::Form;
use super::reply::{Readers, Refusal, done};
use super::{AccountHttp, cookies, user_agent};
use crate::desk::AccountDesk;
use crate::desk::devices::DeviceToken;
use crate::desk::people::refused;
use crate::error::AccountError;
use crate::event::KeptConnection;
use crate::identity::{Identities, LIFETIME, Purpose};
use crate::secret::Secret;
use crate::service::AccountService;
use crate::service::devices::{PageGrant, enter};
use crate::service::identities::Proof;

/// The cookie by which a flow belongs to a browser.
const COOKIE: &str = "fchatd_flow";
/// The place in the page at which the flow goes on.
const BACK: &str = "/#signing-in";

/// The parts that all handlers need.
struct Parts {
    service: AccountService,
    identities: Arc<Identities>,
}

fn parts(own: &AccountHttp, request: &HttpRequest) -> Result<Parts, Refusal> {
    let service = service(own, request)?;
    let identities = own.identities.clone();
    let identities = identities
        .ok_or_else(|| refused("Nobody can sign in through an identity provider on this server."))?;
    Ok(Parts {
        service: service.clone(),
        identities,
    })
}

/// `/api/oidc-start` and `/api/oidc-link`: the address of the provider, and the cookie of the flow.
pub(super) async fn start(own: &AccountHttp, request: &HttpRequest, links: bool) -> HttpResponse {
    let begun = begin(own, request, links).await;
    let (result, token) = match begun {
        Ok((token, address)) => (Ok(json!({ "error": "", "address": address })), Some(token)),
        Err(refusal) => (Err(refusal), None),
    };
    let mut answer = own.json(result, Readers::Site);
    if let Some(token) = token {
        answer
            .headers
            .push(("set-cookie", cookie(request, token.reveal(), LIFETIME)));
    }
    answer
}

async fn begin(own: &AccountHttp, request: &HttpRequest, links: bool) -> Result<(Secret, String), Refusal> {
    let Parts { service, identities } = parts(own, request)?;
    let form = Form::read(request)?;
    service.begin_request(request.address)?;
    let purpose = match links {
        true => {
            let proof = proof(&form, request)?;
            Purpose::Link(service.by_owner(proof, |_, account| Ok(account.id)).await?)
        }
        false => Purpose::SignIn {
            stays: form.flag("stay"),
        },
    };
    Ok(identities
        .begin(purpose, request.address, service.steady())
        .await?)
}

/// The proof with which an owner asks for a change.
pub(super) fn proof(form: &Form, request: &HttpRequest) -> Result<Proof, Refusal> {
    Ok(Proof {
        caller: form.caller(request)?,
        password: Secret::new(form.optional("password")?),
        code: Secret::new(form.optional("code")?),
    })
}

/// `/oidc/return`: takes the code of the provider, and leads on to the page. It tells nothing itself, so that all errors are
/// told in one place.
pub(super) fn back(own: &AccountHttp, request: &HttpRequest) -> HttpResponse {
    // It comes from the provider's page, so it is a request of another site.
    let known = (own.provider.accounts(), &own.identities, flow_token(request));
    if let (Some(service), Some(identities), Some(token)) = known {
        let query = Form::query(request);
        let text = |name, max| query.long(name, max).unwrap_or_default();
        let issuer = text("iss", 1000);
        let answer = match (text("code", CODE_BYTES_MAX), text("error", 40)) {
            _ if !issuer.is_empty() && issuer != identities.settings.client.issuer() => {
                Err("it came from another issuer".to_owned())
            }
            (code, "") if !code.is_empty() => Ok(code.to_owned()),
            (_, error) if is_error_code(error) => Err(error.to_owned()),
            _ => Err("it gave no reason".to_owned()),
        };
        identities.take(&token, text("state", 100), answer, service.steady());
    }
    HttpResponse {
        status: 303,
        headers: vec![
            ("location", BACK.to_owned()),
            ("cache-control", "no-store".to_owned()),
            ("referrer-policy", "no-referrer".to_owned()),
            ("content-type", "text/plain; charset=utf-8".to_owned()),
        ],
        body: Bytes::from_static(b"The browser goes on by itself.\n"),
    }
}

/// The step of a flow after the provider.
#[derive(Debug, Clone, Copy)]
pub(super) enum Next {
    /// The identity decides.
    Finish,
    /// An account is to be made.
    Register,
    /// An account with a password is to be linked.
    Connect,
}

/// `/api/oidc-finish`, `/api/oidc-register` and `/api/oidc-connect`.
pub(super) async fn next(own: &AccountHttp, request: &HttpRequest, step: Next) -> HttpResponse {
    let result = advance(own, request, step).await;
    let is_over = !matches!(result, Ok(Advance::Choose(_)) | Err(_));
    let result = result.map(|advance| match advance {
        Advance::Choose(choice) => (choice, Cookie::Unchanged),
        Advance::Linked => (json!({ "error": "", "done": "linked" }), Cookie::Unchanged),
        Advance::SignedIn(grant) => {
            let mut value = json_of(&grant);
            if let Some(members) = value.as_object_mut() {
                members.insert("done".to_owned(), "signed-in".into());
            }
            (value, grant.token.map_or(Cookie::Unchanged, Cookie::Keep))
        }
    });
    let mut response = answer(own, request, result);
    if is_over {
        if let (Some(identities), Some(token)) = (&own.identities, flow_token(request)) {
            identities.end(&token);
        }
        response.headers.push(("set-cookie", cookie(request, "", 0)));
    }
    response
}

/// The result of a step.
enum Advance {
    /// The person has to choose an account.
    Choose(Value),
    Linked,
    SignedIn(PageGrant),
}

async fn advance(own: &AccountHttp, request: &HttpRequest, step: Next) -> Result<Advance, Refusal> {
    let Parts { service, identities } = parts(own, request)?;
    let form = Form::read(request)?;
    service.begin_request(request.address)?;
    let token = flow_token(request).unwrap_or_else(|| Secret::new(""));
    let proved = identities
        .prove(&token, request.address, service.steady(), service.unix_now())
        .await?;
    let identity = proved.identity;
    let Purpose::SignIn { stays } = proved.purpose else {
        return link(&service, request, proved.purpose, identity, step).await;
    };
    let registration = service.registration_otherwise(identities.settings.registration);
    let entrance = Entrance::new(request, stays && service.device_idle() > 0);
    let address = request.address;
    let grant = match step {
        Next::Finish => {
            let known = identity.clone();
            let found = service.for_anyone(address, move |desk| match desk.sign_in_by_identity(&known)? {
                Some(account) => Ok(Some(entrance.enter(desk, &account)?)),
                None => Ok(None),
            });
            match found.await? {
                Some(grant) => grant,
                None => {
                    return Ok(Advance::Choose(json!({
                        "error": "",
                        "done": "choose",
                        "label": identity.label,
                        "suggestion": suggestion(&identity.suggestion),
                        "registration": registration.name(),
                    })));
                }
            }
        }
        Next::Register => {
            let name = form.required("account")?.to_owned();
            let code = Secret::new(form.optional("invitation")?);
            let work = move |desk: &mut AccountDesk| {
                let account = desk.register_identity(&name, &identity, registration, &code)?;
                entrance.enter(desk, &account)
            };
            service.register_otherwise(registration, address, work).await?
        }
        Next::Connect => {
            let name = form.required("account")?.to_owned();
            let password = Secret::new(form.required("password")?);
            let code = Secret::new(form.optional("code")?);
            let work = move |desk: &mut AccountDesk, account: Account| {
                desk.link_identity(&account, &identity)?;
                entrance.enter(desk, &account)
            };
            service
                .with_password(name, (password, code), address, work)
                .await?
        }
    };
    service.count_ticket();
    Ok(Advance::SignedIn(grant))
}

/// The end of a flow that an owner has begun for an account.
async fn link(
    service: &AccountService,
    request: &HttpRequest,
    purpose: Purpose,
    identity: Identity,
    step: Next,
) -> Result<Advance, Refusal> {
    let (Purpose::Link(account), Next::Finish) = (purpose, step) else {
        return Err(refused("You are signed in already.").into());
    };
    let work = move |desk: &mut AccountDesk| {
        let account = desk.account_of(account)?;
        desk.link_identity(&account, &identity)
    };
    service.for_anyone(request.address, work).await?;
    Ok(Advance::Linked)
}

/// The browser in which a person signs in without a password.
pub(super) struct Entrance {
    stays_as: Option<String>,
    cookie: Option<DeviceToken>,
    address: std::net::IpAddr,
}

impl Entrance {
    /// The browser of a request; with `stays` it stays signed in.
    pub(super) fn new(request: &HttpRequest, stays: bool) -> Self {
        Self {
            stays_as: stays.then(|| user_agent::in_words(request.user_agent.as_deref())),
            cookie: cookies::device(request),
            address: request.address,
        }
    }

    /// Signs the person in.
    pub(super) fn enter(&self, desk: &mut AccountDesk, account: &Account) -> Result<PageGrant, AccountError> {
        let device = (self.stays_as.as_deref(), self.cookie.as_ref());
        enter(desk, account, device, self.address)
    }
}

/// A name for an account that keeps the rules as far as that is possible; may be empty.
fn suggestion(text: &str) -> String {
    let mut name = String::new();
    for one in text
        .chars()
        .filter(|one| one.is_ascii_alphanumeric() || "_-. ".contains(*one))
    {
        if !(one == ' ' && name.ends_with(' ')) {
            name.push(one);
        }
    }
    let name = name.trim().to_owned();
    match (3..=40).contains(&name.len()) {
        true => name,
        false => String::new(),
    }
}

/// `/api/sign-ins`.
pub(super) async fn sign_ins(signed: Signed) -> Result<Value, Refusal> {
    let all = signed.work(|desk, account| desk.sign_ins(account.id)).await?;
    let identities: Vec<_> = all.identities.iter().map(identity_json).collect();
    let passkeys: Vec<_> = all.passkeys.iter().map(passkey_json).collect();
    Ok(json!({
        "error": "",
        "password": all.has_password,
        "identities": identities,
        "passkeys": passkeys,
    }))
}

/// An identity, for its owner.
pub(super) fn identity_json(one: &LinkedIdentity) -> Value {
    json!({
        "id": one.id.0,
        "issuer": one.issuer,
        "label": one.label,
        "created_at": one.created_at,
        "used_at": one.used_at,
    })
}

/// A passkey, for its owner.
pub(super) fn passkey_json(one: &Passkey) -> Value {
    json!({ "id": one.id.0, "name": one.name, "created_at": one.created_at, "used_at": one.used_at })
}

/// `/api/identity-remove`.
pub(super) async fn remove(own: &AccountHttp, request: &HttpRequest) -> Result<Value, Refusal> {
    let (service, form) = (service(own, request)?, Form::read(request)?);
    let number = form.number("id")?;
    let work = move |desk: &mut AccountDesk, account: Account| desk.unlink_identity(account.id, number);
    service.by_owner(proof(&form, request)?, work).await?;
    Ok(done())
}

/// `/api/password-set`: the first password of an account that has none.
pub(super) async fn set_password(own: &AccountHttp, request: &HttpRequest) -> Result<Value, Refusal> {
    let (service, form) = (service(own, request)?, Form::read(request)?);
    let new = Secret::new(form.required("new_password")?);
    let character = form.optional("character")?;
    let kept = (!character.is_empty()).then(|| KeptConnection {
        character: character.to_owned(),
        address: request.address,
    });
    let ticket = service
        .set_first_password(form.caller(request)?, new, kept)
        .await?;
    Ok(json!({ "error": "", "ticket": ticket.reveal() }))
}

/// The token in the flow's cookie.
fn flow_token(request: &HttpRequest) -> Option<Secret> {
    cookies::value(request, COOKIE).map(Secret::new)
}

/// The browser sends it when the provider leads it back here, and with requests of this site's pages, and with nothing else.
fn cookie(request: &HttpRequest, token: &str, lifetime: u64) -> String {
    let secure = if request.is_https { "; Secure" } else { "" };
    format!("{COOKIE}={token}; Path=/; Max-Age={lifetime}; HttpOnly; SameSite=Lax{secure}")
}
