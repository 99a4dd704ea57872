//! The classic server's files, in and out.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::path::Path;

use fchatd_store::classic::{self, ClassicError, FILE_NAMES};
use fchatd_store::snapshot::{Snapshot, StaffCall};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Files as a classic server left them.
fn sample() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/all/classic"))
}

fn value(folder: &Path, name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(folder.join(name)).unwrap()).unwrap()
}

fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

/// The faults of these files, a line for each.
fn faults(files: &[(&str, &str)]) -> Vec<String> {
    let Err(ClassicError::Strange { faults }) = classic::read(folder_with(files).path()) else {
        unreachable!("nothing strange was found")
    };
    faults
}

#[test]
fn the_files_of_a_classic_server_come_back_unchanged() {
    let snapshot = classic::read(sample()).unwrap().over(None).unwrap();
    assert_eq!(
        (snapshot.channels.len(), snapshot.operators.as_slice()),
        (4, &["Globalmod".to_owned()][..])
    );
    let development = &snapshot.channels[1];
    assert_eq!(
        (
            development.bans.len(),
            development.bans[1].until,
            development.moderators[1].time
        ),
        (2, 1_500_000_600, 1_500_000_001)
    );
    assert_eq!(
        (
            snapshot.channels[3].head.kind.as_str(),
            snapshot.channels[3].head.peak
        ),
        ("pubprivate", 7)
    );
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("new/out");
    classic::write(&out, &snapshot).unwrap();
    for name in FILE_NAMES {
        assert_eq!(value(&out, name), value(sample(), name), "{name}");
    }
    // Again, over the present files, and back.
    classic::write(&out, &snapshot).unwrap();
    assert_eq!(classic::read(&out).unwrap().over(None).unwrap(), snapshot);
    assert_eq!(
        fs::read_dir(&out).unwrap().count(),
        4,
        "no drafts are left behind"
    );
}

/// The classic server passes over the key, which only channels with a topic have.
#[test]
fn a_topic_goes_into_the_file_and_comes_back() {
    let mut snapshot = classic::read(sample()).unwrap().over(None).unwrap();
    let topic = "Roses & <tea>, \"tonight\" \u{2013} b\u{e4}r";
    snapshot.channels[1].head.topic = topic.into();
    let folder = tempfile::tempdir().unwrap();
    classic::write(folder.path(), &snapshot).unwrap();
    let channels = value(folder.path(), "channels.json");
    let all = ["public", "private"].map(|kind| channels[kind].as_array().unwrap().clone());
    let topics: Vec<Value> = all
        .concat()
        .iter()
        .filter_map(|channel| channel.get("topic").cloned())
        .collect();
    assert_eq!(topics, [json!(topic)]);
    assert_eq!(
        classic::read(folder.path()).unwrap().over(None).unwrap(),
        snapshot
    );
}

#[test]
fn state_that_the_files_do_not_hold_stays() {
    let before = Snapshot {
        operators: vec!["Old".into()],
        super_operators: vec!["Older".into()],
        staff_calls: vec![StaffCall::default()],
        ..Snapshot::default()
    };
    let only_operators = folder_with(&[("ops.json", "[\"New\"]")]);
    let read = || classic::read(only_operators.path()).unwrap();
    let after = read().over(Some(before.clone())).unwrap();
    assert_eq!(
        after,
        Snapshot {
            operators: vec!["New".into()],
            ..before
        }
    );
    assert!(matches!(read().over(None), Err(ClassicError::NoChannels)));
    let nothing = tempfile::tempdir().unwrap();
    assert!(matches!(
        classic::read(nothing.path()),
        Err(ClassicError::NothingThere { .. })
    ));
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("ops.json")).unwrap();
    assert!(matches!(
        classic::read(folder.path()),
        Err(ClassicError::File { .. })
    ));
}

