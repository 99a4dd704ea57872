//! `/api/*` for the built-in page, and the desk for the command line.

use crate::support::{PASSWORD, call, get, header, object, site, site_with};
use fchatd_accounts::{AccountError, AccountSettings, Limit, Profile, Quotas, Registration, Secret};
use fchatd_edge::http::HttpService;
use serde_json::json;

#[tokio::test]
async fn the_site_tells_what_it_offers() {
    let site = site();
    let response = site.http.call(get("/api/site", "")).await;
    assert_eq!(header(&response, "access-control-allow-origin"), None);
    assert_eq!(
        object(&response),
        json!({"error": "", "accounts": "embedded", "registration": "open", "stay_signed_in": 2_592_000, "genders": ["None", "Male", "Female"]})
    );
    assert_ne!(site.post("/api/site", &[]).await["error"], "");
    assert_ne!(
        call(&site.http, get("/api/characters", "account=ada")).await["error"],
        ""
    );
    let closed = site_with(|settings| AccountSettings {
        registration: Registration::Closed,
        ..settings
    });
    assert_eq!(
        call(&closed.http, get("/api/site", "")).await["registration"],
        "closed"
    );
    let told = closed
        .post("/api/register", &[("account", "bob"), ("password", PASSWORD)])
        .await;
    assert_eq!(told["error"], AccountError::RegistrationClosed.to_string());
}

#[tokio::test]
async fn from_registration_to_login() {
    let site = site();
    let told = site
        .post("/api/register", &[("account", "Bob"), ("password", PASSWORD)])
        .await;
    assert_eq!(told, json!({"error": "", "account_id": 2}));
    let told = site
        .post(
            "/json/getApiTicket.php",
            &[("account", "bob"), ("password", PASSWORD)],
        )
        .await;
    let ticket = told["ticket"].as_str().unwrap();
    let fields = [
        ("account", "bob"),
        ("ticket", ticket),
        ("name", "Bobby Tables"),
        ("gender", "Male"),
        ("role", ""),
    ];
    let told = site.post("/api/character-create", &fields).await;
    assert_eq!(
        told,
        json!({"error": "", "character_id": 4, "name": "Bobby Tables"})
    );
    let told = site.post("/api/characters", &fields[..2]).await;
    assert_eq!(
        told,
        json!({"error": "", "default_character": "Bobby Tables",
               "characters": [{"character_id": 4, "name": "Bobby Tables", "gender": "Male"}]})
    );
    let told = site.check("bob", ticket, "Bobby Tables").await;
    assert_eq!(
        (&told["account"]["admin"], &told["select"]),
        (&json!("0"), &json!({"Gender": "Male"}))
    );
    assert_eq!(site.service.counters().registrations(), 1);
}

#[tokio::test]
async fn registration_refuses_with_reasons() {
    let site = site();
    for (account, password, part) in [
        ("aDA", PASSWORD, "already taken"),
        ("bo", PASSWORD, "3 to 40"),
        ("bob@home", PASSWORD, "letters A to Z"),
        ("b\u{43e}b", PASSWORD, "letters A to Z"),
        ("bob", "short", "at least 8"),
        ("bob", "", "missing"),
        ("bob", &"x".repeat(257), "too long"),
    ] {
        let told = site
            .post("/api/register", &[("account", account), ("password", password)])
            .await;
        assert!(
            told["error"].as_str().unwrap().contains(part),
            "{account}: {told}"
        );
    }
}

#[tokio::test]
async fn registrations_are_limited_by_address() {
    let site = site_with(|settings| AccountSettings {
        registrations_per_address: Limit {
            burst: 2,
            seconds_each: 600,
        },
        ..settings
    });
    for (account, fine) in [("bob", true), ("ada", false), ("carl", true), ("dora", false)] {
        let told = site
            .post("/api/register", &[("account", account), ("password", PASSWORD)])
            .await;
        assert_eq!(told["error"] == "", fine, "{account}: {told}");
    }
    assert_eq!(site.service.counters().limited(), 1);
    site.advance(600);
    let told = site
        .post("/api/register", &[("account", "dora"), ("password", PASSWORD)])
        .await;
    assert_eq!(told["error"], "");
}

#[tokio::test]
async fn character_creation_refuses_with_reasons() {
    let site = site_with(|settings| AccountSettings {
        quotas: Quotas {
            characters: 4,
            ..Quotas::default()
        },
        ..settings
    });
    let ticket = site.ticket().await;
    let create = async |ticket: &str, name: &str, more: &[(&str, &str)]| {
        let mut fields = vec![("account", "ada"), ("ticket", ticket), ("name", name)];
        fields.extend_from_slice(more);
        site.post("/api/character-create", &fields).await["error"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let gender = ("gender", "None");
    let long = "x".repeat(65);
    assert_eq!(create("wrong", "Eve", &[gender]).await, "Invalid ticket.");
    for (name, more, part) in [
        ("ADA", [gender, ("role", "")], "already taken"),
        ("ADH-x", [gender, ("role", "")], "reserved"),
        ("\u{395}ve", [gender, ("role", "")], "letters A to Z"),
        ("", [gender, ("role", "")], "\"name\" is missing"),
        ("Eve", [("gender", ""), ("role", "")], "\"gender\" is missing"),
        ("Eve", [("gender", "Other"), ("role", "")], "None, Male, Female"),
        ("Eve", [gender, ("role", &long)], "single line"),
        ("Eve", [gender, ("position", "a\nb")], "single line"),
    ] {
        let error = create(&ticket, name, &more).await;
        assert!(error.contains(part), "{name:?} {more:?}: {error}");
    }
    assert_eq!(create(&ticket, "Eve", &[gender]).await, "");
    assert_eq!(
        create(&ticket, "Fay", &[gender]).await,
        "An account can have at most 4 characters."
    );
}

#[tokio::test]
async fn renewing_keeps_the_old_ticket() {
    let site = site();
    let old = site.ticket().await;
    site.advance(1000);
    let told = site
        .post("/api/renew", &[("account", "ada"), ("ticket", &old)])
        .await;
    let new = told["ticket"].as_str().unwrap();
    assert_ne!(old, new);
    assert_eq!(site.check("ada", &old, "Ada").await["error"], "");
    site.advance(800);
    assert_ne!(site.check("ada", &old, "Ada").await["error"], "");
    assert_eq!(site.check("ada", new, "Ada").await["error"], "");
    let told = site
        .post("/api/renew", &[("account", "ada"), ("ticket", &old)])
        .await;
    assert_eq!(
        told["error"],
        "Your login ticket has expired (five minutes) or no ticket requested."
    );
}

#[test]
fn the_desk_serves_the_command_line() {
    let mut site = site();
    let password = Secret::new(PASSWORD);
    site.desk.add_account("bob", &password, false).unwrap();
    assert!(matches!(
        site.desk.add_account("BOB", &password, false),
        Err(AccountError::AccountNameTaken)
    ));
    let names: Vec<_> = site
        .desk
        .list_accounts()
        .unwrap()
        .into_iter()
        .map(|one| (one.name, one.admin))
        .collect();
    assert_eq!(names, [("ada".to_owned(), true), ("bob".to_owned(), false)]);
    site.desk.set_admin("Bob", true).unwrap();
    assert!(site.desk.list_accounts().unwrap()[1].admin);
    let nobody = site.desk.add_character("nobody", "Eve", &Profile::default());
    assert!(matches!(nobody, Err(AccountError::NoSuchAccount)));
    assert_eq!(site.desk.list_characters("ada").unwrap().characters.len(), 3);
}
