//! The operator's tools for accounts, and where secrets must not appear.

use crate::site::{Ended, Site, content_of};
use crate::websocket::WebSocket;

const PASSWORD: &str = "correct horse battery";

fn add(site: &Site, words: &[&str], input: &str) -> Ended {
    site.run_with_input(&[&["account", "add"], words].concat(), input)
}

#[test]
fn accounts_and_characters_are_made_and_listed() {
    let site = Site::new();
    let made = add(
        &site,
        &["ada"],
        &format!("{PASSWORD}\nthe second line is not read\n"),
    );
    made.assert_done();
    assert_eq!(made.stdout, "account ada made, number 1\n");
    add(&site, &["Grace", "--admin"], PASSWORD).assert_done();
    let listed = site.run(&["account", "list"]);
    listed.assert_done();
    assert_eq!(listed.stdout, "1\tada\n2\tGrace\tadmin\n");
    site.run(&["account", "admin", "grace", "--remove"]).assert_done();
    assert_eq!(site.run(&["account", "list"]).stdout, "1\tada\n2\tGrace\n");

    let made = site.run(&["character", "add", "ADA", "Ada Lovelace", "--gender", "Female"]);
    made.assert_done();
    assert_eq!(made.stdout, "character Ada Lovelace made, number 1\n");
    let listed = site.run(&["character", "list", "ada"]);
    listed.assert_done();
    assert_eq!(listed.stdout, "1\tAda Lovelace\n");
}

#[test]
fn impossible_accounts_are_refused_with_a_sentence() {
    let site = Site::new();
    add(&site, &["ada"], PASSWORD).assert_done();
    site.run(&["character", "add", "ada", "Ada"]).assert_done();
    add(&site, &["Ada"], PASSWORD).assert_refused(&["already taken"]);
    add(&site, &["a"], PASSWORD).assert_refused(&["3 to 40 characters"]);
    add(&site, &["<ada>"], PASSWORD).assert_refused(&["letters A to Z"]);
    add(&site, &["grace"], "short\n").assert_refused(&["at least 8 characters"]);
    add(&site, &["grace"], "").assert_refused(&["at least 8 characters"]);
    let character = |account, name| site.run(&["character", "add", account, name]);
    character("ada", "A").assert_refused(&["2 to 20 characters"]);
    character("ada", "Ada <b>").assert_refused(&["letters A to Z"]);
    character("ada", "ada").assert_refused(&["already taken"]);
    character("grace", "Grace").assert_refused(&["no such account"]);
    site.run(&["character", "list", "grace"])
        .assert_refused(&["no such account"]);
    site.run_with_input(&["account", "password", "grace"], PASSWORD)
        .assert_refused(&["no such account"]);
    site.run(&["account", "admin", "grace"])
        .assert_refused(&["no such account"]);
    assert_eq!(site.run(&["account", "list"]).stdout, "1\tada\n");
    assert_eq!(site.run(&["character", "list", "ada"]).stdout, "1\tAda\n");
}

#[test]
fn a_new_password_replaces_the_old_one() {
    let site = Site::new();
    add(&site, &["ada"], PASSWORD).assert_done();
    site.run_with_input(&["account", "password", "ada"], "another password\n")
        .assert_done();
    let server = site.start(&[]);
    let ask = |password| {
        server.post(
            "/json/getApiTicket.php",
            &format!("account=ada&password={password}"),
        )
    };
    assert_ne!(ask("correct+horse+battery")["error"], "");
    assert_eq!(ask("another+password")["error"], "");
}

#[test]
fn no_secret_is_printed_or_kept() {
    let site = Site::new();
    let server = site.start(&["--set", "registration=open"]);
    let account = "account=ada&password=correct+horse+battery";
    assert_eq!(server.post("/api/register", account)["error"], "");
    assert_ne!(
        server.post("/json/getApiTicket.php", "account=ada&password=wrong-but-secret")["error"],
        ""
    );
    let granted = server.post("/json/getApiTicket.php", account);
    let ticket = granted["ticket"].as_str().unwrap();
    let made = server.post(
        "/api/character-create",
        &format!("account=ada&ticket={ticket}&name=Ada&gender=None"),
    );
    assert_eq!(made["error"], "");
    let socket = WebSocket::log_in(&server, "Ada", ticket);
    server.terminate();
    drop(socket);
    let ended = server.ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        ended.stderr.contains("came online"),
        "there is no log to look into: {ended:?}"
    );
    for secret in [PASSWORD, "correct+horse", "wrong-but-secret", ticket] {
        assert!(
            !ended.stdout.contains(secret) && !ended.stderr.contains(secret),
            "{secret} is in {ended:?}"
        );
        for (path, content) in content_of(&site.path("data")) {
            let found = content
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!found, "{secret} is in {}", path.display());
        }
    }
}
