//! The second factor: codes, their replay and their limits, recovery codes, application passwords, and reset links.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::atomic::Ordering;

use fchatd_accounts::Secret;
use fchatd_edge::http::{HttpRequest, HttpService};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha1::Sha1;

use crate::support::{PASSWORD, Site, header, object, post, site, site_with_events};

const ADA: [(&str, &str); 2] = [("account", "ada"), ("password", PASSWORD)];

/// An authenticator app: made from the text that a person would type.
struct App(Vec<u8>);

impl App {
    fn new(base32: &str) -> Self {
        let mut bits = String::new();
        for letter in base32.chars() {
            let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter).unwrap();
            bits.push_str(&format!("{value:05b}"));
        }
        let bytes = bits.as_bytes().chunks_exact(8);
        Self(
            bytes
                .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap())
                .collect(),
        )
    }

    fn code(&self, time: u64) -> String {
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.0).unwrap();
        mac.update(&(time / 30).to_be_bytes());
        let hash = mac.finalize().into_bytes();
        let offset = usize::from(hash[19] & 15);
        let part = u32::from_be_bytes(hash[offset..offset + 4].try_into().unwrap());
        format!("{:06}", (part & 0x7fff_ffff) % 1_000_000)
    }
}

fn now(site: &Site) -> u64 {
    site.time.load(Ordering::SeqCst)
}

async fn sign_in(site: &Site, code: &str) -> Value {
    site.post("/api/sign-in", &[&ADA[..], &[("code", code)]].concat())
        .await
}

/// The app and the recovery codes of ada, who has a second factor from now on. A minute has passed since her first code.
async fn enrolled(site: &Site) -> (App, Vec<String>) {
    let begun = site
        .post(
            "/api/second-factor-begin",
            &[&ADA[..], &[("issuer", "chat.example")]].concat(),
        )
        .await;
    assert_eq!(begun["error"], "", "{begun}");
    let secret = begun["secret"].as_str().unwrap();
    assert_eq!(
        begun["uri"],
        format!("otpauth://totp/chat.example:ada?secret={secret}&issuer=chat.example")
    );
    let app = App::new(secret);
    let ticket = site.ticket().await;
    let own = [("account", "ada"), ("ticket", ticket.as_str())];
    let confirm = async |code: &str| {
        site.post(
            "/api/second-factor-confirm",
            &[&own[..], &[("code", code)]].concat(),
        )
        .await
    };
    assert!(
        confirm("000000").await["error"]
            .as_str()
            .unwrap()
            .contains("not valid")
    );
    let confirmed = confirm(&app.code(now(site))).await;
    assert_eq!(confirmed["error"], "", "{confirmed}");
    let codes = confirmed["recovery_codes"].as_array().unwrap();
    assert_eq!(codes.len(), 10);
    site.advance(60);
    (
        app,
        codes
            .iter()
            .map(|code| code.as_str().unwrap().to_owned())
            .collect(),
    )
}

#[tokio::test]
async fn a_password_alone_opens_nothing_any_more() {
    let site = site();
    let (app, _) = enrolled(&site).await;
    let needs = "Please enter a code of your second factor.";
    assert_eq!(sign_in(&site, "").await["error"], needs);
    for path in [
        "/api/confirm",
        "/api/password",
        "/api/account-delete",
        "/api/second-factor-remove",
        "/api/recovery-codes",
    ] {
        let fields = [("new_password", "another password")];
        let answer = site.post(path, &[&ADA[..], &fields].concat()).await;
        assert_eq!(answer["error"], needs, "{path}");
    }
    for path in ["/api/application-password", "/api/character-delete"] {
        let answer = site.post(path, &[&ADA[..], &[("name", "Zoe")]].concat()).await;
        assert_eq!(answer["error"], needs, "{path}");
    }
    let answer = site.post("/json/getApiTicket.php", &ADA).await;
    assert!(
        answer["error"].as_str().unwrap().contains("application password"),
        "{answer}"
    );
    assert!(answer.get("ticket").is_none());
    let token = site
        .http
        .front_page(&crate::support::get("/", ""))
        .await
        .unwrap()
        .csrf_token;
    let fields = [
        ("username", "ada"),
        ("password", PASSWORD),
        ("csrf_token", token.as_str()),
    ];
    let answer = site
        .http
        .call(post("/action/script_login.php", "", &fields))
        .await;
    assert_eq!((answer.status, header(&answer, "set-cookie")), (403, None));
    let report = HttpRequest {
        query: "log=1".to_owned(),
        ..post("/fchat/getLog.php", "", &ADA)
    };
    let answer = site.http.call(report).await;
    assert!(String::from_utf8_lossy(&answer.body).contains(needs));

    let answer = sign_in(&site, &app.code(now(&site))).await;
    assert_eq!(answer["error"], "", "{answer}");
    let wrong = [("account", "ada"), ("password", "wrong"), ("code", "123456")];
    let answer = site.post("/api/sign-in", &wrong).await;
    assert_eq!(
        answer["error"], "Password mismatch.",
        "a wrong password tells nothing of the factor"
    );
}

