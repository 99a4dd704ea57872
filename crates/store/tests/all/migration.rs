//! Files of older versions: brought up to date with everything in them, after a copy, or left as they are.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use fchatd_store::snapshot::{
    AccountBan, AccountTimeout, BanRecord, ChannelHead, ChannelRecord, ModeratorRecord, Snapshot, StaffCall,
};
use fchatd_store::{Claim, Store, StoreError};
use rusqlite::Connection;

/// The steps as they were released.
const STEPS: [&str; 14] = [
    include_str!("../../src/schema/1.sql"),
    include_str!("../../src/schema/2.sql"),
    include_str!("../../src/schema/3.sql"),
    include_str!("../../src/schema/4.sql"),
    include_str!("../../src/schema/5.sql"),
    include_str!("../../src/schema/6.sql"),
    include_str!("../../src/schema/7.sql"),
    include_str!("../../src/schema/8.sql"),
    include_str!("../../src/schema/9.sql"),
    include_str!("../../src/schema/10.sql"),
    include_str!("../../src/schema/11.sql"),
    include_str!("../../src/schema/12.sql"),
    include_str!("../../src/schema/13.sql"),
    include_str!("../../src/schema/14.sql"),
];

const ACCOUNTS: &str = "
    INSERT INTO account (name, password_hash, admin, created_at) VALUES ('ada', 'hash', 1, 5);
    INSERT INTO character (account_id, name, gender, created_at) VALUES (1, 'Ada Lovelace', 'Female', 6);
    UPDATE account SET default_character_id = 1;
    INSERT INTO ticket (account_id, digest, expires_at) VALUES (1, zeroblob(32), 7);";

const CHAT: &str = "
    INSERT INTO chat_saved VALUES (1);
    INSERT INTO channel VALUES (0, 'Zoo', 'Zoo', 'Animals &amp; more', 'public', 'both', 'Ada', 12);
    INSERT INTO channel VALUES (1, 'ADH-01', 'Den', '', 'pubprivate', 'chat', '', 0);
    INSERT INTO channel_moderator VALUES (0, 0, 'Zed', 'Ada', 3), (0, 1, 'Bob', 'Zed', 2);
    INSERT INTO channel_ban VALUES (0, 0, 'Late', 'Ada', 9, 0), (0, 1, 'Early', 'Ada', 4, 8);
    INSERT INTO channel_ban VALUES (1, 0, 'LATE', 'Bob', 1, 0);
    INSERT INTO operator VALUES (0, 'Zed'), (1, 'ada');
    INSERT INTO super_operator VALUES (0, 'Ada');
    INSERT INTO account_ban VALUES (0, 9, 'Nine'), (1, 3, 'Three');
    INSERT INTO account_timeout VALUES (0, 8, 'Eight', 100), (1, -2, '', 200);
    INSERT INTO staff_call VALUES (0, 'z', 'Ada', 'help', -1, 'Zoo', 50), (1, 'a', 'Bob', '', 7, '', 51);
    INSERT INTO ignored VALUES (1, 'bob');";

fn expected() -> Snapshot {
    let moderator = |name: &str, by: &str, time| ModeratorRecord {
        name: name.into(),
        by: by.into(),
        time,
    };
    let ban = |name: &str, banner: &str, time, until| BanRecord {
        name: name.into(),
        banner: banner.into(),
        time,
        until,
        account: 0,
    };
    let call = |id: &str, character: &str, report: &str, log, tab: &str, time| StaffCall {
        id: id.into(),
        character: character.into(),
        account: 0,
        report: report.into(),
        log,
        tab: tab.into(),
        time,
    };
    Snapshot {
        channels: vec![
            ChannelRecord {
                head: ChannelHead {
                    name: "ADH-01".into(),
                    title: "Den".into(),
                    kind: "pubprivate".into(),
                    mode: "chat".into(),
                    ..ChannelHead::default()
                },
                bans: vec![ban("LATE", "Bob", 1, 0)],
                ..ChannelRecord::default()
            },
            ChannelRecord {
                head: ChannelHead {
                    name: "Zoo".into(),
                    title: "Zoo".into(),
                    description: "Animals &amp; more".into(),
                    kind: "public".into(),
                    mode: "both".into(),
                    owner: "Ada".into(),
                    peak: 12,
                    ..ChannelHead::default()
                },
                invited: Vec::new(),
                moderators: vec![moderator("Zed", "Ada", 3), moderator("Bob", "Zed", 2)],
                bans: vec![ban("Early", "Ada", 4, 8), ban("Late", "Ada", 9, 0)],
            },
        ],
        operators: vec!["Zed".into(), "ada".into()],
        super_operators: vec!["Ada".into()],
        bans: [(3, "Three"), (9, "Nine")]
            .map(|(account, character)| AccountBan {
                account,
                character: character.into(),
            })
            .into(),
        timeouts: [(-2, "", 200), (8, "Eight", 100)]
            .map(|(account, character, until)| AccountTimeout {
                account,
                character: character.into(),
                until,
            })
            .into(),
        hellbans: Vec::new(),
        name_sanctions: Vec::new(),
        staff_calls: vec![
            call("z", "Ada", "help", -1, "Zoo", 50),
            call("a", "Bob", "", 7, "", 51),
        ],
        ..Snapshot::default()
    }
}

