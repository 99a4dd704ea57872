//! Notes in a database: boxes, bounds, and the notes that stay when a character or an account is deleted.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;

use fchatd_store::{
    AccountId, AccountName, Accounts, CharacterKey, CharacterName, NameDigest, NameRight, NewNote,
    NoteBounds, NoteBox, NoteId, NoteOutcome, Profile, Someone, Store, inspect,
};

const BOUNDS: NoteBounds = NoteBounds {
    notes: 3,
    bytes: 100,
    unread: 2,
};

/// Wide enough never to be met.
const WIDE: NoteBounds = NoteBounds {
    notes: 1000,
    bytes: 1 << 20,
    unread: 1000,
};

struct Fixture {
    accounts: Accounts,
    folder: tempfile::TempDir,
    ada: Someone,
    anna: Someone,
    bob: Someone,
}

/// The account of `Ada` and `Anna`, and that of `Bob`.
fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let mut accounts = Store::open(folder.path()).unwrap().accounts().unwrap();
    let mut someone = |account: &str, name: &str| {
        let owner = match accounts.find_account(account).unwrap() {
            Some((found, _)) => found.id,
            None => {
                let account = AccountName::parse(account).unwrap();
                accounts.create_account(&account, "hash", false, 1).unwrap()
            }
        };
        let parsed = CharacterName::parse(name).unwrap();
        let profile = Profile::default();
        accounts
            .create_character(owner, &parsed, &profile, 9, 1, NameRight::Asked)
            .unwrap();
        accounts
            .find_someone(&CharacterKey::Name(name.to_owned()))
            .unwrap()
            .unwrap()
    };
    let (ada, anna, bob) = (
        someone("ada", "Ada"),
        someone("ada", "Anna"),
        someone("bob", "Bob"),
    );
    Fixture {
        accounts,
        folder,
        ada,
        anna,
        bob,
    }
}

fn note<'a>(sender: &'a Someone, recipient: &'a Someone, message: &'a str) -> NewNote<'a> {
    NewNote {
        sender,
        recipient,
        title: "Title",
        message,
        is_heard: true,
    }
}

fn send(accounts: &mut Accounts, sender: &Someone, recipient: &Someone, message: &str) -> NoteId {
    match accounts
        .send_note(&note(sender, recipient, message), &WIDE, 7)
        .unwrap()
    {
        NoteOutcome::Sent(id) => id,
        other => unreachable!("{other:?}"),
    }
}

fn ids(accounts: &mut Accounts, account: AccountId, which: NoteBox) -> Vec<i64> {
    let notes = accounts.notes(account, which, None, None, 100).unwrap();
    notes.iter().map(|head| head.id.0).collect()
}

#[test]
fn a_note_is_in_two_boxes_and_read_by_its_recipient() {
    let Fixture {
        mut accounts,
        ada,
        bob,
        folder,
        ..
    } = fixture();
    let id = send(&mut accounts, &ada, &bob, "text");
    assert_eq!(accounts.unread_notes(bob.account).unwrap(), 1);
    assert_eq!(accounts.unread_notes(ada.account).unwrap(), 0);
    let sent = accounts.read_note(ada.account, id).unwrap().unwrap();
    assert!(!sent.is_incoming);
    assert_eq!(
        accounts.unread_notes(bob.account).unwrap(),
        1,
        "its sender's look is no reading"
    );
    let got = accounts.read_note(bob.account, id).unwrap().unwrap();
    assert!(got.is_incoming && !got.head.is_read);
    assert_eq!((got.head.title.as_str(), got.message.as_str()), ("Title", "text"));
    assert_eq!(
        (
            got.head.sender.as_deref(),
            got.head.recipient.as_deref(),
            got.head.created_at
        ),
        (Some("Ada"), Some("Bob"), 7)
    );
    assert_eq!(accounts.unread_notes(bob.account).unwrap(), 0);
    assert!(accounts.note(bob.account, id).unwrap().unwrap().head.is_read);
    assert_eq!(
        format!("{got:?}"),
        "NoteHead { id: NoteId(1), .. }",
        "no text in a log"
    );
    assert_eq!(inspect(folder.path()).unwrap().faults, [""; 0]);
}

