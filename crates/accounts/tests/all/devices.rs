//! Devices that stay signed in to the page: their cookie, its changes, theft, the list, and all ways in which they end.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use fchatd_accounts::{AccountSettings, Secret};
use fchatd_edge::http::{HttpRequest, HttpResponse, HttpService};
use serde_json::Value;

use crate::support::{PASSWORD, Site, header, object, post, site, site_with, site_with_events, told};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
/// A little more than the time between two changes of a token.
const MINUTE: u64 = 61;

/// A browser with one cookie.
#[derive(Debug, Default, Clone)]
struct Browser {
    cookie: Option<String>,
}

impl Browser {
    fn request(&self, path: &str, fields: &[(&str, &str)]) -> HttpRequest {
        HttpRequest {
            cookie: self
                .cookie
                .as_ref()
                .map(|cookie| format!("theme=dark; fchatd_device={cookie}")),
            user_agent: Some(FIREFOX.to_owned()),
            ..post(path, "", fields)
        }
    }

    async fn ask(&mut self, site: &Site, path: &str, fields: &[(&str, &str)]) -> Value {
        let answer = site.http.call(self.request(path, fields)).await;
        self.take_cookie(&answer);
        object(&answer)
    }

    fn take_cookie(&mut self, answer: &HttpResponse) {
        let Some(cookie) = header(answer, "set-cookie") else {
            return;
        };
        let (value, rest) = cookie
            .strip_prefix("fchatd_device=")
            .unwrap()
            .split_once("; ")
            .unwrap();
        assert!(rest.starts_with("Path=/; Max-Age="), "{rest}");
        assert!(rest.ends_with("; HttpOnly; SameSite=Strict"), "{rest}");
        self.cookie = (!value.is_empty()).then(|| value.to_owned());
    }

    async fn resume(&mut self, site: &Site) -> Value {
        self.ask(site, "/api/resume", &[]).await
    }

    async fn is_in(&mut self, site: &Site) -> bool {
        self.resume(site).await["error"] == ""
    }
}

/// A browser that stays signed in, and its first answer.
async fn signed_in(site: &Site, account: &str) -> (Browser, Value) {
    let mut browser = Browser::default();
    let fields = [("account", account), ("password", PASSWORD), ("stay", "true")];
    let answer = browser.ask(site, "/api/sign-in", &fields).await;
    assert_eq!(answer["error"], "", "{answer}");
    assert_eq!(answer["stays"], true);
    assert!(browser.cookie.is_some());
    (browser, answer)
}

#[tokio::test]
async fn a_device_comes_back_without_the_password() {
    let site = site();
    let (mut browser, answer) = signed_in(&site, "ADA").await;
    assert_eq!(answer["account"], "ada");
    assert_eq!(answer["characters"].as_array().unwrap().len(), 3);
    let mut seen = vec![browser.cookie.clone().unwrap()];
    for _ in 0..40 {
        site.advance(24 * 3600);
        let answer = browser.resume(&site).await;
        assert_eq!(
            (&answer["error"], &answer["account"]),
            (&"".into(), &"ada".into())
        );
        let ticket = answer["ticket"].as_str().unwrap();
        assert_eq!(
            site.check("ada", ticket, "Zoe").await["error"],
            "",
            "the ticket is good for the chat"
        );
        let cookie = browser.cookie.clone().unwrap();
        assert!(!seen.contains(&cookie), "the token is another one each time");
        seen.push(cookie);
    }
    // Longer than the session_max of tickets: the device was used all the time.
    site.advance(31 * 24 * 3600);
    let answer = browser.resume(&site).await;
    assert_eq!(
        answer["error"],
        "You are not signed in on this device any more. Please sign in."
    );
    assert_eq!(browser.cookie, None, "the browser forgets it");
}

#[tokio::test]
async fn without_the_wish_no_cookie_is_set() {
    let site = site();
    let mut browser = Browser::default();
    let fields = [("account", "ada"), ("password", PASSWORD)];
    let answer = browser.ask(&site, "/api/sign-in", &fields).await;
    assert_eq!((&answer["error"], &answer["stays"]), (&"".into(), &false.into()));
    assert_eq!(browser.cookie, None);
    assert!(!browser.is_in(&site).await);
    let wrong = [("account", "ada"), ("password", "wrong"), ("stay", "true")];
    let answer = browser.ask(&site, "/api/sign-in", &wrong).await;
    assert_eq!(answer["error"], "Password mismatch.");
    assert_eq!(browser.cookie, None);
}

#[tokio::test]
async fn two_tabs_that_race_and_answers_that_are_lost_sign_nobody_out() {
    let site = site();
    let (mut browser, _) = signed_in(&site, "ada").await;
    site.advance(MINUTE);
    let mut tab = browser.clone();
    assert!(browser.is_in(&site).await);
    assert_ne!(browser.cookie, tab.cookie);
    let before = tab.cookie.clone();
    assert!(tab.is_in(&site).await, "the second tab has sent the old one");
    assert_eq!(tab.cookie, before, "the first tab's cookie is the browser's");
    assert!(browser.is_in(&site).await);

    // The answers with the new token never arrive, for days.
    let mut lost = browser.clone();
    for _ in 0..5 {
        site.advance(24 * 3600);
        let _ = site.http.call(lost.request("/api/resume", &[])).await;
    }
    assert!(lost.is_in(&site).await);
    site.advance(MINUTE);
    assert!(lost.is_in(&site).await);
}

