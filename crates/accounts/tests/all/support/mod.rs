//! A small site with a clock of its own, spoken to as an edge would.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "helpers of tests; not every test file uses each"
)]

pub(crate) mod endpoints;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use fchatd_accounts::{
    AccountDesk, AccountEvent, AccountHttp, AccountService, AccountSettings, Catalogue, Clock, LiveCatalogue,
    LoginCheck, LoginOutcome, LoginProvider, PasswordCost, Profile, Registration, Secret,
};
use fchatd_edge::http::{HttpRequest, HttpResponse, HttpService};
use fchatd_store::Store;
use serde_json::Value;

pub(crate) const PASSWORD: &str = "correct horse";
pub(crate) const START: u64 = 1_000_000;

pub(crate) struct Site {
    pub(crate) http: AccountHttp,
    pub(crate) provider: LoginProvider,
    pub(crate) service: AccountService,
    pub(crate) desk: AccountDesk,
    pub(crate) time: Arc<AtomicU64>,
    folder: tempfile::TempDir,
}

pub(crate) fn cheap(time: &Arc<AtomicU64>) -> AccountSettings {
    let time = time.clone();
    AccountSettings {
        registration: Registration::Open,
        catalogue: catalogue(),
        password_cost: PasswordCost {
            memory_kib: 8,
            passes: 1,
            lanes: 1,
        },
        clock: Clock::new(move || time.load(Ordering::SeqCst)),
        ..AccountSettings::default()
    }
}

/// The events for the chat.
pub(crate) type Events = tokio::sync::mpsc::Receiver<AccountEvent>;

/// A person with an account and a ticket.
pub(crate) struct Person<'a> {
    site: &'a Site,
    account: String,
    pub(crate) ticket: String,
}

impl Person<'_> {
    /// Asks for something with the ticket.
    pub(crate) async fn ask(&self, path: &str, fields: &[(&str, &str)]) -> Value {
        let own = [
            ("account", self.account.as_str()),
            ("ticket", self.ticket.as_str()),
        ];
        self.site.post(path, &[&own, fields].concat()).await
    }

    /// As [`Person::ask`], for `/json/api/NAME.php`.
    pub(crate) async fn api(&self, name: &str, fields: &[(&str, &str)]) -> Value {
        self.ask(&format!("/json/api/{name}.php"), fields).await
    }

    /// As [`Person::api`]; it must succeed.
    pub(crate) async fn done(&self, name: &str, fields: &[(&str, &str)]) -> Value {
        let answer = self.api(name, fields).await;
        assert_eq!(answer["error"], "", "{name}: {answer}");
        answer
    }

    /// As [`Person::ask`], for `/api/NAME`; it must succeed.
    pub(crate) async fn edit(&self, name: &str, fields: &[(&str, &str)]) -> Value {
        let answer = self.ask(&format!("/api/{name}"), fields).await;
        assert_eq!(answer["error"], "", "{name}: {answer}");
        answer
    }

    /// As [`Person::ask`]; gives the error.
    pub(crate) async fn refused(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.ask(path, fields).await;
        assert_ne!(answer["error"], "", "{path}: {answer}");
        answer["error"].as_str().unwrap().to_owned()
    }
}

/// A site with events that can be read; `bob` has the character `Bob`, too.
pub(crate) fn site_with_events() -> (Site, Events) {
    changed_site_with_events(|settings| settings)
}

/// As [`site_with_events`], with other settings.
pub(crate) fn changed_site_with_events(
    change: impl FnOnce(AccountSettings) -> AccountSettings,
) -> (Site, Events) {
    let (sender, events) = tokio::sync::mpsc::channel(64);
    let mut site = site_with(|settings| {
        change(AccountSettings {
            events: Some(sender),
            ..settings
        })
    });
    site.desk
        .add_account("bob", &Secret::new(PASSWORD), false)
        .unwrap();
    site.desk
        .add_character("bob", "Bob", &Profile::default())
        .unwrap();
    (site, events)
}

/// The events since the last time, as the chat gets them: `CODE JSON`.
pub(crate) fn told(events: &mut Events) -> Vec<String> {
    let mut lines = Vec::new();
    while let Ok(event) = events.try_recv() {
        let (code, payload) = event.message();
        lines.push(format!("{code} {payload}"));
    }
    lines
}

/// A site with the account `ada` (an administrator's) and her characters `Zoe`, `anna` and `Ada`, in that order.
pub(crate) fn site() -> Site {
    site_with(|settings| settings)
}

