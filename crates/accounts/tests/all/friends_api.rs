//! Friends, bookmarks, ignores and memos, as clients change them and as the chat hears of it.

use crate::support::{site_with_events, told};
use fchatd_accounts::Profile;
use serde_json::{Value, json};

const SEND: &str = "/json/api/request-send2.php";

fn news(account: i64, kind: &str, name: &str) -> String {
    let news = json!({ "type": kind, "name": name }).to_string();
    format!("RTB {}", json!({ "a": account, "c": news }))
}

#[tokio::test]
async fn a_friendship_from_request_to_end() {
    let (site, mut events) = site_with_events();
    let (ada, bob) = (site.person("ada").await, site.person("BOB").await);
    let answer = ada
        .done("request-send2", &[("source_id", "3"), ("target_id", "4")])
        .await;
    let request = json!({
        "id": 1, "source": {"id": 3, "name": "Ada", "deleted": false},
        "target": {"id": 4, "name": "Bob", "deleted": false}, "createdAt": crate::support::START,
    });
    assert_eq!(answer["request"], request);
    assert_eq!(told(&mut events), [news(2, "friendrequest", "Ada")]);
    let again = [("source_name", "ada"), ("dest_name", "bob")];
    assert!(ada.refused(SEND, &again).await.contains("already"));

    let open = json!([{ "id": 1, "source": "Ada", "dest": "Bob" }]);
    assert_eq!(bob.done("request-list", &[]).await["requests"], open);
    assert_eq!(bob.done("request-pending", &[]).await["requests"], json!([]));
    assert_eq!(ada.done("request-pending", &[]).await["requests"], open);
    let seen = ada.done("character-friend-list", &[("id", "4")]).await;
    assert_eq!(
        (&seen["existing"], &seen["pending"], &seen["incoming"]),
        (&json!([]), &json!([request]), &json!([]))
    );
    let seen = bob.done("character-friend-list", &[("name", "ADA")]).await;
    assert_eq!(
        (&seen["pending"], &seen["incoming"]),
        (&json!([]), &json!([request]))
    );

    for (person, path) in [
        (&ada, "request-accept"),
        (&ada, "request-deny"),
        (&bob, "request-cancel"),
    ] {
        let path = format!("/json/api/{path}.php");
        let refusal = person.refused(&path, &[("request_id", "1")]).await;
        assert_eq!(refusal, "There is no such friend request.", "{path}");
    }
    bob.done("request-accept", &[("request_id", "1")]).await;
    assert_eq!(
        told(&mut events),
        [news(2, "friendadd", "Ada"), news(1, "friendadd", "Bob")]
    );
    let friend =
        |source: &str, dest: &str| json!([{ "id": 1, "source": source, "dest": dest, "last_online": 0 }]);
    assert_eq!(
        ada.done("friend-list", &[]).await["friends"],
        friend("Ada", "Bob")
    );
    assert_eq!(
        bob.done("friend-list", &[]).await["friends"],
        friend("Bob", "Ada")
    );
    let friends = bob.done("character-friends", &[("id", "3")]).await;
    assert_eq!(
        friends["friends"],
        json!([{ "id": 4, "name": "Bob", "deleted": false }])
    );
    let answer = site.check("bob", &bob.ticket, "Bob").await;
    assert_eq!(answer["friends"], json!(["Ada"]), "the chat's FRL");
    let grant = site
        .post(
            "/json/getApiTicket.php",
            &[("account", "bob"), ("password", crate::support::PASSWORD)],
        )
        .await;
    assert_eq!(
        grant["friends"],
        json!([{ "source_name": "Bob", "dest_name": "Ada" }])
    );

    ada.done("friend-remove", &[("source_id", "3"), ("dest_id", "4")])
        .await;
    assert_eq!(
        told(&mut events),
        [news(1, "friendremove", "Bob"), news(2, "friendremove", "Ada")]
    );
    assert_eq!(bob.done("friend-list", &[]).await["friends"], json!([]));
    let refusal = bob
        .refused(
            "/json/api/friend-remove.php",
            &[("source_name", "Bob"), ("dest_name", "Ada")],
        )
        .await;
    assert_eq!(refusal, "You are not friends.");
}

