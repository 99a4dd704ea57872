//! The login check of `IDN`, embedded and open.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::support::{PASSWORD, START, answer, call, cheap, genders, get, login, post, site};
use fchatd_accounts::{AccountHttp, AccountService, LoginOutcome, LoginProvider, Profile, Secret};
use fchatd_store::Store;
use serde_json::{Value, json};

const INVALID: &str = "Invalid ticket.";

#[tokio::test]
async fn the_answer_has_the_shape_of_page_4() {
    let mut site = site();
    let profile = Profile {
        gender: Some("Female".to_owned()),
        role: Some("Switch".to_owned()),
        ..Profile::default()
    };
    site.desk.add_character("ada", "Countess", &profile).unwrap();
    let ticket = site.ticket().await;
    let bits = json!({"hellban": 0, "subscribed": 0, "coder": 0, "admin": 1, "moderator": 0, "helpdesk": 0,
                      "chanop": 0, "chatop": 0, "supercop": 0});
    assert_eq!(
        site.check("ADA", &ticket, "countess").await,
        json!({"error": "", "account": {"account_id": 1, "admin": "1", "banned": 0, "timeout": 0,
                           "created_at": START},
               "char": {"character_id": 4, "name": "Countess"}, "permissions": 1,
               "select": {"Gender": "Female", "Dom/Sub Role": "Switch"}, "info": {}, "custom": {}, "friends": [], "ignores": [], "bits": bits})
    );
    assert_eq!(
        site.check("ada", &ticket, "Zoe").await["select"],
        json!({"Gender": "None"})
    );
}

#[tokio::test]
async fn a_ticket_is_good_for_its_account_only_and_must_be_whole() {
    let mut site = site();
    site.desk
        .add_account("bob", &Secret::new(PASSWORD), false)
        .unwrap();
    site.desk
        .add_character("bob", "Bob", &Profile::default())
        .unwrap();
    let ticket = site.ticket().await;
    let error = |answer: Value| answer["error"].as_str().unwrap().to_owned();
    assert_eq!(
        error(site.check("ada", &ticket, "Bob").await),
        "This account has no character of that name."
    );
    for (account, ticket) in [
        ("bob", ticket.as_str()),
        ("nobody", &ticket),
        ("ada", &ticket[1..]),
        ("ada", ""),
        ("", ""),
    ] {
        assert_eq!(error(site.check(account, ticket, "Bob").await), INVALID);
    }
}

#[tokio::test]
async fn tickets_end_after_thirty_minutes() {
    let site = site();
    let ticket = site.ticket().await;
    site.advance(30 * 60 - 1);
    assert_eq!(site.check("ada", &ticket, "Ada").await["error"], "");
    site.advance(1);
    assert_eq!(
        site.check("ada", &ticket, "Ada").await["error"],
        "Your login ticket has expired (five minutes) or no ticket requested."
    );
    site.ticket().await;
    assert_eq!(site.check("ada", &ticket, "Ada").await["error"], INVALID);
}

#[tokio::test]
async fn eight_tickets_side_by_side() {
    let site = site();
    let mut tickets = Vec::new();
    for _ in 0..9 {
        tickets.push(site.ticket().await);
    }
    assert_eq!(site.check("ada", &tickets[0], "Ada").await["error"], INVALID);
    for ticket in &tickets[1..] {
        assert_eq!(site.check("ada", ticket, "Ada").await["error"], "");
    }
}

#[tokio::test]
async fn a_new_password_ends_the_tickets() {
    let mut site = site();
    let ticket = site.ticket().await;
    site.desk
        .set_password("ada", &Secret::new("another password"))
        .unwrap();
    assert_eq!(site.check("ada", &ticket, "Ada").await["error"], INVALID);
}

#[tokio::test]
async fn a_banned_account_gets_no_ticket_and_has_none() {
    let mut site = site();
    let ticket = site.ticket().await;
    let ask = async |site: &crate::support::Site| {
        let fields = [("account", "ada"), ("password", PASSWORD)];
        let answer = site.post("/json/getApiTicket.php", &fields).await;
        (
            answer["error"].as_str().unwrap().to_owned(),
            answer.get("ticket").is_some(),
        )
    };
    site.desk.ban("ADA", Some(3 * 86_400), "spam").unwrap();
    assert_eq!(site.check("ada", &ticket, "Ada").await["error"], INVALID);
    let told = "This account is banned for another 3 days. The reason given: spam";
    assert_eq!(ask(&site).await, (told.to_owned(), false));
    let fields = [
        ("account", "ada"),
        ("password", PASSWORD),
        ("new_password", "another password"),
    ];
    let answer = site.post("/api/password", &fields).await;
    assert_eq!(answer, json!({ "error": told }), "it would come with a ticket");
    let wrong = [("account", "ada"), ("password", "wrong password")];
    assert_eq!(
        site.post("/json/getApiTicket.php", &wrong).await["error"],
        "Password mismatch."
    );
    site.advance(3 * 86_400);
    assert_eq!(ask(&site).await, (String::new(), true));
    site.desk.ban("ada", None, "").unwrap();
    assert_eq!(ask(&site).await, ("This account is banned.".to_owned(), false));
    site.desk.unban("ada").unwrap();
    assert_eq!(ask(&site).await, (String::new(), true));
}

