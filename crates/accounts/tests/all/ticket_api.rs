//! `getApiTicket` as existing clients call it.

use std::net::IpAddr;

use crate::support::{PASSWORD, call, get, header, object, post, site, site_with};
use bytes::Bytes;
use fchatd_accounts::{Limit, Secret};
use fchatd_edge::http::{HttpRequest, HttpService};
use serde_json::json;

const PATH: &str = "/json/getApiTicket.php";
const WRONG: &str = "Password mismatch.";

#[tokio::test]
async fn the_plain_shape() {
    let site = site();
    let response = site
        .http
        .call(post(PATH, "", &[("account", "ada"), ("password", PASSWORD)]))
        .await;
    assert_eq!(header(&response, "access-control-allow-origin"), Some("*"));
    let mut answer = object(&response);
    let ticket = answer["ticket"].take();
    assert_eq!(ticket.as_str().unwrap().len(), 64);
    assert_eq!(
        answer,
        json!({"error": "", "ticket": null, "account_id": 1, "characters": ["Ada", "anna", "Zoe"],
               "default_character": "Zoe", "friends": [], "bookmarks": []})
    );
}

#[tokio::test]
async fn the_new_shape_with_flags_in_body_or_query() {
    let site = site();
    let fields = [
        ("account", " Ada "),
        ("password", PASSWORD),
        ("new_character_list", "true"),
        ("no_friends", "true"),
    ];
    let request = post(
        "/json/getApiTicket.json",
        "__fchat=web/3.0.16&no_bookmarks=true&secure",
        &fields,
    );
    let response = site.http.call(request).await;
    let text = String::from_utf8(response.body.to_vec()).unwrap();
    assert!(
        text.contains(r#""characters":{"Ada":3,"anna":2,"Zoe":1},"default_character":1"#),
        "{text}"
    );
    assert!(!text.contains("friends") && !text.contains("bookmarks"), "{text}");
    let request = post(
        PATH,
        "no_characters=true",
        &[("account", "ada"), ("password", PASSWORD)],
    );
    let answer = call(&site.http, request).await;
    assert_eq!((&answer["error"], answer.get("characters")), (&json!(""), None));
    assert!(answer["friends"].is_array());
}

#[tokio::test]
async fn old_clients_use_get() {
    let site = site();
    let query = "account=ada&password=correct+horse&secure=yes&no_friends=true";
    let answer = call(&site.http, get("/json/getApiTicket.json", query)).await;
    assert_eq!(answer["error"], "");
    assert_eq!(answer["characters"], json!(["Ada", "anna", "Zoe"]));
    assert!(answer.get("friends").is_none());
    let shown = format!("{:?}", get("/json/getApiTicket.json", query));
    assert!(!shown.contains("correct"), "{shown}");
}

#[tokio::test]
async fn an_account_without_characters() {
    let mut site = site();
    site.desk
        .add_account("empty", &Secret::new(PASSWORD), false)
        .unwrap();
    let plain = [("account", "empty"), ("password", PASSWORD)];
    let answer = site.post(PATH, &plain).await;
    assert_eq!(
        (&answer["characters"], &answer["default_character"]),
        (&json!([]), &json!(""))
    );
    let answer = call(&site.http, post(PATH, "new_character_list=true", &plain)).await;
    assert_eq!(
        (&answer["characters"], &answer["default_character"]),
        (&json!({}), &json!(0))
    );
}

#[tokio::test]
async fn wrong_password_and_unknown_account_look_the_same() {
    let site = site();
    let long = "x".repeat(256);
    for (account, password) in [
        ("ada", "wrong password"),
        ("nobody", PASSWORD),
        ("ada' OR '1'='1", PASSWORD),
        ("Ädä", PASSWORD),
        ("ada", &long),
    ] {
        let answer = site
            .post(PATH, &[("account", account), ("password", password)])
            .await;
        assert_eq!(answer, json!({"error": WRONG}));
    }
    assert_eq!(site.service.counters().wrong_passwords(), 5);
    assert_eq!(site.service.counters().tickets(), 0);
}

#[tokio::test]
async fn improper_requests_get_a_sentence() {
    let site = site();
    let fields = [("account", "ada"), ("password", PASSWORD)];
    let error = |answer: serde_json::Value| answer["error"].as_str().unwrap().to_owned();

    let request = HttpRequest {
        method: "DELETE".to_owned(),
        ..get(PATH, &format!("account=ada&password={PASSWORD}"))
    };
    assert!(error(call(&site.http, request).await).contains("use POST"));
    let request = HttpRequest {
        content_type: Some("application/json".to_owned()),
        ..post(PATH, "", &fields)
    };
    assert!(error(call(&site.http, request).await).contains("form-encoded"));
    let request = HttpRequest {
        content_type: None,
        ..post(PATH, "", &fields)
    };
    assert!(error(call(&site.http, request).await).contains("form-encoded"));
    let request = post(PATH, "password=secret", &fields[..1]);
    assert!(error(call(&site.http, request).await).contains("\"password\" is missing"));
    let request = HttpRequest {
        content_type: None,
        body: Bytes::new(),
        ..post(PATH, "", &[])
    };
    assert!(error(call(&site.http, request).await).contains("\"account\" is missing"));
    let long = "x".repeat(257);
    assert!(error(site.post(PATH, &[("account", &long), ("password", "x")]).await).contains("too long"));
    let request = HttpRequest {
        body: Bytes::from_static(b"\xff\x00%zz&=&&account"),
        ..post(PATH, "", &[])
    };
    assert!(error(call(&site.http, request).await).contains("missing"));
}

#[tokio::test]
async fn a_browser_may_ask_first() {
    let site = site();
    let request = HttpRequest {
        method: "OPTIONS".to_owned(),
        ..get(PATH, "")
    };
    let response = site.http.call(request).await;
    assert_eq!((response.status, response.body.len()), (204, 0));
    assert_eq!(header(&response, "access-control-allow-origin"), Some("*"));
    assert_eq!(
        header(&response, "access-control-allow-methods"),
        Some("GET, POST, OPTIONS")
    );
}

#[tokio::test]
async fn other_paths_are_not_ours() {
    let site = site();
    for path in ["/other", "/api/", "/api/sites", "/JSON/getApiTicket.php"] {
        assert!(site.http.route(&get(path, "")).is_none(), "{path}");
        assert_eq!(site.http.call(get(path, "")).await.status, 404);
    }
    assert!(site.http.route(&get(PATH, "")).is_some());
    for path in [
        "/json/api/nothing.php",
        "/json/api/friend-list",
        "/json/",
        "/images/eicon/smile.gif",
        "/images/charimage/1.png",
        "/images/avatar/ada.gif",
    ] {
        assert_eq!(site.http.call(get(path, "")).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn guessing_is_slowed_down_by_address_and_by_account() {
    let site = site_with(|settings| fchatd_accounts::AccountSettings {
        wrong_passwords_per_address: Limit {
            burst: 3,
            seconds_each: 30,
        },
        wrong_passwords_per_account: Limit {
            burst: 4,
            seconds_each: 600,
        },
        ..settings
    });
    let guess = |address: [u8; 4], password: &'static str| {
        let request = post(PATH, "", &[("account", "ada"), ("password", password)]);
        call(
            &site.http,
            HttpRequest {
                address: IpAddr::from(address),
                ..request
            },
        )
    };
    for _ in 0..5 {
        assert_eq!(
            guess([10, 0, 0, 1], PASSWORD).await["error"],
            "",
            "right passwords are not counted"
        );
    }
    for _ in 0..3 {
        assert_eq!(guess([10, 0, 0, 2], "guess guess").await["error"], WRONG);
    }
    let told = guess([10, 0, 0, 2], PASSWORD).await;
    assert_eq!(
        told,
        json!({"error": "Too many attempts. Please try again in 30 seconds."})
    );
    assert_eq!(guess([10, 0, 0, 3], "guess guess").await["error"], WRONG);
    let told = guess([10, 0, 0, 4], PASSWORD).await;
    assert_eq!(
        told,
        json!({"error": "Too many attempts. Please try again in 10 minutes."})
    );
    assert_eq!(
        guess([10, 0, 0, 1], PASSWORD).await["error"],
        "",
        "the owner's own address still gets in"
    );
    assert_eq!(site.service.counters().limited(), 2);
    site.advance(600);
    assert_eq!(guess([10, 0, 0, 2], PASSWORD).await["error"], "");
}

#[tokio::test]
async fn nothing_secret_in_debug() {
    let site = site();
    let shown = format!("{:?}", crate::support::login("ada", "the-ticket", "Ada"));
    assert!(shown.contains("ada") && !shown.contains("the-ticket"), "{shown}");
    let grant = site
        .service
        .ticket("ada".to_owned(), Secret::new(PASSWORD), [192, 0, 2, 1].into())
        .await
        .unwrap();
    let shown = format!("{grant:?}");
    assert!(!shown.contains(grant.ticket.reveal()), "{shown}");
}
