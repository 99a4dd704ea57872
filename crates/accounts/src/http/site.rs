//! Endpoints for the built-in page: registration, log-in, and the choices of a new character.

use fchatd_edge::http::{HttpRequest, HttpResponse};
use fchatd_store::Profile;
use serde_json::{Value, json};

use super::AccountHttp;
use super::form::Form;
use super::reply::{Readers, Refusal};
use crate::desk::CharacterList;
use crate::desk::ticket::new_ticket;
use crate::login::open;
use crate::login::provider::LoginProvider;
use crate::secret::Secret;
use crate::service::{AccountService, Caller};
use crate::settings::Registration;

pub(super) async fn answer(own: &AccountHttp, request: &HttpRequest) -> HttpResponse {
    let result = match (request.path.as_str(), request.method.as_str()) {
        ("/api/site", "GET" | "HEAD") => Ok(site(own)),
        ("/api/site", _) => Err(Refusal::new("Please use GET.")),
        (_, "POST") => post(own, request).await,
        _ => Err(Refusal::new("Please use POST.")),
    };
    own.json(result, Readers::Site)
}

fn site(own: &AccountHttp) -> Value {
    let registration = match &own.provider {
        LoginProvider::Embedded(service) => service.registration(),
        LoginProvider::Remote(_) | LoginProvider::Open => Registration::Closed,
    };
    json!({
        "error": "",
        "accounts": own.provider.name(),
        "registration": registration.name(),
        "genders": &own.genders()[..],
    })
}

async fn post(own: &AccountHttp, request: &HttpRequest) -> Result<Value, Refusal> {
    let form = Form::read(request)?;
    let account = form.required("account")?.to_owned();
    match &own.provider {
        LoginProvider::Remote(_) => Err(Refusal::elsewhere()),
        LoginProvider::Open => open_post(&request.path, &account),
        LoginProvider::Embedded(service) if request.path == "/api/register" => {
            let password = Secret::new(form.required("password")?);
            let code = Secret::new(form.optional("invitation")?);
            let id = service.register(account, password, code, request.address).await?;
            Ok(json!({ "error": "", "account_id": id.0 }))
        }
        LoginProvider::Embedded(service) => {
            let caller = form.caller(request)?;
            with_ticket(own, service, request, &form, caller).await
        }
    }
}

async fn with_ticket(
    own: &AccountHttp,
    service: &AccountService,
    request: &HttpRequest,
    form: &Form,
    caller: Caller,
) -> Result<Value, Refusal> {
    match request.path.as_str() {
        "/api/character-create" => {
            let name = form.required("name")?.to_owned();
            let profile = profile(form, &own.genders())?;
            let character = service.create_character(caller, name, profile).await?;
            Ok(json!({ "error": "", "character_id": character.id.0, "name": character.name }))
        }
        "/api/characters" => Ok(character_list(&service.characters(caller).await?)),
        _ => {
            let ticket = service.renew_ticket(caller).await?;
            Ok(json!({ "error": "", "ticket": ticket.reveal() }))
        }
    }
}

/// In open mode there is nothing to make: every name is let in.
fn open_post(path: &str, account: &str) -> Result<Value, Refusal> {
    match path {
        "/api/characters" => Ok(character_list(&open::characters(account)?)),
        "/api/renew" => Ok(json!({ "error": "", "ticket": new_ticket()?.reveal() })),
        _ => Err(Refusal::new(
            "This server lets everybody in: use any account and character name.",
        )),
    }
}

fn character_list(list: &CharacterList) -> Value {
    let default = list.characters.iter().find(|one| Some(one.id) == list.default);
    let characters: Vec<_> = list
        .characters
        .iter()
        .map(|one| {
            let gender = one.profile.gender.as_deref().unwrap_or("None");
            json!({ "character_id": one.id.0, "name": one.name, "gender": gender })
        })
        .collect();
    json!({
        "error": "",
        "characters": characters,
        "default_character": default.map_or("", |one| one.name.as_str()),
    })
}

fn profile(form: &Form, genders: &[String]) -> Result<Profile, Refusal> {
    let gender = form.required("gender")?;
    if !genders.iter().any(|one| one == gender) {
        return Err(Refusal::new(format!(
            "Please choose one of these genders: {}.",
            genders.join(", ")
        )));
    }
    let given = |name| -> Result<Option<String>, Refusal> {
        let value = form.optional(name)?.trim();
        Ok((!value.is_empty()).then(|| value.to_owned()))
    };
    Ok(Profile {
        gender: Some(gender.to_owned()),
        orientation: given("orientation")?,
        language_preference: given("language_preference")?,
        furry_preference: given("furry_preference")?,
        role: given("role")?,
        position: given("position")?,
    })
}
