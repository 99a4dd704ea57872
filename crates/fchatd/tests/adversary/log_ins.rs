//! Log-ins: one account that comes and goes without end, and many characters from one address.

use crate::attacker::{address, await_frame};
use crate::bystanders::Bystanders;
use crate::scene::{attacker_account, character, in_each_layout};

/// Each log-in is heard by all people online.
#[test]
fn an_account_that_comes_and_goes_is_refused_in_the_end() {
    let words = [
        "--set",
        "login_burst=5",
        "--set",
        "login_pause=3600",
        "--set",
        "login_wait_max=0",
        "--set",
        "resume_grace=0",
    ];
    in_each_layout(3, &words, |scene| {
        let bystanders = Bystanders::start(scene);
        let mut watcher = scene.attacker(1);
        let mut came = 0;
        for number in 0..30 {
            let (account, name) = (attacker_account(0), character(0, number % 5));
            match scene.try_log_in(&account, &name, address(0)) {
                Ok(mut socket) => {
                    came += 1;
                    socket.close().unwrap();
                }
                Err(answer) => assert!(answer.contains(r#""number":62"#), "{answer}"),
            }
        }
        assert_eq!(came, 5);
        assert_eq!(bystanders.gauge("log-ins refused"), 25);
        // Others do not wait for it.
        let _other = scene.attacker(2);
        let mut seen = 0;
        await_frame(&mut watcher, |text| {
            seen += usize::from(text.starts_with("NLN ") && text.contains("Mallory 0"));
            text.starts_with("NLN ") && text.contains(&character(2, 0))
        });
        assert_eq!(seen, 5);
        bystanders.unharmed(scene);
    });
}

/// Characters with a broken connection stay online for a while. They count, or one address could have any number of them.
#[test]
fn characters_that_are_away_take_the_places_of_their_address() {
    const CHARACTERS: usize = 50;
    in_each_layout(CHARACTERS, &[], |scene| {
        let bystanders = Bystanders::start(scene);
        let shared = address(1000);
        let log_in = |number: usize| {
            let account = attacker_account(number);
            // The ticket comes from elsewhere: here it is about the chat.
            scene.ticket(&account, address(number));
            scene.try_log_in(&account, &character(number, 0), shared)
        };
        let mut came = Vec::new();
        for number in 0..CHARACTERS {
            match log_in(number) {
                // Dropped without a goodbye.
                Ok(_) => came.push(number),
                Err(answer) => assert!(answer.contains(r#""number":30"#), "{answer}"),
            }
        }
        assert_eq!(came, [0, 1, 2], "max_per_ip is 3");
        // Each of them comes back, independent of the others.
        let back: Vec<_> = came.into_iter().map(|number| log_in(number).unwrap()).collect();
        assert!(log_in(3).is_err());
        drop(back);
        bystanders.unharmed(scene);
    });
}
