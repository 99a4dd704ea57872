//! Accounts, characters and tickets in a database.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use fchatd_store::{
    AccountId, AccountName, Accounts, AccountsError, CharacterId, CharacterName, NameRight, NewTicket,
    Profile, Store, TicketDigest, TicketSource, TicketState,
};

struct Fixture {
    accounts: Accounts,
    _folder: tempfile::TempDir,
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let accounts = Store::open(folder.path()).unwrap().accounts().unwrap();
    Fixture {
        accounts,
        _folder: folder,
    }
}

fn account(accounts: &mut Accounts, name: &str) -> Result<AccountId, AccountsError> {
    accounts.create_account(&AccountName::parse(name).unwrap(), "hash", false, 100)
}

fn character(accounts: &mut Accounts, owner: AccountId, name: &str) -> Result<CharacterId, AccountsError> {
    accounts.create_character(
        owner,
        &CharacterName::parse(name).unwrap(),
        &Profile::default(),
        3,
        100,
        NameRight::Asked,
    )
}

fn ticket(digest: TicketDigest, entered_at: u64, expires_at: u64) -> NewTicket {
    NewTicket {
        source: TicketSource::Password,
        digest,
        entered_at,
        expires_at,
    }
}

#[test]
fn account_names_are_unique_in_any_case() {
    let Fixture {
        mut accounts,
        _folder,
    } = fixture();
    let ada = account(&mut accounts, "Ada").unwrap();
    assert!(matches!(
        account(&mut accounts, "aDA"),
        Err(AccountsError::AccountNameTaken)
    ));
    let bob = account(&mut accounts, "bob").unwrap();
    assert!(ada.0 > 0 && bob > ada);
    let names: Vec<_> = accounts
        .list_accounts()
        .unwrap()
        .into_iter()
        .map(|account| account.name)
        .collect();
    assert_eq!(names, ["Ada", "bob"]);
}

#[test]
fn character_names_are_unique_over_the_whole_site() {
    let Fixture {
        mut accounts,
        _folder,
    } = fixture();
    let (ada, bob) = (
        account(&mut accounts, "ada").unwrap(),
        account(&mut accounts, "bob").unwrap(),
    );
    let first = character(&mut accounts, ada, "Lovelace").unwrap();
    assert!(matches!(
        character(&mut accounts, bob, "LOVELACE"),
        Err(AccountsError::CharacterNameTaken)
    ));
    assert_eq!(
        accounts.find_character(ada, "loveLACE").unwrap().unwrap().name,
        "Lovelace"
    );
    assert_eq!(
        accounts.find_character(bob, "Lovelace").unwrap(),
        None,
        "it is not Bob's"
    );
    assert_eq!(
        accounts.find_account("ada").unwrap().unwrap().0.default_character,
        Some(first)
    );
    assert_eq!(
        accounts.find_account("bob").unwrap().unwrap().0.default_character,
        None
    );
}

#[test]
fn an_account_can_be_full_and_the_list_is_sorted() {
    let Fixture {
        mut accounts,
        _folder,
    } = fixture();
    let ada = account(&mut accounts, "ada").unwrap();
    for name in ["Zoe", "anna", "Bea"] {
        character(&mut accounts, ada, name).unwrap();
    }
    assert!(matches!(
        character(&mut accounts, ada, "Cleo"),
        Err(AccountsError::TooManyCharacters { limit: 3 })
    ));
    let names: Vec<_> = accounts
        .list_characters(ada)
        .unwrap()
        .into_iter()
        .map(|one| one.name)
        .collect();
    assert_eq!(names, ["anna", "Bea", "Zoe"]);
    assert!(matches!(
        character(&mut accounts, AccountId(99), "Dora"),
        Err(AccountsError::NoSuchAccount)
    ));
}

#[test]
fn the_profile_keeps_only_what_was_given() {
    let Fixture {
        mut accounts,
        _folder,
    } = fixture();
    let ada = account(&mut accounts, "ada").unwrap();
    let profile = Profile {
        gender: Some("Female".to_owned()),
        role: Some("Switch'; DELETE FROM account; --".to_owned()),
        ..Profile::default()
    };
    accounts
        .create_character(
            ada,
            &CharacterName::parse("Ada").unwrap(),
            &profile,
            50,
            1,
            NameRight::Asked,
        )
        .unwrap();
    let found = accounts.find_character(ada, "Ada").unwrap().unwrap().profile;
    assert_eq!(found, profile);
    assert_eq!(
        found.members().collect::<Vec<_>>(),
        [
            ("Gender", "Female"),
            ("Dom/Sub Role", "Switch'; DELETE FROM account; --")
        ]
    );
}

#[test]
fn sql_in_names_is_only_text() {
    let Fixture {
        mut accounts,
        _folder,
    } = fixture();
    let ada = account(&mut accounts, "ada").unwrap();
    character(&mut accounts, ada, "Ada").unwrap();
    for name in [
        "' OR 1=1 --",
        "%",
        "_",
        "ada'; DROP TABLE account; --",
        "a_a",
        "\0",
        "ada\0",
    ] {
        assert!(accounts.find_account(name).unwrap().is_none(), "{name:?}");
        assert!(accounts.find_character(ada, name).unwrap().is_none(), "{name:?}");
    }
    assert_eq!(accounts.list_accounts().unwrap().len(), 1);
}