/// Makes the file of an older version; its content stays in the log, as after a crash, when `crashed`.
fn old(folder: &Path, schema: usize, content: &str, crashed: bool) {
    let made = tempfile::tempdir().unwrap();
    let path = made.path().join("fchatd.sqlite");
    let connection = Connection::open(&path).unwrap();
    for step in &STEPS[..schema] {
        connection.execute_batch(step).unwrap();
    }
    connection
        .pragma_update(None, "application_id", 0x4643_4844)
        .unwrap();
    connection
        .pragma_update(None, "user_version", i64::try_from(schema).unwrap())
        .unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.execute_batch(content).unwrap();
    let logged = made.path().join("fchatd.sqlite-wal");
    if crashed {
        assert!(fs::metadata(&logged).unwrap().len() > 0);
        fs::copy(logged, folder.join("fchatd.sqlite-wal")).unwrap();
        fs::copy(path, folder.join("fchatd.sqlite")).unwrap();
    } else {
        drop(connection);
        fs::copy(path, folder.join("fchatd.sqlite")).unwrap();
    }
}

fn copies(folder: &Path) -> Vec<PathBuf> {
    let mut copies: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().contains("before-schema"))
        .collect();
    copies.sort();
    copies
}

fn count(copy: &Path, table: &str) -> i64 {
    Connection::open(copy)
        .unwrap()
        .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
        .unwrap()
}

fn schema(copy: &Path) -> i64 {
    Connection::open(copy)
        .unwrap()
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap()
}

fn accounts_are_there(store: &Store) {
    let mut accounts = store.accounts().unwrap();
    let (account, hash) = accounts.find_account("ADA").unwrap().unwrap();
    assert_eq!((account.admin, hash.as_str()), (true, "hash"));
    let characters = accounts.list_characters(account.id).unwrap();
    assert_eq!(characters[0].name, "Ada Lovelace");
    assert_eq!(account.default_character, Some(characters[0].id));
}

#[test]
fn the_first_schema_has_accounts_only() {
    let folder = tempfile::tempdir().unwrap();
    old(folder.path(), 1, ACCOUNTS, false);
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.load_snapshot().unwrap(), None);
    accounts_are_there(&store);
    assert!(store.save_snapshot(&Snapshot::default()).unwrap());
    let [copy] = &copies(folder.path())[..] else {
        unreachable!("one copy")
    };
    assert_eq!((schema(copy), count(copy, "ticket")), (1, 1));
}

#[test]
fn everything_of_the_second_schema_is_kept() {
    for crashed in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        old(folder.path(), 2, &format!("{ACCOUNTS}{CHAT}"), crashed);
        let store = Store::open(folder.path()).unwrap();
        assert_eq!(store.load_snapshot().unwrap(), Some(expected()));
        accounts_are_there(&store);
        assert_eq!(
            store
                .accounts()
                .unwrap()
                .ignores(fchatd_store::AccountId(1))
                .unwrap(),
            ["bob"]
        );
        let [copy] = &copies(folder.path())[..] else {
            unreachable!("one copy")
        };
        assert!(copy.ends_with("fchatd.sqlite.before-schema-16"), "{copy:?}");
        assert_eq!(fs::metadata(copy).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!((schema(copy), count(copy, "channel_ban")), (2, 3));
        Store::open(folder.path()).unwrap();
        assert_eq!(copies(folder.path()).len(), 1, "nothing was left to be done");
        // The copy is the older program's file: in its place it is brought up to date in the same way.
        let restored = tempfile::tempdir().unwrap();
        fs::copy(copy, restored.path().join("fchatd.sqlite")).unwrap();
        let again = Store::open(restored.path()).unwrap();
        assert_eq!(again.load_snapshot().unwrap(), Some(expected()));
    }
}

