//! The website: profiles as pages, signing in as clients do it, and sessions.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use crate::support::{PASSWORD, Site, get, header, post, site_with_events};
use fchatd_accounts::{
    AccountHttp, AccountSettings, Limit, LoginProvider, ProfilePages, Secret, WebsiteSettings,
};
use fchatd_edge::http::{HttpRequest, HttpResponse, HttpService};
use fchatd_store::Store;
use fchatd_store::snapshot::{AccountBan, Snapshot};

const SIGN_IN: &str = "/action/script_login.php";
const ATTACK: &str = "<script>alert(1)</script>";

fn set(site: &Site, change: impl FnOnce(WebsiteSettings) -> WebsiteSettings) {
    site.http.configure_website(&change(WebsiteSettings::default()));
}

fn with_cookie(cookie: &str, request: HttpRequest) -> HttpRequest {
    HttpRequest {
        cookie: Some(format!("theme=dark; {cookie}")),
        ..request
    }
}

fn text(answer: &HttpResponse) -> String {
    assert_eq!(header(answer, "content-type"), Some("text/html; charset=utf-8"));
    let policy = header(answer, "content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none';") && !policy.contains("script"),
        "{policy}"
    );
    assert_eq!(header(answer, "x-content-type-options"), Some("nosniff"));
    assert_eq!(header(answer, "cache-control"), Some("no-store"));
    String::from_utf8(answer.body.to_vec()).unwrap()
}

async fn status_of(site: &Site, path: &str) -> u16 {
    let answer = site.http.call(get(path, "")).await;
    text(&answer);
    answer.status
}

async fn token(site: &Site) -> String {
    site.http.front_page(&get("/", "")).await.unwrap().csrf_token
}

/// Signs in; the cookie as a browser sends it back.
async fn sign_in(site: &Site, account: &str, password: &str) -> Result<String, HttpResponse> {
    let token = token(site).await;
    let fields = [
        ("username", account),
        ("password", password),
        ("csrf_token", &token),
    ];
    let answer = site.http.call(post(SIGN_IN, "", &fields)).await;
    match header(&answer, "set-cookie") {
        Some(cookie) if answer.status == 302 => Ok(cookie.split(';').next().unwrap().to_owned()),
        _ => Err(answer),
    }
}