#[test]
fn the_default_character_must_be_ones_own() {
    let Fixture {
        mut accounts,
        _folder,
    } = fixture();
    let (ada, bob) = (
        account(&mut accounts, "ada").unwrap(),
        account(&mut accounts, "bob").unwrap(),
    );
    character(&mut accounts, ada, "One").unwrap();
    let two = character(&mut accounts, ada, "Two").unwrap();
    accounts.set_default_character(ada, two).unwrap();
    assert_eq!(
        accounts.find_account("ada").unwrap().unwrap().0.default_character,
        Some(two)
    );
    assert!(matches!(
        accounts.set_default_character(bob, two),
        Err(AccountsError::NoSuchCharacter)
    ));
}

#[test]
fn standing_and_admin_are_kept() {
    let Fixture {
        mut accounts,
        _folder,
    } = fixture();
    let ada = account(&mut accounts, "ada").unwrap();
    accounts.set_admin(ada, true).unwrap();
    for (until, banned, timeout_until) in [(Some(12_345), false, 12_345), (None, true, 0)] {
        accounts.ban(ada, until, "spam").unwrap();
        let found = accounts.find_account("ada").unwrap().unwrap().0;
        assert_eq!(
            (found.admin, found.banned, found.timeout_until, &*found.ban_reason),
            (true, banned, timeout_until, "spam")
        );
    }
    accounts.unban(ada).unwrap();
    let found = accounts.find_account("ada").unwrap().unwrap().0;
    assert_eq!(
        (found.banned, found.timeout_until, &*found.ban_reason),
        (false, 0, "")
    );
    assert!(matches!(
        accounts.set_admin(AccountId(99), true),
        Err(AccountsError::NoSuchAccount)
    ));
}

#[test]
fn the_ninth_ticket_pushes_out_the_first() {
    let Fixture {
        mut accounts,
        _folder,
    } = fixture();
    let (ada, bob) = (
        account(&mut accounts, "ada").unwrap(),
        account(&mut accounts, "bob").unwrap(),
    );
    accounts
        .add_ticket(bob, ticket(TicketDigest([99; 32]), 100, 200), 8, 100)
        .unwrap();
    for number in 1..=9 {
        accounts
            .add_ticket(ada, ticket(TicketDigest([number; 32]), 100, 200), 8, 100)
            .unwrap();
    }
    let mut state = |owner, number| {
        accounts
            .ticket_state(owner, TicketDigest([number; 32]), 100, 10_000)
            .unwrap()
    };
    assert_eq!(state(ada, 1), TicketState::Unknown);
    for number in 2..=9 {
        assert_eq!(
            state(ada, number),
            TicketState::Valid {
                entered_at: 100,
                source: TicketSource::Password,
            },
            "{number}"
        );
    }
    assert_eq!(
        state(bob, 99),
        TicketState::Valid {
            entered_at: 100,
            source: TicketSource::Password,
        },
        "another account's tickets stay"
    );
    assert_eq!(
        state(bob, 9),
        TicketState::Unknown,
        "a ticket is good for its own account only"
    );
}

#[test]
fn tickets_end_and_are_removed() {
    let Fixture {
        mut accounts,
        _folder,
    } = fixture();
    let ada = account(&mut accounts, "ada").unwrap();
    let (old, new) = (TicketDigest([1; 32]), TicketDigest([2; 32]));
    accounts.add_ticket(ada, ticket(old, 100, 200), 8, 100).unwrap();
    assert_eq!(
        accounts.ticket_state(ada, old, 199, 10_000).unwrap(),
        TicketState::Valid {
            entered_at: 100,
            source: TicketSource::Password,
        }
    );
    assert_eq!(
        accounts.ticket_state(ada, old, 200, 10_000).unwrap(),
        TicketState::Expired
    );
    accounts.add_ticket(ada, ticket(new, 200, 300), 8, 200).unwrap();
    assert_eq!(
        accounts.ticket_state(ada, old, 199, 10_000).unwrap(),
        TicketState::Unknown
    );
}

#[test]
fn a_new_password_takes_back_all_tickets() {
    let Fixture {
        mut accounts,
        _folder,
    } = fixture();
    let ada = account(&mut accounts, "ada").unwrap();
    accounts
        .add_ticket(ada, ticket(TicketDigest([1; 32]), 100, 200), 8, 100)
        .unwrap();
    accounts.set_password_hash(ada, "other", None).unwrap();
    assert_eq!(
        accounts
            .ticket_state(ada, TicketDigest([1; 32]), 100, 10_000)
            .unwrap(),
        TicketState::Unknown
    );
    assert_eq!(accounts.find_account("ada").unwrap().unwrap().1, "other");
}

#[test]
fn ignores_belong_to_the_account() {
    let Fixture {
        mut accounts,
        _folder,
    } = fixture();
    let ada = account(&mut accounts, "ada").unwrap();
    let bob = account(&mut accounts, "bob").unwrap();
    let names = |list: &[&str]| list.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    accounts
        .set_ignores(ada, &names(&["mallory", "eve", "eve"]))
        .unwrap();
    assert_eq!(accounts.ignores(ada).unwrap(), ["eve", "mallory"]);
    assert!(accounts.ignores(bob).unwrap().is_empty());
    accounts
        .set_ignores(ada, &names(&["eve'; DROP TABLE ignored; --"]))
        .unwrap();
    assert_eq!(accounts.ignores(ada).unwrap(), ["eve'; DROP TABLE ignored; --"]);
    assert!(accounts.set_ignores(AccountId(999), &names(&["eve"])).is_err());
    accounts.set_ignores(ada, &[]).unwrap();
    assert!(accounts.ignores(ada).unwrap().is_empty());
}
