//! Notes over HTTP: sent, listed, read, deleted and counted, the events for the chat, and attacks of hostile clients.

use crate::support::{
    PASSWORD, Person, START, changed_site_with_events, header, post, site_with_events, told,
};
use fchatd_accounts::{AccountDesk, AccountSettings, Limit, Profile, Quotas, Secret, TextFilter};
use fchatd_edge::http::HttpService;
use fchatd_store::Store;
use fchatd_store::snapshot::{AccountBan, Snapshot};
use serde_json::{Value, json};

const SEND: &str = "/json/api/note-send.php";

fn letter<'a>(from: &'a str, to: &'a str, title: &'a str, message: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ("source_name", from),
        ("dest_name", to),
        ("title", title),
        ("message", message),
    ]
}

fn news(account: i64, sender: &str, subject: &str, id: i64) -> String {
    let news = json!({ "type": "note", "sender": sender, "subject": subject, "id": id }).to_string();
    format!("RTB {}", json!({ "a": account, "c": news }))
}

async fn unread(person: &Person<'_>) -> Value {
    person.done("note-count", &[]).await["unread"].clone()
}

#[tokio::test]
async fn a_note_from_writing_to_deleting() {
    let (site, mut events) = site_with_events();
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    let title = "Tea & <b>cake</b>";
    let text = "[b]Dear Bob[/b],\r\n<script>come</script> \u{1f382}";
    let sent = ada.done("note-send", &letter("zoe", "BOB", title, text)).await;
    assert_eq!(sent, json!({ "error": "", "id": 1 }));
    assert_eq!(
        told(&mut events),
        [news(2, "Zoe", "Tea &amp; &lt;b&gt;cake&lt;/b&gt;", 1)],
        "escaped like all texts in the chat"
    );
    assert_eq!((unread(&ada).await, unread(&bob).await), (json!(0), json!(1)));
    let head = json!({ "id": 1, "source": "Zoe", "dest": "Bob", "title": title, "created_at": START });
    let with = |more: Value| {
        let mut note = head.clone();
        note.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        note
    };
    let list = bob.done("note-list", &[]).await;
    assert_eq!(
        list,
        json!({ "error": "", "notes": [with(json!({ "read": false }))], "more": false, "unread": 1 })
    );
    let list = ada.done("note-list", &[("box", "outbox")]).await;
    assert_eq!(
        list["notes"],
        json!([head]),
        "nobody is told whether a note was read"
    );

    let plain = text.replace("\r\n", "\n");
    let note = bob.done("note-get", &[("note_id", "1")]).await;
    let expected = with(json!({ "read": false, "message": plain, "box": "inbox" }));
    assert_eq!(note, json!({ "error": "", "note": expected, "unread": 0 }));
    assert_eq!(bob.done("note-list", &[]).await["notes"][0]["read"], true);
    let note = ada.done("note-get", &[("note_id", "1")]).await;
    assert_eq!(note["note"], with(json!({ "message": plain, "box": "outbox" })));

    bob.done("note-delete", &[("note_id", "1")]).await;
    assert_eq!(bob.done("note-list", &[]).await["notes"], json!([]));
    assert_eq!(
        ada.done("note-list", &[("box", "outbox")]).await["notes"],
        json!([head])
    );
    let refusal = bob.refused("/json/api/note-get.php", &[("note_id", "1")]).await;
    assert_eq!(refusal, "There is no such note.");
    assert!(
        told(&mut events).is_empty(),
        "reading and deleting are told to nobody"
    );
}

#[tokio::test]
async fn lists_have_pages_and_belong_to_characters() {
    let (site, _events) = changed_site_with_events(|settings| AccountSettings {
        notes_per_account: Limit {
            burst: 100,
            seconds_each: 1,
        },
        ..settings
    });
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    for to in ["Zoe", "anna", "Zoe"] {
        bob.done("note-send", &letter("Bob", to, "x", "y")).await;
    }
    let ids = |list: &Value| -> Vec<i64> {
        let notes = list["notes"].as_array().unwrap();
        notes.iter().map(|note| note["id"].as_i64().unwrap()).collect()
    };
    let list = ada.done("note-list", &[("limit", "2")]).await;
    assert_eq!((ids(&list), &list["more"]), (vec![3, 2], &json!(true)));
    let list = ada.done("note-list", &[("limit", "2"), ("before", "2")]).await;
    assert_eq!((ids(&list), &list["more"]), (vec![1], &json!(false)));
    let list = ada.done("note-list", &[("name", "zoe")]).await;
    assert_eq!((ids(&list), &list["unread"]), (vec![3, 1], &json!(3)));
    let refusal = ada.refused("/json/api/note-list.php", &[("name", "Bob")]).await;
    assert_eq!(refusal, "This account has no character of that name.");
    ada.done("note-delete", &[("note_id", "1, 3,77")]).await;
    assert_eq!(ids(&ada.done("note-list", &[]).await), [2]);
}