#[tokio::test]
async fn a_code_is_good_once_and_for_its_time() {
    let site = site();
    let (app, _) = enrolled(&site).await;
    let code = app.code(now(&site));
    let spaced = format!(" {} {} ", &code[..3], &code[3..]);
    assert_eq!(sign_in(&site, &spaced).await["error"], "", "as people type it");
    assert!(
        sign_in(&site, &code).await["error"]
            .as_str()
            .unwrap()
            .contains("used before")
    );
    let earlier = app.code(now(&site) - 30);
    assert_ne!(
        sign_in(&site, &earlier).await["error"],
        "",
        "one of an earlier step"
    );
    site.advance(3600);
    let late = app.code(now(&site) - 90);
    assert_ne!(sign_in(&site, &late).await["error"], "");
    let ahead = app.code(now(&site) + 30);
    assert_eq!(
        sign_in(&site, &ahead).await["error"],
        "",
        "the phone's clock is ahead a little"
    );
    for strange in [
        "x",
        "-",
        "\u{0}",
        "999999999999",
        "\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}",
    ] {
        site.advance(3600);
        assert_ne!(sign_in(&site, strange).await["error"], "", "{strange}");
    }
}

#[tokio::test]
async fn two_requests_with_one_code_are_one_log_in() {
    let site = site();
    let (app, _) = enrolled(&site).await;
    let code = app.code(now(&site));
    let both = tokio::join!(sign_in(&site, &code), sign_in(&site, &code));
    let good = [&both.0, &both.1]
        .iter()
        .filter(|answer| answer["error"] == "")
        .count();
    assert_eq!(good, 1, "{both:?}");
}

#[tokio::test]
async fn guesses_are_limited_for_the_account_from_any_address() {
    let site = site();
    let (app, _) = enrolled(&site).await;
    let mut looked_at = 0;
    for number in 0..40_u8 {
        let fields = [&ADA[..], &[("code", "12345678")]].concat();
        let request = HttpRequest {
            address: [198, 51, 100, number].into(),
            ..post("/api/sign-in", "", &fields)
        };
        looked_at += usize::from(site.http.call(request).await.status == 200);
    }
    assert!((1..=5).contains(&looked_at), "{looked_at}");
    site.advance(3600);
    assert_eq!(
        sign_in(&site, &app.code(now(&site))).await["error"],
        "",
        "it passes"
    );
    for _ in 0..20 {
        site.advance(30);
        assert_eq!(
            sign_in(&site, &app.code(now(&site))).await["error"],
            "",
            "good ones do not count"
        );
    }
}

#[tokio::test]
async fn a_recovery_code_takes_the_place_of_the_app_once() {
    let site = site();
    let (app, codes) = enrolled(&site).await;
    let typed = codes[0].to_lowercase().replace('-', " ");
    assert_eq!(sign_in(&site, &typed).await["error"], "");
    assert_ne!(sign_in(&site, &codes[0]).await["error"], "", "it is used up");
    let ticket = sign_in(&site, &codes[1]).await["ticket"]
        .as_str()
        .unwrap()
        .to_owned();
    let own = [("account", "ada"), ("ticket", ticket.as_str())];
    let state = site.post("/api/second-factor", &own).await;
    assert_eq!(
        (&state["on"], &state["recovery_codes"]),
        (&true.into(), &8.into())
    );
    let code = app.code(now(&site));
    let fresh = site
        .post("/api/recovery-codes", &[&ADA[..], &[("code", &code)]].concat())
        .await;
    assert_eq!(fresh["recovery_codes"].as_array().unwrap().len(), 10);
    assert_ne!(sign_in(&site, &codes[2]).await["error"], "", "the old ones ended");
}

