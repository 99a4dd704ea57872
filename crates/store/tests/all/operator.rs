//! Operators' work on accounts: characters that move, invitations, imports, and the events for a running server.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::{Arc, Barrier};

use fchatd_store::{
    AccountName, Accounts, AccountsError, CharacterName, Import, ImportFault, InvitationDigest, NameDigest,
    NameRight, NewAccount, NewCharacter, OperatorEvent, Profile, Store,
};

const NOW: u64 = 1000;

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    (folder, store)
}

fn digest(name: &str) -> NameDigest {
    let mut bytes = [0; 32];
    for (place, byte) in bytes.iter_mut().zip(name.to_lowercase().bytes()) {
        *place = byte;
    }
    NameDigest(bytes)
}

fn name(name: &str) -> CharacterName {
    CharacterName::parse(name).unwrap()
}

fn account(accounts: &mut Accounts, account: &str, characters: &[&str]) -> fchatd_store::AccountId {
    let id = accounts
        .create_account(&AccountName::parse(account).unwrap(), "hash", false, NOW)
        .unwrap();
    for character in characters {
        accounts
            .create_character(
                id,
                &name(character),
                &Profile::default(),
                9,
                NOW,
                NameRight::Granted,
            )
            .unwrap();
    }
    id
}

#[test]
fn another_process_hears_what_was_done_once_and_in_order() {
    let (_folder, store) = store();
    let (mut operator, mut server) = (store.accounts().unwrap(), store.accounts().unwrap());
    let ada = account(&mut operator, "ada", &["Ada"]);
    assert_eq!(server.take_operator_events().unwrap(), []);
    operator.ban(ada, None, "").unwrap();
    operator.set_admin(ada, true).unwrap();
    let out = OperatorEvent::PutOut(ada);
    operator.set_password_hash(ada, "other", Some(out)).unwrap();
    operator.delete_account(ada, &[], Some(out)).unwrap();
    assert_eq!(
        server.take_operator_events().unwrap(),
        [
            OperatorEvent::Banned(ada),
            OperatorEvent::Admin(ada, true),
            out,
            out,
        ]
    );
    assert_eq!(server.take_operator_events().unwrap(), []);
}

#[test]
fn a_renamed_character_keeps_its_old_name_from_others() {
    let (_folder, store) = store();
    let mut accounts = store.accounts().unwrap();
    let ada = account(&mut accounts, "ada", &["Ada"]);
    let bob = account(&mut accounts, "bob", &["Bob"]);
    let character = accounts.character_named("aDA").unwrap().unwrap();
    let mut rename = |to: &str| {
        accounts.rename_character(&character, &name(to), digest("Ada"), digest(to), NameRight::Asked)
    };
    assert!(matches!(rename("bob"), Err(AccountsError::CharacterNameTaken)));
    rename("Zoe").unwrap();
    assert!(accounts.is_retired(digest("ada"), bob).unwrap());
    assert!(!accounts.is_retired(digest("ada"), ada).unwrap());
    assert_eq!(accounts.list_characters(ada).unwrap()[0].name, "Zoe");
    assert_eq!(
        accounts.take_operator_events().unwrap(),
        [OperatorEvent::CharacterPutOut(ada, character.id)]
    );
}

#[test]
fn only_the_case_of_a_name_can_change_too() {
    let (_folder, store) = store();
    let mut accounts = store.accounts().unwrap();
    let ada = account(&mut accounts, "ada", &["Ada"]);
    let bob = account(&mut accounts, "bob", &[]);
    let character = accounts.character_named("Ada").unwrap().unwrap();
    accounts
        .rename_character(
            &character,
            &name("ADA"),
            digest("Ada"),
            digest("ADA"),
            NameRight::Asked,
        )
        .unwrap();
    assert_eq!(accounts.list_characters(ada).unwrap()[0].name, "ADA");
    assert!(!accounts.is_retired(digest("ada"), bob).unwrap());
}

#[test]
fn a_character_moves_and_both_accounts_have_a_default() {
    let (_folder, store) = store();
    let mut accounts = store.accounts().unwrap();
    let ada = account(&mut accounts, "ada", &["Ada", "Zoe"]);
    let bob = account(&mut accounts, "bob", &[]);
    let character = accounts.character_named("Ada").unwrap().unwrap();
    assert!(matches!(
        accounts.move_character(&character, fchatd_store::AccountId(99), 9),
        Err(AccountsError::NoSuchAccount)
    ));
    assert!(matches!(
        accounts.move_character(&character, bob, 0),
        Err(AccountsError::TooManyCharacters { limit: 0 })
    ));
    accounts.move_character(&character, bob, 1).unwrap();
    for (account, names) in [(ada, ["Zoe"]), (bob, ["Ada"])] {
        let characters = accounts.list_characters(account).unwrap();
        let found: Vec<_> = characters.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(found, names);
    }
    for (account, default) in [("ada", "Zoe"), ("bob", "Ada")] {
        let (account, _) = accounts.find_account(account).unwrap().unwrap();
        let wanted = accounts.character_named(default).unwrap().unwrap().id;
        assert_eq!(account.default_character, Some(wanted));
    }
}