#[test]
fn lists_come_in_pages_by_account_and_by_character() {
    let Fixture {
        mut accounts,
        ada,
        anna,
        bob,
        folder: _folder,
    } = fixture();
    for to in [&ada, &anna, &ada, &anna, &ada] {
        send(&mut accounts, &bob, to, "text");
    }
    assert_eq!(ids(&mut accounts, ada.account, NoteBox::In), [5, 4, 3, 2, 1]);
    assert_eq!(ids(&mut accounts, bob.account, NoteBox::Out), [5, 4, 3, 2, 1]);
    assert_eq!(ids(&mut accounts, ada.account, NoteBox::Out), [0_i64; 0]);
    let mut page = |character: Option<&Someone>, before: Option<i64>, most| -> Vec<i64> {
        let character = character.map(|one| one.id);
        let notes = accounts.notes(ada.account, NoteBox::In, character, before.map(NoteId), most);
        notes.unwrap().iter().map(|head| head.id.0).collect()
    };
    assert_eq!(page(None, None, 2), [5, 4]);
    assert_eq!(page(None, Some(4), 2), [3, 2]);
    assert_eq!(page(Some(&anna), None, 9), [4, 2]);
    assert_eq!(page(Some(&anna), Some(4), 9), [2]);
    assert_eq!(
        page(Some(&bob), None, 9),
        [0_i64; 0],
        "another account's character"
    );
    assert_eq!(accounts.count_notes(ada.account, NoteBox::In, None).unwrap(), 5);
    assert_eq!(
        accounts
            .count_notes(ada.account, NoteBox::In, Some(anna.id))
            .unwrap(),
        2
    );
}

#[test]
fn full_boxes_take_nothing() {
    let Fixture {
        mut accounts,
        ada,
        anna,
        bob,
        folder: _folder,
    } = fixture();
    let mut try_to_send = |sender: &Someone, recipient: &Someone, message: &str| {
        accounts
            .send_note(&note(sender, recipient, message), &BOUNDS, 7)
            .unwrap()
    };
    let long = "x".repeat(96);
    assert_eq!(
        try_to_send(&ada, &bob, &long),
        NoteOutcome::OutboxFull,
        "one byte too many"
    );
    let sent = |number| NoteOutcome::Sent(NoteId(number));
    assert_eq!(try_to_send(&ada, &bob, "1"), sent(1));
    assert_eq!(try_to_send(&anna, &bob, "2"), sent(2));
    assert_eq!(
        try_to_send(&ada, &bob, "3"),
        NoteOutcome::TooManyUnread,
        "for the whole account"
    );
    assert_eq!(try_to_send(&bob, &ada, &long[..80]), sent(3));
    assert_eq!(try_to_send(&bob, &ada, &long[..20]), NoteOutcome::OutboxFull);
    accounts.read_note(bob.account, NoteId(1)).unwrap();
    let mut try_to_send = |sender: &Someone, recipient: &Someone, message: &str| {
        accounts
            .send_note(&note(sender, recipient, message), &BOUNDS, 7)
            .unwrap()
    };
    assert_eq!(
        try_to_send(&ada, &bob, "3"),
        sent(4),
        "a read note counts no longer"
    );
    accounts.read_note(bob.account, NoteId(2)).unwrap();
    let full = accounts.send_note(&note(&anna, &bob, "4"), &BOUNDS, 7).unwrap();
    assert_eq!(full, NoteOutcome::InboxFull);
    assert_eq!(accounts.delete_notes(bob.account, &[NoteId(1)]).unwrap(), 1);
    let again = accounts.send_note(&note(&anna, &bob, "4"), &BOUNDS, 7).unwrap();
    assert_eq!(again, sent(5));
    assert_eq!(
        ids(&mut accounts, ada.account, NoteBox::Out),
        [5, 4, 2, 1],
        "outboxes keep theirs"
    );
}