#[tokio::test]
async fn a_profile_is_a_page_without_markup_of_others() {
    let (site, _events) = site_with_events();
    set(&site, |settings| WebsiteSettings {
        profile_pages: ProfilePages::Public,
        ..settings
    });
    let ada = site.person("ada").await;
    let customs = format!(r#"[{{"name": "{ATTACK}", "description": "[b]{ATTACK}[/b]", "choice": "fave"}}]"#);
    ada.edit(
        "profile-save",
        &[
            ("name", "Ada"),
            ("title", ATTACK),
            (
                "description",
                &format!("[b]Hello[/b] {ATTACK} [url=javascript:x]y[/url] [user]Bob[/user]"),
            ),
            ("infotags", &format!(r#"{{"1": "36 {ATTACK}", "3": "2"}}"#)),
            ("kinks", r#"{"5101": "fave", "5106": "no"}"#),
            ("custom_kinks", &customs),
        ],
    )
    .await;
    for path in ["/c/Ada", "/c/aDA", "/c/%41da/"] {
        let answer = site.http.call(get(path, "")).await;
        assert_eq!(answer.status, 200, "{path}");
        let page = text(&answer);
        assert!(
            !page.contains("<script") && !page.contains("javascript:x\""),
            "{page}"
        );
        for part in [
            "<title>Ada</title>",
            "<h1>Ada</h1>",
            "src=\"/avatar/ada\"",
            "<strong>Hello</strong> &lt;script&gt;",
            "<a class=\"in-text\" href=\"/c/Bob\">Bob</a>",
            "<dt>Age</dt><dd>36 &lt;script&gt;",
            "<dt>Gender</dt><dd>Female</dd>",
            "<h3>Favourites</h3>",
            "<h2>Custom kinks</h2>",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
    }
    let data = ada.done("character-data", &[("name", "Ada")]).await;
    assert_eq!(data["views"], 0, "people who are not known are not counted");
}

#[tokio::test]
async fn nothing_is_told_of_people_who_are_not_there() {
    let (mut site, _events) = site_with_events();
    set(&site, |settings| WebsiteSettings {
        profile_pages: ProfilePages::Public,
        ..settings
    });
    for path in [
        "/c/Nobody",
        "/c/",
        "/c/%ff",
        "/c/%00",
        "/c/..%2fBob",
        &format!("/c/{}", "x".repeat(500)),
    ] {
        assert_eq!(status_of(&site, path).await, 404, "{path}");
    }
    assert_eq!(status_of(&site, "/c/Bob").await, 200);
    site.desk.ban("bob", Some(60), "").unwrap();
    assert_eq!(status_of(&site, "/c/Bob").await, 404, "kept out by the operator");
    site.desk.unban("bob").unwrap();
    assert_eq!(status_of(&site, "/c/Bob").await, 200);
    let save = |snapshot: &Snapshot| {
        Store::open(site.folder())
            .unwrap()
            .save_snapshot(snapshot)
            .unwrap()
    };
    save(&Snapshot {
        bans: vec![AccountBan {
            account: 2,
            character: "Bob".into(),
        }],
        ..Snapshot::default()
    });
    assert_eq!(status_of(&site, "/c/bob").await, 404, "kept out by the chat");
    save(&Snapshot::default());
    let (unknown, there) = (
        site.http.call(get("/c/Nobody", "")).await,
        site.http.call(get("/c/Bob", "")).await,
    );
    assert_eq!(there.status, 200);
    site.desk.delete_character_named("Bob").unwrap();
    let deleted = site.http.call(get("/c/Bob", "")).await;
    assert_eq!(
        (deleted.status, text(&deleted)),
        (404, text(&unknown)),
        "one page for all of them"
    );
    assert_eq!(site.http.call(post("/c/Ada", "", &[])).await.status, 405);
}

#[tokio::test]
async fn friends_are_shown_where_their_owner_wants_it() {
    let (site, _events) = site_with_events();
    set(&site, |settings| WebsiteSettings {
        profile_pages: ProfilePages::Public,
        ..settings
    });
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    ada.done("request-send", &[("source_name", "Ada"), ("dest_name", "Bob")])
        .await;
    bob.done("request-send", &[("source_name", "Bob"), ("dest_name", "Ada")])
        .await;
    let link = "<a href=\"/c/Bob\">Bob</a>";
    assert!(text(&site.http.call(get("/c/Ada", "")).await).contains(link));
    ada.edit(
        "profile-save",
        &[("name", "Ada"), ("settings", r#"{"show_friends": false}"#)],
    )
    .await;
    assert!(!text(&site.http.call(get("/c/Ada", "")).await).contains(link));
    let owner = sign_in(&site, "ada", PASSWORD).await.unwrap();
    let page = site.http.call(with_cookie(&owner, get("/c/Ada", ""))).await;
    assert!(text(&page).contains(link), "the owner sees them");
}

#[tokio::test]
async fn profiles_are_for_people_who_are_signed_in_unless_the_operator_says_otherwise() {
    let (site, _events) = site_with_events();
    let stranger = site.http.call(get("/c/Bob", "")).await;
    assert_eq!(stranger.status, 403);
    let page = text(&stranger);
    assert!(
        page.contains("name=\"return\" value=\"/c/Bob\"") && page.contains("name=\"csrf_token\""),
        "{page}"
    );
    assert_eq!(
        page.replace("Bob", "Nobody"),
        text(&site.http.call(get("/c/Nobody", "")).await),
        "it cannot be seen who is there"
    );
    let ada = sign_in(&site, "ada", PASSWORD).await.unwrap();
    let known = site.http.call(with_cookie(&ada, get("/c/Bob", ""))).await;
    assert_eq!(known.status, 200);
    assert!(text(&known).contains("action=\"/action/script_logout.php\""));
    let bob = site.person("bob").await;
    let data = bob.done("character-data", &[("name", "Bob")]).await;
    assert_eq!(data["views"], 1, "a look of somebody who is known is counted");
    let other = site
        .http
        .call(with_cookie("site_session=00", get("/c/Bob", "")))
        .await;
    assert_eq!(other.status, 403);
    set(&site, |settings| WebsiteSettings {
        profile_pages: ProfilePages::Off,
        ..settings
    });
    assert_eq!(
        site.http.call(with_cookie(&ada, get("/c/Bob", ""))).await.status,
        404
    );
}

#[tokio::test]
async fn a_client_signs_in_to_count_notes() {
    let (site, _events) = site_with_events();
    let request = get("/", "");
    let front = site.http.front_page(&request).await.unwrap();
    assert!(front.csrf_token.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert_eq!(front.unread, None);
    let fields = [
        ("username", "ada"),
        ("password", PASSWORD),
        ("csrf_token", front.csrf_token.as_str()),
    ];
    let answer = site.http.call(post(SIGN_IN, "", &fields)).await;
    assert_eq!(
        (answer.status, header(&answer, "location")),
        (302, Some("/read_notes.php"))
    );
    let cookie = header(&answer, "set-cookie").unwrap();
    assert!(
        cookie.ends_with("; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax"),
        "{cookie}"
    );
    let by_https = HttpRequest {
        is_https: true,
        ..post(SIGN_IN, "", &fields)
    };
    let answer = site.http.call(by_https).await;
    assert!(header(&answer, "set-cookie").unwrap().ends_with("; Secure"));
    let cookie = cookie.split(';').next().unwrap();
    let front = site.http.front_page(&with_cookie(cookie, request)).await.unwrap();
    assert_eq!(front.unread, Some((0, 0)));
    for (path, query, status, words) in [
        ("/read_notes.php", "", 200, "There are no notes."),
        ("/read_notes.php", "send=Bob", 200, "There are no notes."),
        ("/messages.php", "", 200, "There are no messages"),
        ("/view_note.php", "note_id=1", 404, "There is no such note."),
        ("/view_note.php", "note_id=x", 404, "There is no such note."),
    ] {
        let answer = site.http.call(with_cookie(cookie, get(path, query))).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(text(&answer).contains(words), "{path}");
        let stranger = site.http.call(get(path, query)).await;
        assert_eq!(stranger.status, 403, "{path}");
        assert!(text(&stranger).contains("autocomplete=\"current-password\""));
    }
}

#[tokio::test]
async fn only_the_right_password_in_a_form_of_ours_signs_in() {
    let (site, _events) = site_with_events();
    let good = token(&site).await;
    let wrong_words = "The account name or the password is wrong.";
    for (account, password, csrf, words) in [
        ("ada", "wrong horse", good.as_str(), wrong_words),
        ("nobody", PASSWORD, &good, wrong_words),
        ("ada", PASSWORD, "", "This form is too old."),
        ("ada", PASSWORD, &"0".repeat(32), "This form is too old."),
        ("", PASSWORD, &good, "is missing"),
        ("ada", "", &good, "is missing"),
    ] {
        let fields = [
            ("username", account),
            ("password", password),
            ("csrf_token", csrf),
        ];
        let answer = site.http.call(post(SIGN_IN, "", &fields)).await;
        assert_eq!(
            (answer.status, header(&answer, "set-cookie")),
            (403, None),
            "{account} {csrf}"
        );
        let page = text(&answer);
        assert!(page.contains(words), "{page}");
        assert!(!page.contains("horse"), "no password is sent back");
    }
    let fields = [
        ("username", "ada"),
        ("password", PASSWORD),
        ("csrf_token", good.as_str()),
    ];
    let elsewhere = HttpRequest {
        address: [192, 0, 2, 9].into(),
        ..post(SIGN_IN, "", &fields)
    };
    assert_eq!(
        site.http.call(elsewhere).await.status,
        403,
        "a form of another address"
    );
    assert_eq!(
        site.http
            .call(get(SIGN_IN, "username=ada&password=x"))
            .await
            .status,
        405
    );
    site.advance(13 * 3600);
    assert_eq!(
        site.http.call(post(SIGN_IN, "", &fields)).await.status,
        403,
        "it is too old"
    );
    for (wanted, target) in [
        ("/c/Bob?x=1", "/c/Bob?x=1"),
        ("https://evil.example/", "/read_notes.php"),
        ("//evil.example/", "/read_notes.php"),
        ("/\\evil.example/", "/read_notes.php"),
        ("/\t/evil.example/", "/read_notes.php"),
        ("/x\r\nset-cookie: a=b", "/read_notes.php"),
    ] {
        let token = token(&site).await;
        let fields = [
            &fields[..2],
            &[("csrf_token", token.as_str()), ("return", wanted)],
        ]
        .concat();
        let answer = site.http.call(post(SIGN_IN, "", &fields)).await;
        assert_eq!(header(&answer, "location"), Some(target), "{wanted}");
    }
}

/// Guesses count together, whichever way they are made.
#[tokio::test]
async fn wrong_passwords_are_counted_as_for_tickets() {
    let (sender, _events) = tokio::sync::mpsc::channel(64);
    let site = crate::support::site_with(|settings| AccountSettings {
        events: Some(sender),
        wrong_passwords_per_address: Limit {
            burst: 4,
            seconds_each: 30,
        },
        ..settings
    });
    for _ in 0..2 {
        assert_eq!(
            sign_in(&site, "ada", "wrong horse").await.unwrap_err().status,
            403
        );
        let told = site
            .post(
                "/json/getApiTicket.php",
                &[("account", "ada"), ("password", "wrong horse")],
            )
            .await;
        assert_eq!(told["error"], "Password mismatch.");
    }
    let refused = sign_in(&site, "ada", PASSWORD).await.unwrap_err();
    assert_eq!(
        (refused.status, header(&refused, "retry-after")),
        (429, Some("30"))
    );
    assert!(text(&refused).contains("Too many attempts"));
    site.advance(30);
    sign_in(&site, "ada", PASSWORD).await.unwrap();
    assert_eq!(site.service.counters().tickets(), 0);
}

#[tokio::test]
async fn a_session_ends_in_every_way() {
    let (mut site, _events) = site_with_events();
    let is_signed_in = async |site: &Site, cookie: &str| {
        let answer = site
            .http
            .call(with_cookie(cookie, get("/read_notes.php", "")))
            .await;
        answer.status == 200
    };
    // Signing out needs the form's token: no other site can do it.
    let cookie = sign_in(&site, "bob", PASSWORD).await.unwrap();
    let out = "/action/script_logout.php";
    let forged = site.http.call(with_cookie(&cookie, post(out, "", &[]))).await;
    assert_eq!(forged.status, 403);
    assert!(is_signed_in(&site, &cookie).await);
    let token = token(&site).await;
    let left = site
        .http
        .call(with_cookie(&cookie, post(out, "", &[("csrf_token", &token)])))
        .await;
    assert_eq!((left.status, header(&left, "location")), (302, Some("/")));
    assert!(header(&left, "set-cookie").unwrap().contains("Max-Age=0"));
    assert!(!is_signed_in(&site, &cookie).await);

    let cookie = sign_in(&site, "bob", PASSWORD).await.unwrap();
    site.advance(23 * 3600);
    assert!(is_signed_in(&site, &cookie).await, "a use counts");
    site.advance(23 * 3600);
    assert!(is_signed_in(&site, &cookie).await);
    site.advance(24 * 3600);
    assert!(!is_signed_in(&site, &cookie).await, "a day without a use");

    let cookie = sign_in(&site, "bob", PASSWORD).await.unwrap();
    site.desk.ban("bob", Some(60), "spam").unwrap();
    let banned = site
        .http
        .call(with_cookie(&cookie, get("/read_notes.php", "")))
        .await;
    assert_eq!(banned.status, 403);
    assert!(text(&banned).contains("This account is banned"));
    assert!(sign_in(&site, "bob", PASSWORD).await.is_err());
    site.desk.unban("bob").unwrap();
    site.desk
        .set_password("bob", &Secret::new("another horse"))
        .unwrap();
    assert!(!is_signed_in(&site, &cookie).await, "another password");
    let front = site
        .http
        .front_page(&with_cookie(&cookie, get("/", "")))
        .await
        .unwrap();
    assert_eq!(front.unread, None);

    let cookie = sign_in(&site, "bob", "another horse").await.unwrap();
    site.desk.delete_account_of("bob").unwrap();
    assert!(!is_signed_in(&site, &cookie).await, "no account");
}

#[tokio::test]
async fn an_account_has_a_number_of_sessions() {
    let (site, _events) = site_with_events();
    set(&site, |settings| WebsiteSettings {
        sessions_per_account: 2,
        ..settings
    });
    let mut cookies = Vec::new();
    for account in ["ada", "ada", "bob", "ada"] {
        cookies.push(sign_in(&site, account, PASSWORD).await.unwrap());
    }
    let mut good = Vec::new();
    for cookie in &cookies {
        let answer = site
            .http
            .call(with_cookie(cookie, get("/messages.php", "")))
            .await;
        good.push(answer.status == 200);
    }
    assert_eq!(good, [false, true, true, true], "the oldest one of ada has ended");
}

#[tokio::test]
async fn without_accounts_of_its_own_a_server_has_no_website() {
    let open = AccountHttp::new(
        LoginProvider::Open,
        crate::support::genders(),
        crate::support::catalogue(),
    );
    assert!(open.front_page(&get("/", "")).await.is_none());
    let answer = open.call(get("/c/Anybody", "")).await;
    assert_eq!(answer.status, 200);
    assert!(text(&answer).contains("made up on the spot"));
    assert_eq!(open.call(get("/c/", "")).await.status, 404);
    for request in [
        get("/read_notes.php", ""),
        post(SIGN_IN, "", &[("username", "ada")]),
    ] {
        let answer = open.call(request).await;
        assert_eq!(answer.status, 404);
        assert!(text(&answer).contains("no accounts of its own"));
    }
}
