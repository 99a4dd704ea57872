//! `/fchat/getLog.php?log=N`: the address that clients link reports to. A browser that follows it has no ticket, so it
//! asks for account and password.

use bytes::Bytes;
use fchatd_edge::http::{HttpRequest, HttpResponse};
use fchatd_store::{Report, ReportId};
use serde_json::Value;

use super::AccountHttp;
use super::form::Form;
use super::reply::Refusal;
use crate::secret::Secret;

/// The page loads nothing and can be sent nowhere else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

pub(super) async fn answer(own: &AccountHttp, request: &HttpRequest) -> HttpResponse {
    if request.method != "POST" {
        return page(200, &login_form(&Form::query(request), ""));
    }
    match read(own, request).await {
        Ok(report) => page(200, &shown(&report)),
        Err(refusal) => {
            let (status, wait) = refusal.status();
            let refusal = own.refusal(refusal);
            let mut answer = page(status, &login_form(&Form::query(request), &refusal));
            let wait = wait.map(|seconds| ("retry-after", seconds.to_string()));
            answer.headers.extend(wait);
            answer
        }
    }
}

async fn read(own: &AccountHttp, request: &HttpRequest) -> Result<Report, Refusal> {
    let service = own.provider.accounts().ok_or_else(|| own.provider.refusal())?;
    let form = Form::read(request)?;
    let id = ReportId(Form::query(request).number("log")?);
    let account = form.required("account")?.to_owned();
    let password = Secret::new(form.required("password")?);
    let code = Secret::new(form.optional("code")?);
    let report = service
        .with_password(
            account,
            (password, code),
            request.address,
            move |desk, account| {
                desk.check_standing(&account)?;
                desk.read_report(&account, id)
            },
        )
        .await?;
    Ok(report)
}

fn login_form(query: &Form, refusal: &str) -> String {
    let id: String = query
        .given("log")
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_digit)
        .take(19)
        .collect();
    format!(
        "<h1>Report {id}</h1><p role=\"alert\">{}</p><form method=\"post\" action=\"?log={id}\">\
         <p><label>Account <input name=\"account\" autocomplete=\"username\" required></label></p>\
         <p><label>Password <input name=\"password\" type=\"password\" autocomplete=\"current-password\" required>\
         </label></p><p><label>Code of the second factor, if the account has one <input name=\"code\" \
         autocomplete=\"one-time-code\"></label></p><p><button>Show the report</button></p></form>",
        escaped(refusal)
    )
}

fn shown(report: &Report) -> String {
    let mut rows = String::new();
    for (name, value) in [
        ("From", &report.character),
        ("About", &report.reported),
        ("Where", &report.channel),
        ("Report", &report.text),
    ] {
        rows += &format!("<dt>{name}</dt><dd>{}</dd>", escaped(value));
    }
    format!(
        "<h1>Report</h1><dl>{rows}</dl><h2>Log</h2><pre>{}</pre>",
        escaped(&log_lines(&report.log))
    )
}

/// Clients send a list of messages as JSON; another text is shown as it is.
fn log_lines(log: &str) -> String {
    let Ok(Value::Array(messages)) = serde_json::from_str::<Value>(log) else {
        return log.to_owned();
    };
    let line = |message: &Value| match message {
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            let fields = fields.values().map(|field| match field {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            fields.collect::<Vec<_>>().join("  ")
        }
        other => other.to_string(),
    };
    messages.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn page(status: u16, body: &str) -> HttpResponse {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Report</title>\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <style>body{{font:1rem sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}}\
         dd,pre{{white-space:pre-wrap;overflow-wrap:anywhere}}</style>{body}</html>"
    );
    HttpResponse {
        status,
        headers: vec![
            ("content-type", "text/html; charset=utf-8".to_owned()),
            ("cache-control", "no-store".to_owned()),
            ("content-security-policy", POLICY.to_owned()),
            ("x-content-type-options", "nosniff".to_owned()),
            ("referrer-policy", "no-referrer".to_owned()),
        ],
        body: Bytes::from(html),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
