//! `/api/*`: what the built-in page needs to let people edit what is theirs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fchatd_edge::http::{HttpRequest, HttpResponse};
use fchatd_store::ReportId;
use serde_json::{Value, json};

use super::AccountHttp;
use super::form::Form;
use super::reply::{Readers, Refusal, done};
use crate::desk::people::PageChange;
use crate::event::KeptConnection;
use crate::login::provider::LoginProvider;
use crate::profile::picture::PICTURE_BYTES_MAX;
use crate::secret::Secret;
use crate::service::AccountService;
use crate::service::guard::Cost;

/// Bytes of a description, or of one of the lists that come as JSON; the desk says it more exactly.
const LONG: usize = 200_000;

/// Whether a path is one of these.
pub(super) fn is_edit(path: &str) -> bool {
    matches!(
        path,
        "/api/profile-save"
            | "/api/avatar-save"
            | "/api/avatar-remove"
            | "/api/default-character"
            | "/api/ignore-add"
            | "/api/ignore-remove"
            | "/api/report"
            | "/api/password"
            | "/api/character-delete"
            | "/api/account-delete"
    )
}

pub(super) async fn answer(own: &AccountHttp, request: &HttpRequest) -> HttpResponse {
    let result = match request.method.as_str() {
        "POST" => post(own, request).await,
        _ => Err(Refusal::new("Please use POST.")),
    };
    own.json(result, Readers::Site)
}

async fn post(own: &AccountHttp, request: &HttpRequest) -> Result<Value, Refusal> {
    let form = Form::read(request)?;
    match &own.provider {
        LoginProvider::Remote(_) => Err(Refusal::elsewhere()),
        LoginProvider::Open => Err(Refusal::new("This server lets everybody in and keeps nothing.")),
        LoginProvider::Embedded(service) => match request.path.as_str() {
            "/api/password" | "/api/character-delete" | "/api/account-delete" => {
                with_password(service, request, &form).await
            }
            _ => with_ticket(service, request, &form).await,
        },
    }
}

/// What cannot be taken back needs the password once more.
async fn with_password(
    service: &AccountService,
    request: &HttpRequest,
    form: &Form,
) -> Result<Value, Refusal> {
    let account = form.required("account")?.to_owned();
    let password = Secret::new(form.required("password")?);
    match request.path.as_str() {
        "/api/password" => {
            let new = Secret::new(form.required("new_password")?);
            let character = form.optional("character")?;
            let kept = (!character.is_empty()).then(|| KeptConnection {
                character: character.to_owned(),
                address: request.address,
            });
            let ticket = service
                .with_password(account, password, request.address, move |desk, account| {
                    desk.change_password(&account, &new, kept)
                })
                .await?;
            Ok(json!({ "error": "", "ticket": ticket.reveal() }))
        }
        "/api/character-delete" => {
            let name = form.required("name")?.to_owned();
            service
                .with_password(account, password, request.address, move |desk, account| {
                    desk.delete_character(account.id, &name)
                })
                .await?;
            Ok(done())
        }
        _ => {
            service
                .with_password(account, password, request.address, |desk, account| {
                    desk.delete_account(&account)
                })
                .await?;
            Ok(done())
        }
    }
}

async fn with_ticket(service: &AccountService, request: &HttpRequest, form: &Form) -> Result<Value, Refusal> {
    let caller = form.caller(request)?;
    let path = request.path.as_str();
    if path == "/api/report" {
        let id = ReportId(form.number("log_id")?);
        let report = service
            .with_account(caller, Cost::Read, move |desk, account| {
                desk.read_report(&account, id)
            })
            .await?;
        return Ok(json!({
            "error": "",
            "character": report.character,
            "reported": report.reported,
            "channel": report.channel,
            "text": report.text,
            "log": report.log,
            "time": report.created_at,
        }));
    }
    let name = form.required("name")?.to_owned();
    match path {
        "/api/profile-save" => {
            let change = page_change(form)?;
            service
                .with_account(caller, Cost::Change, move |desk, account| {
                    desk.save_page(account.id, &name, change)
                })
                .await?;
        }
        "/api/avatar-save" | "/api/avatar-remove" => {
            let picture = match path {
                "/api/avatar-save" => Some(picture(form)?),
                _ => None,
            };
            service
                .with_account(caller, Cost::Change, move |desk, account| {
                    desk.set_avatar(account.id, &name, picture)
                })
                .await?;
        }
        "/api/default-character" => {
            service
                .with_account(caller, Cost::Change, move |desk, account| {
                    desk.set_default_character(account.id, &name)
                })
                .await?;
        }
        _ => {
            let add = path == "/api/ignore-add";
            service
                .with_account(caller, Cost::Change, move |desk, account| {
                    if add {
                        desk.add_ignore(account.id, &name)
                    } else {
                        desk.remove_ignore(account.id, &name)
                    }
                })
                .await?;
        }
    }
    Ok(done())
}

fn page_change(form: &Form) -> Result<PageChange, Refusal> {
    let text = |name| -> Result<Option<String>, Refusal> {
        match form.given(name) {
            Some(_) => Ok(Some(form.long(name, LONG)?.to_owned())),
            None => Ok(None),
        }
    };
    let timezone = match form.given("timezone") {
        // What is no time zone at all is refused with the others.
        Some(_) => Some(i8::try_from(form.number("timezone")?).unwrap_or(i8::MAX)),
        None => None,
    };
    Ok(PageChange {
        title: text("title")?,
        description: text("description")?,
        timezone,
        infotags: form.json("infotags", LONG)?,
        kinks: form.json("kinks", LONG)?,
        custom_kinks: form.json("custom_kinks", LONG)?,
        settings: form.json("settings", LONG)?,
    })
}

/// The picture in the form: base64, as it is or as a `data:` address.
fn picture(form: &Form) -> Result<Vec<u8>, Refusal> {
    let text = form.long("image", PICTURE_BYTES_MAX * 3)?;
    let text = match text.split_once(";base64,") {
        Some((_, text)) => text,
        None => text,
    };
    if text.is_empty() {
        return Err(Refusal::new("The field \"image\" is missing."));
    }
    STANDARD
        .decode(text)
        .map_err(|_| Refusal::new("The field \"image\" must be a picture in base64."))
}
