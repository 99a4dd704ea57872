//! Attacks of hostile clients over HTTP: each ends in an error and a counter, and no other client suffers.

use std::net::IpAddr;
use std::rc::Rc;

use crate::support::endpoints::paths_with_ticket;
use crate::support::{PASSWORD, call, catalogue, genders, get, post, site, site_with, site_with_events};
use bytes::Bytes;
use fchatd_accounts::{AccountHttp, AccountSettings, Limit, LoginProvider, Pace};
use fchatd_edge::http::{HttpRequest, HttpService};
use serde_json::json;

/// With any fields: only the caller matters.
const FIELDS: [(&str, &str); 14] = [
    ("name", "Zoe"),
    ("source_name", "Zoe"),
    ("dest_name", "Zoe"),
    ("target", "Zoe"),
    ("request_id", "1"),
    ("log_id", "1"),
    ("character", "Zoe"),
    ("reportText", "x"),
    ("gender", "None"),
    ("image", "R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAkQBADs="),
    ("note", "x"),
    ("note_id", "1"),
    ("title", "x"),
    ("message", "x"),
];

#[tokio::test]
async fn nothing_without_a_ticket() {
    let site = site_with(|settings| AccountSettings {
        invalid_tickets_per_address: Limit {
            burst: 1000,
            seconds_each: 1,
        },
        ..settings
    });
    let mut refused = 0;
    let good = site.ticket().await;
    for path in paths_with_ticket() {
        let wrong = "0".repeat(64);
        for (account, ticket, told) in [
            ("ada", wrong.as_str(), "Invalid ticket."),
            ("nobody", good.as_str(), "Invalid ticket."),
            ("ada' OR 1=1 --", good.as_str(), "Invalid ticket."),
            ("", good.as_str(), "The field \"account\" is missing."),
            ("ada", "", "The field \"ticket\" is missing."),
        ] {
            let own = [("account", account), ("ticket", ticket)];
            let answer = site.post(&path, &[&own[..], &FIELDS].concat()).await;
            assert_eq!(answer, json!({ "error": told }), "{path} {account}");
            refused += 1;
        }
    }
    assert_eq!(site.http.refused(), refused);
    assert_eq!(
        site.service.counters().invalid_tickets(),
        3 * paths_with_ticket().count() as u64
    );
    site.advance(30 * 60);
    for path in paths_with_ticket() {
        let own = [("account", "ada"), ("ticket", good.as_str())];
        let answer = site.post(&path, &[&own[..], &FIELDS].concat()).await;
        let told = "Your login ticket has expired (five minutes) or no ticket requested.";
        assert_eq!(answer["error"], told, "{path}");
    }
}

#[tokio::test]
async fn guessing_tickets_is_slowed_down() {
    let site = site();
    let good = site.person("ada").await;
    let guess = |address: [u8; 4]| {
        let request = post(
            "/json/api/friend-list.php",
            "",
            &[("account", "ada"), ("ticket", "guess")],
        );
        call(
            &site.http,
            HttpRequest {
                address: IpAddr::from(address),
                ..request
            },
        )
    };
    for _ in 0..60 {
        assert_eq!(guess([10, 0, 0, 1]).await["error"], "Invalid ticket.");
    }
    let told = guess([10, 0, 0, 1]).await;
    assert_eq!(told["error"], "Too many attempts. Please try again in 5 seconds.");
    assert_eq!(guess([10, 0, 0, 2]).await["error"], "Invalid ticket.");
    good.done("friend-list", &[]).await;
    assert_eq!(site.service.counters().invalid_tickets(), 61);
    assert_eq!(site.service.counters().limited(), 1);
}

#[tokio::test]
async fn an_account_pays_for_what_it_asks() {
    let pace = Pace {
        burst: 20,
        per_second: 3,
    };
    let site = site_with(|settings| AccountSettings {
        reads_per_account: pace,
        changes_per_account: Pace {
            burst: 5,
            per_second: 1,
        },
        ..settings
    });
    let ada = site.person("ada").await;
    for _ in 0..20 {
        ada.done("character-data", &[("name", "Ada")]).await;
    }
    let refusal = ada
        .refused("/json/api/character-data.php", &[("name", "Ada")])
        .await;
    assert_eq!(refusal, "Too many attempts. Please try again in 1 second.");
    for _ in 0..10 {
        site.advance(1);
        for _ in 0..3 {
            ada.done("character-data", &[("name", "Ada")]).await;
        }
    }
    for _ in 0..5 {
        ada.done("bookmark-add", &[("name", "Zoe")]).await;
    }
    assert!(
        ada.refused("/json/api/bookmark-add.php", &[("name", "Zoe")])
            .await
            .contains("Too many")
    );
    assert_eq!(site.service.counters().limited(), 2);
}

#[tokio::test]
async fn hostile_values_are_values() {
    let (site, _events) = site_with_events();
    let bob = site.person("bob").await;
    for value in [
        "'; DROP TABLE character; --",
        "\" OR \"\"=\"",
        "Zoe' --",
        "%",
        "_oe",
        "<script>alert(1)</script>",
        "\u{202e}eoZ",
        "Zoe\0",
        "-1",
        "99999999999999999999",
        "9223372036854775807",
        "../../etc/passwd",
    ] {
        for name in [
            "character-data",
            "character-friends",
            "bookmark-add",
            "character-memo-get2",
        ] {
            let path = format!("/json/api/{name}.php");
            let refusal = bob.refused(&path, &[("name", value), ("target", value)]).await;
            assert_eq!(refusal, "There is no such character.", "{name} {value:?}");
        }
        let by_number = bob
            .refused("/json/api/character-data.php", &[("id", value)])
            .await;
        assert!(
            [
                "There is no such character.",
                "The field \"id\" must be a number."
            ]
            .contains(&by_number.as_str()),
            "{value:?}: {by_number}"
        );
    }
    assert_eq!(
        bob.done("character-data", &[("name", "Zoe")]).await["name"],
        "Zoe"
    );
}

