//! Handlers of `/api/*` that change an account, its characters and their profiles. Registration and tickets are in
//! `site`; the rows are in [`super::endpoints`].

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fchatd_store::ReportId;
use serde_json::{Value, json};

use super::endpoints::{Confirmed, Signed};
use super::form::Form;
use super::reply::{Refusal, done};
use crate::desk::people::PageChange;
use crate::event::KeptConnection;
use crate::profile::picture::PICTURE_BYTES_MAX;
use crate::secret::Secret;

/// Bytes of a description, or of one of the lists that come as JSON; the desk says it more exactly.
const LONG: usize = 200_000;

pub(super) async fn change_password(confirmed: Confirmed) -> Result<Value, Refusal> {
    let new = Secret::new(confirmed.form.required("new_password")?);
    let character = confirmed.form.optional("character")?;
    let kept = (!character.is_empty()).then(|| KeptConnection {
        character: character.to_owned(),
        address: confirmed.address,
    });
    let ticket = confirmed
        .work(move |desk, account| desk.change_password(&account, &new, kept))
        .await?;
    Ok(json!({ "error": "", "ticket": ticket.reveal() }))
}

pub(super) async fn delete_character(confirmed: Confirmed) -> Result<Value, Refusal> {
    let name = confirmed.form.required("name")?.to_owned();
    confirmed
        .work(move |desk, account| desk.delete_character(account.id, &name))
        .await?;
    Ok(done())
}

pub(super) async fn delete_account(confirmed: Confirmed) -> Result<Value, Refusal> {
    confirmed
        .work(|desk, account| desk.delete_account(&account))
        .await?;
    Ok(done())
}

pub(super) async fn report(signed: Signed) -> Result<Value, Refusal> {
    let id = ReportId(signed.form.number("log_id")?);
    let report = signed
        .work(move |desk, account| desk.read_report(&account, id))
        .await?;
    Ok(json!({
        "error": "",
        "character": report.character,
        "reported": report.reported,
        "channel": report.channel,
        "text": report.text,
        "log": report.log,
        "time": report.created_at,
    }))
}

pub(super) async fn profile_save(signed: Signed) -> Result<Value, Refusal> {
    let name = name(&signed)?;
    let change = page_change(&signed.form)?;
    signed
        .work(move |desk, account| desk.save_page(account.id, &name, change))
        .await?;
    Ok(done())
}

pub(super) async fn avatar_save(signed: Signed) -> Result<Value, Refusal> {
    let name = name(&signed)?;
    let picture = picture(&signed.form)?;
    signed
        .work(move |desk, account| desk.set_avatar(account.id, &name, Some(picture)))
        .await?;
    Ok(done())
}

pub(super) async fn avatar_remove(signed: Signed) -> Result<Value, Refusal> {
    let name = name(&signed)?;
    signed
        .work(move |desk, account| desk.set_avatar(account.id, &name, None))
        .await?;
    Ok(done())
}

pub(super) async fn default_character(signed: Signed) -> Result<Value, Refusal> {
    let name = name(&signed)?;
    signed
        .work(move |desk, account| desk.set_default_character(account.id, &name))
        .await?;
    Ok(done())
}

pub(super) async fn ignore_add(signed: Signed) -> Result<Value, Refusal> {
    let name = name(&signed)?;
    signed
        .work(move |desk, account| desk.add_ignore(account.id, &name))
        .await?;
    Ok(done())
}

pub(super) async fn ignore_remove(signed: Signed) -> Result<Value, Refusal> {
    let name = name(&signed)?;
    signed
        .work(move |desk, account| desk.remove_ignore(account.id, &name))
        .await?;
    Ok(done())
}

fn name(signed: &Signed) -> Result<String, Refusal> {
    Ok(signed.form.required("name")?.to_owned())
}

fn page_change(form: &Form) -> Result<PageChange, Refusal> {
    let text = |name| -> Result<Option<String>, Refusal> {
        match form.given(name) {
            Some(_) => Ok(Some(form.long(name, LONG)?.to_owned())),
            None => Ok(None),
        }
    };
    let timezone = match form.given("timezone") {
        // A text that is no time zone at all is refused with the others.
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
