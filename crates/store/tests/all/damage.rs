//! Damage of every kind: refused untouched, named entry by entry, and undamaged data is recovered.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use fchatd_protocol::change::{Change, Commit};
use fchatd_protocol::network::{self, NetworkBan};
use fchatd_store::snapshot::{BanRecord, ChannelHead, ChannelRecord, ModeratorRecord, Snapshot};
use fchatd_store::{AccountName, CharacterName, Claim, Profile, Store, StoreError, inspect};
use proptest::prelude::*;
use rusqlite::Connection;

fn full() -> Snapshot {
    let channels = (0..40).map(|number| ChannelRecord {
        head: ChannelHead {
            name: format!("Channel {number:02}"),
            title: format!("Channel {number:02}"),
            description: "what it is about ".repeat(number),
            kind: "public".into(),
            mode: "both".into(),
            owner: "Ada".into(),
            peak: 7,
            ..ChannelHead::default()
        },
        invited: Vec::new(),
        moderators: vec![ModeratorRecord {
            name: "Bob".into(),
            by: "Ada".into(),
            time: 5,
        }],
        bans: (0..20)
            .map(|ban| BanRecord {
                name: format!("Banned {ban:02}"),
                banner: "Bob".into(),
                time: ban,
                until: 0,
                account: 0,
            })
            .collect(),
    });
    Snapshot {
        channels: channels.collect(),
        operators: (0..50).map(|number| format!("Operator {number}")).collect(),
        network_bans: (0..20)
            .map(|number| NetworkBan {
                network: network::parse(&format!("203.0.{number}.0/24")).unwrap(),
                until: 0,
                reason: "raid".into(),
                by: "Ada".into(),
                time: 5,
            })
            .collect(),
        registration_paused: true,
        ..Snapshot::default()
    }
}

/// The files of a server that was killed: a database, and a log with some commits that are not yet in it.
struct Files(BTreeMap<&'static str, Vec<u8>>);

const DATABASE: &str = "fchatd.sqlite";
const LOG: &str = "fchatd.sqlite-wal";

impl Files {
    fn of_a_killed_server() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let mut accounts = store.accounts().unwrap();
        let ada = accounts
            .create_account(&AccountName::parse("ada").unwrap(), "hash", true, 5)
            .unwrap();
        let name = CharacterName::parse("Ada").unwrap();
        accounts
            .create_character(
                ada,
                &name,
                &Profile::default(),
                9,
                5,
                fchatd_store::NameRight::Asked,
            )
            .unwrap();
        let mut writer = store.chat_writer().unwrap();
        writer.replace(&full()).unwrap();
        store.checkpoint().unwrap();
        for number in 1..=20 {
            let changes = vec![Change::SuperOperators(vec![format!("Super {number}")])];
            let commit = Commit {
                number,
                actor: None,
                changes,
            };
            writer.apply(&[commit]).unwrap();
        }
        Self(
            [DATABASE, LOG]
                .map(|name| (name, fs::read(folder.path().join(name)).unwrap()))
                .into(),
        )
    }

    fn write(&self) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in &self.0 {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        folder
    }

    fn damaged(mut self, name: &'static str, damage: impl FnOnce(&mut Vec<u8>)) -> Self {
        damage(self.0.get_mut(name).unwrap());
        self
    }

    fn are_in(&self, folder: &Path) -> bool {
        self.0
            .iter()
            .all(|(name, bytes)| fs::read(folder.join(name)).is_ok_and(|found| found == *bytes))
    }
}

/// Starts as a server does: claims, opens, loads.
fn start(folder: &Path) -> Result<Snapshot, StoreError> {
    let claim = Claim::take(folder)?;
    let store = Store::open_claimed(&claim)?;
    Ok(store.load_snapshot()?.unwrap_or_default())
}

/// Why a start is refused.
fn refusal(folder: &Path) -> StoreError {
    start(folder).map(|_| "it starts").unwrap_err()
}

