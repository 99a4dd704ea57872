//! Access to the administration: sessions, fresh passwords, foreign pages, tokens, scopes, and hostile requests to all endpoints.

use serde_json::{Value, json};

use super::{Caller, PASSWORD, Scene};

/// All endpoints with their methods, as the server itself describes them.
fn endpoints(scene: &Scene, caller: &Caller) -> Vec<(String, bool, String, Value)> {
    let described = scene.get(caller, "openapi").body;
    let paths = described["paths"].as_object().unwrap().clone();
    let all = paths.into_iter().map(|(path, methods)| {
        let name = path.strip_prefix("/admin/api/").unwrap().to_owned();
        let is_post = methods.get("post").is_some();
        let operation = methods[if is_post { "post" } else { "get" }].clone();
        let scope = operation["description"].as_str().unwrap();
        let scope = scope
            .trim_start_matches("Scope: ")
            .trim_end_matches('.')
            .to_owned();
        (name, is_post, scope, operation)
    });
    all.collect()
}

const SESSIONS: [&str; 4] = ["sign-in", "confirm", "sign-out", "session"];

#[test]
fn no_endpoint_answers_strangers_or_tokens_without_its_scope() {
    let scene = Scene::start(&[]);
    let reader = scene.token("reader", "read");
    let all = endpoints(&scene, &reader);
    assert!(all.len() > 20, "{}", all.len());
    let scopes = ["read", "accounts", "moderation", "settings", "backup"];
    let callers = scopes.map(|scope| (scope, scene.token(scope, scope)));
    for (name, is_post, scope, operation) in all {
        if SESSIONS.contains(&name.as_str()) {
            continue;
        }
        // The fields that are needed, so that only the right is missing.
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let mut fields = json!({});
        for field in schema["required"].as_array().into_iter().flatten() {
            let field = field.as_str().unwrap();
            fields[field] = match schema["properties"][field]["type"].as_str().unwrap() {
                "string" => json!("x"),
                "integer" => json!(1),
                _ => json!(true),
            };
        }
        let query = operation["parameters"].as_array().cloned().unwrap_or_default();
        let query = query.iter().filter(|parameter| parameter["required"] == true);
        let query: Vec<String> = query
            .map(|parameter| format!("{}=x", parameter["name"].as_str().unwrap()))
            .collect();
        let place = format!("{name}?{}", query.join("&"));
        let ask = |caller: &Caller| match is_post {
            true => scene.post(caller, &name, &fields),
            false => scene.get(caller, &place),
        };
        ask(&Caller::default()).assert_refused(401, "signed_out");
        for (own, caller) in &callers {
            if *own != scope {
                ask(caller).assert_refused(403, "scope");
            }
        }
    }
}

#[test]
fn hostile_requests_are_refused_with_a_sentence() {
    let scene = Scene::start(&[]);
    let boss = scene.boss();
    let post = |kind: &str, body: &str| scene.send("POST", "/admin/api/accounts/ban", &boss, kind, body);
    for body in [
        "",
        "[]",
        "null",
        "{",
        "\u{0}",
        "{\"account\":1}",
        "{\"account\":\"\"}",
        "{\"account\":null}",
    ] {
        post("application/json", body).assert_refused(400, "field");
    }
    post("application/json", "{\"account\":\"ada\",\"acount\":\"ada\"}").assert_refused(400, "field");
    for seconds in ["-1", "1.5", "1e300", "\"soon\"", "true", "0", "9007199254740993"] {
        let body = format!("{{\"account\":\"ada\",\"seconds\":{seconds}}}");
        post("application/json", &body).assert_refused(400, "field");
    }
    let long = json!({ "account": "ada", "reason": "x".repeat(9000) }).to_string();
    post("application/json", &long).assert_refused(400, "field");
    // The announcement of a body is refused before any of it comes.
    let announced = scene.server.ask(&format!(
        "POST /admin/api/accounts/ban HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: 70000\r\n\r\n",
        scene.server.address
    ));
    assert!(announced.starts_with("HTTP/1.1 413 "), "{announced}");
    // A form of another site can send these types without asking first.
    for kind in ["application/x-www-form-urlencoded", "text/plain", ""] {
        post(kind, "{\"account\":\"ada\"}").assert_refused(403, "foreign");
    }
    scene.get(&boss, "accounts/ban").assert_refused(405, "method");
    scene
        .post(&boss, "accounts", &json!({}))
        .assert_refused(405, "method");
    for path in ["nothing", "", "accounts/", "%61ccounts", "accounts/../status"] {
        scene.get(&boss, path).assert_refused(404, "not_found");
    }
    scene.get(&boss, "people?limit=0").assert_refused(400, "field");
    scene.get(&boss, "people?limit=201").assert_refused(400, "field");
    scene
        .get(&boss, "people?search=a&search=b")
        .assert_refused(400, "field");
    scene
        .get(&boss, "account?account=nobody")
        .assert_refused(404, "missing");
    assert_eq!(
        scene.get(&boss, "account?account=ada").body["banned"],
        false,
        "nothing has happened"
    );
}

