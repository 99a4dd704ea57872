//! Every endpoint and every temporary refusal: clients take words in an answer with status 200 for final, so a refusal that may
//! end later is 429 or 503, says when to try again, and can be read by pages of other sites.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Waker};

use crate::support::endpoints::paths_with_ticket;
use crate::support::{Events, PASSWORD, Site, header, post, site_with, told};
use fchatd_accounts::{AccountEvent, AccountId, AccountSettings, Limit, Pace, Profile, Secret};
use fchatd_edge::http::{HttpRequest, HttpResponse, HttpService};

/// Paths that want a password.
const WITH_PASSWORD: [&str; 4] = [
    "/json/getApiTicket.php",
    "/api/password",
    "/api/character-delete",
    "/api/account-delete",
];

fn request(path: &str, ticket: &str) -> HttpRequest {
    // Something for each field that an endpoint may want, so that none is refused for its form.
    let fields = [
        ("account", "ada"),
        ("ticket", ticket),
        ("name", "Ada"),
        ("gender", "None"),
        ("picture", "aGFsbG8="),
        ("image", "aGFsbG8="),
        ("log_id", "1"),
        ("id", "1"),
        ("request_id", "1"),
        ("source_name", "Ada"),
        ("dest_name", "Zoe"),
        ("target_name", "Zoe"),
        ("note", "x"),
        ("source", "Ada"),
        ("dest", "Zoe"),
        ("title", "x"),
        ("message", "x"),
        ("box", "inbox"),
        ("note_id", "1"),
        ("character", "Ada"),
        ("reportText", "x"),
        ("log", "x"),
        ("channel", "x"),
        ("text", "true"),
        ("reportUser", "Zoe"),
    ];
    post(path, "", &fields)
}

fn with_password(path: &str, password: &str) -> HttpRequest {
    let fields = [
        ("account", "ada"),
        ("password", password),
        ("new_password", "better horse"),
        ("name", "Ada"),
        ("code", ""),
    ];
    post(path, "", &fields)
}

#[track_caller]
fn assert_is_temporary(response: &HttpResponse, path: &str) {
    let words = String::from_utf8_lossy(&response.body);
    assert!(
        matches!(response.status, 429 | 503),
        "{path}: {} {words}",
        response.status
    );
    let wait: u64 = header(response, "retry-after").unwrap().parse().unwrap();
    assert!(wait >= 1, "{path}");
    assert_eq!(
        header(response, "access-control-allow-origin"),
        Some("*"),
        "{path}"
    );
    assert_eq!(
        header(response, "access-control-expose-headers"),
        Some("Retry-After"),
        "{path}"
    );
}

const ONE: Limit = Limit {
    burst: 1,
    seconds_each: 3600,
};
const ONE_PACED: Pace = Pace {
    burst: 1,
    per_second: 1,
};

async fn all_are_temporary(site: &Site, ticket: &str) {
    for path in paths_with_ticket() {
        assert_is_temporary(&site.http.call(request(&path, ticket)).await, &path);
    }
}

#[tokio::test]
async fn an_address_with_too_many_requests() {
    let site = site_with(|settings| AccountSettings {
        requests_per_address: ONE_PACED,
        ..settings
    });
    let ticket = site.ticket().await;
    site.http
        .call(request("/json/api/bookmark-list.php", &ticket))
        .await;
    all_are_temporary(&site, &ticket).await;
    let picture = site
        .http
        .call(crate::support::get("/images/avatar/ada.png", ""))
        .await;
    assert_is_temporary(&picture, "a picture");
}

#[tokio::test]
async fn an_address_with_too_many_bad_tickets() {
    let site = site_with(|settings| AccountSettings {
        invalid_tickets_per_address: ONE,
        ..settings
    });
    site.http
        .call(request("/json/api/bookmark-list.php", "bad"))
        .await;
    all_are_temporary(&site, "bad").await;
}

#[tokio::test]
async fn an_account_with_too_many_requests() {
    let site = site_with(|settings| AccountSettings {
        reads_per_account: ONE_PACED,
        changes_per_account: ONE_PACED,
        reports_per_account: ONE,
        ..settings
    });
    let ticket = site.ticket().await;
    for path in [
        "/json/api/bookmark-list.php",
        "/json/api/bookmark-remove.php",
        "/json/api/report-submit.php",
        "/api/me/export",
    ] {
        site.http.call(request(path, &ticket)).await;
    }
    all_are_temporary(&site, &ticket).await;
}

