//! Text that is relayed has the bounds and the escaping of a message, in every command: dice, lists of
//! moderators, titles, markup.

use serde_json::json;

use crate::bystanders::{Bystanders, ROOM};
use crate::long_names::{fields, open_den, open_room, read_to};
use crate::scene::{Scene, character};

#[test]
fn dice_are_small() {
    let scene = Scene::open(2, &["--set", "msg_flood=0"]);
    let bystanders = Bystanders::start(&scene);
    let (mut mallory, mut guest) = (scene.attacker(0), scene.attacker(1));
    for member in [&mut mallory, &mut guest] {
        member
            .say(&format!("JCH {}", json!({ "channel": ROOM })))
            .unwrap();
        read_to(member, "CDS ");
    }
    for dice in [
        "0".repeat(500_000),
        "0".repeat(101),
        "1d6+<b>1</b>".to_owned(),
        "1d6\n".to_owned(),
        "1e1".to_owned(),
    ] {
        mallory
            .say(&format!("RLL {}", json!({ "channel": ROOM, "dice": dice })))
            .unwrap();
        let refused = read_to(&mut mallory, "ERR ").pop().unwrap();
        assert_eq!(fields(&refused)["number"], 36);
    }
    mallory
        .say(&format!(
            "RLL {}",
            json!({ "channel": ROOM, "dice": "0".repeat(100) })
        ))
        .unwrap();
    let rolled = read_to(&mut guest, "RLL ").pop().unwrap();
    assert!(rolled.len() < 1000, "{rolled}");
    bystanders.unharmed(&scene);
}

/// More than a channel may have, and more than lists go out at once.
const APPOINTED: usize = 150;

#[test]
fn lists_of_moderators_are_bounded() {
    let scene = Scene::open(2, &[]);
    let bystanders = Bystanders::start(&scene);
    let (mut mallory, mut guest) = (scene.attacker(0), scene.attacker(1));
    let (room, _) = open_den(&mut mallory, &mut guest, "Den");
    let mut appointed = 0;
    for number in 0..APPOINTED {
        let fields = json!({ "channel": room, "character": format!("Pal {number}"), "silent": true });
        mallory.say(&format!("COA {fields}")).unwrap();
        loop {
            let answer = mallory.next_text().unwrap().unwrap();
            if answer.starts_with("ERR ") {
                break;
            }
            if answer.starts_with("COA ") {
                appointed += 1;
                break;
            }
        }
    }
    assert!(appointed <= 100, "{appointed} moderators");
    // The last list of all is right, whether it came at once or later.
    let mut heard = (0, 0, 0);
    while heard.2 < appointed || heard.1 < appointed + 1 {
        let text = guest.next_text().unwrap().unwrap();
        if text.starts_with("COA ") {
            heard.2 += 1;
        } else if text.starts_with("COL ") {
            heard.0 += 1;
            heard.1 = fields(&text)["oplist"].as_array().unwrap().len();
            assert!(text.len() < 10_000);
        }
    }
    assert!(heard.0 < APPOINTED, "{} lists", heard.0);
    bystanders.unharmed(&scene);
}

#[test]
fn titles_can_be_seen() {
    let scene = Scene::open(1, &[]);
    let bystanders = Bystanders::start(&scene);
    let mut mallory = scene.attacker(0);
    for title in [
        " ",
        "\u{3164}",
        "\u{2800}",
        "\u{a0}\u{2003}",
        "a\nb",
        "a\u{2028}b",
        "\u{202e}moor s'nimdA",
        "a\u{2066}b",
        "\u{200b}",
        "a\u{200e}",
        "\u{ad}",
        "\u{feff}x",
        "\u{115f}",
        "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
    ] {
        mallory
            .say(&format!("CCR {}", json!({ "channel": title })))
            .unwrap();
        let answer = mallory_answer(&mut mallory);
        assert_eq!(fields(&answer)["number"], 67, "{title:?}: {answer}");
    }
    let room = open_room(&mut mallory, "Ünïcode & 👩\u{200d}🚀");
    assert!(room.starts_with("ADH-"));
    bystanders.unharmed(&scene);
}

fn mallory_answer(socket: &mut fchatd_dialogue::websocket::WebSocket) -> String {
    loop {
        let text = socket.next_text().unwrap().unwrap();
        if text.starts_with("ERR ") || text.starts_with("JCH ") {
            return text;
        }
    }
}

#[test]
fn no_frame_has_markup() {
    let scene = Scene::open(3, &["--set", "staffcall_flood=0", "--set", "sta_flood=0"]);
    let bystanders = Bystanders::start(&scene);
    let (mut mallory, mut guest, mut moderator) = (scene.attacker(0), scene.attacker(1), scene.attacker(2));
    bystanders.operate(&format!("AOP {}", json!({ "character": character(2, 0) })));
    read_to(&mut moderator, "AOP ");
    let markup = "<img src=x onerror=alert(1)> & <b>";
    let (room, mut heard) = open_den(&mut mallory, &mut guest, markup);
    for (code, fields) in [
        ("CDS", json!({ "channel": room, "description": markup })),
        ("COA", json!({ "channel": room, "character": "<b>x</b>" })),
        ("CBU", json!({ "channel": room, "character": "<b>x</b>" })),
        (
            "CTU",
            json!({ "channel": room, "character": "<b>x</b>", "length": 5 }),
        ),
        ("STA", json!({ "status": "busy", "statusmsg": markup })),
        (
            "SFC",
            json!({ "action": "report", "report": markup, "tab": markup }),
        ),
        ("RLL", json!({ "channel": room, "dice": "<b>" })),
        ("CIU", json!({ "channel": room, "character": character(1, 0) })),
        ("LCH", json!({ "channel": markup })),
        ("ORS", json!({})),
        (
            "MSG",
            json!({ "channel": room, "message": format!("the end {markup}") }),
        ),
    ] {
        mallory.say(&format!("{code} {fields}")).unwrap();
    }
    heard.extend(read_to(&mut guest, "MSG "));
    heard.extend(read_to(&mut moderator, "SFC "));
    let reason = json!({ "character": character(0, 0), "time": 5, "reason": markup });
    moderator.say(&format!("TMO {reason}")).unwrap();
    heard.extend(read_to(&mut moderator, "SYS "));
    while let Some(text) = mallory.next_text().unwrap() {
        heard.push(text);
    }
    for frame in heard {
        assert!(!frame.contains(['<', '>']), "{frame}");
    }
    bystanders.unharmed(&scene);
}
