//! `/api/reset`: a new password by a link that an operator has made.

use fchatd_edge::http::HttpRequest;
use serde_json::{Value, json};

use super::AccountHttp;
use super::form::Form;
use super::reply::Refusal;
use crate::secret::Secret;

pub(super) async fn answer(own: &AccountHttp, request: &HttpRequest) -> Result<Value, Refusal> {
    let form = Form::read(request)?;
    let service = own.provider.accounts().ok_or_else(|| own.provider.refusal())?;
    let token = Secret::new(form.required("token")?);
    let password = Secret::new(form.required("new_password")?);
    let account = service.reset_by_link(token, password, request.address).await?;
    Ok(json!({ "error": "", "account": account }))
}
