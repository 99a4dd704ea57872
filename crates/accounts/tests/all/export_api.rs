//! The export of an account's data: its content, its limits, and the data of others that it must not hold.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use crate::support::{PASSWORD, START, call, changed_site_with_events, get, header, post, site_with_events};
use fchatd_accounts::AccountSettings;
use fchatd_edge::http::{HttpRequest, HttpService};
use serde_json::{Value, json};

const EXPORT: &str = "/api/me/export";

#[tokio::test]
async fn an_export_has_all_that_an_account_has() {
    let (site, _events) = site_with_events();
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    ada.edit(
        "profile-save",
        &[
            ("name", "Zoe"),
            ("title", "The first"),
            ("description", "[b]Hello[/b]"),
        ],
    )
    .await;
    let asked = ada
        .done("request-send", &[("source_name", "Zoe"), ("dest_name", "Bob")])
        .await;
    let request = asked["request"]["id"].to_string();
    bob.done("request-accept", &[("request_id", &request)]).await;
    ada.done("request-send", &[("source_name", "anna"), ("dest_name", "Bob")])
        .await;
    ada.done("bookmark-add", &[("name", "Bob")]).await;
    ada.done(
        "character-memo-save",
        &[("target_name", "Bob"), ("note", "likes tea")],
    )
    .await;
    ada.edit("ignore-add", &[("name", "Rude One")]).await;
    ada.done(
        "report-submit",
        &[
            ("character", "Zoe"),
            ("reportUser", "Rude One"),
            ("reportText", "rude"),
            ("log", "a log"),
        ],
    )
    .await;
    for (from, person, to, text) in [("Zoe", &ada, "Bob", "to Bob"), ("Bob", &bob, "anna", "to anna")] {
        let note = [
            ("source_name", from),
            ("dest_name", to),
            ("title", "A title"),
            ("message", text),
        ];
        person.done("note-send", &note).await;
    }
    let data = ada.ask(EXPORT, &[]).await;
    assert_eq!(data["error"], "", "{data}");
    assert_eq!(
        data["account"],
        json!({ "id": 1, "name": "ada", "created_at": START, "administrator": true, "default_character": "Zoe" })
    );
    let names: Vec<&Value> = data["characters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(names.len(), 3, "{data}");
    let zoe = data["characters"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "Zoe")
        .unwrap();
    assert_eq!(
        (&zoe["title"], &zoe["description"]),
        (&json!("The first"), &json!("[b]Hello[/b]"))
    );
    assert_eq!(zoe["avatar"], "/images/avatar/zoe.png");
    assert_eq!(
        data["friends"],
        json!([{ "character": "Zoe", "friend": "Bob", "since": START }])
    );
    assert_eq!(
        data["friend_requests"],
        json!([{ "source": "anna", "target": "Bob", "created_at": START }])
    );
    assert_eq!(data["bookmarks"], json!(["Bob"]));
    assert_eq!(
        data["memos"],
        json!([{ "character": "Bob", "note": "likes tea" }])
    );
    assert_eq!(data["ignored"], json!(["rude one"]));
    assert_eq!(
        data["reports"],
        json!([{
            "id": 1, "character": "Zoe", "reported": "Rude One", "channel": "", "text": "rude", "log": "a log",
            "created_at": START,
        }])
    );
    let note = |id: i64, which: &str, source: &str, dest: &str, message: &str| {
        json!({
            "id": id, "box": which, "source": source, "dest": dest, "title": "A title", "message": message,
            "created_at": START,
        })
    };
    assert_eq!(
        data["notes"],
        json!([
            note(2, "inbox", "Bob", "anna", "to anna"),
            note(1, "outbox", "Zoe", "Bob", "to Bob")
        ])
    );
    assert_eq!(data["complete"], true);
    let unread = ada.done("note-count", &[]).await;
    assert_eq!(
        unread["unread"], 1,
        "an export reads no note in the person's place"
    );
}

#[tokio::test]
async fn an_export_has_no_secrets_and_nothing_about_reports_of_others() {
    let (site, _events) = site_with_events();
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    bob.done(
        "report-submit",
        &[
            ("character", "Bob"),
            ("reportUser", "Zoe"),
            ("reportText", "of Zoe"),
            ("log", "secret log"),
        ],
    )
    .await;
    bob.done(
        "character-memo-save",
        &[("target_name", "Zoe"), ("note", "a private memo")],
    )
    .await;
    bob.edit("ignore-add", &[("name", "Zoe")]).await;
    let text = ada.ask(EXPORT, &[]).await.to_string();
    for secret in [
        "of Zoe",
        "secret log",
        "a private memo",
        "argon2",
        "192.0.2",
        "Bob",
        ada.ticket.as_str(),
    ] {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
    let own = bob.ask(EXPORT, &[]).await.to_string();
    assert!(
        own.contains("secret log") && own.contains("a private memo"),
        "{own}"
    );
}

#[tokio::test]
async fn an_account_gets_an_export_a_minute_and_an_address_a_few_at_once() {
    let (mut site, _events) = site_with_events();
    let ada = site.ticket().await;
    let ask = |account: &str, ticket: &str, address: [u8; 4]| HttpRequest {
        address: address.into(),
        ..post(EXPORT, "", &[("account", account), ("ticket", ticket)])
    };
    let first = site.http.call(ask("ada", &ada, [192, 0, 2, 1])).await;
    assert_eq!(
        (first.status, header(&first, "access-control-allow-origin")),
        (200, None)
    );
    let second = site.http.call(ask("ada", &ada, [198, 51, 100, 1])).await;
    assert_eq!(
        (second.status, header(&second, "retry-after")),
        (429, Some("60")),
        "from all addresses"
    );
    for number in 1..=4 {
        let name = format!("more{number}");
        let password = fchatd_accounts::Secret::new(PASSWORD);
        site.desk.add_account(&name, &password, false).unwrap();
        let ticket = site.person(&name).await.ticket.clone();
        let answer = site.http.call(ask(&name, &ticket, [192, 0, 2, 1])).await;
        assert_eq!(answer.status, 200, "{name}");
    }
    let bob = site.person("bob").await.ticket.clone();
    let refused = site.http.call(ask("bob", &bob, [192, 0, 2, 1])).await;
    assert_eq!(refused.status, 429, "the address has had its share");
    let elsewhere = site.http.call(ask("bob", &bob, [198, 51, 100, 1])).await;
    assert_eq!(
        elsewhere.status, 200,
        "the refusal did not count against the account"
    );
    site.advance(60);
    let again = site.http.call(ask("ada", &ada, [192, 0, 2, 1])).await;
    assert_eq!(again.status, 200);
}

#[tokio::test]
async fn an_export_is_bounded_and_tells_that_it_is_not_complete() {
    let (site, _events) = changed_site_with_events(|settings| AccountSettings {
        reports_per_account: fchatd_accounts::Limit {
            burst: 100,
            seconds_each: 1,
        },
        ..settings
    });
    let ada = site.person("ada").await;
    let log = "x".repeat(500 * 1024);
    for _ in 0..8 {
        ada.done(
            "report-submit",
            &[("character", "Zoe"), ("reportText", "long"), ("log", &log)],
        )
        .await;
    }
    let data = ada.ask(EXPORT, &[]).await;
    assert_eq!(data["complete"], false);
    assert_eq!(
        data["characters"].as_array().unwrap().len(),
        3,
        "small parts come first"
    );
    assert_eq!(data["reports"].as_array().unwrap().len(), 6);
    assert!(data.to_string().len() <= 3 * 1024 * 1024 + 1024);
}

#[tokio::test]
async fn an_export_works_by_get_and_refuses_bad_tickets() {
    let (site, _events) = site_with_events();
    let ticket = site.ticket().await;
    let answer = call(&site.http, get(EXPORT, "account=ada&ticket=wrong")).await;
    assert_eq!(answer, json!({ "error": "Invalid ticket." }));
    let answer = call(&site.http, get(EXPORT, &format!("account=bob&ticket={ticket}"))).await;
    assert_eq!(answer, json!({ "error": "Invalid ticket." }));
    let answer = call(&site.http, get(EXPORT, &format!("account=ada&ticket={ticket}"))).await;
    assert_eq!(answer["account"]["name"], "ada");
}
