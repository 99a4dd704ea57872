//! Names that imitate another character's, and bans of the chat as accounts see them.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use fchatd_store::snapshot::{
    AccountBan, AccountTimeout, ChannelHead, ChannelRecord, ModeratorRecord, Snapshot,
};
use fchatd_store::{
    AccountId, AccountName, Accounts, AccountsError, CharacterName, ChatBan, NameDigest, NameRight, Profile,
    Store,
};

const NOW: u64 = 100;

fn store() -> (tempfile::TempDir, Store, Accounts) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let accounts = store.accounts().unwrap();
    (folder, store, accounts)
}

fn account(accounts: &mut Accounts, name: &str) -> AccountId {
    let name = AccountName::parse(name).unwrap();
    accounts.create_account(&name, "hash", false, NOW).unwrap()
}

fn character(
    accounts: &mut Accounts,
    owner: AccountId,
    name: &str,
    right: NameRight,
) -> Result<(), AccountsError> {
    let name = CharacterName::parse(name).unwrap();
    accounts
        .create_character(owner, &name, &Profile::default(), 50, NOW, right)
        .map(|_| ())
}

fn with_roles() -> Snapshot {
    Snapshot {
        channels: vec![ChannelRecord {
            head: ChannelHead {
                name: "Zoo".into(),
                kind: "public".into(),
                mode: "both".into(),
                owner: "Hagrid".into(),
                ..ChannelHead::default()
            },
            moderators: vec![ModeratorRecord {
                name: "Newt".into(),
                ..ModeratorRecord::default()
            }],
            ..ChannelRecord::default()
        }],
        operators: vec!["Minerva".into()],
        super_operators: vec!["Albus".into()],
        ..Snapshot::default()
    }
}

#[test]
fn a_name_that_looks_like_anothers_is_for_its_own_account_or_the_operators_hand() {
    let (_folder, _store, mut accounts) = store();
    let (ada, eve) = (account(&mut accounts, "ada"), account(&mut accounts, "eve"));
    character(&mut accounts, ada, "Ida Low", NameRight::Asked).unwrap();
    for name in ["lda Low", "1da Low", "Ida-Low", "IdaLow", "Ida_L0w", "Ida Lovv"] {
        let refused = character(&mut accounts, eve, name, NameRight::Asked);
        assert!(
            matches!(refused, Err(AccountsError::CharacterNameLooksTaken)),
            "{name}"
        );
    }
    let refused = character(&mut accounts, eve, "IDA LOW", NameRight::Asked);
    assert!(matches!(refused, Err(AccountsError::CharacterNameTaken)));
    character(&mut accounts, ada, "Ida-Low", NameRight::Asked).unwrap();
    character(&mut accounts, eve, "IdaLow", NameRight::Granted).unwrap();
    character(&mut accounts, eve, "Ida High", NameRight::Asked).unwrap();
}

#[test]
fn a_name_with_a_role_is_given_by_the_operator_only() {
    let (_folder, store, mut accounts) = store();
    store.save_snapshot(&with_roles()).unwrap();
    let eve = account(&mut accounts, "eve");
    for name in ["Minerva", "mlnerva", "ALBUS", "Hagrid", "Newt", "N-ewt"] {
        let refused = character(&mut accounts, eve, name, NameRight::Asked);
        assert!(
            matches!(refused, Err(AccountsError::CharacterNameHasRole)),
            "{name}"
        );
    }
    assert_eq!(
        accounts.unclaimed_roles().unwrap(),
        ["Albus", "Hagrid", "Minerva", "Newt"]
    );
    character(&mut accounts, eve, "Newt", NameRight::Granted).unwrap();
    assert_eq!(
        accounts.unclaimed_roles().unwrap(),
        ["Albus", "Hagrid", "Minerva"]
    );
    character(&mut accounts, eve, "Newt-2", NameRight::Asked).unwrap();
    character(&mut accounts, eve, "N-e-w-t", NameRight::Asked).unwrap();
    let newt = accounts.character_named("Newt").unwrap().unwrap();
    let new = CharacterName::parse("Minerva").unwrap();
    let (old, digest) = (NameDigest([1; 32]), NameDigest([2; 32]));
    let refused = accounts.rename_character(&newt, &new, old, digest, NameRight::Asked);
    assert!(matches!(refused, Err(AccountsError::CharacterNameHasRole)));
    accounts
        .rename_character(&newt, &new, old, digest, NameRight::Granted)
        .unwrap();
    assert!(accounts.was_own_name(old, eve).unwrap());
    assert!(!accounts.was_own_name(digest, eve).unwrap());
}

#[test]
fn bans_of_the_chat_hold_for_accounts_without_staff() {
    let (_folder, store, mut accounts) = store();
    let id = account(&mut accounts, "eve");
    character(&mut accounts, id, "Eve", NameRight::Asked).unwrap();
    let eve = accounts.account(id).unwrap().unwrap();
    assert_eq!(accounts.chat_ban(&eve, NOW).unwrap(), None);
    let timeout = AccountTimeout {
        account: id.0,
        character: "Eve".into(),
        until: 150,
    };
    let mut snapshot = Snapshot {
        timeouts: vec![timeout],
        ..Snapshot::default()
    };
    store.save_snapshot(&snapshot).unwrap();
    assert_eq!(accounts.chat_ban(&eve, NOW).unwrap(), Some(ChatBan::Until(150)));
    assert_eq!(accounts.chat_ban(&eve, 150).unwrap(), None);
    snapshot.bans.push(AccountBan {
        account: id.0,
        character: "Eve".into(),
    });
    store.save_snapshot(&snapshot).unwrap();
    assert_eq!(accounts.chat_ban(&eve, 150).unwrap(), Some(ChatBan::ForGood));
    snapshot.operators.push("EVE".into());
    store.save_snapshot(&snapshot).unwrap();
    assert_eq!(accounts.chat_ban(&eve, NOW).unwrap(), None, "as in the chat");
}
