//! Commands without a timer of their own, sent without end: of any of them, one account reaches others with so many
//! at once, and then with a few in a second. The rest waits, and commands that can't wait are an error.

use std::time::Instant;

use fchatd_dialogue::websocket::WebSocket;

use crate::attacker::{await_frame, many};
use crate::bystanders::{Bystanders, ROOM};
use crate::scene::{Scene, character, in_each_layout};

/// Commands of one storm.
const COMMANDS: usize = 2_000;
/// `command_burst`, and some more for the commands before the storm.
const BURST: usize = 300;
/// `command_rate`.
const RATE: usize = 10;

/// Commands that are sent in turn, and the frames that a victim hears of them. `ROOM` stands for the bystanders' room, `OWN` for one
/// that belongs to the attacker, `VICTIM` for the victim.
const STORMS: [(&[&str], &[&str]); 7] = [
    (
        &[r#"JCH {"channel":"ROOM"}"#, r#"LCH {"channel":"ROOM"}"#],
        &["JCH", "LCH"],
    ),
    (&[r#"TPN {"character":"VICTIM","status":"typing"}"#], &["TPN"]),
    (&[r#"CIU {"channel":"OWN","character":"VICTIM"}"#], &["CIU"]),
    (&[r#"CDS {"channel":"OWN","description":"new"}"#], &["CDS"]),
    (
        &[
            r#"COA {"channel":"OWN","character":"VICTIM"}"#,
            r#"COR {"channel":"OWN","character":"VICTIM"}"#,
        ],
        &["COL", "COA", "COR", "SYS"],
    ),
    (
        &[
            r#"RST {"channel":"OWN","status":"private"}"#,
            r#"RST {"channel":"OWN","status":"public"}"#,
        ],
        &[],
    ),
    (&[r#"RMO {"channel":"OWN","mode":"chat"}"#], &["RMO"]),
];

#[test]
fn one_account_reaches_others_only_so_often() {
    in_each_layout(STORMS.len() + 2, &[], |scene| {
        let bystanders = Bystanders::start(scene);
        let mut victim = scene.attacker(STORMS.len());
        let name = character(STORMS.len(), 0);
        join(&mut victim, ROOM);
        let mut friend = scene.attacker(STORMS.len() + 1);
        for (number, (commands, codes)) in STORMS.iter().enumerate() {
            let refused = bystanders.gauge("commands refused");
            let (mut mallory, own) = owner(scene, number);
            join(&mut victim, &own);
            let start = Instant::now();
            let text: Vec<Vec<u8>> = commands
                .iter()
                .map(|command| {
                    let text = command.replace("ROOM", ROOM).replace("OWN", &own);
                    many(&text.replace("VICTIM", &name), 1)
                })
                .collect();
            let storm = text.concat().repeat(COMMANDS / commands.len());
            mallory.raw(&storm).unwrap();
            // A hundred wait, and hardly more than the burst is carried out.
            bystanders.await_gauge("commands refused", |count| {
                count >= refused + (COMMANDS / 2) as u64
            });
            let mark = format!("storm {number}");
            friend
                .say(&format!(r#"PRI {{"recipient":"{name}","message":"{mark}"}}"#))
                .unwrap();
            let mut heard = 0;
            await_frame(&mut victim, |text| {
                heard += usize::from(codes.iter().any(|code| text.starts_with(code)));
                text.contains(&mark)
            });
            let passed = start.elapsed().as_secs() as usize;
            // Three frames at most come of each command.
            let most = 3 * (BURST + RATE * (passed + 1));
            assert!(heard <= most, "{commands:?}: {heard} frames in {passed} s");
            drop(mallory);
        }
        scene.assert_memory_bounded();
        bystanders.unharmed(scene);
    });
}

fn join(socket: &mut WebSocket, channel: &str) {
    socket.say(&format!(r#"JCH {{"channel":"{channel}"}}"#)).unwrap();
    await_frame(socket, |text| text.starts_with("CDS ") && text.contains(channel));
}

/// Logs an attacker in that makes an open room; its name.
fn owner(scene: &Scene, number: usize) -> (WebSocket, String) {
    let mut socket = scene.attacker(number);
    socket.say(r#"CCR {"channel":"Storm"}"#).unwrap();
    let text = await_frame(&mut socket, |text| text.starts_with("JCH "));
    let name = text.split("\"channel\":\"").nth(1).unwrap();
    let name = name.split('"').next().unwrap().to_owned();
    socket
        .say(&format!(r#"RST {{"channel":"{name}","status":"public"}}"#))
        .unwrap();
    await_frame(&mut socket, |text| text.starts_with("SYS "));
    (socket, name)
}
