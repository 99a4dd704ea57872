//! The website: it checks log-ins, takes confirmed reports, and is told events.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::receiver::{Asked, Deed, Receiver, answer};

pub(crate) const SECRET: &str = "for reports and webhooks";

/// The answer for an account and a character.
type Known = Arc<Mutex<BTreeMap<(String, String), String>>>;

pub(crate) struct Website {
    known: Known,
    now: Option<Receiver>,
    port: u16,
    /// Its requests before it died.
    before: Vec<Asked>,
}

fn start(port: u16, known: &Known) -> Receiver {
    let known = Arc::clone(known);
    Receiver::start_at(port, move |asked| match asked.path.as_str() {
        "/login" => {
            let form = form(&asked.body);
            let key = (form["account"].clone(), form["char"].clone());
            match known.lock().unwrap().get(&key) {
                Some(known) => answer(200, known),
                None => answer(200, r#"{"error":"Invalid ticket."}"#),
            }
        }
        "/report" => answer(200, r#"{"message":"taken note of"}"#),
        "/hooks" => answer(204, ""),
        _ => Deed::Answer(404, String::new()),
    })
}

/// The fields of a form; no one here has a name that needs more.
fn form(body: &str) -> BTreeMap<String, String> {
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), value.replace('+', " ")))
        .collect()
}

impl Website {
    pub(crate) fn open() -> Self {
        let known = Known::default();
        let now = start(0, &known);
        Self {
            known,
            port: now.address.port(),
            now: Some(now),
            before: Vec::new(),
        }
    }

    pub(crate) fn settings(&self) -> Vec<String> {
        let url = |path: &str| format!("http://127.0.0.1:{}{path}", self.port);
        vec![
            format!("login_url={}", url("/login")),
            format!("handle_report_url={}", url("/report")),
            format!("handle_report_secret={SECRET}"),
            format!(
                "webhooks=action {hooks} report {hooks} users>20 {hooks}",
                hooks = url("/hooks")
            ),
            format!("webhook_secret={SECRET}"),
        ]
    }

    pub(crate) fn known(&self) -> Known {
        Arc::clone(&self.known)
    }

    pub(crate) fn close(&mut self) {
        self.before.extend(self.now.take().unwrap().asked());
    }

    pub(crate) fn open_again(&mut self) {
        self.now = Some(start(self.port, &self.known));
    }

    fn asked(&self, path: &str) -> Vec<Asked> {
        let now = self.now.iter().flat_map(Receiver::asked);
        self.before
            .iter()
            .cloned()
            .chain(now)
            .filter(|asked| asked.path == path)
            .collect()
    }

    pub(crate) fn bodies(&self, path: &str) -> Vec<String> {
        self.asked(path).into_iter().map(|asked| asked.body).collect()
    }

    /// Webhooks with the right signature.
    pub(crate) fn hooks(&self) -> Vec<Value> {
        let asked = self.asked("/hooks");
        for hook in &asked {
            let signature = hook.header("x-fchatd-signature").unwrap();
            let time = signature.strip_prefix("t=").unwrap().split(',').next().unwrap();
            let expected = fchatd_links::sign::webhook(SECRET, time.parse().unwrap(), hook.body.as_bytes());
            assert_eq!(signature, expected);
        }
        asked.iter().map(Asked::json).collect()
    }

    /// The numbers of the logs of confirmed reports.
    pub(crate) fn reports(&self) -> Vec<i64> {
        let forms = self.bodies("/report").into_iter().map(|body| form(&body));
        forms.map(|form| form["log_id"].parse().unwrap()).collect()
    }
}
