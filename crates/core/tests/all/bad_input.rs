//! Nonsense in every field of every command: one defined answer, never a failing script.

use crate::support::play::Play;

/// Every command with its fields and a good value for each.
const COMMANDS: &[(&str, &[(&str, &str)])] = &[
    ("ACB", &[("character", "\"Nobody\"")]),
    ("AOP", &[("character", "\"Nobody\"")]),
    ("AWC", &[]),
    ("BRO", &[("message", "\"x\"")]),
    ("CBL", &[("channel", "\"garden\"")]),
    ("CBU", &[("channel", "\"garden\""), ("character", "\"Nobody\"")]),
    ("CCR", &[("channel", "\"title\"")]),
    ("CDS", &[("channel", "\"garden\""), ("description", "\"x\"")]),
    ("CTO", &[("channel", "\"garden\""), ("topic", "\"x\"")]),
    ("CHA", &[]),
    ("CIU", &[("channel", "\"garden\""), ("character", "\"Bob\"")]),
    ("CKU", &[("channel", "\"garden\""), ("character", "\"Bob\"")]),
    (
        "COA",
        &[
            ("channel", "\"garden\""),
            ("character", "\"Nobody\""),
            ("silent", "true"),
        ],
    ),
    ("COL", &[("channel", "\"garden\"")]),
    (
        "COR",
        &[
            ("channel", "\"garden\""),
            ("character", "\"Nobody\""),
            ("silent", "true"),
        ],
    ),
    ("CRC", &[("channel", "\"garden\"")]),
    ("CSO", &[("channel", "\"talk\""), ("character", "\"Bob\"")]),
    (
        "CTU",
        &[
            ("channel", "\"garden\""),
            ("character", "\"Nobody\""),
            ("length", "5"),
        ],
    ),
    ("CUB", &[("channel", "\"garden\""), ("character", "\"Nobody\"")]),
    ("DOP", &[("character", "\"Nobody\"")]),
    (
        "FKS",
        &[
            ("kinks", "[1]"),
            ("genders", "[\"Female\"]"),
            ("orientations", "[\"Gay\"]"),
            ("languages", "[\"None\"]"),
            ("furryprefs", "[\"None\"]"),
            ("roles", "[\"None\"]"),
            ("positions", "[\"Switch\"]"),
        ],
    ),
    ("FRL", &[]),
    ("IGN", &[("action", "\"add\""), ("character", "\"Nobody\"")]),
    ("IGN", &[("action", "\"delete\""), ("character", "\"Nobody\"")]),
    ("IGN", &[("action", "\"notify\""), ("character", "\"Nobody\"")]),
    ("JCH", &[("channel", "\"garden\"")]),
    ("KIC", &[("channel", "\"nowhere\"")]),
    ("KIK", &[("character", "\"Nobody\"")]),
    ("KIN", &[("character", "\"Bob\"")]),
    ("LCH", &[("channel", "\"nowhere\"")]),
    ("LRP", &[("channel", "\"garden\""), ("message", "\"x\"")]),
    ("MSG", &[("channel", "\"garden\""), ("message", "\"x\"")]),
    ("ORS", &[]),
    ("PCR", &[]),
    ("PRI", &[("recipient", "\"Bob\""), ("message", "\"x\"")]),
    ("PRO", &[("character", "\"Bob\"")]),
    ("RLD", &[("save", "true")]),
    ("RLL", &[("dice", "\"1d6\""), ("channel", "\"garden\"")]),
    ("RLL", &[("dice", "\"1d6\""), ("recipient", "\"Bob\"")]),
    ("RMO", &[("channel", "\"garden\""), ("mode", "\"both\"")]),
    (
        "RST",
        &[
            ("channel", "\"ADH-0123456789abcdef0123\""),
            ("status", "\"public\""),
        ],
    ),
    ("RWD", &[("character", "\"Nobody\"")]),
    ("SCP", &[("action", "\"add\""), ("character", "\"Nobody\"")]),
    (
        "SFC",
        &[
            ("action", "\"report\""),
            ("report", "\"x\""),
            ("tab", "\"garden\""),
            ("logid", "5"),
        ],
    ),
    ("SFC", &[("action", "\"confirm\""), ("callid", "\"x\"")]),
    ("STA", &[("status", "\"busy\""), ("statusmsg", "\"x\"")]),
    (
        "TMO",
        &[("character", "\"Nobody\""), ("time", "5"), ("reason", "\"x\"")],
    ),
    ("TPN", &[("character", "\"Bob\""), ("status", "\"typing\"")]),
    ("UNB", &[("character", "\"Nobody\"")]),
    ("UPT", &[]),
    ("VAR", &[]),
    ("ZZZ", &[("command", "\"status\""), ("arg", "\"x\"")]),
];

