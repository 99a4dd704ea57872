//! The events that Redis gets.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::chat::{Chat, await_online};
use crate::server::{Place, Reply, eventually};

fn unix_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

#[test]
fn everything_of_the_table() {
    let place = Place::new();
    let redis = place.start(&[]);
    redis.ask(&["SADD", "users.online", "A Ghost"]);
    let chat = Chat::start(&place);
    let mut admin = chat.enter("admin", "Ann Admin");
    let mut ada = chat.enter("ada", "Ada");
    let bob = chat.enter("bob", "Bob Ö");
    await_online(&redis, &["Ann Admin", "Ada", "Bob Ö"]);
    bob.leave();
    await_online(&redis, &["Ann Admin", "Ada"]);

    let began = unix_seconds();
    eventually("Redis knows that the chat runs", || {
        match redis.ask(&["GET", "chat.lastCheckin"]) {
            Reply::Text(time) => time.parse::<i64>().unwrap() > began,
            _ => false,
        }
    });

    ada.ignore("Carl");
    ada.ignore("Dora");
    let key = || match redis.ask(&["KEYS", "*.ignores"]) {
        Reply::List(keys) => match keys.as_slice() {
            [Reply::Text(key)] => Some(key.clone()),
            _ => None,
        },
        _ => None,
    };
    eventually("Redis knows the ignore list", || {
        key().is_some_and(|key| {
            let mut names = redis.list(&key);
            names.sort();
            key.trim_end_matches(".ignores").parse::<i64>().is_ok() && names == ["carl", "dora"]
        })
    });

    admin.announce("first");
    admin.announce("second");
    eventually("Redis knows the actions", || {
        redis.list("chat.adminlog").len() == 2
    });
    let newest: serde_json::Value = serde_json::from_str(&redis.list("chat.adminlog")[0]).unwrap();
    assert_eq!(newest["name"], "Ann Admin");
    assert_eq!(newest["type"], "BRO");
    assert_eq!(newest["args"]["message"], "second");
    assert!((newest["time"].as_i64().unwrap() - began).abs() < 600, "{newest}");

    let status = admin.status();
    assert!(
        status.contains("connected") && status.contains("0 refused"),
        "{status}"
    );
    admin.halt();
    await_online(&redis, &[]);
    assert_eq!(chat.end(), "");
}