#[tokio::test]
async fn nobody_reaches_the_notes_of_others() {
    let (mut site, _events) = site_with_events();
    site.desk
        .add_account("eve", &Secret::new(PASSWORD), true)
        .unwrap();
    site.desk
        .add_character("eve", "Eve", &Profile::default())
        .unwrap();
    let (ada, eve) = (site.person("ada").await, site.person("eve").await);
    ada.done("note-send", &letter("Ada", "Bob", "private", "private"))
        .await;
    for id in ["1", "0", "-1", "2", "9223372036854775807"] {
        for name in ["note-get", "note-delete"] {
            let refusal = eve
                .refused(&format!("/json/api/{name}.php"), &[("note_id", id)])
                .await;
            assert_eq!(refusal, "There is no such note.", "{name} {id}: the same for all");
        }
        let report = [("character", "Eve"), ("reportText", "x"), ("note_id", id)];
        let refusal = eve.refused("/json/api/report-submit.php", &report).await;
        assert_eq!(refusal, "There is no such note.");
        site.advance(120);
    }
    for id in ["", "x", "1;2", "1,", "99999999999999999999", "' OR 1=1 --"] {
        eve.refused("/json/api/note-delete.php", &[("note_id", id)]).await;
        eve.refused("/json/api/note-get.php", &[("note_id", id)]).await;
    }
    let many = vec!["1"; 51].join(",");
    let refusal = eve
        .refused("/json/api/note-delete.php", &[("note_id", &many)])
        .await;
    assert!(refusal.contains("50"), "{refusal}");
    assert_eq!(unread(&site.person("bob").await).await, 1);
    let refusal = eve.refused(SEND, &letter("Ada", "Bob", "forged", "forged")).await;
    assert_eq!(refusal, "This account has no character of that name.");
    for name in ["note-list", "note-count"] {
        let answer = eve.done(name, &[]).await;
        assert_eq!(answer["unread"], 0);
    }
}

#[tokio::test]
async fn an_invalid_note_is_refused_and_costs_nothing() {
    let (site, mut events) = changed_site_with_events(|settings| AccountSettings {
        notes_per_account: Limit {
            burst: 1,
            seconds_each: 60,
        },
        ..settings
    });
    let ada = site.person("ada").await;
    let long_title = "t".repeat(101);
    let wide_title = "\u{10ffff}".repeat(101);
    let long = "x".repeat((32 << 10) + 1);
    let endless = "x".repeat(200_000);
    for (fields, part) in [
        (letter("Ada", "Ada", "x", "y"), "cannot write to itself"),
        (letter("Ada", "Nobody", "x", "y"), "There is no such character."),
        (letter("Bob", "Ada", "x", "y"), "has no character of that name"),
        (letter("Ada", "Bob", " ", "y"), "a title"),
        (letter("Ada", "Bob", &long_title, "y"), "at most 100 characters"),
        (letter("Ada", "Bob", &wide_title, "y"), "at most 100 characters"),
        (letter("Ada", "Bob", "a\nb", "y"), "one line"),
        (letter("Ada", "Bob", "a\u{202e}b", "y"), "one line"),
        (letter("Ada", "Bob", "x", " \r\n "), "write something"),
        (letter("Ada", "Bob", "x", "a\0b"), "control characters"),
        (letter("Ada", "Bob", "x", &long), "at most 32768 bytes"),
        (letter("Ada", "Bob", "x", &endless), "too long"),
        (letter("", "Bob", "x", "y"), "\"source_name\" is missing"),
        (letter("Ada", "", "x", "y"), "\"dest_name\" is missing"),
    ] {
        let refusal = ada.refused(SEND, &fields).await;
        assert!(refusal.contains(part), "{refusal}, not {part}");
    }
    assert!(told(&mut events).is_empty());
    ada.done("note-send", &letter("Ada", "Bob", "x", &long[1..]))
        .await;
    assert_eq!(told(&mut events).len(), 1);
}

