//! Log-ins of many at once: they wait their turn, no caller holds all turns, and clients understand the refusals.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::net::IpAddr;

use crate::support::{PASSWORD, Site, call, header, object, post, site_with, told};
use fchatd_accounts::{
    AccountError, AccountEvent, AccountSettings, Limit, Pace, Profile, Secret, TicketGrant,
};
use fchatd_edge::http::{HttpRequest, HttpService};
use tokio::task::JoinHandle;

const PATH: &str = "/json/getApiTicket.php";

const FEW_GUESSES: Limit = Limit {
    burst: 3,
    seconds_each: 30,
};

fn site(change: impl FnOnce(AccountSettings) -> AccountSettings) -> Site {
    site_with(|settings| {
        change(AccountSettings {
            password_threads: 2,
            wrong_passwords_per_address: FEW_GUESSES,
            ..settings
        })
    })
}

/// Log-ins that are on their way at once.
fn crowd(
    site: &Site,
    size: usize,
    account: &str,
    password: &str,
) -> Vec<JoinHandle<Result<TicketGrant, AccountError>>> {
    (0..size)
        .map(|_| {
            let (service, account) = (site.service.clone(), account.to_owned());
            let password = Secret::new(password);
            tokio::spawn(async move {
                service
                    .ticket(account, password, IpAddr::from([192, 0, 2, 1]))
                    .await
            })
        })
        .collect()
}

fn from(address: [u8; 4], request: HttpRequest) -> HttpRequest {
    HttpRequest {
        address: IpAddr::from(address),
        ..request
    }
}

/// Keeps the only hashing thread busy until the events for the chat are taken.
async fn busy_site(
    change: impl FnOnce(AccountSettings) -> AccountSettings,
) -> (Site, crate::support::Events) {
    let (sender, events) = tokio::sync::mpsc::channel(1);
    sender
        .try_send(AccountEvent::Deleted(fchatd_accounts::AccountId(99)))
        .unwrap();
    let mut site = site_with(|settings| {
        change(AccountSettings {
            password_threads: 1,
            events: Some(sender),
            ..settings
        })
    });
    site.desk
        .add_account("eve", &Secret::new(PASSWORD), false)
        .unwrap();
    (site, events)
}

#[tokio::test]
async fn a_right_password_is_no_wrong_attempt_however_many_are_on_their_way() {
    for size in [10, 100] {
        let site = site(|settings| settings);
        for login in crowd(&site, size, "ada", PASSWORD) {
            login.await.unwrap().unwrap();
        }
        let counters = site.service.counters();
        assert_eq!(
            (counters.tickets(), counters.limited(), counters.busy()),
            (size as u64, 0, 0)
        );
        // The first one that is right vouches for those that wait behind it.
        assert!(counters.recognised() > 0);
    }
}

#[tokio::test]
async fn a_hundred_accounts_of_one_address_are_let_in_at_once() {
    let mut site = site(|settings| settings);
    let mut logins = Vec::new();
    for number in 0..100 {
        let name = format!("person {number}");
        site.desk
            .add_account(&name, &Secret::new(PASSWORD), false)
            .unwrap();
        logins.extend(crowd(&site, 1, &name, PASSWORD));
    }
    for login in logins {
        login.await.unwrap().unwrap();
    }
    let counters = site.service.counters();
    assert_eq!((counters.tickets(), counters.busy()), (100, 0));
}

