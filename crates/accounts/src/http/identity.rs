//! Handlers of signing in through an identity provider: the flow of a browser from the button to the account, and the list
//! of the ways to sign in to an account. The rows are in [`super::endpoints`], the flows in `identity`.

use std::sync::Arc;

use bytes::Bytes;
use fchatd_edge::http::{HttpRequest, HttpResponse};
use fchatd_links::oidc::{CODE_BYTES_MAX, is_error_code};
use fchatd_store::{Account, LinkedIdentity, Passkey};
use serde_json::{Value, json};

use super::AccountHttp;
use super::endpoints::Signed;
use super::form::Form;
use super::reply::{Readers, Refusal, done};
use super::site::character_list;
use crate::desk::TicketGrant;
use crate::desk::people::refused;
use crate::event::KeptConnection;
use crate::identity::{Identities, LIFETIME, Purpose};
use crate::secret::Secret;
use crate::service::AccountService;
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

fn parts(own: &AccountHttp) -> Result<Parts, Refusal> {
    let service = own.provider.accounts();
    let service = service.ok_or_else(|| Refusal::from(own.provider.refusal()))?;
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
    let Parts { service, identities } = parts(own)?;
    let form = Form::read(request)?;
    service.begin_request(request.address)?;
    let purpose = match links {
        true => {
            let proof = proof(&form, request)?;
            Purpose::Link(service.by_owner(proof, |_, account| Ok(account.id)).await?)
        }
        false => Purpose::SignIn,
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
    })
}

/// `/oidc/return`: takes the code of the provider, and leads on to the page. It tells nothing itself, so that all errors are
/// told in one place.
pub(super) fn back(own: &AccountHttp, request: &HttpRequest) -> HttpResponse {
    if let (Ok(Parts { service, identities }), Some(token)) = (parts(own), flow_token(request)) {
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
    let is_over = result.as_ref().is_ok_and(|(_, is_over)| *is_over);
    let mut answer = own.json(result.map(|(value, _)| value), Readers::Site);
    if is_over {
        if let (Some(identities), Some(token)) = (&own.identities, flow_token(request)) {
            identities.end(&token);
        }
        answer.headers.push(("set-cookie", cookie(request, "", 0)));
    }
    answer
}

/// The answer, and whether the flow is over.
async fn advance(own: &AccountHttp, request: &HttpRequest, step: Next) -> Result<(Value, bool), Refusal> {
    let Parts { service, identities } = parts(own)?;
    let form = Form::read(request)?;
    service.begin_request(request.address)?;
    let token = flow_token(request).unwrap_or_else(|| Secret::new(""));
    let address = request.address;
    let proved = identities
        .prove(&token, address, service.steady(), service.unix_now())
        .await?;
    let identity = proved.identity;
    let registration = service.registration_otherwise(identities.settings.registration);
    let (account, grant) = match (step, proved.purpose) {
        (Next::Finish, Purpose::SignIn) => {
            let known = identity.clone();
            let found = service.by_identity(address, move |desk| desk.sign_in_by_identity(&known));
            match found.await? {
                Some(found) => found,
                None => {
                    let choice = json!({
                        "error": "",
                        "done": "choose",
                        "label": identity.label,
                        "suggestion": suggestion(&identity.suggestion),
                        "registration": registration.name(),
                    });
                    return Ok((choice, false));
                }
            }
        }
        (Next::Finish, Purpose::Link(account)) => {
            let work = move |desk: &mut crate::desk::AccountDesk| {
                let account = desk.account_of(account)?;
                desk.link_identity(&account, &identity)
            };
            service.for_anyone(address, work).await?;
            return Ok((json!({ "error": "", "done": "linked" }), true));
        }
        (Next::Register, Purpose::SignIn) => {
            let name = form.required("account")?.to_owned();
            let code = Secret::new(form.optional("invitation")?);
            let work = move |desk: &mut crate::desk::AccountDesk| {
                desk.register_identity(&name, &identity, registration, &code)
            };
            service.register_otherwise(registration, address, work).await?
        }
        (Next::Connect, Purpose::SignIn) => {
            let name = form.required("account")?.to_owned();
            let password = Secret::new(form.required("password")?);
            let work = move |desk: &mut crate::desk::AccountDesk, account: Account| {
                desk.link_identity(&account, &identity)?;
                let grant = desk.ticket(&account)?;
                Ok((account, grant))
            };
            service.with_password(name, password, address, work).await?
        }
        (Next::Register | Next::Connect, Purpose::Link(_)) => {
            return Err(refused("You are signed in already.").into());
        }
    };
    Ok((signed_in(&account, &grant), true))
}

/// The answer to a person who is signed in now.
pub(super) fn signed_in(account: &Account, grant: &TicketGrant) -> Value {
    let mut answer = character_list(&grant.list);
    if let Some(members) = answer.as_object_mut() {
        members.insert("done".to_owned(), "signed-in".into());
        members.insert("account".to_owned(), account.name.as_str().into());
        members.insert("ticket".to_owned(), grant.ticket.reveal().into());
    }
    answer
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
    let service = own.provider.accounts();
    let service = service.ok_or_else(|| Refusal::from(own.provider.refusal()))?;
    let form = Form::read(request)?;
    let number = form.number("id")?;
    let work =
        move |desk: &mut crate::desk::AccountDesk, account: Account| desk.unlink_identity(account.id, number);
    service.by_owner(proof(&form, request)?, work).await?;
    Ok(done())
}

/// `/api/password-set`: the first password of an account that has none.
pub(super) async fn set_password(own: &AccountHttp, request: &HttpRequest) -> Result<Value, Refusal> {
    let service = own.provider.accounts();
    let service = service.ok_or_else(|| Refusal::from(own.provider.refusal()))?;
    let form = Form::read(request)?;
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
pub(super) fn flow_token(request: &HttpRequest) -> Option<Secret> {
    let cookies = request.cookie.as_deref()?.split(';');
    let mut pairs = cookies.filter_map(|cookie| cookie.trim().split_once('='));
    let (_, token) = pairs.find(|(name, _)| *name == COOKIE)?;
    Some(Secret::new(token.trim()))
}

/// The browser sends it when the provider leads it back here, and with requests of this site's pages, and with nothing else.
fn cookie(request: &HttpRequest, token: &str, lifetime: u64) -> String {
    let secure = if request.is_https { "; Secure" } else { "" };
    format!("{COOKIE}={token}; Path=/; Max-Age={lifetime}; HttpOnly; SameSite=Lax{secure}")
}
