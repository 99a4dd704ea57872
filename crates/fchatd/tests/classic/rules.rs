//! The rule file on a server that runs: presence, search, reports, rooms over a stop, keys of the operator's own.

use std::net::Ipv4Addr;

use fchatd_dialogue::websocket::WebSocket;

use crate::attacker::{self, await_frame};
use crate::scene::{LISTENERS, OPERATOR, Scene, attacker_account, character};

/// Says something that is answered, so that all that came before has been heard.
fn settle(socket: &mut WebSocket) -> Vec<String> {
    socket.say("XXX").unwrap();
    let mut heard = Vec::new();
    await_frame(socket, |text| {
        heard.push(text.to_owned());
        text.starts_with("ERR ")
    });
    heard.pop();
    heard
}

fn presence(heard: &[String], name: &str) -> Vec<String> {
    let about = heard.iter().filter(|text| text.contains(name));
    let codes = about.map(|text| text[..3].to_owned());
    codes.filter(|code| code == "FLN" || code == "NLN").collect()
}

fn listener(scene: &Scene) -> WebSocket {
    let name = LISTENERS[0];
    let mut listener = scene.log_in(name, name, attacker::address(50));
    settle(&mut listener);
    listener
}

#[test]
fn a_departure_is_heard_once() {
    let scene = Scene::open_in(crate::site(), 1, &["--set", "resume_grace=1"]);
    let mut listener = listener(&scene);
    let name = character(0, 0);
    let first = scene.attacker(0);
    settle(&mut listener);
    // The rules take the character out themselves, then end the old connection.
    let second = scene.log_in(&attacker_account(0), &name, Ipv4Addr::new(127, 7, 0, 1));
    assert_eq!(presence(&settle(&mut listener), &name), ["FLN", "NLN"]);
    assert_eq!(attacker::drain(first), Some(1000));
    assert_eq!(presence(&settle(&mut listener), &name), Vec::<String>::new());
    drop(second);
    let mut heard = String::new();
    await_frame(&mut listener, |text| {
        heard = text.to_owned();
        text.starts_with("FLN ")
    });
    assert!(heard.contains(&name), "{heard}");
    assert_eq!(presence(&settle(&mut listener), &name), Vec::<String>::new());
}

/// The status as the operator sees it.
fn status(operator: &mut WebSocket) -> String {
    operator.say(r#"ZZZ {"command":"status"}"#).unwrap();
    await_frame(operator, |text| text.starts_with("ZZZ "))
}

/// How many connections the server knows, in its own words.
fn connections(status: &str) -> &str {
    let start = status
        .split(" of them waiting for their log-in check")
        .next()
        .unwrap();
    let line = start.rsplit("\\n").next().unwrap();
    line.split(',').next().unwrap()
}

#[test]
fn a_broken_connection_is_replaced_and_forgotten() {
    let scene = Scene::open_in(crate::site(), 1, &[]);
    let mut listener = listener(&scene);
    let mut operator = scene.log_in(OPERATOR, OPERATOR, attacker::address(60));
    let name = character(0, 0);
    let mut first = scene.attacker(0);
    settle(&mut listener);
    let before = status(&mut operator);
    first.reset().unwrap();
    // The character stays for a while; these rules know nothing of that.
    let start = std::time::Instant::now();
    while !status(&mut operator).contains("1 characters that are away") {
        assert!(start.elapsed() < crate::site::PATIENCE);
    }
    let _second = scene.log_in(&attacker_account(0), &name, Ipv4Addr::new(127, 7, 0, 1));
    assert_eq!(presence(&settle(&mut listener), &name), ["FLN", "NLN"]);
    let after = status(&mut operator);
    assert_eq!(connections(&after), connections(&before));
}

#[test]
fn the_host_searches() {
    let scene = Scene::open_in(crate::site(), 1, &[]);
    let mut seeker = listener(&scene);
    let _found = scene.attacker(0);
    seeker
        .say(r#"FKS {"kinks":["1"],"orientations":["Cuddly"]}"#)
        .unwrap();
    let answer = await_frame(&mut seeker, |text| {
        text.starts_with("FKS ") || text.starts_with("ERR ")
    });
    assert!(answer.contains(&character(0, 0)), "{answer}");
}

#[test]
fn stored_reports_reach_the_staff_without_markup() {
    let scene = Scene::open_in(crate::site(), 1, &["--set", "staffcall_flood=0"]);
    let mut mallory = scene.attacker(0);
    mallory
        .say(r#"SFC {"action":"report","report":"<b> & x","tab":"<img src=x> & me"}"#)
        .unwrap();
    settle(&mut mallory);
    let mut operator = scene.log_in(OPERATOR, OPERATOR, attacker::address(60));
    let report = await_frame(&mut operator, |text| text.starts_with("SFC "));
    assert!(
        report.contains(r#""tab":"&lt;img src=x&gt; &amp; me""#),
        "{report}"
    );
    assert!(report.contains(r#""report":"&lt;b&gt; &amp; x""#), "{report}");
}

#[test]
fn open_rooms_last_over_a_stop() {
    let scene = Scene::open_in(crate::site(), 1, &[]);
    let mut maker = scene.attacker(0);
    maker.say(r#"CCR {"channel":"The (c) den"}"#).unwrap();
    let made = await_frame(&mut maker, |text| text.starts_with("JCH "));
    assert!(made.contains("The © den"), "{made}");
    let name = made
        .split("\"channel\":\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    maker
        .say(&format!(r#"RST {{"channel":"{name}","status":"public"}}"#))
        .unwrap();
    await_frame(&mut maker, |text| text.starts_with("SYS "));
    scene.server.terminate();
    let Scene { server, site, .. } = scene;
    assert_eq!(server.ended().code, Some(0));
    drop(maker);
    let scene = Scene::resume(site, &[]);
    let mut maker = scene.attacker(0);
    maker.say("ORS").unwrap();
    let list = await_frame(&mut maker, |text| text.starts_with("ORS "));
    assert!(list.contains(name), "{list}");
}

#[test]
fn a_change_of_the_super_moderators_is_in_its_file() {
    let scene = Scene::open_in(crate::site(), 0, &["--set", "compat=classic"]);
    let mut operator = scene.log_in(OPERATOR, OPERATOR, attacker::address(60));
    operator.say(r#"SCP {"action":"add","character":"Sue"}"#).unwrap();
    let start = std::time::Instant::now();
    loop {
        let file = std::fs::read_to_string(scene.site.path("scops.json")).unwrap_or_default();
        if file.contains("Sue") {
            return;
        }
        assert!(start.elapsed() < crate::site::PATIENCE, "scops.json: {file:?}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn keys_of_the_operator_are_handed_out() {
    let site = crate::site();
    site.write(
        "script/startup_config.lua",
        "house_name = \"Mill\"\nhouse_floors = 3\nhouse_open = true\n",
    );
    let scene = Scene::open_in(site, 1, &[]);
    let mut guest = scene.attacker(0);
    guest.say("HSE {}").unwrap();
    let told = await_frame(&mut guest, |text| {
        text.starts_with("SYS ") || text.starts_with("ERR ")
    });
    assert!(told.contains("Mill|3|true|nil"), "{told}");
}
