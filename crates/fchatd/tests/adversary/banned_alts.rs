//! A person that is banned from a channel comes back with another character of the same account.

use crate::attacker::address;
use crate::bystanders::{Bystanders, ROOM};
use crate::scene::{Scene, attacker_account, character};
use crate::witness::{ask, heard};

#[test]
fn another_character_of_a_banned_account_does_not_walk_in() {
    let scene = Scene::open(2, &["--set", "max_per_ip=5"]);
    let bystanders = Bystanders::start(&scene);
    let join = format!(r#"JCH {{"channel":"{ROOM}"}}"#);
    let mut banned = scene.attacker(0);
    let mut alt = scene.log_in(&attacker_account(0), &character(0, 1), address(0));
    let mut outside = scene.log_in(&attacker_account(0), &character(0, 2), address(0));
    let mut witness = scene.attacker(1);
    for socket in [&mut banned, &mut alt, &mut witness] {
        ask(socket, &join, "CDS ");
    }
    bystanders.operate(&format!(
        r#"CBU {{"channel":"{ROOM}","character":"{}"}}"#,
        character(0, 0)
    ));
    let of_alt = format!(r#""character":"{}""#, character(0, 1));
    alt.await_text(|text| text.starts_with("LCH ") && text.contains(&of_alt))
        .unwrap();
    for socket in [&mut banned, &mut alt, &mut outside] {
        let refused = ask(socket, &join, "ERR ");
        assert!(refused.contains("\"number\":48"), "{refused}");
    }
    let seen = heard(&mut witness);
    let named = |name: &str| {
        seen.iter()
            .filter(|text| text.contains(&format!("\"{name}\"")))
            .count()
    };
    assert!(seen.iter().any(|text| text.starts_with("CBU ")), "{seen:?}");
    assert_eq!(
        named(&character(0, 1)),
        1,
        "only that the other one has left: {seen:?}"
    );
    bystanders.unharmed(&scene);
}
