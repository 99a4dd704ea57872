//! A person logs in to its own account again and again, with the right password, ten times at once: that must
//! not keep others from logging in, from any address.

use serde_json::Value;

use crate::attacker::{address, at_once};
use crate::bystanders::Bystanders;
use crate::scene::{PASSWORD, attacker_account, in_each_layout};

const AT_ONCE: usize = 10;
/// For each of those at once.
const LOG_INS: usize = 6;
const SETTINGS: [&str; 4] = ["--set", "logins_per_account=20", "--set", "password_patience=2"];

/// An answer as clients understand it.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    /// It has a ticket.
    Ticket,
    /// It is temporary, and says when to try again.
    Later,
    /// Clients take it for final.
    Final(String),
}

fn answer(whole: &str) -> Answer {
    let (head, body) = whole.split_once("\r\n\r\n").unwrap_or((whole, ""));
    let head = head.to_ascii_lowercase();
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let is_temporary = head.starts_with("http/1.1 429 ") || head.starts_with("http/1.1 503 ");
    if is_temporary
        && head.contains("\r\nretry-after: ")
        && head.contains("\r\naccess-control-allow-origin: *")
    {
        return Answer::Later;
    }
    match body["ticket"].as_str() {
        Some(_) if head.starts_with("http/1.1 200 ") => Answer::Ticket,
        _ => Answer::Final(whole.to_owned()),
    }
}

#[test]
fn right_passwords_at_full_rate_keep_nobody_out() {
    in_each_layout(3, &SETTINGS, |scene| {
        let bystanders = Bystanders::start(scene);
        let log_in = |number: usize, from: usize, password: &str| {
            let account = attacker_account(number);
            let form = format!("account={account}&password={}", password.replace(' ', "+"));
            answer(&scene.post("/json/getApiTicket.php", &form, address(from)))
        };
        // The last two are people that come in meanwhile: one from the attacker's own address, one from elsewhere.
        let answers = at_once(AT_ONCE + 2, |number| match number.checked_sub(AT_ONCE) {
            None => (0..LOG_INS).map(|_| log_in(0, 0, PASSWORD)).collect(),
            Some(other) => vec![log_in(other + 1, other, PASSWORD)],
        });
        let (attack, others) = answers.split_at(AT_ONCE);
        let attack: Vec<_> = attack.iter().flatten().collect();
        assert!(
            attack
                .iter()
                .all(|answer| matches!(answer, Answer::Ticket | Answer::Later)),
            "{attack:?}"
        );
        for other in others {
            assert_eq!(other, &[Answer::Ticket]);
        }
        assert!(attack.contains(&&Answer::Later), "good log-ins are paced, too");
        assert!(bystanders.gauge("log-ins paced") > 0);
        assert!(!bystanders.status().contains("wrong passwords"));
        bystanders.unharmed(scene);
    });
}

/// A household, or a bouncer, with people that all come back in the same moment.
#[test]
fn a_hundred_right_passwords_of_one_address_are_all_let_in() {
    in_each_layout(100, &[], |scene| {
        let bystanders = Bystanders::start(scene);
        for (size, accounts) in [(10, 1), (100, 1), (100, 100)] {
            let answers = at_once(size, |number| {
                let account = attacker_account(number % accounts);
                let form = format!("account={account}&password={}", PASSWORD.replace(' ', "+"));
                answer(&scene.post("/json/getApiTicket.php", &form, address(accounts)))
            });
            let refused = answers.iter().find(|answer| **answer != Answer::Ticket);
            assert_eq!(refused, None, "{size} log-ins to {accounts} accounts");
        }
        assert!(!bystanders.status().contains("wrong passwords"));
        bystanders.unharmed(scene);
    });
}

#[test]
fn many_guesses_at_once_are_few_guesses() {
    in_each_layout(2, &[], |scene| {
        let bystanders = Bystanders::start(scene);
        let form = format!("account={}&password=wrong+password", attacker_account(0));
        let answers = at_once(40, |_| scene.post("/json/getApiTicket.php", &form, address(0)));
        let wrong = answers
            .iter()
            .filter(|answer| answer.contains("Password mismatch."))
            .count();
        // Ten, and as many more as are looked at side by side.
        assert!((10..=13).contains(&wrong), "{wrong}");
        let limited = answers
            .iter()
            .filter(|whole| answer(whole) == Answer::Later)
            .count();
        assert_eq!(wrong + limited, answers.len());
        scene.new_ticket(&attacker_account(1), address(1)).unwrap();
        bystanders.unharmed(scene);
    });
}
