//! Handlers of the built-in page for log-ins and for devices that stay signed in. The tokens of devices are in
//! `desk::devices`, their cookie is in `cookies`.

use fchatd_edge::http::{HttpRequest, HttpResponse};
use fchatd_store::DeviceId;
use serde_json::{Value, json};

use super::endpoints::Signed;
use super::form::Form;
use super::reply::{Readers, Refusal, done};
use super::site::character_list;
use super::{AccountHttp, cookies, user_agent};
use crate::desk::devices::DeviceToken;
use crate::error::AccountError;
use crate::event::KeptConnection;
use crate::secret::Secret;
use crate::service::AccountService;
use crate::service::devices::{PageGrant, PageLogin};

/// A cookie that the answer has to set.
enum Cookie {
    Keep(DeviceToken),
    Forget,
    Unchanged,
}

/// `/api/sign-in`: a ticket for the password; with `stay` also a cookie with which this device stays signed in.
pub(super) async fn sign_in(own: AccountHttp, request: HttpRequest) -> HttpResponse {
    let result = sign_in_json(&own, &request).await;
    answer(&own, &request, result)
}

async fn sign_in_json(own: &AccountHttp, request: &HttpRequest) -> Result<(Value, Cookie), Refusal> {
    let (service, form) = (service(own, request)?, Form::read(request)?);
    let mut login = login(&form, request)?;
    login.stays_as = form
        .flag("stay")
        .then(|| user_agent::in_words(request.user_agent.as_deref()));
    let stays = login.stays_as.is_some();
    let grant = service.sign_in_page(login).await?;
    let value = json_of(&grant);
    let cookie = match grant.token {
        Some(token) => Cookie::Keep(token),
        None if stays => Cookie::Unchanged,
        None if cookies::device(request).is_some() => Cookie::Forget,
        None => Cookie::Unchanged,
    };
    Ok((value, cookie))
}

/// `/api/confirm`: the password once more, for work that asks for a fresh log-in.
pub(super) async fn confirm(own: AccountHttp, request: HttpRequest) -> HttpResponse {
    let confirmed = async {
        let (service, form) = (service(&own, &request)?, Form::read(&request)?);
        let grant = service.confirm_page(login(&form, &request)?).await?;
        Ok::<_, Refusal>((json_of(&grant), Cookie::Unchanged))
    };
    let result = confirmed.await;
    answer(&own, &request, result)
}

/// `/api/resume`: a ticket for the cookie of a device.
pub(super) async fn resume(own: AccountHttp, request: HttpRequest) -> HttpResponse {
    let result = resume_json(&own, &request).await;
    answer(&own, &request, result)
}

async fn resume_json(own: &AccountHttp, request: &HttpRequest) -> Result<(Value, Cookie), Refusal> {
    let service = service(own, request)?;
    let Some(token) = cookies::device(request) else {
        return Ok((
            json!({ "error": AccountError::DeviceOver.to_string() }),
            Cookie::Unchanged,
        ));
    };
    match service.resume(token, request.address).await {
        Ok(grant) => {
            let value = json_of(&grant);
            Ok((value, grant.token.map_or(Cookie::Unchanged, Cookie::Keep)))
        }
        // The browser need not ask again.
        Err(error @ AccountError::DeviceOver) => Ok((json!({ "error": error.to_string() }), Cookie::Forget)),
        Err(error) => Err(error.into()),
    }
}

/// `/api/sign-out`: the end of the device of the cookie.
pub(super) async fn sign_out(own: AccountHttp, request: HttpRequest) -> HttpResponse {
    let ended = async {
        let service = service(&own, &request)?;
        if let Some(token) = cookies::device(&request) {
            service.sign_out(token, request.address).await?;
        }
        Ok::<_, Refusal>((done(), Cookie::Forget))
    };
    let result = ended.await;
    answer(&own, &request, result)
}

/// `/api/devices`.
pub(super) async fn devices(signed: Signed) -> Result<Value, Refusal> {
    let ticket = signed.caller.ticket.clone();
    let (devices, own) = signed
        .work(move |desk, account| desk.devices(&account, &ticket))
        .await?;
    let devices: Vec<_> = devices
        .into_iter()
        .map(|device| {
            json!({
                "id": device.id.0,
                "name": device.name,
                "address": device.address,
                "created_at": device.created_at,
                "seen_at": device.seen_at,
                "current": Some(device.id) == own,
            })
        })
        .collect();
    Ok(json!({ "error": "", "devices": devices }))
}

/// `/api/device-revoke`.
pub(super) async fn revoke(signed: Signed) -> Result<Value, Refusal> {
    let one = match signed.form.flag("others") {
        true => None,
        // No device has the number 0. The ticket is checked before the number.
        false => Some(DeviceId(signed.form.optional("id")?.trim().parse().unwrap_or(0))),
    };
    let character = signed.form.optional("character")?;
    let kept = (!character.is_empty()).then(|| KeptConnection {
        character: character.to_owned(),
        address: signed.caller.address,
    });
    let ticket = signed.caller.ticket.clone();
    let gone = signed
        .work(move |desk, account| desk.revoke_devices(&account, one, &ticket, kept))
        .await?;
    Ok(json!({ "error": "", "ended": gone }))
}

/// The service for a request of the page itself.
fn service<'a>(own: &'a AccountHttp, request: &HttpRequest) -> Result<&'a AccountService, Refusal> {
    if request.is_cross_site {
        let sentence = "This request came from a page of another site. Please open this site itself.";
        return Err(Refusal::new(sentence));
    }
    own.provider
        .accounts()
        .ok_or_else(|| own.provider.refusal().into())
}

fn login(form: &Form, request: &HttpRequest) -> Result<PageLogin, Refusal> {
    Ok(PageLogin {
        account: form.required("account")?.to_owned(),
        password: Secret::new(form.required("password")?),
        code: Secret::new(form.optional("code")?),
        address: request.address,
        stays_as: None,
        cookie: cookies::device(request),
    })
}

fn json_of(grant: &PageGrant) -> Value {
    let mut value = character_list(&grant.list);
    if let Some(members) = value.as_object_mut() {
        members.insert("account".to_owned(), json!(grant.account));
        members.insert("ticket".to_owned(), json!(grant.ticket.reveal()));
        members.insert("stays".to_owned(), json!(grant.stays));
    }
    value
}

fn answer(
    own: &AccountHttp,
    request: &HttpRequest,
    result: Result<(Value, Cookie), Refusal>,
) -> HttpResponse {
    let (value, cookie) = match result {
        Ok((value, cookie)) => (Ok(value), cookie),
        Err(refusal) => (Err(refusal), Cookie::Unchanged),
    };
    let mut response = own.json(value, Readers::Site);
    match (cookie, own.provider.accounts()) {
        (Cookie::Keep(token), Some(service)) => {
            cookies::keep_device(&mut response, request, &token, service.device_idle());
        }
        (Cookie::Forget, _) => cookies::forget_device(&mut response, request),
        (Cookie::Keep(_) | Cookie::Unchanged, _) => {}
    }
    response
}