#[test]
fn without_damage_everything_is_there() {
    let files = Files::of_a_killed_server();
    let folder = files.write();
    let found = inspect(folder.path()).unwrap();
    assert_eq!((found.faults, found.remarks), (Vec::new(), Vec::new()));
    assert_eq!((found.accounts, found.characters), (1, 1));
    assert!(files.are_in(folder.path()), "a look changes nothing");
    let expected = Snapshot {
        super_operators: vec!["Super 20".into()],
        ..full()
    };
    assert_eq!(found.snapshot.as_ref(), Some(&expected));
    assert_eq!(start(folder.path()).unwrap(), expected);
}

#[test]
fn a_file_that_is_no_database_any_more_is_refused_by_all() {
    for content in [
        Vec::new(),
        vec![0; 8192],
        vec![0xa5; 8192],
        b"SQLite format 3\0".to_vec(),
    ] {
        let files = Files::of_a_killed_server().damaged(DATABASE, |bytes| *bytes = content);
        let folder = files.write();
        let refused = refusal(folder.path());
        assert!(matches!(refused, StoreError::Damaged { .. }), "{refused}");
        for advice in ["fchatd state check", "fchatd state export", "backup"] {
            assert!(refused.to_string().contains(advice), "{refused}");
        }
        assert!(inspect(folder.path()).is_err());
        assert!(files.are_in(folder.path()), "it was touched");
    }
}

#[test]
fn a_log_that_is_damaged_in_its_middle_is_not_forgotten() {
    for at in [0, 17, 40, 3000, 4200, 30_000] {
        let files = Files::of_a_killed_server().damaged(LOG, |bytes| bytes[at] ^= 0x10);
        let folder = files.write();
        let refused = refusal(folder.path());
        assert!(matches!(refused, StoreError::Damaged { .. }), "{at}: {refused}");
        assert!(
            refused.to_string().contains("fchatd.sqlite-wal"),
            "{at}: {refused}"
        );
        assert!(files.are_in(folder.path()), "{at}: it was touched");
        let found = inspect(folder.path()).unwrap();
        assert_eq!(found.faults.len(), 1, "{:?}", found.faults);
        assert_eq!(found.snapshot.unwrap().channels, full().channels);
        assert!(files.are_in(folder.path()), "{at}: it was touched");
    }
}

#[test]
fn a_log_whose_end_is_missing_is_a_commit_that_was_not_finished() {
    let files = Files::of_a_killed_server();
    let length = files.0[LOG].len();
    for keep in [0, 20, 32, 5000, length / 2, length - 1] {
        let files = Files::of_a_killed_server().damaged(LOG, |bytes| bytes.truncate(keep));
        let folder = files.write();
        let found = start(folder.path()).unwrap();
        assert_eq!(found.channels, full().channels);
        assert!(found.super_operators.len() <= 1);
    }
}

#[test]
fn entries_that_make_no_sense_are_named_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    store.save_snapshot(&full()).unwrap();
    let connection = Connection::open(store.path()).unwrap();
    connection
        .execute_batch(
            "PRAGMA foreign_keys = OFF;
             UPDATE channel SET mode = 'loud' WHERE folded = 'channel 03';
             UPDATE channel SET name = 'Other' WHERE folded = 'channel 04';
             UPDATE channel SET title = CAST(x'ff41' AS TEXT) WHERE folded = 'channel 05';
             UPDATE channel_ban SET banned_at = -5 WHERE channel = 'channel 06' AND folded = 'banned 01';
             DELETE FROM channel WHERE folded = 'channel 07';
             UPDATE operator SET name = 'OPERATOR 1' WHERE position = 9;
             UPDATE operator SET name = '' WHERE position = 11;
             INSERT INTO account (name, password_hash, default_character_id, created_at) VALUES ('?', '', 77, 1);",
        )
        .unwrap();
    drop(connection);
    let found = inspect(folder.path()).unwrap();
    for (place, fault) in [
        ("channel \"channel 03\": ", "mode is \"loud\""),
        ("channel \"channel 04\": ", "its name is \"Other\""),
        ("channel \"channel 05\": ", "title can't be read"),
        (
            "channel \"channel 06\", ban of \"banned 01\": ",
            "banned_at is -5",
        ),
        ("channel \"channel 07\": ", "the channel is not"),
        ("a row of channel_ban ", "not there"),
        ("global moderator 10: ", "there twice"),
        ("global moderator 12: ", "name is empty"),
        ("account 1 (\"?\"): ", "can't be the name"),
        ("account 1 (\"?\"): ", "it has no password"),
        ("account 1 (\"?\"): ", "not one of its own"),
    ] {
        let named = |line: &String| line.starts_with(place) && line.contains(fault);
        assert!(
            found.faults.iter().any(named),
            "{place}{fault}\n{:#?}",
            found.faults
        );
    }
    let kept = found.snapshot.unwrap();
    assert_eq!(kept.channels.len(), 38, "what can be read is there");
    assert!(start(folder.path()).is_err(), "text that is no text");
}

