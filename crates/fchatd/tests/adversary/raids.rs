//! Fifty accounts at once want into a channel that its moderators have locked, or slowed down.

use crate::attacker::at_once;
use crate::bystanders::{Bystanders, ROOM};
use crate::scene::Scene;
use crate::witness::{ask, heard};

const RAIDERS: usize = 50;

#[test]
fn a_raid_stays_outside() {
    let scene = Scene::open(RAIDERS + 1, &[]);
    let bystanders = Bystanders::start(&scene);
    let join = format!(r#"JCH {{"channel":"{ROOM}"}}"#);
    let mut witness = scene.attacker(RAIDERS);
    ask(&mut witness, &join, "CDS ");
    bystanders.operate(&format!(r#"CLK {{"channel":"{ROOM}","status":"locked"}}"#));
    // The operator's next answer comes behind the lock.
    bystanders.status();
    let refused = at_once(RAIDERS, |number| {
        let mut raider = scene.attacker(number);
        let answer = ask(&mut raider, &join, "ERR ");
        (raider, answer)
    });
    assert!(refused.iter().all(|(_, answer)| answer.contains("\"number\":44")));
    let seen = heard(&mut witness);
    assert!(!seen.iter().any(|text| text.starts_with("JCH ")), "{seen:?}");
    bystanders.operate(&format!(r#"CSL {{"channel":"{ROOM}","seconds":3600}}"#));
    bystanders.operate(&format!(r#"CLK {{"channel":"{ROOM}","status":"open"}}"#));
    bystanders.status();
    for (mut raider, _) in refused {
        raider.say(&join).unwrap();
        heard(&mut raider);
    }
    let come = heard(&mut witness);
    let come = come.iter().filter(|text| text.starts_with("JCH ")).count();
    assert_eq!(come, 1, "slow mode lets in one of them");
    bystanders.operate(&format!(r#"CSL {{"channel":"{ROOM}","seconds":0}}"#));
    bystanders.unharmed(&scene);
}