#[tokio::test]
async fn bodies_of_all_kinds_get_an_answer() {
    let site = site();
    let large = "x".repeat(300_000);
    for path in paths_with_ticket() {
        for (kind, body) in [
            ("application/json", "{\"account\":\"ada\"}".to_owned()),
            ("multipart/form-data; boundary=x", "--x--".to_owned()),
            ("text/plain", "account=ada".to_owned()),
            ("application/x-www-form-urlencoded", "&&&===%zz%".to_owned()),
            ("application/x-www-form-urlencoded", "a=b&".repeat(10_000)),
            (
                "application/x-www-form-urlencoded",
                format!("account={large}&ticket={large}"),
            ),
            (
                "application/x-www-form-urlencoded",
                format!("ticket={}", "[".repeat(60_000)),
            ),
        ] {
            let request = HttpRequest {
                content_type: Some(kind.to_owned()),
                body: Bytes::from(body),
                ..post(&path, "", &[])
            };
            assert_ne!(call(&site.http, request).await["error"], "", "{path} {kind}");
        }
        let request = HttpRequest {
            method: "PUT".to_owned(),
            ..post(&path, "", &FIELDS)
        };
        assert!(
            call(&site.http, request).await["error"]
                .as_str()
                .unwrap()
                .contains("POST"),
            "{path}"
        );
    }
    assert_eq!(site.http.refused(), 8 * paths_with_ticket().count() as u64);
}

#[tokio::test]
async fn ten_thousand_at_once_are_answered() {
    let site = site_with(|settings| AccountSettings {
        requests_per_address: Pace {
            burst: 20_000,
            per_second: 100,
        },
        reads_per_account: Pace {
            burst: 20_000,
            per_second: 100,
        },
        ..settings
    });
    let ada = site.person("ada").await;
    let fields = [
        ("account", "ada"),
        ("ticket", ada.ticket.as_str()),
        ("name", "Ada"),
    ];
    let request = post("/json/api/character-data.php", "", &fields);
    let http = Rc::new(site.http.clone());
    let local = tokio::task::LocalSet::new();
    let mut asked = Vec::new();
    for _ in 0..10_000 {
        let (http, request) = (Rc::clone(&http), request.clone());
        asked.push(local.spawn_local(async move { call(&http, request).await["error"].clone() }));
    }
    let (mut served, mut busy) = (0, 0);
    local
        .run_until(async {
            for answer in asked {
                match answer.await.unwrap().as_str().unwrap() {
                    "" => served += 1,
                    "The server is busy. Please try again in a moment." => busy += 1,
                    other => panic!("{other}"),
                }
            }
        })
        .await;
    assert!(served >= 256, "{served}");
    assert_eq!(site.service.counters().busy(), busy);
    ada.done("character-data", &[("name", "Ada")]).await;
}

#[tokio::test]
async fn stuffing_known_passwords_is_slowed_down_everywhere() {
    let site = site_with(|settings| AccountSettings {
        wrong_passwords_per_address: Limit {
            burst: 4,
            seconds_each: 30,
        },
        ..settings
    });
    let tries = [
        ("/json/getApiTicket.php", "ada"),
        ("/api/account-delete", "ada"),
        ("/api/password", "nobody"),
        ("/fchat/getLog.php", "bob"),
    ];
    for (path, account) in tries {
        let fields = [
            ("account", account),
            ("password", "12345678"),
            ("new_password", "123456789"),
        ];
        site.http.call(post(path, "log=1", &fields)).await;
    }
    assert_eq!(site.service.counters().wrong_passwords(), 4);
    for (path, _) in tries {
        let fields = [
            ("account", "ada"),
            ("password", PASSWORD),
            ("new_password", "123456789"),
        ];
        let response = site.http.call(post(path, "log=1", &fields)).await;
        let text = String::from_utf8(response.body.to_vec()).unwrap();
        assert!(text.contains("Please try again in 30 seconds."), "{path}: {text}");
    }
    assert_eq!(site.service.counters().limited(), 4);
}

#[tokio::test]
async fn where_everybody_is_let_in_clients_find_what_they_need() {
    let http = AccountHttp::new(LoginProvider::Open, genders(), catalogue());
    let fields = [
        ("account", "Tester"),
        ("ticket", "anything"),
        ("name", "Some One"),
    ];
    for name in [
        "bookmark-list",
        "friend-list",
        "ignore-list",
        "friend-bookmark-lists",
        "character-list",
    ] {
        let answer = call(&http, post(&format!("/json/api/{name}.php"), "", &fields)).await;
        assert_eq!(answer["error"], "", "{name}");
    }
    let data = call(&http, post("/json/api/character-data.php", "", &fields)).await;
    assert_eq!((&data["error"], &data["name"]), (&json!(""), &json!("Some One")));
    assert!(data["settings"].is_object() && data["images"].is_array() && data["badges"].is_array());
    assert_ne!(
        call(&http, post("/json/api/bookmark-add.php", "", &fields)).await["error"],
        ""
    );
    assert_ne!(
        call(&http, post("/api/profile-save", "", &fields)).await["error"],
        ""
    );
    assert_eq!(http.call(get("/avatar/Tester", "")).await.status, 200);
}
