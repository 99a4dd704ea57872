//! Handlers of passkeys: adding one to an account, signing in with one, their names and their end. The rows are in
//! [`super::endpoints`].

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fchatd_edge::http::{HttpRequest, HttpResponse};
use fchatd_store::Account;
use serde_json::{Value, json};

use super::AccountHttp;
use super::devices::{Cookie, answer, json_of, service};
use super::endpoints::Signed;
use super::form::Form;
use super::identity::{Entrance, proof};
use super::reply::{Refusal, done};
use crate::desk::AccountDesk;
use crate::desk::people::passkeys::Assertion;
use crate::desk::people::refused;
use crate::error::AccountError;
use crate::identity::passkeys::{Ceremony, Passkeys, fault};
use crate::identity::webauthn::{ALGORITHMS, new_key};

/// Bytes of a field with an answer of an authenticator, as text.
const FIELD_MAX: usize = 16 * 1024;

fn passkeys(own: &AccountHttp) -> Result<Arc<Passkeys>, AccountError> {
    let passkeys = own.passkeys.clone();
    passkeys.ok_or_else(|| refused("This server has no passkeys: site_address is not set."))
}

fn bytes(form: &Form, name: &str) -> Result<Vec<u8>, Refusal> {
    Ok(decoded(form.long(name, FIELD_MAX)?)?)
}

fn decoded(text: &str) -> Result<Vec<u8>, AccountError> {
    URL_SAFE_NO_PAD
        .decode(text.trim_end_matches('='))
        .map_err(|_| refused("The answer of the authenticator must be base64url."))
}

/// `/api/passkey-start`: a challenge for a sign-in.
pub(super) async fn start(own: &AccountHttp, request: &HttpRequest) -> Result<Value, Refusal> {
    let (service, passkeys) = (service(own, request)?, passkeys(own)?);
    service.begin_request(request.address)?;
    let challenge = passkeys.begin(Ceremony::SignIn, request.address, service.steady())?;
    Ok(json!({ "error": "", "challenge": challenge, "rp_id": passkeys.party.id }))
}

/// `/api/passkey-sign-in`.
pub(super) async fn sign_in(own: AccountHttp, request: HttpRequest) -> HttpResponse {
    let result = enter(&own, &request).await;
    answer(&own, &request, result)
}

async fn enter(own: &AccountHttp, request: &HttpRequest) -> Result<(Value, Cookie), Refusal> {
    let (service, passkeys) = (service(own, request)?, passkeys(own)?);
    let form = Form::read(request)?;
    let assertion = Assertion {
        credential: bytes(&form, "credential")?,
        client_data: bytes(&form, "client_data")?,
        authenticator_data: bytes(&form, "authenticator_data")?,
        signature: bytes(&form, "signature")?,
        user_handle: bytes(&form, "user_handle")?,
    };
    let entrance = Entrance::new(request, form.flag("stay") && service.device_idle() > 0);
    let now = service.steady();
    let work = move |desk: &mut AccountDesk| {
        match passkeys.end(&assertion.client_data, "webauthn.get", now)? {
            Ceremony::SignIn => {}
            Ceremony::Add(..) => return Err(refused("This challenge is for a new passkey.")),
        }
        let account = desk.account_by_passkey(&assertion, &passkeys.party)?;
        entrance.enter(desk, &account)
    };
    let grant = service.by_passkey(request.address, work).await?;
    service.count_ticket();
    let value = json_of(&grant);
    Ok((value, grant.token.map_or(Cookie::Unchanged, Cookie::Keep)))
}

/// `/api/passkey-add-start`: a challenge for a new passkey, after the password.
pub(super) async fn add_start(own: &AccountHttp, request: &HttpRequest) -> Result<Value, Refusal> {
    let (service, passkeys) = (service(own, request)?, passkeys(own)?);
    let form = Form::read(request)?;
    let work = |desk: &mut AccountDesk, account: Account| {
        let (handle, known) = desk.passkey_names(account.id)?;
        Ok((account, handle, known))
    };
    let (account, handle, known) = service.by_owner(proof(&form, request)?, work).await?;
    let ceremony = Ceremony::Add(account.id, handle);
    let challenge = passkeys.begin(ceremony, request.address, service.steady())?;
    let known: Vec<_> = known.iter().map(|one| URL_SAFE_NO_PAD.encode(one)).collect();
    Ok(json!({
        "error": "",
        "challenge": challenge,
        "rp_id": passkeys.party.id,
        "user_handle": URL_SAFE_NO_PAD.encode(handle),
        "account": account.name,
        "algorithms": ALGORITHMS,
        "known": known,
    }))
}

/// `/api/passkey-add`.
pub(super) async fn add(signed: Signed) -> Result<Value, Refusal> {
    let own = signed.own.clone();
    let name = signed.form.required("name")?.to_owned();
    let client_data = signed.form.long("client_data", FIELD_MAX)?.to_owned();
    let attestation = signed.form.long("attestation", FIELD_MAX)?.to_owned();
    let now = signed.service.steady();
    // After the ticket is checked: a caller without one learns nothing.
    let work = move |desk: &mut AccountDesk, account: Account| {
        let passkeys = passkeys(&own)?;
        let (client_data, attestation) = (decoded(&client_data)?, decoded(&attestation)?);
        let handle = match passkeys.end(&client_data, "webauthn.create", now)? {
            Ceremony::Add(owner, handle) if owner == account.id => handle,
            _ => {
                return Err(refused(
                    "This challenge is not for a new passkey of this account.",
                ));
            }
        };
        let key = new_key(&attestation, &passkeys.party).map_err(fault)?;
        desk.add_passkey(account.id, &name, handle, key)
    };
    signed.work(work).await?;
    Ok(done())
}

/// `/api/passkey-rename`.
pub(super) async fn rename(signed: Signed) -> Result<Value, Refusal> {
    // No passkey has the number 0. The ticket is checked before the number.
    let number = signed.form.optional("id")?.trim().parse().unwrap_or(0);
    let name = signed.form.required("name")?.to_owned();
    signed
        .work(move |desk, account| desk.rename_passkey(account.id, number, &name))
        .await?;
    Ok(done())
}

/// `/api/passkey-remove`.
pub(super) async fn remove(own: &AccountHttp, request: &HttpRequest) -> Result<Value, Refusal> {
    let (service, form) = (service(own, request)?, Form::read(request)?);
    let number = form.number("id")?;
    let work = move |desk: &mut AccountDesk, account: Account| desk.remove_passkey(account.id, number);
    service.by_owner(proof(&form, request)?, work).await?;
    Ok(done())
}
