//! Signing in through an identity provider: the way of an honest person, and the lies of a provider and of browsers. Each
//! refusal has its sentence, and people with passwords are not concerned.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod accounts;
mod lies;
mod provider;

use std::collections::HashMap;

use fchatd_accounts::{AccountHttp, Registration};
use fchatd_edge::http::{HttpRequest, HttpService};
use serde_json::Value;

use self::provider::Provider;
use crate::support::{PASSWORD, Site, get, header, object, post, site};

/// A site with the provider.
struct Scene {
    site: Site,
    http: AccountHttp,
    provider: Provider,
}

/// A browser that has begun to sign in.
struct Browser<'a> {
    scene: &'a Scene,
    cookie: String,
    state: String,
}

async fn scene(registration: Registration) -> Scene {
    let provider = Provider::start().await;
    let site = site();
    let http = site.http.clone().with_identities(provider.settings(registration));
    Scene { site, http, provider }
}

fn with_cookie(cookie: &str, request: HttpRequest) -> HttpRequest {
    HttpRequest {
        cookie: Some(format!("theme=dark; {cookie}")),
        ..request
    }
}

impl Scene {
    async fn ask(&self, request: HttpRequest) -> Value {
        object(&self.http.call(request).await)
    }

    /// Begins at the path with the fields.
    async fn begin_at(&self, path: &str, fields: &[(&str, &str)]) -> Result<Browser<'_>, String> {
        let answer = self.http.call(post(path, "", fields)).await;
        let value = object(&answer);
        if value["error"] != "" {
            assert_eq!(header(&answer, "set-cookie"), None);
            return Err(value["error"].as_str().unwrap().to_owned());
        }
        let cookie = header(&answer, "set-cookie").unwrap();
        assert!(
            cookie.ends_with("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax"),
            "{cookie}"
        );
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let (place, query) = value["address"]
            .as_str()
            .unwrap()
            .split_once("?tenant=1&")
            .unwrap();
        assert_eq!(place, format!("{}/authorize", self.provider.base));
        let query: HashMap<String, String> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        assert_eq!(query["response_type"], "code");
        assert_eq!(query["client_id"], provider::CLIENT);
        assert_eq!(query["scope"], "openid email");
        assert_eq!(query["code_challenge_method"], "S256");
        let mut plan = self.provider.plan();
        plan.nonce.clone_from(&query["nonce"]);
        plan.challenge.clone_from(&query["code_challenge"]);
        Ok(Browser {
            scene: self,
            cookie,
            state: query["state"].clone(),
        })
    }

    async fn begin(&self) -> Browser<'_> {
        self.begin_at("/api/oidc-start", &[]).await.unwrap()
    }

    /// The whole way to the answer of the first step after the provider.
    async fn arrive(&self) -> Value {
        let browser = self.begin().await;
        browser.come_back().await;
        browser.step("finish", &[]).await
    }

    /// A person that has made an account of this name; gives its ticket.
    async fn registered(&self, name: &str) -> String {
        let browser = self.begin().await;
        browser.come_back().await;
        assert_eq!(browser.step("finish", &[]).await["done"], "choose");
        let answer = browser.step("register", &[("account", name)]).await;
        assert_eq!(answer["done"], "signed-in", "{answer}");
        answer["ticket"].as_str().unwrap().to_owned()
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Value {
        self.ask(post(path, "", fields)).await
    }

    async fn error(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.post(path, fields).await;
        assert_ne!(answer["error"], "", "{path}: {answer}");
        answer["error"].as_str().unwrap().to_owned()
    }

    /// People with passwords sign in as ever.
    async fn goes_on(&self) {
        let fields = [("account", "ada"), ("password", PASSWORD)];
        assert_eq!(self.post("/json/getApiTicket.php", &fields).await["error"], "");
    }
}

impl Browser<'_> {
    /// The provider sends the browser back with this query; it is led on to the page, whatever the query is.
    async fn come_back_with(&self, query: &str) {
        let request = with_cookie(&self.cookie, get("/oidc/return", query));
        let answer = self.scene.http.call(request).await;
        assert_eq!(
            (answer.status, header(&answer, "location")),
            (303, Some("/#signing-in"))
        );
        assert_eq!(header(&answer, "cache-control"), Some("no-store"));
        assert_eq!(header(&answer, "referrer-policy"), Some("no-referrer"));
    }

    async fn come_back(&self) {
        self.come_back_with(&format!("code=good+code&state={}", self.state))
            .await;
    }

    async fn step(&self, name: &str, fields: &[(&str, &str)]) -> Value {
        let request = post(&format!("/api/oidc-{name}"), "", fields);
        self.scene.ask(with_cookie(&self.cookie, request)).await
    }

    async fn refusal(&self, name: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.step(name, fields).await;
        assert_ne!(answer["error"], "", "{answer}");
        answer["error"].as_str().unwrap().to_owned()
    }
}
