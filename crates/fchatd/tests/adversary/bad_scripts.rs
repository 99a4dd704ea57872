//! Rules that are read again are bad: those with a mistake are not taken, and those that fail are taken back.

use crate::attacker::address;
use crate::bystanders::Bystanders;
use crate::scene::{OPERATOR, Scene};
use crate::site::{Output, Site};

/// Rules that answer `UPT` with this.
fn write(site: &Site, body: &str) {
    site.write_scripts(&format!("function event.UPT() {body} end"));
}

#[track_caller]
fn answer(attacker: &mut fchatd_dialogue::websocket::WebSocket) -> String {
    attacker.say("UPT").unwrap();
    loop {
        match attacker.next_text().unwrap() {
            Some(text) if text.starts_with("ERR ") => return text,
            Some(_) => {}
            None => panic!("it was cut off"),
        }
    }
}

#[test]
fn rules_with_a_mistake_are_not_taken_whoever_asks() {
    let site = Site::new();
    write(&site, "return 8");
    let scene = Scene::open_in(site, 1, &[]);
    let bystanders = Bystanders::start(&scene);
    let mut attacker = scene.attacker(0);
    assert!(answer(&mut attacker).contains("\"number\":8"));
    // It compiles and starts; only the static check finds it.
    for body in ["return nobody.defines(this)", "return u.sned(nil)", "return 8 +"] {
        write(&scene.site, body);
        let check = scene.site.run(&["check"]);
        assert_eq!(check.code, Some(1), "{check:?}");
        let place = check
            .stderr
            .split_whitespace()
            .find(|word| word.contains("main.lua:"))
            .unwrap()
            .trim_end_matches(':')
            .to_owned();
        scene.server.hang_up();
        scene.server.await_log(&place);
        let start = scene.site.run(&["--set", "port=0"]);
        start.assert_refused(&[&place]);
        assert!(
            answer(&mut attacker).contains("\"number\":8"),
            "the old rules go on"
        );
    }
    bystanders.unharmed(&scene);
    // As an administrator asks for it.
    let mut operator = scene.log_in(OPERATOR, OPERATOR, address(9));
    operator.say(r#"ZZZ {"command":"reload","arg":"yes"}"#).unwrap();
    operator
        .await_text(|text| text.starts_with("ZZZ ") && text.contains("there is a mistake in the scripts"))
        .unwrap();
    assert!(!operator.is_closed);
    assert!(
        answer(&mut attacker).contains("\"number\":8"),
        "the old rules go on"
    );
}

#[test]
fn rules_that_fail_are_taken_back_by_themselves() {
    let site = Site::new();
    write(&site, "return 8");
    let command = site.program();
    let scene = Scene::open_by(site, command, 1, &[], ("info", Output::Read));
    let bystanders = Bystanders::start(&scene);
    let mut attacker = scene.attacker(0);
    write(&scene.site, "error('this fails')");
    scene.server.hang_up();
    scene.server.await_log("the scripts were read again");
    for _ in 0..3 {
        assert!(answer(&mut attacker).contains("\"number\":-2"), "{}", address(0));
    }
    assert!(
        answer(&mut attacker).contains("\"number\":8"),
        "the old rules are back"
    );
    scene.server.await_log("the ones before them are in force again");
    assert_eq!(bystanders.gauge("returns to earlier scripts"), 1);
    bystanders.unharmed(&scene);
}