async fn make(site: &Site, app: &App, name: &str) -> Value {
    let code = app.code(now(site));
    let fields = [&ADA[..], &[("name", name), ("code", &code)]].concat();
    site.post("/api/application-password", &fields).await
}

#[tokio::test]
async fn application_passwords_give_tickets_and_nothing_else() {
    let mut site = site();
    let (app, _) = enrolled(&site).await;
    let made = make(&site, &app, "Rising").await;
    assert_eq!(made["error"], "", "{made}");
    let password = made["application_password"].as_str().unwrap().to_owned();
    let typed = password.replace('-', "").to_lowercase();
    for spelling in [&password, &typed] {
        let answer = site
            .post(
                "/json/getApiTicket.php",
                &[("account", "ADA"), ("password", spelling)],
            )
            .await;
        assert_eq!(answer["error"], "", "{answer}");
        assert_eq!(answer["characters"].as_array().unwrap().len(), 3);
    }
    let fields = [("account", "ada"), ("password", password.as_str())];
    let granted = site.post("/json/getApiTicket.php", &fields).await;
    let ticket = granted["ticket"].as_str().unwrap().to_owned();
    assert_eq!(site.check("ada", &ticket, "Zoe").await["error"], "");
    for path in [
        "/api/sign-in",
        "/api/confirm",
        "/api/account-delete",
        "/api/second-factor-remove",
    ] {
        assert_eq!(
            site.post(path, &fields).await["error"],
            "Password mismatch.",
            "{path}"
        );
    }
    let account = site.desk.details("ada").unwrap().0;
    let fresh = site.desk.check_fresh(&account, &Secret::new(&ticket), 3600);
    assert!(fresh.is_err(), "its tickets are no fresh log-in");

    let own = [("account", "ada"), ("ticket", ticket.as_str())];
    let id = made["id"].to_string();
    let renewed = site.post("/api/renew", &own).await["ticket"]
        .as_str()
        .unwrap()
        .to_owned();
    let removed = site
        .post(
            "/api/application-password-remove",
            &[&own[..], &[("id", &id)]].concat(),
        )
        .await;
    assert_eq!(removed["error"], "");
    for ticket in [&ticket, &renewed] {
        let own = [("account", "ada"), ("ticket", ticket.as_str())];
        assert_eq!(
            site.post("/api/characters", &own).await["error"],
            "Invalid ticket."
        );
    }
    assert_ne!(site.post("/json/getApiTicket.php", &fields).await["error"], "");

    for number in 0..21 {
        site.advance(30);
        let answer = make(&site, &app, "program").await;
        assert_eq!(answer["error"] == "", number < 20, "{number}: {answer}");
    }
    site.advance(30);
    let answer = make(&site, &app, "a\nb").await;
    assert!(
        answer["error"].as_str().unwrap().contains("name of 1 to 40"),
        "{answer}"
    );
}

#[tokio::test]
async fn it_can_be_switched_off_by_its_owner_and_by_an_operator() {
    let mut site = site();
    let (app, codes) = enrolled(&site).await;
    let again = site
        .post(
            "/api/second-factor-begin",
            &[&ADA[..], &[("code", &codes[0])]].concat(),
        )
        .await;
    assert!(again["error"].as_str().unwrap().contains("already"), "{again}");
    let code = app.code(now(&site));
    let removed = site
        .post(
            "/api/second-factor-remove",
            &[&ADA[..], &[("code", &code)]].concat(),
        )
        .await;
    assert_eq!(removed["error"], "", "{removed}");
    assert_eq!(sign_in(&site, "").await["error"], "");
    enrolled(&site).await;
    assert!(site.desk.remove_second_factor("ADA").unwrap());
    assert!(!site.desk.remove_second_factor("ada").unwrap());
    assert_eq!(sign_in(&site, "").await["error"], "");
}