#[tokio::test]
async fn many_guesses_at_once_gain_nothing() {
    let site = site(|settings| settings);
    let (mut wrong, mut limited) = (0, 0);
    for guess in crowd(&site, 40, "ada", "wrong horse") {
        match guess.await.unwrap() {
            Err(AccountError::WrongPassword) => wrong += 1,
            Err(AccountError::TooManyAttempts { .. }) => limited += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((wrong, limited), (3, 37));
}

#[tokio::test]
async fn a_guess_counts_when_the_client_leaves_before_the_answer() {
    let site = site(|settings| settings);
    let guesses = crowd(&site, 1, "ada", "wrong horse");
    while site.service.counters().wrong_passwords() == 0 {
        tokio::task::yield_now().await;
    }
    drop(guesses);
    for _ in 0..2 {
        let guess = crowd(&site, 1, "ada", "wrong horse").pop().unwrap();
        assert!(matches!(guess.await.unwrap(), Err(AccountError::WrongPassword)));
    }
    let guess = crowd(&site, 1, "ada", "wrong horse").pop().unwrap();
    assert!(matches!(
        guess.await.unwrap(),
        Err(AccountError::TooManyAttempts { .. })
    ));
}

#[tokio::test]
async fn a_password_seen_lately_is_not_hashed_again() {
    let mut site = site(|settings| settings);
    let login = |address| {
        call(
            &site.http,
            from(
                address,
                post(PATH, "", &[("account", "ada"), ("password", PASSWORD)]),
            ),
        )
    };
    for _ in 0..3 {
        assert_eq!(login([192, 0, 2, 1]).await["error"], "");
    }
    assert_eq!(site.service.counters().recognised(), 2);
    assert_eq!(login([192, 0, 2, 2]).await["error"], "");
    assert_eq!(site.service.counters().recognised(), 2, "another address");
    site.desk
        .set_password("ada", &Secret::new("other horse"))
        .unwrap();
    let fields = [("account", "ada"), ("password", PASSWORD)];
    assert!(
        site.post(PATH, &fields).await["error"]
            .as_str()
            .unwrap()
            .contains("mismatch")
    );
    assert_eq!(
        site.service.counters().recognised(),
        2,
        "another password was set"
    );
}

#[tokio::test]
async fn good_log_ins_are_paced_too() {
    let site = site(|settings| AccountSettings {
        logins_per_account: Limit {
            burst: 2,
            seconds_each: 3600,
        },
        logins_per_address: Pace {
            burst: 4,
            per_second: 1,
        },
        password_patience: 1,
        ..settings
    });
    let fields = [("account", "ada"), ("password", PASSWORD)];
    for _ in 0..2 {
        assert_eq!(site.post(PATH, &fields).await["error"], "");
    }
    let response = site.http.call(post(PATH, "", &fields)).await;
    assert_eq!(
        (response.status, header(&response, "retry-after")),
        (429, Some("3599"))
    );
    assert_eq!(header(&response, "access-control-allow-origin"), Some("*"));
    assert_eq!(
        header(&response, "access-control-expose-headers"),
        Some("Retry-After")
    );
    assert!(
        object(&response)["error"]
            .as_str()
            .unwrap()
            .starts_with("Too many attempts.")
    );
    let elsewhere = call(&site.http, from([192, 0, 2, 2], post(PATH, "", &fields))).await;
    assert_eq!(elsewhere["error"], "", "nobody else uses up what the owner has");
    assert_eq!(site.service.counters().limited(), 1);
}

/// Eve wants another password, which keeps a thread busy until [`told`].
fn change_of_eve() -> HttpRequest {
    let change = [
        ("account", "eve"),
        ("password", PASSWORD),
        ("new_password", "better horse"),
    ];
    from([10, 0, 0, 9], post("/api/password", "", &change))
}

#[tokio::test]
async fn when_too_many_wait_those_of_the_fullest_address_are_told_to_come_back() {
    let (site, mut events) = busy_site(|settings| AccountSettings {
        passwords_waiting: 4,
        ..settings
    })
    .await;
    let mut change = std::pin::pin!(site.http.call(change_of_eve()));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(change.as_mut().poll(&mut context).is_pending());
    let many = crowd(&site, 4, "ada", PASSWORD);
    while site.service.passwords_waiting() < 4 {
        tokio::task::yield_now().await;
    }
    let fields = [("account", "ada"), ("password", PASSWORD)];
    let response = site.http.call(post(PATH, "", &fields)).await;
    assert_eq!(
        (response.status, header(&response, "retry-after")),
        (503, Some("2"))
    );
    assert_eq!(header(&response, "access-control-allow-origin"), Some("*"));
    let other = from([10, 0, 0, 1], post(PATH, "", &fields));
    let mut other = std::pin::pin!(site.http.call(other));
    assert!(other.as_mut().poll(&mut context).is_pending());
    while site.service.counters().busy() < 2 {
        assert!(other.as_mut().poll(&mut context).is_pending());
        tokio::task::yield_now().await;
    }
    told(&mut events);
    assert_eq!(object(&change.await)["error"], "");
    assert_eq!(
        object(&other.await)["error"],
        "",
        "the newcomer has taken the place of the fullest"
    );
    let mut ends = Vec::new();
    for login in many {
        ends.push(login.await.unwrap().is_ok());
    }
    // Which one goes depends on the order in which the threads came to the queue.
    assert_eq!(ends.iter().filter(|good| !**good).count(), 1);
}

#[tokio::test]
async fn a_password_that_waits_too_long_is_told_to_come_back() {
    let (site, mut events) = busy_site(|settings| AccountSettings {
        password_patience: 1,
        ..settings
    })
    .await;
    let mut change = std::pin::pin!(site.http.call(change_of_eve()));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(change.as_mut().poll(&mut context).is_pending());
    let fields = [("account", "ada"), ("password", PASSWORD)];
    let response = site.http.call(post(PATH, "", &fields)).await;
    assert_eq!(response.status, 503);
    told(&mut events);
    assert_eq!(object(&change.await)["error"], "");
    assert_eq!(site.post(PATH, &fields).await["error"], "");
}

#[tokio::test]
async fn registrations_wait_their_turn_with_the_passwords() {
    let mut site = site(|settings| settings);
    let mut made = Vec::new();
    for number in 0..3 {
        let service = site.service.clone();
        made.push(tokio::spawn(async move {
            let (name, address) = (format!("person {number}"), IpAddr::from([192, 0, 2, 1]));
            service
                .register(name, Secret::new(PASSWORD), Secret::new(""), address)
                .await
        }));
    }
    for one in made {
        one.await.unwrap().unwrap();
    }
    site.desk
        .add_character("person 1", "Person", &Profile::default())
        .unwrap();
}