/// A site with a single thread for requests with tickets, which waits until the events for the chat are taken, and the request by which
/// it does.
async fn stuck_site(change: impl FnOnce(AccountSettings) -> AccountSettings) -> (Site, Events, String) {
    let (sender, events) = tokio::sync::mpsc::channel(1);
    sender.try_send(AccountEvent::Deleted(AccountId(99))).unwrap();
    let mut site = site_with(|settings| {
        change(AccountSettings {
            password_threads: 1,
            queue: 1,
            events: Some(sender),
            ..settings
        })
    });
    site.desk
        .add_account("eve", &Secret::new(PASSWORD), false)
        .unwrap();
    site.desk
        .add_character("eve", "Eve", &Profile::default())
        .unwrap();
    let ticket = site.ticket().await;
    (site, events, ticket)
}

fn begin(future: &mut Pin<&mut impl Future>) {
    let mut context = Context::from_waker(Waker::noop());
    assert!(future.as_mut().poll(&mut context).is_pending());
}

#[tokio::test]
async fn too_much_that_waits() {
    let (site, mut events, ticket) = stuck_site(|settings| settings).await;
    let bookmark = [("account", "ada"), ("ticket", ticket.as_str()), ("name", "Eve")];
    let mut stuck = pin!(site.http.call(post("/json/api/bookmark-add.php", "", &bookmark)));
    begin(&mut stuck);
    // The queue has room for one. So a second request is accepted only when the thread has taken the first one, and stands still.
    let mut waiting = Box::pin(site.http.call(request("/json/api/bookmark-list.php", &ticket)));
    while waiting
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
        .is_ready()
    {
        std::thread::yield_now();
        waiting = Box::pin(site.http.call(request("/json/api/bookmark-list.php", &ticket)));
    }
    all_are_temporary(&site, &ticket).await;
    let ticket = site
        .http
        .call(with_password("/json/getApiTicket.php", PASSWORD))
        .await;
    assert_is_temporary(&ticket, "a ticket");
    let picture = site
        .http
        .call(crate::support::get("/images/avatar/ada.png", ""))
        .await;
    assert_is_temporary(&picture, "a picture");
    told(&mut events);
    assert_eq!(stuck.await.status, 200);
}

#[tokio::test]
async fn too_many_wrong_passwords() {
    let site = site_with(|settings| AccountSettings {
        wrong_passwords_per_address: ONE,
        ..settings
    });
    let wrong = site
        .http
        .call(with_password("/json/getApiTicket.php", "wrong horse"))
        .await;
    assert_eq!(wrong.status, 200, "a wrong password is final");
    for path in WITH_PASSWORD {
        assert_is_temporary(&site.http.call(with_password(path, PASSWORD)).await, path);
    }
}

#[tokio::test]
async fn too_many_log_ins() {
    let site = site_with(|settings| AccountSettings {
        logins_per_account: ONE,
        password_patience: 1,
        ..settings
    });
    site.ticket().await;
    for path in WITH_PASSWORD {
        assert_is_temporary(&site.http.call(with_password(path, PASSWORD)).await, path);
    }
}

#[tokio::test]
async fn too_many_registrations() {
    let site = site_with(|settings| AccountSettings {
        registrations_per_address: ONE,
        ..settings
    });
    for (name, is_made) in [("first one", true), ("second one", false)] {
        let fields = [("account", name), ("password", PASSWORD)];
        let response = site.http.call(post("/api/register", "", &fields)).await;
        match is_made {
            true => assert_eq!(response.status, 200),
            false => assert_is_temporary(&response, name),
        }
    }
}

/// A password without a turn within its time.
#[tokio::test]
async fn a_line_that_is_too_long() {
    let (site, mut events, _) = stuck_site(|settings| AccountSettings {
        password_patience: 1,
        ..settings
    })
    .await;
    let change = [
        ("account", "eve"),
        ("password", PASSWORD),
        ("new_password", "better horse"),
    ];
    let mut stuck = pin!(site.http.call(post("/api/password", "", &change)));
    begin(&mut stuck);
    for path in WITH_PASSWORD.into_iter().skip(1).chain(["/api/register"]) {
        let answer = site.http.call(with_password(path, PASSWORD)).await;
        match path {
            // Its form has an account that exists and has not been looked at yet.
            "/api/register" => assert_eq!(answer.status, 503),
            _ => assert_is_temporary(&answer, path),
        }
    }
    told(&mut events);
    assert_eq!(stuck.await.status, 200);
}