#[tokio::test]
async fn a_stolen_token_ends_the_device_for_both() {
    // Both orders: the owner or the thief comes first.
    for owner_first in [true, false] {
        let (site, mut events) = site_with_events();
        let (mut owner, _) = signed_in(&site, "ada").await;
        site.advance(MINUTE);
        let mut thief = owner.clone();
        let (first, second) = match owner_first {
            true => (&mut owner, &mut thief),
            false => (&mut thief, &mut owner),
        };
        let ticket = first.resume(&site).await["ticket"].as_str().unwrap().to_owned();
        site.advance(MINUTE);
        assert!(first.is_in(&site).await);
        told(&mut events);
        assert!(!second.is_in(&site).await, "an old token");
        assert!(!first.is_in(&site).await, "the device is signed out");
        let answer = site.check("ada", &ticket, "Zoe").await;
        assert_ne!(answer["error"], "", "the tickets of the device ended: {answer}");
        assert_eq!(
            told(&mut events).len(),
            1,
            "the connections of the account are closed"
        );
    }
}

#[tokio::test]
async fn tokens_that_are_none_open_nothing_and_harm_no_device() {
    let site = site();
    let (mut browser, _) = signed_in(&site, "ada").await;
    let good = browser.cookie.clone().unwrap();
    let (family, turn) = good.split_once('.').unwrap();
    let zeros = "0".repeat(64);
    for strange in [
        String::new(),
        ".".to_owned(),
        family.to_owned(),
        format!("{zeros}.{turn}"),
        format!("{family}.{turn}0"),
        format!("{turn}.{family}"),
        format!("{}.{turn}", family.to_uppercase()),
        "\u{0}".repeat(129),
        "x".repeat(7000),
    ] {
        let mut other = Browser {
            cookie: Some(strange.clone()),
        };
        assert!(!other.is_in(&site).await, "{strange}");
    }
    assert!(browser.is_in(&site).await);
}

#[tokio::test]
async fn guesses_of_tokens_are_limited() {
    let site = site();
    let mut guesser = Browser::default();
    for _ in 0..200 {
        guesser.cookie = Some(format!("{0}.{0}", "ab".repeat(32)));
        let answer = site.http.call(guesser.request("/api/resume", &[])).await;
        if answer.status == 429 {
            return;
        }
    }
    panic!("an address can guess without end");
}

#[tokio::test]
async fn pages_of_other_sites_cannot_use_a_cookie() {
    let site = site();
    let (mut browser, _) = signed_in(&site, "ada").await;
    for path in ["/api/resume", "/api/sign-out", "/api/confirm", "/api/sign-in"] {
        let fields = [("account", "ada"), ("password", PASSWORD), ("stay", "true")];
        let request = HttpRequest {
            is_cross_site: true,
            ..browser.request(path, &fields)
        };
        let answer = site.http.call(request).await;
        assert_eq!(header(&answer, "set-cookie"), None, "{path}");
        assert!(
            object(&answer)["error"]
                .as_str()
                .unwrap()
                .contains("another site"),
            "{path}"
        );
    }
    assert!(browser.is_in(&site).await);
}

#[tokio::test]
async fn over_https_the_cookie_stays_there() {
    let site = site();
    let fields = [("account", "ada"), ("password", PASSWORD), ("stay", "true")];
    let request = HttpRequest {
        is_https: true,
        ..post("/api/sign-in", "", &fields)
    };
    let answer = site.http.call(request).await;
    let cookie = header(&answer, "set-cookie").unwrap().to_owned();
    assert!(
        cookie.starts_with("__Host-fchatd_device=") && cookie.ends_with("; SameSite=Strict; Secure"),
        "{cookie}"
    );
    let pair = cookie.split(';').next().unwrap();
    let resume = |cookie: String, is_https| HttpRequest {
        cookie: Some(cookie),
        is_https,
        ..post("/api/resume", "", &[])
    };
    let plain = resume(pair.replace("__Host-", ""), true);
    assert_ne!(object(&site.http.call(plain).await)["error"], "");
    let good = resume(pair.to_owned(), true);
    assert_eq!(object(&site.http.call(good).await)["error"], "");
}

