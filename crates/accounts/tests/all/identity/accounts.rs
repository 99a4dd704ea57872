//! Accounts of people who sign in through the provider: making, linking, unlinking, and the rules that hold for all accounts.

use fchatd_accounts::{AccountHttp, Registration, Secret};
use serde_json::json;

use super::scene;
use crate::support::PASSWORD;

#[tokio::test]
async fn a_person_makes_an_account_and_comes_back_without_a_password() {
    let scene = scene(Registration::Open).await;
    let browser = scene.begin().await;
    browser.come_back().await;
    let choice = browser.step("finish", &[]).await;
    assert_eq!(
        choice,
        json!({ "error": "", "done": "choose", "label": "ada@example.org", "suggestion": "Ada Lvelace", "registration": "open" })
    );
    assert_eq!(
        browser.step("finish", &[]).await,
        choice,
        "a page that is loaded again goes on"
    );
    for (name, words) in [
        ("ada", "already taken"),
        ("x", "3 to 40"),
        ("", "missing"),
        ("a<b>", "letters A to Z"),
    ] {
        let error = browser.refusal("register", &[("account", name)]).await;
        assert!(error.contains(words), "{name}: {error}");
    }
    let made = browser.step("register", &[("account", "grace")]).await;
    assert_eq!(
        (&made["done"], &made["account"]),
        (&json!("signed-in"), &json!("grace"))
    );
    let again = scene.arrive().await;
    assert_eq!(
        (&again["done"], &again["account"]),
        (&json!("signed-in"), &json!("grace"))
    );
    let account = "grace".to_owned();
    let ticket = again["ticket"].as_str().unwrap();
    let own = [("account", account.as_str()), ("ticket", ticket)];
    let all = scene.post("/api/sign-ins", &own).await;
    assert_eq!(all["password"], false);
    assert_eq!(all["identities"][0]["label"], "ada@example.org");
    // An empty hash is no password, and tells nothing else than a wrong one.
    for password in [" ", "correct horse", "x"] {
        let fields = [("account", account.as_str()), ("password", password)];
        assert_eq!(
            scene.error("/json/getApiTicket.php", &fields).await,
            "Password mismatch."
        );
    }
    let used = browser.refusal("register", &[("account", "second")]).await;
    assert!(used.contains("begin again"), "the flow is over: {used}");
}

#[tokio::test]
async fn registration_keeps_its_rules() {
    let mut scene = scene(Registration::Closed).await;
    let browser = scene.begin().await;
    browser.come_back().await;
    assert_eq!(browser.step("finish", &[]).await["registration"], "closed");
    let error = browser.refusal("register", &[("account", "grace")]).await;
    assert!(error.contains("by the operator of this site only"), "{error}");

    let with = |http: &AccountHttp, settings| http.clone().with_identities(settings);
    scene.http = with(&scene.http, scene.provider.settings(Registration::Invitation));
    let (_, code) = scene.site.desk.invite(1, None, "").unwrap();
    for (code, account, words) in [
        ("", "grace", "invitation code is not valid"),
        ("AAAA-AAAA", "ada", "invitation code is not valid"),
        (code.reveal(), "ada", "already taken"),
        (code.reveal(), "grace", ""),
        (code.reveal(), "second", "begin again"),
    ] {
        let browser = scene.begin().await;
        browser.come_back().await;
        let fields = [("account", account), ("invitation", code)];
        if account == "second" {
            // The identity has its account by now, and the code is used up.
            scene.provider.plan().subject = "subject 2";
            let error = browser.refusal("register", &fields).await;
            assert!(error.contains("invitation code is not valid"), "{error}");
            continue;
        }
        let answer = browser.step("register", &fields).await;
        let error = answer["error"].as_str().unwrap();
        assert!(
            error.contains(words) && (words.is_empty() == error.is_empty()),
            "{error}"
        );
    }

    scene.http = with(&scene.http, scene.provider.settings(Registration::Open));
    scene.site.service.pause_registration(true);
    scene.provider.plan().subject = "subject 3";
    let browser = scene.begin().await;
    browser.come_back().await;
    assert_eq!(browser.step("finish", &[]).await["registration"], "paused");
    let answer = browser.step("register", &[("account", "third")]).await;
    assert!(answer["error"].as_str().unwrap().contains("paused"), "{answer}");
}

#[tokio::test]
async fn an_account_that_exists_is_linked_after_its_password_only() {
    let scene = scene(Registration::Closed).await;
    let browser = scene.begin().await;
    browser.come_back().await;
    assert_eq!(browser.step("finish", &[]).await["done"], "choose");
    let wrong = [("account", "ada"), ("password", "wrong horse")];
    assert_eq!(browser.refusal("connect", &wrong).await, "Password mismatch.");
    let right = [("account", "ADA"), ("password", PASSWORD)];
    let answer = browser.step("connect", &right).await;
    assert_eq!(
        (&answer["done"], &answer["account"]),
        (&json!("signed-in"), &json!("ada"))
    );
    assert_eq!(scene.arrive().await["account"], "ada");
    // The same address of a letter box at the provider, and another person: no link.
    scene.provider.plan().subject = "subject 2";
    assert_eq!(scene.arrive().await["done"], "choose");
}

