//! Changes that cannot be taken back: deleting characters and accounts, and new passwords.

use crate::support::{PASSWORD, site_with_events, told};
use fchatd_accounts::Profile;
use serde_json::json;

#[tokio::test]
async fn deleted_data_is_gone() {
    let (site, mut events) = site_with_events();
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    let secret = "a very particular sentence";
    bob.edit("profile-save", &[("name", "Bob"), ("description", secret)])
        .await;
    bob.done("character-memo-save", &[("target", "3"), ("note", secret)])
        .await;
    bob.done("report-submit", &[("character", "Bob"), ("reportText", secret)])
        .await;
    bob.edit(
        "avatar-save",
        &[
            ("name", "Bob"),
            ("image", "R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAkQBADs="),
        ],
    )
    .await;
    ada.done("bookmark-add", &[("name", "Bob")]).await;
    ada.done("request-send2", &[("source_id", "3"), ("target_id", "4")])
        .await;
    bob.done("request-accept", &[("request_id", "1")]).await;
    told(&mut events);
    let wrong = site
        .post(
            "/api/account-delete",
            &[("account", "bob"), ("password", "wrong password")],
        )
        .await;
    assert_eq!(wrong["error"], "Password mismatch.");
    let done = site
        .post(
            "/api/account-delete",
            &[("account", "bob"), ("password", PASSWORD)],
        )
        .await;
    assert_eq!(done, json!({ "error": "" }));
    assert_eq!(told(&mut events), [r#"KIK {"a":2,"s":true}"#]);
    assert_eq!(
        bob.refused("/json/api/friend-list.php", &[]).await,
        "Invalid ticket."
    );
    assert_eq!(
        site.check("bob", &bob.ticket, "Bob").await["error"],
        "Invalid ticket."
    );
    assert_eq!(ada.done("friend-list", &[]).await["friends"], json!([]));
    assert_eq!(ada.done("bookmark-list", &[]).await["characters"], json!([]));
    assert_eq!(
        ada.refused("/json/api/character-data.php", &[("name", "Bob")])
            .await,
        "There is no such character."
    );
    assert_eq!(
        ada.refused("/api/report", &[("log_id", "1")]).await,
        "There is no such report."
    );
    for file in std::fs::read_dir(site.folder()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let found = bytes
            .windows(secret.len())
            .any(|window| window == secret.as_bytes());
        assert!(!found, "not even in the file");
    }
}

#[tokio::test]
async fn nobody_takes_the_place_of_a_deleted_character() {
    let (mut site, mut events) = site_with_events();
    site.desk
        .add_character("bob", "Kay", &Profile::default())
        .unwrap();
    let delete = async |name: &str| {
        let fields = [("account", "bob"), ("password", PASSWORD), ("name", name)];
        site.post("/api/character-delete", &fields).await["error"].clone()
    };
    assert_eq!(delete("Ada").await, "This account has no character of that name.");
    assert_eq!(delete("bob").await, "");
    assert_eq!(told(&mut events), [r#"CDL {"a":2,"n":"Bob"}"#]);
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    let list = bob.ask("/api/characters", &[]).await;
    assert_eq!(list["default_character"], "Kay", "the default moves on");
    let create = [("name", "BOB"), ("gender", "None")];
    let refusal = ada.refused("/api/character-create", &create).await;
    assert!(refusal.contains("already taken"), "{refusal}");
    bob.edit("character-create", &create).await;
    assert_eq!(delete("Bob").await, "");
    drop((ada, bob));
    site.desk
        .add_character("ada", "Bob", &Profile::default())
        .unwrap();
}

#[tokio::test]
async fn passwords_and_default_characters_can_be_changed() {
    let (site, _events) = site_with_events();
    let ada = site.person("ada").await;
    ada.edit("default-character", &[("name", "Ada")]).await;
    assert_eq!(ada.ask("/api/characters", &[]).await["default_character"], "Ada");
    assert!(
        ada.refused("/api/default-character", &[("name", "Bob")])
            .await
            .contains("no character")
    );
    let change = async |old: &str, new: &str| {
        site.post(
            "/api/password",
            &[("account", "ada"), ("password", old), ("new_password", new)],
        )
        .await
    };
    assert!(
        change(PASSWORD, "short").await["error"]
            .as_str()
            .unwrap()
            .contains("at least 8")
    );
    assert!(
        change("wrong password", "another one").await["error"]
            .as_str()
            .unwrap()
            .contains("mismatch")
    );
    let done = change(PASSWORD, "another one").await;
    assert_eq!(done["error"], "");
    assert_eq!(
        ada.refused("/json/api/friend-list.php", &[]).await,
        "Invalid ticket.",
        "old tickets end"
    );
    let ticket = done["ticket"].as_str().unwrap();
    assert_eq!(site.check("ada", ticket, "Ada").await["error"], "");
}