pub(crate) fn site_with(change: impl FnOnce(AccountSettings) -> AccountSettings) -> Site {
    let folder = tempfile::tempdir().unwrap();
    let time = Arc::new(AtomicU64::new(START));
    let settings = change(cheap(&time));
    let store = Store::open(folder.path()).unwrap();
    let mut desk = AccountDesk::open(&store, &settings).unwrap();
    desk.add_account("ada", &Secret::new(PASSWORD), true).unwrap();
    for name in ["Zoe", "anna", "Ada"] {
        desk.add_character("ADA", name, &Profile::default()).unwrap();
    }
    let service = AccountService::start(&store, settings).unwrap();
    let provider = LoginProvider::Embedded(service.clone());
    let http = AccountHttp::new(provider.clone(), genders(), catalogue());
    Site {
        http,
        provider,
        service,
        desk,
        time,
        folder,
    }
}

pub(crate) fn genders() -> Vec<String> {
    ["None", "Male", "Female"].map(str::to_owned).into()
}

pub(crate) fn catalogue() -> Arc<LiveCatalogue> {
    LiveCatalogue::new(Catalogue::builtin(), &genders())
}

pub(crate) fn post(path: &str, query: &str, fields: &[(&str, &str)]) -> HttpRequest {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(fields);
    HttpRequest {
        method: "POST".to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        content_type: Some("application/x-www-form-urlencoded;charset=utf-8".to_owned()),
        if_none_match: None,
        accept_encoding: None,
        cookie: None,
        authorization: None,
        user_agent: None,
        is_cross_site: false,
        is_https: false,
        body: Bytes::from(body.finish()),
        address: IpAddr::from([192, 0, 2, 1]),
    }
}

pub(crate) fn get(path: &str, query: &str) -> HttpRequest {
    HttpRequest {
        method: "GET".to_owned(),
        content_type: None,
        ..post(path, query, &[])
    }
}

pub(crate) fn header<'a>(response: &'a HttpResponse, name: &str) -> Option<&'a str> {
    response
        .headers
        .iter()
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.as_str())
}

/// The JSON of an answer, which has the JSON type and an `error`. Its status is 200, but for refusals that are
/// temporary, which say when to try again.
pub(crate) fn object(response: &HttpResponse) -> Value {
    match header(response, "retry-after") {
        None => assert_eq!(response.status, 200),
        Some(wait) => {
            assert!(matches!(response.status, 429 | 503), "{}", response.status);
            assert!(wait.parse::<u64>().unwrap() >= 1);
        }
    }
    assert_eq!(header(response, "content-type"), Some("application/json"));
    assert_eq!(header(response, "cache-control"), Some("no-store"));
    let value: Value = serde_json::from_slice(&response.body).unwrap();
    assert!(value["error"].is_string(), "{value}");
    value
}

pub(crate) async fn call(http: &AccountHttp, request: HttpRequest) -> Value {
    object(&http.call(request).await)
}

impl Site {
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Value {
        call(&self.http, post(path, "", fields)).await
    }

    pub(crate) async fn ticket(&self) -> String {
        let fields = [("account", "ada"), ("password", PASSWORD)];
        let answer = self.post("/json/getApiTicket.php", &fields).await;
        assert_eq!(answer["error"], "", "{answer}");
        answer["ticket"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn person(&self, account: &str) -> Person<'_> {
        let fields = [("account", account), ("password", PASSWORD)];
        let answer = self.post("/json/getApiTicket.php", &fields).await;
        Person {
            site: self,
            account: account.to_owned(),
            ticket: answer["ticket"].as_str().unwrap().to_owned(),
        }
    }

    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub(crate) async fn check(&self, account: &str, ticket: &str, character: &str) -> Value {
        answer(self.provider.check(login(account, ticket, character)).await)
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.time.fetch_add(seconds, Ordering::SeqCst);
    }
}

pub(crate) fn login(account: &str, ticket: &str, character: &str) -> LoginCheck {
    LoginCheck {
        account: account.to_owned(),
        ticket: Secret::new(ticket),
        character: character.to_owned(),
        client_name: "client".to_owned(),
        client_version: "1".to_owned(),
        address: IpAddr::from([192, 0, 2, 1]),
    }
}

pub(crate) fn answer(outcome: LoginOutcome) -> Value {
    match outcome {
        LoginOutcome::Answer(text) => serde_json::from_str(&text).unwrap(),
        LoginOutcome::Failed => Value::Null,
    }
}