fn nonsense() -> Vec<String> {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let mut values: Vec<String> = [
        "null",
        "0",
        "-1",
        "1.5",
        "1e308",
        "-0",
        "9007199254740993",
        "true",
        "false",
        "[]",
        "[1]",
        "[\"x\"]",
        "[null]",
        "[[1],[2]]",
        "{}",
        "{\"a\":1}",
        "{\"array_a\":[1]}",
        "\"\"",
        "\" \"",
        "\"\\u0000\"",
        "\"a\\u0000b\"",
        "\"\\ud800\"",
        "\"\\udfff\\ud800\"",
        "\"%s%d%n\"",
        "\"é☃😀\"",
        "\"<&>\"",
        "\"*\"",
        "\"array_x\"",
        "\"nan\"",
        "\"inf\"",
        "\"0x1p99\"",
    ]
    .map(str::to_owned)
    .into();
    values.push(deep(20));
    values.push(format!("\"{}\"", "x".repeat(200_000)));
    values
}

#[test]
fn every_field_takes_every_nonsense() {
    let people = ["Admin Ann", "Bob", "Owner", "Globalmod", "Modder"];
    for (code, fields) in COMMANDS {
        let mut play = Play::with(&people);
        for name in people {
            play.say(name, r#"JCH {"channel":"garden"}"#);
        }
        play.heard();
        let mut payloads = vec![
            String::new(),
            "{}".into(),
            "[]".into(),
            "5".into(),
            "null".into(),
            "{".into(),
        ];
        payloads.push("[".repeat(100_000));
        for (index, (field, _)) in fields.iter().enumerate() {
            let with = |value: Option<&str>| {
                let members = fields.iter().enumerate().filter_map(|(other, (name, good))| {
                    let value = if other == index { value? } else { good };
                    Some(format!("\"{name}\":{value}"))
                });
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            };
            payloads.push(with(None));
            payloads.extend(nonsense().iter().map(|value| with(Some(value))));
            payloads.push(format!("{{\"{field}\":1,\"{field}\":\"x\"}}"));
        }
        for payload in payloads {
            let shown: String = payload.chars().take(120).collect();
            for name in ["Bob", "Admin Ann"] {
                // Longer than any wait of a client.
                play.chat.pass(130_000);
                let id = play.id(name);
                play.chat.say(id, &format!("{code} {payload}"));
                let errors = play.chat.errors(id);
                assert!(errors.len() <= 1, "{code} {shown}: {errors:?}");
                assert!(!errors.contains(&-2), "{code} {shown}: a script failed");
                assert!(
                    !play.chat.edge.closed.contains(&id),
                    "{code} {shown} closed {name}"
                );
                play.chat.requests.clear();
                play.chat.forget();
            }
        }
    }
}

#[test]
fn every_missing_required_field_is_an_error() {
    let mut play = Play::with(&["Admin Ann", "Bob"]);
    let optional = ["silent", "save", "tab", "logid", "statusmsg", "arg"];
    for (code, fields) in COMMANDS {
        if *code == "FKS" {
            continue;
        }
        for (missing, _) in fields.iter().filter(|(name, _)| !optional.contains(name)) {
            let members: Vec<_> = fields
                .iter()
                .filter(|(name, _)| name != missing)
                .map(|(name, good)| format!("\"{name}\":{good}"))
                .collect();
            let text = format!("{code} {{{}}}", members.join(","));
            play.check("Admin Ann", &text, "Admin Ann: ERR 1");
        }
    }
}
