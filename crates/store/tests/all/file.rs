//! The database file: made, kept, and refused untouched when it is not ours to use.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use fchatd_store::{AccountName, CharacterName, Profile, Store, StoreError};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Opens the store, which must fail, and checks that the file is byte for byte as it was.
fn refused(folder: &Path) -> StoreError {
    let file = folder.join("fchatd.sqlite");
    let before = fs::read(&file).unwrap();
    let error = Store::open(folder).unwrap_err();
    assert_eq!(fs::read(&file).unwrap(), before, "the file was touched: {error}");
    assert!(error.to_string().contains("fchatd.sqlite"), "{error}");
    error
}

fn fill(store: &Store) {
    let mut accounts = store.accounts().unwrap();
    let account = accounts
        .create_account(&AccountName::parse("ada").unwrap(), "hash", true, 5)
        .unwrap();
    for number in 0..300 {
        let name = CharacterName::parse(&format!("Character {number}")).unwrap();
        accounts
            .create_character(
                account,
                &name,
                &Profile::default(),
                1000,
                5,
                fchatd_store::NameRight::Asked,
            )
            .unwrap();
    }
}

#[test]
fn a_new_file_is_private_and_survives_reopening() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("deep/data");
    fill(&Store::open(&folder).unwrap());
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join("fchatd.sqlite")), 0o600);
    let mut accounts = Store::open(&folder).unwrap().accounts().unwrap();
    let (account, hash) = accounts.find_account("ADA").unwrap().unwrap();
    assert_eq!(
        (account.name.as_str(), account.admin, hash.as_str()),
        ("ada", true, "hash")
    );
    assert_eq!(accounts.list_characters(account.id).unwrap().len(), 300);
    drop(accounts);
    let names: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(
        names,
        ["fchatd.sqlite"],
        "nothing but the database is left behind"
    );
}

#[test]
fn changes_are_seen_without_closing_as_after_kill() {
    let temporary = tempfile::tempdir().unwrap();
    let store = Store::open(temporary.path()).unwrap();
    let mut accounts = store.accounts().unwrap();
    accounts
        .create_account(&AccountName::parse("ada").unwrap(), "hash", false, 5)
        .unwrap();
    let copy = tempfile::tempdir().unwrap();
    for name in ["fchatd.sqlite", "fchatd.sqlite-wal"] {
        fs::copy(temporary.path().join(name), copy.path().join(name)).unwrap();
    }
    let mut after = Store::open(copy.path()).unwrap().accounts().unwrap();
    assert!(after.find_account("ada").unwrap().is_some());
    drop(accounts);
}

#[test]
fn other_files_than_databases_are_refused() {
    let temporary = tempfile::tempdir().unwrap();
    fs::write(
        temporary.path().join("fchatd.sqlite"),
        "my shopping list, and more than sixteen bytes of it",
    )
    .unwrap();
    assert!(matches!(refused(temporary.path()), StoreError::Damaged { .. }));
}

#[test]
fn an_empty_file_is_a_lost_one_not_a_new_one() {
    let temporary = tempfile::tempdir().unwrap();
    fs::write(temporary.path().join("fchatd.sqlite"), "").unwrap();
    assert!(matches!(refused(temporary.path()), StoreError::Damaged { .. }));
}

#[test]
fn a_truncated_file_is_refused() {
    let temporary = tempfile::tempdir().unwrap();
    let file = temporary.path().join("fchatd.sqlite");
    fill(&Store::open(temporary.path()).unwrap());
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    assert!(matches!(refused(temporary.path()), StoreError::Damaged { .. }));
}

#[test]
fn damage_in_the_middle_is_found() {
    let temporary = tempfile::tempdir().unwrap();
    let file = temporary.path().join("fchatd.sqlite");
    fill(&Store::open(temporary.path()).unwrap());
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4096].fill(0xa5);
    fs::write(&file, &bytes).unwrap();
    assert!(matches!(refused(temporary.path()), StoreError::Damaged { .. }));
}

/// Puts a big-endian number into SQLite's header: 60 is `user_version`, 68 `application_id`.
fn set_header(folder: &Path, offset: usize, value: u32) {
    let file = folder.join("fchatd.sqlite");
    let mut bytes = fs::read(&file).unwrap();
    bytes[offset..offset + 4].copy_from_slice(&value.to_be_bytes());
    fs::write(file, bytes).unwrap();
}

#[test]
fn a_newer_file_is_refused() {
    let temporary = tempfile::tempdir().unwrap();
    fill(&Store::open(temporary.path()).unwrap());
    set_header(temporary.path(), 60, 999);
    let error = refused(temporary.path());
    assert!(matches!(error, StoreError::Newer { found: 999, .. }), "{error}");
    assert!(error.to_string().contains("start the newer program"), "{error}");
}

#[test]
fn another_programs_database_is_refused() {
    let temporary = tempfile::tempdir().unwrap();
    fill(&Store::open(temporary.path()).unwrap());
    set_header(temporary.path(), 68, 0);
    assert!(matches!(refused(temporary.path()), StoreError::Foreign { .. }));
}

#[test]
fn a_log_without_its_database_is_refused() {
    let temporary = tempfile::tempdir().unwrap();
    fs::write(temporary.path().join("fchatd.sqlite-wal"), "what is left").unwrap();
    assert!(matches!(
        Store::open(temporary.path()).unwrap_err(),
        StoreError::Lost { .. }
    ));
    assert!(!temporary.path().join("fchatd.sqlite").exists());
}

#[test]
fn an_empty_log_without_its_database_holds_nothing() {
    let temporary = tempfile::tempdir().unwrap();
    fs::write(temporary.path().join("fchatd.sqlite-wal"), "").unwrap();
    Store::open(temporary.path()).unwrap();
}

#[test]
fn after_a_checkpoint_the_file_alone_is_a_whole_copy() {
    let temporary = tempfile::tempdir().unwrap();
    let store = Store::open(temporary.path()).unwrap();
    let mut accounts = store.accounts().unwrap();
    let account = accounts
        .create_account(&AccountName::parse("ada").unwrap(), "hash", false, 0)
        .unwrap();
    store.checkpoint().unwrap();
    let copy = tempfile::tempdir().unwrap();
    fs::copy(store.path(), copy.path().join("fchatd.sqlite")).unwrap();
    let mut copied = Store::open(copy.path()).unwrap().accounts().unwrap();
    assert!(
        copied
            .list_accounts()
            .unwrap()
            .iter()
            .any(|one| one.id == account)
    );
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let temporary = tempfile::tempdir().unwrap();
    let file = temporary.path().join("plain");
    fs::write(&file, "").unwrap();
    for folder in [file.clone(), file.join("data")] {
        let error = Store::open(&folder).unwrap_err();
        assert!(matches!(error, StoreError::Folder { .. }), "{error}");
        assert!(error.to_string().contains("plain"), "{error}");
    }
    let folder = temporary.path().join("taken");
    fs::create_dir_all(folder.join("fchatd.sqlite")).unwrap();
    assert!(matches!(
        Store::open(&folder).unwrap_err(),
        StoreError::CannotOpen { .. }
    ));
}
