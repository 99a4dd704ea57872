//! The operator's help for people who have lost a password or a second factor, beside a running server and without one.

use std::time::{Duration, Instant};

use crate::site::{PATIENCE, Server, Site, content_of};

const PASSWORD: &str = "correct horse battery";
const ADA: &str = "account=ada&password=correct+horse+battery";

fn site_with_ada() -> Site {
    let site = Site::new();
    site.run_with_input(&["account", "add", "ada"], PASSWORD)
        .assert_done();
    site
}

/// The action log, as soon as there is this text in it.
fn await_action(site: &Site, text: &str) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let shown = site.run(&["log", "actions", "--json"]);
        if shown.stdout.contains(text) {
            return shown.stdout;
        }
        assert!(Instant::now() < deadline, "{shown:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The secret part of a link.
fn token(link: &str) -> &str {
    link.trim().split_once("#reset=").unwrap().1
}

fn reset(server: &Server, token: &str, password: &str) -> String {
    let form = format!("token={token}&new_password={password}");
    let answer = server.post("/api/reset", &form);
    answer["error"].as_str().unwrap().to_owned()
}

#[test]
fn a_link_gives_a_new_password_once_and_stands_in_the_action_log() {
    let site = site_with_ada();
    // Without a server: the entry waits for its start.
    let first = site.run(&["account", "reset-link", "ADA"]);
    first.assert_done();
    assert!(first.stderr.contains("within 24 hours"), "{first:?}");
    let server = site.start(&[]);
    let shown = await_action(&site, "RSL");
    assert!(shown.contains("(operator)") && shown.contains("ada"), "{shown}");
    let second = site.run(&["account", "reset-link", "ada"]);
    second.assert_done();
    site.run(&["account", "reset-link", "nobody"])
        .assert_refused(&["no such account"]);
    assert!(reset(&server, token(&first.stdout), "a+new+password").contains("not valid"));
    assert_eq!(reset(&server, token(&second.stdout), "a+new+password"), "");
    assert!(reset(&server, token(&second.stdout), "a+third+password").contains("not valid"));
    assert_ne!(server.post("/api/sign-in", ADA)["error"], "");
    assert_eq!(
        server.post("/api/sign-in", "account=ada&password=a+new+password")["error"],
        ""
    );
    server.terminate();
    let ended = server.ended();
    for secret in [token(&first.stdout), token(&second.stdout)] {
        assert!(!ended.stderr.contains(secret) && !ended.stdout.contains(secret));
        for (path, content) in content_of(&site.path("data")) {
            let found = content
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!found, "{secret} is in {}", path.display());
        }
    }
}

#[test]
fn an_operator_removes_a_second_factor() {
    let site = site_with_ada();
    let server = site.start(&[]);
    site.run(&["account", "second-factor", "remove", "ada"])
        .assert_refused(&["no second factor"]);
    let begun = server.post("/api/second-factor-begin", ADA);
    assert_eq!(begun["error"], "", "{begun}");
    assert!(
        begun["qr"]
            .as_str()
            .unwrap()
            .starts_with("data:image/svg+xml;base64,")
    );
    // It is not confirmed, so there is none in force.
    site.run(&["account", "second-factor", "remove", "ada"])
        .assert_refused(&["no second factor"]);
    let ticket = server.post("/json/getApiTicket.php", ADA)["ticket"]
        .as_str()
        .unwrap()
        .to_owned();
    let begun = server.post("/api/second-factor-begin", ADA);
    let code = totp(begun["secret"].as_str().unwrap());
    let form = format!("account=ada&ticket={ticket}&code={code}");
    let confirmed = server.post("/api/second-factor-confirm", &form);
    assert_eq!(confirmed["error"], "", "{confirmed}");
    let refused = server.post("/json/getApiTicket.php", ADA);
    assert!(
        refused["error"]
            .as_str()
            .unwrap()
            .contains("application password"),
        "{refused}"
    );
    site.run(&["account", "second-factor", "remove", "ADA"])
        .assert_done();
    await_action(&site, "SFR");
    assert_eq!(server.post("/json/getApiTicket.php", ADA)["error"], "");
}

/// The code that an app shows now.
fn totp(base32: &str) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let mut bits = String::new();
    for letter in base32.chars() {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter).unwrap();
        bits.push_str(&format!("{value:05b}"));
    }
    let key: Vec<u8> = bits
        .as_bytes()
        .chunks_exact(8)
        .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap())
        .collect();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(&key).unwrap();
    mac.update(&(now / 30).to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = usize::from(hash[19] & 15);
    let part = u32::from_be_bytes(hash[offset..offset + 4].try_into().unwrap());
    format!("{:06}", (part & 0x7fff_ffff) % 1_000_000)
}
