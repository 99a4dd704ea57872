//! A folder as a classic server of some years leaves it.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

/// Long past for every server that reads this, and far ahead.
pub(crate) const PAST: i64 = 1_500_000_600;
pub(crate) const FUTURE: i64 = 4_102_444_800;

pub(crate) const ROOM: &str = "ADH-0123456789abcdef0123";

/// The four files.
#[derive(Debug, Clone)]
pub(crate) struct Classic {
    pub(crate) channels: Value,
    pub(crate) operators: Value,
    pub(crate) super_operators: Value,
    pub(crate) bans: Value,
}

impl Classic {
    pub(crate) fn write(&self, folder: &Path) {
        fs::create_dir_all(folder).unwrap();
        for (name, content) in [
            ("channels.json", &self.channels),
            ("ops.json", &self.operators),
            ("scops.json", &self.super_operators),
            ("bans.json", &self.bans),
        ] {
            // As that server writes: other characters than ASCII by their numbers.
            fs::write(folder.join(name), escaped(&content.to_string())).unwrap();
        }
    }

    pub(crate) fn read(folder: &Path) -> Self {
        let value = |name| serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap();
        Self {
            channels: value("channels.json"),
            operators: value("ops.json"),
            super_operators: value("scops.json"),
            bans: value("bans.json"),
        }
    }
}

fn escaped(json: &str) -> String {
    let mut out = String::new();
    for character in json.chars() {
        if character.is_ascii() {
            out.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

/// Everything that a folder may hold and that has to come back as it was.
pub(crate) fn aged() -> Classic {
    let moderator = |name: &str, by: &str, time: i64| json!({"name": name, "modder": by, "time": time});
    let ban = |name: &str, by: &str, time: i64, until: i64| json!({"name": name, "banner": by, "time": time, "timeout": until});
    // 300, which is as many as a channel may have; in order of their time, as they are exported.
    let many: Vec<_> = (0..300_i64)
        .map(|number| {
            let name = match number % 3 {
                0 => format!("Banned {number:03}"),
                1 => format!("BANNED {number:03}"),
                _ => format!("bAnNeD {number:03}"),
            };
            let until = match number % 10 {
                7 => PAST,
                8 => FUTURE,
                _ => 0,
            };
            ban(
                &name,
                if number % 4 == 0 { "" } else { "mODDER" },
                1_400_000_000 + number,
                until,
            )
        })
        .collect();
    let channels = json!({
        "public": [
            {"name": "Caf\u{e9} & Bar", "description": "\u{65e5}\u{672c}\u{8a9e} \u{1f37a} \"quoted\" \\ back &lt;b&gt; &amp;amp;\nnext\ttab",
             "mode": "chat", "owner": "", "users": 17, "title": "", "top": 250, "type": "public",
             "banlist": [], "modlist": [moderator("mODDER", "", 0), moderator("Other-Mod_9", "gONE", 1_500_000_001)]},
            {"name": "Frontpage", "description": "", "mode": "both", "owner": "bIG oWNER", "users": 0,
             "title": "", "top": 9, "type": "public", "banlist": many, "modlist": []},
            {"name": "development", "description": "lower case &amp; help", "mode": "ads", "owner": "Owner",
             "users": 0, "title": "", "top": 9, "type": "public",
             "banlist": [ban("Keptout", "Owner", 5, 0)], "modlist": [moderator("Modder", "Owner", 1_500_000_000)]},
        ],
        "private": [
            {"name": ROOM, "description": "fish", "mode": "both", "owner": "rOOM oWNER", "users": 3,
             "title": "Fish &amp; Chips \u{1f41f}", "top": 7, "type": "pubprivate",
             "banlist": [ban("LATE", "", 9, 0)], "modlist": [moderator("Roommod", "rOOM oWNER", 3)]},
            {"name": "ADH-fedcba98765432100123", "description": "", "mode": "both", "owner": "", "users": 0,
             "title": "&lt;3", "top": 5, "type": "pubprivate", "banlist": [], "modlist": []},
        ],
    });
    Classic {
        channels,
        operators: json!(["gLOBALMOD", "zed", "Ann"]),
        super_operators: json!(["SUPERONE"]),
        bans: json!({
            "bans": [{"id": 70, "character": "pERMABANNED"}, {"id": 9_007_199_254_740_993_i64, "character": ""}],
            "timeouts": [
                {"id": 71, "end": PAST, "character": "oVER"},
                {"id": 72, "end": FUTURE, "character": "lATER"},
            ],
        }),
    }
}

/// Puts entries among them that no server takes, and gives for each the words about it.
pub(crate) fn with_oddities(mut files: Classic) -> (Classic, Vec<&'static str>) {
    let list = |value: &mut Value, entry: Value| value.as_array_mut().unwrap().push(entry);
    let public = &mut files.channels["public"];
    list(
        public,
        json!({"name": "FRONTPAGE", "mode": "both", "type": "public", "description": "a second one"}),
    );
    list(
        &mut public[2]["banlist"],
        json!({"name": "kEPTOUT", "banner": "", "time": 6, "timeout": 0}),
    );
    list(
        &mut public[2]["banlist"],
        json!({"name": "Text", "banner": "", "time": "7", "timeout": 0}),
    );
    list(&mut public[2]["modlist"], json!({"name": "MODDER"}));
    list(&mut files.operators, json!("Zed"));
    list(&mut files.operators, Value::Null);
    list(
        &mut files.bans["bans"],
        json!({"id": "73", "character": "As Text"}),
    );
    list(
        &mut files.bans["timeouts"],
        json!({"id": 72, "end": 1, "character": "Twice"}),
    );
    let said = vec![
        "channels.json, public entry 4: \"FRONTPAGE\" is listed twice",
        "channels.json, public entry 3 (\"development\"), banlist entry 3: \"time\" must be a whole number, not text",
        "ops.json entry 5: a name was expected, not null",
        "bans.json, bans entry 3: \"id\" must be a whole number, not text",
        "bans.json, timeouts entry 3: account 72 is listed twice",
    ];
    (files, said)
}

/// An ended entry has no effect and may be gone; its number is not kept.
pub(crate) fn lasting(mut files: Classic, now: i64) -> Classic {
    for list in ["public", "private"] {
        for channel in files.channels[list].as_array_mut().unwrap() {
            channel["users"] = json!(0);
            let bans = channel["banlist"].as_array_mut().unwrap();
            bans.retain(|ban| ban["timeout"] == 0 || ban["timeout"].as_i64().unwrap() > now);
        }
    }
    let timeouts = files.bans["timeouts"].as_array_mut().unwrap();
    timeouts.retain(|timeout| timeout["end"].as_i64().unwrap() > now);
    files
}