#[tokio::test]
async fn ten_thousand_checks_at_once_are_answered_or_told_to_come_back() {
    let site = site();
    let ticket = site.ticket().await;
    let checks: Vec<_> = (0..10_000)
        .map(|_| {
            let (service, check) = (site.service.clone(), login("ada", &ticket, "Ada"));
            tokio::spawn(async move { service.check_login(check).await })
        })
        .collect();
    let mut failed = 0;
    for check in checks {
        match check.await.unwrap() {
            LoginOutcome::Failed => failed += 1,
            outcome => assert_eq!(answer(outcome)["error"], ""),
        }
    }
    assert!(
        failed <= 10_000 - 256,
        "the queue is full of those who are let in"
    );
    assert_eq!(site.service.counters().busy(), failed);
    assert_eq!(site.check("ada", &ticket, "Ada").await["error"], "");
}

#[tokio::test]
async fn a_broken_store_is_a_failure_not_a_refusal() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let service = AccountService::start(&store, cheap(&Arc::new(AtomicU64::new(START)))).unwrap();
    for name in ["fchatd.sqlite", "fchatd.sqlite-wal"] {
        let file = folder.path().join(name);
        let bytes = fs::read(&file).unwrap_or_default();
        fs::write(file, vec![0xa5; bytes.len()]).unwrap();
    }
    assert_eq!(
        answer(service.check_login(login("ada", "x", "Ada")).await),
        Value::Null
    );
}

#[tokio::test]
async fn the_check_can_move_between_threads() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let provider = LoginProvider::Open;
    let checked = is_send(provider.check(login("ada", "x", "Ada"))).await;
    assert_eq!(answer(checked)["error"], "");
}

#[tokio::test]
async fn open_lets_everybody_in_under_stable_numbers() {
    let check = async |account: &str, character: &str| {
        answer(
            LoginProvider::Open
                .check(login(account, "whatever", character))
                .await,
        )
    };
    let first = check("Tester", "Some Bot").await;
    assert_eq!(
        (&first["error"], &first["char"]["name"]),
        (&json!(""), &json!("Some Bot"))
    );
    assert_eq!(first["account"]["admin"], "0");
    assert_eq!(first["select"]["Gender"], "None");
    let again = check("tESTER", "some bot").await;
    assert_eq!(first["account"], again["account"]);
    assert_eq!(first["char"]["character_id"], again["char"]["character_id"]);
    assert_ne!(
        first["account"]["account_id"],
        check("other", "Some Bot").await["account"]["account_id"]
    );
    // Fixed, because bots and recordings may rely on it.
    assert_eq!(first["account"]["account_id"], 1_654_136_054);
    assert_eq!(first["char"]["character_id"], 863_017_615);
    assert_eq!(check("Admin", "Boss").await["account"]["admin"], "1");
    for (account, character) in [
        ("", "x"),
        ("x", ""),
        ("x", "a\nb"),
        ("x", " "),
        ("x", &"y".repeat(65)),
    ] {
        assert_ne!(
            check(account, character).await["error"],
            "",
            "{account:?} {character:?}"
        );
    }
}

#[tokio::test]
async fn open_http_takes_any_password() {
    let http = AccountHttp::new(LoginProvider::Open, genders(), crate::support::catalogue());
    let fields = [("account", "Tester"), ("password", "x")];
    let told = call(&http, post("/json/getApiTicket.php", "", &fields)).await;
    assert_eq!(
        (&told["error"], &told["characters"]),
        (&json!(""), &json!(["Tester"]))
    );
    assert_eq!(told["default_character"], "Tester");
    let told = call(
        &http,
        post("/json/getApiTicket.php", "new_character_list=true", &fields),
    )
    .await;
    assert_eq!(told["characters"]["Tester"], told["default_character"]);
    let told = call(&http, get("/api/site", "")).await;
    assert_eq!(
        (&told["accounts"], &told["registration"]),
        (&json!("open"), &json!("closed"))
    );
    let told = call(
        &http,
        post("/api/characters", "", &[("account", "Tester"), ("ticket", "x")]),
    )
    .await;
    assert_eq!(told["characters"][0]["name"], "Tester");
    assert_eq!(call(&http, post("/api/renew", "", &fields)).await["error"], "");
    for path in ["/api/register", "/api/character-create"] {
        assert_ne!(call(&http, post(path, "", &fields)).await["error"], "");
    }
}
