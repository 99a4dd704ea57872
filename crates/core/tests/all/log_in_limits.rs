//! Log-ins have a pace that belongs to the account: one account cannot keep others out.

use crate::support::{answer, chat, enter};
use fchatd_protocol::exchange::Input;

#[test]
fn log_ins_of_one_account_are_slowed_down_and_others_do_not_wait() {
    let mut chat = chat(&[("resume_grace", "0"), ("takeover_limit", "0")]);
    let bob = enter(&mut chat, 2, "Bob");
    chat.forget();
    let (mut came, mut refused) = (0, 0);
    for _ in 0..600 {
        let ada = enter(&mut chat, 1, "Ada");
        refused += chat.errors(ada).iter().filter(|&&number| number == 62).count();
        chat.go(ada);
        chat.pass(100);
        came += chat.codes(bob).iter().filter(|code| *code == "NLN").count();
    }
    // The burst, and waiting log-ins of a client that goes are not let in at all.
    assert!((20..=32).contains(&came), "{came} log-ins in a minute");
    assert!(refused > 500, "{refused}");
    let cem = enter(&mut chat, 3, "Cem");
    assert!(chat.codes(cem).contains(&"NLN".to_owned()));
}

#[test]
fn however_many_log_in_at_once_nobody_is_refused() {
    for compat in ["", "classic"] {
        let mut chat = chat(&[("compat", compat), ("loginslots", "30"), ("max_per_ip", "1")]);
        let crowd: Vec<_> = (0..2000).map(|_| chat.open()).collect();
        for (number, &connection) in crowd.iter().enumerate() {
            let account = format!("account {number}");
            chat.say(
                connection,
                &format!(
                    r#"IDN {{"method":"ticket","account":"{account}","ticket":"t","character":"Ada {number}","cname":"c","cversion":"1"}}"#
                ),
            );
            assert_eq!(chat.take(connection), [], "it waits for its check");
        }
        assert_eq!(chat.core.world().identifying_count(), 2000);
        for (number, &connection) in crowd.iter().enumerate() {
            let number = number as u32 + 1;
            let answer = answer(number, number, &format!("Ada {number}"));
            chat.handle(Input::LoginAnswer {
                connection,
                answer: Some(&answer),
            });
            chat.forget();
        }
        assert_eq!(chat.core.world().user_count(), 2000);
    }
}

#[test]
fn a_log_in_that_comes_too_early_waits() {
    let mut chat = chat(&[("login_burst", "1"), ("login_pause", "5"), ("resume_grace", "0")]);
    let ada = enter(&mut chat, 1, "Ada");
    chat.go(ada);
    let ada = enter(&mut chat, 1, "Ada");
    assert_eq!(chat.take(ada), []);
    assert_eq!(
        chat.core.world().identifying_count(),
        0,
        "it does not take a place of the login checks"
    );
    assert_eq!(chat.core.next_due(), Some(5000));
    chat.pass(4999);
    assert_eq!(chat.take(ada), []);
    chat.pass(1);
    assert!(chat.codes(ada).contains(&"NLN".to_owned()));
    // One that has gone meanwhile leaves nothing.
    chat.go(ada);
    let ada = enter(&mut chat, 1, "Ada");
    chat.go(ada);
    assert_eq!(chat.core.next_due(), None);
    assert_eq!(chat.core.world().connection_count(), 0);
    // One that says something before its turn is refused as ever.
    let ada = enter(&mut chat, 1, "Ada");
    chat.say(ada, "UPT");
    assert_eq!(chat.errors(ada), [3]);
    assert_eq!(chat.core.next_due(), None);
}
