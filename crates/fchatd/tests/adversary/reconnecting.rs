//! Limits of a character that its client tries to get rid of by a new connection.

use std::time::Instant;

use crate::attacker::{address, await_frame};
use crate::bystanders::Bystanders;
use crate::scene::{attacker_account, character, in_each_layout};

const CONNECTIONS: usize = 40;
/// Milliseconds between two messages of a character: `msg_flood` of the scene.
const PAUSE: u128 = 50;

/// Says six things, goes, comes back at once, and so on.
#[test]
fn reconnecting_after_each_burst_lets_a_person_say_no_more() {
    for grace in ["resume_grace=60", "resume_grace=0"] {
        let words = [
            "--set",
            "login_pause=0",
            "--set",
            "takeover_limit=0",
            "--set",
            grace,
        ];
        in_each_layout(3, &words, |scene| {
            let bystanders = Bystanders::start(scene);
            let mut victim = scene.attacker(1);
            let start = Instant::now();
            let mut said = 0;
            for _ in 0..CONNECTIONS {
                let mut mallory = scene.attacker(0);
                for _ in 0..6 {
                    let text = format!(r#"PRI {{"recipient":"{}","message":"{said}"}}"#, character(1, 0));
                    mallory.say(&text).unwrap();
                    said += 1;
                }
                mallory.close().unwrap();
            }
            // All waiting lines are said, and only then another person has a word.
            bystanders.await_gauge("commands wait", |count| count == 0);
            let mut friend = scene.attacker(2);
            let text = format!(r#"PRI {{"recipient":"{}","message":"end"}}"#, character(1, 0));
            friend.say(&text).unwrap();
            let mut heard = Vec::new();
            loop {
                let text = victim.next_text().unwrap().unwrap();
                if text.contains(r#""message":"end""#) {
                    break;
                }
                if text.starts_with("PRI ") {
                    let number = text.split("\"message\":\"").nth(1).unwrap();
                    heard.push(number.split('"').next().unwrap().parse::<usize>().unwrap());
                }
            }
            let passed = start.elapsed().as_millis();
            assert!(
                heard.is_sorted(),
                "in the order in which they were said: {heard:?}"
            );
            assert!(!heard.is_empty());
            assert!(
                heard.len() as u128 <= passed / PAUSE + 2,
                "{} of {said} in {passed} ms",
                heard.len()
            );
            bystanders.unharmed(scene);
        });
    }
}

/// Changes the status, goes, comes back at once and changes it again.
#[test]
fn a_status_is_changed_no_more_often_by_reconnecting() {
    let words = [
        "--set",
        "login_pause=0",
        "--set",
        "takeover_limit=0",
        "--set",
        "resume_grace=0",
        "--set",
        "sta_flood=3600",
    ];
    in_each_layout(2, &words, |scene| {
        let bystanders = Bystanders::start(scene);
        let mut watcher = scene.attacker(1);
        let mut refused = 0;
        for number in 0..10 {
            let mut mallory = scene.attacker(0);
            let text = format!(r#"STA {{"status":"busy","statusmsg":"{number}"}}"#);
            mallory.say(&text).unwrap();
            let answer = await_frame(&mut mallory, |text| {
                text.starts_with("STA ") || text.starts_with("ERR ")
            });
            refused += usize::from(answer.contains(r#""number":14"#));
            mallory.close().unwrap();
        }
        assert_eq!(refused, 9);
        let name = character(0, 0);
        let marker = scene.log_in(&attacker_account(0), &character(0, 1), address(0));
        let mut seen = 0;
        await_frame(&mut watcher, |text| {
            seen += usize::from(text.starts_with("STA ") && text.contains(&name));
            text.starts_with("NLN ") && text.contains(&character(0, 1))
        });
        assert_eq!(seen, 1, "one of ten was seen");
        drop(marker);
        bystanders.unharmed(scene);
    });
}
