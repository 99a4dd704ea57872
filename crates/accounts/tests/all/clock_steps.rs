//! The machine's clock is set back and forth while people log in.

use std::sync::atomic::Ordering;

use crate::support::{PASSWORD, START, Site, site, site_with};
use fchatd_accounts::{AccountSettings, Limit};
use serde_json::Value;

const PATH: &str = "/json/getApiTicket.php";
const EXPIRED: &str = "Your login ticket has expired (five minutes) or no ticket requested.";
const YEAR: u64 = 365 * 86400;

async fn log_in(site: &Site, password: &str) -> Value {
    site.post(PATH, &[("account", "ada"), ("password", password)])
        .await["error"]
        .clone()
}

fn set(site: &Site, time: u64) {
    site.time.store(time, Ordering::SeqCst);
}

fn strict() -> Site {
    site_with(|settings| AccountSettings {
        wrong_passwords_per_address: Limit {
            burst: 3,
            seconds_each: 30,
        },
        ..settings
    })
}

#[tokio::test]
async fn a_right_password_is_taken_whatever_the_clock_does() {
    let site = strict();
    for time in [START, START - 86400, START + YEAR, START, 0, START] {
        set(&site, time);
        for _ in 0..5 {
            assert_eq!(log_in(&site, PASSWORD).await, "", "at {time}");
        }
    }
}

#[tokio::test]
async fn a_limit_ends_after_its_time_also_when_the_clock_was_set_back() {
    let site = strict();
    set(&site, START + YEAR);
    for _ in 0..3 {
        log_in(&site, "guess guess").await;
    }
    set(&site, START);
    assert_ne!(log_in(&site, PASSWORD).await, "", "a step back forgives nothing");
    site.advance(29);
    assert_ne!(log_in(&site, PASSWORD).await, "");
    site.advance(1);
    assert_eq!(log_in(&site, PASSWORD).await, "");
}

#[tokio::test]
async fn tickets_of_a_wrong_future_are_not_good_for_years() {
    let site = site();
    set(&site, START + YEAR);
    let ticket = site.ticket().await;
    set(&site, START);
    let answer = site.check("ada", &ticket, "Ada").await;
    assert_eq!(answer["error"], EXPIRED, "{answer}");
    // A clock that is put right by a little ends nobody's ticket.
    let ticket = site.ticket().await;
    set(&site, START - 60);
    let answer = site.check("ada", &ticket, "Ada").await;
    assert_eq!(answer["error"], "", "{answer}");
    assert_eq!(log_in(&site, PASSWORD).await, "");
}
