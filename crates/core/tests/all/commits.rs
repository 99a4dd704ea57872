//! Changes are told as commits, and their answers wait until they are on disk; nothing else waits.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use crate::support::{Simulation, answer};
use fchatd_protocol::change::{Change, Commit};
use fchatd_protocol::exchange::{ConnectionId, Input, Request};
use fchatd_protocol::snapshot::ChannelHead;
use fchatd_script::builtin;
use fchatd_world::Settings;
use fchatd_world::settings::Value as Setting;
use serde_json::json;

/// A chat with recorded changes, and three people in one room: an administrator, a member, another member.
fn chat() -> (Simulation, ConnectionId, ConnectionId, ConnectionId) {
    let mut settings = Settings::default();
    settings.set("msg_flood", Setting::Number(0.0)).unwrap();
    let mut chat = Simulation::with(&builtin::scripts(), settings, None);
    chat.core.record_changes(true);
    let root = chat.open();
    let administrator = answer(1, 1, "Root").replace(r#""admin":"0""#, r#""admin":"1""#);
    chat.log_in_with(root, "Root", &administrator);
    let ada = chat.log_in("Ada");
    let bob = chat.log_in("Bob");
    for who in [root, ada, bob] {
        chat.say(who, r#"JCH {"channel":"Frontpage"}"#);
    }
    assert_eq!(
        chat.commits(),
        [],
        "coming in and joining change nothing that lasts"
    );
    chat.forget();
    (chat, root, ada, bob)
}

fn description(text: &str) -> Change {
    Change::Channel(ChannelHead {
        name: "Frontpage".into(),
        title: "Frontpage".into(),
        description: text.into(),
        kind: "public".into(),
        mode: "both".into(),
        peak: 3,
        ..ChannelHead::default()
    })
}

/// Makes a private room; its changes are on disk and forgotten.
fn make_room(chat: &mut Simulation, who: ConnectionId) -> String {
    chat.say(who, r#"CCR {"channel":"Mine"}"#);
    let made = chat.commits();
    assert_eq!(made.len(), 1);
    chat.store(made[0].number);
    let frames = chat.take(who);
    let name = frames.iter().find_map(|(_, value)| value["channel"].as_str());
    name.unwrap().to_owned()
}

#[test]
fn an_answer_waits_and_a_conversation_does_not() {
    let (mut chat, root, ada, bob) = chat();
    chat.say(ada, r#"JCH {"channel":"Development"}"#);
    chat.say(bob, r#"JCH {"channel":"Development"}"#);
    chat.forget();
    chat.say(root, r#"CDS {"channel":"Frontpage","description":"New"}"#);
    let commit = Commit {
        number: 1,
        actor: Some(root),
        changes: vec![description("New")],
    };
    assert_eq!(chat.commits(), [commit]);
    assert_eq!(chat.core.unsaved_commits(), 1);
    let eve = chat.log_in("Eve");
    for who in [root, ada, bob] {
        assert_eq!(
            chat.codes(who),
            [""; 0],
            "the change, and behind it what comes later"
        );
    }
    assert_eq!(
        chat.codes(eve),
        [""; 0],
        "what a log-in tells may show the change"
    );
    chat.store(1);
    assert_eq!(chat.codes(ada), ["CDS", "NLN"]);
    assert_eq!(chat.codes(bob), ["CDS", "NLN"]);
    assert!(chat.codes(eve).ends_with(&["NLN".to_owned()]));
    assert_eq!(chat.core.unsaved_commits(), 0);
    chat.forget();

    // A change that these two do not hear of.
    let room = make_room(&mut chat, root);
    chat.say(
        root,
        &json_command("RST", &json!({"channel": room, "status": "public"})),
    );
    assert_eq!(chat.commits().len(), 1);
    chat.say(ada, r#"MSG {"channel":"Development","message":"Hello"}"#);
    chat.say(ada, r#"PRI {"recipient":"Bob","message":"Hello"}"#);
    assert_eq!(
        chat.codes(bob),
        ["MSG", "PRI"],
        "the disk may take as long as it likes"
    );
    // A frame that shows the change waits, but other frames do not meanwhile.
    chat.say(ada, &json_command("JCH", &json!({ "channel": room })));
    chat.say(ada, r#"LCH {"channel":"Development"}"#);
    assert_eq!(chat.codes(bob), ["LCH"]);
    let jch = chat.codes(ada);
    assert_eq!(jch, ["JCH"], "its COL, ICH and CDS say what is not on disk");
    chat.store(3);
    assert_eq!(chat.codes(ada), ["COL", "ICH", "CDS", "LCH"]);
}

fn json_command(code: &str, arguments: &serde_json::Value) -> String {
    format!("{code} {arguments}")
}

#[test]
fn a_room_lasts_until_it_has_gone() {
    let (mut chat, _, ada, _) = chat();
    let room = make_room(&mut chat, ada);
    let about = |more: serde_json::Value| {
        let mut arguments = json!({ "channel": room });
        arguments
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        arguments
    };
    let say = |chat: &mut Simulation, code, more| {
        chat.say(ada, &json_command(code, &about(more)));
        let commits = chat.commits();
        assert!(commits.len() <= 1);
        commits.into_iter().next().map(|commit| {
            chat.store(commit.number);
            commit.changes
        })
    };
    let told = say(&mut chat, "CDS", json!({"description": "A room"})).unwrap();
    assert!(
        matches!(&told[..], [Change::Channel(head)] if head.description == "A room" && head.kind == "private"),
        "{told:?}"
    );
    let told = say(&mut chat, "COA", json!({"character": "Bob"})).unwrap();
    assert!(
        matches!(&told[..], [Change::ChannelModerators { moderators, .. }] if moderators[0].name == "Bob"),
        "{told:?}"
    );
    let told = say(&mut chat, "CIU", json!({"character": "Bob"})).unwrap();
    let (channel, folded) = (room.clone(), "bob".to_owned());
    assert_eq!(told, [Change::ChannelInvitation { channel, folded }]);
    assert_eq!(say(&mut chat, "CBU", json!({"character": "Eve"})), None);
    // The account service knows her.
    let Some(Request::FindCharacters { id, .. }) = chat.requests.pop() else {
        panic!("{:?}", chat.requests);
    };
    let eve = r#"{"characters":[{"name":"Eve","account":5,"character":6,"admin":false}]}"#;
    chat.handle(Input::CharactersFound {
        id,
        answer: Some(eve),
    });
    let commits = chat.commits();
    assert!(
        matches!(&commits[0].changes[..], [Change::ChannelBan { ban, .. }] if ban.name == "Eve"),
        "{commits:?}"
    );
    chat.store(commits[0].number);
    let opened = say(&mut chat, "RST", json!({"status": "public"})).unwrap();
    assert!(
        matches!(&opened[..], [Change::Channel(head)] if head.kind == "pubprivate"),
        "{opened:?}"
    );
    let unbanned = say(&mut chat, "CUB", json!({"character": "EVE"})).unwrap();
    let unban = Change::ChannelUnban {
        channel: room.clone(),
        folded: "eve".into(),
    };
    assert_eq!(unbanned, [unban]);
    let closed = say(&mut chat, "RST", json!({"status": "private"})).unwrap();
    assert!(
        matches!(&closed[..], [Change::Channel(head)] if head.kind == "private"),
        "{closed:?}"
    );
    let gone = vec![Change::ChannelGone { name: room.clone() }];
    assert_eq!(
        say(&mut chat, "LCH", json!({})),
        Some(gone),
        "it was the last one"
    );
}

#[test]
fn effects_of_time_delay_nobody() {
    let (mut chat, _, ada, bob) = chat();
    let room = make_room(&mut chat, ada);
    chat.say(
        ada,
        &json_command("RST", &json!({"channel": room, "status": "public"})),
    );
    chat.store(2);
    chat.commits();
    chat.forget();
    chat.go(ada);
    let commits = chat.commits();
    assert_eq!(commits[0].actor, None);
    assert_eq!(commits[0].changes, [Change::ChannelGone { name: room }]);
    assert_eq!(
        chat.codes(bob),
        ["FLN"],
        "it does not wait for the end of the room"
    );
}

#[test]
fn a_failed_save_is_told_to_the_author_of_the_change() {
    let (mut chat, root, ada, _) = chat();
    chat.say(root, r#"SCP {"action":"add","character":"Ada"}"#);
    let [commit] = &chat.commits()[..] else {
        panic!("one commit");
    };
    assert_eq!(commit.changes, [Change::SuperOperators(vec!["Ada".into()])]);
    chat.handle(Input::Unsaved {
        connection: Some(root),
        commit: 1,
    });
    assert_eq!(chat.errors(root), [-6]);
    assert_eq!(chat.codes(ada), [""; 0]);
    assert_eq!(chat.core.unsaved_commits(), 1, "it is still not on disk");
    // Nothing waits for it any more.
    chat.say(ada, r#"COL {"channel":"Frontpage"}"#);
    assert_eq!(chat.codes(ada), ["COL", "SYS"]);
    chat.handle(Input::Stored { commit: 1 });
    assert_eq!(chat.core.unsaved_commits(), 0);
}

#[test]
fn an_ignore_list_is_not_older_than_what_was_answered() {
    let (mut chat, _, ada, _) = chat();
    chat.say(ada, r#"IGN {"action":"add","character":"Eve"}"#);
    let account = i64::from(ada.slot) + 1;
    let commits = chat.commits();
    let ignores = Change::Ignores {
        account,
        names: vec!["eve".into()],
    };
    assert_eq!(commits[0].changes, [ignores]);
    chat.handle(Input::Unsaved {
        connection: Some(ada),
        commit: 1,
    });
    chat.store(0);
    chat.go(ada);
    // The database does not know it yet.
    let number = ada.slot + 1;
    let again = chat.open();
    chat.log_in_with(again, "Ada", &answer(account as u32, number, "Ada"));
    let burst = chat.take(again);
    let list = burst.iter().find(|(code, _)| code == "IGN").unwrap();
    assert_eq!(list.1["characters"], json!(["eve"]));
    chat.store(1);
    chat.go(again);
    let again = chat.open();
    chat.log_in_with(again, "Ada", &answer(account as u32, number, "Ada"));
    let burst = chat.take(again);
    let list = burst.iter().find(|(code, _)| code == "IGN").unwrap();
    assert_eq!(
        list.1["characters"],
        json!([]),
        "what the log-in check says counts again"
    );
}
