//! A moderator that has lost the role goes on listening in the staff room.

use crate::bystanders::Bystanders;
use crate::scene::{Scene, character};
use crate::witness::{ask, heard};

const STAFF_ROOM: &str = "ADH-UBERAWESOMESTAFFROOM";

#[test]
fn a_demoted_moderator_hears_nothing_more() {
    let scene = Scene::open(1, &[]);
    let bystanders = Bystanders::start(&scene);
    let name = character(0, 0);
    let mut mallory = scene.attacker(0);
    bystanders.operate(&format!(r#"AOP {{"character":"{name}"}}"#));
    mallory.await_text(|text| text.starts_with("AOP ")).unwrap();
    let join = format!(r#"JCH {{"channel":"{STAFF_ROOM}"}}"#);
    mallory.close().unwrap();
    let mut mallory = scene.attacker(0);
    mallory
        .await_text(|text| text.starts_with("CDS ") && text.contains(STAFF_ROOM))
        .unwrap();
    bystanders.operate(&format!(r#"DOP {{"character":"{name}"}}"#));
    mallory
        .await_text(|text| text.starts_with("LCH ") && text.contains(&name))
        .unwrap();
    bystanders.operate(&format!(
        r#"MSG {{"channel":"{STAFF_ROOM}","message":"among us"}}"#
    ));
    bystanders.status();
    assert!(!heard(&mut mallory).iter().any(|text| text.contains("among us")));
    let refused = ask(&mut mallory, &join, "ERR ");
    assert!(refused.contains("\"number\":44"), "{refused}");
    bystanders.unharmed(&scene);
}