#[tokio::test]
async fn a_request_takes_names_and_ids_in_one_field() {
    let (site, mut events) = site_with_events();
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    for (fields, source, target) in [
        ([("source", "aDA"), ("target", "bob")], "Ada", "Bob"),
        ([("source", "1"), ("target", "4")], "Zoe", "Bob"),
    ] {
        let answer = ada.done("request-send2", &fields).await;
        let request = &answer["request"];
        assert_eq!(
            (&request["source"]["name"], &request["target"]["name"]),
            (&json!(source), &json!(target))
        );
        assert!(
            request["source"]["id"].is_i64() && request["createdAt"].is_i64(),
            "{request}"
        );
    }
    assert_eq!(
        told(&mut events),
        [news(2, "friendrequest", "Ada"), news(2, "friendrequest", "Zoe")]
    );
    let incoming = bob.done("request-list", &[]).await;
    assert_eq!(incoming["requests"].as_array().unwrap().len(), 2);
    for (fields, refusal) in [
        (
            [("source", "Bob"), ("target", "Ada")],
            "This account has no character of that name.",
        ),
        (
            [("source", "Ada"), ("target", "999")],
            "There is no such character.",
        ),
        (
            [("source", ""), ("target", "Bob")],
            "The field \"source_name\" is missing.",
        ),
        (
            [("source", "Ada"), ("target", "")],
            "The field \"dest_name\" is missing.",
        ),
    ] {
        assert_eq!(ada.refused(SEND, &fields).await, refusal, "{fields:?}");
    }
}

#[tokio::test]
async fn a_name_of_digits_is_a_name_before_it_is_an_id() {
    let (mut site, _events) = site_with_events();
    site.desk.add_character("bob", "33", &Profile::default()).unwrap();
    let ada = site.person("ada").await;
    let answer = ada
        .done("request-send2", &[("source", "Zoe"), ("target", "33")])
        .await;
    assert_eq!(
        answer["request"]["target"],
        json!({"id": 5, "name": "33", "deleted": false})
    );
}

#[tokio::test]
async fn mutual_requests_make_friends() {
    let (site, mut events) = site_with_events();
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    ada.done("request-send", &[("source_name", "Zoe"), ("dest_name", "Bob")])
        .await;
    told(&mut events);
    bob.done("request-send", &[("source_name", "Bob"), ("dest_name", "zoe")])
        .await;
    assert_eq!(
        told(&mut events),
        [news(2, "friendadd", "Zoe"), news(1, "friendadd", "Bob")]
    );
    assert_eq!(ada.done("request-pending", &[]).await["requests"], json!([]));
    let refusal = ada
        .refused(SEND, &[("source_name", "Zoe"), ("target_name", "Bob")])
        .await;
    assert_eq!(refusal, "You are friends already.");
    for (fields, refusal) in [
        (
            [("source_name", "Zoe"), ("target_name", "Zoe")],
            "A character cannot be its own friend.",
        ),
        (
            [("source_name", "Bob"), ("target_name", "Zoe")],
            "This account has no character of that name.",
        ),
        (
            [("source_name", "Zoe"), ("target_name", "Nobody")],
            "There is no such character.",
        ),
        (
            [("source_name", "Zoe"), ("target_id", "x")],
            "The field \"target_id\" must be a number.",
        ),
        (
            [("source_name", "Zoe"), ("x", "y")],
            "The field \"dest_name\" is missing.",
        ),
    ] {
        assert_eq!(ada.refused(SEND, &fields).await, refusal);
    }
    assert!(told(&mut events).is_empty());
}

#[tokio::test]
async fn denied_and_cancelled_requests_leave_nothing() {
    let (site, mut events) = site_with_events();
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    for (person, answer) in [(&ada, "request-cancel"), (&bob, "request-deny")] {
        let request = ada
            .done("request-send2", &[("source_id", "1"), ("target_id", "4")])
            .await;
        let id = request["request"]["id"].to_string();
        person.done(answer, &[("request_id", &id)]).await;
        assert_eq!(bob.done("request-list", &[]).await["requests"], json!([]));
    }
    assert_eq!(told(&mut events).len(), 2, "only the requests are told");
    bob.edit("ignore-add", &[("name", "Zoe")]).await;
    told(&mut events);
    ada.done("request-send2", &[("source_id", "1"), ("target_id", "4")])
        .await;
    assert!(told(&mut events).is_empty(), "who is ignored does not disturb");
}