#[test]
fn every_strange_entry_is_named_with_its_place() {
    let channels = json!({
        "public": [
            {"name": "A", "mode": "chat", "type": "public", "surprise": 1},
            {"mode": "loud", "type": "private"},
            {"name": "a", "mode": "both", "type": "public", "top": -1, "title": 5},
            7,
            {"name": "B\u{0}", "mode": "ads", "type": "public", "top": 1.5,
             "banlist": [{"name": "X", "timeout": "soon"}, {"name": "x"}, null],
             "modlist": {"name": "Y"}},
        ],
        "privat": [],
    });
    let found = faults(&[
        ("channels.json", &channels.to_string()),
        ("ops.json", "[\"One\", 2, \" \", \"one\"]"),
        ("scops.json", "{}"),
        (
            "bans.json",
            r#"{"bans": [{"id": 0, "character": "X"}, {"id": 7}, {"id": 7}], "timeouts": [{"id": 7}]}"#,
        ),
    ]);
    let expected = [
        "channels.json, public entry 1 (\"A\"): \"surprise\"",
        "channels.json, public entry 2: \"name\" is missing",
        "channels.json, public entry 2: \"type\" is \"private\", but must be public",
        "channels.json, public entry 2: \"mode\" is \"loud\", but must be both or chat or ads",
        "channels.json, public entry 3: \"a\" is listed twice",
        "channels.json, public entry 3 (\"a\"): \"title\" must be text, not a number",
        "channels.json, public entry 3 (\"a\"): \"top\" is -1",
        "channels.json, public entry 4: an object was expected",
        "channels.json, public entry 5: the name \"B\\0\" holds control characters",
        "channels.json, public entry 5 (\"B\\0\"): \"top\" must be a whole number",
        "channels.json, public entry 5 (\"B\\0\"), modlist: a list was expected",
        "channels.json, public entry 5 (\"B\\0\"), banlist entry 1: \"timeout\" must be a whole number, not text",
        "channels.json, public entry 5 (\"B\\0\"), banlist entry 3: an object was expected, not null",
        "channels.json: \"privat\" is not known",
        "ops.json entry 2: a name was expected, not a number",
        "ops.json entry 3: the name is empty",
        "scops.json: a list was expected, not an object",
        "bans.json, bans entry 1: \"id\" is 0, but must be at least 1",
        "bans.json, bans entry 3: account 7 is listed twice",
        "bans.json, timeouts entry 1: \"end\" is missing",
    ];
    for (fault, expected) in found.iter().zip(expected) {
        assert!(
            fault.starts_with(expected),
            "{fault}\nshould begin with\n{expected}"
        );
    }
    assert_eq!(found.len(), expected.len(), "{found:#?}");
}

#[test]
fn damaged_files_are_refused() {
    for content in [
        "",
        "[",
        "[\"One\"",
        "\u{0}",
        "[\"One\"] trailing",
        &"[".repeat(10_000),
    ] {
        let found = faults(&[("ops.json", content), ("scops.json", "[]")]);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("ops.json:1: this is not JSON"), "{found:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("ops.json"), b"[\"On\xe9\"]").unwrap();
    assert!(matches!(
        classic::read(folder.path()),
        Err(ClassicError::Strange { .. })
    ));
}

#[test]
fn an_owner_among_the_moderators_is_said_and_left_out() {
    let channels = json!({"public": [{"name": "A", "mode": "chat", "type": "public", "owner": "Ada",
        "modlist": [{"name": "ADA", "modder": "", "time": 1}, {"name": "Bob", "modder": "Ada", "time": 2}]}]});
    let folder = folder_with(&[("channels.json", &channels.to_string())]);
    let imported = classic::read(folder.path()).unwrap();
    assert_eq!(imported.remarks.len(), 1);
    let snapshot = imported.over(None).unwrap();
    assert_eq!(snapshot.channels[0].moderators.len(), 1);
}

#[test]
fn names_in_different_case_are_one_character_with_the_rights_of_both() {
    let channels = json!({"public": [{"name": "A", "mode": "chat", "type": "public", "owner": "Own",
    "modlist": [{"name": "bob", "modder": "Late", "time": 9}, {"name": "Bob", "modder": "Early", "time": 2}],
    "banlist": [
        {"name": "eve", "banner": "One", "time": 1, "timeout": 0},
        {"name": "Eve", "banner": "Two", "time": 2, "timeout": 500},
        {"name": "FAY", "banner": "One", "time": 1, "timeout": 500},
        {"name": "fay", "banner": "Two", "time": 2, "timeout": 900},
    ]}]});
    let folder = folder_with(&[
        ("channels.json", &channels.to_string()),
        ("ops.json", r#"["anna", "Anna", "ANNA", "Zed", "Zed"]"#),
        ("scops.json", r#"["Sue"]"#),
    ]);
    let imported = classic::read(folder.path()).unwrap();
    assert_eq!(imported.remarks.len(), 6, "{:#?}", imported.remarks);
    let snapshot = imported.over(None).unwrap();
    assert_eq!(snapshot.operators, ["Anna", "Zed"]);
    let channel = &snapshot.channels[0];
    let moderators: Vec<_> = channel
        .moderators
        .iter()
        .map(|one| (one.name.as_str(), one.by.as_str(), one.time))
        .collect();
    assert_eq!(moderators, [("Bob", "Early", 2)]);
    let bans: Vec<_> = channel
        .bans
        .iter()
        .map(|one| (one.name.as_str(), one.banner.as_str(), one.until))
        .collect();
    assert_eq!(bans, [("Eve", "One", 0), ("FAY", "Two", 900)]);
}

proptest! {
    #[test]
    fn noise_never_panics(channels in "\\PC{0,60}", name in "(public|private|name|mode|id|\\PC)", number in any::<i64>()) {
        let nested = json!({"public": [{ name.as_str(): number, "modlist": [[name.as_str()]] }], name.as_str(): channels.as_str()});
        let folder = folder_with(&[
            ("channels.json", &nested.to_string()),
            ("ops.json", &channels),
            ("bans.json", &json!({"bans": [{ name.as_str(): number }], "timeouts": number}).to_string()),
        ]);
        prop_assert!(classic::read(folder.path()).is_err());
    }
}