#[tokio::test]
async fn owners_link_and_unlink_with_their_password() {
    let mut scene = scene(Registration::Open).await;
    let ticket = scene.site.ticket().await;
    let own = [("account", "ada"), ("ticket", ticket.as_str())];
    let with = |password: &'static str| [own[0], own[1], ("password", password)];
    let error = scene.error("/api/oidc-link", &own).await;
    assert_eq!(error, "Please enter the password of the account.");
    assert_eq!(
        scene.error("/api/oidc-link", &with("wrong horse")).await,
        "Password mismatch."
    );
    let browser = scene.begin_at("/api/oidc-link", &with(PASSWORD)).await.unwrap();
    browser.come_back().await;
    assert_eq!(browser.step("finish", &[]).await["done"], "linked");
    let all = scene.post("/api/sign-ins", &own).await;
    assert_eq!(
        (
            all["password"].as_bool(),
            all["identities"].as_array().unwrap().len()
        ),
        (Some(true), 1)
    );
    // It is another account's now.
    scene
        .site
        .desk
        .add_account("eve", &Secret::new(PASSWORD), false)
        .unwrap();
    let browser = scene.begin_at("/api/oidc-start", &[]).await.unwrap();
    browser.come_back().await;
    assert_eq!(browser.step("finish", &[]).await["account"], "ada");
    let eve = scene.site.person("eve").await;
    let fields = [
        ("account", "eve"),
        ("ticket", eve.ticket.as_str()),
        ("password", PASSWORD),
    ];
    let browser = scene.begin_at("/api/oidc-link", &fields).await.unwrap();
    browser.come_back().await;
    assert!(
        browser
            .refusal("finish", &[])
            .await
            .contains("belongs to another account")
    );

    let number = all["identities"][0]["id"].to_string();
    let remove = |password| [own[0], own[1], ("password", password), ("id", number.as_str())];
    let stolen = [fields[0], fields[1], fields[2], ("id", number.as_str())];
    assert!(
        scene
            .error("/api/identity-remove", &stolen)
            .await
            .contains("has none of this number")
    );
    assert_eq!(
        scene.error("/api/identity-remove", &remove("wrong horse")).await,
        "Password mismatch."
    );
    assert_eq!(
        scene.post("/api/identity-remove", &remove(PASSWORD)).await["error"],
        ""
    );
    assert_eq!(scene.arrive().await["done"], "choose");
}

#[tokio::test]
async fn an_account_has_a_bounded_number_of_identities() {
    let scene = scene(Registration::Open).await;
    let ticket = scene.site.ticket().await;
    let fields = [
        ("account", "ada"),
        ("ticket", ticket.as_str()),
        ("password", PASSWORD),
    ];
    const SUBJECTS: [&str; 11] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"];
    for (place, subject) in SUBJECTS.into_iter().enumerate() {
        scene.provider.plan().subject = subject;
        let browser = scene.begin_at("/api/oidc-link", &fields).await.unwrap();
        browser.come_back().await;
        let answer = browser.step("finish", &[]).await;
        assert_eq!(answer["error"] == "", place < 10, "{place}: {answer}");
    }
}

#[tokio::test]
async fn the_first_password_needs_a_fresh_log_in() {
    let mut scene = scene(Registration::Open).await;
    let ticket = scene.registered("grace").await;
    let own = [("account", "grace"), ("ticket", ticket.as_str())];
    let new = [own[0], own[1], ("new_password", "a new battery")];
    let number = scene.post("/api/sign-ins", &own).await["identities"][0]["id"].to_string();
    let last = scene
        .error("/api/identity-remove", &[own[0], own[1], ("id", &number)])
        .await;
    assert_eq!(
        last,
        "This is the only way to sign in to this account. Please set a password first."
    );
    let operator = scene
        .site
        .desk
        .unlink_identity_of("grace", number.parse().unwrap());
    assert!(
        operator
            .unwrap_err()
            .to_string()
            .contains("the only way to sign in")
    );
    // The ticket is renewed, and stays as old as the log-in.
    scene.site.advance(601);
    let renewed = scene.post("/api/renew", &own).await["ticket"]
        .as_str()
        .unwrap()
        .to_owned();
    for ticket in [ticket.as_str(), renewed.as_str()] {
        let late = [own[0], ("ticket", ticket), new[2]];
        assert!(
            scene
                .error("/api/password-set", &late)
                .await
                .contains("sign in again")
        );
    }
    scene.provider.plan().now += 601;
    let fresh = scene.arrive().await["ticket"].as_str().unwrap().to_owned();
    let short = [own[0], ("ticket", fresh.as_str()), ("new_password", "short")];
    assert!(
        scene
            .error("/api/password-set", &short)
            .await
            .contains("at least 8 characters")
    );
    let good = [own[0], ("ticket", fresh.as_str()), new[2]];
    assert_eq!(scene.post("/api/password-set", &good).await["error"], "");
    let fields = [("account", "grace"), ("password", "a new battery")];
    let ticket = scene.post("/json/getApiTicket.php", &fields).await["ticket"]
        .as_str()
        .unwrap()
        .to_owned();
    let again = [own[0], ("ticket", ticket.as_str()), new[2]];
    let error = scene.error("/api/password-set", &again).await;
    assert_eq!(error, "Please enter the password of the account.");
}

#[tokio::test]
async fn bans_deletion_and_the_export_hold_for_identities() {
    let mut scene = scene(Registration::Open).await;
    let ticket = scene.registered("grace").await;
    let own = [("account", "grace"), ("ticket", ticket.as_str())];
    let export = scene.post("/api/me/export", &own).await;
    assert_eq!(export["identities"][0]["label"], "ada@example.org");
    assert_eq!(export["identities"][0]["issuer"], scene.provider.base.as_str());
    scene.site.desk.ban("grace", None, "Spam").unwrap();
    let browser = scene.begin().await;
    browser.come_back().await;
    let error = browser.refusal("finish", &[]).await;
    assert!(error.contains("banned") && error.contains("Spam"), "{error}");
    let error = browser.refusal("register", &[("account", "grace2")]).await;
    assert!(
        error.contains("belongs to another account"),
        "a ban is not left behind by a new account: {error}"
    );
    scene.site.desk.delete_account_of("grace").unwrap();
    assert_eq!(scene.arrive().await["done"], "choose");
}
