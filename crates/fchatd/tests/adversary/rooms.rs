//! Rooms without end: how many an account can make, how long the list of them becomes, and invitations to them.

use std::time::Instant;

use fchatd_dialogue::websocket::WebSocket;

use crate::attacker::await_frame;
use crate::bystanders::Bystanders;
use crate::scene::{Scene, character, in_each_layout};

const ATTACKERS: usize = 5;
/// Tries of each connection, and connections of each attacker.
const TRIES: usize = 20;
const CONNECTIONS: usize = 3;
/// Rooms that an account makes at once, and the seconds of `room_flood`.
const BURST: u64 = 5;
const PAUSE: u64 = 15;

/// The name of the channel in a frame.
fn name_in(frame: &str) -> &str {
    let name = frame.split("\"channel\":\"").nth(1).unwrap();
    name.split('"').next().unwrap()
}

/// Makes a room public.
fn open(maker: &mut WebSocket, room: &str) {
    maker
        .say(&format!(r#"RST {{"channel":"{room}","status":"public"}}"#))
        .unwrap();
    await_frame(maker, |text| text.starts_with("SYS "));
}

#[test]
fn an_account_makes_rooms_only_so_often_and_their_list_is_bounded() {
    let words = ["--set", "channel_list_max=1024", "--set", "command_rate=0"];
    in_each_layout(ATTACKERS + 1, &words, |scene| {
        let bystanders = Bystanders::start(scene);
        let start = Instant::now();
        let mut made = 0;
        let mut refused = 0;
        let mut held = Vec::new();
        for attacker in 0..ATTACKERS {
            for _ in 0..CONNECTIONS {
                let mut mallory = scene.attacker(attacker);
                for _ in 0..TRIES {
                    mallory
                        .say(r#"CCR {"channel":"A room with a long, long title"}"#)
                        .unwrap();
                    let answer = await_frame(&mut mallory, |text| {
                        text.starts_with("JCH ") || text.starts_with("ERR ")
                    });
                    if answer.starts_with("ERR ") {
                        assert!(answer.contains(r#""number":5"#), "{answer}");
                        refused += 1;
                        continue;
                    }
                    made += 1;
                    open(&mut mallory, name_in(&answer));
                }
                // Without goodbye, so that the rooms stay.
                held.push(mallory);
            }
        }
        let passed = start.elapsed().as_secs();
        let most = ATTACKERS as u64 * (BURST + passed / PAUSE + 1);
        assert!(made <= most, "{made} rooms in {passed} s");
        assert!(made >= ATTACKERS as u64 * BURST);
        assert_eq!(bystanders.gauge("rooms refused"), refused);
        let mut reader = scene.attacker(ATTACKERS);
        reader.say("ORS").unwrap();
        let list = await_frame(&mut reader, |text| text.starts_with("ORS "));
        assert!((512..1200).contains(&list.len()), "{} bytes", list.len());
        bystanders.unharmed(scene);
    });
}

#[test]
fn rooms_count_for_their_maker_after_a_restart() {
    let words = ["--set", "room_flood=0", "--set", "rooms_per_account=3"];
    let scene = Scene::open(1, &words);
    let make = |mallory: &mut WebSocket| {
        mallory.say(r#"CCR {"channel":"Mine"}"#).unwrap();
        await_frame(mallory, |text| {
            text.starts_with("JCH ") || text.starts_with("ERR ")
        })
    };
    let mut mallory = scene.attacker(0);
    for _ in 0..3 {
        let answer = make(&mut mallory);
        open(&mut mallory, name_in(&answer));
    }
    let refused = make(&mut mallory);
    assert!(refused.contains(r#""number":73"#), "{refused}");
    scene.server.terminate();
    let Scene { server, site, .. } = scene;
    assert_eq!(server.ended().code, Some(0));
    drop(mallory);
    let scene = Scene::resume(site, &words);
    let mut mallory = scene.attacker(0);
    mallory.say("ORS").unwrap();
    let list = await_frame(&mut mallory, |text| text.starts_with("ORS "));
    assert_eq!(list.matches("ADH-").count(), 3, "{list}");
    let refused = make(&mut mallory);
    assert!(refused.contains(r#""number":73"#), "{refused}");
}

#[test]
fn an_invitation_is_sent_once() {
    in_each_layout(2, &["--set", "command_rate=0"], |scene| {
        let bystanders = Bystanders::start(scene);
        let mut victim = scene.attacker(1);
        let mut mallory = scene.attacker(0);
        mallory.say(r#"CCR {"channel":"Come in"}"#).unwrap();
        let text = await_frame(&mut mallory, |text| text.starts_with("JCH "));
        let room = name_in(&text);
        let name = character(1, 0);
        for _ in 0..100 {
            mallory
                .say(&format!(r#"CIU {{"channel":"{room}","character":"{name}"}}"#))
                .unwrap();
        }
        for _ in 0..99 {
            let answer = await_frame(&mut mallory, |text| text.starts_with("ERR "));
            assert!(answer.contains(r#""number":5"#), "{answer}");
        }
        mallory
            .say(&format!(r#"PRI {{"recipient":"{name}","message":"mark"}}"#))
            .unwrap();
        let mut heard = 0;
        await_frame(&mut victim, |text| {
            heard += usize::from(text.starts_with("CIU "));
            text.starts_with("PRI ")
        });
        assert_eq!(heard, 1);
        assert_eq!(bystanders.gauge("invitations refused"), 99);
        bystanders.unharmed(scene);
    });
}