#[tokio::test]
async fn devices_are_listed_and_signed_out() {
    let (site, mut events) = site_with_events();
    let (mut desk, answer) = signed_in(&site, "ada").await;
    let ticket = answer["ticket"].as_str().unwrap().to_owned();
    site.advance(5);
    let (mut phone, _) = signed_in(&site, "ada").await;
    let (mut bobs, _) = signed_in(&site, "bob").await;
    let own = [("account", "ada"), ("ticket", ticket.as_str())];
    let list = async || {
        site.post("/api/devices", &own).await["devices"]
            .as_array()
            .unwrap()
            .clone()
    };
    let devices = list().await;
    assert_eq!(devices.len(), 2);
    assert_eq!(devices[0]["name"], "Firefox on Linux");
    assert_eq!(devices[0]["address"], "192.0.2.1");
    assert_eq!(
        (&devices[0]["current"], &devices[1]["current"]),
        (&false.into(), &true.into())
    );

    let revoke = async |more: &[(&str, &str)]| site.post("/api/device-revoke", &[&own, more].concat()).await;
    for strange in ["0", "-1", "99", "x", ""] {
        assert_ne!(revoke(&[("id", strange)]).await["error"], "", "{strange}");
    }
    let bobs_list = {
        let answer = bobs.resume(&site).await;
        let own = [("account", "bob"), ("ticket", answer["ticket"].as_str().unwrap())];
        site.post("/api/devices", &own).await["devices"].clone()
    };
    let foreign = bobs_list[0]["id"].to_string();
    assert_ne!(
        revoke(&[("id", &foreign)]).await["error"],
        "",
        "another account's"
    );
    told(&mut events);
    let id = devices[0]["id"].to_string();
    assert_eq!(revoke(&[("id", &id), ("character", "Zoe")]).await["ended"], 1);
    let heard = told(&mut events);
    assert!(
        heard.len() == 1 && heard[0].contains(r#""keep":"Zoe""#),
        "{heard:?}"
    );
    assert!(!phone.is_in(&site).await);
    assert!(desk.is_in(&site).await && bobs.is_in(&site).await);

    signed_in(&site, "ada").await;
    assert_eq!(revoke(&[("others", "true")]).await["ended"], 1);
    assert_eq!(list().await.len(), 1);
    assert!(desk.is_in(&site).await);

    let fields = [("others", "false")];
    assert_ne!(revoke(&fields).await["error"], "");
    assert_eq!(desk.ask(&site, "/api/sign-out", &[]).await["error"], "");
    assert_eq!(desk.cookie, None);
    let answer = site.post("/api/devices", &own).await;
    assert_eq!(answer["error"], "Invalid ticket.", "its tickets ended");
}

#[tokio::test]
async fn passwords_bans_and_deletion_sign_devices_out() {
    let mut site = site();
    let (mut browser, _) = signed_in(&site, "ada").await;
    let fields = [
        ("account", "ada"),
        ("password", PASSWORD),
        ("new_password", "another password"),
    ];
    assert_eq!(site.post("/api/password", &fields).await["error"], "");
    assert!(!browser.is_in(&site).await);

    site.desk.reset_password("ada", &Secret::new(PASSWORD)).unwrap();
    let (mut browser, _) = signed_in(&site, "ada").await;
    site.desk.reset_password("ada", &Secret::new(PASSWORD)).unwrap();
    assert!(!browser.is_in(&site).await);

    let (mut browser, _) = signed_in(&site, "ada").await;
    site.desk.ban("ada", Some(60), "spam").unwrap();
    assert!(!browser.is_in(&site).await);
    site.desk.unban("ada").unwrap();
    assert!(!browser.is_in(&site).await);

    let (mut browser, _) = signed_in(&site, "ada").await;
    site.desk.delete_account_of("ada").unwrap();
    assert!(!browser.is_in(&site).await);
}

#[tokio::test]
async fn devices_are_bounded_in_number() {
    let site = site_with(|settings| AccountSettings {
        devices_per_account: 3,
        ..settings
    });
    let mut browsers = Vec::new();
    for _ in 0..4 {
        site.advance(1);
        browsers.push(signed_in(&site, "ada").await.0);
    }
    let mut are_in = Vec::new();
    for browser in &mut browsers {
        are_in.push(browser.is_in(&site).await);
    }
    assert_eq!(are_in, [false, true, true, true], "the least recently used went");
}

#[tokio::test]
async fn another_log_in_takes_the_place_of_the_device() {
    let (site, _events) = site_with_events();
    let (mut browser, _) = signed_in(&site, "ada").await;
    let mut old = browser.clone();
    let fields = [("account", "bob"), ("password", PASSWORD)];
    assert_eq!(browser.ask(&site, "/api/sign-in", &fields).await["error"], "");
    assert_eq!(browser.cookie, None);
    assert!(!old.is_in(&site).await);
}

#[tokio::test]
async fn it_can_be_switched_off() {
    let site = site();
    let (mut browser, _) = signed_in(&site, "ada").await;
    let off = AccountSettings {
        device_idle: 0,
        ..crate::support::cheap(&site.time)
    };
    site.service.configure(&off);
    assert!(!browser.is_in(&site).await);
    let fields = [("account", "ada"), ("password", PASSWORD), ("stay", "true")];
    let answer = browser.ask(&site, "/api/sign-in", &fields).await;
    assert!(
        answer["error"].as_str().unwrap().contains("switched off"),
        "{answer}"
    );
}
