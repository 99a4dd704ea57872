//! Handlers of the built-in page for the second factor, recovery codes and application passwords. The work is in
//! `desk::second_factor`.

use fchatd_store::ApplicationId;
use serde_json::{Value, json};

use super::endpoints::{Confirmed, Signed};
use super::reply::{Refusal, done};
use crate::desk::second_factor::qr_code;
use crate::secret::Secret;

pub(super) async fn state(signed: Signed) -> Result<Value, Refusal> {
    let state = signed.work(|desk, account| desk.factor_state(&account)).await?;
    let applications: Vec<_> = state
        .applications
        .into_iter()
        .map(|one| {
            json!({ "id": one.id.0, "name": one.name, "created_at": one.created_at, "used_at": one.used_at })
        })
        .collect();
    Ok(json!({
        "error": "",
        "on": state.is_on,
        "recovery_codes": state.recovery_codes,
        "applications": applications,
    }))
}

pub(super) async fn begin(confirmed: Confirmed) -> Result<Value, Refusal> {
    let issuer = confirmed.form.optional("issuer")?.to_owned();
    let enrolment = confirmed
        .work(move |desk, account| {
            desk.check_standing(&account)?;
            desk.begin_second_factor(&account, &issuer)
        })
        .await?;
    Ok(json!({
        "error": "",
        "secret": enrolment.secret.reveal(),
        "uri": enrolment.uri.reveal(),
        "qr": qr_code(&enrolment.uri)?,
    }))
}

pub(super) async fn confirm(signed: Signed) -> Result<Value, Refusal> {
    let code = Secret::new(signed.form.optional("code")?);
    let codes = signed
        .work(move |desk, account| desk.confirm_second_factor(&account, &code))
        .await?;
    Ok(recovery(&codes))
}

pub(super) async fn new_recovery_codes(confirmed: Confirmed) -> Result<Value, Refusal> {
    let codes = confirmed
        .work(|desk, account| desk.new_recovery_codes(&account))
        .await?;
    Ok(recovery(&codes))
}

pub(super) async fn remove(confirmed: Confirmed) -> Result<Value, Refusal> {
    confirmed
        .work(|desk, account| desk.end_second_factor(&account))
        .await?;
    Ok(done())
}

pub(super) async fn add_application(confirmed: Confirmed) -> Result<Value, Refusal> {
    let name = confirmed.form.required("name")?.to_owned();
    let (id, password) = confirmed
        .work(move |desk, account| {
            desk.check_standing(&account)?;
            desk.add_application(&account, &name)
        })
        .await?;
    Ok(json!({ "error": "", "id": id.0, "application_password": password.reveal() }))
}

pub(super) async fn remove_application(signed: Signed) -> Result<Value, Refusal> {
    let id = ApplicationId(signed.form.number("id")?);
    signed
        .work(move |desk, account| desk.remove_application(&account, id))
        .await?;
    Ok(done())
}

fn recovery(codes: &[Secret]) -> Value {
    let codes: Vec<_> = codes.iter().map(Secret::reveal).collect();
    json!({ "error": "", "recovery_codes": codes })
}
