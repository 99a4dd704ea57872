//! A person misbehaves and is gone before a moderator can act, or has never been there with the character that a
//! moderator names.

use crate::attacker::{address, drain};
use crate::bystanders::Bystanders;
use crate::scene::{Scene, attacker_account, character};
use crate::witness::until;

#[test]
fn a_ban_reaches_who_has_gone_and_who_was_never_there() {
    let scene = Scene::open(2, &[]);
    let bystanders = Bystanders::start(&scene);
    let mut gone = scene.attacker(0);
    gone.close().unwrap();
    drain(gone);
    // The first one has gone; of the second no character was ever online, but one of another name is there now.
    let account = attacker_account(1);
    let other = scene.log_in(&account, &character(1, 1), address(1));
    bystanders.operate(&format!(r#"ACB {{"character":"{}"}}"#, character(0, 0)));
    bystanders.operate(&format!(r#"ACB {{"character":"{}"}}"#, character(1, 2)));
    assert_eq!(drain(other), Some(1000), "everything of the account is put out");
    for number in 0..2 {
        for alt in 0..3 {
            let name = character(number, alt);
            let refused = until("the ban does not hold", || {
                scene
                    .try_log_in(&attacker_account(number), &name, address(number))
                    .err()
            });
            assert!(!refused.is_empty(), "{name}");
        }
    }
    bystanders.unharmed(&scene);
}
