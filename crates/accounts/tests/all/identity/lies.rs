//! Lies of the provider, and of browsers that have not been to it.

use fchatd_accounts::Registration;
use serde_json::{Value, json};

use super::provider::{Plan, new_key, response};
use super::{get, scene, with_cookie};
use crate::support::START;

type Lie = fn(&mut Plan);

/// Each lie of an ID token, with words of the sentence that the person reads.
const TOKENS: &[(&str, Lie)] = &[
    ("from another issuer", |plan| {
        plan.claims = |all| all["iss"] = json!("https://evil.example");
    }),
    ("a part that it must have is missing", |plan| {
        plan.claims = |all| remove(all, "iss");
    }),
    ("meant for another site", |plan| {
        plan.claims = |all| all["aud"] = json!("other");
    }),
    ("meant for another site", |plan| {
        plan.claims = |all| all["aud"] = json!(["other"]);
    }),
    ("meant for several sites", |plan| {
        plan.claims = |all| all["aud"] = json!(["chat", "other"]);
    }),
    ("made for another site", |plan| {
        plan.claims = |all| all["azp"] = json!("other");
    }),
    ("its nonce differs", |plan| {
        plan.claims = |all| all["nonce"] = json!("x");
    }),
    ("its nonce differs", |plan| {
        plan.claims = |all| remove(all, "nonce");
    }),
    ("it has expired", |plan| {
        plan.claims = |all| all["exp"] = json!(START - 61);
    }),
    ("it is from the future", |plan| {
        plan.claims = |all| all["iat"] = json!(START + 62);
    }),
    ("it is from the future", |plan| {
        plan.claims = |all| all["nbf"] = json!(START + 62);
    }),
    ("it is too old", |plan| {
        plan.claims = |all| all["iat"] = json!(START - 661);
    }),
    ("it can't be read", |plan| {
        plan.claims = |all| all["exp"] = json!("soon");
    }),
    ("it can't be read", |plan| plan.claims = |all| remove(all, "exp")),
    ("its subject is empty or too long", |plan| {
        plan.claims = |all| all["sub"] = json!("");
    }),
    ("its subject is empty or too long", |plan| {
        plan.claims = |all| all["sub"] = json!("x".repeat(256));
    }),
    ("its signature is wrong", |plan| plan.wrong_signature = true),
    ("its method of signing is not one of", |plan| {
        plan.algorithm = "none";
    }),
    ("its method of signing is not one of", |plan| {
        plan.algorithm = "HS256";
    }),
    ("its method of signing is not one of", |plan| {
        plan.algorithm = "ES256K";
    }),
    ("no key of the provider has signed it", |plan| {
        plan.algorithm = "RS256";
    }),
    ("it is no signed JSON web token", |plan| {
        token(plan, &json!({ "id_token": "x" }).to_string());
    }),
    ("it is no signed JSON web token", |plan| {
        token(plan, &json!({ "id_token": "a.b.c.d.e" }).to_string());
    }),
    ("there is no ID token in the answer", |plan| {
        token(plan, r#"{"access_token":"x"}"#);
    }),
    ("there is no ID token in the answer", |plan| token(plan, "<html>")),
    ("refuses the code of this log-in (invalid_grant)", |plan| {
        plan.challenge = "x".to_owned();
    }),
    ("refuses the code of this log-in (status 400)", |plan| {
        whole(
            plan,
            "/token",
            response("400 Bad Request", r#"{"error":"<script>"}"#),
        );
    }),
    ("the answer has status 500", |plan| {
        whole(plan, "/token", response("500 No", "no"));
    }),
    ("sends on to another address (status 302)", |plan| {
        whole(
            plan,
            "/token",
            b"HTTP/1.1 302 Found\r\nLocation: /token\r\nContent-Length: 0\r\n\r\n".to_vec(),
        );
    }),
    ("longer than 256 KiB", |plan| token(plan, &"x".repeat(300_000))),
    ("there is no answer after 3 seconds", |plan| {
        whole(plan, "/token", Vec::new());
    }),
    (
        "the list of keys of the identity provider can't be read",
        |plan| {
            whole(plan, "/keys", response("200 OK", "[]"));
        },
    ),
    ("no key of the provider has signed it", |plan| {
        whole(plan, "/keys", response("200 OK", r#"{"keys":[{"kty":"?"}]}"#));
    }),
];

/// Each lie of the provider's configuration.
const CONFIGURATIONS: &[(&str, Lie)] = &[
    ("the answer has status 404", |plan| {
        configuration(plan, response("404 Not Found", ""));
    }),
    (
        "it is not the JSON that it has to be (line 1, column 1)",
        |plan| configuration(plan, response("200 OK", "<html>")),
    ),
    ("it is not the JSON that it has to be", |plan| {
        configuration(plan, response("200 OK", "{}"));
    }),
    ("longer than 256 KiB", |plan| {
        configuration(plan, response("200 OK", &" ".repeat(300_000)));
    }),
    ("the site's answer broke off", |plan| {
        configuration(
            plan,
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_vec(),
        );
    }),
    ("the site can't be reached", |plan| {
        configuration(plan, b"SSH-2.0-OpenSSH\r\n\r\n".to_vec());
    }),
    ("there is no answer after 3 seconds", |plan| {
        configuration(plan, Vec::new());
    }),
    ("sends on to another address (status 301)", |plan| {
        let place = "/.well-known/openid-configuration";
        configuration(
            plan,
            format!("HTTP/1.1 301 Moved\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n").into_bytes(),
        );
    }),
    ("it is that of another issuer", |plan| {
        let other = json!({
            "issuer": "https://evil.example", "authorization_endpoint": "https://evil.example/a",
            "token_endpoint": "https://evil.example/t", "jwks_uri": "https://evil.example/k",
        });
        configuration(plan, response("200 OK", &other.to_string()));
    }),
];

fn remove(claims: &mut Value, name: &str) {
    claims.as_object_mut().unwrap().remove(name);
}

fn whole(plan: &mut Plan, path: &'static str, answer: Vec<u8>) {
    plan.instead.insert(path, answer);
}

fn token(plan: &mut Plan, body: &str) {
    whole(plan, "/token", response("200 OK", body));
}

fn configuration(plan: &mut Plan, answer: Vec<u8>) {
    whole(plan, "/.well-known/openid-configuration", answer);
}

#[tokio::test]
async fn each_lie_of_a_token_is_refused_with_its_sentence() {
    for (words, lie) in TOKENS {
        let scene = scene(Registration::Open).await;
        let browser = scene.begin().await;
        lie(&mut scene.provider.plan());
        browser.come_back().await;
        let error = browser.refusal("finish", &[]).await;
        assert!(error.contains(words), "{words}: {error}");
        assert!(
            error.starts_with("Signing in with Example ID failed: "),
            "{error}"
        );
        assert!(!error.contains('<'), "{error}");
        let again = browser.refusal("finish", &[]).await;
        assert!(
            again.contains("begin again"),
            "{words}: the answer counts once: {again}"
        );
        let register = browser.refusal("register", &[("account", "mallory")]).await;
        assert!(register.contains("begin again"), "{words}: {register}");
        scene.goes_on().await;
    }
}

#[tokio::test]
async fn each_lie_of_the_configuration_is_refused_with_its_sentence() {
    for (words, lie) in CONFIGURATIONS {
        let scene = scene(Registration::Open).await;
        lie(&mut scene.provider.plan());
        let Err(error) = scene.begin_at("/api/oidc-start", &[]).await else {
            panic!("{words}: a flow has begun");
        };
        assert!(error.contains(words), "{words}: {error}");
        assert!(scene.begin_at("/api/oidc-start", &[]).await.is_err());
        assert_eq!(
            scene.provider.requests("/.well-known/openid-configuration"),
            1,
            "the provider rests after a failure"
        );
        scene.goes_on().await;
    }
}

#[tokio::test]
async fn times_within_the_leeway_are_good() {
    let near: [fn(&mut Value); 3] = [
        |all| all["exp"] = json!(START - 59),
        |all| all["iat"] = json!(START + 59),
        |all| (all["nbf"], all["iat"]) = (json!(1_000_059.5), json!(START - 659)),
    ];
    for claims in near {
        let scene = scene(Registration::Open).await;
        scene.provider.plan().claims = claims;
        assert_eq!(scene.arrive().await["done"], "choose");
    }
}

#[tokio::test]
async fn an_unknown_key_has_the_keys_read_again_but_not_each_time() {
    let scene = scene(Registration::Open).await;
    assert_eq!(scene.arrive().await["done"], "choose");
    assert_eq!(scene.arrive().await["done"], "choose");
    assert_eq!(scene.provider.requests("/keys"), 1);
    // Right after the keys were read, a new one is not looked for: otherwise each forged token would cost the provider a
    // request.
    scene.provider.plan().key = (new_key(), "second".to_owned());
    for _ in 0..3 {
        let browser = scene.begin().await;
        browser.come_back().await;
        let error = browser.refusal("finish", &[]).await;
        assert!(error.contains("no key of the provider"), "{error}");
    }
    assert_eq!(scene.provider.requests("/keys"), 1);
    // The same name with another key is a wrong signature.
    scene.provider.plan().key.1 = "first".to_owned();
    let browser = scene.begin().await;
    browser.come_back().await;
    assert!(
        browser
            .refusal("finish", &[])
            .await
            .contains("its signature is wrong")
    );
}

#[tokio::test]
async fn a_flow_belongs_to_its_browser_and_its_state() {
    let scene = scene(Registration::Open).await;
    let (mallory, victim) = (scene.begin().await, scene.begin().await);
    // Mallory has the victim's browser come back with Mallory's code, or with none at all.
    for query in [
        format!("code=good+code&state={}", mallory.state),
        "code=good+code".to_owned(),
        "state=&code=x".to_owned(),
        format!("code={}&state={}", "x".repeat(3000), mallory.state),
        "%ff=%ff&&&=".to_owned(),
        String::new(),
    ] {
        victim.come_back_with(&query).await;
        let error = victim.refusal("finish", &[]).await;
        assert!(error.contains("begun in another browser"), "{query}: {error}");
    }
    for cookie in ["", "fchatd_flow=", "fchatd_flow=x", "other=1"] {
        let request = with_cookie(cookie, crate::support::post("/api/oidc-finish", "", &[]));
        let error = scene.ask(request).await["error"].as_str().unwrap().to_owned();
        assert!(error.contains("begun in another browser"), "{cookie}: {error}");
    }
    let lone = get("/oidc/return", "code=x&state=y");
    assert_eq!(
        fchatd_edge::http::HttpService::call(&scene.http, lone)
            .await
            .status,
        303
    );
    assert_eq!(
        scene.provider.requests("/token"),
        0,
        "no forged answer reaches the provider"
    );
    victim.come_back().await;
    // The first answer counts, also after a second one.
    victim
        .come_back_with(&format!("error=access_denied&state={}", victim.state))
        .await;
    assert_eq!(victim.step("finish", &[]).await["done"], "choose");
    scene.site.advance(601);
    assert!(victim.refusal("finish", &[]).await.contains("took too long"));
}

#[tokio::test]
async fn refusals_of_the_provider_are_sentences() {
    let scene = scene(Registration::Open).await;
    for (query, words) in [
        (
            "error=access_denied",
            "You did not allow Example ID to tell this site about you.",
        ),
        (
            "error=server_error",
            "Example ID did not sign you in (server_error). Please try again.",
        ),
        ("error=%3Cscript%3E", "(it gave no reason)"),
        (
            "code=good+code&iss=https://evil.example",
            "(it came from another issuer)",
        ),
    ] {
        let browser = scene.begin().await;
        browser
            .come_back_with(&format!("{query}&state={}", browser.state))
            .await;
        let error = browser.refusal("finish", &[]).await;
        assert!(error.contains(words) && !error.contains('<'), "{query}: {error}");
    }
}

#[tokio::test]
async fn one_address_begins_no_more_flows_than_allowed() {
    let scene = scene(Registration::Open).await;
    for _ in 0..60 {
        scene.begin().await;
    }
    let Err(error) = scene.begin_at("/api/oidc-start", &[]).await else {
        panic!("a flow has begun");
    };
    assert!(error.starts_with("Too many attempts."), "{error}");
    scene.goes_on().await;
    scene.site.advance(6);
    scene.begin().await;
}