#[test]
fn the_last_use_of_an_invitation_is_for_one() {
    let (_folder, store) = store();
    let code = InvitationDigest([7; 32]);
    let mut accounts = store.accounts().unwrap();
    accounts.add_invitation(code, 1, 0, "for Bob", NOW).unwrap();
    let start = Arc::new(Barrier::new(8));
    let guests: Vec<_> = (0..8)
        .map(|number| {
            let (mut accounts, start) = (store.accounts().unwrap(), start.clone());
            std::thread::spawn(move || {
                let name = AccountName::parse(&format!("guest{number}")).unwrap();
                start.wait();
                accounts.create_invited_account(code, &name, "hash", NOW)
            })
        })
        .collect();
    let outcomes: Vec<_> = guests.into_iter().map(|guest| guest.join().unwrap()).collect();
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(
        outcomes
            .iter()
            .filter_map(|outcome| outcome.as_ref().err())
            .all(|error| matches!(error, AccountsError::NotInvited))
    );
    assert_eq!(accounts.list_accounts().unwrap().len(), 1);
    assert_eq!(accounts.invitations().unwrap()[0].uses_left, 0);
}

#[test]
fn an_invitation_ends_and_a_taken_name_costs_no_use() {
    let (_folder, store) = store();
    let mut accounts = store.accounts().unwrap();
    account(&mut accounts, "ada", &[]);
    let code = InvitationDigest([1; 32]);
    let id = accounts.add_invitation(code, 2, NOW + 10, "", NOW).unwrap();
    let mut enter = |account: &str, now| {
        accounts.create_invited_account(code, &AccountName::parse(account).unwrap(), "hash", now)
    };
    assert!(matches!(enter("ADA", NOW), Err(AccountsError::AccountNameTaken)));
    enter("bob", NOW + 9).unwrap();
    assert!(matches!(enter("cem", NOW + 10), Err(AccountsError::NotInvited)));
    assert_eq!(accounts.invitations().unwrap()[0].uses_left, 1);
    assert!(accounts.is_invited(code, NOW).unwrap());
    assert!(accounts.revoke_invitation(id).unwrap());
    assert!(!accounts.revoke_invitation(id).unwrap());
    assert!(!accounts.is_invited(code, NOW).unwrap());
}

fn entry(account: &str, characters: &[&str]) -> NewAccount {
    NewAccount {
        name: AccountName::parse(account).unwrap(),
        password_hash: "hash".to_owned(),
        admin: false,
        banned: false,
        characters: characters
            .iter()
            .map(|character| NewCharacter {
                name: name(character),
                digest: digest(character),
                gender: None,
            })
            .collect(),
    }
}

#[test]
fn an_import_is_whole_or_not_at_all_or_without_what_is_strange() {
    let (_folder, store) = store();
    let mut accounts = store.accounts().unwrap();
    account(&mut accounts, "ada", &["Ada"]);
    let entries = [
        entry("bob", &["Bob", "Bobby"]),
        entry("ADA", &["Zoe"]),
        entry("cem", &["Cem", "ada"]),
        entry("dot", &[]),
    ];
    let faults = vec![
        ImportFault {
            entry: 1,
            fault: "the account name \"ADA\" is already taken".to_owned(),
        },
        ImportFault {
            entry: 2,
            fault: "the character name \"ada\" is already taken".to_owned(),
        },
    ];
    for how in [Import::Try, Import::AllOrNothing] {
        assert_eq!(accounts.import(&entries, how, NOW).unwrap(), faults);
        assert_eq!(accounts.list_accounts().unwrap().len(), 1);
    }
    assert_eq!(
        accounts.import(&entries, Import::SkipStrange, NOW).unwrap(),
        faults
    );
    let names: Vec<_> = accounts
        .list_accounts()
        .unwrap()
        .into_iter()
        .map(|account| account.name)
        .collect();
    assert_eq!(names, ["ada", "bob", "dot"]);
    assert!(
        accounts.character_named("Cem").unwrap().is_none(),
        "no half entries"
    );
    let (bob, _) = accounts.find_account("bob").unwrap().unwrap();
    let default = accounts.character_named("Bob").unwrap().unwrap();
    assert_eq!(bob.default_character, Some(default.id));
    assert_eq!(
        accounts
            .import(&[entry("eve", &["Eve"])], Import::AllOrNothing, NOW)
            .unwrap(),
        []
    );
    assert!(accounts.character_named("Eve").unwrap().is_some());
}

#[test]
fn nothing_of_what_was_deleted_is_left_in_the_files() {
    let (folder, store) = store();
    let mut accounts = store.accounts().unwrap();
    account(&mut accounts, "zebedee-account", &["Zebedee"]);
    // Enough around it that pages are split and filled again.
    for number in 0..300 {
        account(
            &mut accounts,
            &format!("account{number}"),
            &[&format!("Somebody {number}")],
        );
    }
    let (zebedee, _) = accounts.find_account("zebedee-account").unwrap().unwrap();
    accounts.delete_account(zebedee.id, &[digest("x")], None).unwrap();
    assert!(accounts.compact().unwrap());
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let content = std::fs::read(&path).unwrap().to_ascii_lowercase();
        assert!(
            !content.windows(7).any(|part| part == b"zebedee"),
            "{}",
            path.display()
        );
    }
    assert_eq!(accounts.list_accounts().unwrap().len(), 300);
}
