//! Handlers of `/api/*` for accounts as a whole: registration, tickets and the list of characters. Changes of an account's
//! data are in `edit`; the rows are in [`super::endpoints`].

use fchatd_edge::http::HttpRequest;
use fchatd_store::Profile;
use serde_json::{Value, json};

use super::AccountHttp;
use super::endpoints::Signed;
use super::form::Form;
use super::reply::Refusal;
use crate::desk::CharacterList;
use crate::error::AccountError;
use crate::secret::Secret;
use crate::settings::Registration;

/// `/api/site`.
pub(super) fn site(own: &AccountHttp) -> Value {
    let accounts = own.provider.accounts();
    let registration = accounts.map_or(Registration::Closed, |service| service.registration());
    json!({
        "error": "",
        "accounts": own.provider.name(),
        "registration": registration.name(),
        "stay_signed_in": accounts.map_or(0, |service| service.device_idle()),
        "genders": &own.genders()[..],
    })
}

pub(super) async fn register(own: &AccountHttp, request: &HttpRequest) -> Result<Value, Refusal> {
    let form = Form::read(request)?;
    let account = form.required("account")?.to_owned();
    let Some(service) = own.provider.accounts() else {
        return Err(if own.provider.is_open() {
            AccountError::NothingNeeded.into()
        } else {
            own.provider.refusal().into()
        });
    };
    let password = Secret::new(form.required("password")?);
    let code = Secret::new(form.optional("invitation")?);
    let id = service.register(account, password, code, request.address).await?;
    Ok(json!({ "error": "", "account_id": id.0 }))
}

pub(super) async fn create_character(signed: Signed) -> Result<Value, Refusal> {
    let name = signed.form.required("name")?.to_owned();
    let profile = profile(&signed.form, &signed.own.genders())?;
    let (id, name) = signed
        .work(move |desk, account| Ok((desk.create_character(account.id, &name, &profile)?, name)))
        .await?;
    Ok(json!({ "error": "", "character_id": id.0, "name": name }))
}

pub(super) async fn characters(signed: Signed) -> Result<Value, Refusal> {
    let list = signed.work(|desk, account| desk.characters(&account)).await?;
    Ok(character_list(&list))
}

/// Gives another ticket for a good one, which stays good.
pub(super) async fn renew(signed: Signed) -> Result<Value, Refusal> {
    let ticket = signed.caller.ticket.clone();
    let ticket = signed
        .work(move |desk, account| desk.renew_ticket(&account, &ticket))
        .await?;
    Ok(json!({ "error": "", "ticket": ticket.reveal() }))
}

pub(super) fn character_list(list: &CharacterList) -> Value {
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