#[tokio::test]
async fn bookmarks_reach_the_chat_once() {
    let (site, mut events) = site_with_events();
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    bob.done("bookmark-add", &[("name", "zOE")]).await;
    bob.done("bookmark-add", &[("id", "1")]).await;
    bob.done("bookmark-add", &[("id", "2")]).await;
    assert_eq!(
        told(&mut events),
        [news(2, "trackadd", "Zoe"), news(2, "trackadd", "anna")]
    );
    assert_eq!(
        bob.done("bookmark-list", &[]).await["characters"],
        json!(["anna", "Zoe"])
    );
    assert_eq!(ada.done("bookmark-list", &[]).await["characters"], json!([]));
    let lists = bob
        .done("friend-bookmark-lists", &[("bookmarklist", "true")])
        .await;
    assert_eq!(lists, json!({ "error": "", "bookmarklist": ["anna", "Zoe"] }));
    let lists = bob.done("friend-bookmark-lists", &[]).await;
    for list in ["bookmarklist", "friendlist", "requestlist", "requestpending"] {
        assert!(lists[list].is_array(), "{list}");
    }
    let grant = site
        .post(
            "/json/getApiTicket.php",
            &[("account", "bob"), ("password", crate::support::PASSWORD)],
        )
        .await;
    assert_eq!(grant["bookmarks"], json!([{ "name": "anna" }, { "name": "Zoe" }]));
    bob.done("bookmark-remove", &[("name", "Zoe")]).await;
    bob.done("bookmark-remove", &[("name", "Zoe")]).await;
    assert_eq!(told(&mut events), [news(2, "trackrem", "Zoe")]);

    ada.edit(
        "profile-save",
        &[("name", "Ada"), ("settings", r#"{"prevent_bookmarks": true}"#)],
    )
    .await;
    let refusal = bob
        .refused("/json/api/bookmark-add.php", &[("name", "Ada")])
        .await;
    assert_eq!(refusal, "This character does not want to be bookmarked.");
}

#[tokio::test]
async fn ignores_reach_the_chat_and_the_login() {
    let (site, mut events) = site_with_events();
    let bob = site.person("bob").await;
    bob.edit("ignore-add", &[("name", "ADA")]).await;
    bob.edit("ignore-add", &[("name", "ada")]).await;
    bob.edit("ignore-add", &[("name", "Long Gone")]).await;
    let ignore = |action: &str, name: &str| format!("IGN {}", json!({ "a": 2, "action": action, "n": name }));
    assert_eq!(
        told(&mut events),
        [ignore("add", "Ada"), ignore("add", "Long Gone")]
    );
    assert_eq!(
        bob.done("ignore-list", &[]).await["ignores"],
        json!(["ada", "long gone"])
    );
    bob.edit("ignore-remove", &[("name", "Ada")]).await;
    assert_eq!(told(&mut events), [ignore("delete", "Ada")]);
    let answer = site.check("bob", &bob.ticket, "Bob").await;
    assert_eq!(answer["ignores"], json!(["long gone"]));
    for number in 1..300 {
        site.advance(1);
        bob.edit("ignore-add", &[("name", &format!("name {number}"))])
            .await;
        told(&mut events);
    }
    assert!(
        bob.refused("/api/ignore-add", &[("name", "one more")])
            .await
            .contains("300")
    );
}

#[tokio::test]
async fn memos_are_the_accounts_own() {
    let (site, _events) = site_with_events();
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    let memo = bob.done("character-memo-get2", &[("target", "Ada")]).await;
    assert_eq!(memo, json!({ "error": "", "id": 3, "note": null }));
    let note = "<b>owes me</b> 5 & a half, \"quoted\" '; DROP TABLE memo; --";
    let saved = bob
        .done("character-memo-save", &[("target", "3"), ("note", note)])
        .await;
    assert_eq!(saved["note"], note, "clients keep what they read here");
    let memo = bob.done("character-memo-get2", &[("target", "ada")]).await;
    assert_eq!(memo["note"], note, "raw: the client shows it");
    let data = bob.done("character-data", &[("name", "Ada")]).await;
    assert_eq!(data["memo"], json!({ "id": 3, "memo": note }));
    assert_eq!(
        ada.done("character-data", &[("name", "Ada")]).await.get("memo"),
        None
    );
    let long = "x".repeat(2001);
    let refusal = bob
        .refused(
            "/json/api/character-memo-save.php",
            &[("target", "3"), ("note", &long)],
        )
        .await;
    assert!(refusal.contains("2000"), "{refusal}");
    bob.done("character-memo-save", &[("target", "3"), ("note", "")])
        .await;
    assert_eq!(
        bob.done("character-memo-get2", &[("target", "Ada")]).await["note"],
        Value::Null
    );
}
