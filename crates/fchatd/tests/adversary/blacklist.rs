//! A person says a forbidden phrase, in all its disguises.

use serde_json::json;

use crate::bystanders::{Bystanders, ROOM};
use crate::scene::{Scene, character};
use crate::witness::{ask, heard};

const DISGUISES: [&str; 9] = [
    "cheap gold",
    "ChEaP GOLD",
    "cheap   \t gold",
    "che[b]ap[/b] [i]gold[/i]",
    "cheap g[color=red][/color]old",
    "che\u{200b}ap go\u{feff}ld",
    "c\u{301}h\u{302}e\u{303}ap gold",
    "ｃｈｅａｐ　ｇｏｌｄ",
    "[url=http://x.example/cheap gold]x[/url]",
];

#[test]
fn a_phrase_is_not_said_in_any_disguise() {
    let flood = ["--set", "lfrp_flood=0", "--set", "sta_flood=0"];
    let words = ["--set", "blacklist_phrases=Cheap Gold", "--set", "msg_flood=0"];
    let scene = Scene::open(2, &[words, flood].concat());
    let bystanders = Bystanders::start(&scene);
    let join = format!(r#"JCH {{"channel":"{ROOM}"}}"#);
    let (mut mallory, mut witness) = (scene.attacker(0), scene.attacker(1));
    ask(&mut mallory, &join, "CDS ");
    ask(&mut witness, &join, "CDS ");
    for phrase in DISGUISES {
        for command in [
            format!("MSG {}", json!({"channel": ROOM, "message": phrase})),
            format!("LRP {}", json!({"channel": ROOM, "message": phrase})),
            format!("PRI {}", json!({"recipient": character(1, 0), "message": phrase})),
            format!("STA {}", json!({"status": "busy", "statusmsg": phrase})),
            format!("CCR {}", json!({"channel": phrase})),
        ] {
            mallory.say(&command).unwrap();
        }
    }
    heard(&mut mallory);
    let by_mallory: Vec<_> = heard(&mut witness)
        .into_iter()
        .filter(|text| text.contains(&character(0, 0)))
        .filter(|text| !(text.starts_with("STA ") && text.contains(r#""statusmsg":"""#)))
        .collect();
    assert_eq!(by_mallory, Vec::<String>::new());
    mallory
        .say(&format!("MSG {}", json!({"channel": ROOM, "message": "silver"})))
        .unwrap();
    witness.await_text(|text| text.contains("silver")).unwrap();
    bystanders.unharmed(&scene);
}