#[tokio::test]
async fn a_secret_that_is_not_confirmed_in_time_does_not_count() {
    let site = site();
    let begun = site.post("/api/second-factor-begin", &ADA).await;
    assert_eq!(sign_in(&site, "").await["error"], "", "it is not in force");
    site.advance(16 * 60);
    let app = App::new(begun["secret"].as_str().unwrap());
    let ticket = site.ticket().await;
    let code = app.code(now(&site));
    let fields = [("account", "ada"), ("ticket", ticket.as_str()), ("code", &code)];
    let answer = site.post("/api/second-factor-confirm", &fields).await;
    assert!(
        answer["error"].as_str().unwrap().contains("begin anew"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_log_in_is_fresh_for_a_while() {
    let mut site = site();
    let ticket = Secret::new(site.ticket().await);
    let account = site.desk.details("ada").unwrap().0;
    assert_eq!(site.desk.entered_at(&account, &ticket).unwrap(), now(&site));
    site.advance(600);
    assert!(site.desk.check_fresh(&account, &ticket, 600).is_ok());
    site.advance(1);
    assert!(site.desk.check_fresh(&account, &ticket, 600).is_err());
    let own = [("account", "ada"), ("ticket", ticket.reveal())];
    let renewed = site.post("/api/renew", &own).await["ticket"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        site.desk
            .check_fresh(&account, &Secret::new(renewed), 600)
            .is_err()
    );
    let fresh = site.post("/api/confirm", &ADA).await["ticket"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(site.desk.check_fresh(&account, &Secret::new(fresh), 600).is_ok());
}

async fn reset(site: &Site, token: &str, password: &str) -> Value {
    site.post("/api/reset", &[("token", token), ("new_password", password)])
        .await
}

#[tokio::test]
async fn a_reset_link_sets_one_password_and_ends_everything_else() {
    let (mut site, _events) = site_with_events();
    let ticket = site.ticket().await;
    let earlier = site.desk.reset_link("ada").unwrap();
    let token = site.desk.reset_link("ADA").unwrap();
    assert_ne!(
        reset(&site, earlier.reveal(), "a new password").await["error"],
        "",
        "the newest one counts"
    );
    assert!(
        reset(&site, token.reveal(), "short").await["error"]
            .as_str()
            .unwrap()
            .contains("8 characters")
    );
    let answer = reset(&site, token.reveal(), "a new password").await;
    assert_eq!(
        (&answer["error"], &answer["account"]),
        (&"".into(), &"ada".into())
    );
    assert_ne!(
        reset(&site, token.reveal(), "one more password").await["error"],
        "",
        "it is used up"
    );
    let own = [("account", "ada"), ("ticket", ticket.as_str())];
    assert_eq!(
        site.post("/api/characters", &own).await["error"],
        "Invalid ticket."
    );
    let fields = [("account", "ada"), ("password", "a new password")];
    assert_eq!(site.post("/api/sign-in", &fields).await["error"], "");

    let token = site.desk.reset_link("ada").unwrap();
    site.advance(24 * 3600);
    assert_ne!(
        reset(&site, token.reveal(), "a new password").await["error"],
        "",
        "its day is over"
    );
    assert!(site.desk.reset_link("nobody").is_err());
    let token = site.desk.reset_link("ada").unwrap();
    site.desk.reset_password("ada", &Secret::new(PASSWORD)).unwrap();
    assert_ne!(
        reset(&site, token.reveal(), "a new password").await["error"],
        "",
        "another password ends it"
    );
}

#[tokio::test]
async fn two_requests_with_one_link_set_one_password() {
    let mut site = site();
    let token = site.desk.reset_link("ada").unwrap();
    let both = tokio::join!(
        reset(&site, token.reveal(), "the first password"),
        reset(&site, token.reveal(), "the second password")
    );
    let good = [&both.0, &both.1]
        .iter()
        .filter(|answer| answer["error"] == "")
        .count();
    assert_eq!(good, 1, "{both:?}");
}

#[tokio::test]
async fn links_cannot_be_guessed_without_end() {
    let site = site();
    for _ in 0..200 {
        let request = post(
            "/api/reset",
            "",
            &[("token", "x"), ("new_password", "a new password")],
        );
        let answer = site.http.call(request).await;
        if answer.status == 429 {
            return;
        }
        assert!(object(&answer)["error"].as_str().unwrap().contains("not valid"));
    }
    panic!("an address can guess without end");
}

#[tokio::test]
async fn a_second_factor_outlives_a_reset() {
    let mut site = site();
    let (app, _) = enrolled(&site).await;
    let token = site.desk.reset_link("ada").unwrap();
    assert_eq!(reset(&site, token.reveal(), PASSWORD).await["error"], "");
    assert_ne!(sign_in(&site, "").await["error"], "");
    assert_eq!(sign_in(&site, &app.code(now(&site))).await["error"], "");
}