#[tokio::test]
async fn the_pace_the_day_and_the_recipients_are_the_accounts() {
    let (mut site, _events) = changed_site_with_events(|settings| AccountSettings {
        notes_per_account: Limit {
            burst: 2,
            seconds_each: 30,
        },
        notes_per_day: Limit {
            burst: 4,
            seconds_each: 10_000,
        },
        note_recipients_per_day: Limit {
            burst: 2,
            seconds_each: 20_000,
        },
        ..settings
    });
    for name in ["Cara", "Dora"] {
        site.desk.add_character("bob", name, &Profile::default()).unwrap();
    }
    let ada = site.person("ada").await;
    let limited = async |from: &str, to: &str, wait: &str, part: &str| {
        let own = [("account", "ada"), ("ticket", ada.ticket.as_str())];
        let fields = [&own[..], &letter(from, to, "x", "y")].concat();
        let response = site.http.call(post(SEND, "", &fields)).await;
        assert_eq!(response.status, 429);
        assert_eq!(header(&response, "retry-after"), Some(wait));
        let text = String::from_utf8(response.body.to_vec()).unwrap();
        assert!(text.contains(part), "{text}");
    };
    ada.done("note-send", &letter("Ada", "Bob", "x", "y")).await;
    ada.done("note-send", &letter("Zoe", "Cara", "x", "y")).await;
    limited("anna", "Bob", "30", "wait 30 seconds before the next one").await;
    site.advance(60);
    limited("Ada", "Dora", "19940", "before you write to another one").await;
    ada.done("note-send", &letter("Ada", "Bob", "x", "y")).await;
    ada.done("note-send", &letter("anna", "Cara", "x", "y")).await;
    site.advance(60);
    limited("Ada", "Bob", "9880", "You have written many notes").await;
    assert_eq!(site.service.counters().limited(), 3);
}

#[tokio::test]
async fn full_boxes_are_told_to_the_sender() {
    let (site, mut events) = changed_site_with_events(|settings| AccountSettings {
        quotas: Quotas {
            notes: 2,
            notes_unread: 1,
            ..Quotas::default()
        },
        ..settings
    });
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    ada.done("note-send", &letter("Ada", "Bob", "1", "y")).await;
    let refusal = ada.refused(SEND, &letter("Zoe", "Bob", "2", "y")).await;
    assert_eq!(
        refusal,
        "Bob has not read your last 1 notes yet. The note was not sent."
    );
    bob.done("note-get", &[("note_id", "1")]).await;
    ada.done("note-send", &letter("Ada", "Bob", "2", "y")).await;
    bob.done("note-get", &[("note_id", "2")]).await;
    let refusal = ada.refused(SEND, &letter("Ada", "Bob", "3", "y")).await;
    assert_eq!(
        refusal,
        "The outbox of Ada is full. Please delete some of the notes that it has sent."
    );
    let refusal = ada.refused(SEND, &letter("Zoe", "Bob", "3", "y")).await;
    assert_eq!(refusal, "The inbox of Bob is full. The note was not sent.");
    assert_eq!(told(&mut events).len(), 2);
    bob.done("note-delete", &[("note_id", "1")]).await;
    ada.done("note-send", &letter("Zoe", "Bob", "3", "y")).await;

    let mut settings = crate::support::cheap(&site.time);
    settings.quotas.notes = 0;
    site.service.configure(&settings);
    let refusal = ada.refused(SEND, &letter("Zoe", "Bob", "4", "y")).await;
    assert_eq!(refusal, "Nobody can write notes on this server.");
    bob.done("note-get", &[("note_id", "3")]).await;
}

