//! `report-submit`: reports with logs, and with a note as the server keeps it.

use fchatd_store::{NoteId, Report};
use serde_json::{Value, json};

use crate::http::endpoints::Signed;
use crate::http::reply::Refusal;

/// Bytes of the log that comes with a report: clients send several hundred lines.
pub(in crate::http) const LOG_BYTES_MAX: usize = 512 * 1024;
/// Bytes of the reporter's text.
const TEXT_BYTES_MAX: usize = 20_000;

pub(in crate::http) async fn submit(signed: Signed) -> Result<Value, Refusal> {
    let form = &signed.form;
    let report = Report {
        character: form.required("character")?.to_owned(),
        reported: form.optional("reportUser")?.to_owned(),
        channel: form.optional("channel")?.to_owned(),
        text: form.long("reportText", TEXT_BYTES_MAX)?.to_owned(),
        log: form.long("log", LOG_BYTES_MAX)?.to_owned(),
        created_at: 0,
    };
    let note = match form.given("note_id") {
        None | Some("") => None,
        Some(_) => Some(NoteId(form.number("note_id")?)),
    };
    if report.text.trim().is_empty() && report.log.is_empty() && note.is_none() {
        return Err(Refusal::new("Please write what the report is about."));
    }
    let id = signed
        .work(move |desk, account| desk.submit_report(&account, report, note))
        .await?;
    // Some clients read a text, others anything that is not nothing.
    Ok(json!({ "error": "", "log_id": id.0.to_string() }))
}