#[test]
fn a_page_of_another_site_can_change_nothing() {
    let scene = Scene::start(&[]);
    let boss = scene.boss();
    let ban = json!({ "account": "ada" });
    let own = format!("Origin: http://{}", scene.server.address);
    for header in [
        "Origin: https://evil.example",
        "Origin: null",
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-site",
    ] {
        let foreign = boss.and(header);
        scene
            .post(&foreign, "accounts/ban", &ban)
            .assert_refused(403, "foreign");
        scene
            .post(
                &foreign,
                "sign-in",
                &json!({ "account": "boss", "password": PASSWORD }),
            )
            .assert_refused(403, "foreign");
        scene
            .post(&foreign, "sign-out", &json!({}))
            .assert_refused(403, "foreign");
    }
    let answer = scene.get(&boss.and("Origin: https://evil.example"), "status");
    assert!(!answer.head.contains("access-control-allow-origin"), "{answer:?}");
    let asked = scene.send("OPTIONS", "/admin/api/accounts/ban", &boss, "text/plain", "");
    assert_ne!(asked.status, 200);
    assert!(!asked.head.contains("access-control-allow"), "{asked:?}");
    scene
        .post(&boss.and(&own), "accounts/ban", &ban)
        .assert_done("ada is banned");
}

#[test]
fn only_administrators_sign_in_and_only_with_their_password() {
    let scene = Scene::start(&[]);
    let sign_in = |account: &str, password: &str| {
        let fields = json!({ "account": account, "password": password });
        scene.post(&Caller::default(), "sign-in", &fields)
    };
    sign_in("boss", "wrong").assert_refused(401, "password");
    sign_in("nobody", PASSWORD).assert_refused(401, "password");
    sign_in("ada", PASSWORD).assert_refused(409, "refused");
    let answer = sign_in("Boss", PASSWORD);
    for part in ["HttpOnly", "SameSite=Strict", "Path=/admin"] {
        assert!(answer.head.contains(part), "{answer:?}");
    }
    let boss = answer.signed_in();
    let session = scene.get(&boss, "session").body;
    assert_eq!(
        (session["account"].as_str(), session["name"].as_str()),
        (Some("boss"), Some("(admin boss)"))
    );
    assert_eq!(scene.last_action()["type"], "ASI");
    scene
        .post(&boss, "sign-out", &json!({}))
        .assert_done("signed out");
    scene.get(&boss, "status").assert_refused(401, "signed_out");
    for cookie in ["fchatd_admin=", "fchatd_admin=x", "fchatd_admin", "=;=;;"] {
        scene
            .get(&Caller::default().and(&format!("Cookie: {cookie}")), "status")
            .assert_refused(401, "signed_out");
    }
}

#[test]
fn a_session_ends_with_the_right_the_password_or_a_ban_of_its_account() {
    let scene = Scene::start(&[]);
    let begin = || {
        let boss = scene.boss();
        assert_eq!(scene.get(&boss, "session").status, 200);
        boss
    };
    let boss = begin();
    scene
        .site
        .run(&["account", "admin", "boss", "--remove"])
        .assert_done();
    scene.get(&boss, "status").assert_refused(401, "signed_out");
    scene.site.run(&["account", "admin", "boss"]).assert_done();
    scene.get(&boss, "status").assert_refused(401, "signed_out");
    let boss = begin();
    scene.site.run(&["account", "ban", "boss"]).assert_done();
    assert_eq!(scene.get(&boss, "status").status, 409);
    scene.site.run(&["account", "unban", "boss"]).assert_done();
    let boss = begin();
    scene
        .site
        .run_with_input(&["account", "password", "boss"], "another password\n")
        .assert_done();
    scene.get(&boss, "status").assert_refused(401, "signed_out");
}

#[test]
fn a_change_asks_for_the_password_again() {
    let scene = Scene::start(&["--set", "admin_fresh=0"]);
    let boss = scene.boss();
    assert_eq!(scene.get(&boss, "status").status, 200);
    let ban = json!({ "account": "ada" });
    scene
        .post(&boss, "accounts/ban", &ban)
        .assert_refused(403, "confirm");
    scene
        .post(&boss, "confirm", &json!({ "password": "wrong" }))
        .assert_refused(401, "password");
    let answer = scene.post(&boss, "confirm", &json!({ "password": PASSWORD }));
    assert_eq!(
        (answer.status, answer.body["fresh_seconds"].as_u64()),
        (200, Some(0))
    );
    let token = scene.token("program", "accounts");
    scene
        .post(&token, "accounts/ban", &ban)
        .assert_done("ada is banned");
}

#[test]
fn the_page_can_be_turned_off_or_kept_to_some_networks() {
    for words in [
        ["--set", "admin_page=false"],
        ["--set", "admin_networks=10.0.0.0/8, 2001:db8::/32"],
    ] {
        let scene = Scene::start(&words);
        let sign_in = json!({ "account": "boss", "password": PASSWORD });
        scene
            .post(&Caller::default(), "sign-in", &sign_in)
            .assert_refused(404, "not_found");
        let reader = scene.token("reader", "read");
        scene.get(&reader, "status").assert_refused(404, "not_found");
        assert_eq!(
            scene
                .send("GET", "/admin", &Caller::default(), "text/plain", "")
                .status,
            404
        );
        // The command line is on this machine.
        assert_eq!(scene.site.run(&["admin", "call", "status"]).code, Some(0));
    }
    let scene = Scene::start(&["--set", "admin_networks=127.0.0.0/8"]);
    scene.boss();
    let refused = scene.site.run(&["check", "--set", "admin_networks=here"]);
    refused.assert_refused(&["admin_networks", "here"]);
}
