//! Confirmed reports, which the website hears of.

use serde_json::{Value, json};

use crate::chat::Person;
use crate::receiver::{Receiver, answer};
use crate::site::Site;

#[test]
fn a_confirmed_report_is_posted_and_the_moderator_hears_the_answer() {
    let website = Receiver::start(|_| answer(200, r#"{"message":"The log is kept."}"#));
    let site = Site::new();
    let url = format!("handle_report_url={}", website.url("/report?site=7"));
    let server = site.start(&[
        "--dev",
        "--set",
        "load_balancers=127.0.0.1",
        "--set",
        &url,
        "--set",
        "handle_report_secret=never in a log",
    ]);
    let mut admin = Person::enter(&server, "admin", "Ann");
    let mut ada = Person::enter(&server, "ada", "Ada");
    let report = json!({"action": "report", "report": "help", "logid": 42, "tab": "Frontpage"});
    ada.say(&format!("SFC {report}"));
    let call = admin.hear(|text| text.starts_with("SFC "));
    let call: Value = serde_json::from_str(call.strip_prefix("SFC ").unwrap()).unwrap();
    let confirm = json!({"action": "confirm", "callid": call["callid"]});
    admin.say(&format!("SFC {confirm}"));
    assert_eq!(admin.told(), "The log is kept.");
    let asked = website.asked();
    assert_eq!((asked.len(), asked[0].path.as_str()), (1, "/report?site=7"));
    assert_eq!(
        asked[0].header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    let fields: Vec<(&str, &str)> = asked[0]
        .body
        .split('&')
        .map(|field| field.split_once('=').unwrap())
        .collect();
    assert_eq!(fields[0], ("log_id", "42"));
    assert!(
        fields[1].0 == "moderator" && fields[1].1.parse::<u64>().is_ok(),
        "{fields:?}"
    );
    assert_eq!(fields[2], ("secret", "never+in+a+log"));
    drop(website);
    let report = json!({"action": "report", "report": "again", "logid": 43, "tab": "Frontpage"});
    admin.say(&format!("SFC {report}"));
    let call = admin.hear(|text| text.starts_with("SFC "));
    let call: Value = serde_json::from_str(call.strip_prefix("SFC ").unwrap()).unwrap();
    assert_eq!(admin.told(), "The moderators have been alerted.");
    admin.say(&format!(
        "SFC {}",
        json!({"action": "confirm", "callid": call["callid"]})
    ));
    let told = admin.told();
    assert!(told.contains("could not be told"), "{told}");
    server.terminate();
    let log = server.ended().stderr;
    assert!(
        !log.contains("never in a log") && !log.contains("never+in+a+log"),
        "{log}"
    );
}