#[tokio::test]
async fn ignored_senders_are_refused_as_in_the_chat() {
    let (site, mut events) = site_with_events();
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    bob.edit("ignore-add", &[("name", "Ada")]).await;
    told(&mut events);
    let refusal = ada.refused(SEND, &letter("Ada", "Bob", "x", "y")).await;
    assert_eq!(refusal, "This character ignores you.");
    ada.done("note-send", &letter("Zoe", "Bob", "x", "y")).await;
    assert_eq!(told(&mut events).len(), 1, "only the character is ignored");
    // With ignore_on_server off the chat delivers, and leaves it to clients.
    let settings = AccountSettings {
        refuses_ignored: false,
        ..crate::support::cheap(&site.time)
    };
    site.service.configure(&settings);
    ada.done("note-send", &letter("Ada", "Bob", "x", "y")).await;
    assert!(told(&mut events).is_empty(), "it does not disturb");
    assert_eq!(unread(&bob).await, 2);
}

#[tokio::test]
async fn unwanted_phrases_and_hell_bans_are_not_noticed_by_the_author() {
    let (site, mut events) = changed_site_with_events(|settings| AccountSettings {
        unwanted: TextFilter::new(|text| text.contains("cheap pills")),
        ..settings
    });
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    ada.done("note-send", &letter("Ada", "Bob", "cheap pills", "y"))
        .await;
    ada.done("note-send", &letter("Ada", "Bob", "x", "so cheap pills"))
        .await;
    ada.done("note-send", &letter("Ada", "Bob", "x", "y")).await;
    assert_eq!(told(&mut events).len(), 1);
    let snapshot = Snapshot {
        hellbans: vec![AccountBan {
            account: 1,
            character: "Ada".into(),
        }],
        ..Snapshot::default()
    };
    Store::open(site.folder())
        .unwrap()
        .save_snapshot(&snapshot)
        .unwrap();
    ada.done("note-send", &letter("Zoe", "Bob", "x", "y")).await;
    assert!(told(&mut events).is_empty());
    assert_eq!(unread(&bob).await, 1);
    let sent = ada.done("note-list", &[("box", "outbox")]).await;
    assert_eq!(
        sent["notes"].as_array().unwrap().len(),
        4,
        "the author sees the usual"
    );
}

#[tokio::test]
async fn a_banned_account_writes_and_reads_nothing() {
    let (site, _events) = site_with_events();
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    ada.done("note-send", &letter("Ada", "Bob", "x", "y")).await;
    let store = Store::open(site.folder()).unwrap();
    let mut operator = AccountDesk::open(&store, &crate::support::cheap(&site.time)).unwrap();
    operator.ban("bob", Some(3600), "Spam").unwrap();
    for (name, fields) in [
        ("note-send", letter("Bob", "Ada", "x", "y").to_vec()),
        ("note-list", vec![]),
        ("note-get", vec![("note_id", "1")]),
        ("note-delete", vec![("note_id", "1")]),
        ("note-count", vec![]),
    ] {
        bob.refused(&format!("/json/api/{name}.php"), &fields).await;
    }
    ada.done("note-send", &letter("Ada", "Bob", "x", "y")).await;
    operator.unban("bob").unwrap();
    let bob = site.person("bob").await;
    assert_eq!(unread(&bob).await, 2, "what came meanwhile is there");
}

#[tokio::test]
async fn a_report_has_the_note_as_the_server_keeps_it() {
    let (site, _events) = site_with_events();
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    ada.done(
        "note-send",
        &letter("Zoe", "Bob", "Threat", "I know where you live"),
    )
    .await;
    let report = [
        ("character", "Bob"),
        ("reportUser", "Somebody Else"),
        ("log", "He wrote: I love you"),
        ("note_id", "1"),
    ];
    let id = bob.done("report-submit", &report).await["log_id"].clone();
    let answer = ada.edit("report", &[("log_id", id.as_str().unwrap())]).await;
    let text = answer.to_string();
    assert!(
        text.contains("I know where you live") && text.contains("Threat"),
        "{text}"
    );
    assert!(text.contains("Zoe") && !text.contains("Somebody Else"), "{text}");
    assert_eq!(unread(&bob).await, 1, "a report is no reading");
    let own = [("character", "Ada"), ("reportText", "x"), ("note_id", "1")];
    let refusal = ada.refused("/json/api/report-submit.php", &own).await;
    assert_eq!(
        refusal, "There is no such note.",
        "nobody reports a note that they have not got"
    );
}