#[test]
fn a_flipped_bit_in_a_definition_is_found() {
    let text = b"appointed_by";
    let files = Files::of_a_killed_server().damaged(DATABASE, |bytes| {
        // The remains of the steps before the last one are in unused space, too.
        for at in 0..bytes.len() - text.len() {
            if bytes[at..].starts_with(text) {
                bytes[at] ^= 2;
            }
        }
    });
    let folder = files.write();
    let refused = refusal(folder.path()).to_string();
    assert!(refused.contains("definition of channel_moderator"), "{refused}");
    assert!(files.are_in(folder.path()), "it was touched");
    let found = inspect(folder.path()).unwrap();
    assert!(
        found.faults[0].contains("definition of channel_moderator"),
        "{:?}",
        found.faults
    );
    assert_eq!(found.snapshot.unwrap().operators, full().operators);
}

#[test]
fn rows_before_and_behind_a_damaged_page_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    store.save_snapshot(&full()).unwrap();
    store.checkpoint().unwrap();
    let path = store.path().to_owned();
    drop(store);
    let mut bytes = fs::read(&path).unwrap();
    // A leaf in the middle of the table of channels, found by its content.
    let middle = b"Channel 30";
    let at = bytes
        .windows(middle.len())
        .position(|window| window == middle)
        .unwrap();
    let page = at / 4096;
    bytes[page * 4096..(page + 1) * 4096].fill(0xa5);
    fs::write(&path, &bytes).unwrap();
    let refused = refusal(folder.path());
    assert!(matches!(refused, StoreError::Damaged { .. }), "{refused}");
    let found = inspect(folder.path()).unwrap();
    assert!(
        found.faults.iter().any(|fault| fault.starts_with("channel: ")),
        "{:#?}",
        found.faults
    );
    let kept = found.snapshot.unwrap();
    let names: Vec<_> = kept
        .channels
        .iter()
        .map(|channel| channel.head.name.as_str())
        .collect();
    assert!(
        names.contains(&"Channel 00") && names.contains(&"Channel 39"),
        "{names:?}"
    );
    assert!(!names.contains(&"Channel 30"), "{names:?}");
    assert_eq!(kept.operators, full().operators);
    let first = &kept.channels[0];
    assert_eq!(
        (&first.moderators, &first.bans),
        (&full().channels[0].moderators, &full().channels[0].bans)
    );
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn damage_is_refused_untouched_or_does_no_harm(
        log in any::<bool>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1..=255_u8), 0..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let name = if log { LOG } else { DATABASE };
        let files = FILES.with(|files| Files(files.0.clone())).damaged(name, |bytes| {
            for (at, change) in &flips {
                let at = at.index(bytes.len());
                bytes[at] ^= change;
            }
            if let Some(length) = cut {
                bytes.truncate(length.index(bytes.len()));
            }
        });
        let folder = files.write();
        // It may give any result, but must neither panic nor touch anything.
        let _ = inspect(folder.path());
        prop_assert!(files.are_in(folder.path()), "a look has touched it");
        match start(folder.path()) {
            Ok(found) => {
                prop_assert_eq!(found.channels.len(), full().channels.len());
                prop_assert_eq!(found.operators.len(), full().operators.len());
            }
            Err(error) => {
                prop_assert!(files.are_in(folder.path()), "it was touched: {}", error);
            }
        }
    }
}

thread_local! {
    static FILES: Files = Files::of_a_killed_server();
}
