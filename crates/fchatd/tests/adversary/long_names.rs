//! Names that are none, in commands that keep or relay names: 500 KB of ignored names and of bans, control characters,
//! markup, another direction of writing. None of them is kept, and none reaches another person.

use fchatd_dialogue::websocket::WebSocket;
use serde_json::{Value, json};

use crate::bystanders::Bystanders;
use crate::scene::Scene;

/// Largest message that a client may send, less the bytes around the name.
const HUGE: usize = 500_000;

/// Reads up to the first text that begins so, and gives it with all that came before it.
#[track_caller]
pub(crate) fn read_to(socket: &mut WebSocket, beginning: &str) -> Vec<String> {
    let mut read = Vec::new();
    loop {
        let text = socket.next_text().unwrap();
        let text = text.unwrap_or_else(|| panic!("closed before {beginning}, after {read:?}"));
        let is_last = text.starts_with(beginning);
        read.push(text);
        if is_last {
            return read;
        }
    }
}

/// Makes a room and gives its name.
#[track_caller]
pub(crate) fn open_room(owner: &mut WebSocket, title: &str) -> String {
    owner
        .say(&format!("CCR {}", json!({ "channel": title })))
        .unwrap();
    let made = read_to(owner, "JCH ").pop().unwrap();
    read_to(owner, "CDS ");
    fields(&made)["channel"].as_str().unwrap().to_owned()
}

/// The owner opens a public room, and the guest enters it. The room's name, and the frames that the guest
/// has heard.
#[track_caller]
pub(crate) fn open_den(owner: &mut WebSocket, guest: &mut WebSocket, title: &str) -> (String, Vec<String>) {
    let room = open_room(owner, title);
    owner
        .say(&format!("RST {}", json!({ "channel": room, "status": "public" })))
        .unwrap();
    read_to(owner, "SYS ");
    guest.say(&format!("JCH {}", json!({ "channel": room }))).unwrap();
    let heard = read_to(guest, "CDS ");
    (room, heard)
}

/// The fields of a frame.
pub(crate) fn fields(frame: &str) -> Value {
    serde_json::from_str(frame.get(4..).unwrap_or_default()).unwrap_or_default()
}

fn bad_names() -> Vec<String> {
    let mut names = [
        "a\nb",
        "\u{202e}adA",
        "<b>x</b>",
        "[url=https://x]y[/url]",
        "\u{3164}",
        "\u{1}",
    ]
    .map(str::to_owned)
    .to_vec();
    names.push("x".repeat(65));
    names
}

#[test]
fn huge_names_are_not_kept() {
    let scene = Scene::open(1, &["--set", "ignore_flood=0"]);
    let bystanders = Bystanders::start(&scene);
    let mut mallory = scene.attacker(0);
    let room = open_room(&mut mallory, "Den");
    for number in 0..40 {
        let name = format!("{number}{}", "x".repeat(HUGE));
        let ignored = json!({ "action": "add", "character": name });
        mallory.say(&format!("IGN {ignored}")).unwrap();
        read_to(&mut mallory, "ERR ");
        let banned = json!({ "channel": room, "character": name });
        mallory.say(&format!("CBU {banned}")).unwrap();
        read_to(&mut mallory, "ERR ");
    }
    mallory.say(r#"IGN {"action":"list"}"#).unwrap();
    let list = read_to(&mut mallory, "IGN ").pop().unwrap();
    assert_eq!(fields(&list)["characters"], json!([]));
    mallory
        .say(&format!("CBL {}", json!({ "channel": room })))
        .unwrap();
    let bans = read_to(&mut mallory, "SYS ").pop().unwrap();
    assert!(bans.len() < 300, "{bans:.300}");
    assert!(bystanders.gauge("refused for a field") >= 80);
    scene.assert_memory_bounded();
    bystanders.unharmed(&scene);
}

#[test]
fn invalid_names_are_refused_in_every_command() {
    let scene = Scene::open(2, &[]);
    let bystanders = Bystanders::start(&scene);
    let (mut mallory, mut guest) = (scene.attacker(0), scene.attacker(1));
    let (room, _) = open_den(&mut mallory, &mut guest, "Den");
    for name in bad_names() {
        for (code, more) in [
            ("IGN", json!({ "action": "add" })),
            ("CBU", json!({})),
            ("CTU", json!({ "length": 5 })),
            ("COA", json!({})),
            ("CSO", json!({})),
            ("CIU", json!({})),
            ("CKU", json!({})),
            ("CUB", json!({})),
            ("COR", json!({})),
            ("PRI", json!({ "message": "x", "recipient": name })),
            ("RLL", json!({ "dice": "1d6", "recipient": name })),
            ("PRO", json!({})),
            ("KIN", json!({})),
            ("TPN", json!({ "status": "typing" })),
        ] {
            let mut fields = more;
            if code != "PRI" && code != "RLL" {
                fields["character"] = json!(name);
                fields["channel"] = json!(room);
            }
            mallory.say(&format!("{code} {fields}")).unwrap();
            read_to(&mut mallory, "ERR ");
        }
    }
    // No other client has heard anything of it.
    guest.catch_up().unwrap();
    guest.say("UPT").unwrap();
    for heard in read_to(&mut guest, "UPT ") {
        let code = heard.get(..3).unwrap_or_default();
        assert!(
            !["SYS", "COL", "COA", "CBU", "CTU", "CSO", "CIU"].contains(&code),
            "{heard}"
        );
    }
    bystanders.unharmed(&scene);
}
