//! Links with which a person sets a new password: once, for a day, and without guesses.

use fchatd_accounts::Secret;
use fchatd_edge::http::HttpService;
use serde_json::Value;

use crate::second_factor::{enrolled, now, sign_in};
use crate::support::{PASSWORD, Site, object, post, site, site_with_events};

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