#[test]
fn a_channel_of_an_older_file_has_no_topic_and_can_get_one() {
    let folder = tempfile::tempdir().unwrap();
    let content = "INSERT INTO chat_saved VALUES (1);
        INSERT INTO channel (folded, name, title, description, kind, mode, owner, peak, locked, join_pause, maker)
            VALUES ('den', 'Den', 'The Den', 'Dark.', 'public', 'chat', 'Ada', 4, 1, 9, -3);";
    old(folder.path(), 12, content, false);
    let store = Store::open(folder.path()).unwrap();
    let mut snapshot = store.load_snapshot().unwrap().unwrap();
    let head = &mut snapshot.channels[0].head;
    assert_eq!(
        (head.topic.as_str(), head.locked, head.join_pause, head.maker),
        ("", true, 9, -3)
    );
    head.topic = "Tea &amp; talk".into();
    assert!(store.save_snapshot(&snapshot).unwrap());
    assert_eq!(store.load_snapshot().unwrap(), Some(snapshot.clone()));
    drop(store);
    let found = fchatd_store::inspect(folder.path()).unwrap();
    assert_eq!((found.faults.len(), found.snapshot), (0, Some(snapshot)));
}

#[test]
fn of_two_in_different_case_the_one_that_counted_stays() {
    let folder = tempfile::tempdir().unwrap();
    let content = "
        INSERT INTO chat_saved VALUES (1);
        INSERT INTO channel VALUES (0, 'Den', 'first', '', 'public', 'both', '', 0);
        INSERT INTO channel VALUES (1, 'DEN', 'second', '', 'public', 'both', '', 0);
        INSERT INTO channel_moderator VALUES (0, 0, 'Ada', '', 0), (1, 0, 'Bob', '', 0);
        INSERT INTO channel_ban VALUES (0, 0, 'Zed', 'first', 5, 0), (0, 1, 'ZED', 'second', 1, 0);
        INSERT INTO channel_ban VALUES (1, 0, 'zed', 'third', 0, 0);";
    old(folder.path(), 2, content, false);
    let kept = Store::open(folder.path()).unwrap().load_snapshot().unwrap();
    let channels = kept.unwrap().channels;
    assert_eq!(channels.len(), 1);
    assert_eq!(
        (channels[0].head.title.as_str(), channels[0].moderators.len()),
        ("first", 1)
    );
    assert_eq!(
        (channels[0].bans.len(), channels[0].bans[0].banner.as_str()),
        (1, "second")
    );
}

#[test]
fn a_copy_that_is_there_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let taken = folder.path().join("fchatd.sqlite.before-schema-16");
    fs::write(&taken, "precious").unwrap();
    old(
        folder.path(),
        2,
        CHAT.split("INSERT INTO ignored").next().unwrap(),
        false,
    );
    Store::open(folder.path()).unwrap();
    assert_eq!(fs::read_to_string(&taken).unwrap(), "precious");
    let all = copies(folder.path());
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(all[1].ends_with("fchatd.sqlite.before-schema-16-2"), "{all:?}");
    assert_eq!(count(&all[1], "operator"), 2);
}

#[test]
fn a_step_that_fails_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    // The third step fails after it has renamed the first tables.
    let content = format!("{ACCOUNTS}{CHAT} CREATE TABLE old_account_ban (stray INTEGER) STRICT;");
    old(folder.path(), 2, &content, false);
    let path = folder.path().join("fchatd.sqlite");
    let before = fs::read(&path).unwrap();
    let error = Store::open(folder.path()).unwrap_err();
    assert!(
        matches!(error, StoreError::NotUpgraded { found: 2, .. }),
        "{error}"
    );
    assert!(
        error.to_string().contains("before-schema-16 is a copy"),
        "{error}"
    );
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!((schema(&path), count(&path, "channel")), (2, 2));
}

#[test]
fn a_file_that_an_older_server_works_on_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    old(folder.path(), 2, "", false);
    let claim = Claim::take(folder.path()).unwrap();
    let error = Store::open(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    assert_eq!(copies(folder.path()), Vec::<PathBuf>::new());
    Store::open_claimed(&claim).unwrap();
    assert_eq!(copies(folder.path()).len(), 1);
}
