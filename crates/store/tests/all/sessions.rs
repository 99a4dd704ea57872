//! The people online are there at the next start, and ended sessions are not.

use fchatd_protocol::session::{
    HeldLine, Seat, SessionChange, SessionHead, SessionProfile, SessionRecord, Sessions,
};
use fchatd_protocol::snapshot::Snapshot;
use fchatd_store::{Store, inspect};

fn head(name: &str, status: &str) -> SessionHead {
    SessionHead {
        name: name.to_owned(),
        account: 7,
        status: status.to_owned(),
        roles: vec!["admin".to_owned()],
        ..SessionHead::default()
    }
}

fn profile() -> SessionProfile {
    SessionProfile {
        kinks: vec![1, -2],
        ignores: vec!["bob".to_owned()],
        ..SessionProfile::default()
    }
}

fn seat(channel: &str) -> Seat {
    Seat {
        channel: channel.to_owned(),
        absence: 3,
        heard: 4,
    }
}

fn sits(session: &str, channel: &str) -> SessionChange {
    SessionChange::Seat {
        session: session.to_owned(),
        seat: seat(channel),
    }
}

fn line(number: u64, in_channel: bool, to: &str) -> HeldLine {
    HeldLine {
        number,
        in_channel,
        to: to.to_owned(),
        sender: "cem".to_owned(),
        text: format!("PRI {{\"message\":\"{number}\"}}"),
    }
}

#[test]
fn the_last_kept_state_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let mut writer = store.chat_writer().unwrap();
    writer.replace(&Snapshot::default()).unwrap();
    let gone = |session: &str| SessionChange::Gone {
        session: session.to_owned(),
    };
    let changes = [
        SessionChange::Here(head("Ada", "online")),
        SessionChange::Profile {
            session: "ada".to_owned(),
            profile: profile(),
        },
        sits("ada", "den"),
        sits("ada", "frontpage"),
        SessionChange::Here(head("Bob", "online")),
        sits("bob", "den"),
        sits("nobody", "den"),
        SessionChange::Line(line(1, true, "den")),
        SessionChange::Line(line(2, false, "ada")),
        SessionChange::Line(line(3, false, "bob")),
        SessionChange::Line(line(4, true, "den")),
        SessionChange::LinesGone { up_to: 1 },
        SessionChange::LinesTaken {
            session: "ada".to_owned(),
            up_to: 2,
        },
        gone("bob"),
        SessionChange::Here(head("Ada", "busy")),
        SessionChange::Left {
            session: "ada".to_owned(),
            channel: "den".to_owned(),
        },
        SessionChange::Waiting {
            session: "ada".to_owned(),
            commands: vec!["MSG {}".to_owned()],
        },
        SessionChange::Alive { time: 5 },
    ];
    let expected = Sessions {
        alive: 5,
        people: vec![SessionRecord {
            head: head("Ada", "busy"),
            profile: profile(),
            seats: vec![seat("frontpage")],
            waiting: vec!["MSG {}".to_owned()],
        }],
        lines: vec![line(4, true, "den")],
    };
    // A change that is made a second time changes nothing.
    for _ in 0..2 {
        writer.keep_sessions(changes.iter().cloned()).unwrap();
        let found = store.load_snapshot().unwrap().unwrap();
        assert_eq!(found.sessions, expected);
    }
    // The rest of the state can be replaced beside it.
    let other = Snapshot {
        operators: vec!["Ada".to_owned()],
        ..Snapshot::default()
    };
    assert!(writer.replace(&other).unwrap());
    assert_eq!(store.load_snapshot().unwrap().unwrap().sessions, expected);
    drop(writer);
    let inspection = inspect(folder.path()).unwrap();
    assert_eq!(inspection.faults, Vec::<String>::new());
    assert_eq!(inspection.snapshot.unwrap().sessions, expected);
}
