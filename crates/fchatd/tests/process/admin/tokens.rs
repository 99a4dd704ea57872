//! Tokens: making, listing and revoking them, and guessing.

use serde_json::{Value, json};

use super::{Caller, Scene};

#[test]
fn a_token_works_until_it_is_revoked() {
    let scene = Scene::start(&[]);
    let reader = scene.token("Prometheus job", "read,moderation");
    let session = scene.get(&reader, "session").body;
    assert_eq!(session["name"], "(token Prometheus job)");
    assert_eq!(session["scopes"], json!(["read", "moderation"]));
    let listed = scene.site.run(&["admin", "token", "list", "--json"]).stdout;
    let listed: Value = serde_json::from_str(listed.trim()).unwrap();
    assert_eq!(listed["name"], "Prometheus job");
    assert!(listed["used_at"].as_i64().unwrap() > 0, "{listed}");
    assert!(
        listed["expires_at"].as_i64() > listed["created_at"].as_i64(),
        "{listed}"
    );
    let plain = scene.site.run(&["admin", "token", "list"]).stdout;
    assert!(
        plain.contains("read,moderation") && plain.contains("last used"),
        "{plain}"
    );
    scene
        .post(
            &reader,
            "bans/networks/add",
            &json!({ "network": "203.0.113.0/24" }),
        )
        .assert_done("203.0.113.0/24 is banned for good");
    assert_eq!(scene.last_action()["name"], "(token Prometheus job)");
    scene
        .site
        .run(&["admin", "token", "revoke", "prometheus JOB"])
        .assert_done();
    scene.get(&reader, "status").assert_refused(401, "token");
    scene
        .site
        .run(&["admin", "token", "revoke", "Prometheus job"])
        .assert_refused(&["there is no token named"]);
}

#[test]
fn the_token_itself_is_kept_nowhere() {
    let scene = Scene::start(&[]);
    let Caller(header) = scene.token("reader", "read");
    let token = header.trim().rsplit_once(' ').unwrap().1.to_owned();
    assert!(token.starts_with("fchatd_admin_") && token.len() > 60, "{token}");
    let secret = token.as_bytes().to_vec();
    let reader = Caller::with_token(&token);
    assert_eq!(scene.get(&reader, "status").status, 200);
    for (path, content) in crate::site::content_of(&scene.site.path("data")) {
        let found = content.windows(secret.len()).any(|part| part == secret);
        assert!(!found, "{}", path.display());
    }
    scene.server.terminate();
    let ended = scene.server.ended();
    assert!(!ended.stderr.contains(&token));
}

#[test]
fn mistakes_with_tokens_are_told() {
    let scene = Scene::start(&[]);
    scene.token("reader", "read");
    let add = |words: &[&str]| {
        let words: Vec<&str> = ["admin", "token", "add"].iter().chain(words).copied().collect();
        scene.site.run(&words)
    };
    add(&["Reader", "--scope", "read", "--for", "1d"]).assert_refused(&["named Reader already"]);
    add(&[" ", "--scope", "read", "--for", "1d"]).assert_refused(&["1 to 64 characters"]);
    add(&["old", "--scope", "read", "--for", "11y"]).assert_refused(&["10 years"]);
    assert_eq!(add(&["x", "--scope", "root", "--for", "1d"]).code, Some(2));
    assert_eq!(add(&["x", "--for", "1d"]).code, Some(2));
    assert_eq!(add(&["x", "--scope", "read"]).code, Some(2));
    for number in 1..64 {
        add(&[&number.to_string(), "--scope", "read", "--for", "1d"]);
    }
    add(&["one more", "--scope", "read", "--for", "1d"]).assert_refused(&["64 tokens already"]);
}

#[test]
fn guessing_tokens_is_slow() {
    let scene = Scene::start(&[]);
    let good = scene.token("reader", "read");
    for header in ["Bearer x", "Basic eDp5", "Bearer", "", "Bearer \u{e9}"] {
        let guess = Caller::default().and(&format!("Authorization: {header}"));
        let answer = scene.get(&guess, "status");
        assert_eq!(answer.status, 401, "{header:?}: {answer:?}");
    }
    let mut last = 0;
    for number in 0..10 {
        last = scene
            .get(&Caller::with_token(&format!("fchatd_admin_{number}")), "status")
            .status;
    }
    assert_eq!(last, 429);
    let answer = scene.get(&good, "status");
    answer.assert_refused(429, "too_many");
    assert!(answer.head.contains("retry-after: "), "{answer:?}");
    // An administrator with a session is not held up by guesses of its household.
    scene.boss();
}