#[test]
fn a_note_that_is_not_heard_is_its_senders_alone() {
    let Fixture {
        mut accounts,
        ada,
        bob,
        folder: _folder,
        ..
    } = fixture();
    let silent = NewNote {
        is_heard: false,
        ..note(&ada, &bob, "evil")
    };
    let outcome = accounts.send_note(&silent, &WIDE, 7).unwrap();
    assert_eq!(outcome, NoteOutcome::Sent(NoteId(1)));
    assert_eq!(accounts.unread_notes(bob.account).unwrap(), 0);
    assert_eq!(ids(&mut accounts, bob.account, NoteBox::In), [0_i64; 0]);
    assert_eq!(accounts.read_note(bob.account, NoteId(1)).unwrap(), None);
    assert_eq!(ids(&mut accounts, ada.account, NoteBox::Out), [1]);
}

#[test]
fn a_note_goes_when_both_have_deleted_it() {
    let Fixture {
        mut accounts,
        ada,
        anna,
        bob,
        folder,
    } = fixture();
    let secret = "a secret that nobody is to find again";
    let id = send(&mut accounts, &ada, &bob, secret);
    let own = send(&mut accounts, &ada, &anna, "to myself");
    assert_eq!(
        accounts.delete_notes(bob.account, &[NoteId(99), own]).unwrap(),
        0,
        "not his"
    );
    assert_eq!(accounts.delete_notes(ada.account, &[id, own]).unwrap(), 2);
    assert_eq!(
        accounts.note(ada.account, own).unwrap(),
        None,
        "both sides were the account's"
    );
    assert_eq!(accounts.note(ada.account, id).unwrap(), None);
    assert_eq!(accounts.note(bob.account, id).unwrap().unwrap().message, secret);
    assert_eq!(accounts.delete_notes(ada.account, &[id]).unwrap(), 0);
    assert_eq!(accounts.delete_notes(bob.account, &[id]).unwrap(), 1);
    assert_eq!(accounts.note(bob.account, id).unwrap(), None);
    drop(accounts);
    let content = fs::read(folder.path().join("fchatd.sqlite")).unwrap();
    let found = content
        .windows(secret.len())
        .any(|part| part == secret.as_bytes());
    assert!(!found, "its text is overwritten");
}

#[test]
fn notes_of_a_deleted_character_stay_with_others_without_its_name() {
    let Fixture {
        mut accounts,
        ada,
        anna,
        bob,
        folder,
    } = fixture();
    let got = send(&mut accounts, &ada, &bob, "from Ada");
    let sent = send(&mut accounts, &bob, &ada, "to Ada");
    let own = send(&mut accounts, &ada, &anna, "from Ada to Anna");
    let gone = send(&mut accounts, &ada, &bob, "deleted by Bob");
    accounts.delete_notes(bob.account, &[gone]).unwrap();
    let digest = NameDigest([1; 32]);
    assert!(accounts.delete_character(ada.id, digest, None).unwrap());
    let note = accounts.note(bob.account, got).unwrap().unwrap();
    assert_eq!((note.head.sender, note.message.as_str()), (None, "from Ada"));
    let note = accounts.note(bob.account, sent).unwrap().unwrap();
    assert_eq!((note.head.recipient, note.message.as_str()), (None, "to Ada"));
    let note = accounts.note(ada.account, own).unwrap().unwrap();
    assert_eq!(note.head.sender, None);
    assert_eq!(ids(&mut accounts, ada.account, NoteBox::Out), [0_i64; 0]);

    assert!(accounts.delete_account(ada.account, &[digest], None).unwrap());
    assert_eq!(ids(&mut accounts, bob.account, NoteBox::In), [got.0]);
    assert_eq!(accounts.delete_notes(bob.account, &[got, sent]).unwrap(), 2);
    assert!(accounts.delete_account(bob.account, &[], None).unwrap());
    drop(accounts);
    let connection = rusqlite::Connection::open(folder.path().join("fchatd.sqlite")).unwrap();
    let left: i64 = connection
        .query_row("SELECT count(*) FROM note", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0, "no note stays that nobody has");
}
